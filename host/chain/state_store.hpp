// The rules' state inside the store, and a digest over everything that is stored.
#pragma once

#include "host/chain/kv_store.hpp"
#include "host/chain/state.hpp"
#include "sdk/base/bytes.hpp"

namespace qc::chain {

/// State as JSON documents over a store or a snapshot. Any thread, if the reader allows it.
class StoredState final : public StateReader {
 public:
  explicit StoredState(const KvReader& store) : store_(store) {}
  Document find(const std::string& key) const override;
  std::optional<Json> get(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;

 private:
  const KvReader& store_;
};

/// A document as it is stored, and back. Nullopt: not what state_text() wrote; the store has its
/// own checksums.
std::string state_text(const Json& document);
std::optional<Json> parse_state_text(std::string_view text);
/// Rows for an overlay's writes, in no order.
void write_state(const Overlay& overlay, KvBatch& batch);

/// SM3 over every key and value, lengths included: equal digests mean equal stores. For checking
/// that replay gives the same state.
Hash32 state_digest(const KvReader& store);

}  // namespace qc::chain
