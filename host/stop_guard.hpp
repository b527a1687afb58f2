// The end of a process that must not wait for what never comes back.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace qc {

/// While it lives, the process has `patience` left: then it is ended with `status`, whatever still
/// runs, and without exit handlers. For a stop of the host: a call of a plugin inside it that hangs
/// can hold a thread that everything else waits for, and nothing in the process can end that call.
/// What the host acknowledged is on the disk by then.
class StopGuard {
 public:
  StopGuard(std::chrono::milliseconds patience, int status);
  /// Everything ended in time.
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

 private:
  void wait(std::chrono::milliseconds patience, int status);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace qc
