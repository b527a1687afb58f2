#include "host/plugin/package.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include <toml++/toml.h>

#include "sdk/base/bytes.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxManifestBytes = 64U << 10U;
constexpr std::size_t kMaxLibraryBytes = 256U << 20U;

Error bad_manifest(const std::string& message, const std::string& field) {
  return invalid("plugin.bad_manifest", message, field);
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

Error load_failed(const std::string& message) {
  return Error{ErrorKind::kInternal, "plugin.load_failed", message, {}, Side::kPlatform};
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written <= 0) return load_failed("cannot hold the library in memory");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// The value as JSON; dates and times, which no setting uses, become their text.
Json to_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    Json out = Json::object();
    for (const auto& [key, value] : *table) out[std::string(key.str())] = to_json(value);
    return out;
  }
  if (const auto* array = node.as_array()) {
    Json out = Json::array();
    for (const auto& value : *array) out.push_back(to_json(value));
    return out;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* truth = node.as_boolean()) return truth->get();
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

}  // namespace

Result<Manifest> read_manifest(const std::filesystem::path& directory) {
  const auto text = read_file(directory / "manifest.json", kMaxManifestBytes);
  if (!text.ok()) return bad_manifest("cannot be read", "manifest.json");
  const auto parsed = parse_json(*text);
  if (!parsed.ok()) return bad_manifest(parsed.error().message, "manifest.json");
  const JsonReader reader(*parsed);
  Manifest out;
  const std::pair<const char*, std::string*> fields[] = {
      {"plugin", &out.plugin}, {"version", &out.version}, {"kind", &out.kind},    {"abi", &out.abi},
      {"owner", &out.owner},   {"library", &out.library}, {"digest", &out.digest}};
  for (const auto& [name, target] : fields) {
    auto value = reader.text(name, 128);
    if (!value.ok()) return bad_manifest(value.error().message, name);
    *target = std::move(value).value();
  }
  if (out.plugin != directory.filename().string()) {
    return bad_manifest("does not name its own folder", "plugin");
  }
  if (out.kind != "department" && out.kind != "product") {
    return bad_manifest("expected department or product", "kind");
  }
  if (!is_plain_name(out.library)) return bad_manifest("expected a file name", "library");
  if (!hash_from_hex(out.digest).ok()) return bad_manifest("expected 64 hex digits", "digest");
  return out;
}

Result<SealedLibrary> SealedLibrary::read(const std::filesystem::path& file,
                                          const std::string& digest) {
  const auto bytes = read_file(file, kMaxLibraryBytes);
  if (!bytes.ok()) return load_failed("the library cannot be read: " + bytes.error().message);
  const std::string found = to_hex(crypto::sm3(*bytes));
  if (found != digest) {
    return forbidden("plugin.digest_mismatch",
                     "the library's digest is " + found + ", the manifest says " + digest);
  }
  const int fd = memfd_create("quancheng-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return load_failed("no memory file");
  SealedLibrary library(fd);
  QC_TRY(write_all(fd, *bytes));
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return load_failed("the memory file cannot be sealed");
  }
  return library;
}

SealedLibrary::SealedLibrary(SealedLibrary&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

SealedLibrary::~SealedLibrary() {
  if (fd_ >= 0) close(fd_);
}

std::string SealedLibrary::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

void SealedLibrary::keep_open() { fd_ = -1; }

Result<Json> read_settings(const std::filesystem::path& config_dir, const std::string& plugin) {
  const auto file = config_dir / (plugin + ".toml");
  if (!std::filesystem::exists(file)) return Json::object();
  const auto text = read_file(file, kMaxManifestBytes);
  if (!text.ok()) return invalid("plugin.configure_failed", "cannot read " + file.string());
  try {
    return to_json(toml::parse(*text));
  } catch (const toml::parse_error& error) {
    return invalid("plugin.configure_failed", std::string(error.description()),
                   file.filename().string() + " line " + std::to_string(error.source().begin.line));
  }
}

}  // namespace qc::plugin
