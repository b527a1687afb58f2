// Counters of the HTTP server and the Prometheus text of the host.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "host/http/event_loop.hpp"
#include "host/http/route.hpp"

namespace qc::http {

/// Any thread.
class Metrics {
 public:
  /// `routes`: labels "<method> <template>"; index routes.size() counts what matched none.
  explicit Metrics(std::vector<std::string> routes);
  void count(std::size_t route, int status, std::int64_t micros);

  struct Sources {
    const Services& services;
    const LoopGauges& gauges;
    std::array<std::size_t, kLanes> queued_requests{};  ///< by lane
    std::size_t remembered_nonces = 0;
    std::int64_t uptime_s = 0;
  };
  /// Prometheus text format 0.0.4. No label holds an account or an id of a person.
  std::string render(const Sources& sources) const;

 private:
  void render_requests(std::string& out) const;

  static constexpr std::array<std::int64_t, 12> kBucketsUs{
      500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000};
  const std::vector<std::string> routes_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::size_t, int>, std::uint64_t> requests_;  // guarded by mutex_, as below
  std::array<std::uint64_t, kBucketsUs.size() + 1> buckets_{};
  std::uint64_t sum_us_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace qc::http
