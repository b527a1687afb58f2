// A batch's way through the ledger, in three steps on three threads: ordered (rules), sealed
// (roots, one synced append, rows), shown (signed head, answers). While one is sealed the next is
// ordered.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "host/chain/batch.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/hints.hpp"
#include "host/chain/orderer.hpp"
#include "host/chain/pending_batches.hpp"
#include "host/chain/recent_documents.hpp"
#include "host/chain/stage.hpp"
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
  /// Told of batches that begin, or cease, to stand in front of the disk; any thread.
  std::function<void(int change)> occupy;
};

/// Thread contract: process() and close() on the orderer's thread or after it has ended; the rest
/// on any thread. Callbacks come from the sealing thread (what was not written) and from the
/// showing one, in the order of the ledger.
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
  /// A batch on its way.
  struct UnderWay {
    std::shared_ptr<BatchBuilder> builder;
    std::uint64_t undone = 0;     ///< Durable::undone, as the orderer's thread knew it
    std::shared_ptr<void> place;  ///< in front of the disk
    Work work;
    std::optional<Error> failure;           ///< ordering it did not come to an end
    bool appended = false;                  ///< there was something to append
    std::shared_ptr<const KvReader> after;  ///< null: the state store did not take it
  };
  /// What the sealing thread tells the orderer's.
  struct Durable {
    Position position;         ///< after the last durable batch
    std::uint64_t undone = 0;  ///< how often what was ordered above it was undone
  };

  // On the orderer's thread.
  void follow_sealing();
  void order(OrderedBatch& batch, BatchBuilder& builder, Work& work);
  Error record_refusal(const Transaction& attempt, Error refusal, BatchBuilder& builder,
                       Work& work);
  void stand_on(const std::shared_ptr<BatchBuilder>& builder);
  /// A place in front of the disk, until it is let go.
  std::shared_ptr<void> take_place();

  // On the sealing thread.
  void seal(std::unique_ptr<UnderWay> batch);
  /// Makes the batch durable; an error when it is not.
  Status make_durable(UnderWay& batch);
  Status append(UnderWay& batch);
  void close_chunk();
  /// The state with the batch; null when the store does not take it.
  std::shared_ptr<const KvReader> store(BatchBuilder& builder, const ChunkStore::Place& place);
  void undo_above(const UnderWay& batch);

  /// The sealing thread or the showing one.
  void lose_state(const std::string& reason);

  // On the showing thread.
  void finish(UnderWay& batch);
  /// Shows the batch to readers. False when it cannot be.
  bool show(const UnderWay& batch);
  void answer(const BatchBuilder& builder, Work& work);

  Durable durable() const;
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
  PendingBatches pending_;
  RecentDocuments documents_;
  Foresight foresight_;
  std::uint64_t next_index_;
  std::int64_t time_ms_;  ///< of the last batch
  std::uint64_t undone_ = 0;

  // The sealing thread alone.
  ChunkStore chunks_;
  HintsWriter hints_;

  // The showing thread alone, and the sealing one's while that has nothing to do.
  TileStore& tiles_;
  HeadsWriter heads_;
  std::chrono::steady_clock::time_point head_stored_at_{};
  std::uint64_t head_stored_size_ = 0;

  mutable std::mutex mutex_;  ///< guards what follows
  Durable durable_;
  std::shared_ptr<const Tip> tip_;
  std::string trouble_;
  bool read_only_ = false;

  Stage<UnderWay> showing_;  ///< these two last: their threads use the rest
  Stage<UnderWay> sealing_;
};

/// The codes that docs/formats.md lists as refusals of an access.
bool is_access_refusal(std::string_view code);

}  // namespace qc::chain
