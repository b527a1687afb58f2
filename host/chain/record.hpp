// A batch record: the unit of the ledger files. Layout in README.md; all numbers big-endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/chain/keys.hpp"
#include "sdk/base/bytes.hpp"

namespace qc::chain {

inline constexpr std::size_t kRecordHeaderBytes = 80;
inline constexpr std::size_t kRecordTrailerBytes = 96;
inline constexpr std::size_t kMaxRecordBody = 256U << 20U;

struct RecordHeader {
  std::uint64_t batch = 0;
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
  std::uint32_t body_bytes = 0;
  std::int64_t time_ms = 0;
  Hash32 previous{};  ///< hash of the record before

  std::uint64_t record_bytes() const {
    return kRecordHeaderBytes + std::uint64_t{body_bytes} + kRecordTrailerBytes;
  }
};

/// A record as read. Views point into the bytes it was decoded from.
struct Record {
  RecordHeader header;
  std::vector<std::string_view> transactions;
  std::vector<std::uint64_t> offsets;  ///< of each transaction's bytes, from the record's start
  Hash32 log_root{};
  Hash32 subject_root{};
  Hash32 hash{};  ///< SM3 of everything before it
};

/// Collects the transactions of one batch; the same input gives the same bytes on every host.
class RecordBuilder {
 public:
  /// Room for transactions of so many bytes in all: growing copies what is there.
  void reserve(std::size_t count, std::size_t bytes) {
    bytes_.reserve(kRecordHeaderBytes + count * sizeof(std::uint32_t) + bytes +
                   kRecordTrailerBytes);
  }
  void add(std::string_view transaction);
  /// Fills count and body_bytes of `header`.
  std::string finish(RecordHeader header, const Hash32& log_root, const Hash32& subject_root) &&;
  /// Offset of the last transaction added, from the record's start.
  std::uint64_t last_offset() const { return last_offset_; }
  /// What offsets point into, until the next add().
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_ = std::string(kRecordHeaderBytes, '\0');
  std::uint32_t count_ = 0;
  std::uint64_t last_offset_ = 0;
};

/// Decodes a header; it carries a check of its own so that damage to a length is told apart from a
/// record that was not written to its end. Error: "record.damaged".
Result<RecordHeader> decode_record_header(std::string_view bytes);

/// Where a record's bytes end that its hash covers; the hash follows.
inline std::string_view hashed_part(std::string_view record) {
  return record.substr(0, record.size() - sizeof(Hash32));
}
/// Takes a record of exactly header.record_bytes() bytes apart, without checking its hash.
/// Error: "record.damaged".
Result<Record> split_record(std::string_view bytes, const RecordHeader& header);

/// Decodes one whole record (exactly header.record_bytes() bytes) and checks its hash and framing.
/// Error: "record.damaged".
Result<Record> decode_record(std::string_view bytes);

/// Checks that a record follows `before`. Error: "record.out_of_order".
Status check_follows(const RecordHeader& header, const Position& before);

/// True when `bytes`, fewer than a header, could begin the record that follows `before`.
bool begins_record(std::string_view bytes, const Position& before);

}  // namespace qc::chain
