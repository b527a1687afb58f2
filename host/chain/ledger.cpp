#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <future>
#include <thread>

#include "host/chain/ledger_impl.hpp"
#include "host/chain/log.hpp"
#include "host/chain/restored.hpp"

namespace qc::chain {
namespace {

/// What a transaction costs in memory beside its own bytes while it is under way.
constexpr std::size_t kOverheadBytes = 1024;

Error busy() {
  return {ErrorKind::kRateLimited,
          "ledger.busy",
          "too many transactions are under way; try again shortly",
          {},
          Side::kPlatform,
          true};
}

Error wrong_chain(const std::string& stored, const std::string& wanted) {
  return conflict("ledger.wrong_chain",
                  "the folder holds the ledger of network " + stored + ", not of " + wanted);
}

Status make_folders(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory / "chunks", error);
  if (error) {
    return unavailable("ledger.io", "cannot create the ledger's folder: " + error.message());
  }
  return {};
}

/// The state, brought level.
struct RecoveredState {
  std::unique_ptr<KvStore> store;
  Position position;
};
Result<RecoveredState> recover_state(const std::filesystem::path& folder, const LedgerParts& parts,
                                     const RecoveryContext& context) {
  QC_ASSIGN(auto store, open_state(folder, parts.open_store));
  auto position = recover(*store, context);
  if (!position && state_is_damaged(folder)) {  // found only now, where recovery read
    store.reset();
    QC_ASSIGN(store, open_state(folder, parts.open_store));
    position = recover(*store, context);
  }
  if (!position) return position.error();
  return RecoveredState{std::move(store), *position};
}

/// A clock that a test gives alone is followed wherever it goes.
std::shared_ptr<GuardedClock> guard_clock(LedgerOptions& options, GuardedClock::Source elapsed_ms) {
  if (!elapsed_ms) {
    if (options.clock_ms) return nullptr;
    elapsed_ms = elapsed_clock_ms;
  }
  if (!options.clock_ms) options.clock_ms = system_clock_ms;
  auto guarded = std::make_shared<GuardedClock>(std::move(options.clock_ms), std::move(elapsed_ms));
  options.clock_ms = [guarded] { return guarded->now_ms(); };
  return guarded;
}

unsigned pool_threads() { return std::clamp(std::thread::hardware_concurrency(), 1U, 8U); }

}  // namespace

Result<std::unique_ptr<Ledger>> open_ledger(LedgerOptions options, crypto::PrivateKey host_key,
                                            LedgerParts parts) {
  auto clock = guard_clock(options, std::move(parts.elapsed_ms));
  QC_TRY(make_folders(options.directory));
  QC_ASSIGN(DirectoryLock lock, DirectoryLock::take(options.directory));
  const auto chunks = options.directory / "chunks";
  QC_ASSIGN(const auto genesis, read_genesis(chunks));
  if (genesis && genesis->chain != options.chain) {
    return wrong_chain(genesis->chain, options.chain);
  }
  if (genesis && !(genesis->host == host_key.public_key())) {
    return conflict(
        "ledger.wrong_host_key",
        "this network was founded with another host key (kid " + genesis->host.kid() + ")");
  }
  QC_ASSIGN(auto tiles, TileStore::open(options.directory / "tiles"));
  const RecoveryContext context{chunks, options.chain, host_key.public_key(), *tiles};
  QC_ASSIGN(RecoveredState state, recover_state(options.directory / "state", parts, context));
  const Position position = state.position;
  QC_TRY(settle_restored(options.directory, position, context, options.restored_ends_here));
  ChunkStore chunk_store({chunks, options.chunk_bytes, options.fsync, std::move(parts.open_chunk)});
  QC_TRY(chunk_store.open(position));
  log_info("open at " + std::to_string(position.size) + " transactions");
  return std::unique_ptr<Ledger>(std::make_unique<LedgerImpl>(LedgerImpl::Opened{
      std::move(options), std::move(clock), std::move(host_key), std::move(lock),
      std::move(state.store), std::move(tiles), std::move(chunk_store), position}));
}

