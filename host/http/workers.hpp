// Threads that run whole requests, each with its own engine.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "host/http/engine.hpp"

namespace qc::http {

/// The queue is bounded by the connections: each has at most one request in flight.
/// Thread contract: push() from any thread; stop() once, not from a worker.
class Workers {
 public:
  using Task = std::function<void(Engine&)>;
  explicit Workers(std::size_t threads);
  ~Workers() { stop(); }

  /// Tasks run in the order pushed. After stop() they are dropped.
  void push(Task task);
  /// Runs what is queued, then joins.
  void stop();
  std::size_t queued() const;

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;  // guarded by mutex_
  bool stopped_ = false;    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace qc::http
