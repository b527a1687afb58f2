#include "host/chain/pending_batches.hpp"

#include <algorithm>

namespace qc::chain {

void PendingBatches::stored(std::uint64_t size) {
  while (!batches_.empty() && batches_.front()->next_index() <= size) batches_.pop_front();
}

Document PendingBatches::find(const std::string& key) const {
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    const Overlay::Writes& writes = (*batch)->writes();
    if (const auto it = writes.find(key); it != writes.end()) return it->second;
  }
  return stored_.find(key);
}

void PendingBatches::scan(const std::string& prefix, const std::string& start,
                          const std::function<bool(const std::string&, const Json&)>& visit) const {
  Overlay merged(static_cast<const StateReader&>(stored_));
  for (const auto& batch : batches_) {
    const auto& rows = batch->writes_in_order();
    auto row =
        std::lower_bound(rows.begin(), rows.end(), std::max(prefix, start),
                         [](const auto* one, const std::string& key) { return one->first < key; });
    for (; row != rows.end() && (*row)->first.starts_with(prefix); ++row) {
      if ((*row)->second) {
        merged.put((*row)->first, (*row)->second);
      } else {
        merged.erase((*row)->first);
      }
    }
  }
  merged.scan(prefix, start, visit);
}

std::optional<proof::SubjectValue> PendingBatches::subject_value(const std::string& account) const {
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    const auto& subjects = (*batch)->subjects();
    if (const auto it = subjects.find(account); it != subjects.end()) return it->second;
  }
  const auto bytes = store_.get(keys::subject_value(account));
  return bytes ? decode_subject_value(*bytes) : std::nullopt;
}

}  // namespace qc::chain
