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

void Overlay::scan(const std::string& prefix, const std::string& start,
                   const std::function<bool(const std::string&, const Json&)>& visit) const {
  auto mine = writes_.lower_bound(std::max(prefix, start));
  const auto has_mine = [&] {
    return mine != writes_.end() && mine->first.compare(0, prefix.size(), prefix) == 0;
  };
  bool stopped = false;
  // Visits own keys below `limit` (all that are left when it is null).
  const auto visit_mine_below = [&](const std::string* limit) {
    for (; has_mine() && (limit == nullptr || mine->first < *limit); ++mine) {
      if (mine->second && !visit(mine->first, *mine->second)) {
        stopped = true;
        return;
      }
    }
  };
  base_.scan(prefix, start, [&](const std::string& key, const Json& value) {
    visit_mine_below(&key);
    if (stopped) return false;
    if (has_mine() && mine->first == key) {  // overwritten or erased here
      if (mine->second && !visit(key, *mine->second)) stopped = true;
      ++mine;
      return !stopped;
    }
    stopped = !visit(key, value);
    return !stopped;
  });
  if (!stopped) visit_mine_below(nullptr);
}

void Overlay::put(const std::string& key, Document value) {
  assert(value != nullptr);
  writes_.insert_or_assign(key, std::move(value));
}

void Overlay::erase(const std::string& key) { writes_.insert_or_assign(key, nullptr); }

void Overlay::merge_into(Overlay& below) && {
  assert(&base_ == static_cast<const StateReader*>(&below));
  while (!writes_.empty()) {
    auto rest = below.writes_.insert(writes_.extract(writes_.begin()));
    if (!rest.inserted) rest.position->second = std::move(rest.node.mapped());
  }
}

}  // namespace qc::chain
