// What an admission grants by amount: memory, processor, time and messages, each with libraries
// that take more, and what they may do where they are granted more.
#include <gtest/gtest.h>

#include "tests/host/plugin/hostile.hpp"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;

std::int64_t amount(const PluginInfo& info, proof::Budget budget) {
  return info.budgets ? (*info.budgets)[static_cast<std::size_t>(budget)] : -1;
}

/// A package that asks for much, and is granted what a test says.
void ask_and_grant(Packages& packages, const std::string& plugin, const Json& granted) {
  packages.edit_manifest(plugin, "capabilities",
                         Json::array({"memory:65536", "cpu:6400", "time:60000", "message:16384"}));
  packages.admit(plugin);
  packages.admission(plugin)["capabilities"] = granted;
}

/// What any plugin can exceed, wherever it runs.
class BudgetTest : public ::testing::TestWithParam<Isolation> {
 protected:
  Result<PluginInfo> load(const Json& granted) {
    packages_.install("good", "good");
    ask_and_grant(packages_, "good", granted);
    if (!manager_) manager_ = packages_.manager();
    return manager_->load("good");
  }
  Result<Manager::Answer> call(const std::string& method, const Json& message, int timeout_ms) {
    return manager_->call("good", method, message, timeout_ms);
  }
  std::string answer_to_kib(std::size_t kib) {
    return code_of(call("echo", {{"text", std::string(kib << 10U, 'x')}}, 20'000));
  }

  Packages packages_{GetParam()};
  std::unique_ptr<Manager> manager_;
};
INSTANTIATE_TEST_SUITE_P(Modes, BudgetTest,
                         ::testing::Values(Isolation::kHost, Isolation::kProcess), mode_name);

TEST_P(BudgetTest, WithoutAGrantTheHostsDefaultsHold) {
  const auto info = load(Json::array());
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->budgets, (proof::Budgets{512, 5, 1000, 4096}));
  EXPECT_EQ(info->asked.size(), 4U);
  EXPECT_TRUE(info->granted.empty());
  EXPECT_EQ(answer_to_kib(4000), "ok");
  EXPECT_EQ(answer_to_kib(4100), "plugin.message_too_large");
  EXPECT_EQ(code_of(call("sleep", {{"ms", 300}}, 60)), "plugin.timeout");
}

TEST_P(BudgetTest, AGrantOfTimeIsACallsDeadline) {
  ASSERT_TRUE(load({"time:5000"}).ok());
  EXPECT_EQ(code_of(call("sleep", {{"ms", 300}}, 60)), "ok");
  // An admission of less, and the reload that takes it.
  packages_.admission("good")["capabilities"] = {"time:60"};
  ASSERT_TRUE(manager_->reload("good").ok());
  EXPECT_EQ(amount(*manager_->info("good"), proof::Budget::kTime), 60);
  EXPECT_EQ(code_of(call("sleep", {{"ms", 300}}, 5000)), "plugin.timeout");
}

TEST_P(BudgetTest, AGrantOfMessagesBoundsBothDirections) {
  ASSERT_TRUE(load({"message:8192"}).ok());
  EXPECT_EQ(answer_to_kib(8000), "ok");
  const auto larger = call("echo", {{"text", std::string(8200U << 10U, 'x')}}, 20'000);
  ASSERT_EQ(code_of(larger), "plugin.message_too_large");
  EXPECT_NE(larger.error().message.find("larger than the 8192 KiB"), std::string::npos);
  packages_.admission("good")["capabilities"] = {"message:16"};
  ASSERT_TRUE(manager_->reload("good").ok());
  EXPECT_EQ(answer_to_kib(15), "ok");
  EXPECT_EQ(answer_to_kib(17), "plugin.message_too_large");
  const auto flood = call("flood", Json::object(), 20'000);
  ASSERT_EQ(code_of(flood), "plugin.bad_answer");
  EXPECT_NE(flood.error().message.find("larger than the 16 KiB that it may have"),
            std::string::npos)
      << flood.error().message;
  EXPECT_EQ(answer_to_kib(1), "ok");
}

TEST_P(BudgetTest, SignsForTheLedgerWhatItAsksForOnlyWhereThatIsGranted) {
  ASSERT_TRUE(load(Json::array()).ok());
  EXPECT_TRUE(manager_->may_sign("good", "asset.issue").ok());  // it names no operation at all
  packages_.edit_manifest("good", "capabilities", Json::array({"ledger:asset.issue"}));
  packages_.admit("good");
  packages_.admission("good")["capabilities"] = Json::array();
  manager_.reset();  // another manifest is another package
  manager_ = packages_.manager();
  ASSERT_TRUE(manager_->load("good").ok());
  const Status refused = manager_->may_sign("good", "asset.issue");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "plugin.not_granted");
  EXPECT_NE(refused.error().message.find("ledger:asset.issue"), std::string::npos);
  packages_.admission("good")["capabilities"] = Json::array({"ledger:asset.issue"});
  ASSERT_TRUE(manager_->reload("good").ok());
  EXPECT_TRUE(manager_->may_sign("good", "asset.issue").ok());
  EXPECT_FALSE(manager_->may_sign("good", "member.admit").ok());
  EXPECT_EQ(code_of(manager_->may_sign("nobody", "asset.issue")), "plugin.not_active");
}

TEST_P(BudgetTest, MoreThanThisHostGivesIsRefusedAndTheRunningOneStays) {
  ASSERT_TRUE(load(Json::array()).ok());
  for (const char* granted : {"memory:2049", "cpu:101", "time:10001"}) {
    packages_.admission("good")["capabilities"] = {granted};
    const auto refused = manager_->reload("good");
    ASSERT_EQ(code_of(refused), "plugin.over_budget");
    EXPECT_EQ(refused.error().field, "capabilities");
    const std::string& words = refused.error().message;
    EXPECT_NE(words.find(std::string("grants ") + granted), std::string::npos) << words;
    EXPECT_NE(words.find("plugins.max_"), std::string::npos) << words;
    EXPECT_EQ(manager_->info("good")->state, State::kActive);
    EXPECT_EQ(answer_to_kib(1), "ok");
  }
  packages_.admission("good")["capabilities"] = {"memory:2048", "cpu:100", "time:10000"};
  EXPECT_TRUE(manager_->reload("good").ok());
}

TEST_P(BudgetTest, AManifestThatAsksOutOfFormIsNoPackage) {
  ASSERT_TRUE(load(Json::array()).ok());
  packages_.edit_manifest("good", "capabilities", Json::array({"routes", "memory:1GiB"}));
  packages_.admit("good");
  const auto refused = manager_->load("good");
  ASSERT_EQ(code_of(refused), "plugin.bad_manifest");
  EXPECT_EQ(refused.error().field, "capabilities[1]");
  EXPECT_NE(refused.error().message.find("memory:<MiB>, a whole number from 128 to 65536"),
            std::string::npos)
      << refused.error().message;
}

/// What a process alone can be held to.
class ProcessBudgetTest : public HostileTest {
 protected:
  void start(const Json& granted, ManagerOptions options) {
    packages_.install("hostile", "hostile");
    ask_and_grant(packages_, "hostile", granted);
    options.isolation.restart.first_delay = milliseconds(10);
    manager_ = packages_.manager(std::move(options));
    ASSERT_TRUE(manager_->load("good").ok());
    const auto loaded = manager_->load("hostile");
    ASSERT_TRUE(loaded.ok()) << loaded.error().code << ' ' << loaded.error().message;
  }
  bool maps_600_mib() { return call("map_600_mib")->message.at("done") == true; }
};

TEST_F(ProcessBudgetTest, MemoryIsWhatIsGrantedAndTakesEffectWithAReload) {
  start(Json::array(), packages_.options());
  EXPECT_FALSE(maps_600_mib());
  packages_.admission("hostile")["capabilities"] = {"memory:1024"};
  EXPECT_FALSE(maps_600_mib());  // the process that runs has the limits that it began with
  ASSERT_TRUE(manager_->reload("hostile").ok());
  EXPECT_EQ(amount(info(), proof::Budget::kMemory), 1024);
  EXPECT_TRUE(maps_600_mib());
  expect_neighbour_well();
}

TEST_F(ProcessBudgetTest, MoreMemoryThanIsGrantedEndsItInWords) {
  start({"memory:128"}, packages_.options());
  EXPECT_EQ(code_of(call("grow", Json::object(), 20'000)), "plugin.crashed");
  wait_until([&] { return info().runner.restarts > 0; });
  EXPECT_NE(info().reason.find("of the 128 MiB of memory that it may"), std::string::npos)
      << info().reason;
  expect_neighbour_well();
}

TEST_F(ProcessBudgetTest, AProcessorThatIsGrantedIsItsOwnToBurn) {
  ManagerOptions options = packages_.options();
  options.isolation.times.heartbeat = milliseconds(100);
  options.isolation.times.idle_burn = milliseconds(200);
  start({"cpu:100"}, options);
  EXPECT_TRUE(call("burn").ok());
  // What ends one that is granted none, and again.
  wait_until([&] { return !info().reason.empty() || info().runner.cpu_ms > 500U; },
             std::chrono::seconds(60));
  EXPECT_EQ(info().reason, "");
  EXPECT_EQ(info().runner.restarts, 0U);
  expect_neighbour_well();
}

}  // namespace
}  // namespace qc::plugin
