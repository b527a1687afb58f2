#include "host/plugin/call_pool.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

#include "host/plugin/runner/spin.hpp"

namespace qc::plugin {

struct CallPool::Job {
  std::function<void()> task;
  std::atomic<bool> done{false};
  bool running = false;  // under the pool's mutex, as the next
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
  std::size_t looking = 0;                 ///< of these: awake, and about to see what is queued
  std::atomic<std::size_t> hung{0};        ///< changed under the mutex
  std::atomic<std::size_t> waited_for{0};  ///< tasks whose caller waits, running or queued
  std::atomic<std::size_t> queued{0};      ///< the queue's length, for who looks without the lock
  bool stopping = false;
  Spin for_work;
  Spin for_end;

  std::size_t usable() const { return live - hung; }

  std::shared_ptr<Job> take() {
    std::shared_ptr<Job> job = std::move(queue.front());
    queue.pop_front();
    queued.store(queue.size(), std::memory_order_relaxed);
    return job;
  }
};

CallPool::CallPool(Limits limits) : shared_(std::make_shared<Shared>(limits)) {}

CallPool::~CallPool() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  shared_->work.notify_all();
}

std::size_t CallPool::hung() const { return shared_->hung; }

void CallPool::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    ++shared->idle;
    if (shared->queue.empty() && shared->looking == 0) {
      // One at most: a second would take the processor from who is to be waited for.
      ++shared->looking;
      lock.unlock();
      shared->for_work.until([&] { return shared->queued.load(std::memory_order_relaxed) > 0; });
      lock.lock();
      --shared->looking;
    }
    shared->work.wait(lock, [&] { return shared->stopping || !shared->queue.empty(); });
    --shared->idle;
    if (shared->queue.empty()) break;
    const std::shared_ptr<Job> job = shared->take();
    job->running = true;
    lock.unlock();
    job->task();
    job->task = nullptr;  // what it captured is let go outside the lock
    job->done.store(true, std::memory_order_release);
    lock.lock();
    job->finished.notify_all();
    if (job->abandoned) --shared->hung;
    // A replacement has taken this thread's place meanwhile: one of the two is too many.
    if (shared->usable() > shared->limits.workers) break;
  }
  --shared->live;
}

/// Under the mutex: somebody will take what has just been queued. False when nobody can.
bool CallPool::summon(const std::shared_ptr<Shared>& shared) {
  if (shared->queue.size() > shared->idle && shared->usable() < shared->limits.workers) {
    try {
      // Detached: a hung call cannot be joined. The thread owns the shared state, and libraries are
      // never unmapped (library.hpp), so it can end at any time.
      std::thread(&CallPool::work, shared).detach();
      ++shared->live;
    } catch (const std::system_error&) {
      if (shared->usable() == 0) return false;
    }
  }
  if (shared->queue.size() > shared->looking) shared->work.notify_one();
  return true;
}

CallPool::Outcome CallPool::run(std::function<void()> task, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto job = std::make_shared<Job>();
  job->task = std::move(task);
  Shared& shared = *shared_;
  std::unique_lock lock(shared.mutex);
  if (shared.hung >= shared.limits.max_hung) return Outcome::kHung;
  // Not the queue's length: a task that a free worker is about to take would count as waiting.
  if (shared.waited_for >= shared.limits.workers + shared.limits.queue) return Outcome::kBusy;
  shared.queue.push_back(job);
  if (!summon(shared_)) {
    shared.queue.pop_back();
    return Outcome::kBusy;
  }
  ++shared.waited_for;
  shared.queued.store(shared.queue.size(), std::memory_order_relaxed);
  lock.unlock();
  const auto done = [&] { return job->done.load(std::memory_order_acquire); };
  if (shared.for_end.until(done)) {
    --shared.waited_for;
    return Outcome::kDone;
  }
  lock.lock();
  const bool ended = job->finished.wait_until(lock, deadline, done);
  --shared.waited_for;
  if (ended) return Outcome::kDone;
  if (job->running) {
    job->abandoned = true;
    ++shared.hung;
  } else {
    shared.queue.erase(std::find(shared.queue.begin(), shared.queue.end(), job));
    shared.queued.store(shared.queue.size(), std::memory_order_relaxed);
  }
  return Outcome::kTimeout;
}

}  // namespace qc::plugin
