#include <map>
#include <system_error>
#include <unordered_map>

#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/merkle_log.hpp"
#include "host/chain/recovery.hpp"
#include "host/chain/restored.hpp"
#include "host/chain/snapshot.hpp"
#include "host/chain/snapshot_folder.hpp"
#include "host/chain/snapshot_rows.hpp"
#include "host/chain/state_digest.hpp"
#include "host/chain/state_store.hpp"
#include "host/chain/subject_map.hpp"
#include "sdk/base/files.hpp"
#include "sdk/proof/merkle.hpp"

namespace qc::chain {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kRowsTogether = 4096;
constexpr std::size_t kSubjectsTogether = 16384;

Error mismatch(const std::string& why) { return conflict("ledger.snapshot_mismatch", why); }

/// Takes the rows of a snapshot into an empty store, and makes anew there what follows from them.
class RowsImport {
 public:
  RowsImport(KvStore& store, std::string chain) : store_(store), chain_(std::move(chain)) {}

  Status take(std::string_view key, std::string_view value) {
    const std::size_t family = kSnapshotFamilies.find(key.front());
    const std::size_t before = last_.empty() ? 0 : kSnapshotFamilies.find(last_.front());
    if (family == std::string_view::npos || family < before ||
        (family == before && !last_.empty() && key <= last_)) {
      return mismatch("a row that does not belong there");
    }
    if (key.size() > 1 && family < kSnapshotFamilies.find('f')) {
      return mismatch("a row that does not belong there");
    }
    last_ = key;
    if (key == keys::kPosition) return take_position(value);
    if (!position_) return mismatch("the rows do not begin with their position");
    if (key == keys::kFormat && value != kStateFormat) {
      return mismatch("it was written by another version of this program (state format " +
                      std::string(value) + ")");
    }
    if (key.starts_with(keys::kTxPrefix)) QC_TRY(take_transaction(key, value));
    if (key.starts_with(keys::state(""))) digest_->add(key.substr(1), value);
    return put(std::string(key), std::string(value));
  }

  /// The rest, when all rows were taken. Returns the digest of the state.
  Result<Hash32> finish() {
    if (!position_ || !store_has_format_ || transactions_ != position_->size) {
      return mismatch("the rows are not whole");
    }
    QC_TRY(write_subjects());
    QC_TRY(write_rows());
    QC_TRY(store_.flush());
    return digest_->finish();
  }
  const Position& position() const { return *position_; }

 private:
  Status take_position(std::string_view value) {
    position_ = decode_position(value);
    if (!position_ || position_->size == 0) return mismatch("its position is unreadable");
    digest_.emplace(chain_, *position_);
    return put(std::string(keys::kPosition), std::string(value));
  }

  Status take_transaction(std::string_view key, std::string_view value) {
    const auto row = decode_tx_row(value);
    if (!row || key != keys::tx(transactions_)) return mismatch("a transaction's row is missing");
    std::string index;
    put_u64(index, transactions_);
    for (const std::string& account : row->effect.subjects) {
      proof::SubjectValue& of = subjects_[account];
      of.head = proof::next_event_head(of.head, row->id, transactions_);
      QC_TRY(put(keys::event(account, ++of.count), index));
    }
    ++transactions_;
    return put(keys::tx_id(row->id), index);
  }

  /// Values by name, and the map over them, which must be the ledger's.
  Status write_subjects() {
    Hash32 root = initial_position().subject_root;
    std::map<Hash32, proof::SubjectValue> values;
    const auto add_to_map = [&]() -> Status {
      if (values.empty()) return {};
      QC_TRY(write_rows());
      SubjectMapUpdate map(store_);
      QC_ASSIGN(root, map.apply(values));
      map.write_to(rows_);
      values.clear();
      return write_rows();
    };
    for (const auto& [account, value] : subjects_) {
      QC_TRY(put(keys::subject_value(account), encode(value)));
      values.emplace(proof::subject_key(account), value);
      if (values.size() == kSubjectsTogether) QC_TRY(add_to_map());
    }
    QC_TRY(add_to_map());
    if (root == position_->subject_root) return {};
    return mismatch("its transactions do not give the subject root");
  }

  Status put(std::string key, std::string value) {
    if (key == keys::kFormat) store_has_format_ = true;
    rows_.emplace_back(std::move(key), std::move(value));
    return rows_.size() < kRowsTogether ? Status() : write_rows();
  }
  Status write_rows() { return store_.write(std::exchange(rows_, {})); }

