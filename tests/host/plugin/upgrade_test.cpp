// One generation after another: upgrades under load, downgrades, settings read anew, withdrawal.
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "host/plugin/call_scope.hpp"
#include "sdk/base/files.hpp"
#include "tests/host/plugin/packages.hpp"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;

/// Holds wherever the plugin runs.
class UpgradeTest : public ::testing::TestWithParam<Isolation> {
 protected:
  void start() {
    packages_.install("good", "good");
    manager_ = packages_.manager(options_);
    ASSERT_TRUE(manager_->load("good").ok());
  }
  /// A host that is started again.
  void restart() {
    manager_.reset();
    manager_ = packages_.manager(options_);
  }
  Result<Manager::Answer> call(const std::string& method, const Json& message = Json::object(),
                               int timeout_ms = 20'000) {
    return manager_->call("good", method, message, timeout_ms);
  }
  std::string version() {
    const auto answer = call("version");
    return answer.ok() ? text_of(answer->message, "version") : answer.error().code;
  }
  PluginInfo info() { return *manager_->info("good"); }
  void wait_until(const std::function<bool()>& true_at_last) {
    for (int i = 0; i < 4000 && !true_at_last(); ++i) std::this_thread::sleep_for(milliseconds(5));
    ASSERT_TRUE(true_at_last()) << state_name(info().state) << ": " << info().reason;
  }

  Packages packages_{GetParam()};
  ManagerOptions options_ = packages_.options();
  std::unique_ptr<Manager> manager_;
};
INSTANTIATE_TEST_SUITE_P(Modes, UpgradeTest,
                         ::testing::Values(Isolation::kHost, Isolation::kProcess), mode_name);

TEST_P(UpgradeTest, AHundredUpgradesUnderLoadFailNothingAndEachAnswerHasOneGeneration) {
  constexpr std::uint64_t kUpgrades = 100;
  start();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> answered{0};
  std::mutex mutex;
  std::vector<std::string> failed;                         // guarded by mutex
  std::map<std::uint64_t, std::set<std::string>> digests;  // of each generation; guarded by mutex
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&, i] {
      for (int k = 0; !stop; ++k) {
        const std::string request = std::to_string(i) + "-" + std::to_string(k);
        const CallScope scope(request);
        const auto answer = call("version");
        const std::lock_guard lock(mutex);
        if (!answer.ok()) {
          failed.push_back(answer.error().code + ": " + answer.error().message);
          continue;
        }
        ++answered;
        digests[answer->generation].insert(answer->digest);
        // What answered is what the answer is attributed to, in the answer and in the scope.
        const bool right = answer->message.at("version") == answer->version &&
                           scope.served().size() == 1 &&
                           scope.served()[0].digest == answer->digest &&
                           scope.served()[0].generation == answer->generation;
        if (!right) failed.push_back("wrongly attributed");
      }
    });
  }
  for (std::uint64_t i = 0; i < kUpgrades; ++i) {
    packages_.install("good", i % 2 == 0 ? "good_2" : "good", i % 2 == 0 ? "2.0.0" : "1.0.0");
    const auto upgraded = manager_->upgrade("good");
    ASSERT_TRUE(upgraded.ok()) << upgraded.error().message;
    EXPECT_EQ(upgraded->generation, i + 2);
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(failed.empty()) << failed.size() << " failed, the first: " << failed.front();
  EXPECT_GT(answered, kUpgrades);
  for (const auto& [generation, seen] : digests) EXPECT_EQ(seen.size(), 1U) << generation;
  wait_until([&] { return info().draining == 0; });
  EXPECT_EQ(info().retired, kUpgrades);
  EXPECT_EQ(info().overdue, 0U);
  EXPECT_EQ(info().calls, answered);
  EXPECT_EQ(info().errors, 0U);
  // Code inside the host never leaves it: both packages are still there, and that is shown.
  EXPECT_EQ(info().mapped, GetParam() == Isolation::kHost ? 2U : 0U);
}

TEST_P(UpgradeTest, AnUpgradeThatFailsLeavesTheOldOneServingAndSaysWhy) {
  start();
  struct Case {
    const char* library;
    const char* version;
    const char* code;
  };
  const auto expect_old = [&](const std::string& code) {
    EXPECT_EQ(info().state, State::kActive);
    EXPECT_EQ(info().generation, 1U);
    EXPECT_TRUE(info().reason.starts_with("upgrade failed: " + code)) << info().reason;
    EXPECT_EQ(version(), "1.0.0");
  };
  EXPECT_EQ(code_of(manager_->upgrade("good")), "plugin.same_package");
  for (const Case& one : {Case{"wrong_abi", "2.0.0", "plugin.abi_mismatch"},
                          Case{"other_name", "2.0.0", "plugin.bad_manifest"},
                          Case{"no_instance", "2.0.0", "plugin.load_failed"},
                          Case{"good_degraded", "2.0.0", "plugin.unhealthy"},
                          Case{"good_2", "3.0.0", "plugin.bad_manifest"}}) {
    packages_.install("good", one.library, one.version);
    EXPECT_EQ(code_of(manager_->upgrade("good")), one.code) << one.library;
    expect_old(one.code);
  }
  packages_.install("good", "good_2", "2.0.0");
  packages_.admission("good")["digest"] = std::string(64, '0');
  EXPECT_EQ(code_of(manager_->upgrade("good")), "plugin.not_admitted");
  expect_old("plugin.not_admitted");
  packages_.admit("good");
  ASSERT_TRUE(manager_->upgrade("good").ok());
  EXPECT_EQ(info().reason, "");
  EXPECT_EQ(version(), "2.0.0");
}

