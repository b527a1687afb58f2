// Guardians of minors: one who decides alone, and two who decide together.
#include "sdk/crypto/jose.hpp"
#include "tests/host/chain_rules/acting.hpp"

namespace qc::chain::test {
namespace {

std::string guardianship_jws(const Json& payload, const std::string& signer = "ga") {
  return crypto::jws_sign(key_of(signer), payload.dump(), "qc-guardianship-evidence+jws");
}

Json guardianship_payload(const World& world, std::int64_t until) {
  return {{"v", 1},
          {"chain", kChain},
          {"guardian", account_of("yi")},
          {"ward", account_of("jia")},
          {"until", until},
          {"method", "hukou"},
          {"iat", world.now_s}};
}

Json guardian_body(World& world, std::int64_t until) {
  return {{"mandate", world.fresh_id()},
          {"guardian", account_of("yi")},
          {"ward", account_of("jia")},
          {"until", until},
          {"evidence", guardianship_jws(guardianship_payload(world, until))}};
}

/// A request to jia that is on the screen.
Json presented(World& world, const std::string& signer) {
  const Json request = request_body(world, "jia");
  world.must("bank", "request.create", request);
  world.must(signer, "request.open",
             {{"request", request.at("request")}, {"notice_sm3", digest("notice")}});
  return request;
}

class Guardians : public ::testing::Test {
 protected:
  Guardians() : world(city()) {
    appointed = guardian_body(world, world.now_s + 365 * kDay);
    world.must("reg", "guardian.appoint", appointed);
  }
  Json grant_by_guardian(const Json& request) {
    Json body = grant_body(world, "jia", request);
    body["actor"] = {
        {"role", "guardian"}, {"account", account_of("yi")}, {"mandate", appointed.at("mandate")}};
    body["separate"]["minor"] = true;
    return body;
  }
  World world;
  Json appointed;
};

TEST_F(Guardians, TheGuardianConsentsAndTheMinorAloneCannot) {
  const Json request = presented(world, "yi");
  expect_refused(world.apply("jia", "grant.create", grant_body(world, "jia", request)),
                 "grant.guardian_needed", "body.actor.role");
  Json body = grant_by_guardian(request);
  body["separate"]["minor"] = false;
  expect_refused(world.apply("yi", "grant.create", body), "grant.separate_consent_missing",
                 "body.separate.minor");
  body["separate"]["minor"] = true;
  expect_refused(world.apply("jia", "grant.create", body), "grant.wrong_actor",
                 "body.actor.account");
  const Effect effect = world.must("yi", "grant.create", body);
  EXPECT_EQ(effect.actor, account_of("yi"));
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  // The presentations are bound to the minor's key, whoever signed.
  const Json grant = world.doc("grant/" + body.at("grant").get<std::string>());
  EXPECT_EQ(grant.at("subject"), account_of("jia"));
  EXPECT_EQ(grant.at("kid"), key_of("jia").kid());
  world.must("bank", "access.open", open_body(world, body));
  // Withdrawal is as easy as giving: either of them can.
  world.must("yi", "grant.pause", reason_for("grant", body.at("grant")));
  world.must("jia", "grant.revoke", reason_for("grant", body.at("grant")));
}

/// jia's parents, yi and bing, who decide together.
class Parents : public ::testing::Test {
 protected:
  Parents() : world(city()) {
    world.must("reg", "subject.open", subject_body(world, "bing"));
    first = appoint("yi", 2);
    second = appoint("bing", 2);
  }
  Json body_for(const std::string& guardian, std::int64_t required) {
    const std::int64_t until = world.now_s + 365 * kDay;
    Json payload = guardianship_payload(world, until);
    payload["guardian"] = account_of(guardian);
    Json body = guardian_body(world, until);
    body["guardian"] = account_of(guardian);
    body["evidence"] = guardianship_jws(payload);
    body["required"] = required;
    return body;
  }
  std::string appoint(const std::string& guardian, std::int64_t required) {
    const Json body = body_for(guardian, required);
    world.must("reg", "guardian.appoint", body);
    return body.at("mandate");
  }
  /// Given by yi; waits.
  Json given() {
    Json body = grant_body(world, "jia", presented(world, "yi"));
    body["actor"] = {{"role", "guardian"}, {"account", account_of("yi")}, {"mandate", first}};
    body["separate"]["minor"] = true;
    world.must("yi", "grant.create", body);
    return body;
  }
  Json document(const Json& body) {
    return world.doc("grant/" + body.at("grant").get<std::string>());
  }
  Json cosignature(const Json& body) {
    return {{"grant", body.at("grant")}, {"tx", document(body).at("tx")}};
  }
  World world;
  std::string first, second;
};

TEST_F(Parents, BothSignBeforeAnythingIsGiven) {
  const Json body = given();
  EXPECT_EQ(document(body).at("state"), "PENDING_COSIGN");
  expect_refused(world.apply("bank", "access.open", open_body(world, body)), "grant.not_cosigned");
  // Neither the first once more, nor the minor, nor a stranger.
  expect_refused(world.apply("yi", "grant.cosign", cosignature(body)),
                 "grant.second_signer_needed");
  expect_refused(world.apply("jia", "grant.cosign", cosignature(body)),
                 "grant.second_signer_needed");
  world.must("reg", "subject.open", subject_body(world, "ding"));
  expect_refused(world.apply("ding", "grant.cosign", cosignature(body)), "grant.not_found");
  EXPECT_EQ(document(body).at("state"), "PENDING_COSIGN");
  world.must("bing", "grant.cosign", cosignature(body));
  EXPECT_EQ(document(body).at("state"), "ACTIVE");
  EXPECT_EQ(document(body).at("cosigner"), account_of("bing"));
  world.must("bank", "access.open", open_body(world, body));
  world.must("bing", "grant.revoke", reason_for("grant", body.at("grant")));
}

TEST_F(Parents, OnlyALiveGuardianIsTheSecond) {
  const Json body = given();
  world.must("reg", "mandate.end", reason_for("mandate", second));
  expect_refused(world.apply("bing", "grant.cosign", cosignature(body)), "grant.not_found");
  world.now_s += 3 * kDay;
  EXPECT_EQ(grant_state_at(document(body), world.now_s), "LAPSED");
}

TEST_F(Parents, AllGuardianshipsOfAMinorSayTheSame) {
  world.must("reg", "subject.open", subject_body(world, "ding"));
  expect_refused(world.apply("reg", "guardian.appoint", body_for("ding", 1)),
                 "mandate.wrong_required", "body.required");
  Json silent = body_for("ding", 1);
  silent.erase("required");
  expect_refused(world.apply("reg", "guardian.appoint", silent), "mandate.wrong_required",
                 "body.required");
  expect_refused(world.apply("reg", "guardian.appoint", body_for("ding", 3)), "json.out_of_range",
                 "body.required");
  world.must("reg", "mandate.end", reason_for("mandate", first));
  world.must("reg", "mandate.end", reason_for("mandate", second));
  world.must("reg", "guardian.appoint", silent);  // from now on one is enough
}

TEST_F(Guardians, AStrangerIsNoGuardian) {
  world.must("reg", "subject.open", subject_body(world, "bing"));
  const Json request = presented(world, "jia");
  Json body = grant_by_guardian(request);
  body["actor"]["account"] = account_of("bing");
  expect_refused(world.apply("bing", "grant.create", body), "request.not_found", "body.request");
  const Json name{{"request", request.at("request")}, {"reason", ""}};
  expect_refused(world.apply("bing", "request.refuse", name), "request.not_found");
  world.must("yi", "request.refuse", name);
}

TEST_F(Guardians, TheMandateEndsWithTimeAndTheGrantWithIt) {
  const Json request = presented(world, "yi");
  Json body = grant_by_guardian(request);
  World early = city();
  Json brief = guardian_body(early, early.now_s + kDay);
  early.must("reg", "guardian.appoint", brief);
  const Json asked = presented(early, "yi");
  Json longer = grant_body(early, "jia", asked);
  longer["actor"] = {
      {"role", "guardian"}, {"account", account_of("yi")}, {"mandate", brief.at("mandate")}};
  longer["separate"]["minor"] = true;
  expect_refused(early.apply("yi", "grant.create", longer), "grant.beyond_mandate",
                 "body.valid.to");
  early.now_s += kDay;  // grown up
  const Json again = presented(early, "jia");
  longer = grant_body(early, "jia", again);
  early.must("jia", "grant.create", longer);

  world.must("yi", "grant.create", body);
  expect_refused(world.apply("yi", "mandate.end", reason_for("mandate", appointed.at("mandate"))),
                 "mandate.not_found", "body.mandate");
  const Effect ended =
      world.must("reg", "mandate.end", reason_for("mandate", appointed.at("mandate")));
  EXPECT_EQ(ended.subjects, (std::set<std::string>{account_of("jia"), account_of("yi")}));
  const Json grant = world.doc("grant/" + body.at("grant").get<std::string>());
  EXPECT_EQ(grant.at("state"), "REVOKED");
  EXPECT_EQ(grant.at("reason"), "mandate.ended");
  expect_refused(world.apply("bank", "access.open", open_body(world, body)), "grant.revoked");
  expect_refused(world.apply("reg", "mandate.end", reason_for("mandate", appointed.at("mandate"))),
                 "mandate.wrong_state", "body.mandate");
  expect_refused(world.apply("yi", "grant.create", grant_by_guardian(presented(world, "jia"))),
                 "mandate.not_live");
}

TEST_F(Guardians, AreAppointedOnTheDepartmentsWordAlone) {
  World fresh = city();
  const std::int64_t until = fresh.now_s + 365 * kDay;
  const auto with = [&](const char* name, const Json& value, const char* signer = "ga") {
    Json payload = guardianship_payload(fresh, until);
    payload[name] = value;
    Json body = guardian_body(fresh, until);
    body["evidence"] = guardianship_jws(payload, signer);
    return fresh.apply("reg", "guardian.appoint", body);
  };
  expect_refused(with("ward", account_of("bing")), "identity.evidence_mismatch");
  expect_refused(with("guardian", account_of("jia")), "identity.evidence_mismatch");
  expect_refused(with("until", until + 1), "identity.evidence_mismatch");
  expect_refused(with("v", 1, "rs"), "identity.bad_evidence", "body.evidence");
  expect_refused(with("v", 1, "reg"), "identity.bad_evidence", "body.evidence");
  expect_refused(with("iat", fresh.now_s - 601), "identity.stale_evidence", "body.evidence.iat");
  Json body = guardian_body(fresh, fresh.now_s);
  expect_refused(fresh.apply("reg", "guardian.appoint", body), "mandate.in_the_past", "body.until");
  // One live mandate between two; a minor is nobody's guardian.
  expect_refused(world.apply("reg", "guardian.appoint", guardian_body(world, until)),
                 "mandate.exists");
  body = guardian_body(world, until);
  body["guardian"] = account_of("jia");
  body["ward"] = account_of("yi");
  expect_refused(world.apply("reg", "guardian.appoint", body), "mandate.wrong_holder",
                 "body.guardian");
}

}  // namespace
}  // namespace qc::chain::test
