// A new package on trial beside the proven one.
#include <thread>

#include "host/plugin/call_scope.hpp"
#include "tests/host/plugin/packages.hpp"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;

class CanaryTest : public ::testing::TestWithParam<Isolation> {
 protected:
  void SetUp() override {
    packages_.install("good", "good");
    manager_ = packages_.manager();
    ASSERT_TRUE(manager_->load("good").ok());
  }
  /// `library` beside 1.0.0.
  Result<PluginInfo> begin(const std::string& library, const std::string& version,
                           const CanaryOptions& options) {
    packages_.install("good", library, version);
    return manager_->canary("good", options);
  }
  /// The version that serves a request, or the error's code.
  std::string served(const std::string& request, const std::string& method = "version") {
    const CallScope scope(request);
    const auto answer = manager_->call("good", method, Json::object(), 20'000);
    EXPECT_LE(scope.served().size(), 1U);
    return answer.ok() ? answer->version : answer.error().code;
  }
  PluginInfo info() { return *manager_->info("good"); }

  Packages packages_{GetParam()};
  std::unique_ptr<Manager> manager_;
};
INSTANTIATE_TEST_SUITE_P(Modes, CanaryTest,
                         ::testing::Values(Isolation::kHost, Isolation::kProcess), mode_name);

TEST_P(CanaryTest, ItGetsItsShareAndARequestGoesTheSameWayEachTime) {
  const auto begun = begin("good_2", "2.0.0", {30, 1'000'000, 0});
  ASSERT_TRUE(begun.ok()) << begun.error().message;
  EXPECT_EQ(begun->version, "1.0.0");
  EXPECT_EQ(begun->canary->version, "2.0.0");
  EXPECT_EQ(begun->canary->generation, 2U);
  int fresh = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string request = "request-" + std::to_string(i);
    const std::string version = served(request);
    ASSERT_TRUE(version == "1.0.0" || version == "2.0.0") << version;
    if (version == "2.0.0") ++fresh;
    if (i % 20 == 0) {
      EXPECT_EQ(served(request), version) << request;
    }
  }
  EXPECT_GT(fresh, 250);
  EXPECT_LT(fresh, 350);
  EXPECT_GE(info().canary->calls, static_cast<std::uint64_t>(fresh));
  const auto promoted = manager_->promote("good");
  ASSERT_TRUE(promoted.ok());
  EXPECT_EQ(promoted->version, "2.0.0");
  EXPECT_EQ(promoted->generation, 2U);
  EXPECT_FALSE(promoted->canary);
  EXPECT_EQ(promoted->pinned, "");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(served("after-" + std::to_string(i)), "2.0.0");
  EXPECT_EQ(code_of(manager_->promote("good")), "plugin.wrong_state");
}

TEST_P(CanaryTest, ItIsRolledBackByHand) {
  ASSERT_TRUE(begin("good_2", "2.0.0", {50, 10, 5}).ok());
  const std::string pinned = info().pinned;
  EXPECT_EQ(pinned, info().digest);
  for (const char* verb : {"load", "upgrade", "reload", "canary"}) {
    const std::string name = verb;
    const auto outcome = name == "load"      ? manager_->load("good")
                         : name == "upgrade" ? manager_->upgrade("good")
                         : name == "reload"  ? manager_->reload("good")
                                             : manager_->canary("good", {});
    EXPECT_EQ(code_of(outcome), "plugin.wrong_state") << verb;
  }
  const auto back = manager_->rollback("good");
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->canary);
  EXPECT_TRUE(back->reason.ends_with("was rolled back: by the operator")) << back->reason;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(served(std::to_string(i)), "1.0.0");
  EXPECT_EQ(code_of(manager_->rollback("good")), "plugin.wrong_state");
  // A host that is started again does not take what was on trial for proven.
  manager_.reset();
  manager_ = packages_.manager();
  ASSERT_TRUE(manager_->start("good").ok());
  EXPECT_EQ(served("x"), "1.0.0");
}

