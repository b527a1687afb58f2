// Rows that the sequencer met lately, before the store.
#pragma once

#include <string>
#include <unordered_map>

#include "host/chain/kv_store.hpp"

namespace qc::chain {

/// Reads through to the store and keeps what it found, and what was written, while there is room:
/// the subjects' values, the upper nodes of their map and the edge of the log are read again and
/// again, and a look-up in the store costs ten times one here. Only for who sees every write.
/// Thread contract: one thread, the store's only writer.
class RecentRows final : public KvReader {
 public:
  /// Keeps at most twice `bytes`: a younger and an older half, and when the younger is full, the
  /// older goes.
  explicit RecentRows(const KvReader& store, std::size_t bytes = 12U << 20U)
      : store_(store), limit_(bytes) {}

  std::optional<std::string> get(std::string_view key) const override;
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override {
    store_.scan(prefix, start, visit);
  }

  /// What the store has taken.
  void wrote(const KvBatch& rows);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  using Rows = std::unordered_map<std::string, std::string, Hash, std::equal_to<>>;
  void keep(std::string key, std::string value) const;

  const KvReader& store_;
  const std::size_t limit_;
  mutable Rows young_;
  mutable Rows old_;
  mutable std::size_t young_bytes_ = 0;
};

}  // namespace qc::chain
