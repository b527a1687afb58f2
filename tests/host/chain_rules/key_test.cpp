// Keys that replace keys: by their holder, by vote, by the registrar after an identity check.
#include "sdk/crypto/jose.hpp"
#include "sdk/proof/key_proof.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

Json rotation(const std::string& account, const std::string& key, const std::string& old) {
  return {{"jwk", jwk_of(key)}, {"proof", key_proof(account, key, old)}};
}

TEST(Rotate, TheNewKeySignsAndTheOldOneIsRefusedByName) {
  World world = city();
  const Transaction in_flight = world.make("ga", "item.define", item_body("ga.vehicle", 1));
  const Effect effect = world.must("ga", "key.rotate", rotation("ga", "ga2", "ga"));
  EXPECT_EQ(effect.actor, "ga");
  EXPECT_TRUE(effect.subjects.empty());
  expect_refused(world.apply(in_flight), "key.retired", "kid");
  const auto key = signer_key(in_flight, world.state);
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().code, "key.retired");
  world.must("ga2", "item.define", item_body("ga.vehicle", 1));
  EXPECT_EQ(world.doc("item/ga.vehicle/1").at("department"), "ga");
  // What it was is kept, for what it signed.
  const Json old = world.doc("key/" + key_of("ga").kid());
  EXPECT_EQ(old.at("account"), "ga");
  EXPECT_EQ(old.at("jwk"), jwk_of("ga"));
  EXPECT_EQ(old.at("to"), world.index - 2);
  EXPECT_TRUE(world.doc("key/" + key_of("ga2").kid()).at("to").is_null());
  // Evidence by the old key is no longer the department's word.
  expect_refused(world.apply("reg", "subject.open", subject_body(world, "bing")),
                 "identity.bad_evidence", "body.evidence");
}

TEST(Rotate, TheHolderOfTheNewKeyMustWantIt) {
  World world = city();
  const auto with = [&](const std::string& proof, const std::string& key = "bank2") {
    return world.apply("bank", "key.rotate", {{"jwk", jwk_of(key)}, {"proof", proof}});
  };
  expect_refused(with(key_proof("bank", "bank3", "bank")), "key.bad_proof", "body.proof");
  expect_refused(with(key_proof("other", "bank2", "bank")), "key.bad_proof", "body.proof");
  expect_refused(with(key_proof("bank", "bank2", "other")), "key.bad_proof", "body.proof");
  expect_refused(
      with(proof::make_key_proof(key_of("bank2"), {"qc-other", "bank", key_of("bank").kid()})),
      "key.bad_proof", "body.proof");
  expect_refused(with(crypto::jws_sign(key_of("bank2"), "{}", "qc-key-proof+jws")), "key.bad_proof",
                 "body.proof");
  expect_refused(with("a.b.c"), "key.bad_proof", "body.proof");
  for (const char* taken : {"other", "jia", "host", "bank"}) {
    expect_refused(with(key_proof("bank", taken, "bank"), taken), "identity.key_in_use",
                   "body.jwk");
  }
  expect_refused(world.apply("host", "key.rotate", rotation("host", "host2", "host")),
                 "tx.forbidden_op", "op");
}

TEST(Rotate, NoKeyComesBack) {
  World world = city();
  world.must("bank", "key.rotate", rotation("bank", "bank2", "bank"));
  expect_refused(world.apply("bank2", "key.rotate", rotation("bank", "bank", "bank2")),
                 "identity.key_in_use", "body.jwk");
  // The proof that brought the second key serves no second time.
  world.must("bank2", "key.rotate", rotation("bank", "bank3", "bank2"));
  expect_refused(world.apply("bank3", "key.rotate", rotation("bank", "bank2", "bank")),
                 "key.bad_proof", "body.proof");
  Json body = member_body("new", "bank");
  body["jwk"] = jwk_of("bank");
  expect_refused(world.apply("op", "member.admit", body), "identity.key_in_use", "body.jwk");
  Json plugin = plugin_body("loan");
  plugin["jwk"] = jwk_of("bank");
  expect_refused(world.apply("op", "plugin.admit", plugin), "key.retired", "body.jwk");
}

