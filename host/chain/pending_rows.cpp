#include "host/chain/pending_rows.hpp"

#include <algorithm>

namespace qc::chain {
namespace {

constexpr char kStateFamily = 's';  // keys.hpp

bool by_key(const KvBatch::value_type* a, const KvBatch::value_type* b) {
  return a->first < b->first;
}

}  // namespace

std::optional<std::string> PendingRows::get(std::string_view key) const {
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const auto it = layer->index.find(key);
    if (it != layer->index.end()) return it->second->second;
  }
  return below_.get(key);
}

/// The layers' rows of one family in order, a newer layer's before an older one's, met one by one:
/// a scan that ends early costs little, however much is pending.
class PendingRows::InOrder {
 public:
  InOrder(const std::deque<Layer>& layers, std::string_view prefix, std::string_view start)
      : prefix_(prefix), start_(start) {
    for (const Layer& layer : layers) add(layer);
  }
  /// Nullptr at the end.
  const Row* peek() const {
    const Row* first = nullptr;
    for (const Part& part : parts_) {  // oldest first: of equal keys the newest stays
      if (part.at != part.end && (first == nullptr || (*part.at)->first <= first->first)) {
        first = *part.at;
      }
    }
    return first;
  }
  /// Past the row that peek() shows, in every layer.
  void next() {
    const std::string_view key = peek()->first;
    for (Part& part : parts_) {
      while (part.at != part.end && (*part.at)->first == key) ++part.at;
      settle(part);
    }
  }

 private:
  struct Part {
    std::vector<const Row*>::const_iterator at, end;
  };
  void add(const Layer& layer) {
    const bool of_state = prefix_.starts_with(kStateFamily);
    const auto& rows = of_state ? layer.state : sorted(layer);
    const auto at = std::lower_bound(
        rows.begin(), rows.end(), std::max(prefix_, start_),
        [](const Row* row, std::string_view key) { return std::string_view(row->first) < key; });
    parts_.push_back({at, rows.end()});
    settle(parts_.back());
  }
  /// All rows in order. Rules scan the state alone, so that this is not made beforehand.
  const std::vector<const Row*>& sorted(const Layer& layer) {
    auto& rows = own_.emplace_back();
    for (const Row& row : *layer.rows) rows.push_back(&row);
    std::sort(rows.begin(), rows.end(), by_key);
    return rows;
  }
  /// Ends the part where the family ends.
  void settle(Part& part) const {
    if (part.at != part.end && !(*part.at)->first.starts_with(prefix_)) part.at = part.end;
  }

  const std::string_view prefix_;
  const std::string_view start_;
  std::vector<Part> parts_;
  std::deque<std::vector<const Row*>> own_;
};

void PendingRows::scan(
    std::string_view prefix, std::string_view start,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  InOrder mine(layers_, prefix, start);
  bool stopped = false;
  // Visits own rows below `limit`, or all that are left.
  const auto visit_mine = [&](const std::string_view* limit) {
    for (const Row* row = mine.peek(); !stopped && row != nullptr; row = mine.peek()) {
      if (limit != nullptr && row->first >= *limit) return;
      if (row->second) stopped = !visit(row->first, *row->second);
      mine.next();
    }
  };
  below_.scan(prefix, start, [&](std::string_view key, std::string_view value) {
    visit_mine(&key);
    if (stopped) return false;
    const Row* const row = mine.peek();
    if (row != nullptr && row->first == key) {  // rewritten or erased here
      if (row->second) stopped = !visit(key, *row->second);
      mine.next();
    } else {
      stopped = !visit(key, value);
    }
    return !stopped;
  });
  visit_mine(nullptr);
}

void PendingRows::push(std::uint64_t batch, std::shared_ptr<const KvBatch> rows) {
  Layer layer{batch, std::move(rows), {}, {}};
  layer.index.reserve(layer.rows->size());
  for (const Row& row : *layer.rows) {
    layer.index[row.first] = &row;
    if (row.first.starts_with(kStateFamily)) layer.state.push_back(&row);
  }
  // As write_state() gives them; sorting what is in order already would cost as much as the batch.
  if (!std::is_sorted(layer.state.begin(), layer.state.end(), by_key)) {
    std::sort(layer.state.begin(), layer.state.end(), by_key);
  }
  layers_.push_back(std::move(layer));
}

std::shared_ptr<const KvBatch> PendingRows::pop(std::uint64_t batches) {
  if (layers_.empty() || layers_.front().batch >= batches) return nullptr;
  auto rows = std::move(layers_.front().rows);
  layers_.pop_front();
  return rows;
}

}  // namespace qc::chain
