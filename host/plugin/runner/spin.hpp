// To look again for a moment before sleeping: to be woken costs more than a short call takes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace qc::plugin {

/// Who waits on one end of a hand-over. It learns: where looking was in vain several times, since
/// calls take long or come seldom, it is tried now and then only. Any thread.
class Spin {
 public:
  /// Asks `there` until it is true or the moment is over. False at once where it does not pay.
  template <typename There>
  bool until(There there) {
    if (!worthwhile()) return false;
    const auto end = std::chrono::steady_clock::now() + kMoment;
    for (;;) {
      for (int i = 0; i < kLooks; ++i) {
        if (there()) {
          vain_.store(0, std::memory_order_relaxed);
          return true;
        }
        __builtin_ia32_pause();
      }
      if (std::chrono::steady_clock::now() >= end) break;
    }
    vain_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

 private:
  /// About what a sleeping thread takes to be awake again.
  static constexpr std::chrono::microseconds kMoment{20};
  static constexpr int kLooks = 8;  ///< between two looks at the clock
  static constexpr std::uint32_t kPatience = 4;
  static constexpr std::uint32_t kRetry = 64;

  bool worthwhile() {
    // With one processor whom we wait for could not run meanwhile.
    static const bool alone = std::thread::hardware_concurrency() < 2;
    const std::uint32_t vain = vain_.load(std::memory_order_relaxed);
    if (alone) return false;
    if (vain < kPatience) return true;
    vain_.store(vain + 1, std::memory_order_relaxed);
    return vain % kRetry == 0;
  }

  std::atomic<std::uint32_t> vain_{0};
};

}  // namespace qc::plugin
