// Proofs of a naive map, built from its definition; presence and absence, and every tampering.
#include "sdk/proof/subject_map.hpp"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"

namespace qc::proof {
namespace {

using Map = std::map<Hash32, SubjectValue>;

bool bit(const Hash32& key, std::size_t depth) {
  return ((key[depth / 8] >> (7 - depth % 8)) & 1) != 0;
}

std::pair<Map, Map> split(const Map& map, std::size_t depth) {
  std::pair<Map, Map> out;
  for (const auto& [key, value] : map) (bit(key, depth) ? out.second : out.first)[key] = value;
  return out;
}

Hash32 root_of(const Map& map, std::size_t depth = 0) {
  if (map.empty()) return {};
  if (map.size() == 1) return map_leaf_hash(map.begin()->first, map.begin()->second);
  const auto [left, right] = split(map, depth);
  return map_node_hash(root_of(left, depth + 1), root_of(right, depth + 1));
}

MapProof prove(const Map& map, const Hash32& key, std::size_t depth = 0) {
  if (map.size() <= 1) {
    MapProof proof;
    if (map.size() == 1 && map.begin()->first != key) proof.other = *map.begin();
    return proof;
  }
  const auto [left, right] = split(map, depth);
  MapProof below = prove(bit(key, depth) ? right : left, key, depth + 1);
  below.siblings.insert(below.siblings.begin(), root_of(bit(key, depth) ? left : right, depth + 1));
  return below;
}

Map random_map(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  Map map;
  for (std::size_t i = 0; i < size; ++i) {
    map[subject_key("p-" + std::to_string(random()))] = {1 + random() % 9,
                                                         crypto::sm3(std::to_string(random()))};
  }
  return map;
}

TEST(SubjectMap, HashesAsDefined) {
  std::string leaf(1, '\0');
  const Hash32 key = subject_key("p-1");
  const Hash32 head = crypto::sm3("h");
  leaf.append(as_text(key)).append("\0\0\0\0\0\0\1\2", 8).append(as_text(head));
  EXPECT_EQ(map_leaf_hash(key, {258, head}), crypto::sm3(leaf));
  std::string event(1, '\2');
  event.append(as_text(head)).append(as_text(key)).append("\0\0\0\0\0\0\0\7", 8);
  EXPECT_EQ(next_event_head(head, key, 7), crypto::sm3(event));
  EXPECT_EQ(key, crypto::sm3("p-1"));
}

TEST(SubjectMap, ProvesPresenceAndAbsence) {
  for (const std::size_t size : {0UL, 1UL, 2UL, 3UL, 17UL, 100UL}) {
    const Map map = random_map(size, 7);
    const Hash32 root = root_of(map);
    for (const auto& [key, value] : map) {
      const MapProof proof = prove(map, key);
      ASSERT_TRUE(verify_map(root, key, value, proof).ok());
      ASSERT_FALSE(verify_map(root, key, std::nullopt, proof).ok());
      SubjectValue other = value;
      other.count += 1;
      ASSERT_FALSE(verify_map(root, key, other, proof).ok());
      other = value;
      other.head[31] ^= 1;
      ASSERT_FALSE(verify_map(root, key, other, proof).ok());
    }
    for (int i = 0; i < 50; ++i) {
      const Hash32 key = subject_key("absent " + std::to_string(i));
      const MapProof proof = prove(map, key);
      ASSERT_TRUE(verify_map(root, key, std::nullopt, proof).ok()) << size;
      ASSERT_FALSE(verify_map(root, key, SubjectValue{1, {}}, proof).ok());
    }
  }
}

TEST(SubjectMap, RefusesEveryTamperedProof) {
  const Map map = random_map(40, 11);
  const Hash32 root = root_of(map);
  for (const auto& [key, value] : map) {
    const MapProof good = prove(map, key);
    for (std::size_t i = 0; i < good.siblings.size(); ++i) {
      MapProof bad = good;
      bad.siblings[i][i % 32] ^= 4;
      ASSERT_EQ(verify_map(root, key, value, bad).error().code, "proof.map_mismatch");
      bad = good;
      bad.siblings.erase(bad.siblings.begin() + static_cast<std::ptrdiff_t>(i));
      ASSERT_FALSE(verify_map(root, key, value, bad).ok());
    }
    MapProof bad = good;
    bad.siblings.emplace_back();
    ASSERT_FALSE(verify_map(root, key, value, bad).ok());
    bad = good;
    bad.other = *map.begin();
    ASSERT_FALSE(verify_map(root, key, value, bad).ok());
  }
}

TEST(SubjectMap, AbsenceCannotBeShownWithAForeignBranch) {
  const Map map = random_map(40, 13);
  const Hash32 root = root_of(map);
  // The proof of one present key, offered as the absence of each other present key.
  for (const auto& [shown, shown_value] : map) {
    MapProof proof = prove(map, shown);
    proof.other.emplace(shown, shown_value);
    for (const auto& [key, value] : map) {
      ASSERT_FALSE(verify_map(root, key, std::nullopt, proof).ok());
    }
  }
  MapProof deep;
  deep.siblings.resize(257);
  EXPECT_FALSE(verify_map(root, subject_key("x"), std::nullopt, deep).ok());
}

TEST(SubjectMap, ProofsSurviveJson) {
  const Map map = random_map(20, 17);
  for (int i = 0; i < 20; ++i) {
    const MapProof proof = prove(map, subject_key(std::to_string(i)));
    const auto back = map_proof_from_json(parse_json(to_json(proof).dump()).value());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(to_json(*back), to_json(proof));
    EXPECT_EQ(back->other, proof.other);
  }
  for (const char* bad :
       {"{}", "[]", R"({"siblings":[]})", R"({"siblings":["00"],"other":null})",
        R"({"siblings":[1],"other":null})", R"({"siblings":[],"other":{}})",
        R"({"siblings":[],"other":null,"x":1})", R"({"siblings":{},"other":null})",
        R"({"siblings":[],"other":{"key":"","count":1,"head":""}})"}) {
    EXPECT_EQ(map_proof_from_json(parse_json(bad).value()).error().code, "proof.invalid") << bad;
  }
}

}  // namespace
}  // namespace qc::proof
