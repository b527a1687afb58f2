#include "sdk/base/at_once.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include <gtest/gtest.h>

namespace qc {
namespace {

TEST(AtOnce, RunsEachTaskOnce) {
  for (const std::size_t count : {0U, 1U, 2U, 100U}) {
    std::vector<std::atomic<int>> runs(count);
    at_once(count, [&](std::size_t i) { ++runs.at(i); });
    for (const auto& run : runs) EXPECT_EQ(run, 1);
  }
}

TEST(AtOnce, RunsTwoAtATime) {
  std::mutex mutex;
  std::condition_variable arrived;
  int there = 0;
  bool met = true;
  at_once(2, [&](std::size_t) {
    std::unique_lock lock(mutex);
    ++there;
    arrived.notify_all();
    if (!arrived.wait_for(lock, std::chrono::seconds(30), [&] { return there == 2; })) met = false;
  });
  EXPECT_TRUE(met) << "each waited for the other";
}

}  // namespace
}  // namespace qc
