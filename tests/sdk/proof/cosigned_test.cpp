// What witnesses' co-signatures are worth for a receipt: which count, which do not, and why.
#include "sdk/proof/cosigned.hpp"

#include <gtest/gtest.h>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/sdk/proof/merkle_model.hpp"

namespace qc::proof {
namespace {

std::string text_at(std::size_t i, std::size_t common) {
  return (i < common ? "tx " : "other ") + std::to_string(i);
}

/// A host with a ledger of 20 transactions and, from `common` on, another one.
class Cosigned : public testing::Test {
 protected:
  static std::vector<Hash32> leaves(std::size_t common = 20) {
    std::vector<Hash32> out;
    for (std::size_t i = 0; i < 20; ++i) out.push_back(leaf_hash(as_bytes(text_at(i, common))));
    return out;
  }
  std::string head(std::size_t size, std::size_t common = 20) const {
    return sign_head({"net", size, model::root_of(leaves(common).data(), size), crypto::sm3("map"),
                      static_cast<std::int64_t>(size)},
                     host);
  }
  CosignedHead by(const crypto::PrivateKey& key, const std::string& jws) const {
    return {*cosign_head(jws, key), jws};
  }
  void add_proof(std::size_t from, std::size_t to, std::size_t common = 20) {
    const auto all = leaves(common);
    Consistency said{from, to, model::root_of(all.data(), from), {}};
    model::add_consistency(from, all.data(), to, true, said.path);
    evidence.consistency.push_back(said);
  }
  Receipt receipt(std::size_t index, std::size_t size) const {
    const auto all = leaves();
    Receipt out{to_hex(crypto::sm3(text_at(index, 20))), index, size, {}, head(size)};
    model::add_inclusion(index, all.data(), size, out.path);
    EXPECT_TRUE(verify_receipt(text_at(index, 20), out, host.public_key(), "net").ok());
    return out;
  }
  WitnessedReceipt weigh(const Receipt& of) const {
    const auto out = weigh_witnesses(of, evidence, host.public_key(), "net");
    EXPECT_TRUE(out.ok()) << out.error().code;
    return out.ok() ? *out : WitnessedReceipt{};
  }
  /// Of the only co-signature.
  std::string code(const Receipt& of) const { return weigh(of).words.at(0).code; }

  crypto::PrivateKey host = crypto::PrivateKey::generate();
  crypto::PrivateKey ga = crypto::PrivateKey::generate();
  crypto::PrivateKey rs = crypto::PrivateKey::generate();
  WitnessEvidence evidence{{{"ga", ga.public_key()}, {"rs", rs.public_key()}}, {}, {}};
};

TEST_F(Cosigned, TheReceiptsOwnHeadNeedsNoProof) {
  evidence.heads = {by(ga, head(9)), by(rs, head(9))};
  const auto weighed = weigh(receipt(4, 9));
  EXPECT_EQ(weighed.witnesses, (std::set<std::string>{"ga", "rs"}));
  EXPECT_FALSE(weighed.fork);
  EXPECT_EQ(weighed.words.at(1).witness, "rs");
  EXPECT_EQ(weighed.words.at(1).size, 9U);
}

TEST_F(Cosigned, ALaterOrEarlierHeadCountsByItsProof) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t cosigned = 1; cosigned < 20; ++cosigned) {
      if (cosigned == size) continue;
      evidence.heads = {by(ga, head(cosigned))};
      evidence.consistency.clear();
      const std::size_t index = (size - 1) / 2;
      const bool early = cosigned <= index;
      EXPECT_EQ(code(receipt(index, size)), early ? "verify.earlier_head" : "verify.unproven");
      add_proof(std::min(size, cosigned), std::max(size, cosigned));
      EXPECT_EQ(code(receipt(index, size)), early ? "verify.earlier_head" : "")
          << size << " " << cosigned;
      evidence.consistency.back().path.push_back(crypto::sm3("one too many"));
      EXPECT_EQ(code(receipt(index, size)), early ? "verify.earlier_head" : "proof.inconsistent");
      EXPECT_FALSE(weigh(receipt(index, size)).fork);
    }
  }
}

TEST_F(Cosigned, OneMemberCountsOnceWithTwoKeysAndManyHeads) {
  evidence.trusted = {{"ga", ga.public_key()}, {"ga", rs.public_key()}};
  evidence.heads = {by(ga, head(9)), by(rs, head(9)), by(ga, head(9))};
  EXPECT_EQ(weigh(receipt(4, 9)).witnesses.size(), 1U);
}

