// A subject's list of events holds against the signed map, and no other list does.
#include "sdk/proof/completeness.hpp"

#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"

namespace qc::proof {
namespace {

constexpr const char* kNet = "qc-test";

/// A map of two subjects whose keys part at the first bit, so that a proof is one sibling.
struct TwoSubjects {
  TwoSubjects() {
    std::string other;
    for (int i = 0;; ++i) {
      other = "p-" + std::to_string(i);
      if (((subject_key(other)[0] ^ subject_key(account)[0]) & 0x80U) != 0) break;
    }
    SubjectValue value;
    for (std::uint64_t i = 0; i < 5; ++i) {
      const Hash32 tx = crypto::sm3("tx " + std::to_string(i));
      value.head = next_event_head(value.head, tx, 10 + 3 * i);
      ++value.count;
      events.push_back({{"index", 10 + 3 * i}, {"tx", to_hex(tx)}});
    }
    const Hash32 mine = map_leaf_hash(subject_key(account), value);
    const Hash32 theirs = map_leaf_hash(subject_key(other), {1, crypto::sm3("x")});
    const bool right = (subject_key(account)[0] & 0x80U) != 0;
    TreeHead head{
        kNet, 100, {}, right ? map_node_hash(theirs, mine) : map_node_hash(mine, theirs), 1};
    MapProof proof;
    proof.siblings = {theirs};
    answer = {{"account", account}, {"count", value.count},    {"head_hash", to_hex(value.head)},
              {"events", events},   {"proof", to_json(proof)}, {"head", sign_head(head, host)}};
  }
  /// As a host that leaves events out would say it.
  Json lying(const Json& shown) const {
    SubjectValue value;
    for (const Json& event : shown) {
      value.head =
          next_event_head(value.head, hash_from_hex(event.at("tx").get<std::string>()).value(),
                          event.at("index").get<std::uint64_t>());
      ++value.count;
    }
    Json out = answer;
    out["events"] = shown;
    out["count"] = value.count;
    out["head_hash"] = to_hex(value.head);
    return out;
  }
  std::string verdict(const Json& json) const {
    const auto read = completeness_from_json(json);
    if (!read) return read.error().code;
    const auto head = verify_completeness(*read, host.public_key(), kNet);
    return head ? "complete up to " + std::to_string(head->size) : head.error().code;
  }

  const std::string account = "p-0123456789abcdef0123456789abcdef";
  const crypto::PrivateKey host = crypto::PrivateKey::generate();
  Json events = Json::array();
  Json answer;
};

TEST(Completeness, HoldsForTheWholeListAlone) {
  const TwoSubjects two;
  EXPECT_EQ(two.verdict(two.answer), "complete up to 100");
  for (std::size_t left_out = 0; left_out < two.events.size(); ++left_out) {
    Json fewer = two.events;
    fewer.erase(left_out);
    EXPECT_EQ(two.verdict(two.lying(fewer)), "proof.incomplete");
  }
  EXPECT_EQ(two.verdict(two.lying(Json::array())), "proof.incomplete");
  Json swapped = two.events;
  std::swap(swapped[1], swapped[2]);
  EXPECT_EQ(two.verdict(two.lying(swapped)), "proof.incomplete");
  Json beyond = two.events;
  beyond[4]["index"] = 100;
  EXPECT_EQ(two.verdict(two.lying(beyond)), "proof.incomplete");
  Json other = two.answer;
  other["account"] = "p-ffffffffffffffffffffffffffffffff";
  EXPECT_EQ(two.verdict(other), "proof.incomplete");
}

TEST(Completeness, ReadsOnlyWhatIsWellFormed) {
  const TwoSubjects two;
  for (const char* member : {"account", "count", "head_hash", "events", "proof", "head"}) {
    Json bad = two.answer;
    bad.erase(member);
    EXPECT_EQ(two.verdict(bad), "proof.invalid") << member;
    bad[member] = nullptr;
    EXPECT_EQ(two.verdict(bad), "proof.invalid") << member;
  }
  Json bad = two.answer;
  bad["count"] = 4;
  EXPECT_EQ(two.verdict(bad), "proof.invalid");
  bad = two.answer;
  bad["head_hash"] = std::string(64, '0');
  EXPECT_EQ(two.verdict(bad), "proof.invalid");
  bad = two.answer;
  bad["events"][0]["tx"] = "ff";
  EXPECT_EQ(two.verdict(bad), "proof.invalid");
  bad = two.answer;
  bad["head"] = sign_head({kNet, 100, {}, {}, 1}, crypto::PrivateKey::generate());
  EXPECT_EQ(two.verdict(bad), "head.bad_signature");
}

}  // namespace
}  // namespace qc::proof
