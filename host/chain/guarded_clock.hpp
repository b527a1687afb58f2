// The ledger's time: the system's clock, unless that runs ahead of the time that has passed.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace qc::chain {

/// What a host writes cannot be taken back: a batch with a time of tomorrow refuses every later
/// transaction until tomorrow. So a clock that goes forward by more than kMostAheadMs beyond what
/// has passed since it was last believed is not followed: the ledger's time goes on from there with
/// the time that passes, until the clock comes back or the host is started anew, which believes
/// it. A clock that goes back is passed on: batches never go back in time (Committer). Any thread.
class GuardedClock {
 public:
  using Source = std::function<std::int64_t()>;  ///< milliseconds
  static constexpr std::int64_t kMostAheadMs = 60'000;

  /// `elapsed_ms` counts what passes, a suspended machine's time included, from any beginning.
  GuardedClock(Source clock_ms, Source elapsed_ms);

  /// Milliseconds since the epoch.
  std::int64_t now_ms();
  /// Why the clock is not followed, or "".
  std::string trouble() const;

 private:
  const Source clock_ms_;
  const Source elapsed_ms_;
  mutable std::mutex mutex_;
  std::int64_t believed_ms_;  ///< what the clock said when it was last believed
  std::int64_t believed_at_;  ///< and when that was, by what elapsed
  std::string trouble_;
};

std::int64_t system_clock_ms();
/// CLOCK_BOOTTIME.
std::int64_t elapsed_clock_ms();

}  // namespace qc::chain
