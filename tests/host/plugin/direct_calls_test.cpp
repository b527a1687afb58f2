// Calls inside the host that run on their callers' own threads: when they do, and what one that
// does not come back costs the host.
#include "host/plugin/direct_calls.hpp"

#include <functional>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/host/plugin/hostile.hpp"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

void wait_until_true(const std::function<bool()>& true_at_last) {
  for (int i = 0; i < 2000 && !true_at_last(); ++i) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_TRUE(true_at_last());
}

TEST(QuickMethodsTest, AMethodIsProvenByManyQuickAnswersRunningAndFallsWithOneSlow) {
  QuickMethods methods;
  QuickMethods::Record* const record = methods.find("echo");
  ASSERT_NE(record, nullptr);
  for (std::uint32_t i = 0; i < QuickMethods::kProof; ++i) {
    EXPECT_FALSE(record->proven());
    record->note(milliseconds(0));
  }
  EXPECT_TRUE(record->proven());
  EXPECT_EQ(methods.find("echo"), record);
  EXPECT_FALSE(methods.find("other")->proven());
  record->note(milliseconds(1));
  EXPECT_FALSE(record->proven());
}

TEST(QuickMethodsTest, NamesThatAreMadeUpFillNoMemory) {
  QuickMethods methods;
  ASSERT_NE(methods.find("first"), nullptr);
  for (int i = 0; i < 100; ++i) static_cast<void>(methods.find(std::to_string(i)));
  EXPECT_NE(methods.find("first"), nullptr);
  EXPECT_EQ(methods.find("one more"), nullptr);
}

struct OverdueCount final : OverdueListener {
  void on_overdue(const std::string& method) override {
    last = method;
    ++overdue;  // whoever sees this may read it
  }
  void on_late_return(const std::string&) override { ++returned; }
  std::atomic<int> overdue{0};
  std::atomic<int> returned{0};
  std::string last;
};

