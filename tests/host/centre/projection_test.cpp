// What the tables and the answers say after everything has happened once. On both backends.
#include <map>

#include "host/chain/rules.hpp"
#include "sdk/crypto/jose.hpp"
#include "tests/host/centre/support.hpp"

namespace qc::centre::test {
namespace {

using chain::test::account_of;
using chain::test::kStart;

class ProjectionTest : public ViewTest {
 protected:
  void SetUp() override {
    ViewTest::SetUp();
    story_ = full_story();
    chain::test::submit_all(*ledger_, story_.transactions);
    open_centre();
    level();
  }
  std::vector<Json> flows_of(const std::string& op) {
    std::vector<Json> out;
    const Json answer = must(centre_->flows(0, 1000));
    for (const Json& flow : answer.at("flows")) {
      if (flow.at("op") == op) out.push_back(flow);
    }
    return out;
  }
  Story story_;
};

INSTANTIATE_TEST_SUITE_P(Both, ProjectionTest, ::testing::Values(Dialect::kSqlite, Dialect::kMysql),
                         [](const auto& parameter) {
                           return std::string(database::name_of(parameter.param));
                         });

TEST_P(ProjectionTest, MembersAreAsTheLedgerHasThem) {
  std::map<std::string, Json> members;
  const Json answer = must(centre_->members());
  for (const Json& member : answer.at("members")) {
    members[member.at("account")] = member;
  }
  EXPECT_EQ(members.size(), 8U);
  for (const auto& [account, member] : members) {
    const Json document = story_.world.doc("member/" + account);
    for (const char* field :
         {"kind", "code", "name_zh", "name_en", "uscc", "contact", "status", "jwk", "index"}) {
      EXPECT_EQ(member.at(field), document.at(field)) << account << " " << field;
    }
  }
  EXPECT_EQ(members.at("svc").at("status"), "active");
  EXPECT_EQ(members.at("other").at("status"), "suspended");
  EXPECT_EQ(must(centre_->member("ga")), members.at("ga"));
  const auto nobody = centre_->member("nobody");
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, "member.not_found");
  EXPECT_EQ(nobody.error().kind, ErrorKind::kNotFound);
}

TEST_P(ProjectionTest, TheCatalogueHasEveryVersionOfAnItem) {
  const Json items = must(centre_->items()).at("items");
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].at("item"), "ga.hukou");
  EXPECT_EQ(items[0].at("version"), 1);
  EXPECT_EQ(items[1].at("version"), 2);
  EXPECT_EQ(items[2].at("item"), "rs.social");
  EXPECT_EQ(items[2].at("department"), "rs");
  const Json body = story_.world.doc("item/rs.social/1").at("body");
  for (const auto& [name, value] : body.items()) EXPECT_EQ(items[2].at(name), value) << name;
}

TEST_P(ProjectionTest, AProposalIsNotTakenForTheProduct) {
  const Json products = must(centre_->products()).at("products");
  ASSERT_EQ(products.size(), 2U);
  const Json& loan = products[0];
  EXPECT_EQ(loan.at("product"), "citizen_loan");
  EXPECT_EQ(loan.at("version"), 1);
  EXPECT_EQ(loan.at("status"), "active");
  EXPECT_EQ(loan.at("owner"), "bank");
  EXPECT_EQ(loan.at("proposed").at("version"), 2);
  EXPECT_EQ(loan.at("proposed").at("status"), "proposed");
  EXPECT_TRUE(products[1].at("proposed").is_null());

  const auto approve =
      chain::test::sign("op", "product.approve", {{"product", "citizen_loan"}, {"version", 2}});
  ASSERT_TRUE(ledger_->submit(approve).ok());
  level();
  const Json after = must(centre_->products()).at("products");
  EXPECT_EQ(after[0].at("version"), 2);
  EXPECT_TRUE(after[0].at("proposed").is_null());
}

