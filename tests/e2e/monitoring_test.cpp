// Regular work under a standing grant: the bank asks what is due and does it, once, in its own
// name; the citizen sees each time and stops it. What the departments' sources hold then is what
// the bank gets, not what they held when the grant was given.
#include <set>

#include <sqlite3.h>

#include "tests/e2e/e2e_test.hpp"
#include "tests/paths.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWatch = "loan_watch";

class Monitoring : public E2e {
 protected:
  static Json as_citizen(std::vector<std::string> words) {
    return done(with(std::move(words), wallet_options(city(), first_story())));
  }
  static std::string citizen() { return facts(first_story(), 4).at("account"); }
  /// The citizen lets the bank look thirty times.
  static std::string grant(const std::string& product = kWatch) {
    const Json asked = done_as("qc-bank", {"bank", "request", "--product", product, "--subject",
                                           citizen(), "--uses", "30"});
    const Json granted = as_citizen({"wallet", "approve", text_of(asked, "request"), "--yes",
                                     "--accept", "third_party", "--accept", "sensitive", "--accept",
                                     "adverse_credit_notice", "--accept", "automated_decision"});
    return text_of(granted, "grant");
  }
  /// The housing fund's own database, while its plugin runs.
  static void in_fund(const std::string& sql) {
    const fs::path file = city().dir() / "population" / "housing_fund.db";
    ASSERT_TRUE(fs::exists(file)) << file;
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK)
        << (error == nullptr ? "" : error);
    sqlite3_free(error);
    sqlite3_close(db);
  }
  static std::set<std::string> reasons(const Json& decided) {
    std::set<std::string> out;
    for (const Json& reason : decided.at("decision").at("reasons")) out.insert(reason.at("code"));
    return out;
  }
  /// A product of the bank's that takes fields.
  static void define_balance() {
    const fs::path file = city().scratch() / "balance.json";
    const Json product = {
        {"product", "balance"},
        {"version", 1},
        {"name_zh", "公积金余额"},
        {"name_en", "Fund balance"},
        {"purpose", {{"code", "loan.aftercare"}, {"text_zh", "贷后"}, {"text_en", "Care"}}},
        {"scope", Json::array({{{"item", "gjj.account"},
                                {"version", 1},
                                {"required", {"balance"}},
                                {"optional", {"status"}}}})},
        {"release", "fields"},
        {"plugin", ""},
        {"max_valid_days", 90},
        {"max_uses", 30},
        {"data_life_days", 30}};
    ASSERT_TRUE(write_file(file, product.dump(), FileMode::kPrivate).ok());
    done_as("qc-bank", {"bank", "define-product", "--file", file.string()});
    const Json proposed = done_as("operator", {"operator", "approve-product", "balance"});
    if (proposed.value("decision", "") == "OPEN") {
      done_as("jrj", {"governance", "vote", "--approve", text_of(proposed, "tx")});
    }
  }
  static Json monitor() { return done_as("qc-bank", {"bank", "monitor", "--product", kWatch}); }
  static std::size_t opened(const std::string& access) {
    const Json trace = city().run_as("jrj", {"regulator", "trace", citizen()}).at("events");
    return static_cast<std::size_t>(
        std::count_if(trace.begin(), trace.end(), [&](const Json& event) {
          return event.at("op") == "access.open" && event.dump().find(access) != std::string::npos;
        }));
  }
};

TEST_F(Monitoring, IsDoneOncePerDueTimeAndStopsWithTheCitizensWord) {
  const std::string given = grant();
  const Json first = monitor();
  ASSERT_EQ(first.at("ran").size(), 1U) << first.dump(1);
  const Json& run = first.at("ran")[0];
  EXPECT_EQ(run.at("grant"), given);
  EXPECT_EQ(run.at("verified"), true);
  const std::string outcome = run.at("decision").at("outcome");
  EXPECT_TRUE(outcome == "in_order" || outcome == "review") << outcome;
  EXPECT_GT(first.at("next").get<std::int64_t>(), 0);
  const std::string access = run.at("access");

  // Neither a second try nor a host that died does the same due time again.
  EXPECT_EQ(monitor().at("ran").size(), 0U);
  city().kill_hard();
  ASSERT_TRUE(city().start().ok());
  EXPECT_EQ(monitor().at("ran").size(), 0U);
  EXPECT_EQ(opened(access), 1U);
  const Json mine = as_citizen({"wallet", "history"}).at("events");
  EXPECT_TRUE(any(mine, [](const Json& event) { return event.at("op") == "access.release"; }));

  as_citizen({"wallet", "revoke", given, "--reason", "the loan is repaid"});
  EXPECT_EQ(monitor().at("ran").size(), 0U);
}

