#include "host/chain/audit_window.hpp"

#include <algorithm>
#include <system_error>

#include "host/chain/hints.hpp"
#include "sdk/proof/many_hashes.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kWindowBytes = 4U << 20U;
/// Two full sums of the batch verifier.
constexpr std::size_t kWindowTransactions = 2048;
constexpr std::size_t kMostSpare = 16;  ///< windows whose memory waits for the next

std::string chunk_file_name(const ChunkListing& listing, std::size_t number) {
  return listing.chunks[number].path.filename().string();
}

}  // namespace

Result<std::unique_ptr<AuditWindow>> WindowReader::next() {
  if (done_ || chunk_ == listing_.chunks.size()) return std::unique_ptr<AuditWindow>();
  auto window = std::make_unique<AuditWindow>();
  window->chunk = chunk_;
  if (!in_chunk_) QC_TRY(open_chunk(*window));
  if (!window->defect) QC_TRY(fill(*window));
  done_ = window->defect.has_value();
  if (window->ends_chunk) {
    in_chunk_ = false;
    ++chunk_;
  }
  return window;
}

void WindowReader::take_back(std::vector<std::string> spare) {
  for (std::string& bytes : spare) {
    if (spare_.size() < kMostSpare) spare_.push_back(std::move(bytes));
  }
}

Status WindowReader::open_chunk(AuditWindow& window) {
  const ChunkFile& file = listing_.chunks[chunk_];
  const std::string name = chunk_file_name(listing_, chunk_);
  std::error_code error;
  chunk_bytes_ = std::filesystem::file_size(file.path, error);
  if (error) return unavailable("ledger.io", "cannot read " + name + ": " + error.message());
  offset_ = 0;
  in_chunk_ = true;
  if (before_.size == 0 && chunk_ != 0) QC_TRY(begin_at(file));
  if (file.first_index != before_.size) {
    window.defect = AuditDefect{
        "audit.framing", "expected the chunk of transaction " + std::to_string(before_.size), name};
  } else if (chunk_bytes_ == 0 && chunk_ + 1 != listing_.chunks.size()) {
    // The last chunk may have been made for a batch that was never written.
    window.defect = AuditDefect{"audit.framing", "an empty chunk", name};
  }
  return {};
}

/// Takes the position before a chunk from its own first record.
Status WindowReader::begin_at(const ChunkFile& file) {
  before_.size = file.first_index;
  if (chunk_bytes_ < kRecordHeaderBytes) return {};
  QC_ASSIGN(const std::string start, reader_.read(file.path, 0, kRecordHeaderBytes));
  const auto header = decode_record_header(start);
  if (!header) return {};  // the scan says so, and where
  before_.batches = header->batch;
  before_.record_hash = header->previous;
  return {};
}

Status WindowReader::fill(AuditWindow& window) {
  const ChunkFile& file = listing_.chunks[chunk_];
  const std::uint64_t first = before_.size;
  const std::uint64_t start = offset_;
  if (!spare_.empty()) {
    window.bytes = std::move(spare_.back());
    spare_.pop_back();
  }
  QC_TRY(reader_.read_into(file.path, start, std::min(chunk_bytes_ - start, kWindowBytes),
                           window.bytes));
  while (!window.defect && before_.size - first < kWindowTransactions) {
    const std::uint64_t left = chunk_bytes_ - offset_;
    const std::size_t at = offset_ - start;
    if (left == 0) break;
    if (window.bytes.size() - at < std::min(left, std::uint64_t{kRecordHeaderBytes})) break;
    ScannedFrame frame = scan_frame(std::string_view(window.bytes).substr(at), left, before_);
    if (frame.kind != ScanKind::kRecord) {
      const bool torn = frame.kind == ScanKind::kTorn;
      window.defect = AuditDefect{torn ? "audit.torn_tail" : "audit.framing",
                                  std::move(frame.message), chunk_file_name(listing_, chunk_),
                                  offset_, torn ? -1 : static_cast<std::int64_t>(before_.size)};
      break;
    }
    const std::uint64_t size = frame.header.record_bytes();
    if (window.bytes.size() - at < size) {
      if (at != 0) break;  // it begins the next window
      QC_TRY(reader_.read_into(file.path, start, size, window.bytes));
    }
    AuditedRecord taken;
    taken.offset = offset_;
    taken.header = frame.header;
    taken.at = at;
    window.records.push_back(std::move(taken));
    FieldReader hash(std::string_view(window.bytes).substr(at + size - sizeof(Hash32)));
    before_.batches += 1;
    before_.size += frame.header.count;
    before_.record_hash = hash.hash();
    before_.time_ms = frame.header.time_ms;
    offset_ += size;
  }
  window.ends_chunk = offset_ == chunk_bytes_;
  window.hints = read_hints(file.path.parent_path(), file.first_index, first - file.first_index,
                            before_.size - first);
  return {};
}

