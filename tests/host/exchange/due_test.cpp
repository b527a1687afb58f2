// What is due under standing grants: by the real rules, on a clock that the test moves.
#include "host/exchange/due_index.hpp"
#include "sdk/proof/schedule.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::exchange {
namespace {

namespace rules = chain::test;

constexpr std::int64_t kHour = 3600;

/// A city in which jia let the bank look twelve hours apart for thirty days, twenty times.
class DueTest : public ::testing::Test {
 protected:
  DueTest() : world_(rules::city()) {
    Json product = rules::product_body("citizen_loan", "answer");
    product["version"] = 2;
    product["every_hours"] = 12;
    product["max_uses"] = 20;
    world_.must("bank", "product.define", product);
    world_.must("op", "product.approve", {{"product", "citizen_loan"}, {"version", 2}});
    grant();
  }

  void grant(const std::string& frequency = "", int uses = 20) {
    Json request = rules::request_body(world_, "jia", "answer");
    request["product_version"] = 2;
    request["max_uses"] = uses;
    world_.must("bank", "request.create", request);
    world_.must("jia", "request.open",
                {{"request", request.at("request")}, {"notice_sm3", rules::digest("notice")}});
    Json body = rules::grant_body(world_, "jia", request);
    body["frequency"] = frequency;
    world_.must("jia", "grant.create", body);
    grant_ = body.at("grant");
  }
  Due due(const std::string& stopped = "") {
    return due_of_grant(world_.state, grant_,
                        {rules::kChain, "citizen_loan", world_.now_s, stopped});
  }
  /// Does what is due, as a bank does it.
  void run() {
    const Due now = due();
    ASSERT_FALSE(now.due.is_null());
    world_.must("bank", "access.open", now.due.at("open"));
    Json release = rules::release_body(world_, now.due.at("open"), "failed");
    release["withheld"] = Json::array();
    for (const Json& entry : now.due.at("open").at("items")) {
      for (const Json& field : entry.at("fields")) {
        release["withheld"].push_back(
            {{"item", entry.at("item")}, {"field", field}, {"code", "host.restarted"}});
      }
    }
    world_.must("host", "access.release", release);
  }
  void pass(std::int64_t seconds) { world_.now_s += seconds; }
  static std::string held(const Due& due) {
    return due.held.is_null() ? "not held" : due.held.at("code").get<std::string>();
  }

