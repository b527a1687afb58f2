// Acting for another: the people of an enterprise.
#include "sdk/proof/pseudonym.hpp"
#include "tests/host/chain_rules/acting.hpp"

namespace qc::chain::test {
namespace {

/// Enterprise "acme" with jia as legal representative and assets; persons jia, yi, bing, ding.
class Enterprises : public ::testing::Test, protected EnterpriseCity {
 protected:
  Json represent(const std::string& legal_rep) const {
    return {{"account", acme},
            {"legal_rep", account_of(legal_rep)},
            {"evidence", evidence_jws(enterprise_evidence(world, "acme", legal_rep))},
            {"reason", "board decision"}};
  }
};

TEST_F(Enterprises, OpenWithTheirLegalRepresentative) {
  EXPECT_EQ(world.doc("subject/" + acme).at("kind"), "enterprise");
  EXPECT_EQ(world.doc("subject/" + acme).at("legal_rep"), account_of("jia"));
  Json body = enterprise_body(world, "corp", "yi");
  body["legal_rep"] = account_of("jia");
  expect_refused(world.apply("reg", "subject.open", body), "identity.evidence_mismatch");
  body = enterprise_body(world, "corp", "nobody");
  expect_refused(world.apply("reg", "subject.open", body), "subject.not_found", "body.legal_rep");
  body = enterprise_body(world, "corp", "yi");
  body["account"] = account_of("corp");
  expect_refused(world.apply("reg", "subject.open", body), "identity.account_mismatch");
  body = enterprise_body(world, "corp", "yi");
  body.erase("legal_rep");
  expect_refused(world.apply("reg", "subject.open", body), "json.missing_field", "body.legal_rep");
  body = subject_body(world, "wu");
  body["legal_rep"] = account_of("jia");
  expect_refused(world.apply("reg", "subject.open", body), "json.unknown_field", "body.legal_rep");
}

TEST_F(Enterprises, ThePeopleWithAMandateConsentNotTheKeyOfTheBox) {
  Json body = grant("jia", "legal_rep", "");
  expect_refused(world.apply("acme", "grant.create", body), "tx.forbidden_op", "op");
  expect_refused(world.apply("yi", "grant.create", body), "request.not_found");
  const Effect effect = world.must("jia", "grant.create", body);
  EXPECT_EQ(effect.subjects, std::set<std::string>{acme});
  EXPECT_EQ(world.doc("grant/" + body.at("grant").get<std::string>()).at("kid"),
            key_of("acme").kid());
  world.must("bank", "access.open", open_body(world, body));

  const std::string admin = give("jia", mandate("yi", "administrator"));
  const std::string handler = give("yi", mandate("bing", "handler", admin));
  world.must("yi", "grant.create", grant("yi", "administrator", admin));
  world.must("bing", "grant.create", grant("bing", "handler", handler));
  expect_refused(world.apply("bing", "grant.create", grant("bing", "administrator", handler)),
                 "grant.wrong_actor", "body.actor.mandate");
  expect_refused(world.apply("bing", "grant.create", grant("bing", "handler", admin)),
                 "request.not_found");
  expect_refused(world.apply("yi", "grant.create", grant("yi", "legal_rep", "")),
                 "grant.wrong_actor", "body.actor.role");
  expect_refused(world.apply("yi", "grant.create", grant("yi", "self", "")), "grant.wrong_actor");
}

TEST_F(Enterprises, AMandateCoversItemsAndTime) {
  Json narrow = mandate("yi", "administrator");
  narrow["items"] = {"ga.hukou"};
  const std::string admin = give("jia", narrow);
  expect_refused(world.apply("yi", "grant.create", grant("yi", "administrator", admin)),
                 "grant.beyond_mandate", "body.scope[1].item");
  Json brief = mandate("bing", "administrator");
  brief["until"] = world.now_s + kDay;
  const std::string short_lived = give("jia", brief);
  expect_refused(world.apply("bing", "grant.create", grant("bing", "administrator", short_lived)),
                 "grant.beyond_mandate", "body.valid.to");
  // What an administrator passes on lies within what it has.
  Json below = mandate("ding", "handler", admin);
  expect_refused(world.apply("yi", "mandate.give", below), "mandate.beyond", "body.items");
  below["items"] = {"ga.hukou", "rs.social"};
  expect_refused(world.apply("yi", "mandate.give", below), "mandate.beyond", "body.items");
  below["items"] = {"ga.hukou"};
  below["until"] = world.now_s + 91 * kDay;
  expect_refused(world.apply("yi", "mandate.give", below), "mandate.beyond", "body.until");
  below["until"] = world.now_s + 90 * kDay;
  world.must("yi", "mandate.give", below);
  world.now_s += kDay;
  expect_refused(world.apply("bing", "grant.create", grant("bing", "administrator", short_lived)),
                 "mandate.not_live", "body.actor.mandate");
}

TEST_F(Enterprises, WhoGivesAndHowMany) {
  const std::string admin = give("jia", mandate("yi", "administrator"));
  expect_refused(world.apply("yi", "mandate.give", mandate("bing", "administrator", admin)),
                 "mandate.wrong_role", "body.parent");
  expect_refused(world.apply("yi", "mandate.give", mandate("bing", "handler")),
                 "mandate.wrong_role", "body.parent");
  expect_refused(world.apply("bing", "mandate.give", mandate("ding", "handler", admin)),
                 "mandate.wrong_role", "body.parent");
  expect_refused(world.apply("jia", "mandate.give", mandate("yi", "handler")), "mandate.exists");
  expect_refused(world.apply("jia", "mandate.give", mandate("nobody", "handler")),
                 "subject.not_found", "body.holder");
  Json box = mandate("bing", "handler");
  box["holder"] = acme;
  expect_refused(world.apply("jia", "mandate.give", box), "subject.wrong_kind", "body.holder");
  box = mandate("bing", "handler");
  box["enterprise"] = account_of("yi");
  expect_refused(world.apply("jia", "mandate.give", box), "subject.wrong_kind", "body.enterprise");
  for (const char* person : {"wu", "ji", "geng", "xin"}) {
    world.must("reg", "subject.open", subject_body(world, person));
    give("jia", mandate(person, "administrator"));
  }
  expect_refused(world.apply("jia", "mandate.give", mandate("bing", "administrator")),
                 "mandate.too_many", "body.role");
  give("jia", mandate("bing", "handler"));
  world.must("jia", "mandate.end", reason_for("mandate", admin));
  give("jia", mandate("ding", "administrator"));
}

TEST_F(Enterprises, EndingAMandateEndsWhatStandsOnIt) {
  const std::string admin = give("jia", mandate("yi", "administrator"));
  const std::string handler = give("yi", mandate("bing", "handler", admin));
  const std::string direct = give("jia", mandate("ding", "handler"));
  const Json own = grant("jia", "legal_rep", "");
  const Json by_admin = grant("yi", "administrator", admin);
  const Json by_handler = grant("bing", "handler", handler);
  const Json by_direct = grant("ding", "handler", direct);
  world.must("jia", "grant.create", own);
  world.must("yi", "grant.create", by_admin);
  world.must("bing", "grant.create", by_handler);
  world.must("ding", "grant.create", by_direct);
  const auto state = [&](const Json& body) {
    return world.doc("grant/" + body.at("grant").get<std::string>()).at("state");
  };
  expect_refused(world.apply("bing", "mandate.end", reason_for("mandate", admin)),
                 "mandate.not_found");
  expect_refused(world.apply("reg", "mandate.end", reason_for("mandate", admin)),
                 "mandate.not_found");
  world.must("yi", "mandate.end", reason_for("mandate", admin));  // its holder lays it down
  EXPECT_EQ(state(by_admin), "REVOKED");
  EXPECT_EQ(state(by_handler), "REVOKED");
  EXPECT_EQ(world.doc("mandate/" + handler).at("state"), "ENDED");
  EXPECT_EQ(state(by_direct), "ACTIVE");
  EXPECT_EQ(state(own), "ACTIVE");
}

TEST_F(Enterprises, AHandlerReadsARequestAndLeavesTheRestToThoseAbove) {
  const std::string handler = give("jia", mandate("bing", "handler"));
  Json request = request_body(world, "acme");
  request["subject"] = acme;
  request["product_version"] = 2;
  for (Json& entry : request["scope"]) entry["version"] = 2;
  world.must("bank", "request.create", request);
  const Json opened{{"request", request.at("request")}, {"notice_sm3", digest("notice")}};
  expect_refused(world.apply("ding", "request.open", opened), "request.not_found");
  world.must("bing", "request.open", opened);
  expect_refused(world.apply("bing", "request.refuse", reason_for("request", request["request"])),
                 "request.not_found");
  const Json body = grant("bing", "handler", handler);
  world.must("bing", "grant.create", body);
  for (const char* op : {"grant.pause", "grant.revoke"}) {
    expect_refused(world.apply("bing", op, reason_for("grant", body.at("grant"))),
                   "grant.not_found");
  }
  world.must("jia", "grant.pause", reason_for("grant", body.at("grant")));
}

TEST_F(Enterprises, TwoSignWhereTheMandateSaysSo) {
  const std::string admin = give("jia", mandate("yi", "administrator"));
  Json both = mandate("bing", "handler");
  both["cosign"] = true;
  const std::string handler = give("jia", both);
  const Json body = grant("bing", "handler", handler);
  world.must("bing", "grant.create", body);
  const std::string key = "grant/" + body.at("grant").get<std::string>();
  EXPECT_EQ(world.doc(key).at("state"), "PENDING_COSIGN");
  expect_refused(world.apply("bank", "access.open", open_body(world, body)), "grant.not_cosigned");
  Json second{{"grant", body.at("grant")}, {"tx", world.doc(key).at("tx")}};
  for (const char* stranger : {"bing", "ding"}) {
    expect_refused(world.apply(stranger, "grant.cosign", second), "grant.not_found", "body.grant");
  }
  expect_refused(world.apply("acme", "grant.cosign", second), "tx.forbidden_op");
  second["tx"] = digest("another");
  expect_refused(world.apply("yi", "grant.cosign", second), "grant.wrong_transaction", "body.tx");
  second["tx"] = world.doc(key).at("tx");
  expect_refused(world.apply("yi", "grant.resume", reason_for("grant", body.at("grant"))),
                 "grant.wrong_state");
  const Effect effect = world.must("yi", "grant.cosign", second);
  EXPECT_EQ(effect.subjects, std::set<std::string>{acme});
  EXPECT_EQ(world.doc(key).at("cosigner"), account_of("yi"));
  world.must("bank", "access.open", open_body(world, body));
  expect_refused(world.apply("jia", "grant.cosign", second), "grant.wrong_state");
}

TEST_F(Enterprises, NobodyIsTheOwnSecondSigner) {
  Json both = mandate("yi", "administrator");
  both["cosign"] = true;
  const std::string admin = give("jia", both);
  expect_refused(world.apply("yi", "mandate.give", mandate("bing", "handler", admin)),
                 "mandate.beyond", "body.cosign");
  const Json body = grant("yi", "administrator", admin);
  world.must("yi", "grant.create", body);
  const std::string key = "grant/" + body.at("grant").get<std::string>();
  const Json second{{"grant", body.at("grant")}, {"tx", world.doc(key).at("tx")}};
  expect_refused(world.apply("yi", "grant.cosign", second), "grant.second_signer_needed");
  world.now_s += 3 * kDay;
  EXPECT_EQ(grant_state_at(world.doc(key), world.now_s), "LAPSED");
  expect_refused(world.apply("jia", "grant.cosign", second), "grant.wrong_state");
}

TEST_F(Enterprises, WhatWaitsForASecondSignatureFallsWithTheFirst) {
  Json both = mandate("bing", "handler");
  both["cosign"] = true;
  const std::string handler = give("jia", both);
  const auto pending = [&] {
    const Json body = grant("bing", "handler", handler);
    world.must("bing", "grant.create", body);
    return body.at("grant").get<std::string>();
  };
  const std::string refused = pending();
  world.must("jia", "grant.revoke", reason_for("grant", refused));
  EXPECT_EQ(world.doc("grant/" + refused).at("state"), "REVOKED");
  const std::string lost = pending();
  world.must("reg", "subject.rebind", rebind_body(world, "bing", "bing2"));
  EXPECT_EQ(world.doc("grant/" + lost).at("state"), "REVOKED");
  const std::string ended = [&] {
    const Json body = grant("bing", "handler", handler);
    world.must("bing2", "grant.create", body);
    return body.at("grant").get<std::string>();
  }();
  world.must("jia", "mandate.end", reason_for("mandate", handler));
  EXPECT_EQ(world.doc("grant/" + ended).at("state"), "REVOKED");
}

TEST_F(Enterprises, ALostKeyPausesWhatItGaveForOthers) {
  const std::string handler = give("jia", mandate("bing", "handler"));
  const Json lost = grant("bing", "handler", handler);
  const Json other = grant("jia", "legal_rep", "");
  world.must("bing", "grant.create", lost);
  world.must("jia", "grant.create", other);
  const Effect effect = world.must("reg", "subject.rebind", rebind_body(world, "bing", "bing2"));
  EXPECT_EQ(effect.subjects, (std::set<std::string>{acme, account_of("bing")}));
  const Json paused = world.doc("grant/" + lost.at("grant").get<std::string>());
  EXPECT_EQ(paused.at("state"), "PAUSED");
  EXPECT_EQ(paused.at("reason"), "subject.rebound");
  EXPECT_EQ(world.doc("grant/" + other.at("grant").get<std::string>()).at("state"), "ACTIVE");
  world.must("jia", "grant.resume", reason_for("grant", lost.at("grant")));
  world.must("reg", "subject.rebind", rebind_body(world, "jia", "jia2"));
  EXPECT_EQ(world.doc("grant/" + other.at("grant").get<std::string>()).at("state"), "PAUSED");
}

TEST_F(Enterprises, AnotherLegalRepresentativeVoidsEveryMandate) {
  const std::string admin = give("jia", mandate("yi", "administrator"));
  const std::string handler = give("yi", mandate("bing", "handler", admin));
  const Json body = grant("bing", "handler", handler);
  world.must("bing", "grant.create", body);
  expect_refused(world.apply("reg", "enterprise.represent", represent("jia")), "mandate.exists",
                 "body.legal_rep");
  Json forged = represent("ding");
  forged["legal_rep"] = account_of("bing");
  expect_refused(world.apply("reg", "enterprise.represent", forged), "identity.evidence_mismatch");
  const Effect effect = world.must("reg", "enterprise.represent", represent("ding"));
  EXPECT_EQ(effect.subjects, (std::set<std::string>{acme, account_of("jia"), account_of("ding"),
                                                    account_of("yi"), account_of("bing")}));
  for (const std::string& ended : {admin, handler}) {
    EXPECT_EQ(world.doc("mandate/" + ended).at("state"), "ENDED");
  }
  expect_refused(world.apply("bank", "access.open", open_body(world, body)), "grant.revoked");
  expect_refused(world.apply("jia", "mandate.give", mandate("yi", "administrator")),
                 "mandate.wrong_role");
  expect_refused(world.apply("jia", "grant.create", grant("jia", "legal_rep", "")),
                 "request.not_found");
  world.must("ding", "grant.create", grant("ding", "legal_rep", ""));
}

TEST_F(Enterprises, TheKeyOfTheBoxIsReplacedLikeAPersons) {
  const Json body = grant("jia", "legal_rep", "");
  world.must("jia", "grant.create", body);
  Json payload = enterprise_evidence(world, "acme", "jia");
  payload["kid"] = key_of("acme2").kid();
  world.must("reg", "subject.rebind",
             {{"account", acme},
              {"jwk", jwk_of("acme2")},
              {"evidence", evidence_jws(payload)},
              {"reason", "lost"}});
  expect_refused(world.apply("bank", "access.open", open_body(world, body)), "grant.paused");
  world.must("jia", "grant.resume", reason_for("grant", body.at("grant")));
  world.must("bank", "access.open", open_body(world, body));
}

}  // namespace
}  // namespace qc::chain::test
