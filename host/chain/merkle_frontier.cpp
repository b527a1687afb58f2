#include "host/chain/merkle_frontier.hpp"

#include <bit>
#include <vector>

#include "sdk/proof/many_hashes.hpp"
#include "sdk/proof/merkle.hpp"

namespace qc::chain {

void MerkleFrontier::append(std::span<const Hash32> leaves) {
  std::vector<Hash32> nodes;
  std::uint64_t start = size_;
  size_ += leaves.size();
  nodes.reserve(leaves.size() + 1);
  nodes.assign(leaves.begin(), leaves.end());
  for (std::size_t level = 0; !nodes.empty(); ++level) {
    if ((start & 1U) != 0) {  // the first new node completes a subtree with the one before it
      nodes.insert(nodes.begin(), complete_[level]);
      --start;
    }
    if (nodes.size() % 2 != 0) {
      complete_[level] = nodes.back();
      nodes.pop_back();
    }
    nodes = proof::parent_hashes(nodes);
    start >>= 1U;
  }
}

Hash32 MerkleFrontier::root() const {
  if (size_ == 0) return proof::empty_root();
  auto level = static_cast<std::size_t>(std::countr_zero(size_));
  Hash32 root = complete_[level];
  while (++level < complete_.size()) {
    if (((size_ >> level) & 1U) != 0) root = proof::node_hash(complete_[level], root);
  }
  return root;
}

}  // namespace qc::chain
