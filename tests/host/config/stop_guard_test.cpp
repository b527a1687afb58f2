#include "host/stop_guard.hpp"

#include <gtest/gtest.h>

namespace qc {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

TEST(StopGuardTest, WhatEndsInTimeIsLeftAlone) {
  const auto started = Clock::now();
  { const StopGuard guard(milliseconds(60'000), 3); }
  EXPECT_LT(Clock::now() - started, milliseconds(10'000));
}

TEST(StopGuardTest, WhatNeverEndsIsEndedWithTheStatusAndAWord) {
  const auto stop_that_hangs = [] {
    const StopGuard guard(milliseconds(50), 3);
    std::this_thread::sleep_for(milliseconds(60'000));
  };
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(stop_that_hangs(), ::testing::ExitedWithCode(3), "did not end within 50 ms");
}

}  // namespace
}  // namespace qc