  rules::World world_;
  std::string grant_;
};

TEST_F(DueTest, IsDueOnceInEachStretchOfTime) {
  Due first = due();
  ASSERT_FALSE(first.due.is_null());
  EXPECT_EQ(first.due.at("number"), 0);
  EXPECT_EQ(first.due.at("missed"), 0);
  EXPECT_EQ(first.next_s, world_.now_s + 12 * kHour);
  run();
  EXPECT_TRUE(due().due.is_null());
  EXPECT_EQ(held(due()), "not held");
  EXPECT_EQ(due().next_s, first.next_s);
  pass(12 * kHour - 1);
  EXPECT_TRUE(due().due.is_null());
  pass(1);
  ASSERT_FALSE(due().due.is_null());
  EXPECT_EQ(due().due.at("number"), 1);
  EXPECT_NE(due().due.at("access"), first.due.at("access"));
}

// Neither the crash of a host nor a second client of the bank's nor a refused answer changes that:
// what was opened was done, and the rules take the name once.
TEST_F(DueTest, TheRulesLetTheSameDueTimeBeDoneOnce) {
  const Json open = due().due.at("open");
  run();
  rules::expect_refused(world_.apply("bank", "access.open", open), "access.duplicate");
  EXPECT_EQ(world_.doc("grant/" + grant_).at("uses"), 1);
}

TEST_F(DueTest, WhatWentByIsCountedAndNotCaughtUpWith) {
  run();
  pass(5 * 12 * kHour);
  const Due now = due();
  ASSERT_FALSE(now.due.is_null());
  EXPECT_EQ(now.due.at("number"), 5);
  EXPECT_EQ(now.due.at("missed"), 4);
  run();
  EXPECT_TRUE(due().due.is_null());
  pass(12 * kHour);
  EXPECT_EQ(due().due.at("missed"), 0);
}

TEST_F(DueTest, TheSubjectsWordHoldsItAtOnce) {
  world_.must("jia", "grant.pause", {{"grant", grant_}, {"reason", "holiday"}});
  EXPECT_TRUE(due().due.is_null());
  EXPECT_EQ(held(due()), "grant.paused");
  world_.must("jia", "grant.resume", {{"grant", grant_}, {"reason", "back"}});
  EXPECT_FALSE(due().due.is_null());
  world_.must("jia", "grant.revoke", {{"grant", grant_}, {"reason", "enough"}});
  EXPECT_TRUE(due().due.is_null());
  EXPECT_EQ(held(due()), "not held");
  EXPECT_EQ(due().next_s, 0);
}

TEST_F(DueTest, TheGrantsOwnTermsAreTheLeast) {
  grant("1/day");
  pass(2 * kHour);  // the city's clock shows a quarter past midnight
  run();
  pass(10 * kHour);  // the schedule says now, the grant says tomorrow
  EXPECT_EQ(held(due()), "grant.too_frequent");
  pass(24 * kHour);
  EXPECT_FALSE(due().due.is_null());
}

TEST_F(DueTest, NothingIsDueBeforeOrAfterOrWhenUsedUp) {
  grant("", 2);
  run();
  pass(12 * kHour);
  run();
  pass(12 * kHour);
  EXPECT_TRUE(due().due.is_null());
  EXPECT_EQ(due().next_s, 0);
  grant();
  pass(31 * rules::kDay);
  EXPECT_TRUE(due().due.is_null());
  EXPECT_EQ(due().next_s, 0);
}

TEST_F(DueTest, WhileThePluginIsDownItIsHeldAndSaysSo) {
  const Due now = due("plugin.not_active");
  EXPECT_TRUE(now.due.is_null());
  EXPECT_EQ(held(now), "plugin.not_active");
  EXPECT_EQ(now.held.at("number"), 0);
  EXPECT_FALSE(due().due.is_null());
}

TEST_F(DueTest, AProductWithoutAScheduleHasNothingDue) {
  const rules::Granted before = rules::granted();
  const Due none = due_of_grant(before.world.state, before.grant.at("grant"),
                                {rules::kChain, "citizen_loan", before.world.now_s, ""});
  EXPECT_TRUE(none.due.is_null());
  EXPECT_TRUE(none.held.is_null());
  EXPECT_EQ(none.next_s, 0);
}

/// Counts the grants that somebody looks at.
class CountingState final : public chain::StateReader {
 public:
  explicit CountingState(const chain::StateReader& below) : below_(below) {}
  chain::Document find(const std::string& key) const override {
    looks += key.starts_with("grant/") ? 1 : 0;
    return below_.find(key);
  }
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override {
    below_.scan(prefix, start, [&](const std::string& key, const Json& value) {
      ++rows;
      return visit(key, value);
    });
  }
  mutable std::size_t looks = 0, rows = 0;

 private:
  const chain::StateReader& below_;
};

class DueIndexTest : public DueTest {
 protected:
  /// As the one that the rules made, under other names and beginning later by `after_s`.
  void add(int number, std::int64_t after_s) {
    Json doc = world_.state.entries.at("grant/" + grant_);
    doc["body"]["grant"] = name(number);
    doc["body"]["valid"]["from"] = world_.now_s + after_s;
    world_.state.entries["of/bank/grant/" + name(number)] = true;
    world_.state.entries["grant/" + name(number)] = std::move(doc);
  }
  static std::string name(int number) { return rules::id(1'000'000U + number); }
  DueIndex::Answer ask() {
    state_.looks = state_.rows = 0;
    return index_.ask("bank", {rules::kChain, "citizen_loan", world_.now_s, ""},
                      [&](const auto& visit) { visit(state_); });
  }
  /// What the ledger tells of it.
  void tell(const std::string& op, const Json& body) {
    chain::Published published;
    published.tx.op = op;
    published.tx.body = body;
    index_.follow(published, world_.state);
  }

