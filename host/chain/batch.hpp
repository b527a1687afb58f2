// One batch from rules to roots: the single code path of sequencer and recovery. The audit runs the
// same rules, and finds the roots by code of its own (audit_check.hpp).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/chain/foresight.hpp"
#include "host/chain/keys.hpp"
#include "host/chain/kv_store.hpp"
#include "host/chain/merkle_log.hpp"
#include "host/chain/record.hpp"
#include "host/chain/state_store.hpp"
#include "host/chain/subject_map.hpp"

namespace qc::chain {

/// How many events there are about each subject, and their head.
class SubjectReader {
 public:
  virtual ~SubjectReader() = default;
  /// Nullopt: there is none.
  virtual std::optional<proof::SubjectValue> subject_value(const std::string& account) const = 0;
};

/// What a batch stands on: the state as the batches before leave it.
struct BatchBase {
  const StateReader& documents;
  const SubjectReader& subjects;
  const Foresight* foresight = nullptr;  ///< where `documents` are read ahead: subjects too
};

/// Orders a batch (apply), then seals it (seal, rows). The first needs the state below, the second
/// the files' and the store's position, so the next batch can be ordered on top of one that is not
/// sealed. Neither touches the store; dropping the object undoes the batch.
/// Thread contract: one thread after another. Beside seal() and rows() another thread may read
/// what the ordering left: writes(), writes_in_order(), subjects(), next_index().
class BatchBuilder {
 public:
  /// `first_index`: transactions before the batch. `base` must not change while rules run.
  BatchBuilder(const BatchBase& base, std::uint64_t first_index, std::string chain,
               std::int64_t time_ms);

  /// So many transactions of so many bytes in all may come; it only saves time.
  void expect(std::size_t count, std::size_t bytes) { record_.reserve(count, bytes); }
  /// Runs the rules. On success the transaction is part of the batch. Errors: the rules'.
  Result<Effect> apply(const Transaction& tx);

  /// The state with this batch's transactions so far.
  const StateReader& state() const { return overlay_; }
  /// What they wrote.
  const Overlay::Writes& writes() const { return overlay_.writes(); }
  const std::vector<const Overlay::Writes::value_type*>& writes_in_order() const {
    return overlay_.writes_in_order();
  }
  /// The subjects that they are about.
  const std::map<std::string, proof::SubjectValue>& subjects() const { return subjects_; }
  std::size_t count() const { return rows_.size(); }
  std::uint64_t next_index() const { return first_index_ + rows_.size(); }
  std::int64_t time_ms() const { return time_ms_; }
  /// Bytes that the record will have at most.
  std::size_t record_bytes() const { return record_bytes_; }

  /// Computes roots and record. Call once, with count() > 0. `before`: where the ledger stands,
  /// which is where this batch begins; `store` has all up to there. Error: "ledger.corrupt".
  Status seal(const KvReader& store, const Position& before);
  const std::string& record() const { return sealed_record_; }
  /// One character a transaction (hints.hpp).
  const std::string& hints() const { return hints_; }
  /// Leaf hashes, for the tiles.
  const std::vector<Hash32>& leaves() const { return log_->leaves(); }
  const Position& after() const { return after_; }  ///< chunk and offset not set before rows()
  /// Path of a transaction of this batch in the tree of after().size leaves. Call after seal().
  Result<std::vector<Hash32>> inclusion(std::uint64_t index) const {
    return merkle_inclusion(*log_, index, after_.size, edge_);
  }

  /// Everything to be stored, with the record standing at `offset` of `chunk`.
  KvBatch rows(std::uint64_t chunk, std::uint64_t offset);

 private:
  void add_events(const Transaction& tx, const Effect& effect, std::uint64_t index);
  proof::SubjectValue subject_value(const std::string& account) const;
  Status append_leaves(const KvReader& store);

  const BatchBase base_;
  Overlay overlay_;
  const std::uint64_t first_index_;
  std::string chain_;
  std::int64_t time_ms_;
  Position after_;
  std::optional<MerkleAppender> log_;
  std::optional<SubjectMapUpdate> map_;
  RecordBuilder record_;
  std::size_t record_bytes_ = kRecordHeaderBytes + kRecordTrailerBytes;
  std::string sealed_record_;
  std::string hints_;
  std::vector<Hash32> edge_;
  std::vector<TxRow> rows_;
  std::map<std::string, proof::SubjectValue> subjects_;
  KvBatch events_;
};

/// Why a record of the files could not be applied.
struct ReplayDefect {
  std::string code;  ///< "audit.transaction", "audit.signature", "audit.rule", "audit.root" …
  std::string message;
  std::uint64_t offset = 0;  ///< in the chunk
  std::int64_t index = -1;
  std::string tx;
};

struct ReplayContext {
  std::string chain;
  bool verify_signatures = false;
  std::uint64_t chunk = 0;
  std::uint64_t offset = 0;  ///< of the record in the chunk
};
/// Applies one record to the store and moves `position`; nullopt on success. On a defect nothing
/// is written.
std::optional<ReplayDefect> replay_record(KvStore& store, Position& position, const Record& record,
                                          const ReplayContext& context);

}  // namespace qc::chain
