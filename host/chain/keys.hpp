// Keys and rows of the state store. One letter per family; numbers are big-endian so that byte
// order is numeric order.
//
//   s<state key>                 JSON text            what the rules read and write
//   l                            size, hashes         the Merkle log's right edge (merkle_log.hpp)
//   m<depth><prefix>             tile of map nodes    subject map (subject_map.hpp)
//   v<account>                   count, head          the subject map's value, by name
//   e<account>00<n>              index                n-th event about a subject, n from 1
//   i<transaction id>            index
//   f<index>                     TxRow                where a transaction stands and what it did
//   y                            text                 kStateFormat of what wrote the store
//   z                            Position             the last batch applied
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/chain/rules.hpp"
#include "sdk/base/bytes.hpp"
#include "sdk/proof/subject_map.hpp"

namespace qc::chain {

void put_u32(std::string& out, std::uint32_t value);
void put_u64(std::string& out, std::uint64_t value);
void put_hash(std::string& out, const Hash32& hash);

/// Reads big-endian fields one after another; `ok()` turns false when the bytes end too early.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  Hash32 hash();
  std::string_view bytes(std::size_t size);
  std::string_view rest() { return bytes(bytes_.size()); }
  bool ok() const { return ok_; }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::uint64_t number(std::size_t size);
  std::string_view bytes_;
  bool ok_ = true;
};

namespace keys {
std::string state(std::string_view key);
std::string subject_value(std::string_view account);
std::string event_prefix(std::string_view account);
std::string event(std::string_view account, std::uint64_t n);
std::string tx_id(const Hash32& id);
std::string tx(std::uint64_t index);
inline constexpr std::string_view kLogEdge = "l";
inline constexpr std::string_view kTxPrefix = "f";
inline constexpr std::string_view kFormat = "y";
inline constexpr std::string_view kPosition = "z";
}  // namespace keys

/// To be raised with every change of what the same ledger gives in the store: a store of another
/// format is made anew from the chunks.
inline constexpr std::string_view kStateFormat = "3";

/// Where the ledger stands after a batch.
struct Position {
  std::uint64_t batches = 0;  ///< also the number of the next batch
  std::uint64_t size = 0;     ///< transactions; also the next index
  std::int64_t time_ms = 0;
  Hash32 record_hash{};  ///< of the last batch record; zero before the first
  Hash32 log_root{};
  Hash32 subject_root{};
  std::uint64_t chunk = 0;   ///< first index of the chunk that holds the last record
  std::uint64_t offset = 0;  ///< end of the last record in that chunk
  bool operator==(const Position&) const = default;
};
Position initial_position();
std::string encode(const Position& position);
std::optional<Position> decode_position(std::string_view bytes);

struct TxRow {
  std::uint64_t chunk = 0;
  std::uint64_t offset = 0;  ///< of the transaction's bytes in the chunk file
  std::uint32_t length = 0;
  std::int64_t time_ms = 0;
  Hash32 id{};
  Effect effect;
};
std::string encode(const TxRow& row);
std::optional<TxRow> decode_tx_row(std::string_view bytes);

std::string encode(const proof::SubjectValue& value);
std::optional<proof::SubjectValue> decode_subject_value(std::string_view bytes);

}  // namespace qc::chain