TEST_P(UpgradeTest, ADowngradeGoesBackAndARestartGoesThereToo) {
  start();
  const std::string old = info().digest;
  EXPECT_EQ(code_of(manager_->downgrade("good", "")), "plugin.no_earlier_package");
  packages_.install("good", "good_2", "2.0.0");
  ASSERT_TRUE(manager_->upgrade("good").ok());
  ASSERT_EQ(info().kept.size(), 1U);
  EXPECT_EQ(info().kept[0].digest, old);
  EXPECT_EQ(code_of(manager_->downgrade("good", std::string(64, '0'))),
            "plugin.no_earlier_package");
  const auto back = manager_->downgrade("good", "");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->digest, old);
  EXPECT_EQ(back->pinned, old);
  EXPECT_EQ(version(), "1.0.0");
  restart();  // the folder holds 2.0.0
  ASSERT_TRUE(manager_->start("good").ok());
  EXPECT_EQ(version(), "1.0.0");
  ASSERT_TRUE(manager_->upgrade("good").ok());
  EXPECT_EQ(info().pinned, "");
  restart();
  ASSERT_TRUE(manager_->start("good").ok());
  EXPECT_EQ(version(), "2.0.0");
  // What the ledger withdrew is not gone back to.
  packages_.admission("good");
  EXPECT_EQ(code_of(manager_->downgrade("good", old)), "plugin.not_admitted");
  EXPECT_EQ(version(), "2.0.0");
}

TEST_P(UpgradeTest, AKeptPackageThatWasTamperedWithIsRefused) {
  start();
  const std::string old = info().digest;
  packages_.install("good", "good_2", "2.0.0");
  ASSERT_TRUE(manager_->upgrade("good").ok());
  packages_.write("state/packages/" + old + "/good/library.so", "something else");
  EXPECT_EQ(code_of(manager_->downgrade("good", "")), "plugin.digest_mismatch");
  EXPECT_EQ(version(), "2.0.0");
}

TEST_P(UpgradeTest, AnOldGenerationIsEndedAtItsDeadline) {
  options_.drain_ms = 50;
  start();
  std::atomic<bool> ended{false};
  std::string code;
  std::thread caller([&] {
    code = code_of(call("sleep", {{"ms", 1500}}));
    ended = true;
  });
  wait_until([&] { return info().in_flight == 1; });
  packages_.install("good", "good_2", "2.0.0");
  ASSERT_TRUE(manager_->upgrade("good").ok());
  wait_until([&] { return info().overdue == 1; });
  wait_until([&] { return info().draining == 0; });
  EXPECT_EQ(version(), "2.0.0");
  if (GetParam() == Isolation::kHost) {
    EXPECT_FALSE(ended);  // nobody can end it there
  }
  caller.join();
  EXPECT_EQ(code, GetParam() == Isolation::kHost ? "ok" : "plugin.crashed");
}

