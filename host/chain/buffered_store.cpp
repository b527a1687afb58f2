#include "host/chain/buffered_store.hpp"

#include <algorithm>
#include <limits>

namespace qc::chain {

/// Where rows are at one time. Newer rows stand in `young`, then in `old`, then in `table`.
struct BufferedStore::View {
  std::shared_ptr<RowBuffer> young;
  std::shared_ptr<RowBuffer> old;  ///< null: none is handed over
  std::shared_ptr<const KvReader> table;
};

class BufferedStore::Snapshot final : public KvReader {
 public:
  Snapshot(std::shared_ptr<const View> view, std::uint64_t sequence)
      : view_(std::move(view)), sequence_(sequence) {}

  std::optional<std::string> get(std::string_view key) const override {
    const RowBuffer::Value* const value = buffered(key);
    return value != nullptr ? *value : view_->table->get(key);
  }

  std::vector<std::optional<std::string>> get_many(
      std::span<const std::string_view> keys) const override {
    std::vector<std::optional<std::string>> out(keys.size());
    std::vector<std::string_view> left;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (const RowBuffer::Value* const value = buffered(keys[i])) {
        out[i] = *value;
      } else {
        left.push_back(keys[i]);
        places.push_back(i);
      }
    }
    if (left.empty()) return out;
    auto found = view_->table->get_many(left);
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(found[i]);
    return out;
  }

  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    RowCursor mine(prefix, start, sequence_);
    mine.add(*view_->young);
    if (view_->old) mine.add(*view_->old);
    bool stopped = false;
    // Visits own rows below `limit`, or all that are left.
    const auto visit_mine = [&](const std::string_view* limit) {
      for (; !stopped && mine.at_row(); mine.next()) {
        if (limit != nullptr && mine.key() >= *limit) return;
        if (mine.value()) stopped = !visit(mine.key(), *mine.value());
      }
    };
    view_->table->scan(prefix, start, [&](std::string_view key, std::string_view value) {
      visit_mine(&key);
      if (stopped) return false;
      if (mine.at_row() && mine.key() == key) {  // rewritten or erased here
        if (mine.value()) stopped = !visit(key, *mine.value());
        mine.next();
      } else {
        stopped = !visit(key, value);
      }
      return !stopped;
    });
    visit_mine(nullptr);
  }

 private:
  /// Null: neither buffer says anything about the key.
  const RowBuffer::Value* buffered(std::string_view key) const {
    const RowBuffer::Value* const young = view_->young->find(key, sequence_);
    return young != nullptr || view_->old == nullptr ? young : view_->old->find(key, sequence_);
  }

  std::shared_ptr<const View> view_;
  std::uint64_t sequence_;
};

BufferedStore::BufferedStore(std::unique_ptr<RowTable> table, std::size_t buffer_bytes)
    : buffer_bytes_(buffer_bytes), table_(std::move(table)) {
  show({std::make_shared<RowBuffer>(), nullptr, table_->snapshot()});
  thread_ = std::thread([this] { run(); });
}

BufferedStore::~BufferedStore() {
  (void)flush();
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void BufferedStore::show(View view) { view_ = std::make_shared<const View>(std::move(view)); }

BufferedStore::Snapshot BufferedStore::now() const {
  const std::lock_guard lock(mutex_);
  return {view_, sequence_};
}

std::shared_ptr<const KvReader> BufferedStore::snapshot() const {
  return std::make_shared<const Snapshot>(now());
}

std::optional<std::string> BufferedStore::get(std::string_view key) const { return now().get(key); }

std::vector<std::optional<std::string>> BufferedStore::get_many(
    std::span<const std::string_view> keys) const {
  return now().get_many(keys);
}

void BufferedStore::scan(
    std::string_view prefix, std::string_view start,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  now().scan(prefix, start, visit);
}

void BufferedStore::await_table(std::unique_lock<std::mutex>& lock) {
  ++in_haste_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return view_->old == nullptr || !handed_over_; });
  --in_haste_;
}

Status BufferedStore::rotate() {
  std::unique_lock lock(mutex_);
  await_table(lock);
  QC_TRY(handed_over_);
  young_bytes_ = 0;
  show({std::make_shared<RowBuffer>(), view_->young, view_->table});
  changed_.notify_all();
  return {};
}

Status BufferedStore::write_rows(std::shared_ptr<const KvBatch> batch) {
  std::shared_ptr<const View> view;
  std::uint64_t sequence = 0;
  {
    const std::lock_guard lock(mutex_);
    QC_TRY(handed_over_);
    view = view_;
    sequence = sequence_ + 1;
  }
  if (view->young->bytes() >= buffer_bytes_) {
    QC_TRY(rotate());
    const std::lock_guard lock(mutex_);
    view = view_;
  }
  view->young->insert(std::move(batch), sequence);
  const std::lock_guard lock(mutex_);
  young_bytes_ = view->young->bytes();
  sequence_ = sequence;
  return {};
}

Status BufferedStore::flush() {
  bool empty = false;
  {
    const std::lock_guard lock(mutex_);
    empty = view_->young->bytes() == 0;
  }
  if (!empty) QC_TRY(rotate());
  std::unique_lock lock(mutex_);
  await_table(lock);
  return handed_over_;
}

void BufferedStore::keep_pace(std::chrono::steady_clock::time_point begun, double share) {
  constexpr auto kLongest = std::chrono::seconds(2);  // where nothing fills the other buffer
  constexpr auto kStep = std::chrono::milliseconds(2);
  std::unique_lock lock(mutex_);
  while (in_haste_ == 0 && !closing_) {
    const double filled =
        2 * static_cast<double>(young_bytes_) / static_cast<double>(buffer_bytes_);
    const std::chrono::duration<double> gone = std::chrono::steady_clock::now() - begun;
    if (share <= std::max(filled, gone / kLongest)) return;
    changed_.wait_for(lock, kStep);
  }
}

void BufferedStore::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || (view_->old != nullptr && handed_over_); });
    if (closing_) return;
    auto old = view_->old;
    lock.unlock();
    RowCursor rows("", "", std::numeric_limits<std::uint64_t>::max());
    rows.add(*old);
    const auto begun = std::chrono::steady_clock::now();
    const Status taken =
        table_->take(std::move(rows), [&](double share) { keep_pace(begun, share); });
    const auto table = table_->snapshot();
    lock.lock();
    if (taken) {
      show({view_->young, nullptr, table});
    } else {
      handed_over_ = taken;
    }
    changed_.notify_all();
    lock.unlock();
    old.reset();  // the last reader frees its rows, which takes a while
    lock.lock();
  }
}

}  // namespace qc::chain
