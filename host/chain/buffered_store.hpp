// A store whose writes wait in memory until there are enough of them for a table.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "host/chain/kv_store.hpp"
#include "host/chain/row_buffer.hpp"

namespace qc::chain {

/// Told how much of the rows is written, 0 to 1; returns when it is time for more.
using RowPace = std::function<void(double share)>;

/// What lies below the buffers. Thread contract: take() on one thread, the rest on any.
class RowTable {
 public:
  virtual ~RowTable() = default;
  /// Every row of `rows`, all or none, durable when it returns: one for each key, in order. May
  /// wait for older rows to be put in order. Error: "ledger.io".
  virtual Status take(RowCursor rows, const RowPace& pace) = 0;
  /// What was taken up to now.
  virtual std::shared_ptr<const KvReader> snapshot() const = 0;
  virtual std::string failure() const = 0;
};

/// Two buffers at most: one that is written to, and one that a thread of its own hands to the
/// table; whoever fills the first meanwhile waits. After a crash the table has a prefix of the
/// batches, as every handing over is whole. A handing over goes on at the pace at which the other
/// buffer fills, twice as fast: as a burst, or at a low priority, it would be met by those who
/// write. Thread contract: KvStore's.
class BufferedStore final : public KvStore {
 public:
  explicit BufferedStore(std::unique_ptr<RowTable> table, std::size_t buffer_bytes);
  /// Best effort to hand over what is left: what is not is replayed from the ledger files.
  ~BufferedStore() override;
  BufferedStore(const BufferedStore&) = delete;
  BufferedStore& operator=(const BufferedStore&) = delete;

  std::optional<std::string> get(std::string_view key) const override;
  std::vector<std::optional<std::string>> get_many(
      std::span<const std::string_view> keys) const override;
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  Status write_rows(std::shared_ptr<const KvBatch> batch) override;
  std::shared_ptr<const KvReader> snapshot() const override;
  Status flush() override;
  std::string failure() const override { return table_->failure(); }

 private:
  struct View;
  class Snapshot;

  Snapshot now() const;
  /// Makes the young buffer the old one when there is none. Error: the table's.
  Status rotate();
  void show(View view);
  void run();
  /// Until nothing is handed over, or it failed. Requires the mutex.
  void await_table(std::unique_lock<std::mutex>& lock);
  /// Until so much of what is handed over since `begun` should be written.
  void keep_pace(std::chrono::steady_clock::time_point begun, double share);

  const std::size_t buffer_bytes_;
  const std::unique_ptr<RowTable> table_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::shared_ptr<const View> view_;
  std::uint64_t sequence_ = 0;  ///< of the last batch written
  Status handed_over_;          ///< the first failure stays
  std::size_t young_bytes_ = 0;
  unsigned in_haste_ = 0;  ///< who waits for a handing over
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace qc::chain