Result<std::unique_ptr<Ledger>> Ledger::open(LedgerOptions options, crypto::PrivateKey host_key) {
  return open_ledger(std::move(options), std::move(host_key), {});
}

LedgerImpl::LedgerImpl(Opened opened)
    : options_(std::move(opened.options)),
      clock_(std::move(opened.clock)),
      host_key_(std::move(opened.host_key)),
      lock_(std::move(opened.lock)),
      store_(std::move(opened.store)),
      tiles_(std::move(opened.tiles)),
      chunks_(options_.directory / "chunks"),
      budget_(options_.queue_bytes),
      publisher_([this](std::uint64_t from, const std::function<bool(const Published&)>& visit) {
        return replay(from, visit);
      }) {
  committer_ = std::make_unique<Committer>(
      CommitterOptions{options_.chain, host_key_, chunks_,
                       [this](int change) { orderer_->occupy(change); }},
      CommitterStores{*store_, *tiles_}, std::move(opened.chunks), opened.position,
      [this](std::vector<Published> batch) { publisher_.push(std::move(batch)); });
  EmbeddedOrdererOptions order;
  order.batch_max_txs = options_.batch_max_txs;
  order.batch_max_wait_us = options_.batch_max_wait_us;
  order.clock_ms = options_.clock_ms;
  orderer_ = make_embedded_orderer(std::move(order));
  pool_ = std::make_unique<VerifyPool>(pool_threads(), keys_,
                                       [this](TxVerifier& verifier, std::vector<Arrival> arrivals) {
                                         take(verifier, std::move(arrivals));
                                       });
  publisher_.start(opened.position.size);
  orderer_->start([this](OrderedBatch batch) { committer_->process(std::move(batch)); });
}

LedgerImpl::~LedgerImpl() {
  pool_->stop();
  orderer_->stop();
  committer_->close();
  publisher_.stop();
}

Result<SubmitDone> LedgerImpl::admit(std::size_t bytes, SubmitDone done) {
  const std::size_t cost = bytes + kOverheadBytes;
  if (!budget_.take(cost)) return busy();
  return SubmitDone([this, cost, done = std::move(done)](Result<Applied> outcome) {
    budget_.give_back(cost);
    done(std::move(outcome));
  });
}

void LedgerImpl::take(TxVerifier& verifier, std::vector<Arrival> arrivals) {
  const int count = static_cast<int>(arrivals.size());
  orderer_->announce(count);
  std::vector<Submission> submissions;
  submissions.reserve(arrivals.size());
  for (Arrival& arrival : arrivals) submissions.push_back(std::move(arrival.submission));
  const std::shared_ptr<const Tip> tip = committer_->tip();
  const GroupReader state(*tip->snapshot);
  auto verified = verifier.run(std::move(submissions), {options_.chain, host_key(), state});
  std::vector<const Transaction*> good;
  good.reserve(arrivals.size());
  for (const auto& one : verified) {
    if (one.ok()) good.push_back(&*one);
  }
  std::vector<Foreseen> foreseen = foresee(good, state, tip->position.batches);
  auto next_foreseen = foreseen.begin();
  std::vector<Entry> entries;
  entries.reserve(arrivals.size());
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    if (verified[i].ok()) {
      next_foreseen->charge(foresight_budget_);
      entries.push_back({std::move(verified[i]).value(), std::move(arrivals[i].done),
                         std::move(*next_foreseen++)});
    } else {
      committer_->count_rejected();
      arrivals[i].done(verified[i].error());
    }
  }
  const Status proposed = entries.empty() ? Status() : orderer_->propose(entries);
  orderer_->announce(-count);
  if (proposed) return;
  for (Entry& entry : entries) entry.done(proposed.error());
}

void LedgerImpl::queue(std::vector<Arrival> unit) {
  if (pool_->push(unit)) return;
  for (Arrival& arrival : unit) {
    arrival.done(unavailable("ledger.closed", "the ledger is shutting down"));
  }
}

