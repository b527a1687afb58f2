#include "host/conformance/elf.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <optional>

namespace qc::conformance {
namespace {

Error no_library(std::string message) {
  return invalid("package.invalid",
                 "the library is no ELF file that can be read: " + std::move(message));
}

/// A copy of the structure at `offset`: the bytes need not be aligned.
template <typename T>
std::optional<T> at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::optional<std::string_view> part(std::string_view bytes, const Elf64_Shdr& section) {
  if (section.sh_offset > bytes.size() || bytes.size() - section.sh_offset < section.sh_size) {
    return std::nullopt;
  }
  return bytes.substr(section.sh_offset, section.sh_size);
}

std::string text_at(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::string_view rest = table.substr(offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

struct Sections {
  std::vector<Elf64_Shdr> headers;
  std::string_view bytes;

  /// Contents of the section of this type and of the string table that it names.
  struct Found {
    std::string_view content, texts;
  };
  std::optional<Found> find(std::uint32_t type) const {
    for (const Elf64_Shdr& header : headers) {
      if (header.sh_type != type || header.sh_link >= headers.size()) continue;
      const auto content = part(bytes, header);
      const auto texts = part(bytes, headers[header.sh_link]);
      if (content && texts) return Found{*content, *texts};
    }
    return std::nullopt;
  }
};

Result<Sections> read_sections(std::string_view bytes) {
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return no_library("no header");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_type != ET_DYN || header->e_shentsize != sizeof(Elf64_Shdr)) {
    return no_library("not a 64-bit shared library");
  }
  Sections out;
  out.bytes = bytes;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(bytes, header->e_shoff + i * sizeof(Elf64_Shdr));
    if (!section) return no_library("its section table is cut off");
    out.headers.push_back(*section);
  }
  return out;
}

void read_symbols(const Sections::Found& table, ElfFacts& facts) {
  for (std::uint64_t offset = 0;; offset += sizeof(Elf64_Sym)) {
    const auto symbol = at<Elf64_Sym>(table.content, offset);
    if (!symbol) return;
    const unsigned binding = ELF64_ST_BIND(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
    const std::string name = text_at(table.texts, symbol->st_name);
    facts.exports.push_back(name);
    if (binding == STB_GNU_UNIQUE) facts.unique.push_back(name);
  }
}

void read_needed(const Sections::Found& table, ElfFacts& facts) {
  for (std::uint64_t offset = 0;; offset += sizeof(Elf64_Dyn)) {
    const auto entry = at<Elf64_Dyn>(table.content, offset);
    if (!entry || entry->d_tag == DT_NULL) return;
    if (entry->d_tag == DT_NEEDED) facts.needed.push_back(text_at(table.texts, entry->d_un.d_val));
  }
}

}  // namespace

Result<ElfFacts> read_elf(std::string_view bytes) {
  QC_ASSIGN(const Sections sections, read_sections(bytes));
  const auto symbols = sections.find(SHT_DYNSYM);
  const auto dynamic = sections.find(SHT_DYNAMIC);
  if (!symbols || !dynamic) return no_library("no dynamic symbols");
  ElfFacts facts;
  read_symbols(*symbols, facts);
  read_needed(*dynamic, facts);
  std::sort(facts.exports.begin(), facts.exports.end());
  std::sort(facts.needed.begin(), facts.needed.end());
  return facts;
}

}  // namespace qc::conformance
