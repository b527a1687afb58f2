// Internal: when a runner that died is started again, and when it is not.
#pragma once

#include <deque>

#include "host/plugin/isolation.hpp"

namespace qc::plugin {

/// Knows times only, asks no clock. One thread.
class RestartPolicy {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  explicit RestartPolicy(RestartOptions options) : options_(options) {}

  /// A runner died: how long to wait before the next, or nothing when it died too often.
  std::optional<std::chrono::milliseconds> on_death(Moment now);
  /// A start came to nothing and nobody died: how long to wait before the next.
  std::chrono::milliseconds on_failure(Moment now);

 private:
  std::chrono::milliseconds next_delay(Moment now);

  const RestartOptions options_;
  std::deque<Moment> deaths_;
  std::optional<Moment> last_;
  unsigned steps_ = 0;
};

}  // namespace qc::plugin
