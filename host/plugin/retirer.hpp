// Internal: the end of generations that others have replaced.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace qc::plugin {

struct Loaded;

/// Of one plugin, since the host's start.
struct RetiredCounts {
  std::atomic<std::uint64_t> retired{0};
  std::atomic<std::uint64_t> draining{0};  ///< still have calls to finish
  std::atomic<std::uint64_t> overdue{0};   ///< ended with calls in flight
};

/// Lets each finish its calls, ends it at its deadline, and lets it go on a thread of its own:
/// a process that will not end, or a destroy() that takes its time, holds nobody up. Any thread.
class Retirer {
 public:
  Retirer();
  /// Ends what is left, whether its calls have ended or not.
  ~Retirer();
  Retirer(const Retirer&) = delete;
  Retirer& operator=(const Retirer&) = delete;

  /// No call may begin on it any more. Null is nothing.
  void retire(std::shared_ptr<const Loaded> loaded, std::shared_ptr<RetiredCounts> counts,
              std::chrono::milliseconds patience);

 private:
  struct Old {
    std::shared_ptr<const Loaded> loaded;
    std::shared_ptr<RetiredCounts> counts;
    std::chrono::steady_clock::time_point deadline;
  };
  void run();
  static bool ended(const Old& old, std::chrono::steady_clock::time_point now);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Old> old_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace qc::plugin
