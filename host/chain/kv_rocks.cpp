#include <algorithm>
#include <chrono>
#include <fstream>
#include <mutex>
#include <numeric>
#include <thread>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include "host/chain/buffered_store.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kBlockCacheBytes = 512U << 20U;
constexpr int kOpenTables = 1000;
/// Tables that hold the same range of keys, or sets of tables side by side: a key is looked for in
/// each. From kMergeRuns on RocksDB merges, from kHurryRuns on it takes for that what it needs;
/// with fewer, its bytes are rationed, so that it is a steady share of a processor and not all of
/// one now and nothing then. At kMaxRuns who writes waits.
constexpr int kMergeRuns = 8;
constexpr std::size_t kHurryRuns = 11;
constexpr std::size_t kMaxRuns = 16;
constexpr std::int64_t kCalmBytesPerSecond = 48LL << 20U;
constexpr std::int64_t kHurryBytesPerSecond = 1LL << 30U;
constexpr std::int64_t kRationUs = 10000;
/// What is in a buffer, or in the full one before it, a start after a crash applies again: some
/// 24,000 transactions at most, 2 s where the ledger is large and nothing of it is in memory.
constexpr std::size_t kBufferBytes = 16U << 20U;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

/// Not what was written, or a file that is gone; a full disk and the like are not damage.
bool is_damage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsPathNotFound();
}

/// The first failure of a store, shared by the store, its snapshots and RocksDB's listener.
class Failure final : public rocksdb::EventListener {
 public:
  explicit Failure(std::filesystem::path directory) : directory_(std::move(directory)) {}
  void set(const rocksdb::Status& status) {
    const std::lock_guard lock(mutex_);
    if (text_.empty()) text_ = status.ToString();
    if (is_damage(status)) mark(status.ToString());
  }
  /// A block that is read once in a year must not be found damaged only once.
  void mark(const std::string& why) const {
    std::ofstream(directory_ / kDamageMark) << why << "\n";
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    text_.clear();
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    set(*error);
  }
  void OnErrorRecoveryCompleted(rocksdb::Status) override { clear(); }

 private:
  const std::filesystem::path directory_;
  mutable std::mutex mutex_;
  std::string text_;
};

std::optional<std::string> read_key(rocksdb::DB& db, const rocksdb::ReadOptions& options,
                                    std::string_view key, Failure& failure) {
  std::string value;
  const rocksdb::Status status = db.Get(options, slice(key), &value);
  if (status.ok()) return value;
  if (!status.IsNotFound()) failure.set(status);
  return std::nullopt;
}

/// RocksDB looks into each table once for all of them, and its filters are fetched together.
std::vector<std::optional<std::string>> read_keys(rocksdb::DB& db,
                                                  const rocksdb::ReadOptions& options,
                                                  std::span<const std::string_view> keys,
                                                  Failure& failure) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [keys](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (const std::size_t place : order) slices.push_back(slice(keys[place]));
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  constexpr bool kSorted = true;
  db.MultiGet(options, db.DefaultColumnFamily(), slices.size(), slices.data(), values.data(),
              statuses.data(), kSorted);
  std::vector<std::optional<std::string>> out(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (statuses[i].ok()) {
      out[order[i]] = values[i].ToString();
    } else if (!statuses[i].IsNotFound()) {
      failure.set(statuses[i]);
    }
  }
  return out;
}

void scan_keys(rocksdb::DB& db, const rocksdb::ReadOptions& options,
               std::pair<std::string_view, std::string_view> prefix_and_start,
               const std::function<bool(std::string_view, std::string_view)>& visit,
               Failure& failure) {
  const auto [prefix, start] = prefix_and_start;
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(options));
  it->Seek(slice(start.empty() || start < prefix ? prefix : start));
  for (; it->Valid() && it->key().starts_with(slice(prefix)); it->Next()) {
    if (!visit(view(it->key()), view(it->value()))) return;
  }
  if (!it->status().ok()) failure.set(it->status());
}

class RocksSnapshot final : public KvReader {
 public:
  RocksSnapshot(std::shared_ptr<rocksdb::DB> db, std::shared_ptr<Failure> failure)
      : db_(std::move(db)), failure_(std::move(failure)), snapshot_(db_->GetSnapshot()) {
    options_.snapshot = snapshot_;
  }
  ~RocksSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  RocksSnapshot(const RocksSnapshot&) = delete;
  RocksSnapshot& operator=(const RocksSnapshot&) = delete;

  std::optional<std::string> get(std::string_view key) const override {
    return read_key(*db_, options_, key, *failure_);
  }
  std::vector<std::optional<std::string>> get_many(
      std::span<const std::string_view> keys) const override {
    return read_keys(*db_, options_, keys, *failure_);
  }
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    scan_keys(*db_, options_, {prefix, start}, visit, *failure_);
  }

 private:
  std::shared_ptr<rocksdb::DB> db_;
  std::shared_ptr<Failure> failure_;
  const rocksdb::Snapshot* snapshot_;
  rocksdb::ReadOptions options_;
};

/// The rows as a file beside RocksDB's own, which it then takes for its own: nothing goes through
/// its memory tables, whose order costs more than the rows are worth.
class RocksTable final : public RowTable {
 public:
  RocksTable(std::shared_ptr<rocksdb::DB> db, std::shared_ptr<Failure> failure,
             const std::filesystem::path& directory)
      : db_(std::move(db)),
        failure_(std::move(failure)),
        limiter_(db_->GetDBOptions().rate_limiter),
        next_((directory / "next").string()) {}

