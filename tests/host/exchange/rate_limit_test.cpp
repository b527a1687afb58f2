#include "host/exchange/rate_limit.hpp"

#include <gtest/gtest.h>

namespace qc::exchange {
namespace {

using std::chrono::milliseconds;

TEST(RateLimit, ABurstAndThenSoManyASecond) {
  RateLimit limit({10, 3, 100});
  const RateLimit::Clock::time_point start;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", start)) << i;
  EXPECT_FALSE(limit.take("a", start));
  EXPECT_TRUE(limit.take("b", start));
  EXPECT_FALSE(limit.take("a", start + milliseconds(99)));
  EXPECT_TRUE(limit.take("a", start + milliseconds(101)));
  EXPECT_FALSE(limit.take("a", start + milliseconds(102)));
  // Rest fills the bucket, and no more than that.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", start + milliseconds(60'000))) << i;
  EXPECT_FALSE(limit.take("a", start + milliseconds(60'000)));
}

TEST(RateLimit, RemembersSoManyNamesAndForgetsWhoRested) {
  RateLimit limit({10, 3, 2});
  const RateLimit::Clock::time_point start;
  EXPECT_TRUE(limit.take("a", start));
  EXPECT_TRUE(limit.take("b", start));
  EXPECT_FALSE(limit.take("c", start));
  EXPECT_TRUE(limit.take("a", start));
  EXPECT_TRUE(limit.take("c", start + milliseconds(1000)));
}

}  // namespace
}  // namespace qc::exchange
