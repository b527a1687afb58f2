#include "host/chain/replay_lists.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace qc::chain {
namespace {

// A row: place of the row before it in its list, + 1 (5 bytes), whether it is there (1), length of
// the identifier (1), the identifier.
constexpr std::size_t kRefBytes = 5;
constexpr std::size_t kRowHead = kRefBytes + 2;
constexpr std::size_t kMostIdBytes = 255;
constexpr std::size_t kFirstListPlaces = 64;

std::size_t hash_of_list(std::string_view name) { return std::hash<std::string_view>()(name); }

/// Up to and with the last slash.
std::string_view list_of(std::string_view key) { return key.substr(0, key.rfind('/') + 1); }

}  // namespace

bool ReplayLists::takes(std::string_view key, const Json& value) {
  // An identifier holds no slash, so the last one ends the list's name, and rows in the order of
  // lists and then of identifiers are in the order of keys: names of three parts do not begin with
  // one another.
  return value == true && key.starts_with(kFamily) &&
         std::count(key.begin(), key.end(), '/') == 3 &&
         key.size() - list_of(key).size() <= kMostIdBytes;
}

ReplayLists::Row ReplayLists::row_at(Ref ref) const {
  const char* const at = &pieces_[(ref - 1) / kPieceBytes][(ref - 1) % kPieceBytes];
  Row row;
  std::memcpy(&row.before, at, kRefBytes);
  row.there = at[kRefBytes] != 0;
  row.id = {at + kRowHead, static_cast<std::uint8_t>(at[kRefBytes + 1])};
  return row;
}

std::size_t ReplayLists::place_of(std::string_view name) const {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash_of_list(name) & mask;
  while (places_[at] != 0 && lists_[places_[at] - 1].name != name) at = (at + 1) & mask;
  return at;
}

void ReplayLists::grow() {
  places_.assign(std::max(kFirstListPlaces, 2 * places_.size()), 0);
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    places_[place_of(lists_[i].name)] = static_cast<std::uint32_t>(i + 1);
  }
}

void ReplayLists::append(std::string_view key, bool there) {
  if (4 * (lists_.size() + 1) > 3 * places_.size()) grow();
  const std::string_view name = list_of(key);
  std::uint32_t& place = places_[place_of(name)];
  if (place == 0) {
    lists_.push_back({std::string(name), 0});
    place = static_cast<std::uint32_t>(lists_.size());
    name_bytes_ += name.size();
  }
  List& list = lists_[place - 1];
  const std::string_view id = key.substr(name.size());
  if (pieces_.empty() || pieces_.back().size() + kRowHead + id.size() > kPieceBytes) {
    pieces_.emplace_back().reserve(kPieceBytes);
  }
  std::vector<char>& piece = pieces_.back();
  const Ref ref = (pieces_.size() - 1) * kPieceBytes + piece.size() + 1;
  const char* const before = reinterpret_cast<const char*>(&list.last);
  piece.insert(piece.end(), before, before + kRefBytes);
  piece.push_back(there ? 1 : 0);
  piece.push_back(static_cast<char>(id.size()));
  piece.insert(piece.end(), id.begin(), id.end());
  list.last = ref;
}

void ReplayLists::put(std::string_view key) { append(key, true); }

void ReplayLists::erase(std::string_view key) {
  if (contains(key)) append(key, false);
}

bool ReplayLists::contains(std::string_view key) const {
  if (lists_.empty()) return false;
  const std::string_view name = list_of(key);
  const std::uint32_t place = places_[place_of(name)];
  if (place == 0) return false;
  const std::string_view id = key.substr(name.size());
  for (Ref at = lists_[place - 1].last; at != 0;) {
    const Row row = row_at(at);
    if (row.id == id) return row.there;
    at = row.before;
  }
  return false;
}

std::vector<std::string_view> ReplayLists::ids_of(const List& list) const {
  std::vector<std::string_view> ids;
  std::unordered_set<std::string_view> seen;  // the newest row of an identifier counts
  for (Ref at = list.last; at != 0;) {
    const Row row = row_at(at);
    if (seen.insert(row.id).second && row.there) ids.push_back(row.id);
    at = row.before;
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool ReplayLists::scan(std::string_view prefix, std::string_view start, const Visit& visit) const {
  std::vector<const List*> lists;
  const std::string_view name = list_of(prefix);
  if (std::count(name.begin(), name.end(), '/') == 3) {
    const std::uint32_t place = lists_.empty() ? 0 : places_[place_of(name)];
    if (place != 0) lists.push_back(&lists_[place - 1]);
  } else {
    for (const List& list : lists_) {
      if (list.name.starts_with(prefix)) lists.push_back(&list);
    }
    std::sort(lists.begin(), lists.end(),
              [](const List* a, const List* b) { return a->name < b->name; });
  }
  static const Json kListed = true;
  for (const List* list : lists) {
    for (const std::string_view id : ids_of(*list)) {
      const std::string key = list->name + std::string(id);
      if (key < start || !key.starts_with(prefix)) continue;
      if (!visit(key, kListed)) return false;
    }
  }
  return true;
}

std::size_t ReplayLists::bytes() const {
  const std::size_t rows =
      pieces_.empty() ? 0 : (pieces_.size() - 1) * kPieceBytes + pieces_.back().size();
  return rows + lists_.size() * (sizeof(List) + 8) + 2 * name_bytes_;
}

void ReplayLists::clear() {
  lists_.clear();
  places_.clear();
  pieces_.clear();
  name_bytes_ = 0;
}

}  // namespace qc::chain
