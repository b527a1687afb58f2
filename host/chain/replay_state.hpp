// The rules' state during an audit: in memory, and what does not fit in a temporary store.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "host/chain/keys.hpp"
#include "host/chain/kv_store.hpp"
#include "host/chain/state.hpp"

namespace qc::chain {

/// State above nothing, for one thread that applies transaction after transaction. Documents stay
/// parsed while they fit into `memory_bytes`; then all go to a RocksDB store in a temporary folder,
/// and what is asked for again is read back. Thread contract: one thread.
class ReplayState final : public StateReader {
 public:
  explicit ReplayState(std::size_t memory_bytes) : memory_bytes_(memory_bytes) {}
  ~ReplayState() override;
  ReplayState(const ReplayState&) = delete;
  ReplayState& operator=(const ReplayState&) = delete;

  Document find(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;

  /// Takes over what an accepted transaction wrote. Errors: "audit.io", "ledger.io".
  Status absorb(Overlay::Writes&& writes);
  /// As snapshot_digest() where the ledger stands at `at`. Writes all documents to the temporary
  /// store: memory does not grow. Errors: "audit.io", "ledger.io".
  Result<Hash32> digest(std::string_view chain, const Position& at);
  /// First failed read of the temporary store, or "".
  std::string failure() const { return spill_ ? spill_->failure() : std::string(); }
  std::uint64_t spills() const { return spills_; }

 private:
  struct Slot {
    Document value;  ///< null: erased, though the temporary store may have it
    std::size_t bytes = 0;
    bool stored = false;  ///< equal in the temporary store
  };
  /// Keys in memory of one family ("nonce/…"), in order, from the family's first scan on.
  using Index = std::set<std::string>;
  Index& index_of(std::string_view family) const;
  void put(const std::string& key, Document value);
  Status open_spill();
  Status spill();

  std::size_t memory_bytes_;
  mutable std::size_t used_bytes_ = 0;
  mutable std::unordered_map<std::string, Slot> slots_;
  mutable std::map<std::string, Index, std::less<>> indexes_;
  std::filesystem::path folder_;
  std::unique_ptr<KvStore> spill_;
  std::uint64_t spills_ = 0;
};

}  // namespace qc::chain
