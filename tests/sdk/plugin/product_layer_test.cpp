// "decide": what reaches an author, and what an author may answer. The checks against the grant are
// also held in tests/plugins/product_test.cpp, through the real library.
#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/fresh_issue.hpp"
#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

class ProductLayerTest : public ::testing::Test {
 protected:
  ProductLayerTest()
      : rig_(product_description(),
             make_service(std::unique_ptr<Product>(
                 new ScriptedProduct([this](const Request& request) -> Result<Decision> {
                   ++decided_;
                   request_ = request;
                   if (throw_) throw std::runtime_error(request.text("t.all", "day").value());
                   return decision_;
                 }))),
             "bank") {
    decision_.outcome = Outcome::kApproved;
    decision_.amount_fen = 100;
    decision_.rate_bp = 345;
    decision_.term_months = 12;
    decision_.reasons = {{"ok", "好", "fine"}};
    rig_.configure();
  }
  Reply decide(const DecideParts& parts) {
    return rig_.call("decide", parts.message(rig_.key().public_key()));
  }

  int decided_ = 0;
  bool throw_ = false;
  Decision decision_;
  Request request_;
  Rig rig_;
};

TEST_F(ProductLayerTest, AnAuthorSeesTheGrantedFieldsAndNoOthers) {
  const DecideParts parts;
  const Reply reply = decide(parts);
  ASSERT_EQ(reply.status, QC_OK) << reply.text;
  EXPECT_EQ(request_.grant, parts.grant);
  EXPECT_EQ(request_.purpose, "credit");
  EXPECT_TRUE(request_.has("t.all"));
  EXPECT_FALSE(request_.has("t.other"));
  EXPECT_EQ(request_.integer("t.all", "money"), 500);
  EXPECT_EQ(request_.text("t.all", "day"), "2026-01-02");
  EXPECT_EQ(request_.text("t.all", "text"), std::nullopt);  // in the asset, not in the grant
  EXPECT_EQ(request_.text("t.all", "money"), std::nullopt);
  EXPECT_EQ(request_.boolean("t.all", "day"), std::nullopt);
  EXPECT_EQ(request_.today, date_of(kNow));
}

TEST_F(ProductLayerTest, TheDecisionGoesToTheConsumerAlone) {
  const DecideParts parts;
  const Reply reply = decide(parts);
  ASSERT_EQ(reply.status, QC_OK);
  const auto text = crypto::jwe_decrypt(parts.bank, reply.json.at("jwe").get<std::string>());
  ASSERT_TRUE(text.ok());
  const auto content = parse_json(*text);
  const std::string decision = content->at("decision");
  const auto salt = from_base64url(content->at("salt").get<std::string>());
  EXPECT_EQ(reply.json.at("commitment"), commitment("qc-decision-1", *salt, decision));
  EXPECT_EQ(reply.json.at("assets").size(), 1U);
  const auto json = parse_json(decision);
  EXPECT_EQ(json->at("outcome"), "approved");
  EXPECT_EQ(json->at("model"), "3.0.0");
  EXPECT_EQ(json->at("relied_on").at(0).at("item"), "t.all");
  EXPECT_EQ(json->size(), 8U);
  EXPECT_EQ(reply.text.find("2026-01-02"), std::string::npos);
}

TEST_F(ProductLayerTest, NothingRequiredMayBeMissing) {
  DecideParts parts;
  parts.fields = {"money"};
  const Reply reply = decide(parts);
  EXPECT_EQ(reply.code(), "decide.missing_field");
  EXPECT_EQ(reply.field(), "t.all.day");
  parts.fields = {"money", "day", "text"};  // more than required, and granted: fine
  EXPECT_EQ(decide(parts).status, QC_OK);
  EXPECT_EQ(decided_, 1);
}

TEST_F(ProductLayerTest, ForeignEvidenceNeverReachesTheAuthor) {
  DecideParts parts;
  Json message = parts.message(rig_.key().public_key());
  const auto refused = [&](const char* pointer, const Json& value) {
    Json bent = message;
    bent[Json::json_pointer(pointer)] = value;
    return rig_.call("decide", bent).code();
  };
  EXPECT_EQ(refused("/grant/subject/account", "p-" + std::string(32, '9')), "decide.wrong_subject");
  EXPECT_EQ(refused("/grant/grant", random_id()), "sdjwt.bad_key_binding");
  EXPECT_EQ(refused("/issuers", {{"x", Json::array({parts.department.public_key().to_jwk()})}}),
            "issuer.unknown");
  EXPECT_EQ(refused("/presentations/0/issuer", "another"), "decide.wrong_issuer");
  EXPECT_EQ(refused("/presentations/0/issuer", "t"), "");
  EXPECT_EQ(refused("/presentations/0/jwe", "x"), "decide.wrong_presentation");
  EXPECT_EQ(refused("/presentations", Json::array()), "decide.missing_item");
  EXPECT_EQ(refused("/grant/scope", Json::array()), "decide.not_granted");
  EXPECT_EQ(refused("/grant", 5), "json.wrong_type");
  EXPECT_EQ(refused("/surprise", 5), "json.unknown_field");
  parts.expires = kNow;
  EXPECT_EQ(decide(parts).code(), "sdjwt.expired");
  EXPECT_EQ(decided_, 1);  // only the one with the right issuer
}

