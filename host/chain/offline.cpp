#include "host/chain/offline.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <system_error>

#include "host/chain/audit_window.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/merkle_frontier.hpp"
#include "host/chain/recovery.hpp"
#include "host/chain/tile_store.hpp"
#include "sdk/base/files.hpp"

namespace qc::chain {
namespace {

namespace fs = std::filesystem;

Error no_transaction() {
  return not_found("tx.not_found", "no such transaction in the ledger's files");
}

Error no_ledger_there() { return not_found("audit.no_ledger", "the folder holds no ledger"); }

Error files_corrupt(const AuditDefect& defect) {
  return internal("ledger.corrupt", defect.file + " at byte " + std::to_string(defect.offset) +
                                        ": " + defect.message);
}

/// Number of the chunk that holds the transaction, if any does.
std::optional<std::size_t> chunk_of(const ChunkListing& listing, std::uint64_t index) {
  const auto after =
      std::find_if(listing.chunks.begin(), listing.chunks.end(),
                   [index](const ChunkFile& file) { return file.first_index > index; });
  if (after == listing.chunks.begin()) return std::nullopt;
  return static_cast<std::size_t>(after - listing.chunks.begin()) - 1;
}

/// Visits the hashed windows from a chunk on, with the index of their first transaction, until the
/// visitor returns false.
template <typename Visit>
Status visit_windows(const ChunkListing& listing, std::size_t chunk, Visit visit) {
  WindowReader reader(listing, chunk);
  while (true) {
    QC_ASSIGN(const std::unique_ptr<AuditWindow> window, reader.next());
    if (window == nullptr) return {};
    check_record_hashes({&window, 1}, listing);
    hash_window(*window, listing);
    if (!window->records.empty() && !visit(*window, window->records.front().header.first_index)) {
      return {};
    }
    // The end of a chunk that is being written to is not there yet.
    if (window->defect && window->defect->code == "audit.torn_tail") return {};
    if (window->defect) return files_corrupt(*window->defect);
  }
}

struct Found {
  std::uint64_t index = 0;
  std::string text;
};

Result<Found> find_by_index(const ChunkListing& listing, std::uint64_t index) {
  const auto chunk = chunk_of(listing, index);
  if (!chunk) return no_transaction();
  std::optional<Found> found;
  QC_TRY(visit_windows(listing, *chunk, [&](const AuditWindow& window, std::uint64_t first) {
    if (index - first >= window.transactions.size()) return true;
    found = Found{index, std::string(text_in(window, index - first))};
    return false;
  }));
  if (!found) return no_transaction();
  return *found;
}

Result<Found> find_by_id(const ChunkListing& listing, const Hash32& id) {
  std::optional<Found> found;
  QC_TRY(visit_windows(listing, 0, [&](const AuditWindow& window, std::uint64_t first) {
    for (std::size_t i = 0; i < window.transactions.size(); ++i) {
      if (window.transactions[i].id != id) continue;
      found = Found{first + i, std::string(text_in(window, i))};
      return false;
    }
    return true;
  }));
  if (!found) return no_transaction();
  return *found;
}

struct SignedHead {
  std::string jws;
  proof::TreeHead head;
};

/// The newest head that the folder has; it must cover the transaction.
Result<SignedHead> newest_head(const ChunkListing& listing, const Genesis& genesis,
                               std::uint64_t index) {
  for (auto file = listing.heads.rbegin(); file != listing.heads.rend(); ++file) {
    QC_ASSIGN(const std::string bytes, read_file(file->path));
    HeadsFile heads = parse_heads(bytes, genesis.host, genesis.chain);
    if (!heads.defect.empty()) {
      return internal("ledger.corrupt", file->path.filename().string() + " at byte " +
                                            std::to_string(heads.defect_offset) + ": " +
                                            heads.defect);
    }
    if (heads.heads.empty()) continue;
    const StoredHead& newest = heads.heads.back();
    if (newest.head.size <= index) break;
    const std::string_view line = std::string_view(bytes).substr(newest.offset);
    QC_ASSIGN(const Json json, parse_json(line.substr(0, line.find('\n'))));
    return SignedHead{json.at("head").get<std::string>(), newest.head};
  }
  return not_found("prove.no_head",
                   "no signed head beside the chunks is as new as this transaction");
}

/// Hashes a path's subtrees while the leaves come by in order: the path's nodes and the leaf
/// itself cover the log without a gap.
class PathHasher {
 public:
  PathHasher(std::uint64_t index, std::uint64_t size) : index_(index) {
    // PATH of RFC 9162 section 2.1.3.1, from the root down.
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
      const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
      if (index < middle) {
        subtrees_[middle] = {end, depth_++, {}};
        end = middle;
      } else {
        subtrees_[begin] = {middle, depth_++, {}};
        begin = middle;
      }
    }
  }

