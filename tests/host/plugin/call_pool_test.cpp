#include "host/plugin/call_pool.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;
using Outcome = CallPool::Outcome;

/// A door that hung tasks wait at.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::atomic<int> passed{0};
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
    ++passed;
  }
  void release() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

void eventually(const std::function<bool()>& true_at_last) {
  for (int i = 0; i < 2000 && !true_at_last(); ++i) std::this_thread::sleep_for(milliseconds(2));
  EXPECT_TRUE(true_at_last());
}

TEST(CallPoolTest, ManyCallersAreAllServed) {
  CallPool pool({4, 64, 4});
  std::atomic<int> ran{0};
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&] {
      for (int k = 0; k < 200; ++k) {
        if (pool.run([&] { ++ran; }, milliseconds(10'000)) == Outcome::kDone) ++done;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ran, 3200);
  EXPECT_EQ(done, 3200);
}

TEST(CallPoolTest, NoMoreRunAtATimeThanWorkers) {
  CallPool pool({3, 64, 4});
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&] {
      pool.run(
          [&] {
            const int running = ++now;
            int seen = most;
            while (running > seen && !most.compare_exchange_weak(seen, running)) {
            }
            std::this_thread::sleep_for(milliseconds(5));
            --now;
          },
          milliseconds(10'000));
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(most, 1);
  EXPECT_LE(most, 3);
}

TEST(CallPoolTest, AHungCallIsReplacedAndOthersGoOn) {
  auto gate = std::make_shared<Gate>();
  CallPool pool({1, 8, 2});
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(pool.run([gate] { gate->wait(); }, milliseconds(30)), Outcome::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - started, milliseconds(2000));
  EXPECT_EQ(pool.hung(), 1U);
  std::atomic<bool> ran{false};
  EXPECT_EQ(pool.run([&] { ran = true; }, milliseconds(5000)), Outcome::kDone);
  EXPECT_TRUE(ran);
  gate->release();
  eventually([&] { return pool.hung() == 0; });
}

TEST(CallPoolTest, TooManyHungCallsAreGivenUpUntilTheyReturn) {
  auto gate = std::make_shared<Gate>();
  CallPool pool({1, 8, 2});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pool.run([gate] { gate->wait(); }, milliseconds(20)), Outcome::kTimeout);
  }
  EXPECT_EQ(pool.run([] {}, milliseconds(5000)), Outcome::kHung);
  gate->release();
  eventually([&] { return pool.hung() == 0; });
  EXPECT_EQ(pool.run([] {}, milliseconds(5000)), Outcome::kDone);
}

TEST(CallPoolTest, ACallThatNeverStartedNeverRuns) {
  auto gate = std::make_shared<Gate>();
  CallPool pool({1, 8, 2});
  std::thread holder([&] { pool.run([gate] { gate->wait(); }, milliseconds(10'000)); });
  auto ran = std::make_shared<std::atomic<bool>>(false);
  eventually([&] {  // until the holder's task has the one worker
    return pool.run([] {}, milliseconds(20)) == Outcome::kTimeout;
  });
  EXPECT_EQ(pool.run([ran] { *ran = true; }, milliseconds(20)), Outcome::kTimeout);
  EXPECT_EQ(pool.hung(), 0U);
  gate->release();
  holder.join();
  EXPECT_EQ(pool.run([] {}, milliseconds(5000)), Outcome::kDone);
  EXPECT_FALSE(*ran);
}

TEST(CallPoolTest, AFullQueueIsBusyAtOnce) {
  auto gate = std::make_shared<Gate>();
  CallPool pool({1, 1, 4});
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) {  // one runs, one waits
    callers.emplace_back([&] {   // until it is in: the probe below may hold the one place
      while (pool.run([gate] { gate->wait(); }, milliseconds(10'000)) == Outcome::kBusy) {
      }
    });
  }
  eventually([&] { return pool.run([] {}, milliseconds(1)) == Outcome::kBusy; });
  gate->release();
  for (std::thread& caller : callers) caller.join();
}

TEST(CallPoolTest, ThePoolMayEndBeforeItsHungCalls) {
  auto gate = std::make_shared<Gate>();
  {
    CallPool pool({2, 8, 2});
    EXPECT_EQ(pool.run([gate] { gate->wait(); }, milliseconds(20)), Outcome::kTimeout);
  }
  gate->release();
  eventually([&] { return gate->passed == 1; });
}

}  // namespace
}  // namespace qc::plugin
