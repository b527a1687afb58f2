#include "host/chain/record.hpp"

#include <cassert>

#include "sdk/crypto/sm3_public.hpp"

namespace qc::chain {
namespace {

constexpr std::string_view kMagic = "QCLR";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCheckedHeader = 72;  // the check covers what is before it
constexpr std::size_t kCheckBytes = 8;

/// All that is hashed here lies in files that anyone may read.
Hash32 record_digest(std::string_view bytes) {
  return crypto::sm3_public({{as_bytes(bytes), {}, {}, {}}});
}

Error damaged(const char* why) { return internal("record.damaged", why); }

std::string encode_header(const RecordHeader& header) {
  std::string out(kMagic);
  put_u32(out, kVersion);
  put_u64(out, header.batch);
  put_u64(out, header.first_index);
  put_u32(out, header.count);
  put_u32(out, header.body_bytes);
  put_u64(out, static_cast<std::uint64_t>(header.time_ms));
  put_hash(out, header.previous);
  assert(out.size() == kCheckedHeader);
  out.append(as_text(record_digest(out)).substr(0, kCheckBytes));
  return out;
}

}  // namespace

void RecordBuilder::add(std::string_view transaction) {
  put_u32(bytes_, static_cast<std::uint32_t>(transaction.size()));
  last_offset_ = bytes_.size();
  bytes_.append(transaction);
  ++count_;
}

std::string RecordBuilder::finish(RecordHeader header, const Hash32& log_root,
                                  const Hash32& subject_root) && {
  assert(bytes_.size() - kRecordHeaderBytes <= kMaxRecordBody);
  header.count = count_;
  header.body_bytes = static_cast<std::uint32_t>(bytes_.size() - kRecordHeaderBytes);
  bytes_.replace(0, kRecordHeaderBytes, encode_header(header));
  put_hash(bytes_, log_root);
  put_hash(bytes_, subject_root);
  put_hash(bytes_, record_digest(bytes_));
  return std::move(bytes_);
}

Result<RecordHeader> decode_record_header(std::string_view bytes) {
  if (bytes.size() < kRecordHeaderBytes) return damaged("a record header is cut short");
  const Hash32 check = record_digest(bytes.substr(0, kCheckedHeader));
  if (as_text(check).substr(0, kCheckBytes) != bytes.substr(kCheckedHeader, kCheckBytes)) {
    return damaged("a record header does not match its check");
  }
  FieldReader reader(bytes);
  if (reader.bytes(kMagic.size()) != kMagic) return damaged("not a batch record");
  if (reader.u32() != kVersion) return damaged("a record version that this program does not know");
  RecordHeader header;
  header.batch = reader.u64();
  header.first_index = reader.u64();
  header.count = reader.u32();
  header.body_bytes = reader.u32();
  header.time_ms = static_cast<std::int64_t>(reader.u64());
  header.previous = reader.hash();
  if (header.count == 0) return damaged("a record without transactions");
  if (header.body_bytes > kMaxRecordBody) return damaged("a record body larger than allowed");
  return header;
}

Result<Record> decode_record(std::string_view bytes) {
  QC_ASSIGN(const RecordHeader header, decode_record_header(bytes));
  if (bytes.size() != header.record_bytes()) return damaged("a record of another length");
  const Hash32 hash = record_digest(hashed_part(bytes));
  if (as_text(hash) != bytes.substr(hashed_part(bytes).size())) {
    return damaged("a record does not match its hash");
  }
  return split_record(bytes, header);
}

Result<Record> split_record(std::string_view bytes, const RecordHeader& header) {
  assert(bytes.size() == header.record_bytes());
  Record record;
  record.header = header;
  FieldReader trailer(bytes.substr(bytes.size() - kRecordTrailerBytes));
  record.log_root = trailer.hash();
  record.subject_root = trailer.hash();
  record.hash = trailer.hash();
  FieldReader body(bytes.substr(kRecordHeaderBytes, record.header.body_bytes));
  while (body.left() != 0) {
    const std::uint32_t length = body.u32();
    record.offsets.push_back(kRecordHeaderBytes + record.header.body_bytes - body.left());
    record.transactions.push_back(body.bytes(length));
    if (!body.ok()) return damaged("a transaction runs over the end of its record");
  }
  if (record.transactions.size() != record.header.count) {
    return damaged("a record holds another number of transactions than it says");
  }
  return record;
}

Status check_follows(const RecordHeader& header, const Position& before) {
  const auto out = [](std::string why) { return internal("record.out_of_order", std::move(why)); };
  if (header.batch != before.batches) {
    return out("expected batch " + std::to_string(before.batches) + ", found batch " +
               std::to_string(header.batch));
  }
  if (header.first_index != before.size) {
    return out("expected transaction " + std::to_string(before.size) + ", found transaction " +
               std::to_string(header.first_index));
  }
  if (header.previous != before.record_hash) return out("the record before is another one");
  if (header.time_ms < before.time_ms) return out("the batch time runs backwards");
  return {};
}

bool begins_record(std::string_view bytes, const Position& before) {
  assert(bytes.size() < kRecordHeaderBytes);
  std::string start(kMagic);
  put_u32(start, kVersion);
  put_u64(start, before.batches);
  put_u64(start, before.size);
  return bytes.starts_with(start) || std::string_view(start).starts_with(bytes);
}

}  // namespace qc::chain
