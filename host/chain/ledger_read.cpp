#include "host/chain/chunk_store.hpp"
#include "host/chain/ledger_impl.hpp"
#include "host/chain/merkle_log.hpp"
#include "host/chain/subject_map.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::chain {
namespace {

Error no_such_tx() { return not_found("tx.not_found", "no such transaction on this ledger"); }

Result<TxRow> read_row(const KvReader& store, std::uint64_t index) {
  const auto bytes = store.get(keys::tx(index));
  const auto row = bytes ? decode_tx_row(*bytes) : std::nullopt;
  if (!row) {
    return internal("ledger.corrupt", "the state does not know where transaction " +
                                          std::to_string(index) + " stands");
  }
  return *row;
}

/// Full tiles are held against what stands above them; this holds what is above all against the
/// ledger's root, before a proof is given out.
Status check_root(const TileNodes& nodes, const Position& position) {
  QC_ASSIGN(const Hash32 root, merkle_root(nodes, position.size));
  if (root == position.log_root) return {};
  return internal("ledger.corrupt",
                  "the last tiles of the Merkle log do not give the ledger's root; remove the "
                  "folder tiles/ and restart to rebuild them");
}

}  // namespace

void LedgerImpl::read(const std::function<void(const StateReader&)>& read) const {
  const PinnedState pinned(committer_->tip());
  read(pinned.state);
}

std::uint64_t LedgerImpl::size() const { return committer_->tip()->position.size; }

Result<std::string> LedgerImpl::head() const {
  const auto tip = committer_->tip();
  if (tip->position.size == 0) return not_found("ledger.empty", "the ledger is empty");
  return tip->head;
}

Result<StoredTx> LedgerImpl::read_tx(const TxRow& row, std::uint64_t index,
                                     PartReader& reader) const {
  const auto path = chunks_ / chunk_name(row.chunk);
  QC_ASSIGN(std::string bytes, reader.read(path, row.offset, row.length));
  if (crypto::sm3(bytes) != row.id) {
    return internal("ledger.corrupt", chunk_name(row.chunk) + " at byte " +
                                          std::to_string(row.offset) +
                                          ": the bytes are not those that were stored");
  }
  return StoredTx{index, row.time_ms, std::move(bytes)};
}

Result<StoredTx> LedgerImpl::transaction(std::uint64_t index) const {
  const auto tip = committer_->tip();
  if (index >= tip->position.size) return no_such_tx();
  QC_ASSIGN(const TxRow row, read_row(*tip->snapshot, index));
  PartReader reader;
  return read_tx(row, index, reader);
}

Result<StoredTx> LedgerImpl::transaction(const Hash32& id) const {
  const auto position = committer_->tip()->snapshot->get(keys::tx_id(id));
  if (!position) return no_such_tx();
  return transaction(FieldReader(*position).u64());
}

Result<proof::Receipt> LedgerImpl::receipt(std::uint64_t index) const {
  QC_ASSIGN(std::vector<proof::Receipt> all, receipts({index}));
  return std::move(all.front());
}

Result<std::vector<proof::Receipt>> LedgerImpl::receipts(
    const std::vector<std::uint64_t>& indexes) const {
  const auto tip = committer_->tip();
  const TileNodes nodes(tiles_->files(), tip->position.size);
  QC_TRY(check_root(nodes, tip->position));
  std::vector<proof::Receipt> all;
  all.reserve(indexes.size());
  for (const std::uint64_t index : indexes) {
    if (index >= tip->position.size) return no_such_tx();
    QC_ASSIGN(const TxRow row, read_row(*tip->snapshot, index));
    proof::Receipt receipt;
    QC_ASSIGN(receipt.path, merkle_inclusion(nodes, index, tip->position.size));
    receipt.tx = to_hex(row.id);
    receipt.index = index;
    receipt.size = tip->position.size;
    receipt.head = tip->head;
    all.push_back(std::move(receipt));
  }
  return all;
}

Result<std::vector<Hash32>> LedgerImpl::consistency(std::uint64_t from, std::uint64_t to) const {
  const auto tip = committer_->tip();
  if (to > tip->position.size) {
    return invalid("proof.out_of_range",
                   "the ledger has " + std::to_string(tip->position.size) + " transactions", "to");
  }
  if (from > to) return invalid("proof.out_of_range", "from must not exceed to", "from");
  const TileNodes nodes(tiles_->files(), tip->position.size);
  QC_TRY(check_root(nodes, tip->position));
  return merkle_consistency(nodes, from, to);
}

Result<Hash32> LedgerImpl::log_root(std::uint64_t size) const {
  const auto tip = committer_->tip();
  if (size > tip->position.size) {
    return invalid("proof.out_of_range", "the ledger is shorter", "size");
  }
  const TileNodes nodes(tiles_->files(), tip->position.size);
  QC_TRY(check_root(nodes, tip->position));
  return merkle_root(nodes, size);
}

Result<std::vector<Hash32>> LedgerImpl::inclusion(std::uint64_t index, std::uint64_t size) const {
  const auto tip = committer_->tip();
  if (size > tip->position.size || index >= size) {
    return invalid("proof.out_of_range", "the transaction is not in a log of that size", "size");
  }
  const TileNodes nodes(tiles_->files(), tip->position.size);
  QC_TRY(check_root(nodes, tip->position));
  return merkle_inclusion(nodes, index, size);
}

Result<Ledger::SubjectEvents> LedgerImpl::subject_events(std::string_view account) const {
  const auto tip = committer_->tip();
  if (tip->position.size == 0) return not_found("ledger.empty", "the ledger is empty");
  SubjectEvents events;
  events.head = tip->head;
  tip->snapshot->scan(keys::event_prefix(account), "",
                      [&events](std::string_view, std::string_view position) {
                        events.indexes.push_back(FieldReader(position).u64());
                        return true;
                      });
  QC_ASSIGN(MapLookup found, map_lookup(*tip->snapshot, proof::subject_key(account)));
  events.value = found.value.value_or(proof::SubjectValue{});
  events.proof = std::move(found.proof);
  if (events.indexes.size() != events.value.count) {
    return internal("ledger.corrupt",
                    "the events of a subject are not those that its entry in "
                    "the subject map counts; remove the folder state/ to rebuild");
  }
  return events;
}

Status LedgerImpl::replay(std::uint64_t from,
                          const std::function<bool(const Published&)>& visit) const {
  const auto tip = committer_->tip();
  PartReader reader;
  for (std::uint64_t index = from; index < tip->position.size; ++index) {
    QC_ASSIGN(TxRow row, read_row(*tip->snapshot, index));
    QC_ASSIGN(StoredTx stored, read_tx(row, index, reader));
    auto tx = proof::parse_transaction(stored.bytes);
    if (!tx) return tx.error();
    const Published published{std::move(stored), std::move(tx).value(), std::move(row.effect)};
    if (!visit(published)) return {};
  }
  return {};
}

}  // namespace qc::chain
