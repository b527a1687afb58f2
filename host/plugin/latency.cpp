#include "host/plugin/latency.hpp"

#include <algorithm>
#include <bit>

namespace qc::plugin {

std::size_t LatencyHistogram::bucket_of(std::uint64_t units) {
  if (units < kSteps) return static_cast<std::size_t>(units);
  // The four leading bits: one says which doubling, three which eighth of it.
  const auto shift = static_cast<unsigned>(std::bit_width(units)) - 4U;
  const auto step = static_cast<std::size_t>(units >> shift) - kSteps;
  return std::min<std::size_t>((shift + 1) * kSteps + step, kBuckets - 1);
}

double LatencyHistogram::upper_us(std::size_t bucket) {
  constexpr double kUnitUs = static_cast<double>(1U << kUnitShift) / 1000;
  if (bucket < kSteps) return static_cast<double>(bucket + 1) * kUnitUs;
  const std::size_t shift = bucket / kSteps - 1;
  const std::uint64_t units = (bucket % kSteps + kSteps + 1) << shift;
  return static_cast<double>(units) * kUnitUs;
}

void LatencyHistogram::add(std::chrono::nanoseconds took) {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  buckets_[bucket_of(ns >> kUnitShift)].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
}

Latency LatencyHistogram::summary() const {
  std::array<std::uint64_t, kBuckets> counts{};
  Latency out;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    counts[i] = buckets_[i].load(std::memory_order_relaxed);
    out.count += counts[i];
  }
  out.sum_us = static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1000;
  const auto at = [&](std::uint64_t percent) {
    const std::uint64_t rank = (out.count * percent + 99) / 100;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      below += counts[i];
      if (below >= rank && rank > 0) return upper_us(i);
    }
    return 0.0;
  };
  out.p50_us = at(50);
  out.p95_us = at(95);
  out.p99_us = at(99);
  return out;
}

}  // namespace qc::plugin
