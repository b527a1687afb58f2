// Snapshots that a running host makes by itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "host/chain/ledger.hpp"

namespace qc::chain {

struct SnapshotPlan {
  std::filesystem::path ledger;  ///< its folder
  std::filesystem::path folder;  ///< for the snapshots: one folder each, named by the ledger's size
  std::uint64_t every = 0;       ///< transactions from one to the next, at least
  std::size_t keep = 2;          ///< older ones are removed
};

/// Makes a snapshot (write_snapshot()) whenever the ledger has grown by so much, on a thread of its
/// own that has little to say against others. One that fails is a warning in the log; the next
/// comes when it is due. Thread contract: made and destroyed by one thread; `ledger` must outlive
/// it.
class SnapshotKeeper {
 public:
  SnapshotKeeper(Ledger& ledger, SnapshotPlan plan);
  /// Ends one that is under way.
  ~SnapshotKeeper();
  SnapshotKeeper(const SnapshotKeeper&) = delete;
  SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;

 private:
  void run();
  void make(std::uint64_t size);
  void remove_old() const;

  Ledger& ledger_;
  const SnapshotPlan plan_;
  std::uint64_t last_ = 0;  ///< the thread's: size at the last one
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopping_;
  std::thread thread_;
};

}  // namespace qc::chain
