#include "host/exchange/rate_limit.hpp"

#include <algorithm>

namespace qc::exchange {

double RateLimit::tokens_at(const Bucket& bucket, Clock::time_point now) const {
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(options_.burst, bucket.tokens + std::max(0.0, passed) * options_.per_second);
}

bool RateLimit::take(const std::string& name, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= options_.max_names && !buckets_.contains(name)) {
    // Who has a full bucket is as good as never seen.
    std::erase_if(buckets_,
                  [&](const auto& one) { return tokens_at(one.second, now) >= options_.burst; });
    if (buckets_.size() >= options_.max_names) return false;
  }
  Bucket& bucket = buckets_.try_emplace(name, Bucket{options_.burst, now}).first->second;
  bucket = {tokens_at(bucket, now), now};
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace qc::exchange
