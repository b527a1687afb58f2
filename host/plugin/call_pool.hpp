// Threads that carry calls into plugins, so that a hung call does not hold its caller.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace qc::plugin {

/// Grows on demand up to `max_threads`. A thread stuck inside a plugin is replaced while the bound
/// allows and is left behind when the pool goes (it cannot be stopped from outside).
/// Thread contract: run() from any thread.
class CallPool {
 public:
  explicit CallPool(std::size_t max_threads);
  ~CallPool();
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  enum class Outcome { kDone, kTimeout, kFull };
  /// Runs `work` on a pool thread and waits up to `timeout_ms`. After kTimeout the work may still
  /// run: everything it touches must be owned by it. kFull: every thread is held.
  Outcome run(std::function<void()> work, int timeout_ms);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace qc::plugin