TEST_P(ProjectionTest, AVotedDecisionTakesEffectAtTheLastVote) {
  const auto submit = [&](const std::string& signer, const std::string& op, const Json& body) {
    const auto applied = ledger_->submit(chain::test::sign(signer, op, body));
    EXPECT_TRUE(applied.ok()) << op << " " << (applied.ok() ? "" : applied.error().code);
    return applied.ok() ? applied->receipt.tx : std::string();
  };
  const auto version = [&] {
    level();
    return must(centre_->products()).at("products")[0].at("version").get<int>();
  };
  const auto state_of = [&](const std::string& proposal) {
    level();
    return rows("SELECT state FROM proposals WHERE proposal = '" + proposal + "'", 1).at(0).at(0);
  };
  Json policy = {{"voters", {{"kinds", {"operator", "regulator"}}, {"accounts", Json::array()}}},
                 {"thresholds", {{"member", 2}, {"plugin", 2}, {"policy", 2}, {"product", 2}}},
                 {"open_days", 7}};
  EXPECT_EQ(state_of(submit("op", "policy.set", policy)), "CARRIED");
  const std::string approval =
      submit("op", "product.approve", {{"product", "citizen_loan"}, {"version", 2}});
  const std::string rejected =
      submit("op", "member.admit", chain::test::member_body("new", "bank"));
  EXPECT_EQ(state_of(approval), "OPEN");
  EXPECT_EQ(version(), 1);
  submit("sup", "proposal.vote", {{"proposal", rejected}, {"vote", "reject"}, {"reason", ""}});
  EXPECT_EQ(state_of(rejected), "REJECTED");
  EXPECT_FALSE(centre_->member("new").ok());
  submit("sup", "proposal.vote", {{"proposal", approval}, {"vote", "approve"}, {"reason", ""}});
  EXPECT_EQ(state_of(approval), "CARRIED");
  EXPECT_EQ(version(), 2);
  const std::string open = submit("op", "member.admit", chain::test::member_body("new", "bank"));
  policy["open_days"] = 8;
  const std::string change = submit("op", "policy.set", policy);
  submit("sup", "proposal.vote", {{"proposal", change}, {"vote", "approve"}, {"reason", ""}});
  EXPECT_EQ(state_of(open), "VOID");
  EXPECT_FALSE(centre_->member("new").ok());
}

TEST_P(ProjectionTest, AReplacedKeyIsKeptAndAReboundSubjectsGrantsArePaused) {
  const auto submit = [&](const std::string& signer, const std::string& op, const Json& body) {
    const auto applied = ledger_->submit(chain::test::sign(signer, op, body));
    EXPECT_TRUE(applied.ok()) << op << " " << (applied.ok() ? "" : applied.error().code);
  };
  const Json request = chain::test::request_body(story_.world, "jia");
  submit("bank", "request.create", request);
  submit("jia", "request.open",
         {{"request", request.at("request")}, {"notice_sm3", chain::test::digest("notice")}});
  const Json grant = chain::test::grant_body(story_.world, "jia", request);
  submit("jia", "grant.create", grant);
  const auto grant_state = [&] {
    level();
    return rows("SELECT state FROM grants WHERE grant_id = '" +
                    grant.at("grant").get<std::string>() + "'",
                1)
        .at(0)
        .at(0);
  };
  EXPECT_EQ(grant_state(), "ACTIVE");
  submit("bank", "key.rotate",
         {{"jwk", chain::test::jwk_of("bank2")},
          {"proof", chain::test::key_proof("bank", "bank2", "bank")}});
  submit("op", "member.rebind",
         {{"account", "bank"},
          {"jwk", chain::test::jwk_of("bank3")},
          {"proof", chain::test::key_proof("bank", "bank3", "bank2")},
          {"reason", "lost"}});
  submit("reg", "subject.rebind", chain::test::rebind_body(story_.world, "jia", "jia2"));
  submit("jia2", "key.rotate",
         {{"jwk", chain::test::jwk_of("jia3")},
          {"proof", chain::test::key_proof(account_of("jia"), "jia3", "jia2")}});
  level();
  const Json bank = must(centre_->member("bank"));
  EXPECT_EQ(bank.at("jwk"), chain::test::jwk_of("bank3"));
  EXPECT_EQ(bank.at("retired_keys"),
            Json::array({chain::test::jwk_of("bank"), chain::test::jwk_of("bank2")}));
  EXPECT_TRUE(must(centre_->member("ga")).at("retired_keys").empty());
  EXPECT_EQ(grant_state(), "PAUSED");
  submit("jia3", "grant.resume", {{"grant", grant.at("grant")}, {"reason", ""}});
  EXPECT_EQ(grant_state(), "ACTIVE");
}

