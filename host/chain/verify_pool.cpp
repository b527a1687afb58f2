#include "host/chain/verify_pool.hpp"

#include <algorithm>
#include <iterator>

namespace qc::chain {

VerifyPool::VerifyPool(unsigned threads, IngestKeys& keys, Work work)
    : keys_(keys), work_(std::move(work)) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

bool VerifyPool::push(std::vector<Arrival>& unit) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  waiting_ += unit.size();
  units_.push_back(std::move(unit));
  wake_.notify_one();
  return true;
}

void VerifyPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::vector<Arrival> VerifyPool::take_group() {
  // A share, so that the other threads do not stand idle while one verifies all.
  const std::size_t share = (waiting_ + threads_.size() - 1) / threads_.size();
  const std::size_t most = std::min(share, kMaxGroup);
  std::vector<Arrival> group;
  do {
    std::vector<Arrival>& unit = units_.front();
    waiting_ -= unit.size();
    if (group.empty()) {
      group = std::move(unit);
    } else {
      group.insert(group.end(), std::make_move_iterator(unit.begin()),
                   std::make_move_iterator(unit.end()));
    }
    units_.pop_front();
  } while (!units_.empty() && group.size() + units_.front().size() <= most);
  return group;
}

void VerifyPool::run() {
  TxVerifier verifier(keys_);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !units_.empty(); });
    if (units_.empty()) return;
    std::vector<Arrival> group = take_group();
    lock.unlock();
    work_(verifier, std::move(group));
    lock.lock();
  }
}

}  // namespace qc::chain