TEST_P(UpgradeTest, SettingsAreReadAnewWithoutARestart) {
  packages_.install("needy", "needy");
  packages_.write("one", "1");
  packages_.write("config/needy.toml", "data_file = \"../one\"\n");
  start();
  ASSERT_TRUE(manager_->load("needy").ok());
  const auto info = [&] { return *manager_->info("needy"); };
  const auto echo = [&] { return manager_->call("needy", "echo", Json::object(), 20'000).ok(); };
  packages_.write("config/needy.toml", "data_file = \"../missing\"\n");
  EXPECT_EQ(code_of(manager_->reload("needy")), "plugin.configure_failed");
  EXPECT_TRUE(info().reason.starts_with("upgrade failed: plugin.configure_failed"))
      << info().reason;
  EXPECT_EQ(info().generation, 1U);
  EXPECT_TRUE(echo());
  packages_.write("missing", "there now");
  // The package in the folder is another one by now: reload means the one that runs.
  packages_.write("plugins/needy/manifest.json", "{}");
  const auto reloaded = manager_->reload("needy");
  ASSERT_TRUE(reloaded.ok()) << reloaded.error().message;
  EXPECT_EQ(reloaded->generation, 3U);
  EXPECT_EQ(reloaded->reason, "");
  EXPECT_TRUE(echo());
  EXPECT_EQ(code_of(manager_->reload("absent")), "plugin.not_found");
  ASSERT_TRUE(manager_->stop("needy").ok());
  EXPECT_EQ(code_of(manager_->reload("needy")), "plugin.wrong_state");
}

TEST_P(UpgradeTest, WhatTheLedgerWithdrawsStops) {
  start();
  manager_->review();
  EXPECT_EQ(info().state, State::kActive);
  std::thread caller([&] { EXPECT_TRUE(call("sleep", {{"ms", 200}}).ok()); });
  wait_until([&] { return info().in_flight == 1; });
  Json withdrawn = packages_.manifest("good");
  withdrawn["state"] = "withdrawn";
  withdrawn["reason"] = "it tells too much";
  packages_.admission("good") = withdrawn;
  manager_->review();
  EXPECT_EQ(info().state, State::kStopped);
  EXPECT_EQ(info().reason, "stopped: the ledger withdrew this package: it tells too much");
  EXPECT_EQ(code_of(call("version")), "plugin.not_active");
  EXPECT_EQ(code_of(manager_->for_item("t.item")), "plugin.none_for_item");
  caller.join();  // its call ended on the instance that had it
  EXPECT_EQ(code_of(manager_->load("good")), "plugin.not_admitted");
  EXPECT_NE(info().reason.find("it tells too much"), std::string::npos) << info().reason;
  packages_.admit("good");
  EXPECT_TRUE(manager_->load("good").ok());
}

TEST_P(UpgradeTest, NoPluginTakesAnotherDepartmentsItems) {
  packages_.install("good", "good");
  packages_.admission("good")["code"] = "x";
  manager_ = packages_.manager(options_);
  const auto loaded = manager_->load("good");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, "plugin.foreign_item");
  EXPECT_EQ(loaded.error().message, "it claims t.item, but items of its owner t begin with \"x.\"");
  EXPECT_EQ(info().state, State::kFailed);
  packages_.admission("good")["code"] = "t";
  EXPECT_TRUE(manager_->load("good").ok());
}

TEST_P(UpgradeTest, FiguresTellKindsOfFailureAndTime) {
  start();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(call("echo").ok());
  EXPECT_FALSE(call("absent").ok());
  EXPECT_FALSE(call("unavailable").ok());
  EXPECT_FALSE(call("defect").ok());
  EXPECT_FALSE(call("garbage").ok());
  ASSERT_TRUE(call("sleep", {{"ms", 300}}).ok());
  const auto of = [&](Failure failure) {
    return info().failures[static_cast<std::size_t>(failure)];
  };
  EXPECT_EQ(of(Failure::kAnswered), 1U);
  EXPECT_EQ(of(Failure::kSource), 1U);
  EXPECT_EQ(of(Failure::kDefect), 1U);
  EXPECT_EQ(of(Failure::kBadAnswer), 1U);
  EXPECT_EQ(of(Failure::kTimeout), 0U);
  EXPECT_EQ(info().errors, 4U);
  const Latency latency = info().latency;
  EXPECT_EQ(latency.count, 25U);
  EXPECT_GT(latency.p50_us, 0);
  EXPECT_LE(latency.p50_us, latency.p95_us);
  EXPECT_LE(latency.p95_us, latency.p99_us);
  EXPECT_GE(latency.p99_us, 300'000);
  EXPECT_GE(latency.sum_us, 300'000);
  const auto health = manager_->health("good");
  ASSERT_TRUE(health.ok());
  EXPECT_EQ(health->at("status"), "ok");
  EXPECT_EQ(health->at("generation"), 1);
}

TEST(LatencyTest, PercentilesAreAtMostAnEighthTooHigh) {
  for (const std::int64_t us : {1, 3, 10, 47, 1000, 33'333, 60'000'000}) {
    LatencyHistogram histogram;
    for (int i = 0; i < 100; ++i) histogram.add(std::chrono::microseconds(us));
    const Latency latency = histogram.summary();
    EXPECT_EQ(latency.count, 100U);
    EXPECT_GE(latency.p50_us, static_cast<double>(us)) << us;
    EXPECT_LE(latency.p99_us, static_cast<double>(us) * 1.126 + 0.13) << us;
  }
  LatencyHistogram mixed;
  for (int i = 1; i <= 100; ++i) mixed.add(std::chrono::microseconds(i <= 95 ? 10 : 5000));
  EXPECT_LT(mixed.summary().p50_us, 12);
  EXPECT_LT(mixed.summary().p95_us, 12);
  EXPECT_GT(mixed.summary().p99_us, 4999);
  LatencyHistogram odd;
  odd.add(std::chrono::nanoseconds(-5));
  odd.add(std::chrono::hours(5));
  EXPECT_EQ(odd.summary().count, 2U);
  EXPECT_EQ(LatencyHistogram().summary().p99_us, 0);
}

}  // namespace
}  // namespace qc::plugin
