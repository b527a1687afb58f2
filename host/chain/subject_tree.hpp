// The subject map (sdk/proof/subject_map.hpp) held in memory, for audits: 150 bytes a subject, and
// the hashes that a batch changes are computed together, level by level.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/proof/subject_map.hpp"

namespace qc::chain {

/// Thread contract: one thread.
class SubjectTree {
 public:
  SubjectTree();
  /// Notes one more event about the account.
  void add_event(std::string account, const Hash32& tx_id, std::uint64_t index);
  /// With all events so far.
  Hash32 root();
  /// As of the last root.
  std::size_t subjects() const { return leaves_.size(); }

 private:
  /// 0 is an empty subtree; kLeaf marks a place in leaves_, all others are places in nodes_.
  using Ref = std::uint32_t;
  static constexpr Ref kEmpty = 0;
  static constexpr Ref kLeaf = 1U << 31U;

  struct Leaf {
    Hash32 key{};
    proof::SubjectValue value;
    Hash32 hash{};
    bool changed = false;
    bool linked = false;  ///< in the round of take_events() in hand
  };
  struct Node {
    Hash32 hash{};
    Ref children[2] = {kEmpty, kEmpty};
    bool changed = false;
  };
  struct Event {
    std::string account;
    Hash32 tx_id;
    std::uint64_t index;
  };
  /// Links the events noted to their subjects'.
  void take_events();
  Ref leaf_of(const Hash32& key);
  Ref add_leaf(const Hash32& key);
  /// Puts inner nodes between `depth` and where two keys part; returns the topmost.
  Ref part(std::size_t depth, Ref old_leaf, Ref new_leaf);
  void mark(std::size_t depth, Ref node);
  const Hash32& hash_of(Ref ref) const;

  std::vector<Event> events_;  ///< since the last root
  std::vector<Leaf> leaves_;
  std::vector<Node> nodes_;  ///< place 0 stands for empty subtrees
  Ref root_ = kEmpty;
  std::vector<Ref> changed_leaves_;
  std::vector<std::vector<Ref>> changed_nodes_;  ///< by depth
};

}  // namespace qc::chain
