#include "host/chain/pending_rows.hpp"

#include <algorithm>

namespace qc::chain {

std::optional<std::string> PendingRows::get(std::string_view key) const {
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const auto it = layer->index.find(key);
    if (it != layer->index.end()) return *it->second;
  }
  return below_.get(key);
}

void PendingRows::collect(const Layer& layer, std::string_view prefix, std::string_view start,
                          Rows& out) {
  const auto& rows = *layer.rows;
  const auto rest = rows.begin() + static_cast<std::ptrdiff_t>(layer.sorted);
  // A batch's state comes first and in order; it is what rules scan, and by far the most.
  auto row =
      std::lower_bound(rows.begin(), rest, std::max(prefix, start),
                       [](const auto& one, std::string_view key) { return one.first < key; });
  for (; row != rest && row->first.starts_with(prefix); ++row) out[row->first] = &row->second;
  if (!prefix.empty() && layer.others.find(prefix.front()) == std::string::npos) return;
  for (row = rest; row != rows.end(); ++row) {
    if (row->first.starts_with(prefix) && row->first >= start) out[row->first] = &row->second;
  }
}

void PendingRows::scan(
    std::string_view prefix, std::string_view start,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  // Sorted together as they are met: scans are few, layers at most two.
  Rows mine;
  for (const Layer& layer : layers_) collect(layer, prefix, start, mine);
  auto next = mine.begin();
  bool stopped = false;
  // Visits own rows below `limit`, or all that are left.
  const auto visit_mine = [&](const std::string_view* limit) {
    for (; !stopped && next != mine.end() && (limit == nullptr || next->first < *limit); ++next) {
      if (*next->second) stopped = !visit(next->first, **next->second);
    }
  };
  below_.scan(prefix, start, [&](std::string_view key, std::string_view value) {
    visit_mine(&key);
    if (stopped) return false;
    if (next != mine.end() && next->first == key) {  // rewritten or erased here
      if (*next->second) stopped = !visit(key, **next->second);
      ++next;
    } else {
      stopped = !visit(key, value);
    }
    return !stopped;
  });
  visit_mine(nullptr);
}

void PendingRows::push(std::uint64_t batch, std::shared_ptr<const KvBatch> rows) {
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  const auto disorder = std::is_sorted_until(rows->begin(), rows->end(), by_key);
  Layer layer{batch, std::move(rows), 0, {}, {}};
  layer.sorted = static_cast<std::size_t>(disorder - layer.rows->begin());
  layer.index.reserve(layer.rows->size());
  for (std::size_t i = 0; i < layer.rows->size(); ++i) {
    const auto& [key, value] = (*layer.rows)[i];
    layer.index[key] = &value;  // a later entry wins
    if (i < layer.sorted || key.empty()) continue;
    if (layer.others.find(key.front()) == std::string::npos) layer.others.push_back(key.front());
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
