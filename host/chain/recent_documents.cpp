#include "host/chain/recent_documents.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kTableBytes = 128;  // of the tables, beside key and document

/// Nonces are asked for once, and lists are for readers.
bool asked_again(std::string_view key) {
  return !key.starts_with("nonce/") && !key.starts_with("of/");
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
  if (!asked_again(key)) return rows_.find(key);
  if (const auto it = young_.find(key); it != young_.end()) return it->second;
  Document found;
  if (const auto it = old_.find(key); it != old_.end()) {
    found = std::move(it->second);
    old_.erase(it);
  } else {
    found = rows_.find(key);
  }
  if (found) keep(key, found);
  return found;
}

void RecentDocuments::wrote(const Overlay::Writes& writes) {
  for (const auto& [key, value] : writes) {
    if (!asked_again(key)) continue;
    old_.erase(key);
    if (value) {
      keep(key, value);
    } else {
      young_.erase(key);
    }
  }
}

}  // namespace qc::chain
