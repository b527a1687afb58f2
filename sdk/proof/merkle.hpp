// RFC 9162 Merkle tree with SM3: hashing and proof checking. Any thread, no state.
#pragma once

#include <vector>

#include "sdk/base/bytes.hpp"

namespace qc::proof {

/// SM3(0x00 || leaf). Source: RFC 9162 section 2.1.1 with SM3.
Hash32 leaf_hash(ByteView leaf);
/// SM3(0x01 || left || right).
Hash32 node_hash(const Hash32& left, const Hash32& right);
/// Root of the empty tree: SM3 of nothing.
Hash32 empty_root();

/// Root that `path` implies for the leaf at `index` of `size` (RFC 9162 section 2.1.3.2).
/// Error: "proof.invalid" (index out of range, wrong path length).
Result<Hash32> root_from_inclusion(const Hash32& leaf, std::uint64_t index, std::uint64_t size,
                                   const std::vector<Hash32>& path);

/// Checks that the tree (from, from_root) is a prefix of (to, to_root), RFC 9162 section 2.1.4.2.
/// Error: "proof.inconsistent".
Status verify_consistency(std::uint64_t from, const Hash32& from_root, std::uint64_t to,
                          const Hash32& to_root, const std::vector<Hash32>& path);

}  // namespace qc::proof
