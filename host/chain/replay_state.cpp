#include "host/chain/replay_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "host/chain/state_digest.hpp"
#include "host/chain/state_store.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kSpillBatch = 4096;  ///< documents written together
constexpr std::size_t kSpillBuffer = 8U << 20U;

/// Below, a text is not smaller than the document: numbers, marks.
constexpr std::size_t kSmallBytes = 200;

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
  if (const auto it = slots_.find(key); it != slots_.end()) {
    ReplaySlot& slot = it->second;
    if (!slot.value && slot.text) {
      forget(slot);
      slot.value = value_of(slot);
      count(*it);
    }
    slot.touched = true;
    return slot.value;
  }
  if (!spill_) return nullptr;
  auto value = StoredState(*spill_).find(key);
  if (value) {
    const auto it = slots_.try_emplace(key).first;
    it->second.value = value;
    it->second.stored = true;
    count(*it);
  }
  return value;
}

Document ReplayState::value_of(const ReplaySlot& slot) {
  if (slot.value || !slot.text) return slot.value;
  if (auto plain = parse_plain_json(*slot.text)) return document(std::move(*plain));
  return document(Json::parse(*slot.text, nullptr, false));
}

void ReplayState::count(ReplaySlots::value_type& entry) const {
  auto& [key, slot] = entry;
  const std::size_t document_bytes = slot.value ? memory_of(*slot.value) : 0;
  slot.bytes =
      key.size() + sizeof(ReplaySlot) + document_bytes + (slot.text ? slot.text->size() : 0);
  used_bytes_ += slot.bytes;
  if (document_bytes < kSmallBytes) return;
  slot.hot = document_bytes;
  hot_bytes_ += slot.hot;
  if (!std::exchange(slot.queued, true)) hot_.push_back(&entry);
}

void ReplayState::forget(ReplaySlot& slot) const {
  used_bytes_ -= std::exchange(slot.bytes, 0);
  hot_bytes_ -= std::exchange(slot.hot, 0);
}

void ReplayState::cool() {
  while (hot_bytes_ > most_hot_bytes_ && !hot_.empty()) {
    ReplaySlots::value_type& entry = *hot_.front();
    hot_.pop_front();
    ReplaySlot& slot = entry.second;
    if (slot.hot != 0 && std::exchange(slot.touched, false)) {
      hot_.push_back(&entry);
      continue;
    }
    if (slot.hot == 0) {  // erased, or become small
      slot.queued = false;
      continue;
    }
    if (slot.text) {
      forget(slot);
      cooling_.done_with_.push_back(std::move(slot.value));
      slot.queued = false;
      count(entry);
      continue;
    }
    hot_bytes_ -= std::exchange(slot.hot, 0);
    cooling_.items_.push_back({&entry, slot.value, nullptr});
  }
}

void Cooling::run() {
  for (Item& item : items_) {
    item.text = std::make_unique<const std::string>(dump_json(*item.document));
  }
  done_with_.clear();
}

Cooling ReplayState::take_cooling() {
  cooling_.spills_ = spills_;
  return std::exchange(cooling_, {});
}

void ReplayState::settle(Cooling cooled) {
  if (cooled.spills_ != spills_) return;  // the slots are gone
  for (Cooling::Item& item : cooled.items_) {
    ReplaySlot& slot = item.entry->second;
    if (item.text && slot.value == item.document && !slot.touched) {
      forget(slot);
      slot.text = std::move(item.text);
      slot.value.reset();
      slot.queued = false;
      count(*item.entry);
    } else if (slot.value) {  // used or written meanwhile: its turn comes again
      forget(slot);
      slot.queued = false;
      count(*item.entry);
    } else {
      slot.queued = false;
    }
    // Taken apart where the next are made text.
    cooling_.done_with_.push_back(std::move(item.document));
  }
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
      const auto found = slots_.find(std::string(*mine));
      const Document value = value_of(found->second);
      if (value) stopped = !visit(found->first, *value);
    }
  };
  if (spill_) {
    StoredState(*spill_).scan(prefix, start, [&](const std::string& key, const Json& value) {
      visit_mine_below(&key);
      if (stopped) return false;
      const auto changed = slots_.find(key);  // the newer value, or that it was erased
      const Document newer = changed == slots_.end() ? nullptr : value_of(changed->second);
      const Json* const now = changed == slots_.end() ? &value : newer.get();
      if (has_mine() && *mine == key) ++mine;
      stopped = now != nullptr && !visit(key, *now);
      return !stopped;
    });
  }
  visit_mine_below(nullptr);
}

void ReplayState::put(std::string name, Document value) {
  const auto [it, is_new] = slots_.try_emplace(std::move(name));
  const std::string& key = it->first;
  ReplaySlot& slot = it->second;
  forget(slot);
  slot.text.reset();
  if (!value && !spill_ && !slot.queued) {
    for (const std::string_view family : {family_of(key), std::string_view()}) {
      if (const auto index = indexes_.find(family); index != indexes_.end()) {
        index->second.erase(key);
      }
    }
    slots_.erase(it);  // nothing below could show through
    return;
  }
  slot.value = std::move(value);
  slot.stored = false;
  slot.touched = true;
  count(*it);
  for (const std::string_view family : {family_of(key), std::string_view()}) {
    if (const auto index = indexes_.find(family); index != indexes_.end()) {
      index->second.insert(key);
    }
  }
}

Status ReplayState::absorb(Overlay::Writes&& writes) {
  while (!writes.empty()) {
    auto node = writes.extract(writes.begin());
    put(std::move(node.key()), std::move(node.mapped()));
  }
  cool();
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
  QC_ASSIGN(spill_, open_rocks_sized(folder_ / "state", kSpillBuffer));
  return {};
}

Status ReplayState::spill() {
  if (!spill_) QC_TRY(open_spill());
  ++spills_;
  KvBatch batch;
  for (const auto& [key, slot] : slots_) {
    if (slot.stored) continue;
    batch.emplace_back(keys::state(key), std::nullopt);
    if (const Document value = value_of(slot)) batch.back().second = state_text(*value);
    if (batch.size() < kSpillBatch) continue;
    QC_TRY(spill_->write(batch));
    batch.clear();
  }
  QC_TRY(spill_->write(batch));
  for (auto& [family, index] : indexes_) index.clear();
  hot_.clear();
  hot_bytes_ = 0;
  cooling_ = {};
  slots_.clear();
  used_bytes_ = 0;
  return {};
}

}  // namespace qc::chain
