#include "host/chain/hints.hpp"

#include <algorithm>
#include <system_error>

#include "host/chain/chunk_store.hpp"
#include "host/chain/log.hpp"

namespace qc::chain {
namespace {

constexpr char kNoHint = '-';

/// Puts the end of the file where the next hint belongs: after a crash the file may have lost its
/// end, or be ahead of a batch that was cut off.
Status move_end(AppendFile& file, std::uint64_t at) {
  if (file.size() > at) return file.truncate(at);
  if (file.size() == at) return {};
  return file.append(std::string(at - file.size(), kNoHint));
}

}  // namespace

char hint_char(crypto::NonceHint hint) {
  switch (hint) {
    case crypto::NonceHint::kEven:
      return '0';
    case crypto::NonceHint::kOdd:
      return '1';
    case crypto::NonceHint::kNone:
      break;
  }
  return kNoHint;
}

crypto::NonceHint hint_from_char(char c) {
  if (c == '0') return crypto::NonceHint::kEven;
  return c == '1' ? crypto::NonceHint::kOdd : crypto::NonceHint::kNone;
}

void HintsWriter::write(std::uint64_t chunk, std::uint64_t at, std::string_view hints) {
  if (file_ == nullptr || chunk_ != chunk) {
    auto file = open_append_file(folder_ / hints_name(chunk));
    if (!file) {
      log_warning("hints were not stored: " + file.error().message);
      return;
    }
    file_ = std::move(file).value();
    chunk_ = chunk;
  }
  Status written = move_end(*file_, at);
  if (written) written = file_->append(hints);
  if (written) return;
  log_warning("hints were not stored: " + written.error().message);
  file_.reset();
}

std::string read_hints(const std::filesystem::path& folder, std::uint64_t chunk, std::uint64_t at,
                       std::size_t count) {
  const auto path = folder / hints_name(chunk);
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error || size <= at) return {};
  PartReader reader;
  auto hints = reader.read(path, at, std::min<std::size_t>(count, size - at));
  return hints ? std::move(hints).value() : std::string();
}

}  // namespace qc::chain
