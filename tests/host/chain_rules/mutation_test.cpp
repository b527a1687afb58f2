// Every operation, every member of its body: removed, of every other type, too large, of the wrong
// form, with a stranger beside it. Each time: an error that names the field, and no write.
#include <functional>

#include "sdk/crypto/jose.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

struct Case {
  std::string signer, op;
  Json body;
  World world;
  std::set<std::string> nullable = {};  ///< fields that may be null
  std::set<std::string> empty_ok = {};  ///< texts that may be ""
  std::set<std::string> opaque = {};    ///< texts whose inside has errors of its own
};

// A place in a document: how to reach it, and what errors call it.
struct Place {
  Json::json_pointer pointer;
  std::string field;
  bool member = false;  ///< of an object: can be removed
};

void collect(const Json& value, const Place& here, std::vector<Place>& out) {
  if (value.is_object()) {
    for (const auto& [name, child] : value.items()) {
      out.push_back({here.pointer / name, here.field + "." + name, true});
      const Place next = out.back();
      collect(child, next, out);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      out.push_back({here.pointer / i, here.field + "[" + std::to_string(i) + "]", false});
      const Place next = out.back();
      collect(value[i], next, out);
    }
  }
}

std::vector<Place> places(const Json& body) {
  std::vector<Place> out;
  collect(body, {Json::json_pointer(), "body", false}, out);
  return out;
}

struct Operation {
  std::string name;
  std::function<Case()> make;
};
void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

class Mutations : public ::testing::TestWithParam<Operation> {
 protected:
  void SetUp() override { case_ = GetParam().make(); }

  void expect_field(const Json& body, const std::string& field, const std::string& what,
                    const std::string& code = "") {
    const auto result = case_.world.apply(case_.signer, case_.op, body);
    ASSERT_FALSE(result.ok()) << case_.op << " took " << what << " at " << field;
    EXPECT_EQ(result.error().field, field)
        << case_.op << " " << what << ": " << result.error().code << " " << result.error().message;
    if (!code.empty()) {
      EXPECT_EQ(result.error().code, code) << field;
    }
  }

  Json with(const Place& place, Json value) const {
    Json body = case_.body;
    body[place.pointer] = std::move(value);
    return body;
  }

  Case case_;
};

TEST_P(Mutations, TheValidBodyIsAccepted) {
  const auto before = case_.world.state.entries;
  const Effect effect = case_.world.must(case_.signer, case_.op, case_.body);
  EXPECT_FALSE(effect.actor.empty());
  EXPECT_NE(case_.world.state.entries, before);
}

TEST_P(Mutations, EveryMissingFieldIsNamed) {
  for (const Place& place : places(case_.body)) {
    if (!place.member) continue;
    Json body = case_.body;
    body.at(place.pointer.parent_pointer()).erase(place.pointer.back());
    expect_field(body, place.field, "a missing field", "json.missing_field");
  }
}

TEST_P(Mutations, EveryWrongTypeIsNamed) {
  const std::vector<Json> others{nullptr, true, 7, 1.5, "text", Json::array(), Json::object()};
  for (const Place& place : places(case_.body)) {
    const Json& now = case_.body.at(place.pointer);
    for (const Json& other : others) {
      const bool both_integers = now.is_number_integer() && other.is_number_integer();
      if (other.type() == now.type() || both_integers) continue;
      if (other.is_null() && case_.nullable.contains(place.field)) continue;
      expect_field(with(place, other), place.field, other.type_name(), "json.wrong_type");
    }
  }
}

TEST_P(Mutations, EveryUnknownFieldIsNamed) {
  Json body = case_.body;
  body["stranger"] = 1;
  expect_field(body, "body.stranger", "an unknown field", "json.unknown_field");
  for (const Place& place : places(case_.body)) {
    if (!case_.body.at(place.pointer).is_object()) continue;
    body = case_.body;
    body[place.pointer]["stranger"] = 1;
    expect_field(body, place.field + ".stranger", "an unknown field", "json.unknown_field");
  }
  expect_field(Json::array({1}), "body", "an array", "json.wrong_type");
  expect_field(nullptr, "body", "null", "json.wrong_type");
}

TEST_P(Mutations, EveryTextIsBoundedAndOfItsForm) {
  for (const Place& place : places(case_.body)) {
    const Json& now = case_.body.at(place.pointer);
    if (!now.is_string()) continue;
    expect_field(with(place, std::string(70000, 'a')), place.field, "70000 bytes",
                 "json.out_of_range");
    if (!case_.empty_ok.contains(place.field)) {
      expect_field(with(place, ""), place.field, "an empty text");
    }
    if (case_.opaque.contains(place.field)) continue;
    expect_field(with(place, std::string("a\x01 b")), place.field, "a control character");
    expect_field(with(place,
                      "a\xE2\x80\xAE"
                      "b"),
                 place.field, "a direction override");
  }
}

