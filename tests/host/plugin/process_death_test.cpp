// What follows when a plugin's process dies: restart, back-off, quarantine, and what callers see.
#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "sdk/base/files.hpp"
#include "tests/host/plugin/hostile.hpp"

namespace qc::plugin {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class ProcessDeathTest : public ::testing::Test, protected WithHostile {
 protected:
  ProcessDeathTest() : WithHostile(Isolation::kProcess) {}
  void SetUp() override {
    packages_.install("good", "good");
    packages_.install("hostile", "hostile");
    options_ = packages_.options();
    options_.isolation.restart.first_delay = milliseconds(10);
  }
  void start() {
    manager_ = packages_.manager(options_);
    ASSERT_TRUE(manager_->load("good").ok());
    ASSERT_TRUE(manager_->load("hostile").ok());
  }

  ManagerOptions options_;
};

TEST_F(ProcessDeathTest, ThreeDeathsInAMinuteAreAQuarantineUntilTheOperatorActs) {
  start();
  for (std::uint64_t death = 1; death <= 2; ++death) {
    EXPECT_EQ(code_of(call("segfault")), "plugin.crashed");
    wait_until([&] { return info().runner.restarts == death; });
    wait_for(State::kActive);
    EXPECT_TRUE(info().reason.starts_with("restarted; before that it crashed")) << info().reason;
  }
  const auto last = call("abort");
  EXPECT_EQ(code_of(last), "plugin.crashed");
  wait_for(State::kQuarantined);  // it is written to the disk before, which may take its time
  const std::string reason = info().reason;
  EXPECT_NE(reason.find("died too often; at last it aborted itself (SIGABRT)"), std::string::npos)
      << reason;
  EXPECT_EQ(info().runner.pid, 0);
  const auto refused = call("echo");
  EXPECT_EQ(code_of(refused), "plugin.not_active");
  EXPECT_NE(refused.error().message.find("quarantined"), std::string::npos);
  // It stays so, whoever looks for packages, and nobody takes its items meanwhile.
  ASSERT_TRUE(manager_->discover().ok());
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(info().state, State::kQuarantined);
  EXPECT_EQ(info().reason, reason);
  EXPECT_EQ(code_of(manager_->drain("hostile", 0)), "plugin.wrong_state");
  // A package that cannot be loaded does not end it, and does not make its reason forgotten.
  packages_.edit_manifest("hostile", "digest", std::string(64, '0'));
  EXPECT_EQ(code_of(manager_->load("hostile")), "plugin.digest_mismatch");
  EXPECT_EQ(info().state, State::kQuarantined);
  EXPECT_TRUE(info().reason.starts_with(reason)) << info().reason;
  packages_.install("hostile", "hostile");
  ASSERT_TRUE(manager_->load("hostile").ok());
  EXPECT_EQ(info().state, State::kActive);
  EXPECT_EQ(info().reason, "");
  EXPECT_TRUE(call("echo").ok());
  EXPECT_EQ(code_of(call("segfault")), "plugin.crashed");  // counted anew
  wait_for(State::kActive);
}

TEST_F(ProcessDeathTest, AQuarantinedPluginCanBeStopped) {
  options_.isolation.restart.max_deaths = 1;
  start();
  EXPECT_EQ(code_of(call("exit")), "plugin.crashed");
  wait_for(State::kQuarantined);
  ASSERT_TRUE(manager_->stop("hostile").ok());
  EXPECT_EQ(info().state, State::kStopped);
  EXPECT_TRUE(manager_->load("hostile").ok());
}

TEST_F(ProcessDeathTest, AQuarantineOutlivesTheHostUntilTheOperatorEndsIt) {
  options_.isolation.restart.max_deaths = 1;
  start();
  EXPECT_EQ(code_of(call("abort")), "plugin.crashed");
  wait_for(State::kQuarantined);
  const std::string reason = info().reason;
  for (int i = 0; i < 2; ++i) {  // starting again does not end it, however often
    manager_.reset();
    manager_ = packages_.manager(options_);
    EXPECT_EQ(info().state, State::kQuarantined);
    EXPECT_EQ(info().reason, reason);
    const auto started = manager_->start("hostile");
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().code, "plugin.quarantined");
    EXPECT_NE(started.error().message.find("aborted itself"), std::string::npos);
    EXPECT_EQ(code_of(call("echo")), "plugin.not_active");
  }
  EXPECT_TRUE(manager_->start("good").ok());
  // Nor does a package that cannot be loaded.
  packages_.edit_manifest("hostile", "digest", std::string(64, '0'));
  EXPECT_EQ(code_of(manager_->load("hostile")), "plugin.digest_mismatch");
  EXPECT_EQ(info().state, State::kQuarantined);
  EXPECT_TRUE(info().reason.starts_with(reason)) << info().reason;
  packages_.install("hostile", "hostile");
  ASSERT_TRUE(manager_->load("hostile").ok());
  EXPECT_EQ(info().reason, "");
  manager_.reset();
  manager_ = packages_.manager(options_);
  EXPECT_TRUE(manager_->start("hostile").ok());
}

