// Hands durable batches to listeners, in order, without ever holding the sequencer up.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "host/chain/ledger.hpp"

namespace qc::chain {

/// The hand-off is bounded: when listeners fall behind by more than kMaxWaitingBytes of
/// transactions, what waits is dropped and read again from the ledger files, so that memory does
/// not grow. Thread contract: push() from the sequencer; subscribe() from any thread.
class Publisher {
 public:
  using Listener = std::function<void(const std::vector<Published>&)>;
  using Replay = std::function<Status(std::uint64_t, const std::function<bool(const Published&)>&)>;
  static constexpr std::size_t kMaxWaitingBytes = 32U << 20U;
  static constexpr std::size_t kReplayBatch = 500;

  explicit Publisher(Replay replay) : replay_(std::move(replay)) {}
  ~Publisher() { stop(); }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// `size`: transactions before the first that push() will bring.
  void start(std::uint64_t size);
  void push(std::vector<Published> batch);
  /// The listener gets everything from the size at the time of the call on.
  std::shared_ptr<void> subscribe(Listener listener);
  /// Ends without delivering what still waits: listeners catch up by replay at the next start.
  void stop();

 private:
  struct Subscription {
    Listener listener;
    std::uint64_t next = 0;
    bool ended = false;
    std::recursive_mutex delivering;  // recursive: a listener may end its own subscription
  };
  void run();
  void deliver(const std::shared_ptr<Subscription>& to, const std::vector<Published>& batch);
  void catch_up(Subscription& to, std::uint64_t size);
  std::vector<std::shared_ptr<Subscription>> living();

  Replay replay_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::vector<Published>> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t size_ = 0;  ///< transactions pushed so far
  std::uint64_t seen_ = 0;  ///< size_ at the last round of deliveries
  bool stopping_ = false;
  std::vector<std::weak_ptr<Subscription>> subscriptions_;
  std::thread thread_;
};

}  // namespace qc::chain
