#include "host/plugin/direct_calls.hpp"

#include <limits>

namespace qc::plugin {
namespace {

/// Taken, and not to be judged: what belongs to the call is being written.
constexpr std::int64_t kEntering = std::numeric_limits<std::int64_t>::max();
/// Its listener has been told.
constexpr std::int64_t kOverdue = -1;

std::int64_t nanoseconds_of(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

QuickMethods::Record* QuickMethods::find(const std::string& method) {
  const auto known = [&](std::size_t count) -> Record* {
    for (std::size_t i = 0; i < count; ++i) {
      if (records_[i].method_ == method) return &records_[i];
    }
    return nullptr;
  };
  if (Record* const record = known(count_.load(std::memory_order_acquire))) return record;
  const std::lock_guard lock(mutex_);
  const std::size_t count = count_.load(std::memory_order_relaxed);
  if (Record* const record = known(count)) return record;  // another thread's, meanwhile
  if (count == records_.size()) return nullptr;
  records_[count].method_ = method;
  count_.store(count + 1, std::memory_order_release);
  return &records_[count];
}

DirectCalls::DirectCalls(std::size_t places) : places_(places), watchdog_([this] { watch(); }) {}

DirectCalls::~DirectCalls() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  watchdog_.join();
}

DirectCalls::Entry::Entry(DirectCalls& calls, OverdueListener& listener, const std::string& method,
                          std::chrono::steady_clock::time_point deadline)
    : calls_(calls), deadline_ns_(nanoseconds_of(deadline)) {
  for (Place& place : calls.places_) {
    std::int64_t free = place.deadline_ns.load(std::memory_order_relaxed);
    if (free != 0 || !place.deadline_ns.compare_exchange_strong(free, kEntering)) continue;
    place.listener.store(&listener, std::memory_order_relaxed);
    place.method.store(&method, std::memory_order_relaxed);
    place.deadline_ns.store(deadline_ns_, std::memory_order_release);
    place_ = &place;
    return;
  }
}

bool DirectCalls::Entry::leave() {
  if (place_ == nullptr) return true;
  Place& place = *place_;
  place_ = nullptr;
  std::int64_t expected = deadline_ns_;
  if (place.deadline_ns.compare_exchange_strong(expected, 0)) return true;
  // The watchdog was here, and may be telling still.
  const std::lock_guard lock(calls_.mutex_);
  place.listener.load(std::memory_order_relaxed)
      ->on_late_return(*place.method.load(std::memory_order_relaxed));
  place.deadline_ns.store(0, std::memory_order_release);
  return false;
}

void DirectCalls::watch() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kLook, [this] { return stopping_; })) {
    const std::int64_t now = nanoseconds_of(std::chrono::steady_clock::now());
    for (Place& place : places_) {
      std::int64_t deadline = place.deadline_ns.load(std::memory_order_acquire);
      if (deadline <= 0 || deadline >= now) continue;
      // From here on the call cannot leave without the lock: what it points to stays.
      if (!place.deadline_ns.compare_exchange_strong(deadline, kOverdue)) continue;
      place.listener.load(std::memory_order_relaxed)
          ->on_overdue(*place.method.load(std::memory_order_relaxed));
    }
  }
}

}  // namespace qc::plugin
