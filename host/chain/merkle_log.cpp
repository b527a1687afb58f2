#include "host/chain/merkle_log.hpp"

#include <bit>
#include <cassert>
#include <cstring>

#include "sdk/proof/merkle.hpp"

namespace qc::chain {
namespace {

Error missing_node(std::uint8_t group, std::uint64_t tile) {
  return internal("ledger.corrupt", "the Merkle log lacks tile " + std::to_string(group) + "/" +
                                        std::to_string(tile) +
                                        "; remove the folder state/ to rebuild it");
}

std::string encode(const Tile& tile) {
  std::string out;
  out.reserve(tile.nodes.size() * 32);
  for (const Hash32& node : tile.nodes) out.append(as_text(node));
  return out;
}

bool decode(std::string_view bytes, Tile& tile) {
  if (bytes.size() != tile.nodes.size() * 32) return false;
  for (std::size_t i = 0; i < tile.nodes.size(); ++i) {
    std::memcpy(tile.nodes[i].data(), bytes.data() + i * 32, 32);
  }
  return true;
}

/// Hashes of the rightmost node of every level in a tree of `size` leaves. A rightmost node whose
/// subtree is not complete is the hash of what there is; one without a right child is its left
/// child, carried up (RFC 9162 section 2.1.1: unbalanced trees).
Result<std::vector<Hash32>> right_edge(const NodeSource& nodes, std::uint64_t size) {
  assert(size > 0);
  std::vector<Hash32> edge;
  QC_ASSIGN(const Hash32 last_leaf, nodes.node(0, size - 1));
  edge.push_back(last_leaf);
  for (std::uint8_t level = 1; ((size - 1) >> (level - 1U)) != 0; ++level) {
    const std::uint64_t child = (size - 1) >> (level - 1U);
    if ((child & 1U) == 0) {
      edge.push_back(edge.back());
      continue;
    }
    QC_ASSIGN(const Hash32 left, nodes.node(static_cast<std::uint8_t>(level - 1U), child - 1));
    edge.push_back(proof::node_hash(left, edge.back()));
  }
  return edge;
}

/// MTH(D[begin:end]) for a range that is a complete subtree or ends at the tree's right edge.
Result<Hash32> range_hash(const NodeSource& nodes, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t count = end - begin;
  assert(count > 0);
  if (std::has_single_bit(count) && begin % count == 0) {
    const auto level = static_cast<std::uint8_t>(std::countr_zero(count));
    return nodes.node(level, begin >> level);
  }
  const std::uint64_t split = begin + std::bit_floor(count - 1);
  QC_ASSIGN(const Hash32 left, range_hash(nodes, begin, split));
  QC_ASSIGN(const Hash32 right, range_hash(nodes, split, end));
  return proof::node_hash(left, right);
}

}  // namespace

Result<Hash32> merkle_root(const NodeSource& nodes, std::uint64_t size) {
  if (size == 0) return proof::empty_root();
  QC_ASSIGN(const std::vector<Hash32> edge, right_edge(nodes, size));
  return edge.back();
}

Result<std::vector<Hash32>> merkle_inclusion(const NodeSource& nodes, std::uint64_t index,
                                             std::uint64_t size) {
  QC_ASSIGN(const std::vector<Hash32> edge, right_edge(nodes, size));
  return merkle_inclusion(nodes, index, size, edge);
}

Result<std::vector<Hash32>> merkle_right_edge(const NodeSource& nodes, std::uint64_t size) {
  return right_edge(nodes, size);
}

Result<std::vector<Hash32>> merkle_inclusion(const NodeSource& nodes, std::uint64_t index,
                                             std::uint64_t size, const std::vector<Hash32>& edge) {
  assert(index < size);
  std::vector<Hash32> path;
  for (std::uint8_t level = 0; ((size - 1) >> level) != 0; ++level) {
    const std::uint64_t sibling = (index >> level) ^ 1U;
    const std::uint64_t last = (size - 1) >> level;
    if (sibling > last) continue;  // carried up
    if (sibling == last) {
      path.push_back(edge[level]);
      continue;
    }
    QC_ASSIGN(const Hash32 hash, nodes.node(level, sibling));
    path.push_back(hash);
  }
  return path;
}

Result<std::vector<Hash32>> merkle_consistency(const NodeSource& nodes, std::uint64_t from,
                                               std::uint64_t to) {
  assert(from <= to);
  std::vector<Hash32> path;
  if (from == 0 || from == to) return path;
  // SUBPROOF of RFC 9162 section 2.1.4.1, walked down; its hashes come out deepest last.
  std::uint64_t begin = 0;
  std::uint64_t end = to;
  bool whole = true;  // the older tree is still a complete subtree that the verifier knows
  while (from != end) {
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    if (from <= split) {
      QC_ASSIGN(const Hash32 right, range_hash(nodes, split, end));
      path.push_back(right);
      end = split;
    } else {
      QC_ASSIGN(const Hash32 left, range_hash(nodes, begin, split));
      path.push_back(left);
      begin = split;
      whole = false;
    }
  }
  if (!whole) {
    QC_ASSIGN(const Hash32 rest, range_hash(nodes, begin, end));
    path.push_back(rest);
  }
  return std::vector<Hash32>(path.rbegin(), path.rend());
}

TileNode locate(std::uint8_t level, std::uint64_t index) {
  const auto inner = static_cast<std::uint8_t>(level % Tile::kLevels);
  const unsigned width_bits = Tile::kLevels - inner;  // the tile's level holds 2^width_bits nodes
  const std::size_t first = 128U - (128U >> inner);
  return {static_cast<std::uint8_t>(level / Tile::kLevels), index >> width_bits,
          first + static_cast<std::size_t>(index & ((1ULL << width_bits) - 1))};
}

Result<Hash32> StoredNodes::node(std::uint8_t level, std::uint64_t index) const {
  const TileNode at = locate(level, index);
  const std::pair key{at.group, at.tile};
  auto it = cache_.find(key);
  if (it == cache_.end()) {
    const auto bytes = store_.get(keys::tile(at.group, at.tile));
    Tile tile;
    if (!bytes || !decode(*bytes, tile)) return missing_node(at.group, at.tile);
    it = cache_.emplace(key, tile).first;
  }
  const Hash32& hash = it->second.nodes[at.slot];
  if (hash == Hash32{}) return missing_node(at.group, at.tile);
  return hash;
}

Result<Tile*> MerkleAppender::tile(const TileNode& at) {
  const std::pair key{at.group, at.tile};
  if (const auto it = touched_.find(key); it != touched_.end()) return &it->second;
  Tile tile;
  if (at.slot != 0) {  // slot 0 opens a tile
    const auto bytes = store_.get(keys::tile(at.group, at.tile));
    if (!bytes || !decode(*bytes, tile)) return missing_node(at.group, at.tile);
  }
  return &touched_.emplace(key, tile).first->second;
}

Status MerkleAppender::append(const Hash32& leaf) {
  std::uint8_t level = 0;
  std::uint64_t index = size_;
  Hash32 hash = leaf;
  while (true) {
    const TileNode at = locate(level, index);
    QC_ASSIGN(Tile* const tile, this->tile(at));
    tile->nodes[at.slot] = hash;
    if ((index & 1U) == 0) break;
    hash = proof::node_hash(tile->nodes[at.slot - 1], hash);
    index >>= 1U;
    ++level;
  }
  ++size_;
  return {};
}

Result<Hash32> MerkleAppender::node(std::uint8_t level, std::uint64_t index) const {
  const TileNode at = locate(level, index);
  const auto it = touched_.find({at.group, at.tile});
  if (it == touched_.end()) return stored_.node(level, index);
  const Hash32& hash = it->second.nodes[at.slot];
  if (hash == Hash32{}) return missing_node(at.group, at.tile);
  return hash;
}

void MerkleAppender::write_to(KvBatch& batch) const {
  for (const auto& [key, tile] : touched_) {
    batch.emplace_back(keys::tile(key.first, key.second), encode(tile));
  }
}

}  // namespace qc::chain
