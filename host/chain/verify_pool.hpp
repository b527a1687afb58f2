// Threads that check signatures for callers who do not wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace qc::chain {

/// Thread contract: any thread. Its queue is bounded by the ledger's byte budget.
class VerifyPool {
 public:
  explicit VerifyPool(unsigned threads);
  ~VerifyPool() { stop(); }
  VerifyPool(const VerifyPool&) = delete;
  VerifyPool& operator=(const VerifyPool&) = delete;
  /// False when the pool has stopped; the job is not run then.
  bool run(std::function<void()> job);
  /// Runs what is queued, then ends. Idempotent.
  void stop();

 private:
  void work();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace qc::chain
