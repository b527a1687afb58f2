#include "host/chain/guarded_clock.hpp"

#include <chrono>
#include <ctime>
#include <utility>

#include "host/chain/log.hpp"

namespace qc::chain {

GuardedClock::GuardedClock(Source clock_ms, Source elapsed_ms)
    : clock_ms_(std::move(clock_ms)),
      elapsed_ms_(std::move(elapsed_ms)),
      believed_ms_(clock_ms_()),
      believed_at_(elapsed_ms_()) {}

std::int64_t GuardedClock::now_ms() {
  const std::lock_guard lock(mutex_);
  const std::int64_t clock = clock_ms_();
  const std::int64_t elapsed = elapsed_ms_();
  const std::int64_t expected = believed_ms_ + (elapsed - believed_at_);
  const std::int64_t ahead = clock - expected;
  if (ahead > kMostAheadMs) {
    if (trouble_.empty()) {
      trouble_ = "the system's clock went forward by " + std::to_string(ahead / 1000) +
                 " s at once; the ledger's time goes on without it: correct the clock, or, if it "
                 "is right now, restart the host";
      log_error(trouble_);
    }
    return expected;
  }
  if (!trouble_.empty()) {
    log_warning("the system's clock is as expected again");
    trouble_.clear();
  }
  // One that went back may come forward again: measured from where it was.
  if (ahead >= -kMostAheadMs) {
    believed_ms_ = clock;
    believed_at_ = elapsed;
  }
  return clock;
}

std::string GuardedClock::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

std::int64_t system_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t elapsed_clock_ms() {
  timespec now{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &now);  // cannot fail: the clock exists since Linux 2.6.39
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace qc::chain