TEST_P(Mutations, EveryNumberIsBounded) {
  const std::vector<Json> numbers{-1, INT64_MIN, INT64_MAX, UINT64_MAX, 1000000000000000};
  for (const Place& place : places(case_.body)) {
    if (!case_.body.at(place.pointer).is_number_integer()) continue;
    for (const Json& number : numbers) {
      expect_field(with(place, number), place.field, number.dump(), "json.out_of_range");
    }
  }
}

TEST_P(Mutations, ListsAreBoundedAndHoldNothingTwice) {
  for (const Place& place : places(case_.body)) {
    const Json& now = case_.body.at(place.pointer);
    if (!now.is_array() || now.empty()) continue;
    Json many = now;
    for (int i = 0; i < 5000; ++i) many.push_back(now[0]);
    expect_field(with(place, many), place.field, "5000 entries", "json.out_of_range");
    Json twice = now;
    twice.push_back(now[0]);
    const auto result = case_.world.apply(case_.signer, case_.op, with(place, twice));
    ASSERT_FALSE(result.ok()) << place.field;
    EXPECT_EQ(result.error().field.rfind(place.field, 0), 0U) << result.error().field;
  }
}

TEST_P(Mutations, EveryOtherKindOfSignerIsRefused) {
  if (case_.op == "network.found") return;  // its signer has no kind yet
  const std::map<std::string, std::string> signers{
      {"operator", "op"}, {"host", "host"},   {"registrar", "reg"}, {"department", "ga"},
      {"bank", "bank"},   {"service", "svc"}, {"regulator", "sup"}, {"person", "jia"}};
  static const std::map<std::string, std::set<std::string>> allowed{
      {"op", {"operator"}},   {"reg", {"registrar"}}, {"ga", {"department"}},
      {"rs", {"department"}}, {"jia", {"person"}},    {"bank", {"bank", "service"}},
      {"host", {"host"}}};
  for (const auto& [kind, signer] : signers) {
    if (allowed.at(case_.signer).contains(kind)) continue;
    const auto result = case_.world.apply(signer, case_.op, case_.body);
    if (case_.op == "key.rotate" && kind != "host") {
      // Everyone may replace their own key; the proof is for one account.
      expect_refused(result, "key.bad_proof", "body.proof");
    } else if (case_.op == "mandate.end" && kind == "registrar") {
      // It ends guardianships; to it an enterprise's mandate does not exist.
      expect_refused(result, "mandate.not_found", "body.mandate");
    } else if (case_.op == "proposal.withdraw") {
      expect_refused(result, "proposal.not_proposer", "body.proposal");
    } else if (case_.signer == "op") {
      expect_refused(result, "proposal.not_a_voter", "op");
    } else {
      expect_refused(result, "tx.forbidden_op", "op");
    }
  }
  expect_refused(case_.world.apply("nobody", case_.op, case_.body), "tx.unknown_key", "kid");
}

Case simple(const std::string& signer, const std::string& op, const Json& body) {
  return {signer, op, body, city()};
}

Case presented() {
  World world = city();
  const Json request = request_body(world, "jia");
  world.must("bank", "request.create", request);
  world.must("jia", "request.open",
             {{"request", request.at("request")}, {"notice_sm3", digest("notice")}});
  const Json body = grant_body(world, "jia", request);
  return {"jia",
          "grant.create",
          body,
          std::move(world),
          {"body.scope[0].range", "body.scope[1].range"},
          {"body.supersedes", "body.actor.mandate", "body.frequency",
           "body.scope[0].presentation_sm3", "body.scope[1].presentation_sm3"}};
}

Case on_request(const std::string& signer, const std::string& op) {
  World world = city();
  const Json request = request_body(world, "jia");
  world.must("bank", "request.create", request);
  Json body{{"request", request.at("request")}, {"reason", "no"}};
  if (op == "request.open") {
    body = {{"request", request.at("request")}, {"notice_sm3", digest("notice")}};
  }
  return {signer, op, body, std::move(world), {}, {"body.reason"}};
}

