#include "host/chain/replay_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "host/chain/rules.hpp"
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
  if (nonces_apart_ && key.starts_with(ReplayNonces::kFamily)) {
    const auto second = nonces_.find(key);
    return second ? document(*second) : nullptr;
  }
  if (lists_apart_ && key.starts_with(ReplayLists::kFamily)) {
    return lists_.contains(key) ? document(true) : nullptr;
  }
  if (const auto it = slots_.find(key); it != slots_.end()) {
    ReplaySlot& slot = it->second;
    misused_ = misused_ || slot.lent;
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

std::optional<Json> ReplayState::get(const std::string& key) const {
  if (!lending_ || !changed_by_use(key)) return StateReader::get(key);
  {
    const Document shared = find(key);  // makes a value of a text
    if (!shared) return std::nullopt;
  }
  const auto it = slots_.find(key);
  if (it == slots_.end() || it->second.value.use_count() != 1) return StateReader::get(key);
  ReplaySlot& slot = it->second;
  // Documents are const so that nobody changes what others read; here there are no others.
  std::optional<Json> own(std::move(const_cast<Json&>(*slot.value)));
  slot.value.reset();
  slot.text.reset();
  slot.lent = true;
  lent_.push_back(&slot);
  return own;
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

namespace {

/// Empties a value from the inside out: the library takes every child out into a list first, so
/// that deep values do not use up the stack, and these are as deep as parse_json() allows.
void take_apart(Json& value) {
  if (value.is_object()) {
    auto& members = value.get_ref<Json::object_t&>();
    for (auto& [name, member] : members) {
      if (member.is_structured()) take_apart(member);
    }
    members.clear();
  } else if (value.is_array()) {
    auto& elements = value.get_ref<Json::array_t&>();
    for (Json& element : elements) {
      if (element.is_structured()) take_apart(element);
    }
    elements.clear();
  }
}

}  // namespace

void Cooling::run() {
  for (Item& item : items_) {
    // A copy, which takes no more than it needs: these stay.
    const std::string text = dump_json(*item.document);
    item.text = std::make_unique<const std::string>(text);
  }
  for (Document& document : done_with_) {
    if (document.use_count() == 1) take_apart(const_cast<Json&>(*document));
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
                       const Visit& visit) const {
  const auto within = [&](std::string_view family) { return prefix.starts_with(family); };
  if (nonces_apart_ && within(ReplayNonces::kFamily)) {
    nonces_.scan(prefix, start, visit);
    return;
  }
  if (lists_apart_ && within(ReplayLists::kFamily)) {
    lists_.scan(prefix, start, visit);
    return;
  }
  Apart waiting{nonces_apart_ && ReplayNonces::kFamily.starts_with(prefix),
                lists_apart_ && ReplayLists::kFamily.starts_with(prefix)};
  const bool on = scan_documents(prefix, start, [&](const std::string& key, const Json& value) {
    return scan_apart(waiting, key, start, visit) && visit(key, value);
  });
  if (on) scan_apart(waiting, {}, start, visit);
}

bool ReplayState::scan_apart(Apart& waiting, std::string_view below, const std::string& start,
                             const Visit& visit) const {
  // What is kept apart is a whole family each: it comes before the first document behind it.
  const auto due = [below](bool& waits, std::string_view family) {
    return waits && (below.empty() || below > family) && std::exchange(waits, false);
  };
  return !(due(waiting.nonces, ReplayNonces::kFamily) &&
           !nonces_.scan(ReplayNonces::kFamily, start, visit)) &&
         !(due(waiting.lists, ReplayLists::kFamily) &&
           !lists_.scan(ReplayLists::kFamily, start, visit));
}

bool ReplayState::scan_documents(const std::string& prefix, const std::string& start,
                                 const Visit& visit) const {
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
  return !stopped;
}

bool ReplayState::put_apart(const std::string& key, const Document& value) {
  if (nonces_apart_ && key.starts_with(ReplayNonces::kFamily)) {
    if (value && ReplayNonces::takes(key, *value)) {
      nonces_.put(key, *value);
      return true;
    }
    nonces_.erase(key);
    odd_ = odd_ || value;
    return !value;
  }
  if (lists_apart_ && key.starts_with(ReplayLists::kFamily)) {
    if (value && ReplayLists::takes(key, *value)) {
      lists_.put(key);
      return true;
    }
    lists_.erase(key);
    odd_ = odd_ || value;
    return !value;
  }
  return false;
}

void ReplayState::put(std::string name, Document value) {
  if (put_apart(name, value)) return;
  const auto [it, is_new] = slots_.try_emplace(std::move(name));
  const std::string& key = it->first;
  ReplaySlot& slot = it->second;
  if (std::exchange(slot.lent, false)) std::erase(lent_, &slot);
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
  if (slot.value) cooling_.done_with_.push_back(std::move(slot.value));
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
  if (!lent_.empty()) misused_ = true;
  if (misused_) return internal("audit.state", failure());
  cool();
  return odd_ || bytes() > memory_bytes_ ? spill() : Status();
}

Result<Hash32> ReplayState::digest(std::string_view chain, const Position& at) {
  QC_TRY(spill());
  StateDigest digest(chain, at);
  Apart waiting{nonces_apart_, lists_apart_};
  const Visit add = [&](const std::string& key, const Json& value) {
    digest.add(key, state_text(value));
    return true;
  };
  const std::string family = keys::state("");
  spill_->scan(family, "", [&](std::string_view key, std::string_view document) {
    scan_apart(waiting, key.substr(family.size()), "", add);
    digest.add(key.substr(family.size()), document);
    return true;
  });
  scan_apart(waiting, {}, "", add);
  if (const std::string failed = failure(); !failed.empty()) {
    return unavailable("audit.io", failed);
  }
  return digest.finish();
}

std::string ReplayState::failure() const {
  if (misused_) return "a rule did not give back what it had been given, or asked for it twice";
  return spill_ ? spill_->failure() : std::string();
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

Status ReplayState::write_spill(KvBatch& batch, std::size_t at_least) {
  if (batch.size() < at_least) return {};
  QC_TRY(spill_->write(batch));
  batch.clear();
  return {};
}

Status ReplayState::spill() {
  if (!spill_) QC_TRY(open_spill());
  ++spills_;
  // In order: tables of ranges that do not overlap need not be merged later.
  std::vector<const ReplaySlots::value_type*> rows;
  for (const auto& row : slots_) {
    if (!row.second.stored) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  KvBatch batch;
  for (const auto* row : rows) {
    const ReplaySlot& slot = row->second;
    batch.emplace_back(keys::state(row->first), std::nullopt);
    if (slot.text) {
      batch.back().second = *slot.text;  // as state_text() gives it
    } else if (slot.value) {
      batch.back().second = state_text(*slot.value);
    }
    QC_TRY(write_spill(batch, kSpillBatch));
  }
  // As rows of the store like all others, and from now on: there would be no room again and again.
  const bool all = odd_ || nonces_.bytes() + lists_.bytes() > memory_bytes_ / 4 * 3;
  Status written;
  const Visit write = [&](const std::string& key, const Json& value) {
    batch.emplace_back(keys::state(key), state_text(value));
    written = write_spill(batch, kSpillBatch);
    return written.ok();
  };
  if (all && std::exchange(nonces_apart_, false)) nonces_.scan(ReplayNonces::kFamily, "", write);
  if (all && written && std::exchange(lists_apart_, false))
    lists_.scan(ReplayLists::kFamily, "", write);
  if (!written) return written;
  QC_TRY(write_spill(batch, 1));
  if (all) {
    nonces_.clear();
    lists_.clear();
    odd_ = false;
  }
  for (auto& [family, index] : indexes_) index.clear();
  hot_.clear();
  hot_bytes_ = 0;
  cooling_ = {};
  slots_.clear();
  used_bytes_ = 0;
  return {};
}

}  // namespace qc::chain