/// As DecideParts, under a standing grant: the department's own word for this access.
struct FreshDecideParts : DecideParts {
  std::string access = random_id(), issued_for = access, audience = "bank";

  Json standing(const crypto::PublicKey& plugin) const {
    Json out = message(plugin);
    Json& scope = out["grant"]["scope"][0];
    const proof::FreshTerms terms{
        kChain, grant,   issued_for, kAccount,          audience,
        "t",    "t.all", 1,          scope.at("asset"), {fields.begin(), fields.end()}};
    Json chosen = Json::object();
    for (const std::string& field : fields) chosen[field] = record.at(field);
    const auto credential = proof::issue_fresh(department, terms, {kNow, expires, kNow}, chosen);
    EXPECT_TRUE(credential.ok());
    out["access"] = access;
    out["grant"]["mode"] = "standing";
    scope["presentation_sm3"] = "";
    out["presentations"][0]["issuer"] = "t";
    out["presentations"][0]["jwe"] = *crypto::jwe_encrypt(plugin, credential->text());
    return out;
  }
};

TEST_F(ProductLayerTest, UnderAStandingGrantOnlyWhatWasIssuedForThisAccessCounts) {
  const crypto::PublicKey plugin = rig_.key().public_key();
  const auto code = [&](const std::function<void(FreshDecideParts&)>& bend) {
    FreshDecideParts parts;
    bend(parts);
    return rig_.call("decide", parts.standing(plugin)).code();
  };
  EXPECT_EQ(code([](auto&) {}), "");
  EXPECT_EQ(decided_, 1);
  EXPECT_EQ(request_.integer("t.all", "money"), 500);
  EXPECT_EQ(code([](auto& p) { p.issued_for = random_id(); }), "issued.wrong_access");
  EXPECT_EQ(code([](auto& p) { p.audience = "other"; }), "issued.wrong_audience");
  EXPECT_EQ(code([](auto& p) { p.expires = kNow; }), "sdjwt.expired");
  // What the subject presented when it gave the grant, and the other way round.
  FreshDecideParts parts;
  Json message = parts.standing(plugin);
  message["presentations"][0]["jwe"] = parts.message(plugin)["presentations"][0]["jwe"];
  EXPECT_EQ(rig_.call("decide", message).code(), "issued.wrong_type");
  message = parts.standing(plugin);
  message["grant"]["mode"] = "once";
  message["grant"]["scope"][0]["presentation_sm3"] =
      to_hex(crypto::sm3(message["presentations"][0]["jwe"].get<std::string>()));
  EXPECT_NE(rig_.call("decide", message).status, QC_OK);
  message["grant"]["mode"] = "sometimes";
  EXPECT_EQ(rig_.call("decide", message).code(), "decide.wrong_mode");
  message = parts.standing(plugin);
  message["issuers"]["t"] = Json::array({crypto::PrivateKey::generate().public_key().to_jwk()});
  EXPECT_EQ(rig_.call("decide", message).code(), "sdjwt.bad_signature");
  EXPECT_EQ(decided_, 1);
}

TEST_F(ProductLayerTest, ADecisionNobodyCouldExplainOrCarryOutIsNotSent) {
  const auto field = [&](const std::function<void(Decision&)>& bend) {
    Decision decision;
    decision.outcome = Outcome::kApproved;
    decision.amount_fen = 100;
    decision.term_months = 12;
    decision.reasons = {{"ok", "好", "fine"}};
    bend(decision);
    decision_ = decision;
    const Reply reply = decide(DecideParts());
    EXPECT_EQ(reply.status, QC_INTERNAL);
    EXPECT_EQ(reply.code(), "decision.invalid");
    return reply.field();
  };
  EXPECT_EQ(field([](auto& d) { d.reasons.clear(); }), "decision.reasons");
  EXPECT_EQ(field([](auto& d) { d.reasons.resize(33, d.reasons[0]); }), "decision.reasons");
  EXPECT_EQ(field([](auto& d) { d.reasons[0].en.clear(); }), "decision.reasons");
  EXPECT_EQ(field([](auto& d) { d.reasons[0].zh = "\xff"; }), "decision.reasons");
  EXPECT_EQ(field([](auto& d) { d.amount_fen = 0; }), "decision.amount_fen");
  EXPECT_EQ(field([](auto& d) { d.amount_fen = -1; }), "decision.amount_fen");
  EXPECT_EQ(field([](auto& d) { d.outcome = Outcome::kDeclined; }), "decision.amount_fen");
  EXPECT_EQ(field([](auto& d) { d.rate_bp = 10'001; }), "decision.rate_bp");
  EXPECT_EQ(field([](auto& d) { d.term_months = 0; }), "decision.term_months");
}

TEST_F(ProductLayerTest, WhatAnAuthorThrowsStaysInside) {
  throw_ = true;
  const Reply reply = decide(DecideParts());
  EXPECT_EQ(reply.code(), "plugin.internal");
  EXPECT_EQ(reply.text.find("2026-01-02"), std::string::npos);
}

TEST_F(ProductLayerTest, EveryTruncationIsRefused) {
  const std::string message = DecideParts().message(rig_.key().public_key()).dump();
  for (std::size_t size = 0; size < message.size(); size += 7) {
    ASSERT_EQ(rig_.call_raw("decide", std::string_view(message).substr(0, size)).status,
              QC_INVALID);
  }
}

}  // namespace
}  // namespace qc::plugin
