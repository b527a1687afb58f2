// When a runner goes behind all others and when it comes back: by the numbers, and with processes.
#include "host/plugin/share_watch.hpp"

#include <csignal>
#include <filesystem>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/plugin/priority.hpp"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = ShareWatch::Verdict;

/// A runner whose time goes by in steps of 10 ms.
class ShareWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    at_.now = ShareWatch::Moment() + std::chrono::hours(1);
    watch_.begin(at_);
  }
  Verdict step(milliseconds processor, milliseconds covered = milliseconds(0),
               std::uint64_t calls = 0) {
    at_.now += milliseconds(10);
    at_.processor += processor;
    at_.covered += covered;
    at_.calls += calls;
    return watch_.look(at_, [this] { return wants_; });
  }
  void grant(std::uint32_t percent) {
    watch_ = ShareWatch(percent);
    watch_.begin(at_);
  }
  Verdict burn_until_demoted() {
    Verdict verdict = Verdict::kStay;
    for (int i = 0; i < 10 && verdict == Verdict::kStay; ++i) verdict = step(milliseconds(10));
    return verdict;
  }
  /// Steps of calm until it comes back, or `most`.
  int calm_until_promoted(int most) {
    for (int i = 1; i <= most; ++i) {
      if (step(milliseconds(0)) == Verdict::kPromote) return i;
    }
    return most + 1;
  }

  ShareWatch watch_;
  ShareWatch::Look at_;
  bool wants_ = false;
};

TEST_F(ShareWatchTest, ThirtyMillisecondsOfItsOwnAreTooMany) {
  EXPECT_EQ(step(milliseconds(10)), Verdict::kStay);
  EXPECT_EQ(step(milliseconds(10)), Verdict::kStay);
  EXPECT_EQ(step(milliseconds(10)), Verdict::kDemote);
  EXPECT_EQ(watch_.burned(), milliseconds(30));
  EXPECT_EQ(watch_.burned_in(), milliseconds(30));
}

TEST_F(ShareWatchTest, BothProcessorsCountTwice) {
  EXPECT_EQ(step(milliseconds(20)), Verdict::kStay);
  EXPECT_EQ(step(milliseconds(20)), Verdict::kDemote);
}

TEST_F(ShareWatchTest, WhatItsCallsAccountForIsNotItsOwn) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(step(milliseconds(20), milliseconds(20), 4), Verdict::kStay);
  }
  // Nor is the moment after each of many short calls in which a lane looks for the next.
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(step(milliseconds(10), milliseconds(4), 250), Verdict::kStay);
  }
  // A thread that burns beside its calls is.
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(step(milliseconds(20), milliseconds(10), 1), Verdict::kStay);
  EXPECT_NE(step(milliseconds(20), milliseconds(10), 1), Verdict::kPromote);
  EXPECT_EQ(step(milliseconds(20), milliseconds(10), 1), Verdict::kDemote);
}

TEST_F(ShareWatchTest, ALittleInTheBackgroundIsEverybodysRight) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(step(milliseconds(4)), Verdict::kStay);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(step(milliseconds(10)), Verdict::kStay);
    ASSERT_EQ(step(milliseconds(10)), Verdict::kStay);
    ASSERT_EQ(step(milliseconds(0)), Verdict::kStay);
  }
}

TEST_F(ShareWatchTest, WhatIsGrantedIsItsOwnAndNoMore) {
  grant(100);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(step(milliseconds(10)), Verdict::kStay);
  EXPECT_EQ(step(milliseconds(12)), Verdict::kStay);
  EXPECT_EQ(step(milliseconds(12)), Verdict::kStay);
  EXPECT_EQ(step(milliseconds(12)), Verdict::kDemote);
  // It comes back with what is its own, not with more.
  for (int i = 0; i < 500; ++i) ASSERT_EQ(step(milliseconds(12)), Verdict::kStay);
  Verdict verdict = Verdict::kStay;
  int steps = 0;
  while (verdict == Verdict::kStay && steps++ < 500) verdict = step(milliseconds(10));
  EXPECT_EQ(verdict, Verdict::kPromote);
  EXPECT_EQ(steps, 100);
  // Less than half a processor is nobody's burning.
  grant(10);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(step(milliseconds(4)), Verdict::kStay);
  EXPECT_EQ(burn_until_demoted(), Verdict::kDemote);
}

