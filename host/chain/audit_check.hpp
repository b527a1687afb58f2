// Internal: the part of the audit that goes in order: rules, roots, heads.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "host/chain/audit.hpp"
#include "host/chain/audit_evidence.hpp"
#include "host/chain/audit_window.hpp"
#include "host/chain/merkle_frontier.hpp"
#include "host/chain/replay_state.hpp"
#include "host/chain/subject_tree.hpp"
#include "host/chain/tile_audit.hpp"
#include "host/chain/witnesses.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::chain {

/// Keys of signers by kid, as the accounts' documents have them. A thumbprint is of one key alone,
/// so a key that was found stays right; whether the account still has it is asked again after
/// every change of an account or of a kid's owner.
class SignerKeys {
 public:
  /// Tells `members` of the keys of members.
  explicit SignerKeys(EvidenceKeys& members) : members_(members) {}
  /// Errors: those of signer_key(), or "tx.unknown_key".
  Status find(const proof::Transaction& tx, const StateReader& state,
              std::array<std::uint8_t, 64>& xy);
  /// To be told of every key of the state that is written.
  void written(std::string_view state_key);

 private:
  struct Known {
    std::array<std::uint8_t, 64> xy;
    std::string account;
  };
  EvidenceKeys& members_;
  std::unordered_map<std::string, Known> known_;
  std::unordered_map<std::string, std::string> kid_of_;  ///< by account
};

/// Applies window after window. Thread contract: one thread at a time.
class AuditCheck {
 public:
  AuditCheck(const AuditOptions& options, const ChunkListing& listing);

  /// Applies the window's records, up to the first defect. Of all transactions applied, `xy` is
  /// set; their signatures are not looked at. Errors: failures to read or to keep state.
  Status check(AuditWindow& window);
  /// After the last window: what is left beside the chunks, and the trusted head.
  void finish();

  /// As ReplayState: what any thread may do between two windows of the check.
  Cooling take_cooling() { return state_.take_cooling(); }
  void settle(Cooling cooled) { state_.settle(std::move(cooled)); }

  /// Members' keys that it has come across. Any thread, also during the check.
  const EvidenceKeys& evidence_keys() const { return evidence_keys_; }

  const std::optional<AuditDefect>& defect() const { return defect_; }
  const Position& position() const { return position_; }
  const std::string& chain() const { return chain_; }
  std::uint64_t spills() const { return state_.spills(); }
  std::uint64_t snapshots() const { return snapshots_; }
  std::uint64_t snapshots_unknown() const { return snapshots_unknown_; }

 private:
  void refuse(AuditDefect defect);
  bool check_genesis(const AuditWindow& window, const AuditedRecord& record);
  bool apply(AuditWindow& window, AuditedRecord& record, std::size_t number);
  Status check_record(AuditWindow& window, AuditedRecord& record);
  /// Takes note of a snapshot that was begun; the reason when a stated one is not the state's.
  std::string check_snapshot(const proof::Transaction& tx);
  /// Digests the state at the end of a batch that began a snapshot.
  Status digest_state();
  void check_roots(const AuditWindow& window, const AuditedRecord& record);
  Status check_heads(std::uint64_t chunk);
  Status check_witnessed(std::uint64_t chunk);
  bool check_cosignature(const WitnessedLine& line, AuditDefect at);
  bool check_head(const proof::TreeHead& head, AuditDefect at);
  void remember_trusted_border();
  void check_trusted_head();
  void progress(std::uint64_t bytes);
  std::string chunk_file(const AuditWindow& window) const;

  const AuditOptions& options_;
  const ChunkListing& listing_;
  ReplayState state_;
  EvidenceKeys evidence_keys_;
  SignerKeys signers_{evidence_keys_};
  MerkleFrontier log_;
  TileAudit tiles_;
  SubjectTree subjects_;
  Status kept_;  ///< the first failure to keep state
  std::optional<AuditDefect> defect_;
  Position position_ = initial_position();
  std::string chain_;
  std::optional<crypto::PublicKey> host_;
  struct Snapshot {
    std::string id;
    std::uint64_t size = 0;
    std::string digest;
  };
  std::string begun_;                          ///< snapshot that the record in hand began
  std::optional<Snapshot> snapshot_;           ///< the one begun last, at its border
  std::uint64_t snapshots_ = 0;                ///< stated digests that hold
  std::uint64_t snapshots_unknown_ = 0;        ///< of another format of the state
  std::map<std::uint64_t, Position> borders_;  ///< of the chunk in hand, by size
  std::set<std::uint64_t> chunks_seen_;
  std::optional<proof::TreeHead> trusted_;
  std::optional<Position> trusted_border_;
  std::string trusted_error_;
  std::uint64_t done_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace qc::chain
