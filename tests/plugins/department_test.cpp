#include <gtest/gtest.h>

#include "tests/plugins/bench.hpp"

namespace qc::bench {
namespace {

class DepartmentTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { bench_ = std::make_unique<Bench>(); }
  static void TearDownTestSuite() { bench_.reset(); }
  static Bench& bench() { return *bench_; }

  /// The error code of a message to a department.
  static std::string refusal(const std::string& plugin, const std::string& method,
                             const Json& message) {
    const auto answer = bench().manager().call(plugin, method, message, 5000);
    if (answer.ok()) return "accepted";
    EXPECT_EQ(answer.error().side, Side::kProvider);
    return answer.error().code;
  }

 private:
  static std::unique_ptr<Bench> bench_;
};
std::unique_ptr<Bench> DepartmentTest::bench_;

TEST_F(DepartmentTest, EveryItemIsIssuedToItsHolderAndVerifies) {
  const auto wallet = bench().open_account(0);
  ASSERT_TRUE(wallet.ok()) << wallet.error().code << wallet.error().field;
  EXPECT_EQ(wallet->account.size(), 34U);
  for (const char* item : {"ga.hukou", "ga.id_card", "rs.insurance", "rs.contribution",
                           "rs.employment", "gjj.account", "gjj.loan"}) {
    const auto asset = bench().issue(*wallet, item);
    ASSERT_TRUE(asset.ok()) << item << ' ' << asset.error().code << ' ' << asset.error().message
                            << ' ' << asset.error().field;
    const std::string owner = std::string(item).substr(0, std::string(item).find('.'));
    const auto view = crypto::sdjwt_verify(asset->sd_jwt, bench().private_key(owner).public_key(),
                                           bench().now_s());
    ASSERT_TRUE(view.ok()) << item;
    EXPECT_EQ(view->claims.at("iss"), owner);
    EXPECT_EQ(view->claims.at("sub"), wallet->account);
    EXPECT_EQ(view->claims.at("vct"), "qc:item:" + std::string(item) + ":1");
    EXPECT_EQ(view->claims.at("asset"), asset->tx.body.at("asset"));
    EXPECT_EQ(view->claims.at("exp"), asset->tx.body.at("expires"));
    EXPECT_EQ(view->fields.size(), asset->tx.body.at("fields").size());
    EXPECT_EQ(asset->tx.op, "asset.issue");
    EXPECT_EQ(asset->tx.chain, kChain);
  }
}

TEST_F(DepartmentTest, RecordsHoldTheProvedPersonsOwnValues) {
  const auto wallet = bench().open_account(0);
  ASSERT_TRUE(wallet.ok());
  const auto asset = bench().issue(*wallet, "ga.hukou");
  ASSERT_TRUE(asset.ok());
  const auto view =
      crypto::sdjwt_verify(asset->sd_jwt, bench().private_key("ga").public_key(), bench().now_s());
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->fields.at("id_no"), wallet->person.at("id_no"));
  EXPECT_EQ(view->fields.at("name"), wallet->person.at("name"));
}

TEST_F(DepartmentTest, ThePseudonymIsStableAndPersonal) {
  const auto first = bench().open_account(0);
  const auto again = bench().open_account(0);
  const auto other = bench().open_account(1);
  ASSERT_TRUE(first.ok() && again.ok() && other.ok());
  EXPECT_EQ(first->account, again->account);
  EXPECT_NE(first->account, other->account);
}

TEST_F(DepartmentTest, WrongParticularsAndExpiredCardsAreOneAnswer) {
  const auto key = crypto::PrivateKey::generate();
  Json wrong_name = bench().people().at(0);
  wrong_name["name"] = "某某";
  Json wrong_date = bench().people().at(0);
  wrong_date["card_valid_to"] = "2049-01-01";
  Json stranger = bench().people().at(0);
  stranger["id_no"] = "11010519491231002X";
  const Json expired = bench().people().at(7);
  for (const Json& person : {wrong_name, wrong_date, stranger, expired}) {
    EXPECT_EQ(refusal("public_security", "prove_identity", bench().claim_message(person, key)),
              "identity.not_proved");
  }
}

TEST_F(DepartmentTest, NoRecordIsNotFound) {
  const auto wallet = bench().open_account(2);  // has no fund account
  ASSERT_TRUE(wallet.ok());
  const auto asset = bench().issue(*wallet, "gjj.account");
  ASSERT_FALSE(asset.ok());
  EXPECT_EQ(asset.error().code, "record.none");
  EXPECT_EQ(asset.error().kind, ErrorKind::kNotFound);
}

TEST_F(DepartmentTest, ADepartmentThatDoesNotProveIdentityHasNoSuchMethod) {
  const auto key = crypto::PrivateKey::generate();
  EXPECT_EQ(
      refusal("housing_fund", "prove_identity", bench().claim_message(bench().people().at(0), key)),
      "plugin.unknown_method");
}

TEST_F(DepartmentTest, WhatWasSignedForOneItemOpensNoOther) {
  const auto wallet = bench().open_account(0);
  ASSERT_TRUE(wallet.ok());
  Json message = bench().issue_message(*wallet, "gjj", "gjj.account", {"balance"});
  EXPECT_TRUE(bench().manager().call("housing_fund", "issue", message, 5000).ok());
  message["item"] = "gjj.loan";
  message["fields"] = {"outstanding"};
  EXPECT_EQ(refusal("housing_fund", "issue", message), "identity.wrong_nonce");
}

TEST_F(DepartmentTest, AStolenPresentationServesNobodyElse) {
  const auto owner = bench().open_account(0);
  const auto thief = bench().open_account(1);
  ASSERT_TRUE(owner.ok() && thief.ok());
  Json message = bench().issue_message(*owner, "gjj", "gjj.account", {"balance"});
  message["subject"] = {{"account", owner->account}, {"jwk", thief->key.public_key().to_jwk()}};
  EXPECT_EQ(refusal("housing_fund", "issue", message), "identity.wrong_holder");
  message["subject"] = {{"account", thief->account}, {"jwk", thief->key.public_key().to_jwk()}};
  EXPECT_EQ(refusal("housing_fund", "issue", message), "identity.wrong_subject");
}

TEST_F(DepartmentTest, OnlyTheFieldsAskedForAreIssued) {
  const auto wallet = bench().open_account(0);
  ASSERT_TRUE(wallet.ok());
  const auto answer = bench().manager().call(
      "housing_fund", "issue",
      bench().issue_message(*wallet, "gjj", "gjj.account", {"balance", "base"}), 5000);
  ASSERT_TRUE(answer.ok());
  const auto tx = proof::parse_transaction(answer->message.at("tx").get<std::string>());
  ASSERT_TRUE(tx.ok());
  EXPECT_EQ(tx->body.at("fields"), Json({"base", "balance"}));  // in the dictionary's order
}

}  // namespace
}  // namespace qc::bench