TEST_P(CanaryTest, TooManyFailuresRollItBack) {
  ASSERT_TRUE(begin("good_bad", "3.0.0", {50, 10, 20}).ok());
  int failed = 0;
  for (int i = 0; i < 400 && info().canary; ++i) {
    if (served("r" + std::to_string(i)) == "t.refused") ++failed;
  }
  EXPECT_EQ(failed, 10);  // judged after ten calls, and no eleventh came to it
  ASSERT_FALSE(info().canary);
  EXPECT_NE(info().reason.find("10 of its 10 calls failed, more than 20 %"), std::string::npos)
      << info().reason;
  EXPECT_EQ(info().state, State::kActive);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(served("s" + std::to_string(i)), "1.0.0");
}

TEST_P(CanaryTest, ThePluginsOwnNoIsNoFailure) {
  ASSERT_TRUE(begin("good_2", "2.0.0", {50, 1, 0}).ok());
  for (int i = 0; i < 40; ++i) EXPECT_EQ(served("n" + std::to_string(i), "absent"), "t.refused");
  ASSERT_TRUE(info().canary);
  EXPECT_EQ(info().canary->faults, 0U);
}

TEST_P(CanaryTest, WhatIsNotFitForTrialIsRefused) {
  EXPECT_EQ(code_of(manager_->canary("good", {})), "plugin.same_package");
  EXPECT_EQ(code_of(begin("good_2", "2.0.0", {0, 1, 0})), "json.out_of_range");
  EXPECT_EQ(code_of(begin("good_2", "2.0.0", {100, 1, 0})), "json.out_of_range");
  EXPECT_EQ(code_of(begin("good_degraded", "2.0.0", {})), "plugin.unhealthy");
  EXPECT_EQ(code_of(begin("good_other_item", "2.0.0", {})), "plugin.item_conflict");
  EXPECT_EQ(info().pinned, "");
  EXPECT_EQ(served("x"), "1.0.0");
  EXPECT_EQ(code_of(manager_->canary("absent", {})), "plugin.not_found");
}

TEST_P(CanaryTest, AWithdrawnCanaryIsRolledBackAndAWithdrawnPluginTakesItAlong) {
  ASSERT_TRUE(begin("good_2", "2.0.0", {50, 10, 5}).ok());
  const Json proven = info().digest;
  packages_.withdraw("good");
  packages_.install("good", "good");  // admits 1.0.0 alone
  manager_->review();
  EXPECT_FALSE(info().canary);
  EXPECT_NE(info().reason.find("rolled back: the ledger admits no such package"), std::string::npos)
      << info().reason;
  EXPECT_EQ(served("x"), "1.0.0");
  ASSERT_TRUE(begin("good_2", "2.0.0", {50, 10, 5}).ok());
  packages_.withdraw("good");
  manager_->review();
  EXPECT_EQ(info().state, State::kStopped);
  EXPECT_FALSE(info().canary);
}

TEST_P(CanaryTest, StoppingAndTheManagersEndTakeItAlong) {
  ASSERT_TRUE(begin("good_2", "2.0.0", {50, 10, 5}).ok());
  ASSERT_TRUE(manager_->stop("good").ok());
  EXPECT_FALSE(info().canary);
  ASSERT_TRUE(manager_->load("good").ok());
  packages_.install("good", "good");
  ASSERT_TRUE(manager_->canary("good", {}).ok());
  manager_.reset();
}

class CanaryProcessTest : public CanaryTest {};
INSTANTIATE_TEST_SUITE_P(Modes, CanaryProcessTest, ::testing::Values(Isolation::kProcess),
                         mode_name);

TEST_P(CanaryProcessTest, ACanaryThatDiesIsRolledBackAtOnce) {
  ASSERT_TRUE(begin("good_mortal", "4.0.0", {50, 1'000'000, 100}).ok());
  int died = 0;
  for (int i = 0; i < 400 && info().canary; ++i) {
    if (served("d" + std::to_string(i), "die") == "plugin.crashed") ++died;
  }
  EXPECT_EQ(died, 1);
  for (int i = 0; i < 1000 && info().canary; ++i) std::this_thread::sleep_for(milliseconds(5));
  ASSERT_FALSE(info().canary);
  EXPECT_NE(info().reason.find("was rolled back: its process died: it aborted itself"),
            std::string::npos)
      << info().reason;
  EXPECT_EQ(info().state, State::kActive);
  EXPECT_EQ(served("after"), "1.0.0");
}

}  // namespace
}  // namespace qc::plugin
