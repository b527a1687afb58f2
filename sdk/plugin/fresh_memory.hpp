// Internal: what was issued for accesses that are still recent enough to be issued for.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <unordered_set>

#include "sdk/plugin/context.hpp"

namespace qc::plugin {

/// Lets each item of an access be issued once by this process: whoever has the plugin asked again
/// with the same access gets nothing. An access is remembered until it is too old to be issued for
/// (check_recent); times are the plugin's own clock, seconds since the epoch. Any thread.
class FreshMemory {
 public:
  /// Some 100 bytes each: what a department could not issue in ten minutes.
  static constexpr std::size_t kMost = 200'000;

  /// The access was opened at `opened_s`. Errors: "issue.repeated", "issue.too_many" (retryable).
  Status begin(const std::string& access, const std::string& item, std::int64_t opened_s,
               std::int64_t now_s) {
    const std::lock_guard lock(mutex_);
    while (!by_time_.empty() && by_time_.begin()->first + kProofWindowSeconds < now_s) {
      known_.erase(by_time_.begin()->second);
      by_time_.erase(by_time_.begin());
    }
    if (known_.size() >= kMost) {
      return unavailable("issue.too_many", "more is asked for than can be remembered",
                         Side::kProvider);
    }
    std::string name = name_of(access, item);
    if (!known_.insert(name).second) {
      return forbidden("issue.repeated", "was issued for this access already").at("access");
    }
    by_time_.emplace(opened_s, std::move(name));
    return {};
  }

  /// Nothing was issued after all.
  void undo(const std::string& access, const std::string& item, std::int64_t opened_s) {
    const std::lock_guard lock(mutex_);
    const std::string name = name_of(access, item);
    known_.erase(name);
    auto [one, end] = by_time_.equal_range(opened_s);
    for (; one != end; ++one) {
      if (one->second != name) continue;
      by_time_.erase(one);
      return;
    }
  }

 private:
  /// Neither holds a blank.
  static std::string name_of(const std::string& access, const std::string& item) {
    return access + ' ' + item;
  }

  std::mutex mutex_;
  std::multimap<std::int64_t, std::string> by_time_;
  std::unordered_set<std::string> known_;
};

}  // namespace qc::plugin