  KvStore& store_;
  std::string chain_;
  std::string last_;
  std::optional<Position> position_;
  std::optional<StateDigest> digest_;
  bool store_has_format_ = false;
  std::uint64_t transactions_ = 0;
  std::unordered_map<std::string, proof::SubjectValue> subjects_;
  KvBatch rows_;
};

/// The newest head must be that of the whole copy: what no head holds, nobody signed for.
Status check_signed(const fs::path& chunks, const Position& position,
                    const RecoveryContext& context) {
  QC_ASSIGN(const ChunkListing listing, list_chunks(chunks));
  if (listing.heads.empty()) return mismatch("it has no signed head");
  QC_ASSIGN(const HeadsFile heads,
            read_newest_heads(listing.heads.back().path, context.host, context.chain));
  if (!heads.defect.empty() || heads.heads.empty()) return mismatch("it has no signed head");
  const proof::TreeHead& head = heads.heads.back().head;
  if (head.size == position.size && head.log_root == position.log_root &&
      head.subject_root == position.subject_root) {
    return {};
  }
  return mismatch("the signed head is not that of its last transaction");
}

/// Transaction 0, which names the host, must be the one that the signed log begins with.
Status check_first(const fs::path& chunks, const TileStore& tiles, const Position& position) {
  PartReader reader;
  QC_ASSIGN(const std::string length_bytes,
            reader.read(chunks / chunk_name(0), kRecordHeaderBytes, sizeof(std::uint32_t)));
  QC_ASSIGN(const std::string bytes,
            reader.read(chunks / chunk_name(0), kRecordHeaderBytes + sizeof(std::uint32_t),
                        FieldReader(length_bytes).u32()));
  const TileNodes nodes(tiles.files(), position.size);
  QC_ASSIGN(const Hash32 first, nodes.node(0, 0));
  if (first == proof::leaf_hash(as_bytes(bytes))) return {};
  return mismatch("its first transaction is not the log's");
}

Status check_stated(const KvStore& store, const RestoreReport& report) {
  const Document stated = StoredState(store).find("snapshot/" + report.snapshot);
  if (!stated || text_of(*stated, "state") != "STATED") {
    return mismatch("its chunks do not state the digest of snapshot " + report.snapshot);
  }
  if (stated->at("size") == report.size && text_of(*stated, "digest") == report.digest &&
      text_of(*stated, "format") == kStateFormat) {
    return {};
  }
  return mismatch("its state has the digest " + report.digest +
                  ", which is not the one that the ledger states");
}

/// The head that somebody brought: of this ledger, as far as that goes already.
Status check_newest(const RestoreOptions& options, const RecoveryContext& context,
                    const Position& position, RestoreReport& report) {
  if (options.newest_head.empty()) return {};
  QC_ASSIGN(const proof::TreeHead head,
            proof::open_head(options.newest_head, context.host, context.chain));
  report.behind_to = head.size;
  if (head.size > position.size) return {};
  QC_ASSIGN(const bool passed, passed_through(head, position, context.tiles));
  return passed ? Status() : mismatch("the newest head is of another ledger");
}

Result<RestoreReport> restore_into(const fs::path& part, const RestoreOptions& options,
                                   const Genesis& genesis) {
  RestoreReport report;
  report.chain = genesis.chain;
  QC_ASSIGN(const Json about, qc::read_json_file(options.snapshot / kSnapshotFile, 1U << 16U));
  report.snapshot = text_of(about, "snapshot");
  QC_TRY(copy_files(options.snapshot / "chunks", part / "chunks"));
  QC_TRY(copy_files(options.snapshot / "tiles", part / "tiles"));
  QC_ASSIGN(const auto store, open_rocks(part / "state"));
  RowsImport import(*store, genesis.chain);
  QC_TRY(read_rows(options.snapshot / kRowsFile, [&](std::string_view key, std::string_view value) {
    return import.take(key, value);
  }));
  QC_ASSIGN(const Hash32 digest, import.finish());
  report.digest = to_hex(digest);
  report.size = import.position().size;
  QC_ASSIGN(const auto tiles, TileStore::open(part / "tiles"));
  const RecoveryContext context{part / "chunks", genesis.chain, options.host, *tiles};
  QC_ASSIGN(const Position position, recover(*store, context));
  report.transactions = position.size;
  QC_TRY(check_signed(part / "chunks", position, context));
  QC_TRY(check_first(part / "chunks", *tiles, position));
  QC_TRY(check_stated(*store, report));
  QC_TRY(check_newest(options, context, position, report));
  QC_TRY(tiles->sync());
  QC_TRY(store->flush());
  QC_TRY(write_restored(part, {report.transactions, options.newest_head}));
  return report;
}

}  // namespace

Result<RestoreReport> restore_snapshot(const RestoreOptions& options) {
  QC_ASSIGN(const auto genesis, read_genesis(options.snapshot / "chunks"));
  if (!genesis) return not_found("audit.no_ledger", "the folder holds no snapshot");
  if (!(genesis->host == options.host)) {
    return conflict("ledger.wrong_host_key", "it is of the host with key " + genesis->host.kid());
  }
  QC_ASSIGN(FolderInMaking folder, FolderInMaking::begin(options.out));
  QC_ASSIGN(RestoreReport report, restore_into(folder.path(), options, *genesis));
  QC_TRY(folder.finish());
  return report;
}

}  // namespace qc::chain
