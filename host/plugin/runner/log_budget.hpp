// How many log lines a plugin may send: what is beyond is counted where it is made, before it costs
// the host anything.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>

namespace qc::runner {

/// The host's own allowance (PluginLog: 200 lines in 10 s) as a bucket that refills by one each
/// 50 ms. Any thread, lock-free.
class LogBudget {
 public:
  /// Whether one more line may go.
  bool take() {
    const std::int64_t now = now_ns();
    std::int64_t due = due_.load(std::memory_order_relaxed);
    for (;;) {
      const std::int64_t next = (due < now ? now : due) + kEach;
      if (next - now > kLines * kEach) break;
      if (due_.compare_exchange_weak(due, next, std::memory_order_relaxed)) return true;
    }
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  /// How many were dropped since the last time, at most once a second; 0 otherwise.
  std::uint32_t report() {
    if (dropped_.load(std::memory_order_relaxed) == 0) return 0;
    const std::int64_t now = now_ns();
    std::int64_t last = reported_.load(std::memory_order_relaxed);
    if (now - last < kSecond || !reported_.compare_exchange_strong(last, now)) return 0;
    return dropped_.exchange(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr std::int64_t kLines = 200;
  static constexpr std::int64_t kEach = kSecond / 20;

  /// To some milliseconds, for a few nanoseconds.
  static std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
  }

  std::atomic<std::int64_t> due_{0};
  std::atomic<std::int64_t> reported_{0};
  std::atomic<std::uint32_t> dropped_{0};
};

}  // namespace qc::runner