TEST_F(ShareWatchTest, ASecondOfCalmBringsItBackAndEachRelapseDoublesIt) {
  EXPECT_EQ(burn_until_demoted(), Verdict::kDemote);
  EXPECT_EQ(calm_until_promoted(200), 100);
  EXPECT_EQ(burn_until_demoted(), Verdict::kDemote);
  EXPECT_EQ(calm_until_promoted(400), 200);
  EXPECT_EQ(burn_until_demoted(), Verdict::kDemote);
  EXPECT_EQ(calm_until_promoted(800), 400);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(step(milliseconds(0)), Verdict::kStay);
  EXPECT_EQ(burn_until_demoted(), Verdict::kDemote);
  EXPECT_EQ(calm_until_promoted(200), 100);
}

TEST_F(ShareWatchTest, WhoOnlyStarvesIsNotCalm) {
  EXPECT_EQ(burn_until_demoted(), Verdict::kDemote);
  wants_ = true;
  EXPECT_EQ(calm_until_promoted(500), 501);
  wants_ = false;
  EXPECT_EQ(calm_until_promoted(500), 100);
}

TEST_F(ShareWatchTest, TheNextProcessBeginsWhereTheLastOneWas) {
  EXPECT_EQ(burn_until_demoted(), Verdict::kDemote);
  at_.processor = milliseconds(50);  // another process has used less
  at_.calls = 0;
  watch_.begin(at_);
  EXPECT_TRUE(watch_.demoted());
  EXPECT_EQ(calm_until_promoted(200), 100);
  EXPECT_FALSE(watch_.demoted());
}

// ThreadSanitizer lets no child of a program with threads have threads.
#ifndef __SANITIZE_THREAD__

/// A child with three threads that burn; killed at the end.
class Burner {
 public:
  Burner() : pid_(fork()) {
    if (pid_ != 0) return;
    for (int i = 0; i < 2; ++i) std::thread([] { burn(); }).detach();
    burn();
  }
  ~Burner() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Burner(const Burner&) = delete;
  Burner& operator=(const Burner&) = delete;
  pid_t pid() const { return pid_; }

 private:
  [[noreturn]] static void burn() {
    for (volatile std::uint64_t n = 0;;) n = n + 1;
  }
  const pid_t pid_;
};

std::size_t threads_with(pid_t process, int policy) {
  std::size_t count = 0;
  const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& one : std::filesystem::directory_iterator(tasks)) {
    if (sched_getscheduler(std::stoi(one.path().filename().string())) == policy) ++count;
  }
  return count;
}

/// Threads that start, or wait for a page, are not runnable for the moment.
bool three_come_to_run(pid_t process) {
  for (int i = 0; i < 2000; ++i) {
    if (runnable_threads(process) == 3) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

void three_threads_go_behind_and_may_come_back() {
  const Burner burner;
  ASSERT_TRUE(three_come_to_run(burner.pid()));
  ASSERT_TRUE(put_behind(burner.pid()));
  EXPECT_EQ(threads_with(burner.pid(), SCHED_IDLE), 3U);
  EXPECT_TRUE(three_come_to_run(burner.pid()));
  EXPECT_EQ(put_beside(burner.pid()), may_put_beside());
  EXPECT_EQ(threads_with(burner.pid(), SCHED_OTHER), may_put_beside() ? 3U : 0U);
}

TEST(PriorityTest, AllThreadsGoBehindAndComeBack) {
  three_threads_go_behind_and_may_come_back();
  EXPECT_EQ(runnable_threads(getpid()), 1U);
}

TEST(PriorityTest, AnOrdinaryUserMayPutItsOwnBehindAndIsTheRightToComeBackKnown) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(9);
    three_threads_go_behind_and_may_come_back();
    if (::testing::Test::HasFailure()) _exit(1);
    _exit(may_put_beside() ? 2 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "2: an ordinary user was let take it back";
}
#endif

}  // namespace
}  // namespace qc::plugin
