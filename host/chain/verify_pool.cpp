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
  note_arrival(unit.size());
  waiting_ += unit.size();
  units_.push_back(std::move(unit));
  // Waking a thread costs as much as verifying: who gathers or works comes by himself.
  if (gathering_ != 0) {
    if (waiting_ >= kGathered) enough_.notify_one();
  } else if (idle_ != 0) {
    wake_.notify_one();
  }
  return true;
}

void VerifyPool::note_arrival(std::size_t transactions) {
  const auto now = Clock::now();
  arrived_ += transactions;
  const auto past = now - counted_since_;
  if (past < kCountingTime) return;
  // A window that was long quiet says nothing of a crowd that has just begun.
  crowded_ = past < 4 * kCountingTime && arrived_ * kGatherTime >= kCrowd * past;
  arrived_ = 0;
  counted_since_ = now;
}

void VerifyPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    enough_.notify_all();
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
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !units_.empty(); });
    --idle_;
    if (crowded_ && gathering_ == 0) {
      ++gathering_;
      enough_.wait_for(lock, kGatherTime, [this] { return stopping_ || waiting_ >= kGathered; });
      --gathering_;
    }
    if (units_.empty()) {
      if (stopping_) return;
      continue;
    }
    std::vector<Arrival> group = take_group();
    if (!units_.empty() && idle_ != 0) wake_.notify_one();
    lock.unlock();
    work_(verifier, std::move(group));
    lock.lock();
  }
}

}  // namespace qc::chain
