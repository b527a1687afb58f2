// Documents that the sequencer met lately, parsed, before the store's text.
#pragma once

#include <string>
#include <unordered_map>

#include "host/chain/state_store.hpp"

namespace qc::chain {

/// The state as rules read it, batch after batch: reads through to the rows and keeps what it
/// found, and what batches wrote, while there is room: members, products, items and
/// plugins, which many transactions name. Parsing one costs more than the rule that asks for it.
/// Thread contract: one thread, which tells of every batch that is made durable.
class RecentDocuments final : public StateReader {
 public:
  /// Keeps at most twice `bytes`: a younger and an older half, and when the younger is full, the
  /// older goes.
  explicit RecentDocuments(const KvReader& rows, std::size_t bytes = 24U << 20U)
      : rows_(rows), limit_(bytes) {}

  Document find(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override {
    rows_.scan(prefix, start, visit);
  }

  /// What a durable batch wrote; the rows below have it by now.
  void wrote(const Overlay::Writes& writes);

 private:
  using Documents = std::unordered_map<std::string, Document>;
  void keep(const std::string& key, Document document) const;

  const StoredState rows_;
  const std::size_t limit_;
  mutable Documents young_;
  mutable Documents old_;
  mutable std::size_t young_bytes_ = 0;
};

}  // namespace qc::chain
