#include "host/plugin/call_pool.hpp"

#include <algorithm>
#include <system_error>
#include <thread>

namespace qc::plugin {

struct CallPool::Job {
  std::function<void()> task;
  bool running = false;
  bool done = false;
  bool abandoned = false;
  std::condition_variable finished;
};

struct CallPool::Shared {
  explicit Shared(Limits wanted) : limits(wanted) {}
  const Limits limits;
  std::mutex mutex;
  std::condition_variable work;
  std::deque<std::shared_ptr<Job>> queue;
  std::size_t live = 0;  ///< threads, hung ones included
  std::size_t idle = 0;
  std::size_t hung = 0;
  std::size_t waited_for = 0;  ///< tasks whose caller waits, running or queued
  bool stopping = false;

  std::size_t usable() const { return live - hung; }
};

CallPool::CallPool(Limits limits) : shared_(std::make_shared<Shared>(limits)) {}

CallPool::~CallPool() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  shared_->work.notify_all();
}

std::size_t CallPool::hung() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->hung;
}

void CallPool::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    ++shared->idle;
    shared->work.wait(lock, [&] { return shared->stopping || !shared->queue.empty(); });
    --shared->idle;
    if (shared->queue.empty()) break;
    const std::shared_ptr<Job> job = std::move(shared->queue.front());
    shared->queue.pop_front();
    job->running = true;
    lock.unlock();
    job->task();
    job->task = nullptr;  // what it captured is let go outside the lock
    lock.lock();
    job->done = true;
    job->finished.notify_all();
    if (job->abandoned) --shared->hung;
    // A replacement has taken this thread's place meanwhile: one of the two is too many.
    if (shared->usable() > shared->limits.workers) break;
  }
  --shared->live;
}

CallPool::Outcome CallPool::run(std::function<void()> task, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto job = std::make_shared<Job>();
  job->task = std::move(task);
  std::unique_lock lock(shared_->mutex);
  if (shared_->hung >= shared_->limits.max_hung) return Outcome::kHung;
  // Not the queue's length: a task that a free worker is about to take would count as waiting.
  if (shared_->waited_for >= shared_->limits.workers + shared_->limits.queue) {
    return Outcome::kBusy;
  }
  ++shared_->waited_for;
  shared_->queue.push_back(job);
  if (shared_->queue.size() > shared_->idle && shared_->usable() < shared_->limits.workers) {
    try {
      // Detached: a hung call cannot be joined. The thread owns the shared state, and libraries are
      // never unmapped (library.hpp), so it can end at any time.
      std::thread(&CallPool::work, shared_).detach();
      ++shared_->live;
    } catch (const std::system_error&) {
      if (shared_->usable() == 0) {
        shared_->queue.pop_back();
        --shared_->waited_for;
        return Outcome::kBusy;
      }
    }
  }
  shared_->work.notify_one();
  const bool done = job->finished.wait_until(lock, deadline, [&] { return job->done; });
  --shared_->waited_for;
  if (done) return Outcome::kDone;
  if (job->running) {
    job->abandoned = true;
    ++shared_->hung;
  } else {
    shared_->queue.erase(std::find(shared_->queue.begin(), shared_->queue.end(), job));
  }
  return Outcome::kTimeout;
}

}  // namespace qc::plugin
