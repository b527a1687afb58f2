// Batches that are ordered and not in the store yet, above the store.
#pragma once

#include <deque>
#include <memory>

#include "host/chain/batch.hpp"

namespace qc::chain {

/// The state as the next batch finds it: what batches on their way to the disk wrote, before what
/// the store holds. With none on its way it is the store's. Thread contract: one thread, while
/// another seals the batches and writes their rows to the store.
class PendingBatches final : public StateReader, public SubjectReader {
 public:
  explicit PendingBatches(const KvReader& store) : store_(store), stored_(store) {}

  /// The newest; no rules run on it any more.
  void add(std::shared_ptr<const BatchBuilder> batch) { batches_.push_back(std::move(batch)); }
  /// Lets go of those that the store has: it holds `size` transactions.
  void stored(std::uint64_t size);
  void clear() { batches_.clear(); }

  Document find(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;
  std::optional<proof::SubjectValue> subject_value(const std::string& account) const override;

 private:
  const KvReader& store_;
  const StoredState stored_;
  std::deque<std::shared_ptr<const BatchBuilder>> batches_;  ///< oldest first
};

}  // namespace qc::chain
