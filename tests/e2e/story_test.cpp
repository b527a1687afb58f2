// The story as played, and what must be true of it independently of what it says itself.
#include <set>

#include "sdk/proof/receipt.hpp"
#include "sdk/proof/transaction.hpp"
#include "tests/e2e/e2e_test.hpp"
#include "tests/e2e/leaks.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

using Story = E2e;

TEST_F(Story, PlaysTenSteps) {
  const Json& story = first_story();
  ASSERT_TRUE(story.at("ok").get<bool>()) << story.at("steps").back().dump(2);
  ASSERT_EQ(story.at("steps").size(), 10U);
  for (const Json& step : story.at("steps")) {
    EXPECT_TRUE(step.at("ok").get<bool>());
    EXPECT_GE(step.at("ms").get<std::int64_t>(), 0);
    EXPECT_FALSE(step.at("title_zh").get<std::string>().empty());
    EXPECT_FALSE(step.at("title_en").get<std::string>().empty());
  }
  for (const Json& member : facts(story, 1).at("members"))
    EXPECT_EQ(member.at("outcome"), "admitted");
  EXPECT_EQ(facts(story, 1).at("members").size(), 6U);
  EXPECT_EQ(facts(story, 2).at("plugins").size(), 5U);
}

TEST_F(Story, MembersAndPluginsStandOnTheHost) {
  const Json members = city().run_as("operator", {"operator", "members"}).at("members");
  std::set<std::string> accounts;
  for (const Json& member : members) accounts.insert(member.at("account"));
  for (const char* account : {"operator", "registrar", "ga", "rs", "gjj", "qc-bank", "jrj"}) {
    EXPECT_TRUE(accounts.contains(account)) << account;
  }
  const Json plugins = city().run_as("operator", {"operator", "plugin", "list"}).at("plugins");
  EXPECT_EQ(plugins.size(), 5U);
  for (const Json& plugin : plugins) EXPECT_EQ(plugin.at("state"), "active") << plugin.dump();
}

TEST_F(Story, DecidesOnTheLedgerFirst) {
  const Json decided = facts(first_story(), 7);
  const Json& decision = decided.at("decision");
  EXPECT_EQ(decision.at("outcome"), "approved");
  EXPECT_GT(decision.at("amount_fen").get<std::int64_t>(), 0);
  EXPECT_GT(decision.at("rate_bp").get<std::int64_t>(), 0);
  EXPECT_GT(decision.at("term_months").get<std::int64_t>(), 0);
  ASSERT_FALSE(decision.at("reasons").empty());
  EXPECT_FALSE(decision.at("reasons")[0].at("zh").get<std::string>().empty());
  const std::int64_t granted = facts(first_story(), 6).at("index");
  const std::int64_t opened = decided.at("open_index");
  const std::int64_t released = decided.at("release_index");
  const std::int64_t acknowledged = decided.at("ack_index");
  const std::int64_t revoked = facts(first_story(), 8).at("revoke_index");
  EXPECT_LT(granted, opened);
  EXPECT_LT(opened, released);
  EXPECT_LT(released, acknowledged);
  EXPECT_LT(acknowledged, revoked);
  const Json accesses = city().run_as("qc-bank", {"bank", "status"}).at("accesses");
  EXPECT_TRUE(any(accesses, [&](const Json& access) {
    return access.at("access") == decided.at("access") && access.at("state") == "DELIVERED" &&
           access.at("acked") == true;
  }));
}

TEST_F(Story, GrantsOnlyWhatWasChosen) {
  const Json granted = facts(first_story(), 6);
  const Json requested = facts(first_story(), 5).at("scope");
  EXPECT_LT(granted.at("optional_given").get<int>(), granted.at("optional_asked").get<int>());
  std::size_t asked = 0;
  std::size_t given = 0;
  for (const Json& entry : requested) {
    asked += entry.at("required").size() + entry.at("optional").size();
  }
  for (const Json& entry : granted.at("given")) given += entry.at("fields").size();
  EXPECT_LT(given, asked);
  EXPECT_GT(given, 0U);
}

TEST_F(Story, RefusesAfterWithdrawalAndTracesTheRefusal) {
  const Json withdrawn = facts(first_story(), 8);
  const Json& problem = withdrawn.at("problem");
  EXPECT_EQ(withdrawn.at("exit_code"), 1);
  EXPECT_EQ(problem.at("code"), "grant.revoked");
  EXPECT_EQ(problem.at("type"), "urn:quancheng:problem:grant.revoked");
  EXPECT_FALSE(problem.at("retryable").get<bool>());
  ASSERT_FALSE(problem.at("txn_id").get<std::string>().empty());
  EXPECT_TRUE(any(facts(first_story(), 10).at("events"), [&](const Json& event) {
    return event.at("op") == "access.refuse" && event.at("tx") == problem.at("txn_id");
  }));
}

