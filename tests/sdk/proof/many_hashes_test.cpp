// Hashing many gives what hashing one by one gives, whatever the number.
#include "sdk/proof/many_hashes.hpp"

#include <random>

#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/merkle.hpp"

namespace qc::proof {
namespace {

std::string text_of_length(std::size_t size, std::mt19937& random) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

TEST(ManyHashes, AreTheSingleOnes) {
  std::mt19937 random(3);
  for (const std::size_t count : {0U, 1U, 2U, 3U, 5U, 8U, 17U, 100U}) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(text_of_length(random() % 400, random));
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<Hash32> ids(count);
    std::vector<Hash32> leaves(count);
    text_hashes(views, ids);
    leaf_hashes(views, leaves);
    std::vector<NodePair> pairs;
    std::vector<MapLeaf> map_leaves;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(ids[i], crypto::sm3(texts[i]));
      EXPECT_EQ(leaves[i], leaf_hash(as_bytes(texts[i])));
      pairs.push_back({&ids[i], &leaves[i]});
      map_leaves.push_back({ids[i], {(std::uint64_t{random()} << 32U) + i, leaves[i]}});
    }
    std::vector<Hash32> nodes(count);
    std::vector<Hash32> map_hashes(count);
    node_hashes(pairs, nodes);
    map_leaf_hashes(map_leaves, map_hashes);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(nodes[i], node_hash(ids[i], leaves[i]));
      EXPECT_EQ(nodes[i], map_node_hash(ids[i], leaves[i]));
      EXPECT_EQ(map_hashes[i], map_leaf_hash(map_leaves[i].key, map_leaves[i].value));
    }
    if (count % 2 == 0) {
      const std::vector<Hash32> parents = parent_hashes(ids);
      ASSERT_EQ(parents.size(), count / 2);
      for (std::size_t i = 0; i < parents.size(); ++i) {
        EXPECT_EQ(parents[i], node_hash(ids[2 * i], ids[2 * i + 1]));
      }
    }
  }
}

}  // namespace
}  // namespace qc::proof
