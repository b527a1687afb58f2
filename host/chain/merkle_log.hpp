// The Merkle log (RFC 9162 with SM3): appending, roots and proofs over stored complete subtrees.
//
// Hashes of complete subtrees lie in tiles: a tile of group g holds the nodes of levels 6g..6g+5
// above 64 neighbouring nodes of level 6g. One row for 64 leaves instead of 128 rows keeps the
// store's cost below that of hashing; a proof reads at most one tile per group and side.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "host/chain/keys.hpp"
#include "host/chain/kv_store.hpp"
#include "sdk/base/bytes.hpp"

namespace qc::chain {

/// Hashes of complete subtrees. `node(level, index)` covers leaves index<<level … +(1<<level).
class NodeSource {
 public:
  virtual ~NodeSource() = default;
  /// Error: "ledger.corrupt" when the node should be there and is not.
  virtual Result<Hash32> node(std::uint8_t level, std::uint64_t index) const = 0;
};

Result<Hash32> merkle_root(const NodeSource& nodes, std::uint64_t size);
/// Path for the leaf at `index` in the tree of `size` leaves, RFC 9162 section 2.1.3.1.
/// Requires index < size <= leaves in `nodes`. O(log size) reads.
Result<std::vector<Hash32>> merkle_inclusion(const NodeSource& nodes, std::uint64_t index,
                                             std::uint64_t size);
/// The hashes of the rightmost node of every level, the root last, for paths of many leaves of one
/// tree: merkle_inclusion() with it does not compute them again. Requires size > 0.
Result<std::vector<Hash32>> merkle_right_edge(const NodeSource& nodes, std::uint64_t size);
/// As merkle_inclusion(nodes, index, size), with `edge` from merkle_right_edge(nodes, size).
Result<std::vector<Hash32>> merkle_inclusion(const NodeSource& nodes, std::uint64_t index,
                                             std::uint64_t size, const std::vector<Hash32>& edge);
/// RFC 9162 section 2.1.4.1; empty when from is 0 or equals `to`. Requires from <= to.
Result<std::vector<Hash32>> merkle_consistency(const NodeSource& nodes, std::uint64_t from,
                                               std::uint64_t to);

/// One tile; nodes not complete yet are zero.
struct Tile {
  static constexpr std::uint8_t kLevels = 6;
  std::array<Hash32, 126> nodes{};
};
struct TileNode {
  std::uint8_t group;
  std::uint64_t tile;
  std::size_t slot;  ///< in Tile::nodes
};
TileNode locate(std::uint8_t level, std::uint64_t index);

/// Reads tiles from a store or a snapshot of it. Thread contract: one thread per object.
class StoredNodes final : public NodeSource {
 public:
  explicit StoredNodes(const KvReader& store) : store_(store) {}
  Result<Hash32> node(std::uint8_t level, std::uint64_t index) const override;

 private:
  const KvReader& store_;
  mutable std::map<std::pair<std::uint8_t, std::uint64_t>, Tile> cache_;
};

/// Appends leaves above a stored log without touching it: dropping the object undoes everything.
/// Thread contract: one thread; the store must not change meanwhile.
class MerkleAppender final : public NodeSource {
 public:
  MerkleAppender(const KvReader& store, std::uint64_t size)
      : store_(store), stored_(store), size_(size) {}
  /// `leaf` is a leaf hash. Error: "ledger.corrupt".
  Status append(const Hash32& leaf);
  std::uint64_t size() const { return size_; }
  Result<Hash32> node(std::uint8_t level, std::uint64_t index) const override;
  /// Rows for every tile touched.
  void write_to(KvBatch& batch) const;

 private:
  Result<Tile*> tile(const TileNode& at);
  const KvReader& store_;
  StoredNodes stored_;
  std::uint64_t size_;
  std::map<std::pair<std::uint8_t, std::uint64_t>, Tile> touched_;
};

}  // namespace qc::chain
