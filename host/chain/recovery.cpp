#include "host/chain/recovery.hpp"

#include <algorithm>

#include "host/chain/append_file.hpp"
#include "host/chain/batch.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/log.hpp"
#include "host/chain/merkle_log.hpp"
#include "sdk/proof/many_hashes.hpp"

namespace qc::chain {
namespace {

Error corrupt(const std::filesystem::path& file, std::uint64_t offset, std::string_view why) {
  return internal("ledger.corrupt", file.filename().string() + " at byte " +
                                        std::to_string(offset) + ": " + std::string(why));
}

/// Writes the bytes beside the file and cuts them off: nothing is lost that might be looked at.
Status cut_off(const std::filesystem::path& path, std::uint64_t offset, std::string_view bytes) {
  const auto kept = path.string() + "." + std::to_string(offset) + ".torn";
  QC_ASSIGN(const auto copy, open_append_file(kept));
  QC_TRY(copy->truncate(0));
  QC_TRY(copy->append(bytes));
  QC_TRY(copy->sync());
  QC_ASSIGN(const auto file, open_append_file(path));
  QC_TRY(file->truncate(offset));
  QC_TRY(file->sync());
  log_warning(path.filename().string() + ": an incomplete end of " + std::to_string(bytes.size()) +
              " bytes at byte " + std::to_string(offset) + " was cut off and kept as a .torn file");
  return {};
}

class Recovery {
 public:
  Recovery(KvStore& store, const RecoveryContext& context) : store_(store), context_(context) {}

  Result<Position> run() {
    QC_TRY(read_position());
    QC_ASSIGN(listing_, list_chunks(context_.chunks));
    for (const std::string& name : listing_.unknown) {
      log_warning("the folder of chunks holds " + name + ", which does not belong there");
    }
    QC_ASSIGN(std::size_t i, first_chunk());
    for (; i < listing_.chunks.size(); ++i) {
      QC_TRY(chunk(listing_.chunks[i], i + 1 == listing_.chunks.size()));
    }
    QC_TRY(bring_level(
        context_.tiles, {position_.size, position_.log_root, position_.chunk},
        [this](std::uint64_t first, std::size_t count) { return leaves(first, count); }));
    QC_TRY(check_newest_head());
    return position_;
  }

 private:
  Status read_position() {
    position_ = initial_position();
    const auto stored = store_.get(keys::kPosition);
    if (const std::string failure = store_.failure(); !failure.empty()) {
      return unavailable("ledger.io", failure);
    }
    if (!stored) return {};
    const auto position = decode_position(*stored);
    if (!position) {
      return internal("ledger.corrupt",
                      "state: its position is unreadable; remove the folder "
                      "state/ to rebuild it");
    }
    position_ = *position;
    return {};
  }

  /// Number of the chunk that holds the last applied record; the first one when nothing is applied.
  Result<std::size_t> first_chunk() {
    const auto& chunks = listing_.chunks;
    if (position_.size == 0) return std::size_t{0};
    const auto it = std::find_if(chunks.begin(), chunks.end(), [this](const ChunkFile& file) {
      return file.first_index == position_.chunk;
    });
    if (it == chunks.end()) {
      return corrupt(
          chunk_name(position_.chunk), 0,
          "missing, but the state has applied " + std::to_string(position_.size) + " transactions");
    }
    return static_cast<std::size_t>(it - chunks.begin());
  }

  /// Position before the chunk's first record. For a chunk that the state has applied already only
  /// its framing is checked, from what its first header says to what the state remembers.
  Result<Position> start_of(const ChunkFile& file, std::string_view bytes) const {
    const bool applied = position_.size != 0 && file.first_index == position_.chunk;
    if (!applied || file.first_index == 0) return applied ? initial_position() : position_;
    const auto header = decode_record_header(bytes);
    if (!header) return corrupt(file.path, 0, header.error().message);
    Position start;
    start.batches = header->batch;
    start.size = file.first_index;
    start.record_hash = header->previous;
    return start;
  }

  Status chunk(const ChunkFile& file, bool last) {
    QC_ASSIGN(const std::string bytes, read_file(file.path));
    if (bytes.empty() && last && file.first_index != 0 && file.first_index == position_.size) {
      return drop_empty(file);
    }
    const bool applied = position_.size != 0 && file.first_index == position_.chunk;
    const std::uint64_t applied_to = applied ? position_.offset : 0;
    if (!applied && file.first_index != position_.size) {
      return corrupt(file.path, 0,
                     "expected the chunk of transaction " + std::to_string(position_.size));
    }
    if (bytes.size() < applied_to) {
      return corrupt(file.path, bytes.size(),
                     "shorter than the state, which has applied " + std::to_string(position_.size) +
                         " transactions");
    }
    QC_ASSIGN(Position before, start_of(file, bytes));
    std::uint64_t offset = 0;
    while (true) {
      if (applied && offset == applied_to) {
        if (before.size != position_.size || before.record_hash != position_.record_hash) {
          return corrupt(file.path, offset, "the state was made from other records");
        }
        before = position_;
      }
      const Scanned found = scan_record(bytes, offset, before);
      if (found.kind == Scanned::Kind::kEnd) break;
      if (found.kind == Scanned::Kind::kTorn && last && offset >= applied_to) {
        return cut_off(file.path, offset, std::string_view(bytes).substr(offset));
      }
      if (found.kind != Scanned::Kind::kRecord) return corrupt(file.path, offset, found.message);
      QC_TRY(take(file, found.record, {applied_to, offset}, before));
      offset += found.record.header.record_bytes();
    }
    if (!last && offset == 0) return corrupt(file.path, 0, "empty, though not the last chunk");
    return {};
  }

