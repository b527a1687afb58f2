#include "sdk/proof/merkle.hpp"

#include <algorithm>
#include <bit>

#include "sdk/crypto/sm3_public.hpp"

namespace qc::proof {
namespace {

Error inconsistent(const char* why) { return invalid("proof.inconsistent", why); }

/// The two roots that a consistency path implies.
struct Roots {
  Hash32 first;
  Hash32 second;
};

}  // namespace

Hash32 leaf_hash(ByteView leaf) {
  const std::uint8_t prefix = 0x00;
  return crypto::sm3_public({{ByteView(&prefix, 1), leaf, {}, {}}});
}

Hash32 node_hash(const Hash32& left, const Hash32& right) {
  const std::uint8_t prefix = 0x01;
  return crypto::sm3_public({{ByteView(&prefix, 1), left, right, {}}});
}

Hash32 empty_root() { return crypto::sm3_public({}); }

Result<Hash32> root_from_inclusion(const Hash32& leaf, std::uint64_t index, std::uint64_t size,
                                   const std::vector<Hash32>& path) {
  if (index >= size) return invalid("proof.invalid", "index lies outside the tree", "index");
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Hash32 root = leaf;
  for (const Hash32& sibling : path) {
    if (last == 0) return invalid("proof.invalid", "the path is too long", "path");
    if ((node & 1U) != 0 || node == last) {
      root = node_hash(sibling, root);
      // A last node without a sibling at this level is carried up unhashed.
      while ((node & 1U) == 0 && node != 0) {
        node >>= 1U;
        last >>= 1U;
      }
    } else {
      root = node_hash(root, sibling);
    }
    node >>= 1U;
    last >>= 1U;
  }
  if (last != 0) return invalid("proof.invalid", "the path is too short", "path");
  return root;
}

Status verify_consistency(std::uint64_t from, const Hash32& from_root, std::uint64_t to,
                          const Hash32& to_root, const std::vector<Hash32>& path) {
  if (from > to) return inconsistent("the older tree is larger than the newer one");
  if (from == to || from == 0) {
    // RFC 9162 leaves the empty tree out; every tree extends it, and there is nothing to prove.
    if (!path.empty()) return inconsistent("the path must be empty");
    if (from == 0 && from_root != empty_root()) return inconsistent("not the empty tree's root");
    if (from == to && from_root != to_root) return inconsistent("the roots differ");
    return {};
  }
  std::size_t next = 0;
  std::uint64_t node = from - 1;
  std::uint64_t last = to - 1;
  while ((node & 1U) != 0) {
    node >>= 1U;
    last >>= 1U;
  }
  Roots roots{from_root, from_root};
  if (!std::has_single_bit(from)) {
    if (path.empty()) return inconsistent("the path is empty");
    roots = {path[0], path[0]};
    next = 1;
  }
  for (; next < path.size(); ++next) {
    if (last == 0) return inconsistent("the path is too long");
    if ((node & 1U) != 0 || node == last) {
      roots.first = node_hash(path[next], roots.first);
      roots.second = node_hash(path[next], roots.second);
      while ((node & 1U) == 0 && node != 0) {
        node >>= 1U;
        last >>= 1U;
      }
    } else {
      roots.second = node_hash(roots.second, path[next]);
    }
    node >>= 1U;
    last >>= 1U;
  }
  if (last != 0) return inconsistent("the path is too short");
  if (roots.first != from_root) return inconsistent("the older root does not follow");
  if (roots.second != to_root) return inconsistent("the newer root does not follow");
  return {};
}

}  // namespace qc::proof