// A proposal that waits for one of two operators' votes; the other one's is there.
Case on_proposal(const std::string& op) {
  World world = city();
  world.must("op", "member.admit", member_body("optwo", "operator"));
  world.must("op", "policy.set",
             {{"voters", {{"kinds", {"operator"}}, {"accounts", Json::array()}}},
              {"thresholds", {{"member", 2}, {"plugin", 2}, {"policy", 2}, {"product", 2}}},
              {"open_days", 30}});
  const bool vote = op == "proposal.vote";
  world.must(vote ? "optwo" : "op", "member.suspend", {{"account", "other"}, {"reason", "audit"}});
  Json body{{"proposal", world.history.back().id_hex()}, {"reason", "seen"}};
  if (vote) body["vote"] = "approve";
  return {"op", op, body, std::move(world), {}, {"body.reason"}};
}

Case on_grant(const std::string& signer, const std::string& op) {
  Granted before = granted();
  Json body{{"grant", before.grant.at("grant")}, {"reason", "no"}};
  if (op == "grant.resume") before.world.must("jia", "grant.pause", body);
  if (op == "grant.delete") {
    before.world.must("jia", "grant.revoke", body);
    body.erase("reason");
  }
  return {signer, op, body, std::move(before.world), {}, {"body.reason"}};
}

Case refusal() {
  Granted before = granted();
  before.world.must("jia", "grant.revoke", {{"grant", before.grant.at("grant")}, {"reason", ""}});
  const Json open = open_body(before.world, before.grant);
  const std::string attempt =
      proof::make_transaction(key_of("bank"), kChain, "access.open", open, before.world.now_s);
  const Json body{{"access", open.at("access")},
                  {"grant", open.at("grant")},
                  {"code", "grant.revoked"},
                  {"attempt", attempt}};
  return {"host", "access.refuse", body, std::move(before.world)};
}

Case releasing(const std::string& outcome) {
  Opened before = opened();
  const Json body = release_body(before.world, before.open, outcome);
  return {"host", "access.release", body, std::move(before.world), {"body.decision"}};
}

Case acknowledging() {
  Opened before = opened();
  before.world.must("host", "access.release", release_body(before.world, before.open, "delivered"));
  return {"bank",
          "access.ack",
          {{"access", before.open.at("access")}, {"payload_sm3", digest("payload")}},
          std::move(before.world)};
}

