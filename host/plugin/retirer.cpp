#include "host/plugin/retirer.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "host/plugin/manager_entry.hpp"

namespace qc::plugin {
namespace {

constexpr std::chrono::milliseconds kLook{5};

}  // namespace

Retirer::Retirer() : thread_([this] { run(); }) {}

Retirer::~Retirer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Retirer::retire(std::shared_ptr<const Loaded> loaded, std::shared_ptr<RetiredCounts> counts,
                     std::chrono::milliseconds patience) {
  if (!loaded) return;
  ++counts->retired;
  ++counts->draining;
  const std::lock_guard lock(mutex_);
  old_.push_back(
      {std::move(loaded), std::move(counts), std::chrono::steady_clock::now() + patience});
  changed_.notify_all();
}

/// True when nothing of it is left to wait for.
bool Retirer::ended(const Old& old, std::chrono::steady_clock::time_point now) {
  const std::uint64_t left = old.loaded->flight->in_flight;
  if (left == 0) return true;
  if (now < old.deadline) return false;
  ++old.counts->overdue;
  spdlog::warn("plugin {}: generation {} is ended with {} calls in flight",
               old.loaded->manifest.plugin, old.loaded->generation->number(), left);
  for (const auto& one : {old.loaded->generation, old.loaded->routes}) {
    if (one) one->abandon("it was replaced, and its calls took too long to end");
  }
  return true;
}

void Retirer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (old_.empty()) {
      changed_.wait(lock, [this] { return stopping_ || !old_.empty(); });
    } else if (!stopping_) {
      changed_.wait_for(lock, kLook);
    }
    const auto now = std::chrono::steady_clock::now();
    const auto first_ended = std::partition(
        old_.begin(), old_.end(), [&](const Old& old) { return !stopping_ && !ended(old, now); });
    std::vector<Old> gone(std::make_move_iterator(first_ended),
                          std::make_move_iterator(old_.end()));
    old_.erase(first_ended, old_.end());
    const bool last = stopping_ && old_.empty();
    lock.unlock();
    for (Old& old : gone) {  // destroys instances: without the lock
      old.loaded.reset();
      --old.counts->draining;
    }
    gone.clear();
    if (last) return;
    lock.lock();
  }
}

}  // namespace qc::plugin