TEST_F(Cosigned, AForgedOneDoesNotCount) {
  // Signed with a key of the forger's and said to be ga's.
  const auto forger = crypto::PrivateKey::generate();
  const std::string theirs = *cosign_head(head(9), forger);
  const std::string real = *cosign_head(head(9), ga);
  const std::string forged = real.substr(0, real.rfind('.')) + theirs.substr(theirs.rfind('.'));
  evidence.heads = {{forged, head(9)}};
  EXPECT_EQ(code(receipt(4, 9)), "head.bad_signature");
  evidence.heads = {{theirs, head(9)}};
  EXPECT_EQ(code(receipt(4, 9)), "verify.unknown_key");
  EXPECT_EQ(weigh(receipt(4, 9)).words.at(0).witness, "");
  // The host's own signature does not stand for a witness's, nor the other way.
  evidence.trusted.push_back({"host", host.public_key()});
  evidence.heads = {{head(9), head(9)}};
  EXPECT_EQ(code(receipt(4, 9)), "head.invalid");
  evidence.heads = {{real, real}};
  EXPECT_EQ(code(receipt(4, 9)), "head.invalid");
  evidence.heads = {{"garbage", head(9)}};
  EXPECT_EQ(code(receipt(4, 9)), "head.invalid");
  EXPECT_TRUE(weigh(receipt(4, 9)).witnesses.empty());
}

TEST_F(Cosigned, OfAnotherHeadNetworkOrHostItDoesNotCount) {
  add_proof(7, 9);
  evidence.heads = {{*cosign_head(head(7), ga), head(9)}};
  EXPECT_EQ(code(receipt(4, 9)), "verify.wrong_head");
  const auto other_host = crypto::PrivateKey::generate();
  const TreeHead same = open_head(head(9), host.public_key(), "net").value();
  evidence.heads = {by(ga, sign_head(same, other_host))};
  EXPECT_EQ(code(receipt(4, 9)), "head.bad_signature");
  TreeHead elsewhere = same;
  elsewhere.chain = "elsewhere";
  evidence.heads = {by(ga, sign_head(elsewhere, host))};
  EXPECT_EQ(code(receipt(4, 9)), "head.wrong_chain");
}

TEST_F(Cosigned, AForkIsFoundAndProven) {
  // The host shows ga a ledger that is another one from the sixth transaction on.
  for (const std::size_t size : {7U, 9U, 12U}) {
    evidence.consistency.clear();
    add_proof(std::min<std::size_t>(size, 9), std::max<std::size_t>(size, 9), size > 9 ? 5 : 20);
    evidence.heads = {by(ga, head(size, 5))};
    const auto weighed = weigh(receipt(4, 9));
    EXPECT_TRUE(weighed.witnesses.empty()) << size;
    ASSERT_TRUE(weighed.fork) << size;
    const auto verdict = judge(*weighed.fork, host.public_key(), "net");
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict->contradiction,
              size == 9 ? Contradiction::kSameSize : Contradiction::kPrefix);
    // It is the host's contradiction: no trusted witness is needed to see it.
    evidence.trusted = {{"rs", rs.public_key()}};
    EXPECT_TRUE(weigh(receipt(4, 9)).fork);
    evidence.trusted = {{"ga", ga.public_key()}, {"rs", rs.public_key()}};
  }
}

TEST_F(Cosigned, WhatIsSaidOfConsistencySurvivesJson) {
  const Json good = {{"from", 3},
                     {"to", 9},
                     {"from_root", to_hex(crypto::sm3("root"))},
                     {"path", Json::array({to_hex(crypto::sm3("node"))})}};
  const auto read = consistency_from_json(good);
  ASSERT_TRUE(read.ok()) << read.error().field;
  EXPECT_EQ(read->from, 3U);
  EXPECT_EQ(read->to, 9U);
  EXPECT_EQ(read->from_root, crypto::sm3("root"));
  EXPECT_EQ(read->path.at(0), crypto::sm3("node"));
  for (const char* name : {"from", "to", "from_root", "path"}) {
    Json less = good;
    less.erase(name);
    EXPECT_EQ(consistency_from_json(less).error().code, "proof.invalid") << name;
  }
  Json turned = good;
  turned["to"] = 2;
  EXPECT_EQ(consistency_from_json(turned).error().code, "proof.invalid");
}

}  // namespace
}  // namespace qc::proof