Result<Applied> LedgerImpl::submit(std::string tx_bytes) {
  std::promise<Result<Applied>> promise;
  auto outcome = promise.get_future();
  QC_ASSIGN(SubmitDone done, admit(tx_bytes.size(), [&promise](Result<Applied> applied) {
              promise.set_value(std::move(applied));
            }));
  std::vector<Arrival> one;
  one.push_back({{std::move(tx_bytes)}, std::move(done)});
  TxVerifier verifier(keys_);
  take(verifier, std::move(one));
  return outcome.get();
}

void LedgerImpl::submit_async(std::string tx_bytes, std::function<void(Result<Applied>)> done) {
  auto counted = admit(tx_bytes.size(), done);
  if (!counted) {
    done(counted.error());
    return;
  }
  std::vector<Arrival> one;
  one.push_back({{std::move(tx_bytes)}, std::move(counted).value()});
  queue(std::move(one));
}

namespace {

/// Outcomes of a list on their way; whoever brings the last one hands all on.
struct Gathering {
  Gathering(std::size_t size, std::function<void(Ledger::Outcomes)> when_all)
      : outcomes(size, Result<Applied>(busy())), missing(size), done(std::move(when_all)) {}
  void set(std::size_t place, Result<Applied> outcome) {
    outcomes[place] = std::move(outcome);
    if (missing.fetch_sub(1) == 1) done(std::move(outcomes));
  }
  Ledger::Outcomes outcomes;
  std::atomic<std::size_t> missing;
  std::function<void(Ledger::Outcomes)> done;
};

}  // namespace

void LedgerImpl::submit_many(std::vector<Submission> transactions,
                             std::function<void(Outcomes)> done) {
  if (transactions.empty()) return done({});
  const auto all = std::make_shared<Gathering>(transactions.size(), std::move(done));
  std::vector<Arrival> unit;
  unit.reserve(transactions.size());
  for (std::size_t i = 0; i < transactions.size(); ++i) {
    auto counted = admit(transactions[i].bytes.size(),
                         [all, i](Result<Applied> outcome) { all->set(i, std::move(outcome)); });
    if (!counted) break;
    unit.push_back({std::move(transactions[i]), std::move(counted).value()});
  }
  const std::size_t taken = unit.size();
  if (taken != 0) queue(std::move(unit));
  for (std::size_t i = taken; i < transactions.size(); ++i) all->set(i, busy());
}

Result<Applied> LedgerImpl::submit_as_host(std::string_view op, const Json& body) {
  return submit(
      proof::make_transaction(host_key_, options_.chain, op, body, options_.clock_ms() / 1000));
}

Result<std::shared_ptr<const Tip>> LedgerImpl::begin_snapshot(const std::string& snapshot) {
  std::promise<Result<std::shared_ptr<const Tip>>> promise;
  auto begun = promise.get_future();
  submit_async(proof::make_transaction(host_key_, options_.chain, "snapshot.begin",
                                       {{"snapshot", snapshot}}, options_.clock_ms() / 1000),
               [this, &promise](const Result<Applied>& applied) {
                 // On the thread that shows batches: the next one is shown after this returns.
                 if (applied) {
                   auto tip = committer_->tip();
                   assert(tip->position.size == applied->receipt.size);
                   promise.set_value(std::move(tip));
                 } else {
                   promise.set_value(applied.error());
                 }
               });
  return begun.get();
}

std::int64_t LedgerImpl::now_ms() const { return options_.clock_ms(); }

Ledger::Health LedgerImpl::health() const {
  Health health;
  health.reason = committer_->trouble();
  if (health.reason.empty()) health.reason = store_->failure();
  health.writable = health.reason.empty();
  if (clock_ != nullptr) {
    (void)clock_->now_ms();  // where nothing is written, nobody else looks
    health.clock = clock_->trouble();
  }
  health.queued_bytes = budget_.used();
  health.batches = committer_->batches();
  health.rejected = committer_->rejected();
  return health;
}

std::shared_ptr<void> LedgerImpl::subscribe(
    std::function<void(const std::vector<Published>&)> listener) {
  return publisher_.subscribe(std::move(listener));
}

}  // namespace qc::chain