TEST_P(ProjectionTest, AGrantFallsWithTheMandateItWasGivenUnder) {
  chain::test::World& world = story_.world;
  const auto submit = [&](const std::string& signer, const std::string& op, const Json& body) {
    const auto applied = ledger_->submit(chain::test::sign(signer, op, body));
    EXPECT_TRUE(applied.ok()) << op << " " << (applied.ok() ? "" : applied.error().code);
  };
  Json appointed = {{"guardian", account_of("yi")},
                    {"ward", account_of("jia")},
                    {"until", world.now_s + 300 * chain::test::kDay}};
  Json claims = appointed;
  claims["v"] = 1;
  claims["chain"] = chain::test::kChain;
  claims["method"] = "hukou";
  claims["iat"] = world.now_s;
  appointed["mandate"] = world.fresh_id();
  appointed["evidence"] =
      crypto::jws_sign(chain::test::key_of("ga"), claims.dump(), "qc-guardianship-evidence+jws");
  submit("reg", "guardian.appoint", appointed);
  const Json request = chain::test::request_body(world, "jia");
  submit("bank", "request.create", request);
  submit("yi", "request.open",
         {{"request", request.at("request")}, {"notice_sm3", chain::test::digest("notice")}});
  Json grant = chain::test::grant_body(world, "jia", request);
  grant["actor"] = {
      {"role", "guardian"}, {"account", account_of("yi")}, {"mandate", appointed.at("mandate")}};
  grant["separate"]["minor"] = true;
  submit("yi", "grant.create", grant);
  const auto one = [&](const std::string& sql) {
    level();
    return rows(sql, 1).at(0).at(0);
  };
  const std::string of_grant =
      "SELECT state FROM grants WHERE grant_id = '" + grant.at("grant").get<std::string>() + "'";
  const std::string of_mandate = "SELECT state FROM mandates WHERE mandate = '" +
                                 appointed.at("mandate").get<std::string>() + "'";
  EXPECT_EQ(one(of_grant), "ACTIVE");
  EXPECT_EQ(one(of_mandate), "ACTIVE");
  submit("reg", "mandate.end", {{"mandate", appointed.at("mandate")}, {"reason", "grown up"}});
  EXPECT_EQ(one(of_grant), "REVOKED");
  EXPECT_EQ(one(of_mandate), "ENDED");
}

TEST_P(ProjectionTest, FlowsTellWhoWhatWhyAndWithWhatResult) {
  const Json loan = flows_of("access.open").at(0);
  EXPECT_EQ(loan.at("consumer"), "bank");
  EXPECT_EQ(loan.at("product"), "citizen_loan");
  EXPECT_EQ(loan.at("purpose"), "credit.loan");
  EXPECT_EQ(loan.at("items"), Json({"ga.hukou", "rs.social"}));
  EXPECT_EQ(loan.at("fields").at("ga.hukou"), Json({"name", "level"}));
  EXPECT_EQ(loan.at("outcome"), "opened");
  EXPECT_EQ(loan.at("grant"), story_.jia_grant);
  EXPECT_EQ(loan.at("access"), story_.delivered);
  EXPECT_EQ(loan.at("subject"), account_of("jia"));
  EXPECT_EQ(loan.at("time_ms"), kStart * 1000 + 7);

  const Json asked = flows_of("request.create").at(0);
  EXPECT_EQ(asked.at("outcome"), "requested");
  EXPECT_EQ(asked.at("grant"), "");
  EXPECT_EQ(asked.at("fields").at("rs.social"), Json({"level", "name"}));
  const Json granted = flows_of("grant.create").at(0);
  EXPECT_EQ(granted.at("outcome"), "granted");
  EXPECT_EQ(granted.at("fields").at("rs.social"), Json({"level", "name"}));
  EXPECT_EQ(flows_of("grant.revoke").at(0).at("outcome"), "revoked");
  EXPECT_EQ(flows_of("grant.delete").at(0).at("outcome"), "deleted");
  EXPECT_EQ(flows_of("access.release").at(0).at("outcome"), "delivered");
  EXPECT_EQ(flows_of("access.release").at(1).at("outcome"), "partial");
  EXPECT_EQ(flows_of("access.ack").at(0).at("access"), story_.delivered);
  const Json refused = flows_of("access.refuse").at(0);
  EXPECT_EQ(refused.at("outcome"), "grant.revoked");
  EXPECT_EQ(refused.at("consumer"), "bank");
  EXPECT_EQ(refused.at("items"), Json({"ga.hukou", "rs.social"}));
  EXPECT_EQ(refused.at("subject"), account_of("jia"));
}

TEST_P(ProjectionTest, FlowsArePagedByPosition) {
  const Json all = must(centre_->flows(0, 1000)).at("flows");
  ASSERT_GT(all.size(), 10U);
  Json paged = Json::array();
  std::uint64_t after = 0;
  for (;;) {
    const Json page = must(centre_->flows(after, 3)).at("flows");
    if (page.empty()) break;
    ASSERT_LE(page.size(), 3U);
    for (const Json& flow : page) {
      EXPECT_GT(flow.at("index").get<std::uint64_t>(), after);
      after = flow.at("index");
      paged.push_back(flow);
    }
  }
  EXPECT_EQ(paged, all);
  EXPECT_TRUE(must(centre_->flows(UINT64_MAX, 10)).at("flows").empty());
}

