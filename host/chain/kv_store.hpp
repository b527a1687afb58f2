// Ordered keys and values below the state: RocksDB in the host, a map for small offline checks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::chain {

/// Read side. Keys are bytes, ordered as unsigned.
class KvReader {
 public:
  virtual ~KvReader() = default;
  /// Nullopt when absent, and also when the store cannot be read: see KvStore::failure().
  virtual std::optional<std::string> get(std::string_view key) const = 0;
  /// get() of each, in their order; one may stand there twice. Where a table is looked into for all
  /// of them at once, many together cost half of what they cost one by one.
  virtual std::vector<std::optional<std::string>> get_many(
      std::span<const std::string_view> keys) const {
    std::vector<std::optional<std::string>> out;
    out.reserve(keys.size());
    for (const std::string_view key : keys) out.push_back(get(key));
    return out;
  }
  /// Visits keys that begin with `prefix`, in order, from `start` on (or from the first when
  /// `start` is empty), until the visitor returns false.
  virtual void scan(
      std::string_view prefix, std::string_view start,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
};

/// Puts and (nullopt) erasures, applied together or not at all. A later entry wins.
using KvBatch = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// Thread contract: one writer; readers and snapshots on any thread.
class KvStore : public KvReader {
 public:
  /// Atomic. Durable after flush() or close only: the ledger files are the write-ahead log, and
  /// after a crash the store holds a prefix of the batches. Error: "ledger.io".
  virtual Status write_rows(std::shared_ptr<const KvBatch> batch) = 0;
  Status write(KvBatch batch) {
    return write_rows(std::make_shared<const KvBatch>(std::move(batch)));
  }
  /// What was applied up to now; stays readable while later batches are written.
  virtual std::shared_ptr<const KvReader> snapshot() const = 0;
  virtual Status flush() = 0;
  /// First failed read or background write, or "". Once set, what is read cannot be trusted.
  virtual std::string failure() const = 0;
};

/// File in a store's folder that says that a block, or the list of files, is not what was written:
/// the reason, as text.
inline constexpr const char* kDamageMark = "DAMAGED";
/// Opens or creates; what grows with the store is read when it is needed. Errors: "ledger.io",
/// "ledger.locked" (another process has it). Damage, found now or while it is read, leaves
/// kDamageMark, with which the store does not open again: the error is "ledger.io" too.
Result<std::unique_ptr<KvStore>> open_rocks(const std::filesystem::path& directory);
/// `buffer_bytes`: half of what waits in memory at most; 16 MiB above.
Result<std::unique_ptr<KvStore>> open_rocks_sized(const std::filesystem::path& directory,
                                                  std::size_t buffer_bytes);
/// Never fails; everything in memory; snapshots are views of the live store (one thread only).
std::unique_ptr<KvStore> open_memory();

}  // namespace qc::chain
