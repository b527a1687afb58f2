// The ledger as the other rooms see it: submit, read, prove, follow.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "host/chain/rules.hpp"
#include "sdk/proof/receipt.hpp"
#include "sdk/proof/subject_map.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::chain {

struct LedgerOptions {
  std::filesystem::path directory;       ///< holds chunks/, state/, tiles/ …
  std::string chain;                     ///< network id; must equal the stored one
  std::size_t queue_bytes = 64U << 20U;  ///< back-pressure bound
  std::size_t batch_max_txs = 1000;
  std::size_t batch_max_wait_us = 2000;
  std::size_t chunk_bytes = 64U << 20U;
  std::function<std::int64_t()> clock_ms;  ///< empty: the system's clock, guarded (tests inject)
  bool fsync = true;                       ///< false in benchmarks of the other costs only
  /// A ledger restored from a snapshot has nothing behind it, whatever is known (restored.hpp).
  bool restored_ends_here = false;
};

/// A transaction as it is handed in.
struct Submission {
  std::string bytes;
  /// What the submitter knows of the signature's nonce point, if anything. It is not trusted: a
  /// right one makes verification cheaper where many come together, a wrong one costs time.
  crypto::NonceHint hint = crypto::NonceHint::kNone;
};

/// The outcome of a transaction that is durable.
struct Applied {
  std::uint64_t index = 0;
  std::int64_t time_ms = 0;
  proof::Receipt receipt;
  std::string decision = {};  ///< as Effect::decision
};

/// One transaction as stored.
struct StoredTx {
  std::uint64_t index = 0;
  std::int64_t time_ms = 0;
  std::string bytes;
};

/// One transaction with what applying it meant; goes to projections and feeds, in order.
struct Published {
  StoredTx stored;
  Transaction tx;
  Effect effect;
};

struct Tip;

class Ledger {
 public:
  /// Opens or creates, verifies the chunk files' framing, brings state level by replay.
  /// Errors: "ledger.wrong_chain", "ledger.corrupt" (file and offset), "ledger.io",
  /// "ledger.behind" (restored from a snapshot, and later transactions are not there).
  static Result<std::unique_ptr<Ledger>> open(LedgerOptions options, crypto::PrivateKey host_key);
  virtual ~Ledger() = default;

  /// Parses, verifies the signature (in the calling thread), queues, waits until durable.
  /// Errors: parse and rule errors; "ledger.busy" (kRateLimited, retryable) when the queue is
  /// full; "ledger.io" (kUnavailable) when the disk fails: nothing was applied. Any thread.
  virtual Result<Applied> submit(std::string tx_bytes) = 0;
  /// As submit, without waiting: signatures are verified on threads of the ledger, each once, what
  /// waits together as one batch. The callback runs on a ledger thread: return quickly.
  virtual void submit_async(std::string tx_bytes, std::function<void(Result<Applied>)> done) = 0;
  /// Several without waiting; they are applied in this order, each with an outcome of its own (a
  /// signer must be on the ledger before). When the queue is full in the middle, the rest is
  /// refused with "ledger.busy": what was taken is always a beginning of the list.
  using Outcomes = std::vector<Result<Applied>>;
  virtual void submit_many(std::vector<Submission> transactions,
                           std::function<void(Outcomes)> done) = 0;
  /// Signs with the host's key as account "host" and submits.
  virtual Result<Applied> submit_as_host(std::string_view op, const Json& body) = 0;

  /// Runs `read` on a consistent snapshot of the applied, durable state. Any thread.
  virtual void read(const std::function<void(const StateReader&)>& read) const = 0;

  /// The ledger's clock, milliseconds since the epoch: the system's, unless that jumped ahead
  /// (guarded_clock.hpp). Whoever judges times of clients goes by it. Any thread.
  virtual std::int64_t now_ms() const = 0;
  virtual std::uint64_t size() const = 0;
  virtual const std::string& chain() const = 0;
  virtual const crypto::PublicKey& host_key() const = 0;
  /// Latest signed head (JWS). Error: "ledger.empty".
  virtual Result<std::string> head() const = 0;
  virtual Result<StoredTx> transaction(std::uint64_t index) const = 0;
  /// Error: "tx.not_found".
  virtual Result<StoredTx> transaction(const Hash32& id) const = 0;
  /// Receipt against the latest head.
  virtual Result<proof::Receipt> receipt(std::uint64_t index) const = 0;
  /// Receipts for all of `indexes`, in their order, every one against the same (latest) head.
  virtual Result<std::vector<proof::Receipt>> receipts(
      const std::vector<std::uint64_t>& indexes) const = 0;
  virtual Result<std::vector<Hash32>> consistency(std::uint64_t from, std::uint64_t to) const = 0;
  /// Root of the log when it had `size` transactions. Error: "proof.out_of_range".
  virtual Result<Hash32> log_root(std::uint64_t size) const = 0;
  /// Path of a transaction in the log of `size`. Error: "proof.out_of_range".
  virtual Result<std::vector<Hash32>> inclusion(std::uint64_t index, std::uint64_t size) const = 0;

  struct SubjectEvents {
    std::vector<std::uint64_t> indexes;  ///< in order, all of them up to head
    proof::SubjectValue value;
    proof::MapProof proof;
    std::string head;  ///< the head that `proof` is against
  };
  virtual Result<SubjectEvents> subject_events(std::string_view account) const = 0;

  /// Calls `visit` for transactions from..size in order, as published; for rebuilding views.
  /// Stops when it returns false. Reads files; does not block writers. `effect` is recomputed from
  /// what was stored at apply time.
  virtual Status replay(std::uint64_t from,
                        const std::function<bool(const Published&)>& visit) const = 0;
  /// Called after each durable batch, in order, on one publisher thread. Returns a token; the
  /// subscription ends when the token is destroyed.
  virtual std::shared_ptr<void> subscribe(
      std::function<void(const std::vector<Published>&)> listener) = 0;

  /// For write_snapshot() (snapshot.hpp): puts `snapshot.begin` on the ledger; the state at the end
  /// of the batch that took it, and nothing later, for as long as it is held. Errors: as submit().
  virtual Result<std::shared_ptr<const Tip>> begin_snapshot(const std::string& snapshot) = 0;

  struct Health {
    bool writable = true;  ///< false after a failed write: the ledger stays readable
    std::string reason;
    std::string clock;  ///< why the system's clock is not followed, or ""
    std::size_t queued_bytes = 0;
    std::uint64_t batches = 0;
    std::uint64_t rejected = 0;
  };
  virtual Health health() const = 0;
};

}  // namespace qc::chain
