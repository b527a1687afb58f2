#include "host/plugin/restart_policy.hpp"

#include <gtest/gtest.h>

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Moment = RestartPolicy::Moment;

const Moment kStart = Moment() + std::chrono::hours(1);

TEST(RestartPolicyTest, TheThirdDeathInAMinuteIsTheLast) {
  RestartPolicy policy({});
  EXPECT_EQ(policy.on_death(kStart), milliseconds(100));
  EXPECT_EQ(policy.on_death(kStart + seconds(30)), milliseconds(200));
  EXPECT_EQ(policy.on_death(kStart + seconds(60)), std::nullopt);
}

TEST(RestartPolicyTest, DeathsFurtherApartOnlyWaitLonger) {
  RestartPolicy policy({});
  // Two within any minute, so never three: doubling up to the longest wait.
  const int expected[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
  Moment now = kStart;
  for (const int delay : expected) {
    EXPECT_EQ(policy.on_death(now), milliseconds(delay));
    now += seconds(31);
  }
}

TEST(RestartPolicyTest, AQuietWindowBeginsAnew) {
  RestartPolicy policy({});
  EXPECT_EQ(policy.on_death(kStart), milliseconds(100));
  EXPECT_EQ(policy.on_death(kStart + seconds(1)), milliseconds(200));
  EXPECT_EQ(policy.on_death(kStart + seconds(62)), milliseconds(100));
}

TEST(RestartPolicyTest, AStartThatFailsWithoutADeathIsTriedForEver) {
  RestartPolicy policy({});
  Moment now = kStart;
  milliseconds last{0};
  for (int i = 0; i < 100; ++i) {
    const milliseconds delay = policy.on_failure(now);
    EXPECT_GE(delay, last);
    last = delay;
    now += delay;
  }
  EXPECT_EQ(last, milliseconds(30'000));
  EXPECT_EQ(policy.on_death(now), milliseconds(30'000));  // still no third death
}

TEST(RestartPolicyTest, OptionsAreTaken) {
  RestartPolicy once({milliseconds(5), milliseconds(7), milliseconds(100), 1});
  EXPECT_EQ(once.on_death(kStart), std::nullopt);
  RestartPolicy many({milliseconds(5), milliseconds(7), milliseconds(100), 4});
  EXPECT_EQ(many.on_death(kStart), milliseconds(5));
  EXPECT_EQ(many.on_death(kStart), milliseconds(7));
  EXPECT_EQ(many.on_death(kStart), milliseconds(7));
  EXPECT_EQ(many.on_death(kStart + milliseconds(101)), milliseconds(5));
}

TEST(IsolationTest, NamesGoThereAndBack) {
  for (const Isolation one : {Isolation::kHost, Isolation::kProcess}) {
    EXPECT_EQ(isolation_of_name(isolation_name(one)), one);
  }
  EXPECT_FALSE(isolation_of_name("vm"));
}

}  // namespace
}  // namespace qc::plugin
