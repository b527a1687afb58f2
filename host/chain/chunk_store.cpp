#include "host/chain/chunk_store.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace qc::chain {
namespace {

constexpr std::size_t kNameDigits = 12;

std::string numbered(std::uint64_t first_index, std::string_view suffix) {
  std::string digits = std::to_string(first_index);
  if (digits.size() < kNameDigits) digits.insert(0, kNameDigits - digits.size(), '0');
  return digits + std::string(suffix);
}

/// First index in a name that numbered() would make.
std::optional<std::uint64_t> number_in(const std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = name.data() + name.size() - suffix.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || rest != end || numbered(number, suffix) != name) return std::nullopt;
  return number;
}

constexpr std::string_view kChunkSuffix = ".qcl";
constexpr std::string_view kHeadsSuffix = ".qcl.heads";
constexpr std::string_view kHintsSuffix = ".qcl.hints";
constexpr std::string_view kWitnessedSuffix = ".qcl.witnessed";

}  // namespace

std::string chunk_name(std::uint64_t first_index) { return numbered(first_index, kChunkSuffix); }
std::string heads_name(std::uint64_t first_index) { return numbered(first_index, kHeadsSuffix); }
std::string hints_name(std::uint64_t first_index) { return numbered(first_index, kHintsSuffix); }
std::string witnessed_name(std::uint64_t first_index) {
  return numbered(first_index, kWitnessedSuffix);
}

Result<ChunkListing> list_chunks(const std::filesystem::path& folder) {
  ChunkListing listing;
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(".torn") || number_in(name, kHintsSuffix)) continue;
    if (const auto chunk = number_in(name, kChunkSuffix)) {
      listing.chunks.push_back({*chunk, it->path()});
    } else if (const auto heads = number_in(name, kHeadsSuffix)) {
      listing.heads.push_back({*heads, it->path()});
    } else if (const auto witnessed = number_in(name, kWitnessedSuffix)) {
      listing.witnessed.push_back({*witnessed, it->path()});
    } else {
      listing.unknown.push_back(name);
    }
  }
  if (error) return unavailable("ledger.io", "cannot list chunks: " + error.message());
  const auto by_index = [](const ChunkFile& a, const ChunkFile& b) {
    return a.first_index < b.first_index;
  };
  std::sort(listing.chunks.begin(), listing.chunks.end(), by_index);
  std::sort(listing.heads.begin(), listing.heads.end(), by_index);
  std::sort(listing.witnessed.begin(), listing.witnessed.end(), by_index);
  std::sort(listing.unknown.begin(), listing.unknown.end());
  return listing;
}

ScannedFrame scan_frame(std::string_view start, std::uint64_t left, const Position& before) {
  ScannedFrame found;
  if (left == 0) return found;
  const auto damaged = [&found](std::string message) {
    found.kind = ScanKind::kDamaged;
    found.message = std::move(message);
    return std::move(found);
  };
  const auto torn = [&found, left] {
    found.kind = ScanKind::kTorn;
    found.message = "the last record is incomplete (" + std::to_string(left) + " bytes)";
    return std::move(found);
  };
  if (left < kRecordHeaderBytes) {
    if (begins_record(start, before)) return torn();
    return damaged("bytes that do not begin a record");
  }
  const auto header = decode_record_header(start);
  if (!header) return damaged(header.error().message);
  if (const Status follows = check_follows(*header, before); !follows) {
    return damaged(follows.error().message);
  }
  if (left < header->record_bytes()) return torn();
  found.kind = ScanKind::kRecord;
  found.header = *header;
  return found;
}

Scanned scan_record(std::string_view chunk, std::uint64_t offset, const Position& before) {
  Scanned found;
  if (offset >= chunk.size()) return found;
  const std::string_view rest = chunk.substr(offset);
  ScannedFrame frame = scan_frame(rest, rest.size(), before);
  found.kind = frame.kind;
  found.message = std::move(frame.message);
  if (found.kind != Scanned::Kind::kRecord) return found;
  auto record = decode_record(rest.substr(0, frame.header.record_bytes()));
  if (!record) {
    found.kind = Scanned::Kind::kDamaged;
    found.message = record.error().message;
    return found;
  }
  found.record = std::move(record).value();
  return found;
}

Status ChunkStore::open(const Position& position) {
  file_.reset();
  broken_.clear();
  if (position.size == 0) return {};
  chunk_ = position.chunk;
  auto file = options_.open_file(options_.folder / chunk_name(chunk_));
  if (!file) return file.error();
  if ((*file)->size() != position.offset) {
    return internal("ledger.corrupt", chunk_name(chunk_) + " has another length than expected");
  }
  file_ = std::move(file).value();
  return {};
}

bool ChunkStore::rolls_over(std::size_t record_bytes) const {
  return file_ == nullptr ||
         (file_->size() > 0 && file_->size() + record_bytes > options_.chunk_bytes);
}

Result<ChunkStore::Place> ChunkStore::append(std::string_view record, std::uint64_t first_index) {
  if (!broken_.empty()) return unavailable("ledger.io", broken_);
  if (rolls_over(record.size())) {
    auto next = options_.open_file(options_.folder / chunk_name(first_index));
    if (!next) return next.error();
    // A chunk made for a batch that then failed is empty and is used again.
    if ((*next)->size() != 0) {
      return unavailable("ledger.io", chunk_name(first_index) + " exists already");
    }
    file_ = std::move(next).value();
    chunk_ = first_index;
  }
  const std::uint64_t start = file_->size();
  Status written = file_->append(record);
  if (written && options_.fsync) written = file_->sync();
  if (written) return Place{chunk_, start};
  if (const Status undone = undo(start); !undone) {
    broken_ = written.error().message + "; and then " + undone.error().message +
              "; the ledger is read-only until the host is restarted";
  }
  return written.error();
}

/// Cuts a failed append off. Synced, because a record whose callers were told "not applied" must
/// not come back after a power failure.
Status ChunkStore::undo(std::uint64_t size) {
  QC_TRY(file_->truncate(size));
  if (!options_.fsync) return {};
  return file_->sync();
}

}  // namespace qc::chain
