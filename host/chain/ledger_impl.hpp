// The ledger put together. Internal: other rooms use ledger.hpp.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "host/chain/append_file.hpp"
#include "host/chain/byte_budget.hpp"
#include "host/chain/committer.hpp"
#include "host/chain/guarded_clock.hpp"
#include "host/chain/ledger.hpp"
#include "host/chain/publisher.hpp"
#include "host/chain/recovery.hpp"
#include "host/chain/state_folder.hpp"
#include "host/chain/state_store.hpp"
#include "host/chain/verify_pool.hpp"

namespace qc::chain {

/// What tests replace.
struct LedgerParts {
  AppendFileFactory open_chunk = open_append_file;
  StoreFactory open_store = open_rocks;
  GuardedClock::Source elapsed_ms = {};  ///< empty: the system's, for the system's clock
};
/// As Ledger::open.
Result<std::unique_ptr<Ledger>> open_ledger(LedgerOptions options, crypto::PrivateKey host_key,
                                            LedgerParts parts);

/// A tip's state together with the tip: the snapshot lives as long as what reads it.
struct PinnedState {
  explicit PinnedState(std::shared_ptr<const Tip> from)
      : tip(std::move(from)), state(*tip->snapshot) {}
  PinnedState(const PinnedState&) = delete;
  PinnedState& operator=(const PinnedState&) = delete;

  const std::shared_ptr<const Tip> tip;
  const StoredState state;
};

class LedgerImpl final : public Ledger {
 public:
  struct Opened {
    LedgerOptions options;
    std::shared_ptr<GuardedClock> clock;  ///< what options.clock_ms asks; null: not guarded
    crypto::PrivateKey host_key;
    DirectoryLock lock;
    std::unique_ptr<KvStore> store;
    std::unique_ptr<TileStore> tiles;
    ChunkStore chunks;
    Position position;
  };
  explicit LedgerImpl(Opened opened);
  ~LedgerImpl() override;

  Result<Applied> submit(std::string tx_bytes) override;
  void submit_async(std::string tx_bytes, std::function<void(Result<Applied>)> done) override;
  void submit_many(std::vector<Submission> transactions,
                   std::function<void(Outcomes)> done) override;
  Result<Applied> submit_as_host(std::string_view op, const Json& body) override;

  void read(const std::function<void(const StateReader&)>& read) const override;
  std::uint64_t size() const override;
  const std::string& chain() const override { return options_.chain; }
  const crypto::PublicKey& host_key() const override { return host_key_.public_key(); }
  Result<std::string> head() const override;
  Result<StoredTx> transaction(std::uint64_t index) const override;
  Result<StoredTx> transaction(const Hash32& id) const override;
  Result<proof::Receipt> receipt(std::uint64_t index) const override;
  Result<std::vector<proof::Receipt>> receipts(
      const std::vector<std::uint64_t>& indexes) const override;
  Result<std::vector<Hash32>> consistency(std::uint64_t from, std::uint64_t to) const override;
  Result<Hash32> log_root(std::uint64_t size) const override;
  Result<std::vector<Hash32>> inclusion(std::uint64_t index, std::uint64_t size) const override;
  Result<SubjectEvents> subject_events(std::string_view account) const override;
  Status replay(std::uint64_t from,
                const std::function<bool(const Published&)>& visit) const override;
  std::shared_ptr<void> subscribe(
      std::function<void(const std::vector<Published>&)> listener) override;
  Result<std::shared_ptr<const Tip>> begin_snapshot(const std::string& snapshot) override;
  Health health() const override;
  std::int64_t now_ms() const override;

 private:
  static constexpr std::size_t kForesightBytes = 64U << 20U;

  /// Parses, verifies and proposes in the calling thread; every `done` is called in any case.
  void take(TxVerifier& verifier, std::vector<Arrival> arrivals);
  /// Hands to the pool, or refuses.
  void queue(std::vector<Arrival> unit);
  /// Takes from the byte budget; the returned callback gives back and calls `done`. Error:
  /// "ledger.busy".
  Result<SubmitDone> admit(std::size_t bytes, SubmitDone done);
  Result<StoredTx> read_tx(const TxRow& row, std::uint64_t index, PartReader& reader) const;

  LedgerOptions options_;
  std::shared_ptr<GuardedClock> clock_;
  crypto::PrivateKey host_key_;
  DirectoryLock lock_;
  std::unique_ptr<KvStore> store_;
  std::unique_ptr<TileStore> tiles_;
  std::filesystem::path chunks_;
  /// Of all transactions between submit and answer.
  ByteBudget budget_;
  /// Of what was foreseen of them.
  ByteBudget foresight_budget_{kForesightBytes};
  Publisher publisher_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Orderer> orderer_;
  IngestKeys keys_;
  std::unique_ptr<VerifyPool> pool_;
};

}  // namespace qc::chain
