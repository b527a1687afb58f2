#include "host/http/workers.hpp"

namespace qc::http {

Workers::Workers(std::size_t threads) {
  assert(threads > 0);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Workers::push(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

std::size_t Workers::queued() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

void Workers::run() {
  const auto engine = Engine::create();
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task(*engine);
  }
}

}  // namespace qc::http
