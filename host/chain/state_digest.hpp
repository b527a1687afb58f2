// What a snapshot's transaction states: one digest over the whole state that the rules see.
#pragma once

#include <string_view>

#include "host/chain/keys.hpp"
#include "host/chain/kv_store.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::chain {

/// SM3("qc-state-1" 00 ‖ chain 00 ‖ size (8) ‖ batches (8) ‖ hash of the last record (32) ‖ for
/// each key in order: length of the key (8), length of the document (8), key, document). `at`:
/// where the state stands, the end of a batch; a document is its text as it is stored
/// (state_text()). Thread contract: one thread.
class StateDigest {
 public:
  StateDigest(std::string_view chain, const Position& at);
  /// In the order of keys.
  void add(std::string_view key, std::string_view document);
  Hash32 finish() { return digest_.finish(); }

 private:
  crypto::Sm3 digest_;
};

/// Of a store's state rows. Any thread, if the reader allows it.
Hash32 snapshot_digest(const KvReader& store, std::string_view chain, const Position& at);

}  // namespace qc::chain