  CountingState state_{world_.state};
  DueIndex index_;
};

TEST_F(DueIndexTest, LooksAtWhatIsDueAndNotAtTwentyThousand) {
  constexpr int kGrants = 20'000;
  for (int i = 0; i < kGrants; ++i) add(i, kHour + i);
  const DueIndex::Answer first = ask();
  EXPECT_EQ(first.due.size(), 1U);  // the rules' own, which began with the world
  EXPECT_EQ(first.next_s, world_.now_s + kHour);
  EXPECT_EQ(state_.rows, kGrants + 1U);  // once
  run();
  EXPECT_EQ(ask().due.size(), 0U);
  EXPECT_EQ(state_.looks, 1U);
  EXPECT_EQ(ask().due.size(), 0U);
  EXPECT_EQ(state_.looks, 0U);
  pass(kHour + 99);
  const DueIndex::Answer hundred = ask();
  EXPECT_EQ(hundred.due.size(), 100U);
  EXPECT_EQ(hundred.next_s, world_.now_s + 1);
  EXPECT_EQ(state_.looks, 100U);
  EXPECT_EQ(state_.rows, 0U);
  // More than one answer holds: the rest is told when these are done, and is not looked at before.
  pass(900);
  EXPECT_EQ(ask().due.size(), 200U);
  EXPECT_EQ(state_.looks, 200U);
}

TEST_F(DueIndexTest, WhatIsGivenLaterIsHeardOf) {
  EXPECT_EQ(ask().due.size(), 1U);
  add(1, 0);
  EXPECT_EQ(ask().due.size(), 1U);
  Json body = world_.doc("grant/" + name(1)).at("body");
  tell("grant.create", body);
  tell("grant.create", body);  // heard twice, listed once
  EXPECT_EQ(ask().due.size(), 2U);
  // One that still wants a signature is dropped, and comes back with it.
  add(2, 0);
  Json& waiting = world_.state.entries.at("grant/" + name(2));
  waiting["state"] = "PENDING_COSIGN";
  tell("grant.create", waiting.at("body"));
  EXPECT_EQ(ask().due.size(), 2U);
  waiting["state"] = "ACTIVE";
  tell("grant.cosign", {{"grant", name(2)}});
  EXPECT_EQ(ask().due.size(), 3U);
}

TEST_F(DueIndexTest, WhatIsPausedIsHeldAndComesBackAndWhatEndedIsForgotten) {
  EXPECT_EQ(ask().due.size(), 1U);
  world_.must("jia", "grant.pause", {{"grant", grant_}, {"reason", "holiday"}});
  EXPECT_EQ(ask().held.size(), 1U);
  world_.must("jia", "grant.resume", {{"grant", grant_}, {"reason", "back"}});
  EXPECT_EQ(ask().due.size(), 1U);
  world_.must("jia", "grant.revoke", {{"grant", grant_}, {"reason", "enough"}});
  EXPECT_EQ(ask().due.size(), 0U);
  EXPECT_EQ(ask().next_s, 0);
  EXPECT_EQ(state_.looks, 0U);
}

TEST(Schedule, NamesAreTheSameEverywhereAndStandOnACommandLine) {
  EXPECT_EQ(proof::due_access("c", "g", 0), proof::due_access("c", "g", 0));
  std::set<std::string> names;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = proof::due_access("c", "g", i);
    EXPECT_EQ(name.size(), 22U);
    EXPECT_NE(name.front(), '-');
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 2000U);
  EXPECT_NE(proof::due_access("c", "g1", 1), proof::due_access("c", "g", 11));
  EXPECT_FALSE(proof::due_time(100, 10, 99).has_value());
  EXPECT_EQ(proof::due_time(100, 10, 119)->number, 1);
  EXPECT_EQ(proof::due_time(100, 10, 119)->since_s, 110);
}

}  // namespace
}  // namespace qc::exchange
