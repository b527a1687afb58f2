// The subject map in the store: batch updates and proofs. Hashing: sdk/proof/subject_map.hpp.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "host/chain/kv_store.hpp"
#include "sdk/proof/subject_map.hpp"

namespace qc::chain {

/// A node as stored, under its path: a leaf with key and value, or the hashes of two children.
struct MapNode {
  bool leaf = false;
  Hash32 left{};   ///< inner: left child; leaf: key
  Hash32 right{};  ///< inner: right child; leaf: event head
  std::uint64_t count = 0;
};

/// Updates of one batch above the stored map, which is not touched: dropping the object undoes
/// them. Thread contract: one thread; the store must not change meanwhile.
class SubjectMapUpdate {
 public:
  explicit SubjectMapUpdate(const KvReader& store) : store_(store) {}
  /// Sets all values and returns the new root. Call once. `values` is not empty.
  /// Error: "ledger.corrupt".
  Result<Hash32> apply(const std::map<Hash32, proof::SubjectValue>& values);
  /// Moves the rows out. Call once.
  void write_to(KvBatch& batch);

 private:
  using Values = std::map<Hash32, proof::SubjectValue>;
  struct Range {
    Values::const_iterator begin;
    Values::const_iterator end;
  };
  Result<Hash32> update(std::size_t depth, Range range, bool may_exist);
  Result<Hash32> merge_leaf(std::size_t depth, Range range, const MapNode& leaf);
  Result<Hash32> descend(std::size_t depth, Range range, const MapNode* existing);
  void put(std::size_t depth, const Hash32& key, const MapNode& node);

  const KvReader& store_;
  KvBatch rows_;  ///< each node once: update() comes to a place once
};

struct MapLookup {
  std::optional<proof::SubjectValue> value;
  proof::MapProof proof;
};
/// Value of `key`, or its absence, with the proof. Error: "ledger.corrupt".
Result<MapLookup> map_lookup(const KvReader& store, const Hash32& key);

}  // namespace qc::chain
