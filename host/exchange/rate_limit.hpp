// How often somebody may ask: a bucket of tokens each.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace qc::exchange {

/// Any thread.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    double per_second = 10;
    double burst = 20;
    std::size_t max_names = 10'000;  ///< remembered at a time; beyond them nobody new is let in
  };
  explicit RateLimit(const Options& options) : options_(options) {}

  /// Whether `name` may go on now; takes one token when it may.
  bool take(const std::string& name, Clock::time_point now);

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point at;
  };
  double tokens_at(const Bucket& bucket, Clock::time_point now) const;

  const Options options_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace qc::exchange
