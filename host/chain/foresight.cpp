#include "host/chain/foresight.hpp"

#include <algorithm>
#include <functional>

#include "host/chain/keys.hpp"

namespace qc::chain {
namespace {

std::uint64_t hash_of_key(std::string_view key) { return std::hash<std::string_view>()(key); }

/// Subjects' values stand in another family of rows than documents: another hash for them.
std::uint64_t hash_of_subject(std::string_view account) {
  return std::hash<std::string_view>()(account) ^ 0x9E3779B97F4A7C15U;
}

/// Nobody asks for them a second time, or by name: lists and the history of keys.
bool never_foreseen(std::string_view key) {
  return key.starts_with("of/") || key.starts_with("key/");
}

/// Values of all that are named in `group`, read together.
void add_subject_values(const KvReader& rows, std::vector<Foreseen>& group) {
  std::vector<std::string> keys;
  for (const Foreseen& one : group) {
    for (const auto& subject : one.subjects) keys.push_back(keys::subject_value(subject.account));
  }
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto found = rows.get_many(views);
  auto value = found.begin();
  for (Foreseen& one : group) {
    for (auto& subject : one.subjects) {
      if (*value) subject.value = decode_subject_value(**value);
      ++value;
    }
  }
}

}  // namespace

void Foreseen::charge(ByteBudget& budget) {
  std::size_t bytes = subjects.size() * 160;
  for (const Entry& entry : documents) {
    bytes += sizeof(Entry) + entry.key.size();
    if (entry.document) bytes += memory_of(*entry.document);
    if (entry.alone) bytes += memory_of(*entry.alone);
  }
  if (!budget.take(bytes)) {
    documents.clear();
    subjects.clear();
    return;
  }
  budget_ = &budget;
  held_ = bytes;
}

Document GroupReader::find(const std::string& key) const {
  const auto [it, added] = found_.try_emplace(key);
  if (added) it->second = state_.find(key);
  return it->second;
}

void GroupReader::expect(std::span<const std::string_view> keys) const {
  std::vector<std::string_view> missing;
  std::vector<Document*> places;
  for (const std::string_view key : keys) {
    const auto [it, added] = found_.try_emplace(std::string(key));
    if (!added) continue;
    missing.push_back(it->first);
    places.push_back(&it->second);
  }
  auto documents = get_many(missing);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (documents[i]) *places[i] = document(std::move(*documents[i]));
  }
}

std::vector<std::optional<Json>> GroupReader::get_many(
    std::span<const std::string_view> keys) const {
  std::vector<std::string> rows;
  rows.reserve(keys.size());
  for (const std::string_view key : keys) rows.push_back(keys::state(key));
  const std::vector<std::string_view> views(rows.begin(), rows.end());
  std::vector<std::optional<Json>> out;
  out.reserve(keys.size());
  for (const auto& text : rows_.get_many(views)) {
    out.push_back(text ? parse_state_text(*text) : std::nullopt);
  }
  return out;
}

std::vector<Foreseen> foresee(std::span<const Transaction* const> group, const GroupReader& state,
                              std::uint64_t batches) {
  std::vector<ForeseenKeys> names;
  names.reserve(group.size());
  std::vector<std::string_view> shared;
  std::vector<std::string_view> own;
  for (const Transaction* const tx : group) {
    names.push_back(foreseen_keys(*tx, state));
    for (const std::string& key : names.back().documents) {
      (changed_by_use(key) ? own : shared).push_back(key);
    }
  }
  state.expect(shared);
  auto owned = state.get_many(own);
  auto next_owned = owned.begin();
  std::vector<Foreseen> out(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) {
    std::vector<std::string>& subjects = names[i].subjects;
    out[i].batches = batches;
    out[i].documents.reserve(names[i].documents.size());
    for (std::string& key : names[i].documents) {
      Foreseen::Entry entry{std::move(key), 0, nullptr, nullptr};
      entry.hash = hash_of_key(entry.key);
      if (!changed_by_use(entry.key)) {
        entry.document = state.find(entry.key);
      } else if (auto& document = *next_owned++) {
        std::string subject = named_subject(*document);  // whose request or grant it is
        if (!subject.empty()) subjects.push_back(std::move(subject));
        entry.alone = std::make_unique<Json>(std::move(*document));
      }
      out[i].documents.push_back(std::move(entry));
    }
    std::sort(subjects.begin(), subjects.end());
    subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
    for (std::string& account : subjects) {
      const std::uint64_t hash = hash_of_subject(account);
      out[i].subjects.push_back({std::move(account), hash, std::nullopt});
    }
  }
  add_subject_values(state.rows(), out);
  return out;
}

void RecentWrites::note(const Overlay::Writes& writes,
                        const std::map<std::string, proof::SubjectValue>& subjects) {
  std::vector<std::uint64_t> noted;
  noted.reserve(writes.size() + subjects.size());
  for (const auto& [key, value] : writes) {
    if (!never_foreseen(key)) noted.push_back(hash_of_key(key));
  }
  for (const auto& [account, value] : subjects) noted.push_back(hash_of_subject(account));
  for (const std::uint64_t hash : noted) last_[hash] = next_;
  batches_.push_back(std::move(noted));
  ++next_;
  while (last_.size() > kMaxNoted && batches_.size() > 1) forget_oldest();
}

void RecentWrites::forget_oldest() {
  for (const std::uint64_t hash : batches_.front()) {
    const auto it = last_.find(hash);
    if (it != last_.end() && it->second == first_) last_.erase(it);
  }
  batches_.pop_front();
  ++first_;
}

bool RecentWrites::unchanged(std::uint64_t hash, std::uint64_t batches) const {
  if (batches < first_) return false;
  const auto it = last_.find(hash);
  return it == last_.end() || it->second < batches;
}

/// Null: not foreseen, or written since.
Foreseen::Entry* Foresight::entry_of(const std::string& key) const {
  if (now_ != nullptr) {
    for (Foreseen::Entry& entry : now_->documents) {
      if (entry.key != key) continue;
      if (!writes_.unchanged(entry.hash, now_->batches)) break;
      ++counters_.answered;
      return &entry;
    }
  }
  ++counters_.left;
  return nullptr;
}

Document Foresight::find(const std::string& key) const {
  Foreseen::Entry* const entry = entry_of(key);
  if (entry == nullptr) return below_.find(key);
  if (entry->alone) {
    entry->document = document(std::move(*entry->alone));
    entry->alone.reset();
  }
  return entry->document;
}

std::optional<Json> Foresight::get(const std::string& key) const {
  Foreseen::Entry* const entry = entry_of(key);
  if (entry == nullptr) return below_.get(key);
  if (entry->alone) {
    std::optional<Json> own(std::move(*entry->alone));
    entry->alone.reset();
    entry->key.clear();  // whoever asks again is told by the state below
    return own;
  }
  return entry->document ? std::optional<Json>(*entry->document) : std::nullopt;
}

const Foreseen::Subject* Foresight::subject(std::string_view account) const {
  if (now_ == nullptr) return nullptr;
  for (const Foreseen::Subject& one : now_->subjects) {
    if (one.account == account && writes_.unchanged(one.hash, now_->batches)) return &one;
  }
  return nullptr;
}

}  // namespace qc::chain
