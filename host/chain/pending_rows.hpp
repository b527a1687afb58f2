// Rows of batches that are durable in the ledger files but not in the state store yet.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/chain/kv_store.hpp"

namespace qc::chain {

/// What the sequencer reads: the newest rows first, those that still wait for the store included,
/// so that the next batch need not wait for the last one's to be written.
/// Thread contract: one thread. Layers are shared with who writes them to the store, and not
/// changed by either.
class PendingRows final : public KvReader {
 public:
  explicit PendingRows(const KvReader& below) : below_(below) {}

  std::optional<std::string> get(std::string_view key) const override;
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;

  /// The rows of batch number `batch`, on top; no key stands there twice.
  void push(std::uint64_t batch, std::shared_ptr<const KvBatch> rows);
  /// The oldest layer if its number is below `batches`: its rows are in the store.
  std::shared_ptr<const KvBatch> pop(std::uint64_t batches);

 private:
  using Row = KvBatch::value_type;
  struct Layer {
    std::uint64_t batch;
    std::shared_ptr<const KvBatch> rows;
    std::vector<const Row*> state;  ///< rows of the rules' state, in the order of their keys
    std::unordered_map<std::string_view, const Row*> index;
  };
  class InOrder;

  const KvReader& below_;
  std::deque<Layer> layers_;  ///< oldest first
};

}  // namespace qc::chain
