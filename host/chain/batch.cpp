#include "host/chain/batch.hpp"

#include <algorithm>
#include <cassert>
#include <exception>

#include "host/chain/hints.hpp"
#include "host/chain/pending_batches.hpp"
#include "host/chain/recent_documents.hpp"
#include "sdk/proof/many_hashes.hpp"

namespace qc::chain {

BatchBuilder::BatchBuilder(const BatchBase& base, std::uint64_t first_index, std::string chain,
                           std::int64_t time_ms)
    : base_(base),
      overlay_(base.documents),
      first_index_(first_index),
      chain_(std::move(chain)),
      time_ms_(time_ms) {}

Result<Effect> BatchBuilder::apply(const Transaction& tx) {
  const RuleContext context{chain_, next_index(), time_ms_};
  Result<Effect> effect = internal("rule.failed", "the rule did not run");
  try {
    effect = apply_transaction(tx, context, overlay_);
  } catch (const std::exception& failure) {
    // A rule must not throw; if one does, the transaction is refused and the host lives on.
    return internal("rule.failed", "the rule for " + tx.op + " failed");
  }
  if (!effect) return effect;
  record_.add(tx.bytes);
  hints_.push_back(hint_char(tx.hint));
  record_bytes_ += tx.bytes.size() + sizeof(std::uint32_t);
  add_events(tx, *effect, context.index);
  TxRow row;
  row.offset = record_.last_offset();
  row.length = static_cast<std::uint32_t>(tx.bytes.size());
  row.time_ms = time_ms_;
  row.id = tx.id;
  row.effect = *effect;
  rows_.push_back(std::move(row));
  return effect;
}

proof::SubjectValue BatchBuilder::subject_value(const std::string& account) const {
  if (const auto it = subjects_.find(account); it != subjects_.end()) return it->second;
  if (base_.foresight != nullptr) {
    if (const auto* const foreseen = base_.foresight->subject(account)) {
      return foreseen->value.value_or(proof::SubjectValue{});
    }
  }
  return base_.subjects.subject_value(account).value_or(proof::SubjectValue{});
}

void BatchBuilder::add_events(const Transaction& tx, const Effect& effect, std::uint64_t index) {
  std::string position;
  put_u64(position, index);
  for (const std::string& account : effect.subjects) {
    proof::SubjectValue value = subject_value(account);
    value.head = proof::next_event_head(value.head, tx.id, index);
    ++value.count;
    events_.emplace_back(keys::event(account, value.count), position);
    subjects_[account] = value;
  }
}

Status BatchBuilder::append_leaves(const KvReader& store) {
  std::vector<std::string_view> transactions;
  transactions.reserve(rows_.size());
  for (const TxRow& row : rows_) {
    transactions.push_back(record_.bytes().substr(row.offset, row.length));
  }
  std::vector<Hash32> leaves(transactions.size());
  proof::leaf_hashes(transactions, leaves);
  log_.emplace(store, first_index_);
  for (const Hash32& leaf : leaves) QC_TRY(log_->append(leaf));
  return {};
}

Status BatchBuilder::seal(const KvReader& store, const Position& before) {
  assert(count() > 0 && before.size == first_index_ && before.time_ms <= time_ms_);
  QC_TRY(append_leaves(store));
  after_ = before;
  after_.batches = before.batches + 1;
  after_.size = next_index();
  after_.time_ms = time_ms_;
  QC_ASSIGN(edge_, merkle_right_edge(*log_, after_.size));
  after_.log_root = edge_.back();
  if (!subjects_.empty()) {
    std::map<Hash32, proof::SubjectValue> values;
    for (const auto& [account, value] : subjects_) {
      values.emplace(proof::subject_key(account), value);
    }
    map_.emplace(store);
    QC_ASSIGN(after_.subject_root, map_->apply(values));
  }
  RecordHeader header;
  header.batch = before.batches;
  header.first_index = first_index_;
  header.time_ms = time_ms_;
  header.previous = before.record_hash;
  sealed_record_ = std::move(record_).finish(header, after_.log_root, after_.subject_root);
  std::copy(sealed_record_.end() - 32, sealed_record_.end(), after_.record_hash.begin());
  return {};
}

KvBatch BatchBuilder::rows(std::uint64_t chunk, std::uint64_t offset) {
  after_.chunk = chunk;
  after_.offset = offset + sealed_record_.size();
  KvBatch batch;
  batch.reserve(overlay_.writes().size() + events_.size() + subjects_.size() + 12 * rows_.size());
  write_state(overlay_, batch);
  log_->write_to(batch);
  if (map_) map_->write_to(batch);
  for (auto& event : events_) batch.push_back(std::move(event));
  for (const auto& [account, value] : subjects_) {
    batch.emplace_back(keys::subject_value(account), encode(value));
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    TxRow& row = rows_[i];
    const std::uint64_t index = first_index_ + i;
    row.chunk = chunk;
    row.offset += offset;
    batch.emplace_back(keys::tx(index), encode(row));
    std::string position;
    put_u64(position, index);
    batch.emplace_back(keys::tx_id(row.id), std::move(position));
  }
  if (first_index_ == 0) batch.emplace_back(std::string(keys::kFormat), kStateFormat);
  batch.emplace_back(std::string(keys::kPosition), encode(after_));
  return batch;
}

namespace {

/// Applies one transaction of a record; the defect's offset and index are filled by the caller.
std::optional<ReplayDefect> replay_transaction(BatchBuilder& batch, const Result<Transaction>& tx,
                                               bool verify_signature) {
  if (!tx) return ReplayDefect{"audit.transaction", tx.error().message};
  const auto defect = [&tx](const char* code, const std::string& message) {
    return ReplayDefect{code, message, 0, -1, tx->id_hex()};
  };
  if (verify_signature) {
    const auto key = signer_key(*tx, batch.state());
    if (!key) return defect("audit.signature", key.error().message);
    if (key->kid() != tx->kid) return defect("audit.signature", "signed by another key");
    if (const Status valid = proof::verify_transaction(*tx, *key); !valid) {
      return defect("audit.signature", valid.error().message);
    }
  }
  if (const auto effect = batch.apply(*tx); !effect) {
    return defect("audit.rule", effect.error().code + ": " + effect.error().message);
  }
  return std::nullopt;
}

/// One for each up to the first that cannot be read.
std::vector<Foreseen> read_ahead(const std::vector<Result<Transaction>>& transactions,
                                 const KvReader& store, std::uint64_t batches) {
  std::vector<const Transaction*> good;
  for (const auto& one : transactions) {
    if (!one.ok()) break;
    good.push_back(&*one);
  }
  return foresee(good, GroupReader(store), batches);
}

}  // namespace

std::optional<ReplayDefect> replay_record(KvStore& store, Position& position, const Record& record,
                                          const ReplayContext& context) {
  const PendingBatches stored(store);  // none is on its way
  const RecentDocuments documents(stored);
  Foresight foresight(documents, position.batches);
  BatchBuilder batch({foresight, stored, &foresight}, position.size, context.chain,
                     record.header.time_ms);
  std::vector<Result<Transaction>> transactions;
  transactions.reserve(record.transactions.size());
  for (const std::string_view bytes : record.transactions) {
    transactions.push_back(proof::parse_transaction(std::string(bytes)));
  }
  std::vector<Foreseen> foreseen = read_ahead(transactions, store, position.batches);
  for (std::size_t i = 0; i < transactions.size(); ++i) {
    if (i < foreseen.size()) foresight.look_at(&foreseen[i]);
    auto defect = replay_transaction(batch, transactions[i], context.verify_signatures);
    if (!defect) continue;
    defect->offset = context.offset + record.offsets[i];
    defect->index = static_cast<std::int64_t>(record.header.first_index + i);
    return defect;
  }
  const auto whole = [&context](const char* code, std::string message) {
    return ReplayDefect{code, std::move(message), context.offset};
  };
  if (const Status sealed = batch.seal(store, position); !sealed) {
    return whole("audit.state", sealed.error().message);
  }
  if (batch.after().log_root != record.log_root) {
    return whole("audit.root", "the log root does not follow from the transactions");
  }
  if (batch.after().subject_root != record.subject_root) {
    return whole("audit.root", "the subject root does not follow from the transactions");
  }
  // The same input gives the same bytes; anything else in the record is not the ledger's.
  if (batch.after().record_hash != record.hash) {
    return whole("audit.framing", "the record is not written as this program writes it");
  }
  KvBatch rows = batch.rows(context.chunk, context.offset);
  if (const std::string failure = store.failure(); !failure.empty()) {
    return whole("audit.state", failure);
  }
  if (const Status written = store.write(std::move(rows)); !written) {
    return whole("audit.state", written.error().message);
  }
  position = batch.after();
  return std::nullopt;
}

}  // namespace qc::chain
