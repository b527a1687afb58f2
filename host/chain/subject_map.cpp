#include "host/chain/subject_map.hpp"

#include <cassert>
#include <iterator>

#include "host/chain/keys.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kBits = 256;

bool bit(const Hash32& key, std::size_t depth) {
  return ((key[depth / 8] >> (7U - depth % 8)) & 1U) != 0;
}

/// Row of the node at `depth` bits of `key`.
std::string row_key(std::size_t depth, const Hash32& key) {
  std::string out = "m";
  out.push_back(static_cast<char>(depth));
  const std::size_t whole = depth / 8;
  out.append(as_text(ByteView(key).first(whole)));
  if (depth % 8 != 0) {
    out.push_back(static_cast<char>(key[whole] & (0xFF00U >> (depth % 8)) & 0xFFU));
  }
  return out;
}

std::string encode_node(const MapNode& node) {
  std::string out(1, node.leaf ? '\0' : '\1');
  put_hash(out, node.left);
  put_hash(out, node.right);
  if (node.leaf) put_u64(out, node.count);
  return out;
}

Result<MapNode> decode_node(std::string_view bytes) {
  FieldReader reader(bytes);
  const std::string_view kind = reader.bytes(1);
  MapNode node;
  node.leaf = kind == std::string_view("\0", 1);
  node.left = reader.hash();
  node.right = reader.hash();
  if (node.leaf) node.count = reader.u64();
  if (!reader.ok() || reader.left() != 0 || (!node.leaf && kind != "\1")) {
    return internal("ledger.corrupt",
                    "a node of the subject map is damaged; remove the folder state/ to rebuild it");
  }
  return node;
}

proof::SubjectValue value_of(const MapNode& leaf) { return {leaf.count, leaf.right}; }

}  // namespace

void SubjectMapUpdate::put(std::size_t depth, const Hash32& key, const MapNode& node) {
  rows_.emplace_back(row_key(depth, key), encode_node(node));
}

Result<Hash32> SubjectMapUpdate::apply(const Values& values) {
  assert(!values.empty() && rows_.empty());
  return update(0, {values.begin(), values.end()}, true);
}

/// `may_exist` is false below a node that this batch has just made: nothing is stored there.
Result<Hash32> SubjectMapUpdate::update(std::size_t depth, Range range, bool may_exist) {
  if (may_exist) {
    if (const auto bytes = store_.get(row_key(depth, range.begin->first))) {
      QC_ASSIGN(const MapNode node, decode_node(*bytes));
      if (node.leaf) return merge_leaf(depth, range, node);
      return descend(depth, range, &node);
    }
  }
  if (std::next(range.begin) == range.end) {
    const auto& [key, value] = *range.begin;
    put(depth, key, {true, key, value.head, value.count});
    return proof::map_leaf_hash(key, value);
  }
  return descend(depth, range, nullptr);
}

/// The subtree held one key. Either that key alone is updated, or it moves down beside the new.
Result<Hash32> SubjectMapUpdate::merge_leaf(std::size_t depth, Range range, const MapNode& leaf) {
  Values merged(range.begin, range.end);
  merged.emplace(leaf.left, value_of(leaf));
  return update(depth, {merged.begin(), merged.end()}, false);
}

Result<Hash32> SubjectMapUpdate::descend(std::size_t depth, Range range, const MapNode* existing) {
  assert(depth < kBits);
  auto middle = range.begin;
  while (middle != range.end && !bit(middle->first, depth)) ++middle;
  MapNode node;
  if (existing != nullptr) node = *existing;
  // An empty child of a stored node has no row either.
  if (middle != range.begin) {
    const bool stored = existing != nullptr && node.left != Hash32{};
    QC_ASSIGN(node.left, update(depth + 1, {range.begin, middle}, stored));
  }
  if (middle != range.end) {
    const bool stored = existing != nullptr && node.right != Hash32{};
    QC_ASSIGN(node.right, update(depth + 1, {middle, range.end}, stored));
  }
  put(depth, range.begin->first, node);
  return proof::map_node_hash(node.left, node.right);
}

void SubjectMapUpdate::write_to(KvBatch& batch) {
  batch.insert(batch.end(), std::make_move_iterator(rows_.begin()),
               std::make_move_iterator(rows_.end()));
  rows_.clear();
}

Result<MapLookup> map_lookup(const KvReader& store, const Hash32& key) {
  MapLookup found;
  for (std::size_t depth = 0; depth <= kBits; ++depth) {
    const auto bytes = store.get(row_key(depth, key));
    if (!bytes) return found;
    QC_ASSIGN(const MapNode node, decode_node(*bytes));
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
