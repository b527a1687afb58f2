#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "host/chain/kv_store.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kBlockCacheBytes = 128U << 20U;
constexpr int kOpenTables = 1000;
constexpr std::size_t kWriteBufferBytes = 32U << 20U;

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

/// In the order of their keys, equal ones as they came: each row is then found a place close to the
/// last one's (memtable_insert_with_hint_prefix_extractor), which costs half of a search from
/// above.
std::vector<const KvBatch::value_type*> in_order(const KvBatch& batch) {
  std::vector<const KvBatch::value_type*> rows;
  rows.reserve(batch.size());
  for (const auto& row : batch) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->first < b->first; });
  return rows;
}

std::size_t encoded_bytes(const KvBatch& batch) {
  constexpr std::size_t kRowBytes = 8;  // kind and lengths
  std::size_t bytes = 64;
  for (const auto& [key, value] : batch) {
    bytes += kRowBytes + key.size() + (value ? value->size() : 0);
  }
  return bytes;
}

class RocksStore final : public KvStore {
 public:
  RocksStore(std::shared_ptr<rocksdb::DB> db, std::shared_ptr<Failure> failure)
      : db_(std::move(db)), failure_(std::move(failure)) {}
  ~RocksStore() override {
    // Best effort: what is not flushed is replayed from the ledger files at the next start.
    (void)flush();
  }
  RocksStore(const RocksStore&) = delete;
  RocksStore& operator=(const RocksStore&) = delete;

  std::optional<std::string> get(std::string_view key) const override {
    return read_key(*db_, {}, key, *failure_);
  }
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    scan_keys(*db_, {}, {prefix, start}, visit, *failure_);
  }

  Status write(const KvBatch& batch) override {
    rocksdb::WriteBatch writes(encoded_bytes(batch));
    rocksdb::Status status;
    for (const KvBatch::value_type* row : in_order(batch)) {
      const auto& [key, value] = *row;
      status = value ? writes.Put(slice(key), slice(*value)) : writes.Delete(slice(key));
      if (!status.ok()) break;
    }
    if (status.ok()) {
      rocksdb::WriteOptions options;
      options.disableWAL = true;
      status = db_->Write(options, &writes);
    }
    if (status.ok()) return {};
    failure_->set(status);
    return unavailable("ledger.io", "the state store cannot be written: " + status.ToString());
  }

  std::shared_ptr<const KvReader> snapshot() const override {
    return std::make_shared<RocksSnapshot>(db_, failure_);
  }

  Status flush() override {
    const rocksdb::Status status = db_->Flush(rocksdb::FlushOptions());
    if (status.ok()) return {};
    failure_->set(status);
    return unavailable("ledger.io", "the state store cannot be flushed: " + status.ToString());
  }

  std::string failure() const override { return failure_->text(); }

 private:
  std::shared_ptr<rocksdb::DB> db_;
  std::shared_ptr<Failure> failure_;
};

rocksdb::Options store_options(const std::shared_ptr<Failure>& failure) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_background_jobs = 2;
  // Flushes and compactions wait for a processor that nobody else needs: what they hold up is
  // theirs (writes are slowed down when they fall behind), what they would take is everybody's.
  for (const auto pool : {rocksdb::Env::Priority::LOW, rocksdb::Env::Priority::HIGH}) {
    (void)options.env->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow);
  }
  // One writer, whose batches are sorted. The first byte of a key is its family (keys.hpp).
  options.allow_concurrent_memtable_write = false;
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  // Most of what is asked for and not there, and what lies in the tables, is not searched for in
  // the buffers.
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
  // What is young is rewritten soon: compressing it costs the cores more than it saves the disk.
  options.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression,
                                   rocksdb::kSnappyCompression};
  // Neither the time to open nor memory may grow with the store: tables are opened when they are
  // read, and their indexes and filters come in parts through the cache.
  options.max_open_files = kOpenTables;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 4U << 20U;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.listeners.push_back(failure);
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.cache_index_and_filter_blocks = true;
  table.pin_top_level_index_and_filter = true;
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
  return std::unique_ptr<KvStore>(
      std::make_unique<RocksStore>(std::shared_ptr<rocksdb::DB>(raw), std::move(failure)));
}

}  // namespace qc::chain