  /// A chunk made for a batch that was never written; the next batch may still fit into the one
  /// before, which would then stand in front of an empty one.
  static Status drop_empty(const ChunkFile& file) {
    std::error_code error;
    std::filesystem::remove(file.path, error);
    if (error) return unavailable("ledger.io", "cannot remove an empty chunk: " + error.message());
    return sync_folder(file.path.parent_path());
  }

  struct Place {
    std::uint64_t applied_to;
    std::uint64_t offset;
  };
  /// Applies a record that the state lacks, or steps over one that it has.
  Status take(const ChunkFile& file, const Record& record, Place place, Position& before) {
    if (place.offset < place.applied_to) {
      before.batches += 1;
      before.size += record.header.count;
      before.record_hash = record.hash;
      before.time_ms = record.header.time_ms;
      return {};
    }
    const ReplayContext context{context_.chain, false, file.first_index, place.offset};
    if (const auto defect = replay_record(store_, position_, record, context)) {
      if (defect->code == "audit.state") return unavailable("ledger.io", defect->message);
      return corrupt(file.path, defect->offset, defect->message);
    }
    before = position_;
    return {};
  }

  /// Leaf hashes of transactions that the state has applied, out of the chunks.
  Result<std::vector<Hash32>> leaves(std::uint64_t first, std::size_t count) {
    std::vector<TxRow> rows;
    store_.scan(keys::kTxPrefix, keys::tx(first), [&](std::string_view key, std::string_view row) {
      auto decoded = decode_tx_row(row);
      if (!decoded || key != keys::tx(first + rows.size())) return false;
      rows.push_back(std::move(*decoded));
      return rows.size() < count;
    });
    if (rows.size() != count) {
      return internal("ledger.corrupt", "the state does not know where transaction " +
                                            std::to_string(first + rows.size()) +
                                            " stands; remove the folder state/ to rebuild it");
    }
    std::vector<std::string> texts;
    for (const TxRow& row : rows) {
      QC_ASSIGN(std::string text,
                reader_.read(context_.chunks / chunk_name(row.chunk), row.offset, row.length));
      texts.push_back(std::move(text));
    }
    std::vector<Hash32> leaves(count);
    proof::leaf_hashes(std::vector<std::string_view>(texts.begin(), texts.end()), leaves);
    return leaves;
  }

  Status check_newest_head() {
    if (listing_.heads.empty()) return {};
    const ChunkFile& file = listing_.heads.back();
    QC_ASSIGN(HeadsFile heads, read_newest_heads(file.path, context_.host, context_.chain));
    if (!heads.defect.empty()) return corrupt(file.path, heads.defect_offset, heads.defect);
    if (!heads.torn.empty()) QC_TRY(cut_off(file.path, heads.complete_bytes, heads.torn));
    if (heads.heads.empty()) return {};
    const StoredHead& newest = heads.heads.back();
    if (newest.head.size > position_.size) {
      return corrupt(file.path, newest.offset,
                     "a signed head of " + std::to_string(newest.head.size) +
                         " transactions, but the ledger files hold " +
                         std::to_string(position_.size));
    }
    QC_ASSIGN(const bool passed, passed_through(newest.head, position_, context_.tiles));
    if (!passed) {
      return corrupt(file.path, newest.offset, "a signed head with another root than the ledger");
    }
    return {};
  }

  KvStore& store_;
  const RecoveryContext& context_;
  Position position_;
  ChunkListing listing_;
  PartReader reader_;
};

}  // namespace

Result<bool> passed_through(const proof::TreeHead& head, const Position& position,
                            const TileStore& tiles) {
  const TileNodes nodes(tiles.files(), position.size);
  QC_ASSIGN(const Hash32 root, merkle_root(nodes, head.size));
  return root == head.log_root;
}

Result<std::optional<Genesis>> read_genesis(const std::filesystem::path& chunks) {
  const std::filesystem::path path = chunks / chunk_name(0);
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  constexpr std::size_t kStart = kRecordHeaderBytes + sizeof(std::uint32_t);
  if (error || size < kStart) return std::optional<Genesis>();
  PartReader reader;
  QC_ASSIGN(const std::string length_bytes,
            reader.read(path, kRecordHeaderBytes, sizeof(std::uint32_t)));
  const std::uint32_t length = FieldReader(length_bytes).u32();
  if (length > proof::kMaxTxBytes) {
    return corrupt(path, kRecordHeaderBytes, "transaction 0 is too long");
  }
  if (size < kStart + length) return std::optional<Genesis>();
  QC_ASSIGN(std::string bytes, reader.read(path, kStart, length));
  const auto tx = proof::parse_transaction(std::move(bytes));
  if (!tx) return corrupt(path, kStart, "transaction 0 is unreadable: " + tx.error().message);
  const auto jwk = tx->body.find("host_jwk");
  if (tx->op != "network.found" || jwk == tx->body.end()) {
    return corrupt(path, kStart, "transaction 0 does not found a network");
  }
  auto host = crypto::PublicKey::from_jwk(*jwk);
  if (!host) return corrupt(path, kStart, "transaction 0 names no valid host key");
  return std::optional<Genesis>(Genesis{tx->chain, std::move(host).value()});
}

Result<Position> recover(KvStore& store, const RecoveryContext& context) {
  return Recovery(store, context).run();
}

}  // namespace qc::chain