  void take(std::uint64_t first, std::span<const Hash32> leaves) {
    std::uint64_t at = first;
    while (!leaves.empty()) {
      std::size_t count = 1;  // the leaf itself, or what lies beyond the log's size
      const auto after = subtrees_.upper_bound(at);
      if (at != index_ && after != subtrees_.begin() && at < std::prev(after)->second.end) {
        Subtree& subtree = std::prev(after)->second;
        count = static_cast<std::size_t>(std::min<std::uint64_t>(leaves.size(), subtree.end - at));
        subtree.hash.append(leaves.first(count));
      }
      at += count;
      leaves = leaves.subspan(count);
    }
  }

  std::vector<Hash32> path() const {
    std::vector<Hash32> path(depth_);
    for (const auto& [begin, subtree] : subtrees_) {
      path[depth_ - 1 - subtree.depth] = subtree.hash.root();
    }
    return path;
  }

 private:
  struct Subtree {
    std::uint64_t end = 0;
    std::size_t depth = 0;
    MerkleFrontier hash;
  };
  std::uint64_t index_;
  std::size_t depth_ = 0;
  std::map<std::uint64_t, Subtree> subtrees_;  ///< by first leaf
};

Result<std::vector<Hash32>> path_from_chunks(const ChunkListing& listing, std::uint64_t index,
                                             std::uint64_t size) {
  PathHasher hasher(index, size);
  QC_TRY(visit_windows(listing, 0, [&](const AuditWindow& window, std::uint64_t first) {
    std::vector<Hash32> leaves;
    for (const AuditedTx& tx : window.transactions) leaves.push_back(tx.leaf);
    hasher.take(first, leaves);
    return first + leaves.size() < size;
  }));
  return hasher.path();
}

struct Path {
  std::vector<Hash32> nodes;
  bool from_tiles = false;
};
Result<Path> find_path(const fs::path& directory, const ChunkListing& listing, std::uint64_t index,
                       std::uint64_t size) {
  if (const auto tiles = TileFiles::open(directory / "tiles"); tiles && tiles->whole() >= size) {
    QC_ASSIGN(auto nodes, merkle_inclusion(TileNodes(*tiles, size), index, size));
    return Path{std::move(nodes), true};
  }
  QC_ASSIGN(auto nodes, path_from_chunks(listing, index, size));
  return Path{std::move(nodes), false};
}

}  // namespace

Result<OfflineProof> prove_offline(const ProveOptions& options) {
  const fs::path chunks = options.directory / "chunks";
  QC_ASSIGN(const ChunkListing listing, list_chunks(chunks));
  QC_ASSIGN(const auto genesis, read_genesis(chunks));
  if (!genesis) return no_ledger_there();
  QC_ASSIGN(Found found, options.index ? find_by_index(listing, *options.index)
                                       : find_by_id(listing, options.id.value_or(Hash32{})));
  QC_ASSIGN(SignedHead head, newest_head(listing, *genesis, found.index));
  QC_ASSIGN(Path path, find_path(options.directory, listing, found.index, head.head.size));
  QC_ASSIGN(const proof::Transaction tx, proof::parse_transaction(found.text));
  OfflineProof out{genesis->chain, genesis->host, std::move(found.text), {}, path.from_tiles};
  out.receipt = {tx.id_hex(), found.index, head.head.size, std::move(path.nodes),
                 std::move(head.jws)};
  if (const auto held =
          proof::verify_receipt(out.transaction, out.receipt, genesis->host, genesis->chain);
      !held) {
    return internal("ledger.corrupt",
                    "the files do not give what their signed head says: " + held.error().message);
  }
  return out;
}