TEST_F(ProcessDeathTest, StateThatCannotBeReadIsNotTakenForNone) {
  std::filesystem::create_directories(packages_.folder() / "state");
  packages_.write("state/plugins.json", "{\"plugins\":{\"hostile\":{\"quarantine\":7}}}");
  const auto made = Manager::create(options_);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "plugin.bad_state");
  packages_.write("state/plugins.json", "torn");
  EXPECT_EQ(code_of(Manager::create(options_)), "plugin.bad_state");
}

TEST_F(ProcessDeathTest, WhileItWaitsItCanBeStoppedDrainedOrLoadedAnew) {
  options_.isolation.restart.first_delay = milliseconds(60'000);
  options_.isolation.restart.longest_delay = milliseconds(60'000);
  start();
  EXPECT_EQ(code_of(call("exit")), "plugin.crashed");
  EXPECT_EQ(info().state, State::kRestarting);
  EXPECT_NE(info().reason.find("started again in 60000 ms"), std::string::npos) << info().reason;
  const auto refused = call("echo");
  EXPECT_EQ(code_of(refused), "plugin.not_active");
  EXPECT_TRUE(refused.error().retryable);
  ASSERT_TRUE(manager_->load("hostile").ok());  // at once, not in a minute
  EXPECT_EQ(info().state, State::kActive);
  EXPECT_EQ(info().generation, 2U);
  EXPECT_TRUE(call("echo").ok());
  EXPECT_EQ(code_of(call("exit")), "plugin.crashed");
  ASSERT_TRUE(manager_->drain("hostile", 1000).ok());
  EXPECT_EQ(info().state, State::kStopped);
  ASSERT_TRUE(manager_->load("hostile").ok());
  EXPECT_EQ(code_of(call("exit")), "plugin.crashed");
  ASSERT_TRUE(manager_->stop("hostile").ok());
  EXPECT_EQ(info().state, State::kStopped);
}

TEST_F(ProcessDeathTest, ARestartIsTheSameBytesWhateverLiesOnTheDisk) {
  start();
  const std::string digest = info().digest;
  packages_.write("plugins/hostile/library.so", "replaced after admission");
  packages_.write("plugins/hostile/manifest.json", "{}");
  EXPECT_EQ(code_of(call("exit")), "plugin.crashed");
  wait_for(State::kActive);
  const auto answer = call("echo");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->digest, digest);
  EXPECT_EQ(answer->generation, 1U);
}

TEST_F(ProcessDeathTest, CallsBesideTheFatalOneFailAndAreToldWhy) {
  options_.isolation.restart.first_delay = milliseconds(1000);  // nobody is late for this process
  start();
  std::atomic<int> told{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      const auto answer = call("sleep", Json::object(), 30'000);
      if (code_of(answer) == "plugin.crashed" && answer.error().retryable) ++told;
    });
  }
  wait_until([&] { return info().in_flight == 3; });
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(code_of(call("segfault")), "plugin.crashed");
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(told, 3);
  wait_for(State::kActive);
  EXPECT_EQ(info().runner.restarts, 1U);  // one death, not four
  EXPECT_EQ(info().errors, 4U);
}

