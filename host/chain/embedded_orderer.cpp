#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "host/chain/orderer.hpp"

namespace qc::chain {
namespace {

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
    wake_.notify_one();
    return {};
  }

  void announce(int change) override {
    const std::lock_guard lock(mutex_);
    announced_ += change;
    if (announced_ <= 0) wake_.notify_one();
  }

  void start(Handler handler) override {
    handler_ = std::move(handler);
    thread_ = std::thread([this] { run(); });
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  bool cut_now() const {
    return stopping_ || announced_ <= 0 || queue_.size() >= options_.batch_max_txs ||
           queued_bytes_ >= options_.batch_max_bytes;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      wake_.wait_for(lock, std::chrono::microseconds(options_.batch_max_wait_us),
                     [this] { return cut_now(); });
      OrderedBatch batch = cut();
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
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Orderer> make_embedded_orderer(EmbeddedOrdererOptions options) {
  return std::make_unique<EmbeddedOrderer>(std::move(options));
}

}  // namespace qc::chain
