// Filter, order, selection and copying of a table's rows, without any drawing.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gui/console/model/format.hpp"

namespace qc::console {

/// A cell by which rows are ordered: numbers by value, texts by bytes.
struct SortKey {
  std::uint64_t number = 0;
  std::string text;
};

/// The rows of a table over an immutable vector of T. Thread contract: one thread.
template <typename T>
class TableModel {
 public:
  using Data = std::shared_ptr<const std::vector<T>>;
  virtual ~TableModel() = default;

  /// Identifies a row across refreshes.
  virtual std::string key(const T& row) const = 0;
  /// As shown, in the order of the columns.
  virtual std::vector<std::string> cells(const T& row, Lang lang) const = 0;
  virtual SortKey sort_key(const T& row, int column, Lang lang) const = 0;
  virtual std::vector<std::string> headings(Lang lang) const = 0;

  void set_filter(std::string text) {
    filter_ = std::move(text);
    stale_ = true;
  }
  const std::string& filter() const { return filter_; }
  void sort_by(int column, bool ascending) {
    if (column == column_ && ascending == ascending_) return;
    column_ = column;
    ascending_ = ascending;
    stale_ = true;
  }
  int sort_column() const { return column_; }
  bool ascending() const { return ascending_; }
  /// Forces the rows to be worked out anew (names that cells show have changed).
  void invalidate() { stale_ = true; }

  /// The rows to show, in order. Worked out only when data, language, filter or order changed.
  const std::vector<const T*>& rows(const Data& data, Lang lang) {
    if (!stale_ && data == data_ && lang == lang_) return rows_;
    data_ = data;
    lang_ = lang;
    stale_ = false;
    rows_.clear();
    if (!data_) return rows_;
    const std::string needle = folded(filter_);
    for (const T& row : *data_) {
      if (passes(row) && (needle.empty() || matches(row, needle))) rows_.push_back(&row);
    }
    order();
    return rows_;
  }

  const std::string& selected() const { return selected_; }
  void select(std::string row_key) { selected_ = std::move(row_key); }
  /// The selected row among all data (also when the filter hides it), or null.
  const T* selection() const {
    if (!data_ || selected_.empty()) return nullptr;
    for (const T& row : *data_) {
      if (key(row) == selected_) return &row;
    }
    return nullptr;
  }
  /// Moves the selection within the shown rows; from nothing it starts at the first (or last).
  void move(int delta) {
    if (rows_.empty()) return;
    const int at = selected_row();
    const int last = static_cast<int>(rows_.size()) - 1;
    int to = at < 0 ? (delta > 0 ? 0 : last) : at + delta;
    to = std::clamp(to, 0, last);
    selected_ = key(*rows_[static_cast<std::size_t>(to)]);
  }
  /// Position among the shown rows, -1 when none.
  int selected_row() const {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (key(*rows_[i]) == selected_) return static_cast<int>(i);
    }
    return -1;
  }

  std::string row_tsv(const T& row, Lang lang) const { return tsv_row(cells(row, lang)); }
  /// Headings and the shown rows.
  std::string table_tsv(Lang lang) const {
    std::string out = tsv_row(headings(lang));
    for (const T* row : rows_) out += row_tsv(*row, lang);
    return out;
  }

 protected:
  /// A further filter of the table (by kind, say).
  virtual bool passes(const T&) const { return true; }
  /// What the filter text is looked for in, beyond the cells.
  virtual std::string extra_text(const T&) const { return {}; }

 private:
  bool matches(const T& row, const std::string& needle) const {
    for (const std::string& cell : cells(row, lang_)) {
      if (folded(cell).find(needle) != std::string::npos) return true;
    }
    return folded(extra_text(row)).find(needle) != std::string::npos;
  }
  void order() {
    if (column_ < 0) return;
    std::vector<std::pair<SortKey, const T*>> keyed;
    keyed.reserve(rows_.size());
    for (const T* row : rows_) keyed.emplace_back(sort_key(*row, column_, lang_), row);
    std::stable_sort(keyed.begin(), keyed.end(), [this](const auto& a, const auto& b) {
      const auto left = std::tie(a.first.number, a.first.text);
      const auto right = std::tie(b.first.number, b.first.text);
      return ascending_ ? left < right : right < left;
    });
    for (std::size_t i = 0; i < keyed.size(); ++i) rows_[i] = keyed[i].second;
  }

  Data data_;
  Lang lang_ = Lang::kZh;
  bool stale_ = true;
  std::string filter_, selected_;
  int column_ = -1;
  bool ascending_ = true;
  std::vector<const T*> rows_;
};

}  // namespace qc::console