TEST_F(Story, LooksAgainUnderAStandingGrant) {
  const Json watched = facts(first_story(), 9);
  const std::string outcome = watched.at("outcome");
  EXPECT_TRUE(outcome == "in_order" || outcome == "review") << outcome;
  EXPECT_EQ(watched.at("verified"), true);
  const Json released =
      city().run_as("jrj", {"regulator", "trace", facts(first_story(), 4).at("account")});
  std::size_t fresh = 0;
  for (const Json& event : released.at("events")) {
    if (event.at("op") != "access.release") continue;
    const Json& summary = event.at("summary");
    if (summary.at("grant") == watched.at("grant")) fresh += summary.at("issued").size();
  }
  EXPECT_GE(fresh, 1U);
}

TEST_F(Story, TraceTellsEverythingInOrder) {
  std::vector<std::string> ops;
  std::int64_t last = -1;
  for (const Json& event : facts(first_story(), 10).at("events")) {
    EXPECT_GT(event.at("index").get<std::int64_t>(), last);
    last = event.at("index");
    EXPECT_TRUE(event.at("receipt_verified").get<bool>());
    EXPECT_TRUE(event.at("signature_verified").get<bool>()) << event.dump();
    if (event.at("op") != "asset.issue") ops.push_back(event.at("op"));
  }
  EXPECT_EQ(ops,
            (std::vector<std::string>{
                "subject.open", "request.create", "request.open", "grant.create", "access.open",
                "access.release", "access.ack", "grant.revoke", "access.refuse", "request.create",
                "request.open", "grant.create", "access.open", "access.release"}));
  EXPECT_TRUE(facts(first_story(), 10).at("complete").get<bool>());
}

// Not through the command line: the proof library alone, as an outside checker would use it.
TEST_F(Story, EveryReceiptFileVerifies) {
  const auto host = crypto::PublicKey::from_jwk(*read_json_file(city().dir() / "host.jwk.json"));
  ASSERT_TRUE(host.ok());
  std::size_t count = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(first_story().at("folder")) / "receipts")) {
    const auto file = read_json_file(entry.path());
    ASSERT_TRUE(file.ok());
    const std::string bytes = file->at("transaction");
    const auto receipt = proof::receipt_from_json(file->at("receipt"));
    ASSERT_TRUE(receipt.ok()) << entry.path();
    const auto head = proof::verify_receipt(bytes, *receipt, *host, city().chain());
    EXPECT_TRUE(head.ok()) << entry.path();
    EXPECT_FALSE(proof::verify_receipt(bytes, *receipt, *host, "another-network").ok());
    std::string changed = bytes;
    changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(proof::verify_receipt(changed, *receipt, *host, city().chain()).ok());
    ++count;
  }
  EXPECT_EQ(first_story().at("receipts_verified").get<std::size_t>(), count);
  EXPECT_GE(count, 30U);
}

TEST_F(Story, NoValueLeavesTheBox) {
  std::vector<std::string> show = {"wallet", "show"};
  for (const std::string& text : wallet_options(city(), first_story())) show.push_back(text);
  const Json shown = city().run_json(show);
  const Json items = city().run_as("operator", {"operator", "catalogue"}).at("items");
  std::set<std::string> values = values_of(shown, items);
  ASSERT_GE(values.size(), 8U) << "too few values to look for";
  // The search must be able to find what it is to find, plain and encoded.
  const std::string sample = *values.begin();
  ASSERT_EQ(find_value("x \"" + sample + "\" y", values), sample);
  ASSERT_EQ(find_value("a." + to_base64url(as_bytes("{\"v\":\"" + sample + "\"}")) + ".b", values),
            sample);
  const Json people = *read_json_file(city().dir() / "population" / "people.json");
  for (const Json& person : people) {
    values.insert(person.at("id_no"));
    values.insert(person.at("name"));
  }
  const Json& decision = facts(first_story(), 7).at("decision");
  values.insert(decision.at("amount_fen").dump());

  const Json flows = city().run_as("jrj", {"regulator", "flows"});
  EXPECT_GE(flows.at("flows").size(), 5U);
  EXPECT_EQ(find_value(flows.dump(), values), "");
  const std::string account = facts(first_story(), 4).at("account");
  EXPECT_EQ(find_value(city().run_as("jrj", {"regulator", "trace", account}).dump(), values), "");
  EXPECT_EQ(find_value_in(city().data(), values), "");
  const auto log = read_file(city().log(), 1U << 30U);
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(find_value(*log, values), "");
  // Nor in what the story leaves behind, the citizen's own folder included: ciphertext only.
  EXPECT_EQ(find_value_in(fs::path(first_story().at("folder")) / "receipts", values), "");
}

TEST_F(Story, RegulatorSeesPurposeAndOutcome) {
  const Json flows = facts(first_story(), 10).at("flows");
  EXPECT_TRUE(any(flows, [](const Json& flow) {
    return flow.at("op") == "access.release" && flow.at("consumer") == "qc-bank" &&
           flow.at("purpose") == "credit.assessment";
  })) << flows.dump(1);
  EXPECT_TRUE(any(flows, [](const Json& flow) { return flow.at("op") == "access.refuse"; }));
}

}  // namespace
}  // namespace qc::tests
