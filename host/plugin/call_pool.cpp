#include "host/plugin/call_pool.hpp"

#include <chrono>
#include <thread>

namespace qc::plugin {

/// Outlives the pool for as long as a stuck thread holds it.
struct CallPool::Shared {
  std::mutex mutex;
  std::condition_variable work_waits;
  std::condition_variable thread_left;
  std::deque<std::function<void()>> queue;
  std::size_t threads = 0;
  std::size_t idle = 0;
  std::size_t max_threads = 0;
  bool closing = false;
};

namespace {

/// One call's end, shared between the caller and the thread that may come late.
struct Ticket {
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
};

}  // namespace

CallPool::CallPool(std::size_t max_threads) : shared_(std::make_shared<Shared>()) {
  shared_->max_threads = max_threads;
}

CallPool::~CallPool() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->work_waits.notify_all();
  // Idle threads end at once; one that is stuck in a plugin is not waited for beyond this.
  shared_->thread_left.wait_for(lock, std::chrono::seconds(2),
                                [this] { return shared_->threads == 0; });
}

CallPool::Outcome CallPool::run(std::function<void()> work, int timeout_ms) {
  const auto ticket = std::make_shared<Ticket>();
  auto job = [ticket, work = std::move(work)] {
    work();
    const std::lock_guard lock(ticket->mutex);
    ticket->done = true;
    ticket->ended.notify_all();
  };
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->idle <= shared_->queue.size()) {
      if (shared_->threads == shared_->max_threads) return Outcome::kFull;
      ++shared_->threads;
      std::thread([shared = shared_] {
        std::unique_lock own(shared->mutex);
        while (true) {
          ++shared->idle;
          shared->work_waits.wait(own, [&] { return shared->closing || !shared->queue.empty(); });
          --shared->idle;
          if (shared->queue.empty()) break;
          auto next = std::move(shared->queue.front());
          shared->queue.pop_front();
          own.unlock();
          next();
          next = nullptr;  // what the work owns goes before the next wait
          own.lock();
        }
        --shared->threads;
        shared->thread_left.notify_all();
      }).detach();
    }
    shared_->queue.push_back(std::move(job));
    shared_->work_waits.notify_one();
  }
  std::unique_lock lock(ticket->mutex);
  const bool done = ticket->ended.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                           [&] { return ticket->done; });
  return done ? Outcome::kDone : Outcome::kTimeout;
}

}  // namespace qc::plugin
