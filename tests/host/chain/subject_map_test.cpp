// Stored subject map against a naive rebuild from its definition, under random batches.
#include "host/chain/subject_map.hpp"

#include <random>

#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"

namespace qc::chain::test {
namespace {

using Map = std::map<Hash32, proof::SubjectValue>;

Hash32 naive_root(const Map& map, std::size_t depth = 0) {
  if (map.empty()) return {};
  if (map.size() == 1) return proof::map_leaf_hash(map.begin()->first, map.begin()->second);
  Map left;
  Map right;
  for (const auto& [key, value] : map) {
    const bool one = ((key[depth / 8] >> (7 - depth % 8)) & 1) != 0;
    (one ? right : left)[key] = value;
  }
  return proof::map_node_hash(naive_root(left, depth + 1), naive_root(right, depth + 1));
}

Hash32 apply_to(KvStore& store, const Map& values) {
  SubjectMapUpdate update(store);
  const auto root = update.apply(values);
  EXPECT_TRUE(root.ok());
  KvBatch batch;
  update.write_to(batch);
  EXPECT_TRUE(store.write(batch).ok());
  return *root;
}

/// Keys that share long prefixes, so that deep paths occur.
Hash32 crowded_key(std::mt19937& random) {
  Hash32 key{};
  key[3] = static_cast<std::uint8_t>(random() % 4);
  key[31] = static_cast<std::uint8_t>(random() % 16);
  return key;
}

void run(std::uint32_t seed, bool crowded) {
  std::mt19937 random(seed);
  const auto store = open_memory();
  Map all;
  Hash32 root{};
  for (int round = 0; round < 40; ++round) {
    Map batch;
    const std::size_t size = 1 + random() % 12;
    while (batch.size() < size) {
      const Hash32 key =
          crowded ? crowded_key(random) : proof::subject_key("p-" + std::to_string(random() % 300));
      batch[key] = {random(), crypto::sm3(std::to_string(random()))};
    }
    for (const auto& [key, value] : batch) all[key] = value;
    root = apply_to(*store, batch);
    ASSERT_EQ(root, naive_root(all)) << "round " << round;
  }
  for (const auto& [key, value] : all) {
    const auto found = map_lookup(*store, key);
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->value, value);
    ASSERT_TRUE(proof::verify_map(root, key, value, found->proof).ok());
  }
  for (int i = 0; i < 200; ++i) {
    Hash32 key = proof::subject_key("absent " + std::to_string(i));
    if (crowded) {
      key = crowded_key(random);
      key[30] = 1;
    }
    const auto found = map_lookup(*store, key);
    ASSERT_TRUE(found.ok());
    ASSERT_FALSE(found->value.has_value());
    ASSERT_TRUE(proof::verify_map(root, key, std::nullopt, found->proof).ok());
  }
}

TEST(StoredSubjectMap, EqualsANaiveRebuild) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) run(seed, false);
}

TEST(StoredSubjectMap, EqualsANaiveRebuildOnCrowdedKeys) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) run(seed, true);
}

TEST(StoredSubjectMap, TwoKeysThatDifferInTheLastBit) {
  const auto store = open_memory();
  Hash32 a{};
  Hash32 b{};
  b[31] = 1;
  const Map both = {{a, {1, {}}}, {b, {2, {}}}};
  apply_to(*store, Map{{a, {1, {}}}});
  const Hash32 root = apply_to(*store, Map{{b, {2, {}}}});
  EXPECT_EQ(root, naive_root(both));
  for (const auto& [key, value] : both) {
    const auto found = map_lookup(*store, key);
    EXPECT_EQ(found->proof.siblings.size(), 256U);
    EXPECT_TRUE(proof::verify_map(root, key, value, found->proof).ok());
  }
}

TEST(StoredSubjectMap, SaysWhenANodeIsDamaged) {
  const auto store = open_memory();
  apply_to(*store, Map{{proof::subject_key("a"), {1, {}}}, {proof::subject_key("b"), {1, {}}}});
  ASSERT_TRUE(store->write({{std::string("m\0", 2), "rubbish"}}).ok());
  EXPECT_EQ(map_lookup(*store, proof::subject_key("a")).error().code, "ledger.corrupt");
  SubjectMapUpdate update(*store);
  EXPECT_EQ(update.apply(Map{{proof::subject_key("c"), {1, {}}}}).error().code, "ledger.corrupt");
}

}  // namespace
}  // namespace qc::chain::test
