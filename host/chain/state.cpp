#include "host/chain/state.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace qc::chain {

std::size_t memory_of(const Json& value) {
  constexpr std::size_t kNode = 96;
  std::size_t sum = sizeof(Json);
  if (value.is_string()) return sum + 48 + value.get_ref<const std::string&>().size();
  if (value.is_object()) {
    const auto& members = value.get_ref<const Json::object_t&>();
    for (const auto& [name, member] : members) sum += kNode + memory_of(member);
  } else if (value.is_array()) {
    for (const Json& element : value) sum += memory_of(element);
  }
  return sum;
}

std::optional<Json> StateReader::get(const std::string& key) const {
  const Document found = find(key);
  if (found == nullptr) return std::nullopt;
  return *found;
}

Document Overlay::find(const std::string& key) const {
  const auto it = writes_.find(key);
  return it == writes_.end() ? base_.find(key) : it->second;
}

std::optional<Json> Overlay::get(const std::string& key) const {
  const auto it = writes_.find(key);
  if (it == writes_.end()) return base_.get(key);
  return it->second ? std::optional<Json>(*it->second) : std::nullopt;
}

void Overlay::scan(const std::string& prefix, const std::string& start,
                   const std::function<bool(const std::string&, const Json&)>& visit) const {
  const auto& rows = writes_in_order();
  auto mine =
      std::lower_bound(rows.begin(), rows.end(), std::max(prefix, start),
                       [](const auto* row, const std::string& key) { return row->first < key; });
  const auto has_mine = [&] { return mine != rows.end() && (*mine)->first.starts_with(prefix); };
  bool stopped = false;
  // Visits own keys below `limit` (all that are left when it is null).
  const auto visit_mine_below = [&](const std::string* limit) {
    for (; has_mine() && (limit == nullptr || (*mine)->first < *limit); ++mine) {
      if ((*mine)->second && !visit((*mine)->first, *(*mine)->second)) {
        stopped = true;
        return;
      }
    }
  };
  base_.scan(prefix, start, [&](const std::string& key, const Json& value) {
    visit_mine_below(&key);
    if (stopped) return false;
    if (has_mine() && (*mine)->first == key) {  // overwritten or erased here
      if ((*mine)->second && !visit(key, *(*mine)->second)) stopped = true;
      ++mine;
      return !stopped;
    }
    stopped = !visit(key, value);
    return !stopped;
  });
  if (!stopped) visit_mine_below(nullptr);
}

const std::vector<const Overlay::Writes::value_type*>& Overlay::writes_in_order() const {
  if (unordered_.empty()) return in_order_;
  const auto before = [](const auto* a, const auto* b) { return a->first < b->first; };
  constexpr std::size_t kFew = 16;  // into many: moving pointers is cheaper than comparing keys
  if (unordered_.size() <= kFew) {
    for (const auto* row : unordered_) {
      in_order_.insert(std::upper_bound(in_order_.begin(), in_order_.end(), row, before), row);
    }
    unordered_.clear();
    return in_order_;
  }
  std::sort(unordered_.begin(), unordered_.end(), before);
  const auto middle = static_cast<std::ptrdiff_t>(in_order_.size());
  in_order_.insert(in_order_.end(), unordered_.begin(), unordered_.end());
  std::inplace_merge(in_order_.begin(), in_order_.begin() + middle, in_order_.end(), before);
  unordered_.clear();
  return in_order_;
}

void Overlay::put(const std::string& key, Document value) {
  assert(value != nullptr);
  const auto [it, is_new] = writes_.insert_or_assign(key, std::move(value));
  if (is_new) unordered_.push_back(&*it);
}

void Overlay::erase(const std::string& key) {
  const auto [it, is_new] = writes_.insert_or_assign(key, nullptr);
  if (is_new) unordered_.push_back(&*it);
}

void Overlay::merge_into(Overlay& below) && {
  assert(&base_ == static_cast<const StateReader*>(&below));
  in_order_.clear();
  unordered_.clear();
  while (!writes_.empty()) {
    auto rest = below.writes_.insert(writes_.extract(writes_.begin()));
    if (rest.inserted) {
      below.unordered_.push_back(&*rest.position);
    } else {
      rest.position->second = std::move(rest.node.mapped());
    }
  }
}

}  // namespace qc::chain
