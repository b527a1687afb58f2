#include <atomic>
#include <chrono>
#include <thread>

#include "tests/host/plugin/packages.hpp"

namespace qc::plugin {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Holds wherever the plugin runs.
class ManagerCallTest : public ::testing::TestWithParam<Isolation> {
 protected:
  void SetUp() override {
    packages_.install("good", "good");
    packages_.install("careless", "careless");
    ManagerOptions options = packages_.options();
    options.workers = 2;
    options.max_hung = 2;
    options.max_answer_bytes = 64U << 10U;
    manager_ = packages_.manager(options);
    ASSERT_TRUE(manager_->load("good").ok());
    ASSERT_TRUE(manager_->load("careless").ok());
  }
  Result<Manager::Answer> call(const std::string& method, const Json& message = Json::object(),
                               int timeout_ms = 5000) {
    return manager_->call("good", method, message, timeout_ms);
  }

  Packages packages_{GetParam()};
  std::unique_ptr<Manager> manager_;
};
INSTANTIATE_TEST_SUITE_P(Modes, ManagerCallTest,
                         ::testing::Values(Isolation::kHost, Isolation::kProcess), mode_name);

/// What a hung call costs inside the host; a process is killed instead (process_death_test.cpp).
class ManagerHungCallTest : public ManagerCallTest {};
INSTANTIATE_TEST_SUITE_P(Modes, ManagerHungCallTest, ::testing::Values(Isolation::kHost),
                         mode_name);

TEST_P(ManagerCallTest, MessagesGoThereAndBack) {
  const Json message = {{"text", "泉城"}, {"n", 5}, {"list", {1, 2}}};
  const auto answer = call("echo", message);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->message, message);
  EXPECT_EQ(answer->plugin, "good");
  EXPECT_EQ(answer->generation, 1U);
  EXPECT_EQ(call("deadline")->message, Json({{"has", true}}));
  EXPECT_EQ(call("extension")->message, Json({{"given", false}}));
  EXPECT_TRUE(call("log").ok());
}

TEST_P(ManagerCallTest, ThePluginsOwnErrorsArriveAsTheProviders) {
  struct Case {
    const char* method;
    ErrorKind kind;
    bool retryable;
  };
  for (const Case& one :
       {Case{"refuse", ErrorKind::kForbidden, false}, Case{"invalid", ErrorKind::kInvalid, false},
        Case{"absent", ErrorKind::kNotFound, false},
        Case{"unavailable", ErrorKind::kUnavailable, true},
        Case{"defect", ErrorKind::kInternal, false}}) {
    const auto answer = call(one.method);
    ASSERT_FALSE(answer.ok()) << one.method;
    EXPECT_EQ(answer.error().code, "t.refused");
    EXPECT_EQ(answer.error().kind, one.kind) << one.method;
    EXPECT_EQ(answer.error().retryable, one.retryable) << one.method;
    EXPECT_EQ(answer.error().side, Side::kProvider);
    EXPECT_EQ(answer.error().field, "a.b");
    EXPECT_EQ(answer.error().message, "line one line two");
  }
  EXPECT_EQ(code_of(call("no_such_method")), "plugin.unknown_method");
}

TEST_P(ManagerCallTest, WhatIsNoAnswerIsABadAnswer) {
  for (const char* method : {"garbage", "array", "twice", "nothing", "flood", "flood_and_claim",
                             "strange_status", "fail_silently", "bad_code"}) {
    const auto answer = call(method);
    ASSERT_FALSE(answer.ok()) << method;
    EXPECT_EQ(answer.error().code, "plugin.bad_answer") << method;
    EXPECT_EQ(answer.error().side, Side::kProvider) << method;
  }
  EXPECT_TRUE(call("null").ok());
  EXPECT_EQ(manager_->info("good")->errors, 9U);
}

TEST_P(ManagerCallTest, AnExceptionEndsTheCallAndNothingElse) {
  for (const char* method : {"throw", "throw_int"}) {
    const auto answer = manager_->call("careless", method, Json::object(), 5000);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "plugin.bad_answer");
    EXPECT_EQ(answer.error().message.find("must not be seen"), std::string::npos);
  }
  EXPECT_TRUE(manager_->call("careless", "count", Json::object(), 5000).ok());
}

