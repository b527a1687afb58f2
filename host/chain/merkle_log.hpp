// The Merkle log (RFC 9162 with SM3): appending, roots and proofs over complete subtrees.
#pragma once

#include <array>
#include <cstdint>
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

/// Appends leaves above a stored log without touching it: dropping the object undoes everything. Of
/// the log it needs, and stores, the right edge alone: the complete subtrees that it consists of.
/// Roots, and paths of the new leaves, follow from that; for everything else there are tiles
/// (tile_store.hpp). Thread contract: one thread; the store must not change meanwhile.
class MerkleAppender final : public NodeSource {
 public:
  MerkleAppender(const KvReader& store, std::uint64_t size);
  /// `leaf` is a leaf hash. Error: "ledger.corrupt" when the store's edge is of another log.
  Status append(const Hash32& leaf);
  std::uint64_t size() const { return before_ + leaves().size(); }
  /// The leaf hashes appended.
  const std::vector<Hash32>& leaves() const { return rows_[0]; }
  /// New nodes and those of the stored edge.
  Result<Hash32> node(std::uint8_t level, std::uint64_t index) const override;
  /// The row of the new edge.
  void write_to(KvBatch& batch) const;

 private:
  static constexpr std::size_t kLevels = 64;
  void hash_up() const;

  std::uint64_t before_;  ///< leaves in the store
  Status stored_;
  std::array<Hash32, kLevels> edge_{};  ///< by level; there where before_ has a bit
  /// New nodes of each level, from number before_ >> level on; above the leaves, made when needed.
  mutable std::array<std::vector<Hash32>, kLevels> rows_;
};

}  // namespace qc::chain
