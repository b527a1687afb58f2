#include "host/chain/replay_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "host/chain/state_digest.hpp"
#include "host/chain/state_store.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kSpillBatch = 4096;  ///< documents written together

/// "nonce/" of "nonce/000…": up to and with the first slash, or the whole.
std::string_view family_of(std::string_view key) {
  const std::size_t slash = key.find('/');
  return slash == std::string_view::npos ? key : key.substr(0, slash + 1);
}

}  // namespace

ReplayState::~ReplayState() {
  spill_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Document ReplayState::find(const std::string& key) const {
  if (const auto it = slots_.find(key); it != slots_.end()) return it->second.value;
  if (!spill_) return nullptr;
  auto value = StoredState(*spill_).find(key);
  if (value) {
    Slot slot{value, key.size() + memory_of(*value), true};
    used_bytes_ += slot.bytes;
    slots_.emplace(key, std::move(slot));
  }
  return value;
}

ReplayState::Index& ReplayState::index_of(std::string_view family) const {
  const auto found = indexes_.find(family);
  if (found != indexes_.end()) return found->second;
  Index& index = indexes_[std::string(family)];
  for (const auto& [key, slot] : slots_) {
    if (key.starts_with(family) && !slot.stored) index.insert(key);
  }
  return index;
}

void ReplayState::scan(const std::string& prefix, const std::string& start,
                       const std::function<bool(const std::string&, const Json&)>& visit) const {
  // A prefix without a slash may reach over several families; the empty family has all keys.
  const bool within_family = prefix.find('/') != std::string::npos;
  const Index& index = index_of(within_family ? family_of(prefix) : std::string_view());
  auto mine = index.lower_bound(std::max(prefix, start));
  const auto has_mine = [&] { return mine != index.end() && mine->starts_with(prefix); };
  bool stopped = false;
  const auto visit_mine_below = [&](const std::string* limit) {
    for (; !stopped && has_mine() && (limit == nullptr || *mine < *limit); ++mine) {
      const Slot& slot = slots_.at(*mine);
      if (slot.value) stopped = !visit(*mine, *slot.value);
    }
  };
  if (spill_) {
    StoredState(*spill_).scan(prefix, start, [&](const std::string& key, const Json& value) {
      visit_mine_below(&key);
      if (stopped) return false;
      const auto changed = slots_.find(key);  // the newer value, or that it was erased
      const Json* const now = changed == slots_.end() ? &value : changed->second.value.get();
      if (has_mine() && *mine == key) ++mine;
      stopped = now != nullptr && !visit(key, *now);
      return !stopped;
    });
  }
  visit_mine_below(nullptr);
}

void ReplayState::put(const std::string& key, Document value) {
  const auto [it, is_new] = slots_.try_emplace(key);
  Slot& slot = it->second;
  used_bytes_ -= slot.bytes;
  if (!value && !spill_) {
    slots_.erase(it);  // nothing below could show through
    for (const std::string_view family : {family_of(key), std::string_view()}) {
      if (const auto index = indexes_.find(family); index != indexes_.end()) {
        index->second.erase(key);
      }
    }
    return;
  }
  slot.bytes = key.size() + sizeof(Slot) + (value ? memory_of(*value) : 0);
  slot.value = std::move(value);
  slot.stored = false;
  used_bytes_ += slot.bytes;
  for (const std::string_view family : {family_of(key), std::string_view()}) {
    if (const auto index = indexes_.find(family); index != indexes_.end()) {
      index->second.insert(key);
    }
  }
}

Status ReplayState::absorb(Overlay::Writes&& writes) {
  for (auto& [key, value] : writes) put(key, std::move(value));
  return used_bytes_ > memory_bytes_ ? spill() : Status();
}

Result<Hash32> ReplayState::digest(std::string_view chain, const Position& at) {
  QC_TRY(spill());
  const Hash32 digest = snapshot_digest(*spill_, chain, at);
  if (const std::string failed = failure(); !failed.empty()) {
    return unavailable("audit.io", failed);
  }
  return digest;
}

Status ReplayState::open_spill() {
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "qc-audit-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    return unavailable("audit.io", "cannot make a temporary folder");
  }
  folder_ = name;
  QC_ASSIGN(spill_, open_rocks(folder_ / "state"));
  return {};
}

Status ReplayState::spill() {
  if (!spill_) QC_TRY(open_spill());
  ++spills_;
  KvBatch batch;
  for (const auto& [key, slot] : slots_) {
    if (slot.stored) continue;
    batch.emplace_back(keys::state(key), std::nullopt);
    if (slot.value) batch.back().second = state_text(*slot.value);
    if (batch.size() < kSpillBatch) continue;
    QC_TRY(spill_->write(batch));
    batch.clear();
  }
  QC_TRY(spill_->write(batch));
  slots_.clear();
  for (auto& [family, index] : indexes_) index.clear();
  used_bytes_ = 0;
  return {};
}

}  // namespace qc::chain
