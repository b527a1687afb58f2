// A clock that jumps ahead does not get onto the ledger, where it could not be taken back.
#include "host/chain/guarded_clock.hpp"

#include <atomic>

#include <gtest/gtest.h>

#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

struct Clocks {
  std::atomic<std::int64_t> wall{kStart * 1000};
  std::atomic<std::int64_t> elapsed{5000};
  void pass(std::int64_t ms) {
    wall += ms;
    elapsed += ms;
  }
  GuardedClock::Source wall_source() {
    return [this] { return wall.load(); };
  }
  GuardedClock::Source elapsed_source() {
    return [this] { return elapsed.load(); };
  }
};

TEST(GuardedClock, FollowsAClockThatGoesAsTimePasses) {
  Clocks clocks;
  GuardedClock guarded(clocks.wall_source(), clocks.elapsed_source());
  for (int day = 0; day < 30; ++day) {
    clocks.pass(24 * kHourMs);
    clocks.wall += 50'000;  // set right once a day: no jump, however many there were
    EXPECT_EQ(guarded.now_ms(), clocks.wall.load());
  }
  EXPECT_EQ(guarded.trouble(), "");
}

TEST(GuardedClock, GoesOnWithoutAClockThatJumpsAhead) {
  Clocks clocks;
  GuardedClock guarded(clocks.wall_source(), clocks.elapsed_source());
  const std::int64_t start = guarded.now_ms();
  clocks.wall += kHourMs;
  EXPECT_EQ(guarded.now_ms(), start);
  EXPECT_NE(guarded.trouble(), "");
  clocks.pass(120'000);  // and does not come to believe it later
  EXPECT_EQ(guarded.now_ms(), start + 120'000);
  clocks.wall -= kHourMs;
  EXPECT_EQ(guarded.now_ms(), clocks.wall.load());
  EXPECT_EQ(guarded.trouble(), "");
}

TEST(GuardedClock, LetsAClockThatWentBackReturnAndNoFurther) {
  Clocks clocks;
  GuardedClock guarded(clocks.wall_source(), clocks.elapsed_source());
  const std::int64_t start = guarded.now_ms();
  clocks.wall -= kHourMs;
  EXPECT_EQ(guarded.now_ms(), start - kHourMs);
  clocks.pass(10'000);
  clocks.wall += kHourMs;
  EXPECT_EQ(guarded.now_ms(), start + 10'000);
  EXPECT_EQ(guarded.trouble(), "");
  clocks.wall += kHourMs;
  EXPECT_EQ(guarded.now_ms(), start + 10'000);
  EXPECT_NE(guarded.trouble(), "");
}

// What the guard is for: one transaction of the host's own with the wrong time would set the
// ledger's time, and every client whose clock is right would be refused until that hour came.
TEST(GuardedClock, KeepsALedgerUsableThroughAJump) {
  const TempDir dir;
  Clocks clocks;
  clocks.wall = kStart * 1000 + 5000;
  LedgerOptions options = options_in(dir.path());
  options.clock_ms = clocks.wall_source();
  LedgerParts parts;
  parts.elapsed_ms = clocks.elapsed_source();
  const auto ledger = must_open(options, std::move(parts));
  submit_all(*ledger, signed_history(city()));
  EXPECT_EQ(ledger->health().clock, "");
  clocks.wall += kHourMs;
  const auto own =
      ledger->submit_as_host("snapshot.begin", {{"snapshot", "AAAAAAAAAAAAAAAAAAAAAA"}});
  ASSERT_TRUE(own.ok()) << own.error().code;
  EXPECT_EQ(own->time_ms, kStart * 1000 + 5000);
  const auto client = ledger->submit(item_tx(1));
  ASSERT_TRUE(client.ok()) << client.error().code;
  EXPECT_EQ(client->time_ms, kStart * 1000 + 5000);
  EXPECT_TRUE(ledger->health().writable);
  EXPECT_NE(ledger->health().clock, "");
}

}  // namespace
}  // namespace qc::chain::test