namespace {

struct Copied {
  std::uint64_t bytes = 0;
  std::uint64_t transactions = 0;
};

/// Bytes of a chunk's whole records before transaction `end`, by their headers.
Result<Copied> whole_records(const ChunkFile& file, std::uint64_t size, std::uint64_t end) {
  Copied whole;
  PartReader reader;
  while (size - whole.bytes >= kRecordHeaderBytes) {
    QC_ASSIGN(const std::string start, reader.read(file.path, whole.bytes, kRecordHeaderBytes));
    const auto header = decode_record_header(start);
    if (!header || header->first_index != file.first_index + whole.transactions) {
      return files_corrupt({"audit.framing", "not a record's header that belongs there",
                            file.path.filename().string(), whole.bytes});
    }
    if (size - whole.bytes < header->record_bytes() || header->first_index >= end) break;
    whole.bytes += header->record_bytes();
    whole.transactions += header->count;
  }
  return whole;
}

Status copy_start(const fs::path& from, const fs::path& to, std::uint64_t bytes) {
  constexpr std::uint64_t kPart = 8U << 20U;
  QC_ASSIGN(const auto out, open_append_file(to));
  PartReader reader;
  for (std::uint64_t at = 0; at < bytes; at += kPart) {
    QC_ASSIGN(const std::string part, reader.read(from, at, std::min(kPart, bytes - at)));
    QC_TRY(out->append(part));
  }
  return out->sync();
}

/// Copies the file beside a chunk, if there is one, up to its last whole line where it has lines.
Status copy_beside(const fs::path& from, const fs::path& to, bool lines) {
  std::error_code error;
  if (!fs::exists(from, error)) return {};
  QC_ASSIGN(std::string bytes, read_file(from));
  if (lines) bytes.resize(bytes.rfind('\n') == std::string::npos ? 0 : bytes.rfind('\n') + 1);
  return write_file(to, bytes, FileMode::kPublic);
}

/// What stands beside a chunk.
Status copy_besides(const fs::path& chunks, const fs::path& out, std::uint64_t chunk) {
  QC_TRY(copy_beside(chunks / heads_name(chunk), out / heads_name(chunk), true));
  QC_TRY(copy_beside(chunks / hints_name(chunk), out / hints_name(chunk), false));
  return copy_beside(chunks / witnessed_name(chunk), out / witnessed_name(chunk), true);
}

Status prepare_out(const fs::path& out) {
  std::error_code error;
  fs::create_directories(out / "chunks", error);
  if (!error && !fs::is_empty(out / "chunks", error)) {
    return conflict("export.not_empty", "the folder for the copy holds chunks already");
  }
  if (error) return unavailable("file.io", "cannot make the folder: " + error.message());
  return {};
}

}  // namespace

Result<ExportReport> export_ledger(const ExportOptions& options) {
  const fs::path chunks = options.directory / "chunks";
  QC_ASSIGN(const ChunkListing listing, list_chunks(chunks));
  if (listing.chunks.empty()) return no_ledger_there();
  const auto first = chunk_of(listing, options.from);
  if (!first || (options.to && *options.to < options.from)) {
    return invalid("export.out_of_range", "the ledger's files hold no such transactions");
  }
  QC_TRY(prepare_out(options.out));
  ExportReport report;
  report.first = listing.chunks[*first].first_index;
  std::uint64_t next = report.first;
  const std::uint64_t end = options.end.value_or(std::numeric_limits<std::uint64_t>::max());
  for (std::size_t i = *first; i < listing.chunks.size(); ++i) {
    const ChunkFile& file = listing.chunks[i];
    if ((options.to && file.first_index > *options.to) || file.first_index >= end) break;
    const fs::path out = options.out / "chunks";
    // Heads and hints first: a host at work goes on with the chunk, and a head must not be ahead.
    if (!options.end) QC_TRY(copy_besides(chunks, out, file.first_index));
    std::error_code error;
    const std::uint64_t size = fs::file_size(file.path, error);
    if (error) return unavailable("ledger.io", "cannot read " + file.path.filename().string());
    QC_ASSIGN(const Copied whole, whole_records(file, size, end));
    if (whole.bytes != size && !options.end && i + 1 != listing.chunks.size()) {
      return files_corrupt({"audit.framing", "the chunk ends within a record",
                            file.path.filename().string(), whole.bytes});
    }
    QC_TRY(copy_start(file.path, out / file.path.filename(), whole.bytes));
    report.chunks += 1;
    report.bytes += whole.bytes;
    report.last_chunk = file.first_index;
    next = file.first_index + whole.transactions;
  }
  if (next <= options.from) {
    return invalid("export.out_of_range", "the ledger's files hold no such transactions");
  }
  report.last = next - 1;
  return report;
}

}  // namespace qc::chain
