#include "host/chain/keys.hpp"

#include <algorithm>

#include "sdk/proof/merkle.hpp"

namespace qc::chain {

void put_u32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 32; shift != 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> (shift - 8)));
  }
}

void put_u64(std::string& out, std::uint64_t value) {
  for (unsigned shift = 64; shift != 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> (shift - 8)));
  }
}

void put_hash(std::string& out, const Hash32& hash) { out.append(as_text(hash)); }

std::uint64_t FieldReader::number(std::size_t size) {
  std::uint64_t value = 0;
  for (const char c : bytes(size)) value = (value << 8U) | static_cast<std::uint8_t>(c);
  return value;
}

std::string_view FieldReader::bytes(std::size_t size) {
  if (size > bytes_.size()) {
    ok_ = false;
    bytes_ = {};
    return {};
  }
  const std::string_view out = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return out;
}

Hash32 FieldReader::hash() {
  Hash32 out{};
  const std::string_view text = bytes(out.size());
  std::copy(text.begin(), text.end(), out.begin());
  return out;
}

namespace keys {

std::string state(std::string_view key) { return "s" + std::string(key); }

std::string subject_value(std::string_view account) { return "v" + std::string(account); }

std::string event_prefix(std::string_view account) {
  std::string out = "e" + std::string(account);
  out.push_back('\0');  // no account holds a zero byte, so no account is the prefix of another
  return out;
}

std::string event(std::string_view account, std::uint64_t n) {
  std::string out = event_prefix(account);
  put_u64(out, n);
  return out;
}

std::string tx_id(const Hash32& id) { return "i" + std::string(as_text(id)); }

std::string tx(std::uint64_t index) {
  std::string out = "f";
  put_u64(out, index);
  return out;
}

}  // namespace keys

Position initial_position() {
  Position position;
  position.log_root = proof::empty_root();
  return position;
}

std::string encode(const Position& position) {
  std::string out;
  put_u64(out, position.batches);
  put_u64(out, position.size);
  put_u64(out, static_cast<std::uint64_t>(position.time_ms));
  put_hash(out, position.record_hash);
  put_hash(out, position.log_root);
  put_hash(out, position.subject_root);
  put_u64(out, position.chunk);
  put_u64(out, position.offset);
  return out;
}

std::optional<Position> decode_position(std::string_view bytes) {
  FieldReader reader(bytes);
  Position position;
  position.batches = reader.u64();
  position.size = reader.u64();
  position.time_ms = static_cast<std::int64_t>(reader.u64());
  position.record_hash = reader.hash();
  position.log_root = reader.hash();
  position.subject_root = reader.hash();
  position.chunk = reader.u64();
  position.offset = reader.u64();
  if (!reader.ok() || reader.left() != 0) return std::nullopt;
  return position;
}

std::string encode(const TxRow& row) {
  constexpr std::size_t kNames = 160;  // of an actor and a subject; more makes it grow
  std::string out;
  out.reserve(kNames);
  put_u64(out, row.chunk);
  put_u64(out, row.offset);
  put_u32(out, row.length);
  put_u64(out, static_cast<std::uint64_t>(row.time_ms));
  put_hash(out, row.id);
  put_u32(out, static_cast<std::uint32_t>(row.effect.actor.size()));
  out.append(row.effect.actor);
  put_u32(out, static_cast<std::uint32_t>(row.effect.decision.size()));
  out.append(row.effect.decision);
  for (const std::string& subject : row.effect.subjects) {
    put_u32(out, static_cast<std::uint32_t>(subject.size()));
    out.append(subject);
  }
  return out;
}

std::optional<TxRow> decode_tx_row(std::string_view bytes) {
  FieldReader reader(bytes);
  TxRow row;
  row.chunk = reader.u64();
  row.offset = reader.u64();
  row.length = reader.u32();
  row.time_ms = static_cast<std::int64_t>(reader.u64());
  row.id = reader.hash();
  row.effect.actor = reader.bytes(reader.u32());
  row.effect.decision = reader.bytes(reader.u32());
  while (reader.ok() && reader.left() != 0) {
    row.effect.subjects.emplace(reader.bytes(reader.u32()));
  }
  if (!reader.ok()) return std::nullopt;
  return row;
}

std::string encode(const proof::SubjectValue& value) {
  std::string out;
  put_u64(out, value.count);
  put_hash(out, value.head);
  return out;
}

std::optional<proof::SubjectValue> decode_subject_value(std::string_view bytes) {
  FieldReader reader(bytes);
  proof::SubjectValue value;
  value.count = reader.u64();
  value.head = reader.hash();
  if (!reader.ok() || reader.left() != 0) return std::nullopt;
  return value;
}

}  // namespace qc::chain