TEST(DirectCallsTest, NoMoreThanThereArePlaces) {
  DirectCalls calls(2);
  OverdueCount listener;
  const std::string method = "echo";
  const auto later = Clock::now() + milliseconds(60'000);
  DirectCalls::Entry first(calls, listener, method, later);
  {
    const DirectCalls::Entry second(calls, listener, method, later);
    EXPECT_TRUE(second.entered());
    const DirectCalls::Entry third(calls, listener, method, later);
    EXPECT_FALSE(third.entered());
  }
  EXPECT_TRUE(DirectCalls::Entry(calls, listener, method, later).entered());
  EXPECT_TRUE(first.leave());
  EXPECT_EQ(listener.overdue, 0);
}

TEST(DirectCallsTest, AnOverdueCallIsToldOfOnceAndAgainWhenItReturns) {
  DirectCalls calls(1);
  OverdueCount listener;
  const std::string method = "echo";
  DirectCalls::Entry entry(calls, listener, method, Clock::now() + milliseconds(20));
  wait_until_true([&] { return listener.overdue == 1; });
  std::this_thread::sleep_for(5 * DirectCalls::kLook);
  EXPECT_EQ(listener.overdue, 1);
  EXPECT_EQ(listener.last, "echo");
  EXPECT_EQ(listener.returned, 0);
  EXPECT_FALSE(entry.leave());
  EXPECT_EQ(listener.returned, 1);
  const DirectCalls::Entry next(calls, listener, method, Clock::now() + milliseconds(60'000));
  EXPECT_TRUE(next.entered());
}

/// With a plugin inside the host that turns on it.
class TreacheryTest : public ::testing::TestWithParam<const char*>, protected WithHostile {
 protected:
  TreacheryTest() : WithHostile(Isolation::kHost) {}
  void start(const std::string& library = "hostile") {
    packages_.install("good", "good");
    packages_.install("hostile", library);
    ManagerOptions options = packages_.options();
    options.max_hung = 2;
    options.drain_ms = 100;
    manager_ = packages_.manager(options);
    ASSERT_TRUE(manager_->load("good").ok());
    ASSERT_TRUE(manager_->load("hostile").ok());
  }
  bool on_own_thread(const char* method = "thread") {
    const auto answer = call(method);
    return answer.ok() && answer->message.at("thread") == syscall(SYS_gettid);
  }
  /// Makes the plugin's method quick in the host's eyes, and then hang on a thread of its caller's.
  void betray() {
    bool quick = false;  // the last call as well: on a busy machine any may be slow
    for (std::uint32_t i = 0; i < 100 * QuickMethods::kProof && !quick; ++i) {
      const auto began = Clock::now();
      const bool own = on_own_thread("betray");
      quick = own && Clock::now() - began < QuickMethods::kQuick;
    }
    ASSERT_TRUE(quick);
    betrayed_ = std::thread([this] {
      code_ = code_of(call("betray", {{"path", GetParam()}}, 100));
      came_back_ = true;
    });
    wait_until([&] {
      return info().reason == "1 calls never came back, 1 of them on threads of the host's own";
    });
  }
  /// Another generation's static data is the same library's: it relents for all.
  void relent() {
    if (!betrayed_.joinable()) return;
    if (manager_->info("hostile")->state != State::kActive) {
      ASSERT_TRUE(manager_->load("hostile").ok());
    }
    EXPECT_FALSE(came_back_);
    EXPECT_TRUE(call("relent").ok());
    betrayed_.join();
    EXPECT_EQ(code_, "plugin.timeout");
  }
  void TearDown() override { relent(); }

  std::thread betrayed_;
  std::string code_;
  std::atomic<bool> came_back_{false};
};
INSTANTIATE_TEST_SUITE_P(Ways, TreacheryTest, ::testing::Values("loop", "sleep"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(TreacheryTest, ACallIsHandedOverUntilItsMethodHasProvedQuick) {
  start();
  EXPECT_FALSE(on_own_thread());
  bool own = false;
  for (std::uint32_t i = 0; i < 100 * QuickMethods::kProof && !own; ++i) own = on_own_thread();
  EXPECT_TRUE(own);
  EXPECT_EQ(info().reason, "");
}

TEST_P(TreacheryTest, OneThreadIsLostAndEverybodyElseIsServedInTime) {
  start();
  betray();
  // Nobody else is lost: its calls are handed over again, and given up at their deadlines.
  EXPECT_TRUE(call("echo").ok());
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(on_own_thread());
  EXPECT_TRUE(manager_->call("good", "echo", Json::object(), 5000).ok());
  const auto started = Clock::now();
  EXPECT_EQ(code_of(call("betray", {{"path", GetParam()}}, 50)), "plugin.timeout");
  EXPECT_LT(Clock::now() - started, milliseconds(3000));
  // The lost one counts: with max_hung = 2 the plugin is given up, at once.
  EXPECT_EQ(code_of(call("echo")), "plugin.hung");
  EXPECT_TRUE(manager_->call("good", "echo", Json::object(), 5000).ok());
  ASSERT_TRUE(manager_->load("hostile").ok());
  relent();
}

TEST_P(TreacheryTest, AnUpgradeTakesItsPlaceAndDoesNotWait) {
  start();
  betray();
  ASSERT_TRUE(manager_->load("hostile").ok());
  EXPECT_EQ(info().generation, 2U);
  EXPECT_EQ(info().reason, "");
  EXPECT_TRUE(call("echo").ok());
  wait_until([&] { return info().overdue == 1; });
  relent();
  wait_until([&] { return info().draining == 0; });
}

TEST_P(TreacheryTest, ADrainAndAStopAreNotHeldUp) {
  start();
  betray();
  const auto started = Clock::now();
  const auto drained = manager_->drain("hostile", 100);
  ASSERT_TRUE(drained.ok());
  EXPECT_EQ(drained->state, State::kStopped);
  EXPECT_LT(Clock::now() - started, milliseconds(3000));
  EXPECT_EQ(code_of(call("echo")), "plugin.not_active");
}

TEST_P(TreacheryTest, AfterItReturnsThePluginIsHandedItsCallsStill) {
  start();
  betray();
  relent();
  EXPECT_EQ(info().reason, "");
  for (std::uint32_t i = 0; i < 2 * QuickMethods::kProof; ++i) EXPECT_FALSE(on_own_thread());
}

TEST(HostDestroyTest, AnInstanceThatDoesNotEndHoldsNobodyUpForLong) {
  Packages packages(Isolation::kHost);
  packages.install("hostile", "hostile_hang_on_destroy");
  auto manager = packages.manager();
  ASSERT_TRUE(manager->load("hostile").ok());
  const auto started = Clock::now();
  ASSERT_TRUE(manager->stop("hostile").ok());
  ASSERT_TRUE(manager->load("hostile").ok());
  manager.reset();
  EXPECT_LT(Clock::now() - started, milliseconds(20'000));
}

}  // namespace
}  // namespace qc::plugin
