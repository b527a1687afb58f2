#include "host/chain/audit.hpp"

#include <cstdlib>
#include <map>
#include <system_error>

#include "host/chain/append_file.hpp"
#include "host/chain/batch.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/recovery.hpp"

namespace qc::chain {
namespace {

/// Up to here the state that the audit rebuilds is kept in memory; above, in a temporary folder.
constexpr std::uint64_t kMemoryLimitBytes = 256U << 20U;

class ScratchStore {
 public:
  static Result<ScratchStore> make(std::uint64_t ledger_bytes) {
    ScratchStore scratch;
    if (ledger_bytes <= kMemoryLimitBytes) {
      scratch.store_ = open_memory();
      return scratch;
    }
    std::error_code error;
    std::string name = (std::filesystem::temp_directory_path(error) / "qc-audit-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      return unavailable("audit.io", "cannot make a temporary folder");
    }
    scratch.folder_ = name;
    QC_ASSIGN(scratch.store_, open_rocks(scratch.folder_ / "state"));
    return scratch;
  }
  ScratchStore(ScratchStore&&) = default;
  ScratchStore& operator=(ScratchStore&&) = delete;
  ~ScratchStore() {
    store_.reset();
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  KvStore& operator*() { return *store_; }

 private:
  ScratchStore() = default;
  std::filesystem::path folder_;
  std::unique_ptr<KvStore> store_;
};

class Audit {
 public:
  Audit(const AuditOptions& options, ChunkListing listing, ScratchStore store)
      : options_(options), listing_(std::move(listing)), store_(std::move(store)) {}

  Result<AuditReport> run() {
    for (const ChunkFile& file : listing_.chunks) total_bytes_ += size_of(file);
    for (const ChunkFile& file : listing_.heads) total_bytes_ += size_of(file);
    QC_ASSIGN(const bool good, check());
    report_.ok = good;
    report_.chain = chain_;
    report_.transactions = position_.size;
    report_.batches = position_.batches;
    report_.log_root = to_hex(position_.log_root);
    report_.subject_root = to_hex(position_.subject_root);
    return report_;
  }

 private:
  static std::uint64_t size_of(const ChunkFile& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file.path, error);
    return error ? 0 : size;
  }

  struct At {
    std::string file;
    std::uint64_t offset = 0;
    std::int64_t index = -1;
    std::string tx = {};
  };
  /// Notes the first defect; returns false so that a check can end with it.
  bool defect(const char* code, std::string message, At at) {
    report_.code = code;
    report_.message = std::move(message);
    report_.file = "chunks/" + at.file;
    report_.offset = at.offset;
    report_.index = at.index;
    report_.tx = std::move(at.tx);
    return false;
  }

  /// Errors are failures to read; false is a defect found.
  Result<bool> check() {
    if (!listing_.unknown.empty()) {
      return defect("audit.unknown_file", "this file does not belong to a ledger",
                    {listing_.unknown.front()});
    }
    for (std::size_t i = 0; i < listing_.chunks.size(); ++i) {
      QC_ASSIGN(const bool good, check_chunk(i));
      if (!good) return false;
    }
    for (const ChunkFile& heads : listing_.heads) {
      if (chunks_seen_.count(heads.first_index) == 0) {
        return defect("audit.head", "signed heads without the chunk that they stand beside",
                      {heads.path.filename().string()});
      }
    }
    return check_trusted_head();
  }

  Result<bool> check_chunk(std::size_t number) {
    const ChunkFile& file = listing_.chunks[number];
    const std::string name = file.path.filename().string();
    const bool last = number + 1 == listing_.chunks.size();
    QC_ASSIGN(const std::string bytes, read_file(file.path));
    if (file.first_index != position_.size) {
      return defect("audit.framing",
                    "expected the chunk of transaction " + std::to_string(position_.size), {name});
    }
    borders_.clear();
    std::uint64_t offset = 0;
    while (true) {
      const Scanned found = scan_record(bytes, offset, position_);
      if (found.kind == Scanned::Kind::kEnd) break;
      if (found.kind == Scanned::Kind::kTorn) {
        return defect("audit.torn_tail", found.message, {name, offset});
      }
      if (found.kind == Scanned::Kind::kDamaged) {
        return defect("audit.framing", found.message, {name, offset, next_index()});
      }
      if (!check_record(file, found.record, offset)) return false;
      offset += found.record.header.record_bytes();
      progress(found.record.header.record_bytes());
    }
    // The last chunk may have been made for a batch that was never written.
    if (offset == 0 && !last) return defect("audit.framing", "an empty chunk", {name});
    chunks_seen_.insert(file.first_index);
    return check_heads(file.first_index);
  }

  std::int64_t next_index() const { return static_cast<std::int64_t>(position_.size); }

  bool check_record(const ChunkFile& file, const Record& record, std::uint64_t offset) {
    const std::string name = file.path.filename().string();
    if (position_.size == 0 && !check_genesis(name, record)) return false;
    const ReplayContext context{chain_, true, file.first_index, offset};
    if (const auto found = replay_record(*store_, position_, record, context)) {
      return defect(found->code.c_str(), found->message,
                    {name, found->offset, found->index, found->tx});
    }
    borders_.emplace(position_.size, position_);
    remember_trusted_border();
    return true;
  }

