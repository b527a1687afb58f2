#include "host/chain/subject_map.hpp"

#include <cassert>
#include <iterator>
#include <utility>

#include "host/chain/keys.hpp"
#include "sdk/proof/many_hashes.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kBits = 256;

bool bit(const Hash32& key, std::size_t depth) {
  return ((key[depth / 8] >> (7U - depth % 8)) & 1U) != 0;
}

/// Row of the tile whose first node is at `depth` bits of `key`.
std::string row_key(std::size_t depth, const Hash32& key) {
  const std::size_t whole = depth / 8;
  std::string out;
  out.reserve(3 + whole);
  out.push_back('m');
  out.push_back(static_cast<char>(depth));
  out.append(as_text(ByteView(key).first(whole)));
  if (depth % 8 != 0) {
    out.push_back(static_cast<char>(key[whole] & (0xFF00U >> (depth % 8)) & 0xFFU));
  }
  return out;
}

/// Place of the node at `depth` bits of `key` in its tile.
std::size_t slot_of(std::size_t depth, const Hash32& key) {
  const std::size_t level = depth % MapTile::kLevels;
  std::size_t slot = (std::size_t{1} << level) - 1;
  for (std::size_t i = 0; i < level; ++i) {
    slot += (bit(key, depth - 1 - i) ? std::size_t{1} : std::size_t{0}) << i;
  }
  return slot;
}

constexpr std::uint8_t kLeafMark = 0x80;

/// Each node: its place, marked where it is a leaf; two hashes; a leaf's count.
std::string encode_tile(const MapTile& tile) {
  std::string out;
  out.reserve(tile.nodes.size() * (1 + 2 * sizeof(Hash32)));
  for (std::size_t slot = 0; slot < tile.nodes.size(); ++slot) {
    const MapNode& node = tile.nodes[slot];
    if (!node.there) continue;
    out.push_back(static_cast<char>(slot | (node.leaf ? kLeafMark : 0U)));
    put_hash(out, node.left);
    put_hash(out, node.right);
    if (node.leaf) put_u64(out, node.count);
  }
  return out;
}

Result<MapTile> decode_tile(std::string_view bytes) {
  FieldReader reader(bytes);
  MapTile tile;
  bool good = !bytes.empty();
  while (good && reader.left() != 0) {
    const auto mark = static_cast<std::uint8_t>(reader.bytes(1).front());
    const std::size_t slot = mark & ~kLeafMark & 0xFFU;
    good = slot < tile.nodes.size() && !tile.nodes[slot].there;
    if (!good) break;
    MapNode& node = tile.nodes[slot];
    node.there = true;
    node.leaf = (mark & kLeafMark) != 0;
    node.left = reader.hash();
    node.right = reader.hash();
    if (node.leaf) node.count = reader.u64();
    good = reader.ok();
  }
  if (good) return tile;
  return internal("ledger.corrupt",
                  "a row of the subject map is damaged; remove the folder state/ to rebuild it");
}

proof::SubjectValue value_of(const MapNode& leaf) { return {leaf.count, leaf.right}; }

}  // namespace

std::size_t SubjectMapUpdate::touch(const Place& place, const Hash32& key, const MapNode& node) {
  MapNode& here = place.row->tile.nodes[slot_of(place.depth, key)];
  here = node;
  here.there = true;
  touched_.push_back({place.depth, &here});
  return touched_.size() - 1;
}

Result<Hash32> SubjectMapUpdate::apply(const Values& values) {
  assert(!values.empty() && touched_.empty());
  std::size_t root = kNone;
  next_.push_back({0, true, kNone, 0, {values.begin(), values.end()}});
  while (!next_.empty()) {
    const std::vector<Below> tiles = std::exchange(next_, {});
    QC_ASSIGN(const std::vector<Row*> rows, open_rows(tiles));
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      const Below& tile = tiles[i];
      const std::size_t topmost = update({tile.depth, rows[i], tile.may_exist}, tile.range);
      (tile.parent == kNone ? root : touched_[tile.parent].children[tile.side]) = topmost;
    }
  }
  return hash_up(root);
}

Result<std::vector<SubjectMapUpdate::Row*>> SubjectMapUpdate::open_rows(
    const std::vector<Below>& tiles) {
  std::vector<Row*> out;
  out.reserve(tiles.size());
  std::vector<std::string_view> stored;
  std::vector<Row*> read;
  for (const Below& tile : tiles) {
    Row& row = rows_.emplace_back(Row{row_key(tile.depth, tile.range.begin->first), {}});
    out.push_back(&row);
    if (!tile.may_exist) continue;
    stored.push_back(row.key);
    read.push_back(&row);
  }
  const auto found = store_.get_many(stored);
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (!found[i]) continue;
    QC_ASSIGN(read[i]->tile, decode_tile(*found[i]));
  }
  return out;
}

