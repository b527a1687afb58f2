#include "host/chain/recent_documents.hpp"

#include <algorithm>
#include <array>

namespace qc::chain {
namespace {

constexpr std::size_t kTableBytes = 128;  // of the tables, beside key and document

/// Families that few name and many ask for. What belongs to one subject is read ahead instead
/// (foresight.hpp): keeping it would cost more than it saves.
bool shared_by_many(std::string_view key) {
  constexpr std::array<std::string_view, 11> kFamilies{
      "member/", "product/",       "product_version/", "item/", "item_latest/", "plugin/",
      "network", "plugin_digest/", "policy",           "code/", "nonces_pruned"};
  return std::any_of(kFamilies.begin(), kFamilies.end(),
                     [key](std::string_view family) { return key.starts_with(family); });
}

}  // namespace

void RecentDocuments::keep(const std::string& key, Document document) const {
  const std::size_t size = key.size() + memory_of(*document) + kTableBytes;
  if (young_bytes_ + size > limit_) {
    old_ = std::move(young_);
    young_ = Documents();
    young_bytes_ = 0;
  }
  young_bytes_ += size;
  young_.insert_or_assign(key, std::move(document));
}

Document RecentDocuments::find(const std::string& key) const {
  if (!shared_by_many(key)) return below_.find(key);
  if (const auto it = young_.find(key); it != young_.end()) return it->second;
  Document found;
  if (const auto it = old_.find(key); it != old_.end()) {
    found = std::move(it->second);
    old_.erase(it);
  } else {
    found = below_.find(key);
  }
  if (found) keep(key, found);
  return found;
}

void RecentDocuments::wrote(const Overlay::Writes& writes) {
  for (const auto& [key, value] : writes) {
    if (!shared_by_many(key)) continue;
    old_.erase(key);
    if (value) {
      keep(key, value);
    } else {
      young_.erase(key);
    }
  }
}

void RecentDocuments::forget() {
  young_.clear();
  old_.clear();
  young_bytes_ = 0;
}

}  // namespace qc::chain
