#include "host/chain/merkle_log.hpp"

#include <bit>
#include <cassert>

#include "sdk/proof/many_hashes.hpp"
#include "sdk/proof/merkle.hpp"

namespace qc::chain {
namespace {

Error no_edge() {
  return internal("ledger.corrupt",
                  "the state does not hold the log's right edge; remove the folder state/ to "
                  "rebuild it");
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

MerkleAppender::MerkleAppender(const KvReader& store, std::uint64_t size) : before_(size) {
  if (size == 0) return;
  const auto bytes = store.get(keys::kLogEdge);
  FieldReader reader(bytes ? *bytes : std::string_view());
  if (reader.u64() != size) {
    stored_ = no_edge();
    return;
  }
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (((size >> level) & 1U) != 0) edge_[level] = reader.hash();
  }
  if (!reader.ok() || reader.left() != 0) stored_ = no_edge();
}

Status MerkleAppender::append(const Hash32& leaf) {
  QC_TRY(stored_);
  rows_[0].push_back(leaf);
  return {};
}

/// Hashes what is whole by now and not hashed yet, level by level.
void MerkleAppender::hash_up() const {
  for (std::size_t level = 0; level + 1 < kLevels; ++level) {
    const std::uint64_t first = before_ >> level;
    const std::uint64_t first_above = first >> 1U;
    std::vector<Hash32>& above = rows_[level + 1];
    const std::uint64_t whole = (size() >> (level + 1)) - first_above;
    std::vector<proof::NodePair> pairs;
    for (std::uint64_t i = above.size(); i < whole; ++i) {
      const std::uint64_t left = 2 * (first_above + i);
      pairs.push_back({left < first ? &edge_[level] : &rows_[level][left - first],
                       &rows_[level][left + 1 - first]});
    }
    if (pairs.empty()) return;
    const std::size_t had = above.size();
    above.resize(had + pairs.size());
    proof::node_hashes(pairs, std::span(above).subspan(had));
  }
}

Result<Hash32> MerkleAppender::node(std::uint8_t level, std::uint64_t index) const {
  hash_up();
  const std::uint64_t first = before_ >> level;
  if (index >= first && index - first < rows_[level].size()) return rows_[level][index - first];
  if ((first & 1U) != 0 && index + 1 == first && stored_.ok()) return edge_[level];
  return no_edge();
}

void MerkleAppender::write_to(KvBatch& batch) const {
  hash_up();
  std::string row;
  put_u64(row, size());
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (((size() >> level) & 1U) == 0) continue;
    put_hash(row, rows_[level].empty() ? edge_[level] : rows_[level].back());
  }
  batch.emplace_back(std::string(keys::kLogEdge), std::move(row));
}

}  // namespace qc::chain
