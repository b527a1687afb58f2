// Internal: how long calls took, in bounded memory.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace qc::plugin {

/// Percentiles are the upper bound of the bucket they fall into: at most an eighth too high.
struct Latency {
  std::uint64_t count = 0;
  double sum_us = 0;
  double p50_us = 0;
  double p95_us = 0;
  double p99_us = 0;
};

/// Counts in buckets of equal relative width, eight to each doubling, from an eighth of a
/// microsecond to more than a minute: two kilobytes, however many calls. Any thread.
class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds took);
  /// While others add, a summary of nearly the same moment.
  Latency summary() const;

 private:
  static constexpr unsigned kSteps = 8;      ///< buckets a doubling
  static constexpr unsigned kUnitShift = 7;  ///< 128 ns
  static constexpr unsigned kDoublings = 30;
  static constexpr std::size_t kBuckets = kSteps * kDoublings;

  static std::size_t bucket_of(std::uint64_t units);
  static double upper_us(std::size_t bucket);

  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

}  // namespace qc::plugin