TEST_F(ProcessDeathTest, ACallPastItsDeadlineReturnsSoonAndTheNextOneIsServed) {
  start();
  const auto started = Clock::now();
  EXPECT_EQ(code_of(call("sleep", Json::object(), 50)), "plugin.timeout");
  EXPECT_LT(Clock::now() - started, milliseconds(20'000));
  wait_until([&] { return info().runner.restarts == 1; });
  wait_for(State::kActive);
  EXPECT_TRUE(call("echo").ok());
}

TEST_F(ProcessDeathTest, AProcessKilledFromOutsideIsStartedAgain) {
  start();
  const int pid = info().runner.pid;
  ASSERT_GT(pid, 0);
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  wait_until([&] { return info().runner.restarts == 1; });
  wait_for(State::kActive);
  EXPECT_NE(info().runner.pid, pid);
  EXPECT_NE(info().reason.find("killed from outside"), std::string::npos) << info().reason;
  EXPECT_TRUE(call("echo").ok());
}

TEST_F(ProcessDeathTest, OneThatGivesNoSignOfLifeIsKilled) {
  options_.isolation.times.heartbeat = milliseconds(50);
  options_.isolation.times.silence = milliseconds(1000);
  start();
  wait_until([&] { return info().runner.memory_bytes > 0; });  // a few heartbeats have gone well
  EXPECT_EQ(info().runner.restarts, 0U);
  ASSERT_EQ(kill(info().runner.pid, SIGSTOP), 0);
  wait_until([&] { return info().runner.restarts == 1; });
  wait_for(State::kActive);
  EXPECT_NE(info().reason.find("no sign of life for 1 s"), std::string::npos) << info().reason;
  EXPECT_EQ(manager_->info("good")->runner.restarts, 0U);
}

TEST_F(ProcessDeathTest, ARestartThatCannotConfigureItselfIsTriedAgain) {
  packages_.install("needy", "needy");
  packages_.write("source", "there");
  packages_.write("config/needy.toml", "data_file = \"../source\"\n");
  start();
  ASSERT_TRUE(manager_->load("needy").ok());
  const auto state = [&] { return manager_->info("needy")->state; };
  std::filesystem::remove(packages_.folder() / "source");
  EXPECT_EQ(code_of(manager_->call("needy", "die", Json::object(), 5000)), "plugin.crashed");
  // Failing to start is no killing: it is tried more often than three times.
  wait_until([&] {
    return manager_->info("needy")->reason.find("t.refused") != std::string::npos &&
           manager_->info("needy")->reason.find("in 80 ms") != std::string::npos;
  });
  EXPECT_EQ(state(), State::kRestarting);
  packages_.write("source", "there again");
  wait_until([&] { return state() == State::kActive; });
  EXPECT_TRUE(manager_->call("needy", "echo", Json::object(), 5000).ok());
}

TEST_F(ProcessDeathTest, WithoutARunnerProgramNothingIsLoadedAndTheReasonNamesIt) {
  options_.isolation.runner = packages_.folder() / "no-such-program";
  manager_ = packages_.manager(options_);
  const auto loaded = manager_->load("good");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, "plugin.load_failed");
  EXPECT_NE(loaded.error().message.find("no-such-program"), std::string::npos);
}

TEST_F(ProcessDeathTest, EachPluginRunsWhereTheConfigurationSays) {
  options_.isolation.of["good"] = Isolation::kHost;
  start();
  EXPECT_EQ(manager_->info("good")->isolation, Isolation::kHost);
  EXPECT_EQ(manager_->info("good")->runner.pid, 0);
  EXPECT_EQ(info().isolation, Isolation::kProcess);
  EXPECT_GT(info().runner.pid, 0);
  EXPECT_NE(call("pid")->message.at("pid"), getpid());
}

TEST_F(ProcessDeathTest, NoProcessIsLeftWhenTheManagerGoes) {
  start();
  const std::string good = "/proc/" + std::to_string(manager_->info("good")->runner.pid);
  const std::string hostile = "/proc/" + std::to_string(info().runner.pid);
  ASSERT_TRUE(std::filesystem::exists(good));
  manager_.reset();
  EXPECT_FALSE(std::filesystem::exists(good));
  EXPECT_FALSE(std::filesystem::exists(hostile));
}

TEST_F(ProcessDeathTest, DyingAndCallingAndLoadingAtOnceEndsWell) {
  options_.isolation.restart.first_delay = milliseconds(1);
  options_.isolation.restart.longest_delay = milliseconds(1);
  options_.isolation.restart.max_deaths = 1'000'000;
  start();
  std::atomic<bool> stop{false};
  std::atomic<int> neighbour_failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) static_cast<void>(call("echo"));
    });
    threads.emplace_back([&] {
      while (!stop) {
        if (!manager_->call("good", "echo", Json::object(), 20'000).ok()) ++neighbour_failed;
      }
    });
  }
  for (int i = 0; i < 15; ++i) {
    static_cast<void>(call("abort"));
    if (i % 5 == 4) {
      EXPECT_EQ(code_of(manager_->load("hostile")), "ok");
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(neighbour_failed, 0);
  wait_for(State::kActive);
  EXPECT_TRUE(call("echo").ok());
}

}  // namespace
}  // namespace qc::plugin
