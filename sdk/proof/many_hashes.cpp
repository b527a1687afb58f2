#include "sdk/proof/many_hashes.hpp"

#include <cassert>

#include "sdk/crypto/sm3_public.hpp"

namespace qc::proof {
namespace {

using crypto::Sm3Input;

// RFC 9162 section 2.1.1: leaves and inner nodes are told apart by their first byte.
constexpr std::uint8_t kLeafByte = 0x00;
constexpr std::uint8_t kNodeByte = 0x01;
constexpr std::uint8_t kEventByte = 0x02;
constexpr ByteView kLeafPrefix(&kLeafByte, 1);
constexpr ByteView kNodePrefix(&kNodeByte, 1);
constexpr ByteView kEventPrefix(&kEventByte, 1);

using Count = std::array<std::uint8_t, 8>;

Count big_endian_count(std::uint64_t value) {
  Count out{};
  for (unsigned byte = 0; byte < 8; ++byte) {
    out[byte] = static_cast<std::uint8_t>(value >> (56 - 8 * byte));
  }
  return out;
}

}  // namespace

void text_hashes(std::span<const std::string_view> texts, std::span<Hash32> out) {
  std::vector<Sm3Input> inputs;
  inputs.reserve(texts.size());
  for (const std::string_view text : texts) {
    inputs.push_back({{as_bytes(text), {}, {}, {}}, nullptr});
  }
  crypto::sm3_public_many(inputs, out);
}

void leaf_hashes(std::span<const std::string_view> texts, std::span<Hash32> out) {
  std::vector<Sm3Input> inputs;
  inputs.reserve(texts.size());
  for (const std::string_view text : texts) {
    inputs.push_back({{kLeafPrefix, as_bytes(text), {}, {}}, nullptr});
  }
  crypto::sm3_public_many(inputs, out);
}

void node_hashes(std::span<const NodePair> pairs, std::span<Hash32> out) {
  std::vector<Sm3Input> inputs;
  inputs.reserve(pairs.size());
  for (const NodePair& pair : pairs) {
    inputs.push_back({{kNodePrefix, *pair.left, *pair.right, {}}, nullptr});
  }
  crypto::sm3_public_many(inputs, out);
}

std::vector<Hash32> parent_hashes(std::span<const Hash32> children) {
  assert(children.size() % 2 == 0);
  std::vector<NodePair> pairs;
  pairs.reserve(children.size() / 2);
  for (std::size_t i = 0; i < children.size(); i += 2) {
    pairs.push_back({&children[i], &children[i + 1]});
  }
  std::vector<Hash32> out(pairs.size());
  node_hashes(pairs, out);
  return out;
}

void map_leaf_hashes(std::span<const MapLeaf> leaves, std::span<Hash32> out) {
  std::vector<Count> counts(leaves.size());
  std::vector<Sm3Input> inputs;
  inputs.reserve(leaves.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const MapLeaf& leaf = leaves[i];
    counts[i] = big_endian_count(leaf.value.count);
    inputs.push_back({{kLeafPrefix, leaf.key, counts[i], leaf.value.head}, nullptr});
  }
  crypto::sm3_public_many(inputs, out);
}

void event_heads(std::span<const EventLink> links, std::span<Hash32> out) {
  std::vector<Count> indexes(links.size());
  std::vector<Sm3Input> inputs;
  inputs.reserve(links.size());
  for (std::size_t i = 0; i < links.size(); ++i) {
    indexes[i] = big_endian_count(links[i].index);
    inputs.push_back({{kEventPrefix, links[i].previous, links[i].tx_id, indexes[i]}, nullptr});
  }
  crypto::sm3_public_many(inputs, out);
}

}  // namespace qc::proof
