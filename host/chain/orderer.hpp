// Who decides the order of transactions. One embedded implementation now; a cluster comes next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "host/chain/foresight.hpp"
#include "host/chain/ledger.hpp"

namespace qc::chain {

using SubmitDone = std::function<void(Result<Applied>)>;

/// A transaction on its way: parsed, signature verified.
struct Entry {
  Transaction tx;
  SubmitDone done;  ///< called once, with the outcome; empty for a transaction of another host
  Foreseen foreseen = {};  ///< this host's own, no part of what is ordered
};

struct OrderedBatch {
  std::vector<Entry> entries;
  std::int64_t time_ms = 0;  ///< proposed; the ledger never goes back before its last batch
};

/// Contract, whatever the implementation; tests/host/chain/orderer_contract.hpp holds each to it:
/// - total order: every host's handler sees the same entries in the same batches in the same order,
///   with the same proposed time. Entries that one caller proposes one after another keep their
///   order; entries of callers at the same time are in some order, the same everywhere;
/// - no loss after acknowledgement: an entry whose `done` was called with success stands in every
///   later history, at the place that the answer named. In the embedded orderer the handler's
///   synced append is that point; in a cluster it is the majority's, before the handler runs;
/// - idempotent replay: whoever got no answer proposes again, and an implementation may deliver an
///   entry a second time after a leader change. The order says nothing against it: the handler
///   refuses what it has applied (the rules do: "tx.duplicate"), and nothing is applied twice;
/// - leader change: what was delivered before stays as it is, what follows comes after all of it.
///   An accepted entry is either delivered or its caller is told; it is never forgotten in silence;
/// - the handler runs on one thread at a time, one batch after another, none empty, and answers
///   every entry once, on the host that it was proposed to;
/// - an entry that is not accepted by propose() is never ordered;
/// - a wrong announce() or occupy() costs time, never progress.
class Orderer {
 public:
  using Handler = std::function<void(OrderedBatch)>;
  virtual ~Orderer() = default;
  /// Takes the entries, which keep their order among themselves; on error all are left untouched,
  /// no `done` called.
  /// Error: "ledger.closed". Any thread.
  virtual Status propose(std::span<Entry> entries) = 0;
  /// Tells that transactions will be proposed shortly (their signatures are being verified), or
  /// that they will not: batches wait for those a moment. Any thread.
  virtual void announce(int change) = 0;
  /// Tells how many batches more, or fewer, stand in front of the disk. A batch cut meanwhile would
  /// only wait there: it waits in the queue instead, where it grows. Any thread.
  virtual void occupy(int change) = 0;
  /// Begins to call `handler`. Once.
  virtual void start(Handler handler) = 0;
  /// Handles what was accepted, then stops: no handler runs after it returns. Idempotent.
  virtual void stop() = 0;
};

struct EmbeddedOrdererOptions {
  std::size_t batch_max_txs = 1000;
  std::size_t batch_max_bytes = 8U << 20U;
  std::size_t batch_max_wait_us = 2000;
  /// So many are worth a batch that is ordered while another one is on its way to the disk.
  std::size_t batch_ahead_txs = 500;
  std::size_t occupied_max_wait_us = 50'000;
  /// Where callers are many, from one batch to the next: each costs a sync, a signature and some
  /// changes of threads, whatever is in it.
  std::size_t crowd_interval_us = 4000;
  std::size_t crowd_txs = 4;  ///< so many in the batch before are a crowd
  std::function<std::int64_t()> clock_ms;
};
/// One queue, one thread. A batch is cut when it is full, or when the one before is on the disk
/// (or batch_ahead_txs wait, or after occupied_max_wait_us), crowd_interval_us have gone by where
/// there is a crowd, and nobody who announced himself is missing (or after batch_max_wait_us): one
/// caller alone never waits for company. The queue's bytes are bounded by the ledger before
/// propose().
std::unique_ptr<Orderer> make_embedded_orderer(EmbeddedOrdererOptions options);

}  // namespace qc::chain