std::vector<Operation> cases() {
  return {
      {"network_found",
       [] {
         return Case{"op", "network.found", found_body(), World{}};
       }},
      {"member_admit_bank",
       [] {
         Case out = simple("op", "member.admit", member_body("new", "bank"));
         out.empty_ok = {"body.code"};
         return out;
       }},
      {"member_admit_department",
       [] {
         Case out = simple("op", "member.admit", member_body("new", "department", "new"));
         out.empty_ok = {"body.contact"};
         return out;
       }},
      {"member_suspend",
       [] {
         return simple("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}});
       }},
      {"member_resume",
       [] {
         Case out = simple("op", "member.resume", {{"account", "other"}, {"reason", "done"}});
         out.world.must("op", "member.suspend", {{"account", "other"}, {"reason", "audit"}});
         return out;
       }},
      {"policy_set",
       [] {
         return simple(
             "op", "policy.set",
             {{"voters", {{"kinds", {"operator"}}, {"accounts", {"sup"}}}},
              {"thresholds", {{"member", 1}, {"plugin", 1}, {"policy", 2}, {"product", 2}}},
              {"open_days", 30}});
       }},
      {"proposal_vote", [] { return on_proposal("proposal.vote"); }},
      {"proposal_withdraw", [] { return on_proposal("proposal.withdraw"); }},
      {"member_rebind",
       [] {
         Case out = simple("op", "member.rebind",
                           {{"account", "bank"},
                            {"jwk", jwk_of("bank2")},
                            {"proof", key_proof("bank", "bank2", "bank")},
                            {"reason", "lost"}});
         out.opaque = {"body.proof"};
         return out;
       }},
      {"key_rotate",
       [] {
         Case out =
             simple("bank", "key.rotate",
                    {{"jwk", jwk_of("bank2")}, {"proof", key_proof("bank", "bank2", "bank")}});
         out.opaque = {"body.proof"};
         return out;
       }},
      {"subject_rebind",
       [] {
         World world = city();
         const Json body = rebind_body(world, "jia", "jia2");
         return Case{"reg", "subject.rebind", body, std::move(world), {}, {}, {"body.evidence"}};
       }},
      {"guardian_appoint",
       [] {
         World world = city();
         Json body{{"guardian", account_of("yi")},
                   {"ward", account_of("jia")},
                   {"until", world.now_s + kDay}};
         Json claims = body;
         claims["v"] = 1;
         claims["chain"] = kChain;
         claims["method"] = "hukou";
         claims["iat"] = world.now_s;
         body["mandate"] = world.fresh_id();
         body["evidence"] =
             crypto::jws_sign(key_of("ga"), claims.dump(), "qc-guardianship-evidence+jws");
         return Case{"reg", "guardian.appoint", body, std::move(world), {}, {}, {"body.evidence"}};
       }},
      {"enterprise_open",
       [] {
         World world = city();
         const Json body = enterprise_body(world, "acme", "jia");
         return Case{"reg", "subject.open", body, std::move(world), {}, {}, {"body.evidence"}};
       }},
      {"enterprise_represent",
       [] {
         World world = city();
         world.must("reg", "subject.open", enterprise_body(world, "acme", "jia"));
         const Json body{{"account", enterprise_of("acme")},
                         {"legal_rep", account_of("yi")},
                         {"evidence", evidence_jws(enterprise_evidence(world, "acme", "yi"))},
                         {"reason", "elected"}};
         return Case{"reg", "enterprise.represent", body, std::move(world), {},
                     {},    {"body.evidence"}};
       }},
      {"mandate_give",
       [] {
         World world = city();
         world.must("reg", "subject.open", enterprise_body(world, "acme", "jia"));
         const Json body = mandate_body(world);
         return Case{"jia", "mandate.give", body, std::move(world), {}, {"body.parent"}};
       }},
      {"mandate_end",
       [] {
         World world = city();
         world.must("reg", "subject.open", enterprise_body(world, "acme", "jia"));
         const Json given = mandate_body(world);
         world.must("jia", "mandate.give", given);
         const Json body{{"mandate", given.at("mandate")}, {"reason", "left"}};
         return Case{"jia", "mandate.end", body, std::move(world), {}, {"body.reason"}};
       }},
      {"subject_open",
       [] {
         World world = city();
         const Json body = subject_body(world, "bing");
         return Case{"reg", "subject.open", body, std::move(world)};
       }},
      {"item_define", [] { return simple("ga", "item.define", item_body("ga.vehicle", 1)); }},
      {"product_define",
       [] { return simple("bank", "product.define", product_body("card", "answer")); }},
      {"product_approve",
       [] {
         Case out = simple("op", "product.approve", {{"product", "card"}, {"version", 1}});
         out.world.must("bank", "product.define", product_body("card", "answer"));
         return out;
       }},
      {"plugin_admit",
       [] {
         Case out = simple("op", "plugin.admit", plugin_body("card"));
         out.opaque = {"body.signature"};
         return out;
       }},
      {"plugin_withdraw",
       [] {
         return simple("op", "plugin.withdraw",
                       {{"plugin", "loan"}, {"digest", digest("loan")}, {"reason", "defect"}});
       }},
      {"asset_issue",
       [] {
         World world = city();
         const Json body = asset_body(world, "jia", "ga.hukou");
         return Case{"ga", "asset.issue", body, std::move(world), {}, {"body.supersedes"}};
       }},
      {"asset_erase",
       [] {
         World world = city();
         const Json asset = asset_body(world, "jia", "ga.hukou");
         world.must("ga", "asset.issue", asset);
         return Case{"jia",
                     "asset.erase",
                     {{"asset", asset.at("asset")}, {"reason", "mine"}},
                     std::move(world),
                     {},
                     {"body.reason"}};
       }},
      {"request_create",
       [] {
         World world = city();
         const Json body = request_body(world, "jia");
         return Case{"bank", "request.create",
                     body,   std::move(world),
                     {},     {"body.purpose.necessity", "body.purpose.impact"}};
       }},
      {"request_open", [] { return on_request("jia", "request.open"); }},
      {"request_refuse", [] { return on_request("jia", "request.refuse"); }},
      {"request_cancel", [] { return on_request("bank", "request.cancel"); }},
      {"grant_create", [] { return presented(); }},
      {"grant_pause", [] { return on_grant("jia", "grant.pause"); }},
      {"grant_resume", [] { return on_grant("jia", "grant.resume"); }},
      {"grant_revoke", [] { return on_grant("jia", "grant.revoke"); }},
      {"grant_delete", [] { return on_grant("bank", "grant.delete"); }},
      {"access_open",
       [] {
         Granted before = granted();
         const Json body = open_body(before.world, before.grant);
         return Case{"bank", "access.open", body, std::move(before.world)};
       }},
      {"access_refuse", [] { return refusal(); }},
      {"access_release_delivered", [] { return releasing("delivered"); }},
      {"access_release_partial", [] { return releasing("partial"); }},
      {"access_ack", [] { return acknowledging(); }},
  };
}

INSTANTIATE_TEST_SUITE_P(Operations, Mutations, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace qc::chain::test
