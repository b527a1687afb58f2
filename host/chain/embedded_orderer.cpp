#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "host/chain/orderer.hpp"

namespace qc::chain {
namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point in(std::size_t us) { return Clock::now() + std::chrono::microseconds(us); }

class EmbeddedOrderer final : public Orderer {
 public:
  explicit EmbeddedOrderer(EmbeddedOrdererOptions options) : options_(std::move(options)) {}
  ~EmbeddedOrderer() override { stop(); }

  Status propose(std::span<Entry> entries) override {
    const std::lock_guard lock(mutex_);
    if (stopping_) return unavailable("ledger.closed", "the ledger is shutting down");
    for (Entry& entry : entries) {
      queued_bytes_ += entry.tx.bytes.size();
      queue_.push_back(std::move(entry));
    }
    wake_if_due();
    return {};
  }

  void announce(int change) override {
    const std::lock_guard lock(mutex_);
    announced_ += change;
    wake_if_due();
  }

  void occupy(int change) override {
    const std::lock_guard lock(mutex_);
    occupied_ += change;
    wake_if_due();
  }

  void start(Handler handler) override {
    handler_ = std::move(handler);
    thread_ = std::thread([this] { run(); });
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      wake_if_due();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  /// A reason to stop waiting.
  using Reason = bool (EmbeddedOrderer::*)() const;
  bool something() const { return stopping_ || !queue_.empty(); }
  bool full() const {
    return stopping_ || queue_.size() >= options_.batch_max_txs ||
           queued_bytes_ >= options_.batch_max_bytes;
  }
  bool worth_ordering() const { return queue_.size() >= options_.batch_ahead_txs || full(); }
  bool placed() const { return occupied_ <= 0 || worth_ordering(); }
  bool complete() const { return announced_ <= 0 || full(); }

  /// Waking a thread costs more than ordering a transaction. Requires the mutex.
  void wake_if_due() {
    if (awaited_ != nullptr && (this->*awaited_)()) wake_.notify_one();
  }
  void wait_until(std::unique_lock<std::mutex>& lock, Clock::time_point latest, Reason reason) {
    awaited_ = reason;
    wake_.wait_until(lock, latest, [this, reason] { return (this->*reason)(); });
    awaited_ = nullptr;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wait_until(lock, Clock::time_point::max(), &EmbeddedOrderer::something);
      if (queue_.empty()) return;
      wait_until(lock, in(options_.occupied_max_wait_us), &EmbeddedOrderer::placed);
      if (crowded_) wait_until(lock, crowd_waits_until_, &EmbeddedOrderer::worth_ordering);
      wait_until(lock, in(options_.batch_max_wait_us), &EmbeddedOrderer::complete);
      OrderedBatch batch = cut();
      crowded_ = batch.entries.size() >= options_.crowd_txs;
      crowd_waits_until_ = in(options_.crowd_interval_us);
      lock.unlock();
      batch.time_ms = options_.clock_ms();
      handler_(std::move(batch));
      lock.lock();
    }
  }

  /// Requires the mutex and a queue that is not empty.
  OrderedBatch cut() {
    OrderedBatch batch;
    std::size_t bytes = 0;
    while (!queue_.empty() && batch.entries.size() < options_.batch_max_txs &&
           bytes < options_.batch_max_bytes) {
      bytes += queue_.front().tx.bytes.size();
      batch.entries.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    queued_bytes_ -= bytes;
    return batch;
  }

  EmbeddedOrdererOptions options_;
  Handler handler_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> queue_;
  std::size_t queued_bytes_ = 0;
  int announced_ = 0;
  int occupied_ = 0;
  Reason awaited_ = nullptr;
  bool crowded_ = false;
  Clock::time_point crowd_waits_until_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Orderer> make_embedded_orderer(EmbeddedOrdererOptions options) {
  return std::make_unique<EmbeddedOrderer>(std::move(options));
}

}  // namespace qc::chain
