// A store whose writes wait in memory until there are enough of them for a table.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "host/chain/kv_store.hpp"
#include "host/chain/row_buffer.hpp"

namespace qc::chain {

/// What lies below the buffers. Thread contract: take() on one thread, the rest on any.
class RowTable {
 public:
  virtual ~RowTable() = default;
  /// Every row of `rows`, all or none, durable when it returns: one for each key, in order. May
  /// wait for older rows to be put in order. Error: "ledger.io".
  virtual Status take(RowCursor rows) = 0;
  /// What was taken up to now.
  virtual std::shared_ptr<const KvReader> snapshot() const = 0;
  virtual std::string failure() const = 0;
};

/// Two buffers at most: one that is written to, and one that a thread of its own hands to the
/// table; whoever fills the first meanwhile waits. After a crash the table has a prefix of the
/// batches, as every handing over is whole. Thread contract: KvStore's.
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

  const std::size_t buffer_bytes_;
  const std::unique_ptr<RowTable> table_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::shared_ptr<const View> view_;
  std::uint64_t sequence_ = 0;  ///< of the last batch written
  Status handed_over_;          ///< the first failure stays
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace qc::chain
