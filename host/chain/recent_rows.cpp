#include "host/chain/recent_rows.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kEntryBytes = 128;  // of the tables, beside key and value

/// Families that are read again soon after they were written (keys.hpp). The rules' documents have
/// a place of their own (recent_documents.hpp), events and places are for readers.
bool worth_keeping(std::string_view key) {
  if (key.empty()) return false;
  switch (key.front()) {
    case 'l':
    case 'm':
    case 'v':
      return true;
    default:
      return false;
  }
}

}  // namespace

void RecentRows::keep(std::string key, std::string value) const {
  const std::size_t size = key.size() + value.size() + kEntryBytes;
  if (young_bytes_ + size > limit_) {
    old_ = std::move(young_);
    young_ = Rows();
    young_bytes_ = 0;
  }
  young_bytes_ += size;
  young_.insert_or_assign(std::move(key), std::move(value));
}

std::optional<std::string> RecentRows::get(std::string_view key) const {
  if (!worth_keeping(key)) return store_.get(key);
  if (const auto it = young_.find(key); it != young_.end()) return it->second;
  if (const auto it = old_.find(key); it != old_.end()) {
    std::string value = std::move(it->second);
    old_.erase(it);
    keep(std::string(key), value);
    return value;
  }
  auto value = store_.get(key);
  if (value) keep(std::string(key), *value);
  return value;
}

void RecentRows::wrote(const KvBatch& rows) {
  for (const auto& [key, value] : rows) {
    if (!worth_keeping(key)) continue;
    if (const auto it = old_.find(key); it != old_.end()) old_.erase(it);
    if (value) {
      keep(key, *value);
    } else if (const auto it = young_.find(key); it != young_.end()) {
      young_.erase(it);
    }
  }
}

}  // namespace qc::chain
