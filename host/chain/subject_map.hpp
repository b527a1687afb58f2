// The subject map in the store: batch updates and proofs. Hashing: sdk/proof/subject_map.hpp.
//
// Nodes lie in tiles: one row holds a node of a depth divisible by three with its children and
// theirs. A batch comes to two or three rows for each subject instead of to one for each level;
// larger tiles would rewrite more bytes of neighbours than they save rows.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/chain/kv_store.hpp"
#include "sdk/proof/subject_map.hpp"

namespace qc::chain {

/// A node as stored: a leaf with key and value, or the hashes of two children.
struct MapNode {
  bool there = false;
  bool leaf = false;
  Hash32 left{};   ///< inner: left child; leaf: key
  Hash32 right{};  ///< inner: right child; leaf: event head
  std::uint64_t count = 0;
};

struct MapTile {
  static constexpr std::size_t kLevels = 3;
  std::array<MapNode, (1U << kLevels) - 1> nodes{};  ///< level by level
};

/// Updates of one batch above the stored map, which is not touched: dropping the object undoes
/// them. Thread contract: one thread; the store must not change meanwhile.
class SubjectMapUpdate {
 public:
  explicit SubjectMapUpdate(const KvReader& store) : store_(store) {}
  /// Sets all values and returns the new root. Call once. `values` is not empty.
  /// Error: "ledger.corrupt".
  Result<Hash32> apply(const std::map<Hash32, proof::SubjectValue>& values);
  /// Moves the rows out. Call once.
  void write_to(KvBatch& batch);

 private:
  using Values = std::map<Hash32, proof::SubjectValue>;
  struct Range {
    Values::const_iterator begin;
    Values::const_iterator end;
  };
  /// A node on the way to a value that is set. `children`: those on the way too, by number.
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Touched {
    std::size_t depth;
    MapNode* node;  ///< in its tile
    std::array<std::size_t, 2> children{kNone, kNone};
  };
  struct Row {
    std::string key;
    MapTile tile;
  };
  /// Where update() is: below a node that this batch has just made nothing is stored.
  struct Place {
    std::size_t depth;
    Row* row;
    bool may_exist;
  };
  /// A tile that is come to, and whose child its topmost node is.
  struct Below {
    std::size_t depth;
    bool may_exist;
    std::size_t parent;  ///< kNone: the root
    std::size_t side;
    Range range;
  };
  /// Each adds what it touches in its tile, leaves the tiles below to `next_` and returns the
  /// number of the topmost. A place is come to once.
  std::size_t update(const Place& place, Range range);
  std::size_t merge_leaf(const Place& place, Range range, const MapNode& leaf);
  std::size_t descend(const Place& place, Range range, const MapNode& existing);
  void go_down(std::size_t parent, std::size_t side, const Place& child, Range range);
  /// Rows of tiles of one depth, read together.
  Result<std::vector<Row*>> open_rows(const std::vector<Below>& tiles);
  std::size_t touch(const Place& place, const Hash32& key, const MapNode& node);
  /// Hashes of all, from the leaves up, a level at once; returns that of number `root`.
  Hash32 hash_up(std::size_t root);

  const KvReader& store_;
  std::vector<Touched> touched_;
  std::vector<Below> next_;
  std::deque<Values> merged_;  ///< that ranges point into
  std::deque<Row> rows_;
};

struct MapLookup {
  std::optional<proof::SubjectValue> value;
  proof::MapProof proof;
};
/// Value of `key`, or its absence, with the proof. Error: "ledger.corrupt".
Result<MapLookup> map_lookup(const KvReader& store, const Hash32& key);

}  // namespace qc::chain