  Status take(RowCursor rows, const RowPace& pace) override {
    await_compaction();
    rocksdb::Status status = write(rows, pace);
    if (status.ok() && written_ != 0) {
      rocksdb::IngestExternalFileOptions options;
      options.move_files = true;
      options.write_global_seqno = false;  // the list of files has it
      status = db_->IngestExternalFile({next_}, options);
    }
    if (status.ok()) return {};
    failure_->set(status);
    return unavailable("ledger.io", "the state store cannot be written: " + status.ToString());
  }

  std::shared_ptr<const KvReader> snapshot() const override {
    return std::make_shared<RocksSnapshot>(db_, failure_);
  }

  std::string failure() const override { return failure_->text(); }

 private:
  /// Each table of level 0 is one, and so is each level below. Not those that are being merged: a
  /// merge of the oldest takes a minute, and who writes is not kept for that.
  std::size_t runs() const {
    rocksdb::ColumnFamilyMetaData all;
    db_->GetColumnFamilyMetaData(&all);
    std::size_t out = 0;
    for (const auto& level : all.levels) {
      const auto waiting = static_cast<std::size_t>(
          std::count_if(level.files.begin(), level.files.end(),
                        [](const auto& file) { return !file.being_compacted; }));
      out += level.level == 0 ? waiting : std::min<std::size_t>(waiting, 1);
    }
    return out;
  }

  void await_compaction() const {
    std::size_t now = runs();
    limiter_->SetBytesPerSecond(now < kHurryRuns ? kCalmBytesPerSecond : kHurryBytesPerSecond);
    for (; failure_->text().empty() && now >= kMaxRuns; now = runs()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  /// `written_`: how many rows.
  rocksdb::Status write(RowCursor& rows, const RowPace& pace) {
    constexpr std::uint64_t kAtOnce = 256;
    written_ = 0;
    rocksdb::Options options = db_->GetOptions();
    options.compression_per_level.clear();
    options.compression = rocksdb::kNoCompression;  // as of level 0
    // Left in the page cache: what was written last is asked for first.
    constexpr bool kInvalidatePageCache = false;
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options, nullptr, kInvalidatePageCache);
    rocksdb::Status status = writer.Open(next_);
    for (; status.ok() && rows.at_row(); rows.next()) {
      const auto& value = rows.value();
      status =
          value ? writer.Put(slice(rows.key()), slice(*value)) : writer.Delete(slice(rows.key()));
      if (++written_ % kAtOnce == 0) {
        pace(static_cast<double>(written_) / static_cast<double>(rows.nodes()));
      }
    }
    if (status.ok() && written_ != 0) status = writer.Finish();
    return status;
  }

  std::shared_ptr<rocksdb::DB> db_;
  std::shared_ptr<Failure> failure_;
  std::shared_ptr<rocksdb::RateLimiter> limiter_;
  const std::string next_;
  std::uint64_t written_ = 0;
};

rocksdb::Options store_options(const std::shared_ptr<Failure>& failure) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  // Runs of like size are merged, so that a row is rewritten a few times in all: merged into levels
  // of ten times the size each it was three times as often, beside more runs to look through.
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.level0_file_num_compaction_trigger = kMergeRuns;
  options.compaction_options_universal.size_ratio = 20;      // percent that are still alike
  options.compaction_options_universal.min_merge_width = 3;  // of two, rows would go up singly
  options.compaction_options_universal.max_size_amplification_percent = 300;
  options.max_background_jobs = 4;  // a long merge of old runs keeps no young ones waiting
  options.rate_limiter.reset(rocksdb::NewGenericRateLimiter(kCalmBytesPerSecond, kRationUs));
  // What is young is rewritten soon: compressing it costs the cores more than it saves the disk.
  options.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression,
                                   rocksdb::kSnappyCompression};
  // The time to open may not grow with the store: tables are opened when they are read. Index and
  // filter of an open table stay in memory, 2 MiB for 64: a key is looked for in every table that
  // may have it, and to find their parts in the cache took longer than to look into them.
  options.max_open_files = kOpenTables;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 4U << 20U;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.listeners.push_back(failure);
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = false;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// The state is derived: the remedy is always the same.
Error damaged_store(const std::string& why) {
  return unavailable("ledger.io", "the state store cannot be opened (" + why +
                                      "); it is rebuilt from the ledger files when the folder "
                                      "state/ is removed");
}

}  // namespace

Result<std::unique_ptr<KvStore>> open_rocks(const std::filesystem::path& directory) {
  return open_rocks_sized(directory, kBufferBytes);
}

Result<std::unique_ptr<KvStore>> open_rocks_sized(const std::filesystem::path& directory,
                                                  std::size_t buffer_bytes) {
  auto failure = std::make_shared<Failure>(directory);
  if (std::ifstream mark(directory / kDamageMark); mark) {
    std::string why;
    std::getline(mark, why);
    return damaged_store(why);
  }
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(store_options(failure), directory.string(), &raw);
  if (!status.ok()) {
    // "block checksum mismatch" has the word in it too.
    if (!is_damage(status) && status.ToString().find("lock") != std::string::npos) {
      return unavailable("ledger.locked", "another process uses this ledger");
    }
    if (is_damage(status) || status.IsInvalidArgument()) failure->mark(status.ToString());
    return damaged_store(status.ToString());
  }
  auto table = std::make_unique<RocksTable>(std::shared_ptr<rocksdb::DB>(raw), std::move(failure),
                                            directory);
  return std::unique_ptr<KvStore>(std::make_unique<BufferedStore>(std::move(table), buffer_bytes));
}

}  // namespace qc::chain
