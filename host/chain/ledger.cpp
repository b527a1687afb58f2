#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "host/chain/ledger_impl.hpp"
#include "host/chain/log.hpp"

namespace qc::chain {
namespace {

/// What a transaction costs in memory beside its own bytes while it is under way.
constexpr std::size_t kOverheadBytes = 1024;

std::int64_t system_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

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

unsigned pool_threads() { return std::clamp(std::thread::hardware_concurrency(), 1U, 8U); }

}  // namespace

Result<std::unique_ptr<Ledger>> open_ledger(LedgerOptions options, crypto::PrivateKey host_key,
                                            LedgerParts parts) {
  if (!options.clock_ms) options.clock_ms = system_clock_ms;
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
  QC_ASSIGN(auto store, parts.open_store(options.directory / "state"));
  const RecoveryContext context{chunks, options.chain, host_key.public_key()};
  QC_ASSIGN(const Position position, recover(*store, context));
  ChunkStore chunk_store({chunks, options.chunk_bytes, options.fsync, std::move(parts.open_chunk)});
  QC_TRY(chunk_store.open(position));
  log_info("open at " + std::to_string(position.size) + " transactions");
  return std::unique_ptr<Ledger>(std::make_unique<LedgerImpl>(
      LedgerImpl::Opened{std::move(options), std::move(host_key), std::move(lock), std::move(store),
                         std::move(chunk_store), position}));
}

Result<std::unique_ptr<Ledger>> Ledger::open(LedgerOptions options, crypto::PrivateKey host_key) {
  return open_ledger(std::move(options), std::move(host_key), {});
}

LedgerImpl::LedgerImpl(Opened opened)
    : options_(std::move(opened.options)),
      host_key_(std::move(opened.host_key)),
      lock_(std::move(opened.lock)),
      store_(std::move(opened.store)),
      chunks_(options_.directory / "chunks"),
      budget_(options_.queue_bytes),
      publisher_([this](std::uint64_t from, const std::function<bool(const Published&)>& visit) {
        return replay(from, visit);
      }) {
  committer_ = std::make_unique<Committer>(
      CommitterOptions{options_.chain, host_key_, chunks_}, *store_, std::move(opened.chunks),
      opened.position, [this](std::vector<Published> batch) { publisher_.push(std::move(batch)); });
  EmbeddedOrdererOptions order;
  order.batch_max_txs = options_.batch_max_txs;
  order.batch_max_wait_us = options_.batch_max_wait_us;
  order.clock_ms = options_.clock_ms;
  orderer_ = make_embedded_orderer(std::move(order));
  pool_ = std::make_unique<VerifyPool>(pool_threads());
  publisher_.start(opened.position.size);
  orderer_->start([this](OrderedBatch batch) { committer_->process(std::move(batch)); });
}

LedgerImpl::~LedgerImpl() {
  pool_->stop();
  orderer_->stop();
  publisher_.stop();
  committer_->close();
}

Result<SubmitDone> LedgerImpl::admit(std::size_t bytes, SubmitDone done) {
  const std::size_t cost = bytes + kOverheadBytes;
  if (!budget_.take(cost)) return busy();
  return SubmitDone([this, cost, done = std::move(done)](Result<Applied> outcome) {
    budget_.give_back(cost);
    done(std::move(outcome));
  });
}

Result<Transaction> LedgerImpl::prepare(std::string tx_bytes) const {
  QC_ASSIGN(Transaction tx, proof::parse_transaction(std::move(tx_bytes)));
  if (tx.chain != options_.chain) {
    // The rules say so too, but there the signer would be unknown first.
    return invalid("tx.wrong_chain", "signed for another network", "chain");
  }
  const PinnedState pinned(committer_->tip());
  QC_ASSIGN(const crypto::PublicKey key, signer_key(tx, pinned.state));
  if (key.kid() != tx.kid) {
    return unauthenticated("tx.unknown_key", "the account has another key").at("kid");
  }
  QC_TRY(proof::verify_for_hint(tx, key));
  if (tx.op == "network.found") {
    const auto jwk = tx.body.find("host_jwk");
    const auto host = jwk == tx.body.end() ? Result<crypto::PublicKey>(invalid("key.invalid", ""))
                                           : crypto::PublicKey::from_jwk(*jwk);
    if (!host || !(*host == host_key())) {
      return invalid("ledger.wrong_host_key", "not this host's key", "body.host_jwk");
    }
  }
  return tx;
}

void LedgerImpl::take(std::string tx_bytes, SubmitDone done) {
  orderer_->announce(1);
  auto tx = prepare(std::move(tx_bytes));
  if (!tx) {
    orderer_->announce(-1);
    committer_->count_rejected();
    done(tx.error());
    return;
  }
  Entry entry{std::move(tx).value(), std::move(done)};
  const Status proposed = orderer_->propose(entry);
  orderer_->announce(-1);
  if (!proposed) entry.done(proposed.error());
}

Result<Applied> LedgerImpl::submit(std::string tx_bytes) {
  std::promise<Result<Applied>> promise;
  auto outcome = promise.get_future();
  QC_ASSIGN(SubmitDone done, admit(tx_bytes.size(), [&promise](Result<Applied> applied) {
              promise.set_value(std::move(applied));
            }));
  take(std::move(tx_bytes), std::move(done));
  return outcome.get();
}

void LedgerImpl::submit_async(std::string tx_bytes, std::function<void(Result<Applied>)> done) {
  auto counted = admit(tx_bytes.size(), done);
  if (!counted) {
    done(counted.error());
    return;
  }
  const bool queued = pool_->run([this, bytes = std::move(tx_bytes), counted = *counted]() mutable {
    take(std::move(bytes), std::move(counted));
  });
  if (!queued) (*counted)(unavailable("ledger.closed", "the ledger is shutting down"));
}

Result<Applied> LedgerImpl::submit_as_host(std::string_view op, const Json& body) {
  return submit(
      proof::make_transaction(host_key_, options_.chain, op, body, options_.clock_ms() / 1000));
}

Ledger::Health LedgerImpl::health() const {
  Health health;
  health.reason = committer_->trouble();
  health.writable = health.reason.empty();
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