  bool check_genesis(const std::string& name, const Record& record) {
    const At at{name, record.offsets[0], 0};
    const auto tx = proof::parse_transaction(std::string(record.transactions[0]));
    if (!tx) return defect("audit.transaction", tx.error().message, at);
    const auto jwk = tx->body.find("host_jwk");
    if (tx->op != "network.found" || jwk == tx->body.end()) {
      return defect("audit.rule", "transaction 0 does not found a network", at);
    }
    auto host = crypto::PublicKey::from_jwk(*jwk);
    if (!host) return defect("audit.rule", "transaction 0 names no valid host key", at);
    chain_ = tx->chain;
    host_ = std::move(host).value();
    if (options_.trusted_host && !(*options_.trusted_host == *host_)) {
      return defect("audit.wrong_host", "transaction 0 names another host key than the trusted one",
                    {name, record.offsets[0], 0, tx->id_hex()});
    }
    return true;
  }

  Result<bool> check_heads(std::uint64_t chunk) {
    for (const ChunkFile& file : listing_.heads) {
      if (file.first_index != chunk) continue;
      const std::string name = file.path.filename().string();
      if (!host_) return defect("audit.head", "signed heads beside an empty ledger", {name});
      QC_ASSIGN(const HeadsFile heads, read_heads(file.path, *host_, chain_));
      if (!heads.defect.empty()) {
        return defect("audit.head", heads.defect, {name, heads.defect_offset});
      }
      if (!heads.torn.empty()) {
        return defect("audit.torn_tail", "the last line is incomplete",
                      {name, heads.complete_bytes});
      }
      for (const StoredHead& stored : heads.heads) {
        if (!check_head(stored, name)) return false;
      }
      progress(size_of(file));
    }
    return true;
  }

  bool check_head(const StoredHead& stored, const std::string& name) {
    const proof::TreeHead& head = stored.head;
    if (head.size > position_.size) {
      return defect("audit.head",
                    "the ledger is shorter than a signed head: " + std::to_string(position_.size) +
                        " of " + std::to_string(head.size) + " transactions",
                    {name, stored.offset});
    }
    const auto border = borders_.find(head.size);
    if (border == borders_.end()) {
      return defect("audit.head", "a signed head of a size at which no batch of this chunk ends",
                    {name, stored.offset});
    }
    if (!agrees(head, border->second)) {
      return defect("audit.head", "a signed head differs from the ledger at that size",
                    {name, stored.offset});
    }
    return true;
  }

  static bool agrees(const proof::TreeHead& head, const Position& position) {
    return head.log_root == position.log_root && head.subject_root == position.subject_root &&
           head.time_ms == position.time_ms;
  }

  void remember_trusted_border() {
    if (options_.trusted_head.empty() || trusted_border_) return;
    if (!trusted_) {
      auto head =
          proof::open_head(options_.trusted_head, options_.trusted_host.value_or(*host_), chain_);
      if (!head) {
        trusted_error_ = head.error().message;
        return;
      }
      trusted_ = std::move(head).value();
    }
    if (position_.size == trusted_->size) trusted_border_ = position_;
  }

  bool check_trusted_head() {
    if (options_.trusted_head.empty()) return true;
    const std::string name =
        listing_.chunks.empty() ? chunk_name(0) : listing_.chunks.back().path.filename().string();
    if (!trusted_error_.empty()) {
      return defect("audit.head", "the trusted head is not this ledger's: " + trusted_error_,
                    {name});
    }
    if (!trusted_ || trusted_->size > position_.size) {
      return defect("audit.head", "the ledger is shorter than the trusted head", {name});
    }
    if (!trusted_border_ || !agrees(*trusted_, *trusted_border_)) {
      return defect("audit.head", "the ledger does not extend the trusted head", {name});
    }
    return true;
  }

  void progress(std::uint64_t bytes) {
    done_bytes_ += bytes;
    if (options_.progress) options_.progress(done_bytes_, total_bytes_);
  }

  const AuditOptions& options_;
  ChunkListing listing_;
  ScratchStore store_;
  AuditReport report_;
  Position position_ = initial_position();
  std::string chain_;
  std::optional<crypto::PublicKey> host_;
  std::map<std::uint64_t, Position> borders_;  ///< of the chunk in hand, by size
  std::set<std::uint64_t> chunks_seen_;        ///< chunks seen
  std::optional<proof::TreeHead> trusted_;
  std::optional<Position> trusted_border_;
  std::string trusted_error_;
  std::uint64_t done_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace

Result<AuditReport> audit_ledger(const AuditOptions& options) {
  const auto folder = options.directory / "chunks";
  QC_ASSIGN(ChunkListing listing, list_chunks(folder));
  if (listing.chunks.empty() && listing.heads.empty() && listing.unknown.empty()) {
    return not_found("audit.no_ledger", "the folder holds no ledger");
  }
  std::uint64_t bytes = 0;
  for (const ChunkFile& file : listing.chunks) {
    std::error_code error;
    bytes += std::filesystem::file_size(file.path, error);
    if (error) return unavailable("audit.io", "cannot read " + file.path.filename().string());
  }
  QC_ASSIGN(ScratchStore store, ScratchStore::make(bytes));
  return Audit(options, std::move(listing), std::move(store)).run();
}

}  // namespace qc::chain
