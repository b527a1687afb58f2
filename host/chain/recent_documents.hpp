// Documents that the sequencer met lately, parsed, before the store's text.
#pragma once

#include <string>
#include <unordered_map>

#include "host/chain/state.hpp"

namespace qc::chain {

/// The state as rules read it, batch after batch: reads through to what is below, keeps what it
/// found, and what batches wrote, while there is room: members, products, items and
/// plugins, which many transactions name. Parsing one costs more than the rule that asks for it.
/// Thread contract: one thread, which tells of every batch.
class RecentDocuments final : public StateReader {
 public:
  /// Keeps at most twice `bytes`: a younger and an older half, and when the younger is full, the
  /// older goes.
  explicit RecentDocuments(const StateReader& below, std::size_t bytes = 24U << 20U)
      : below_(below), limit_(bytes) {}

  Document find(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override {
    below_.scan(prefix, start, visit);
  }

  /// What a batch wrote; the state below has it by now.
  void wrote(const Overlay::Writes& writes);
  /// Batches were undone: what is kept may be theirs.
  void forget();

 private:
  using Documents = std::unordered_map<std::string, Document>;
  void keep(const std::string& key, Document document) const;

  const StateReader& below_;
  const std::size_t limit_;
  mutable Documents young_;
  mutable Documents old_;
  mutable std::size_t young_bytes_ = 0;
};

}  // namespace qc::chain
