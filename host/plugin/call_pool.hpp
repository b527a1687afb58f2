// Internal: the threads on which one plugin's calls run.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace qc::plugin {

/// Runs tasks on at most `workers` threads. A task that outlives its caller's patience keeps its
/// thread, which is then counted as hung and replaced, up to `max_hung`; it rejoins the pool or
/// ends when the task comes back. So a hung plugin holds callers no longer than their timeout, and
/// its own threads only. Any thread.
class CallPool {
 public:
  struct Limits {
    std::size_t workers = 4;
    std::size_t queue = 64;
    std::size_t max_hung = 4;
  };
  enum class Outcome {
    kDone,
    kTimeout,  ///< the task never started, or still runs and owns what it touches
    kBusy,     ///< the queue is full
    kHung,     ///< max_hung tasks never came back
  };

  explicit CallPool(Limits limits);
  /// Waits for nobody: tasks that run keep what they captured alive.
  ~CallPool();
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  /// `task` must own everything it touches: it may run on after kTimeout.
  Outcome run(std::function<void()> task, std::chrono::milliseconds timeout);

  std::size_t hung() const;

 private:
  struct Job;
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);
  static bool summon(const std::shared_ptr<Shared>& shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace qc::plugin
