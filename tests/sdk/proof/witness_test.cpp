// Co-signatures, and evidence that a host contradicts itself: what proves it and what does not.
#include "sdk/proof/witness.hpp"

#include <gtest/gtest.h>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/sdk/proof/merkle_model.hpp"

namespace qc::proof {
namespace {

using Leaves = std::vector<Hash32>;

Leaves leaves_of(std::size_t common, std::size_t size, const std::string& branch) {
  Leaves out;
  for (std::size_t i = 0; i < size; ++i) {
    out.push_back(leaf_hash(as_bytes((i < common ? "tx " : branch) + std::to_string(i))));
  }
  return out;
}

using model::root_of;

/// A host that has two ledgers, the same up to `common`.
struct Forked {
  crypto::PrivateKey host = crypto::PrivateKey::generate();
  std::size_t common = 0;

  std::string head(const std::string& branch, std::size_t size, std::int64_t time_ms) const {
    const Leaves leaves = leaves_of(common, size, branch);
    return sign_head({"net", size, root_of(leaves.data(), size), crypto::sm3("map"), time_ms},
                     host);
  }
  /// What the ledger of this branch proves of two sizes.
  HeadConflict conflict(const std::string& first, const std::string& second,
                        const std::string& branch, std::size_t from, std::size_t to) const {
    const Leaves leaves = leaves_of(common, to, branch);
    HeadConflict out{first, second, root_of(leaves.data(), from), {}};
    model::add_consistency(from, leaves.data(), to, true, out.path);
    return out;
  }
  Contradiction judged(const HeadConflict& conflict) const {
    const auto verdict = judge(conflict, host.public_key(), "net");
    EXPECT_TRUE(verdict.ok()) << verdict.error().code;
    return verdict.ok() ? verdict->contradiction : Contradiction::kNone;
  }
};

TEST(Witness, CosignsTheVeryPayload) {
  const Forked scene;
  const auto witness = crypto::PrivateKey::generate();
  const std::string head = scene.head("a", 3, 5);
  const std::string cosignature = cosign_head(head, witness).value();
  const auto opened = open_cosignature(cosignature, witness.public_key(), "net");
  ASSERT_TRUE(opened.ok()) << opened.error().code;
  EXPECT_TRUE(same_statement(*opened, open_head(head, scene.host.public_key(), "net").value()));
  EXPECT_EQ(crypto::jws_parse(cosignature)->payload, crypto::jws_parse(head)->payload);
  // Neither stands for the other.
  EXPECT_EQ(open_cosignature(head, scene.host.public_key(), "net").error().code, "head.invalid");
  EXPECT_EQ(open_head(cosignature, witness.public_key(), "net").error().code, "head.invalid");
  EXPECT_EQ(open_cosignature(cosignature, scene.host.public_key(), "net").error().code,
            "head.bad_signature");
  EXPECT_EQ(open_cosignature(cosignature, witness.public_key(), "other").error().code,
            "head.wrong_chain");
  EXPECT_EQ(cosign_head("garbage", witness).error().code, "head.invalid");
}

TEST(Witness, AForkIsProvenAtEverySize) {
  for (std::size_t common = 0; common < 9; ++common) {
    Forked scene;
    scene.common = common;
    for (std::size_t seen = common + 1; seen < 10; ++seen) {
      for (std::size_t shown = seen + 1; shown < 12; ++shown) {
        const auto conflict =
            scene.conflict(scene.head("a", seen, 1), scene.head("b", shown, 2), "b", seen, shown);
        EXPECT_EQ(scene.judged(conflict), Contradiction::kPrefix)
            << common << " " << seen << " " << shown;
        // Seen in the other order, it is the same fork.
        const HeadConflict turned{conflict.second, conflict.first, conflict.root, conflict.path};
        EXPECT_EQ(scene.judged(turned), Contradiction::kPrefix);
      }
    }
  }
}

TEST(Witness, AnHonestHostIsNeverFoundGuilty) {
  Forked scene;
  scene.common = 12;
  for (std::size_t seen = 1; seen < 10; ++seen) {
    for (std::size_t shown = seen; shown < 12; ++shown) {
      const auto conflict =
          scene.conflict(scene.head("a", seen, 1), scene.head("b", shown, 1), "a", seen, shown);
      EXPECT_EQ(scene.judged(conflict), Contradiction::kNone) << seen << " " << shown;
    }
  }
}

TEST(Witness, WhatTheHostDidNotSignProvesNothing) {
  Forked scene;
  scene.common = 2;
  const auto good = scene.conflict(scene.head("a", 5, 1), scene.head("b", 8, 2), "b", 5, 8);
  auto bad = good;
  bad.root = crypto::sm3("another root");
  EXPECT_EQ(scene.judged(bad), Contradiction::kNone);
  bad = good;
  bad.path.pop_back();
  EXPECT_EQ(scene.judged(bad), Contradiction::kNone);
  bad = good;
  bad.root.reset();
  EXPECT_EQ(scene.judged(bad), Contradiction::kNone);
  const Forked other;
  bad = good;
  bad.second = other.head("b", 8, 2);
  EXPECT_EQ(judge(bad, scene.host.public_key(), "net").error().code, "head.bad_signature");
  EXPECT_EQ(judge(good, scene.host.public_key(), "elsewhere").error().code, "head.wrong_chain");
}

TEST(Witness, OneSizeHasOneHead) {
  const Forked scene;
  const std::string a = scene.head("a", 4, 1);
  EXPECT_EQ(scene.judged({a, a, {}, {}}), Contradiction::kNone);
  EXPECT_EQ(scene.judged({a, scene.head("b", 4, 1), {}, {}}), Contradiction::kSameSize);
  EXPECT_EQ(scene.judged({a, scene.head("a", 4, 2), {}, {}}), Contradiction::kSameSize);
}

TEST(Witness, ALedgerDoesNotGrowShorterWithTime) {
  Forked scene;
  scene.common = 20;
  EXPECT_EQ(scene.judged({scene.head("a", 9, 10), scene.head("a", 7, 11), {}, {}}),
            Contradiction::kTime);
  EXPECT_EQ(scene.judged({scene.head("a", 9, 10), scene.head("a", 7, 9), {}, {}}),
            Contradiction::kNone);
}

TEST(Witness, EvidenceSurvivesAFile) {
  Forked scene;
  scene.common = 3;
  const auto conflict = scene.conflict(scene.head("a", 4, 1), scene.head("b", 9, 2), "b", 4, 9);
  const std::string text = to_json(conflict, scene.host.public_key(), "net").dump();
  const auto back = evidence_from_json(parse_json(text).value());
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->chain, "net");
  EXPECT_EQ(scene.judged(back->conflict), Contradiction::kPrefix);
  for (const char* name : {"v", "chain", "host_jwk", "first", "second", "root", "path"}) {
    Json less = parse_json(text).value();
    less.erase(name);
    EXPECT_EQ(evidence_from_json(less).error().code, "evidence.invalid") << name;
  }
}

}  // namespace
}  // namespace qc::proof
