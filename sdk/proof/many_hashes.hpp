// The hashes of transactions, tree nodes and subjects, many at once in the lanes of a vector: for
// audits, which hash everything. Each gives what its namesake for one gives. Any thread, no state.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sdk/base/bytes.hpp"
#include "sdk/proof/subject_map.hpp"

namespace qc::proof {

/// out[i] = SM3(texts[i]): ids of transactions, hashes of records.
void text_hashes(std::span<const std::string_view> texts, std::span<Hash32> out);
/// out[i] = leaf_hash(texts[i]) (merkle.hpp).
void leaf_hashes(std::span<const std::string_view> texts, std::span<Hash32> out);

struct NodePair {
  const Hash32* left;
  const Hash32* right;
};
/// out[i] = node_hash(pairs[i]) (merkle.hpp), which is map_node_hash() as well (subject_map.hpp).
void node_hashes(std::span<const NodePair> pairs, std::span<Hash32> out);
/// The parents of neighbouring nodes; an even number of them.
std::vector<Hash32> parent_hashes(std::span<const Hash32> children);

struct MapLeaf {
  Hash32 key;
  SubjectValue value;
};
/// out[i] = map_leaf_hash(leaves[i]).
void map_leaf_hashes(std::span<const MapLeaf> leaves, std::span<Hash32> out);

struct EventLink {
  Hash32 previous;
  Hash32 tx_id;
  std::uint64_t index;
};
/// out[i] = next_event_head(links[i]) (subject_map.hpp).
void event_heads(std::span<const EventLink> links, std::span<Hash32> out);

}  // namespace qc::proof