TEST_P(ManagerHungCallTest, AHungCallReturnsInTimeAndOthersAreServed) {
  const auto started = Clock::now();
  const auto hung = call("sleep", {{"ms", 1500}}, 50);
  ASSERT_FALSE(hung.ok());
  EXPECT_EQ(hung.error().code, "plugin.timeout");
  EXPECT_EQ(hung.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(hung.error().retryable);
  EXPECT_LT(Clock::now() - started, milliseconds(1400));
  EXPECT_TRUE(call("echo").ok());
  EXPECT_EQ(manager_->info("good")->reason, "1 calls never came back");
}

TEST_P(ManagerHungCallTest, APluginThatHangsAgainAndAgainIsGivenUpAloneAndCanBeLoadedAnew) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of(call("sleep", {{"ms", 3000}}, 20)), "plugin.timeout");
  }
  EXPECT_EQ(code_of(call("echo")), "plugin.hung");
  EXPECT_TRUE(manager_->call("careless", "count", Json::object(), 5000).ok());
  ASSERT_TRUE(manager_->load("good").ok());
  EXPECT_TRUE(call("echo").ok());
}

TEST_P(ManagerCallTest, CountersTell) {
  ASSERT_TRUE(call("echo").ok());
  ASSERT_FALSE(call("refuse").ok());
  const auto info = manager_->info("good");
  EXPECT_EQ(info->calls, 2U);
  EXPECT_EQ(info->errors, 1U);
  EXPECT_EQ(info->in_flight, 0U);
}

TEST_P(ManagerCallTest, DrainLetsCallsEndAndTakesNoNewOnes) {
  std::atomic<bool> answered{false};
  std::thread caller([&] { answered = call("sleep", {{"ms", 300}}).ok(); });
  while (manager_->info("good")->in_flight == 0) std::this_thread::sleep_for(milliseconds(1));
  std::thread operator_thread([&] {
    const auto drained = manager_->drain("good", 10'000);
    ASSERT_TRUE(drained.ok());
    EXPECT_EQ(drained->state, State::kStopped);
    EXPECT_EQ(drained->in_flight, 0U);
  });
  while (manager_->info("good")->state == State::kActive) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(code_of(call("echo")), "plugin.not_active");
  EXPECT_EQ(code_of(manager_->for_item("t.item")), "plugin.none_for_item");
  operator_thread.join();
  caller.join();
  EXPECT_TRUE(answered);
  EXPECT_TRUE(manager_->load("good").ok());
}

TEST_P(ManagerCallTest, DrainWaitsNoLongerThanTold) {
  std::atomic<bool> ended{false};
  std::thread caller([&] {
    EXPECT_TRUE(call("sleep", {{"ms", 1500}}).ok());
    ended = true;
  });
  while (manager_->info("good")->in_flight == 0) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(manager_->drain("good", 50).ok());
  EXPECT_FALSE(ended);
  caller.join();  // the call ended on the instance it started on
}

TEST_P(ManagerCallTest, CallsInFlightEndOnTheirGeneration) {
  std::uint64_t generation = 0;
  std::thread caller([&] {
    const auto answer = call("sleep", {{"ms", 400}});
    ASSERT_TRUE(answer.ok());
    generation = answer->generation;
  });
  while (manager_->info("good")->in_flight == 0) std::this_thread::sleep_for(milliseconds(1));
  packages_.install("good", "good_2", "2.0.0");
  ASSERT_TRUE(manager_->load("good").ok());
  EXPECT_EQ(call("version")->generation, 2U);
  caller.join();
  EXPECT_EQ(generation, 1U);
}

TEST_P(ManagerCallTest, UpgradesUnderLoadLoseNoCall) {
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        const auto answer = call("version");
        const bool right = answer.ok() && answer->message.at("version") == answer->version;
        ++(right ? answered : failed);
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    const bool second = i % 2 == 0;
    packages_.install("good", second ? "good_2" : "good", second ? "2.0.0" : "1.0.0");
    ASSERT_TRUE(manager_->load("good").ok());
    std::this_thread::sleep_for(milliseconds(5));
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(answered, 100);
}

}  // namespace
}  // namespace qc::plugin