namespace {

/// Drops the records from number `bad` on.
void end_window_at(AuditWindow& window, std::size_t bad, std::string message,
                   const ChunkListing& listing) {
  const AuditedRecord& record = window.records[bad];
  window.defect =
      AuditDefect{"audit.framing", std::move(message), chunk_file_name(listing, window.chunk),
                  record.offset, static_cast<std::int64_t>(record.header.first_index)};
  window.records.resize(bad);
  window.ends_chunk = false;
}

std::string_view bytes_of(const AuditWindow& window, const AuditedRecord& record) {
  return std::string_view(window.bytes).substr(record.at, record.header.record_bytes());
}

}  // namespace

void check_record_hashes(std::span<const std::unique_ptr<AuditWindow>> windows,
                         const ChunkListing& listing) {
  std::vector<std::string_view> texts;
  for (const auto& window : windows) {
    for (const AuditedRecord& record : window->records) {
      texts.push_back(hashed_part(bytes_of(*window, record)));
    }
  }
  std::vector<Hash32> hashes(texts.size());
  proof::text_hashes(texts, hashes);
  std::size_t next = 0;
  for (const auto& window : windows) {
    const std::size_t records = window->records.size();
    for (std::size_t i = 0; i < records; ++i) {
      const std::string_view stated =
          bytes_of(*window, window->records[i]).substr(texts[next + i].size());
      if (as_text(hashes[next + i]) == stated) continue;
      end_window_at(*window, i, "a record does not match its hash", listing);
      break;
    }
    next += records;
  }
}

void hash_window(AuditWindow& window, const ChunkListing& listing) {
  for (std::size_t i = 0; i < window.records.size(); ++i) {
    AuditedRecord& record = window.records[i];
    auto split = split_record(bytes_of(window, record), record.header);
    if (!split) {
      end_window_at(window, i, split.error().message, listing);
      break;
    }
    record.record = std::move(split).value();
  }
  std::vector<std::string_view> texts;
  for (AuditedRecord& record : window.records) {
    record.first_tx = texts.size();
    const auto& transactions = record.record.transactions;
    texts.insert(texts.end(), transactions.begin(), transactions.end());
  }
  std::vector<Hash32> ids(texts.size());
  std::vector<Hash32> leaves(texts.size());
  proof::text_hashes(texts, ids);
  proof::leaf_hashes(texts, leaves);
  window.transactions.resize(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    window.transactions[i].id = ids[i];
    window.transactions[i].leaf = leaves[i];
  }
}

std::string_view text_in(const AuditWindow& window, std::size_t number) {
  const auto after =
      std::find_if(window.records.begin(), window.records.end(),
                   [number](const AuditedRecord& record) { return record.first_tx > number; });
  const AuditedRecord& record = *std::prev(after);
  return record.record.transactions[number - record.first_tx];
}

void parse_window(AuditWindow& window) {
  std::size_t next = 0;
  for (const AuditedRecord& record : window.records) {
    for (const std::string_view text : record.record.transactions) {
      AuditedTx& audited = window.transactions[next++];
      audited.tx = proof::parse_transaction(std::string(text), audited.id);
    }
  }
}

}  // namespace qc::chain
