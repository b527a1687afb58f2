#include "host/chain/subject_tree.hpp"

#include <cassert>
#include <utility>

#include "sdk/proof/many_hashes.hpp"

namespace qc::chain {
namespace {

std::size_t tree_side(const Hash32& key, std::size_t depth) {
  return (key[depth / 8] >> (7U - depth % 8)) & 1U;
}

}  // namespace

SubjectTree::SubjectTree() : nodes_(1) {}

void SubjectTree::add_event(std::string account, const Hash32& tx_id, std::uint64_t index) {
  events_.push_back({std::move(account), tx_id, index});
}

void SubjectTree::take_events() {
  std::vector<std::string_view> accounts;
  for (const Event& event : events_) accounts.emplace_back(event.account);
  std::vector<Hash32> keys(accounts.size());
  proof::text_hashes(accounts, keys);  // as subject_key()
  struct Waiting {
    Ref leaf;
    std::size_t event;
  };
  std::vector<Waiting> waiting;
  for (std::size_t i = 0; i < keys.size(); ++i) waiting.push_back({leaf_of(keys[i]), i});
  // In each round the next event of every subject that has one.
  std::vector<Waiting> later;
  std::vector<Waiting> now;
  std::vector<proof::EventLink> links;
  std::vector<Hash32> heads;
  while (!waiting.empty()) {
    for (const Waiting& one : waiting) {
      Leaf& leaf = leaves_[one.leaf & ~kLeaf];
      (leaf.linked ? later : now).push_back(one);
      if (std::exchange(leaf.linked, true)) continue;
      links.push_back({leaf.value.head, events_[one.event].tx_id, events_[one.event].index});
    }
    heads.resize(links.size());
    proof::event_heads(links, heads);
    for (std::size_t i = 0; i < now.size(); ++i) {
      Leaf& leaf = leaves_[now[i].leaf & ~kLeaf];
      leaf.value.head = heads[i];
      ++leaf.value.count;
      leaf.linked = false;
    }
    waiting.swap(later);
    later.clear();
    now.clear();
    links.clear();
  }
  events_.clear();
}

/// Finds or makes the leaf and marks everything above it as changed.
SubjectTree::Ref SubjectTree::leaf_of(const Hash32& key) {
  Ref parent = kEmpty;
  Ref at = root_;
  std::size_t depth = 0;
  while (at != kEmpty && (at & kLeaf) == 0) {
    mark(depth, at);
    parent = at;
    at = nodes_[at].children[tree_side(key, depth)];
    ++depth;
  }
  if (at == kEmpty || leaves_[at & ~kLeaf].key != key) {
    const Ref leaf = add_leaf(key);
    const Ref top = at == kEmpty ? leaf : part(depth, at, leaf);
    (parent == kEmpty ? root_ : nodes_[parent].children[tree_side(key, depth - 1)]) = top;
    at = leaf;
  }
  Leaf& leaf = leaves_[at & ~kLeaf];
  if (!leaf.changed) changed_leaves_.push_back(at);
  leaf.changed = true;
  return at;
}

SubjectTree::Ref SubjectTree::add_leaf(const Hash32& key) {
  const Ref leaf = static_cast<Ref>(leaves_.size()) | kLeaf;
  leaves_.push_back({});
  leaves_.back().key = key;
  return leaf;
}

SubjectTree::Ref SubjectTree::part(std::size_t depth, Ref old_leaf, Ref new_leaf) {
  const Hash32 old_key = leaves_[old_leaf & ~kLeaf].key;
  const Hash32 new_key = leaves_[new_leaf & ~kLeaf].key;
  assert(old_key != new_key);
  const auto top = static_cast<Ref>(nodes_.size());
  while (true) {
    const auto here = static_cast<Ref>(nodes_.size());
    nodes_.push_back({});
    mark(depth, here);
    const std::size_t side = tree_side(new_key, depth);
    if (tree_side(old_key, depth) != side) {
      nodes_[here].children[side] = new_leaf;
      nodes_[here].children[1 - side] = old_leaf;
      return top;
    }
    nodes_[here].children[side] = here + 1;  // the next round makes it
    ++depth;
  }
}

void SubjectTree::mark(std::size_t depth, Ref node) {
  if (nodes_[node].changed) return;
  nodes_[node].changed = true;
  if (changed_nodes_.size() <= depth) changed_nodes_.resize(depth + 1);
  changed_nodes_[depth].push_back(node);
}

const Hash32& SubjectTree::hash_of(Ref ref) const {
  return (ref & kLeaf) != 0 ? leaves_[ref & ~kLeaf].hash : nodes_[ref].hash;
}

Hash32 SubjectTree::root() {
  take_events();
  std::vector<proof::MapLeaf> leaves;
  for (const Ref ref : changed_leaves_) {
    Leaf& leaf = leaves_[ref & ~kLeaf];
    leaf.changed = false;
    leaves.push_back({leaf.key, leaf.value});
  }
  std::vector<Hash32> hashes(leaves.size());
  proof::map_leaf_hashes(leaves, hashes);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    leaves_[changed_leaves_[i] & ~kLeaf].hash = hashes[i];
  }
  changed_leaves_.clear();
  std::vector<proof::NodePair> pairs;
  for (std::size_t depth = changed_nodes_.size(); depth-- > 0;) {
    std::vector<Ref>& level = changed_nodes_[depth];
    pairs.clear();
    for (const Ref ref : level) {
      Node& node = nodes_[ref];
      node.changed = false;
      pairs.push_back({&hash_of(node.children[0]), &hash_of(node.children[1])});
    }
    hashes.resize(pairs.size());
    proof::node_hashes(pairs, hashes);
    for (std::size_t i = 0; i < level.size(); ++i) nodes_[level[i]].hash = hashes[i];
    level.clear();
  }
  return hash_of(root_);
}

}  // namespace qc::chain