TEST_F(Monitoring, WhatCannotRunIsHeldAndSaysWhy) {
  const std::string given = grant();
  done_as("operator", {"operator", "plugin", "stop", kWatch});
  const Json stopped = monitor();
  EXPECT_EQ(stopped.at("ran").size(), 0U);
  ASSERT_EQ(stopped.at("held").size(), 1U) << stopped.dump(1);
  EXPECT_EQ(stopped.at("held")[0].at("grant"), given);
  EXPECT_EQ(stopped.at("held")[0].at("code"), "plugin.not_active");
  done_as("operator", {"operator", "plugin", "load", kWatch});

  as_citizen({"wallet", "pause", given, "--reason", "wait"});
  const Json paused = monitor();
  EXPECT_EQ(paused.at("ran").size(), 0U);
  EXPECT_EQ(paused.at("held")[0].at("code"), "grant.paused");
  as_citizen({"wallet", "resume", given, "--reason", "go on"});
  EXPECT_EQ(monitor().at("ran").size(), 1U);
  as_citizen({"wallet", "revoke", given, "--reason", "enough"});
}

TEST_F(Monitoring, TheProductSeesWhatTheSourceHoldsNow) {
  const std::string given = grant();
  const Json before = done_as("qc-bank", {"bank", "decide", "--grant", given});
  EXPECT_FALSE(reasons(before).contains("watch.fund_closed")) << before.dump(1);
  in_fund(
      "ALTER TABLE account ADD COLUMN was TEXT; UPDATE account SET was = status, status = '封存'");
  const Json after = done_as("qc-bank", {"bank", "decide", "--grant", given});
  in_fund("UPDATE account SET status = was; ALTER TABLE account DROP COLUMN was");
  EXPECT_TRUE(reasons(after).contains("watch.fund_closed")) << after.dump(1);
  EXPECT_EQ(after.at("decision").at("outcome"), "review");
  as_citizen({"wallet", "revoke", given, "--reason", "enough"});
}

TEST_F(Monitoring, TheBankGetsTheFieldsAsTheyAreNowAndEachTimeIsOnTheLedger) {
  define_balance();
  const std::string given = grant("balance");
  const auto fetch = [&] {
    const Json got = done_as("qc-bank", {"bank", "fetch", "--grant", given});
    EXPECT_EQ(got.at("items").size(), 1U) << got.dump(1);
    return got.at("items")[0];
  };
  const std::int64_t before = fetch().at("fields").at("balance");
  in_fund("UPDATE account SET balance = balance + 12345");
  const Json item = fetch();
  in_fund("UPDATE account SET balance = balance - 12345");
  EXPECT_EQ(item.at("fields").at("balance"), before + 12345);
  EXPECT_FALSE(item.at("fields").contains("status"));  // optional, and not granted
  EXPECT_EQ(item.at("issuer"), "gjj");
  const Json trace = city().run_as("jrj", {"regulator", "trace", citizen()}).at("events");
  std::size_t issued = 0;
  for (const Json& event : trace) {
    if (event.at("op") != "access.release") continue;
    for (const Json& one : event.at("summary").at("issued")) {
      issued += one == "gjj.account" && event.at("summary").at("grant") == given ? 1 : 0;
    }
  }
  EXPECT_EQ(issued, 2U);

  // A department that is away, or has no record any more: nothing leaves, and the ledger says why.
  in_fund("ALTER TABLE account RENAME TO gone; CREATE TABLE account AS SELECT * FROM gone LIMIT 0");
  EXPECT_EQ(refused_as("qc-bank", {"bank", "fetch", "--grant", given}), "record.none");
  in_fund("DROP TABLE account; ALTER TABLE gone RENAME TO account");
  done_as("operator", {"operator", "plugin", "stop", "housing_fund"});
  EXPECT_EQ(refused_as("qc-bank", {"bank", "fetch", "--grant", given}), "plugin.none_for_item");
  done_as("operator", {"operator", "plugin", "load", "housing_fund"});
  EXPECT_EQ(fetch().at("fields").at("balance"), before);
  as_citizen({"wallet", "revoke", given, "--reason", "enough"});
}

TEST_F(Monitoring, IsShownToTheOwnerOfTheProductAlone) {
  auto other = city().client("jrj");
  ASSERT_TRUE(other.ok());
  const auto answer = (*other)->get("/v1/products/loan_watch:due");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "auth.forbidden");
  EXPECT_EQ(refused_as("qc-bank", {"bank", "monitor", "--product", "no_such"}),
            "product.not_found");
}

}  // namespace
}  // namespace qc::tests
