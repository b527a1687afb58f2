#include "sdk/proof/transaction.hpp"

#include <gtest/gtest.h>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::proof {
namespace {

const crypto::PrivateKey& key() {
  static const crypto::PrivateKey kKey = crypto::PrivateKey::generate();
  return kKey;
}

Json payload() {
  return {{"v", 1},
          {"chain", "net"},
          {"op", "item.define"},
          {"iat", 1767225600},
          {"nonce", "AAAAAAAAAAAAAAAAAAAAAA"},
          {"body", {{"a", "市民"}}}};
}

std::string jws(const Json& content, std::string_view typ = kTxTyp) {
  return crypto::jws_sign(key(), content.dump(), typ);
}

TEST(Transaction, ReadsWhatWasSigned) {
  const std::string text = make_transaction(key(), "net", "item.define", {{"a", 1}}, 1767225600);
  const auto tx = parse_transaction(text);
  ASSERT_TRUE(tx.ok()) << tx.error().message;
  EXPECT_EQ(tx->bytes, text);
  EXPECT_EQ(tx->id, crypto::sm3(text));
  EXPECT_EQ(tx->kid, key().kid());
  EXPECT_EQ(tx->chain, "net");
  EXPECT_EQ(tx->op, "item.define");
  EXPECT_EQ(tx->iat, 1767225600);
  EXPECT_EQ(tx->nonce.size(), 22U);
  EXPECT_EQ(tx->body, Json({{"a", 1}}));
  EXPECT_TRUE(verify_transaction(*tx, key().public_key()).ok());
}

TEST(Transaction, TwoAreNeverTheSame) {
  const Json body = Json::object();
  EXPECT_NE(make_transaction(key(), "net", "x", body, 1),
            make_transaction(key(), "net", "x", body, 1));
}

TEST(Transaction, RefusesEveryMissingWrongAndUnknownMember) {
  const Json good = payload();
  ASSERT_TRUE(parse_transaction(jws(good)).ok());
  for (const auto& [name, value] : good.items()) {
    Json bad = payload();
    bad.erase(name);
    auto result = parse_transaction(jws(bad));
    ASSERT_FALSE(result.ok()) << name;
    EXPECT_EQ(result.error().code, "tx.invalid");
    EXPECT_EQ(result.error().field, name);
    bad = payload();
    bad[name] = Json::array();
    result = parse_transaction(jws(bad));
    ASSERT_FALSE(result.ok()) << name;
    EXPECT_EQ(result.error().field, name);
  }
  Json bad = payload();
  bad["more"] = 1;
  EXPECT_EQ(parse_transaction(jws(bad)).error().field, "more");
  for (const char* nonce : {"", "short", "AAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAA"}) {
    bad = payload();
    bad["nonce"] = nonce;
    EXPECT_EQ(parse_transaction(jws(bad)).error().field, "nonce") << nonce;
  }
  bad = payload();
  bad["v"] = 2;
  EXPECT_EQ(parse_transaction(jws(bad)).error().field, "v");
  bad = payload();
  bad["iat"] = -1;
  EXPECT_EQ(parse_transaction(jws(bad)).error().field, "iat");
}

TEST(Transaction, RefusesOtherEnvelopes) {
  EXPECT_EQ(parse_transaction(jws(payload(), "qc-head+jws")).error().code, "tx.wrong_type");
  EXPECT_EQ(parse_transaction(jws(Json::array())).error().code, "tx.invalid");
  EXPECT_EQ(parse_transaction("").error().code, "tx.invalid");
  EXPECT_EQ(parse_transaction("a.b.c").error().code, "tx.invalid");
  EXPECT_EQ(parse_transaction(jws(payload()) + " ").error().code, "tx.invalid");
  EXPECT_EQ(parse_transaction(std::string(kMaxTxBytes + 1, 'a')).error().code, "tx.too_large");
  const std::string twice = crypto::jws_sign(key(), R"({"v":1,"v":1,"chain":"net"})", kTxTyp);
  EXPECT_EQ(parse_transaction(twice).error().code, "tx.invalid");
  const std::string more =
      crypto::jws_sign(key(), payload().dump(), kTxTyp, Json{{"jku", "http://example.org"}});
  EXPECT_EQ(parse_transaction(more).error().field, "header.jku");
}

TEST(Transaction, HoldsTheSignatureToTheBytes) {
  const auto tx = parse_transaction(jws(payload())).value();
  const auto stranger = crypto::PrivateKey::generate();
  EXPECT_EQ(verify_transaction(tx, stranger.public_key()).error().code, "tx.bad_signature");
  Transaction changed = tx;
  Json body = payload();
  body["iat"] = 1767225601;
  const std::string other = jws(body);
  changed.bytes = other.substr(0, other.rfind('.')) + tx.bytes.substr(tx.bytes.rfind('.'));
  EXPECT_EQ(verify_transaction(changed, key().public_key()).error().code, "tx.bad_signature");
  changed.bytes = "no dots";
  EXPECT_EQ(verify_transaction(changed, key().public_key()).error().code, "tx.bad_signature");
}

}  // namespace
}  // namespace qc::proof
