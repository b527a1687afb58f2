#include "host/chain/snapshot_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <vector>

#include "host/chain/log.hpp"
#include "host/chain/snapshot.hpp"

namespace qc::chain {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::milliseconds kLook{500};
constexpr std::size_t kSizeDigits = 12;
constexpr int kNice = 10;

std::string size_name(std::uint64_t size) {
  std::string digits = std::to_string(size);
  if (digits.size() < kSizeDigits) digits.insert(0, kSizeDigits - digits.size(), '0');
  return digits;
}

/// Names of whole snapshots in the folder, oldest first.
std::vector<std::string> snapshots_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool number = name.find_first_not_of("0123456789") == std::string::npos;
    if (number && name.size() >= kSizeDigits) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

SnapshotKeeper::SnapshotKeeper(Ledger& ledger, SnapshotPlan plan)
    : ledger_(ledger), plan_(std::move(plan)) {
  if (const auto made = snapshots_in(plan_.folder); !made.empty()) last_ = std::stoull(made.back());
  thread_ = std::thread([this] { run(); });
}

SnapshotKeeper::~SnapshotKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

void SnapshotKeeper::run() {
  (void)setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: of this thread
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, kLook, [this] { return stop_.load(); })) {
    const std::uint64_t size = ledger_.size();
    if (size < last_ + plan_.every) continue;
    lock.unlock();
    make(size);
    lock.lock();
    last_ = size;
  }
}

void SnapshotKeeper::make(std::uint64_t size) {
  const auto made = write_snapshot(ledger_, {plan_.ledger, plan_.folder / size_name(size), &stop_});
  if (!made) {
    if (made.error().code != "snapshot.stopped") {
      log_warning("no snapshot: " + made.error().code + ": " + made.error().message);
    }
    return;
  }
  log_info("snapshot of " + std::to_string(made->size) + " transactions, state digest " +
           made->digest);
  remove_old();
}

void SnapshotKeeper::remove_old() const {
  const auto names = snapshots_in(plan_.folder);
  std::error_code error;
  for (std::size_t i = 0; i + plan_.keep < names.size(); ++i) {
    fs::remove_all(plan_.folder / names[i], error);
    if (error) log_warning("an old snapshot stays: " + error.message());
  }
}

}  // namespace qc::chain