TEST_P(ProjectionTest, StatisticsCountByKindAndState) {
  const Json counts = must(centre_->statistics());
  EXPECT_EQ(counts.at("position"), ledger_->size());
  EXPECT_EQ(counts.at("members").at("bank"), Json({{"active", 1}, {"suspended", 1}}));
  EXPECT_EQ(counts.at("members").at("operator"), Json({{"active", 1}}));
  EXPECT_EQ(counts.at("subjects"), Json({{"person", 2}}));
  EXPECT_EQ(counts.at("products"), Json({{"active", 2}, {"proposed", 1}}));
  EXPECT_EQ(counts.at("plugins").at("product"), Json({{"admitted", 1}}));
  EXPECT_EQ(counts.at("assets"), Json({{"erased", 1}, {"live", 3}, {"superseded", 1}}));
  EXPECT_EQ(counts.at("requests"),
            Json({{"CANCELLED", 1}, {"GRANTED", 1}, {"REJECTED", 1}, {"REQUESTED", 1}}));
  EXPECT_EQ(counts.at("grants"), Json({{"DELETED", 1}}));
  EXPECT_EQ(counts.at("accesses"), Json({{"DELIVERED", 1}, {"PARTIAL", 1}}));
  EXPECT_EQ(counts.at("refusals"), Json({{"grant.revoked", 1}}));
}

TEST_P(ProjectionTest, WhatTimeChangesIsSeenAsTheRulesSeeIt) {
  // One of each: presented, requested, granted with a use left, granted and used up.
  chain::test::World& world = story_.world;
  const std::size_t before = world.history.size();
  const auto ask = [&](bool present) {
    const Json request = chain::test::request_body(world, "jia", "fields");
    world.must("bank", "request.create", request);
    if (present) {
      world.must(
          "jia", "request.open",
          {{"request", request.at("request")}, {"notice_sm3", chain::test::digest("notice")}});
    }
    return request;
  };
  std::vector<std::string> requests = {ask(true).at("request"), ask(false).at("request")};
  std::vector<std::string> grants;
  for (const int uses : {3, 1}) {
    const Json request = ask(true);
    Json grant = chain::test::grant_body(world, "jia", request);
    grant["max_uses"] = uses;
    world.must("jia", "grant.create", grant);
    world.must("bank", "access.open", chain::test::open_body(world, grant));
    grants.push_back(grant.at("grant"));
  }
  const auto signed_all = chain::test::signed_history(world);
  chain::test::submit_all(
      *ledger_, {signed_all.begin() + static_cast<std::ptrdiff_t>(before), signed_all.end()});
  centre_.reset();
  std::int64_t now_s = kStart;
  options_.clock_ms = [&now_s] { return now_s * 1000 + 999; };
  open_centre();
  level();
  for (const std::int64_t after_s :
       {0L, 899L, 900L, 7 * 86400L - 1, 7 * 86400L, 30 * 86400L - 1, 30 * 86400L, 31 * 86400L}) {
    now_s = kStart + after_s;
    std::map<std::string, std::int64_t> request_states;
    std::map<std::string, std::int64_t> grant_states;
    world.state.scan("request/", "", [&](const std::string&, const Json& request) {
      ++request_states[chain::request_state_at(request, now_s)];
      return true;
    });
    world.state.scan("grant/", "", [&](const std::string&, const Json& grant) {
      ++grant_states[chain::grant_state_at(grant, now_s)];
      return true;
    });
    const Json counts = must(centre_->statistics());
    EXPECT_EQ(counts.at("requests"), Json(request_states)) << after_s;
    EXPECT_EQ(counts.at("grants"), Json(grant_states)) << after_s;
  }
}

TEST_P(ProjectionTest, EveryTableAgreesWithTheLedgersState) {
  const auto& world = story_.world;
  const auto check = [&](const std::string& sql, const std::string& family, const char* member) {
    const auto table = rows(sql, 2);
    EXPECT_FALSE(table.empty()) << family;
    std::size_t documents = 0;
    world.state.scan(family + "/", "", [&](const std::string&, const Json&) {
      ++documents;
      return true;
    });
    EXPECT_EQ(table.size(), documents) << family;
    for (const auto& row : table) {
      EXPECT_EQ(row[1], world.doc(family + "/" + row[0]).at(member)) << family << " " << row[0];
    }
  };
  check("SELECT asset, state FROM assets", "asset", "state");
  check("SELECT request_id, state FROM requests", "request", "state");
  check("SELECT grant_id, state FROM grants", "grant", "state");
  check("SELECT access_id, state FROM accesses", "access", "state");
  check("SELECT account, kind FROM subjects", "subject", "kind");
  check("SELECT request_id, grant_id FROM requests", "request", "grant");
  for (const auto& row : rows("SELECT grant_id, uses FROM grants", 2)) {
    EXPECT_EQ(std::stoi(row[1]), world.doc("grant/" + row[0]).at("uses").get<int>());
  }
  for (const auto& row : rows("SELECT access_id, acked FROM accesses", 2)) {
    EXPECT_EQ(row[1] == "1", world.doc("access/" + row[0]).at("acked").get<bool>());
  }
}

}  // namespace
}  // namespace qc::centre::test
