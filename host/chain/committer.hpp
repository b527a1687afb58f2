// The sequencer's work on one batch: rules, roots, one synced append, state, answers.
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

namespace qc::chain {

/// What readers see: one durable, applied state with its signed head.
struct Tip {
  Position position;
  std::string head;  ///< JWS; "" while the ledger is empty
  std::shared_ptr<const KvReader> snapshot;
};

struct CommitterOptions {
  std::string chain;
  crypto::PrivateKey host_key;
  std::filesystem::path chunks;
};

/// Thread contract: process() and close() on the orderer's thread or after it has ended; the rest
/// on any thread.
class Committer {
 public:
  using Publish = std::function<void(std::vector<Published>)>;
  Committer(CommitterOptions options, KvStore& store, ChunkStore chunks, const Position& position,
            Publish publish);

  void process(OrderedBatch batch);
  /// Stores the last head beside its chunk.
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
  void order(OrderedBatch& batch, BatchBuilder& builder, Work& work);
  Error record_refusal(const Transaction& attempt, Error refusal, BatchBuilder& builder,
                       Work& work);
  /// Nullopt when the batch is durable and applied.
  std::optional<Error> commit(BatchBuilder& builder);
  void advance(const Position& position);
  void answer(const BatchBuilder& builder, Work& work);
  void fail(Work& work, const Error& error);
  void set_trouble(const std::string& reason, bool for_good);

  CommitterOptions options_;
  KvStore& store_;
  ChunkStore chunks_;
  HeadsWriter heads_;
  HintsWriter hints_;
  Publish publish_;
  Position position_;
  std::chrono::steady_clock::time_point head_stored_at_{};
  std::uint64_t head_stored_size_ = 0;
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> rejected_{0};

  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<const Tip> tip_;
  std::string trouble_;
  bool read_only_ = false;
};

/// The codes that docs/formats.md lists as refusals of an access.
bool is_access_refusal(std::string_view code);

}  // namespace qc::chain
