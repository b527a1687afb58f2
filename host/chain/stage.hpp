// One step of a pipeline, on a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace qc::chain {

/// Does `work` on what it is handed, one after another. One thing waits at most: memory stays
/// bounded, and so does the lag. Thread contract: hand_over() and close() on one thread at a time;
/// await_idle() on that thread too, or nothing is said of what comes after it.
template <typename Item>
class Stage {
 public:
  using Work = std::function<void(std::unique_ptr<Item>)>;
  explicit Stage(Work work) : work_(std::move(work)), thread_([this] { run(); }) {}
  ~Stage() { close(); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Waits while another one waits.
  void hand_over(std::unique_ptr<Item> item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return next_ == nullptr; });
    next_ = std::move(item);
    changed_.notify_all();
  }
  /// Until there is nothing to do.
  void await_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return next_ == nullptr && !at_work_; });
  }
  /// Does what is there, then ends. Idempotent.
  void close() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return next_ != nullptr || closing_; });
      if (next_ == nullptr) return;
      auto item = std::move(next_);
      at_work_ = true;
      changed_.notify_all();
      lock.unlock();
      work_(std::move(item));
      lock.lock();
      at_work_ = false;
      changed_.notify_all();
    }
  }

  const Work work_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::unique_ptr<Item> next_;
  bool at_work_ = false;
  bool closing_ = false;
  std::thread thread_;  ///< last: it uses the rest
};

}  // namespace qc::chain
