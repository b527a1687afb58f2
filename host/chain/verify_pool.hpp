// Threads that verify for callers who do not wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "host/chain/orderer.hpp"
#include "host/chain/tx_verifier.hpp"

namespace qc::chain {

/// A transaction as it came in, with who waits for it.
struct Arrival {
  Submission submission;
  SubmitDone done;
};

/// A thread takes what waits, up to its share and kMaxGroup, as one group: groups are as large as
/// the load makes them, and one transaction alone waits for nobody (a crowd, half a millisecond).
/// Thread contract: any thread. Its queue is bounded by the ledger's byte budget.
class VerifyPool {
 public:
  /// Called on a thread of the pool with that thread's verifier.
  using Work = std::function<void(TxVerifier&, std::vector<Arrival>)>;
  /// Transactions that one thread takes at most (but a single unit may be larger). What it costs:
  /// the first of a group waits for the last, 6 ms for this many unseen keys.
  static constexpr std::size_t kMaxGroup = 128;

  VerifyPool(unsigned threads, IngestKeys& keys, Work work);
  ~VerifyPool() { stop(); }
  VerifyPool(const VerifyPool&) = delete;
  VerifyPool& operator=(const VerifyPool&) = delete;

  /// Queues `unit`, whose transactions stay together and in order. False when the pool has
  /// stopped; `unit` is left untouched then.
  bool push(std::vector<Arrival>& unit);
  /// Works off what is queued, then ends. Idempotent.
  void stop();

 private:
  void run();
  std::vector<Arrival> take_group();  ///< requires the mutex and a queue that is not empty

  using Clock = std::chrono::steady_clock;
  // A crowd that comes one by one is gathered for a moment: a group shares its look-ups, its
  // hashing and its hand-over. Whoever comes alone is never kept.
  static constexpr std::chrono::microseconds kGatherTime{500};
  static constexpr std::size_t kGathered = 32;  ///< transactions, enough to go on at once
  static constexpr int kCrowd = 2;              ///< transactions in kGatherTime make a crowd
  static constexpr std::chrono::milliseconds kCountingTime{5};

  void note_arrival(std::size_t transactions);

  IngestKeys& keys_;
  const Work work_;
  std::mutex mutex_;
  std::condition_variable wake_;    ///< of those who have nothing to do
  std::condition_variable enough_;  ///< of the one who gathers
  std::deque<std::vector<Arrival>> units_;
  std::size_t waiting_ = 0;  ///< transactions in units_
  std::size_t idle_ = 0;
  std::size_t gathering_ = 0;  ///< one at most
  bool crowded_ = false;
  std::size_t arrived_ = 0;  ///< transactions since counted_since_
  Clock::time_point counted_since_{};
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace qc::chain
