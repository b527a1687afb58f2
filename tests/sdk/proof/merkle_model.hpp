// A Merkle tree written down from RFC 9162, for tests that need proofs of small logs.
#pragma once

#include <bit>
#include <vector>

#include "sdk/proof/merkle.hpp"

namespace qc::proof::model {

inline Hash32 root_of(const Hash32* leaves, std::size_t size) {
  if (size == 1) return leaves[0];
  const std::size_t left = std::bit_floor(size - 1);
  return node_hash(root_of(leaves, left), root_of(leaves + left, size - left));
}

/// SUBPROOF of RFC 9162 section 2.1.4.1.
inline void add_consistency(std::size_t from, const Hash32* leaves, std::size_t size, bool whole,
                            std::vector<Hash32>& path) {
  if (from == size) {
    if (!whole) path.push_back(root_of(leaves, size));
    return;
  }
  const std::size_t left = std::bit_floor(size - 1);
  if (from <= left) {
    add_consistency(from, leaves, left, whole, path);
    path.push_back(root_of(leaves + left, size - left));
  } else {
    add_consistency(from - left, leaves + left, size - left, false, path);
    path.push_back(root_of(leaves, left));
  }
}

/// PATH of RFC 9162 section 2.1.3.1.
inline void add_inclusion(std::size_t index, const Hash32* leaves, std::size_t size,
                          std::vector<Hash32>& path) {
  if (size == 1) return;
  const std::size_t left = std::bit_floor(size - 1);
  if (index < left) {
    add_inclusion(index, leaves, left, path);
    path.push_back(root_of(leaves + left, size - left));
  } else {
    add_inclusion(index - left, leaves + left, size - left, path);
    path.push_back(root_of(leaves, left));
  }
}

}  // namespace qc::proof::model