TEST(Rotate, AVoterKeepsItsOneVote) {
  World world = city();
  world.must("op", "member.admit", member_body("optwo", "operator"));
  world.must("op", "policy.set",
             {{"voters", {{"kinds", {"operator"}}, {"accounts", Json::array()}}},
              {"thresholds", {{"member", 2}, {"plugin", 2}, {"policy", 2}, {"product", 2}}},
              {"open_days", 30}});
  world.must("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}});
  const std::string proposal = world.history.back().id_hex();
  world.must("op", "key.rotate", rotation("op", "op2", "op"));
  const Json vote{{"proposal", proposal}, {"vote", "approve"}, {"reason", ""}};
  expect_refused(world.apply("op2", "proposal.vote", vote), "proposal.already_voted");
  EXPECT_EQ(world.must("optwo", "proposal.vote", vote).decision, "CARRIED");
}

TEST(Rebind, ALostMembersKeyIsReplacedByVote) {
  World world = city();
  const Json body{{"account", "bank"},
                  {"jwk", jwk_of("bank2")},
                  {"proof", key_proof("bank", "bank2", "bank")},
                  {"reason", "lost"}};
  expect_refused(world.apply("bank", "member.rebind", body), "proposal.not_a_voter", "op");
  EXPECT_EQ(world.must("op", "member.rebind", body).decision, "CARRIED");
  expect_refused(world.apply("bank", "request.create", request_body(world, "jia")), "key.retired");
  world.must("bank2", "request.create", request_body(world, "jia"));
  Json wrong = body;
  wrong["account"] = "none";
  expect_refused(world.apply("op", "member.rebind", wrong), "member.not_found", "body.account");
  wrong["account"] = "host";
  expect_refused(world.apply("op", "member.rebind", wrong), "member.protected", "body.account");
  wrong["account"] = "other";
  expect_refused(world.apply("op", "member.rebind", wrong), "key.bad_proof", "body.proof");
}

// Who puts a key of his own in a voter's place has that vote.
TEST(Rebind, AVotersKeyNeedsTheVotesOfThePolicy) {
  World world = city();
  world.must("op", "policy.set",
             {{"voters", {{"kinds", {"operator", "regulator"}}, {"accounts", {"reg"}}}},
              {"thresholds", {{"member", 1}, {"plugin", 1}, {"policy", 2}, {"product", 1}}},
              {"open_days", 30}});
  const auto rebind = [&](const std::string& account) {
    return world
        .must("op", "member.rebind",
              {{"account", account},
               {"jwk", jwk_of(account + "2")},
               {"proof", key_proof(account, account + "2", account)},
               {"reason", "lost"}})
        .decision;
  };
  EXPECT_EQ(rebind("bank"), "CARRIED");
  EXPECT_EQ(rebind("sup"), "OPEN");
  const std::string proposal = world.history.back().id_hex();
  EXPECT_EQ(world
                .must("reg", "proposal.vote",
                      {{"proposal", proposal}, {"vote", "approve"}, {"reason", ""}})
                .decision,
            "CARRIED");
  EXPECT_EQ(world.doc("member/sup").at("jwk"), jwk_of("sup2"));
}

TEST(Recover, GrantsRestUntilTheNewKeyConfirmsThem) {
  Granted before = granted();
  World& world = before.world;
  const std::string grant = before.grant.at("grant");
  const Json named{{"grant", grant}, {"reason", ""}};
  const Transaction in_flight = world.make("jia", "grant.revoke", named);
  const Effect effect = world.must("reg", "subject.rebind", rebind_body(world, "jia", "jia2"));
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  EXPECT_EQ(world.doc("grant/" + grant).at("state"), "PAUSED");
  EXPECT_EQ(world.doc("grant/" + grant).at("reason"), "subject.rebound");
  expect_refused(world.apply("bank", "access.open", open_body(world, before.grant)),
                 "grant.paused");
  expect_refused(world.apply(in_flight), "key.retired", "kid");
  expect_refused(world.apply("jia", "grant.resume", named), "key.retired", "kid");
  world.must("jia2", "grant.resume", named);
  world.must("bank", "access.open", open_body(world, before.grant));
  // The key that made the grant is the one its presentations are bound to.
  EXPECT_EQ(world.doc("grant/" + grant).at("kid"), key_of("jia").kid());
}

TEST(Recover, NeedsTheSameDepartmentsFreshWordAboutThisPerson) {
  World world = city();
  const auto with = [&](const char* name, const Json& value) {
    Json payload = evidence_payload(world, "jia");
    payload["kid"] = key_of("jia2").kid();
    payload[name] = value;
    Json body = rebind_body(world, "jia", "jia2");
    body["evidence"] = evidence_jws(payload);
    return world.apply("reg", "subject.rebind", body);
  };
  expect_refused(with("account", account_of("yi")), "identity.evidence_mismatch");
  expect_refused(with("pseudonym", pseudonym_of("yi")), "identity.evidence_mismatch");
  expect_refused(with("kid", key_of("jia").kid()), "identity.evidence_mismatch");
  expect_refused(with("iat", world.now_s - 601), "identity.stale_evidence");
  Json body = rebind_body(world, "jia", "jia2");
  Json payload = evidence_payload(world, "jia");
  payload["kid"] = key_of("jia2").kid();
  body["evidence"] = evidence_jws(payload, "rs");
  expect_refused(world.apply("reg", "subject.rebind", body), "identity.bad_evidence",
                 "body.evidence");
  expect_refused(world.apply("reg", "subject.rebind", rebind_body(world, "bing", "bing")),
                 "subject.not_found", "body.account");
  expect_refused(world.apply("reg", "subject.rebind", rebind_body(world, "jia", "yi")),
                 "identity.key_in_use", "body.jwk");
  expect_refused(world.apply("reg", "subject.rebind", rebind_body(world, "jia", "jia")),
                 "identity.key_in_use", "body.jwk");
}

TEST(Recover, WhatIsBoundToTheOldKeyIsNotGrantedAnew) {
  World world = city();
  world.must("jia", "key.rotate", rotation(account_of("jia"), "jia2", "jia"));
  const Json request = request_body(world, "jia");
  world.must("bank", "request.create", request);
  world.must("jia2", "request.open",
             {{"request", request.at("request")}, {"notice_sm3", digest("notice")}});
  expect_refused(world.apply("jia2", "grant.create", grant_body(world, "jia", request)),
                 "grant.wrong_asset", "body.scope[0].asset");
  for (const char* item : {"ga.hukou", "rs.social"}) {
    Json renewed = asset_body(world, "jia", item);
    world.state.scan("of/" + account_of("jia") + "/asset/", "",
                     [&](const std::string& key, const Json&) {
                       const std::string id = key.substr(key.rfind('/') + 1);
                       const Json asset = world.doc("asset/" + id);
                       if (asset.at("item") == item && asset.at("state") == "live") {
                         renewed["supersedes"] = id;
                       }
                       return true;
                     });
    world.must(std::string(item).substr(0, 2), "asset.issue", renewed);
  }
  world.must("jia2", "grant.create", grant_body(world, "jia", request));
}

TEST(Recover, OwnRotationLeavesGrantsAlone) {
  Granted before = granted();
  const Effect effect =
      before.world.must("jia", "key.rotate", rotation(account_of("jia"), "jia2", "jia"));
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  before.world.must("bank", "access.open", open_body(before.world, before.grant));
}

}  // namespace
}  // namespace qc::chain::test
