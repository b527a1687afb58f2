// The sequencer's work on one batch: rules, roots, one synced append; and, on a thread of its own
// while the next batch is made, what follows: state, signed head, answers.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "host/chain/batch.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/hints.hpp"
#include "host/chain/orderer.hpp"
#include "host/chain/recent_documents.hpp"
#include "host/chain/tile_store.hpp"

namespace qc::chain {

/// What readers see: one durable, applied state with its signed head.
struct Tip {
  Position position;
  std::string head;  ///< JWS; "" while the ledger is empty
  std::shared_ptr<const KvReader> snapshot;
};

/// What the committer writes to, beside the chunks.
struct CommitterStores {
  KvStore& state;
  TileStore& tiles;
};

struct CommitterOptions {
  std::string chain;
  crypto::PrivateKey host_key;
  std::filesystem::path chunks;
};

/// Thread contract: process() and close() on the orderer's thread or after it has ended; the rest
/// on any thread. Callbacks come from the orderer's thread (what was not written) and from the
/// committer's own, in the order of the ledger.
class Committer {
 public:
  ~Committer() { close(); }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  using Publish = std::function<void(std::vector<Published>)>;
  Committer(CommitterOptions options, CommitterStores stores, ChunkStore chunks,
            const Position& position, Publish publish);

  void process(OrderedBatch batch);
  /// Finishes what is under way and stores the last head beside its chunk. Idempotent.
  void close();

  std::shared_ptr<const Tip> tip() const;
  /// "" while the ledger can be written.
  std::string trouble() const;
  std::uint64_t batches() const { return batches_; }
  std::uint64_t rejected() const { return rejected_; }
  void count_rejected() { ++rejected_; }

 private:
  struct Accepted {
    Transaction tx;
    Effect effect;
    SubmitDone done;
    std::uint64_t index = 0;
  };
  struct Refused {
    SubmitDone done;
    Error error;
  };
  struct Work {
    std::vector<Accepted> accepted;
    std::vector<Refused> refused;
  };
  /// A batch that is durable in the ledger files.
  struct Durable {
    std::shared_ptr<const KvReader> before;  ///< what the builder reads
    std::unique_ptr<BatchBuilder> builder;
    Work work;
    bool appended = false;                  ///< there was something to append
    std::shared_ptr<const KvReader> after;  ///< null: the state store did not take it
  };

  // On the orderer's thread.
  void order(OrderedBatch& batch, BatchBuilder& builder, Work& work);
  Error record_refusal(const Transaction& attempt, Error refusal, BatchBuilder& builder,
                       Work& work);
  /// Makes the batch durable; an error when it is not.
  Status append(Durable& durable);
  /// The state with the batch; null when the store does not take it.
  std::shared_ptr<const KvReader> store(BatchBuilder& builder, const ChunkStore::Place& place);
  void hand_over(Durable durable);
  void await_finished();

  /// Any of the two threads.
  void lose_state(const std::string& reason);

  // On the committer's own thread.
  void run();
  void finish(Durable durable);
  /// Shows the batch to readers. False when it cannot be.
  bool show(const Durable& durable);
  void answer(const BatchBuilder& builder, Work& work);

  void advance(const Position& position, std::shared_ptr<const KvReader> state);
  void fail(Work& work, const Error& error);
  void set_trouble(const std::string& reason, bool for_good);
  bool read_only() const;

  CommitterOptions options_;
  KvStore& store_;
  Publish publish_;
  std::atomic<std::uint64_t> batches_{0};  ///< that readers see
  std::atomic<std::uint64_t> rejected_{0};
  /// A batch is missing in what readers see: nothing may be shown after it.
  std::atomic<bool> state_lost_{false};

  // The orderer's thread alone.
  ChunkStore chunks_;
  HintsWriter hints_;
  RecentDocuments documents_;
  Foresight foresight_;
  Position position_;  ///< after the last durable batch

  // The own thread alone, and the orderer's while that has nothing to do (await_finished).
  TileStore& tiles_;
  HeadsWriter heads_;
  std::chrono::steady_clock::time_point head_stored_at_{};
  std::uint64_t head_stored_size_ = 0;

  std::mutex finishing_mutex_;  ///< guards what follows
  std::condition_variable finishing_;
  std::optional<Durable> next_;  ///< one waits at most: memory stays bounded, and so does the lag
  bool at_work_ = false;
  bool closing_ = false;
  std::thread thread_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<const Tip> tip_;
  std::string trouble_;
  bool read_only_ = false;
};

/// The codes that docs/formats.md lists as refusals of an access.
bool is_access_refusal(std::string_view code);

}  // namespace qc::chain
