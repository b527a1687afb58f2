#include "host/chain/publisher.hpp"

#include <algorithm>
#include <exception>

#include "host/chain/log.hpp"

namespace qc::chain {

void Publisher::start(std::uint64_t size) {
  size_ = size;
  seen_ = size;
  thread_ = std::thread([this] { run(); });
}

void Publisher::push(std::vector<Published> batch) {
  if (batch.empty()) return;
  const std::lock_guard lock(mutex_);
  size_ += batch.size();
  if (subscriptions_.empty()) return;
  std::size_t bytes = 0;
  for (const Published& one : batch) bytes += one.stored.bytes.size() + sizeof(Published);
  if (waiting_bytes_ + bytes > kMaxWaitingBytes) {
    waiting_.clear();  // catch_up() reads them from the files
    waiting_bytes_ = 0;
  } else {
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(batch));
  }
  wake_.notify_one();
}

std::shared_ptr<void> Publisher::subscribe(Listener listener) {
  auto subscription = std::make_shared<Subscription>();
  subscription->listener = std::move(listener);
  const std::lock_guard lock(mutex_);
  subscription->next = size_;
  subscriptions_.push_back(subscription);
  // The token ends the subscription and waits until a call that is under way has returned.
  Subscription* const raw = subscription.get();
  return std::shared_ptr<void>(raw, [subscription](void*) {
    const std::lock_guard delivering(subscription->delivering);
    subscription->ended = true;
  });
}

void Publisher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::vector<std::shared_ptr<Publisher::Subscription>> Publisher::living() {
  std::vector<std::shared_ptr<Subscription>> out;
  std::erase_if(subscriptions_, [&out](const std::weak_ptr<Subscription>& weak) {
    auto subscription = weak.lock();
    if (subscription == nullptr) return true;
    out.push_back(std::move(subscription));
    return false;
  });
  return out;
}

void Publisher::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || size_ != seen_; });
    if (stopping_) return;
    std::deque<std::vector<Published>> batches = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    const std::uint64_t size = size_;
    const auto subscriptions = living();
    lock.unlock();
    for (const auto& batch : batches) {
      for (const auto& subscription : subscriptions) deliver(subscription, batch);
    }
    for (const auto& subscription : subscriptions) catch_up(*subscription, size);
    lock.lock();
    seen_ = size;
  }
}

void Publisher::deliver(const std::shared_ptr<Subscription>& to,
                        const std::vector<Published>& batch) {
  const std::uint64_t first = batch.front().stored.index;
  if (first + batch.size() <= to->next) return;
  if (first > to->next) catch_up(*to, first);
  const std::lock_guard delivering(to->delivering);
  if (to->ended || first != to->next) return;
  to->next = first + batch.size();
  try {
    to->listener(batch);
  } catch (const std::exception& failure) {
    log_error(std::string("a listener failed: ") + failure.what());
  }
}

/// Delivers [next, size) from the files.
void Publisher::catch_up(Subscription& to, std::uint64_t size) {
  while (to.next < size) {
    std::vector<Published> batch;
    const std::size_t most =
        static_cast<std::size_t>(std::min<std::uint64_t>(kReplayBatch, size - to.next));
    const Status read = replay_(to.next, [&batch, most](const Published& one) {
      batch.push_back(one);
      return batch.size() < most;
    });
    const std::lock_guard delivering(to.delivering);
    if (to.ended) return;
    if (!read || batch.empty()) {
      // Nothing is skipped: the next round tries again from the same place.
      log_error("a listener cannot be brought level: " +
                (read ? std::string("nothing to read") : read.error().message));
      return;
    }
    to.next += batch.size();
    try {
      to.listener(batch);
    } catch (const std::exception& failure) {
      log_error(std::string("a listener failed: ") + failure.what());
    }
  }
}

}  // namespace qc::chain