std::size_t SubjectMapUpdate::update(const Place& place, Range range) {
  const Hash32& first = range.begin->first;
  // A copy: what is touched is written where it lies.
  const MapNode node = place.row->tile.nodes[slot_of(place.depth, first)];
  if (place.may_exist && node.there) {
    return node.leaf ? merge_leaf(place, range, node) : descend(place, range, node);
  }
  if (std::next(range.begin) == range.end) {
    const auto& [key, value] = *range.begin;
    return touch(place, key, {true, true, key, value.head, value.count});
  }
  return descend(place, range, {});
}

/// The subtree held one key. Either that key alone is updated, or it moves down beside the new.
std::size_t SubjectMapUpdate::merge_leaf(const Place& place, Range range, const MapNode& leaf) {
  place.row->tile.nodes[slot_of(place.depth, leaf.left)] = {};
  if (std::next(range.begin) == range.end && range.begin->first == leaf.left) {
    const auto& [key, value] = *range.begin;
    return touch(place, key, {true, true, key, value.head, value.count});
  }
  Values& merged = merged_.emplace_back(range.begin, range.end);
  merged.emplace(leaf.left, value_of(leaf));
  return descend({place.depth, place.row, false}, {merged.begin(), merged.end()}, {});
}

std::size_t SubjectMapUpdate::descend(const Place& place, Range range, const MapNode& existing) {
  assert(place.depth < kBits);
  auto middle = range.begin;
  while (middle != range.end && !bit(middle->first, place.depth)) ++middle;
  const std::size_t here = touch(place, range.begin->first, existing);
  // An empty child of a stored node is not stored either.
  const auto child = [&](const Hash32& hash) {
    return Place{place.depth + 1, place.row, place.may_exist && hash != Hash32{}};
  };
  if (middle != range.begin) go_down(here, 0, child(existing.left), {range.begin, middle});
  if (middle != range.end) go_down(here, 1, child(existing.right), {middle, range.end});
  return here;
}

void SubjectMapUpdate::go_down(std::size_t parent, std::size_t side, const Place& child,
                               Range range) {
  if (child.depth % MapTile::kLevels == 0) {
    next_.push_back({child.depth, child.may_exist, parent, side, range});
    return;
  }
  const std::size_t topmost = update(child, range);
  touched_[parent].children[side] = topmost;
}

Hash32 SubjectMapUpdate::hash_up(std::size_t root) {
  std::vector<Hash32> hashes(touched_.size());
  std::vector<proof::MapLeaf> leaves;
  std::vector<std::size_t> places;
  std::vector<std::vector<std::size_t>> levels;
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    const Touched& one = touched_[i];
    if (one.node->leaf) {
      leaves.push_back({one.node->left, value_of(*one.node)});
      places.push_back(i);
      continue;
    }
    if (levels.size() <= one.depth) levels.resize(one.depth + 1);
    levels[one.depth].push_back(i);
  }
  std::vector<Hash32> some(leaves.size());
  proof::map_leaf_hashes(leaves, some);
  for (std::size_t i = 0; i < places.size(); ++i) hashes[places[i]] = some[i];
  std::vector<proof::NodePair> pairs;
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    pairs.clear();
    for (const std::size_t i : *level) {
      const Touched& one = touched_[i];
      if (one.children[0] != kNone) one.node->left = hashes[one.children[0]];
      if (one.children[1] != kNone) one.node->right = hashes[one.children[1]];
      pairs.push_back({&one.node->left, &one.node->right});
    }
    some.resize(pairs.size());
    proof::node_hashes(pairs, some);
    for (std::size_t i = 0; i < level->size(); ++i) hashes[(*level)[i]] = some[i];
  }
  return hashes[root];
}

void SubjectMapUpdate::write_to(KvBatch& batch) {
  for (Row& row : rows_) batch.emplace_back(std::move(row.key), encode_tile(row.tile));
  rows_.clear();
  merged_.clear();
  touched_.clear();
}

Result<MapLookup> map_lookup(const KvReader& store, const Hash32& key) {
  MapLookup found;
  MapTile tile;
  for (std::size_t depth = 0; depth <= kBits; ++depth) {
    if (depth % MapTile::kLevels == 0) {
      const auto bytes = store.get(row_key(depth, key));
      if (!bytes) return found;
      QC_ASSIGN(tile, decode_tile(*bytes));
    }
    const MapNode& node = tile.nodes[slot_of(depth, key)];
    if (!node.there) return found;
    if (node.leaf) {
      if (node.left == key) {
        found.value = value_of(node);
      } else {
        found.proof.other.emplace(node.left, value_of(node));
      }
      return found;
    }
    found.proof.siblings.push_back(bit(key, depth) ? node.left : node.right);
  }
  return internal("ledger.corrupt", "the subject map is deeper than its keys");
}

}  // namespace qc::chain
