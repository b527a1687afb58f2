// Snapshots: a copy of the state whose digest stands on the ledger, and a ledger's folder made from
// one, without the years before and without trusting whoever made the copy.
//
//   SNAPSHOT   JSON for people and tools: chain, snapshot, size, format, digest
//   rows       the rules' state and the places of the transactions (snapshot_rows.hpp)
//   tiles/     the Merkle log's, at least as long
//   chunks/    from the one in which the state stands up to the batch that states the digest, with
//              one head signed there; and the first chunk, which names network and host
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "host/chain/ledger.hpp"

namespace qc::chain {

struct SnapshotOptions {
  std::filesystem::path directory;  ///< of the ledger
  std::filesystem::path out;        ///< made; there may be an empty folder
  /// Set from outside to end the work: "snapshot.stopped". Null: never.
  const std::atomic<bool>* stop = nullptr;
};
struct SnapshotReport {
  std::string snapshot;     ///< its id on the ledger
  std::uint64_t size = 0;   ///< transactions that the state has applied
  std::string digest;       ///< snapshot_digest(), hexadecimal
  std::uint64_t bytes = 0;  ///< of the rows
};
/// Puts `snapshot.begin` on the ledger, reads the state at the end of that batch in the calling
/// thread while the ledger goes on, puts `snapshot.state` with its digest on the ledger, and leaves
/// the folder. Until it is whole it is `<out>.part`; a crash leaves that, and a snapshot on the
/// ledger that was begun and never stated. Errors: "export.not_empty" (`out` holds something),
/// "snapshot.stopped", those of Ledger::submit, "file.io", "ledger.io". Any thread.
Result<SnapshotReport> write_snapshot(Ledger& ledger, const SnapshotOptions& options);

struct RestoreOptions {
  std::filesystem::path snapshot;
  std::filesystem::path out;  ///< made; there may be an empty folder
  crypto::PublicKey host;     ///< whom the caller trusts
  /// Newest head (JWS) of the ledger that is known, from whomever; "": none is.
  std::string newest_head = {};
};
struct RestoreReport {
  std::string chain;
  std::string snapshot;
  std::uint64_t size = 0;          ///< transactions up to which the state was copied
  std::uint64_t transactions = 0;  ///< of the ledger that was made
  std::string digest;
  std::uint64_t behind_to = 0;  ///< transactions that the ledger is known to have had, or 0
};
/// Makes a ledger's folder from a snapshot. What counts is the host's signature alone: a signed
/// head holds the log, the log holds the stated digest, the digest the state; the subject map, the
/// events and the positions of transactions are made anew, and must give the ledger's subject root.
/// Whether the host stated what its own rules give is for the audit to say (`audit.snapshot`).
/// The folder does not open as a ledger before what came after the snapshot is there, or somebody
/// says that nothing did (restored.hpp). Needs no secret. Errors: "head.*", "export.not_empty",
/// "ledger.wrong_host_key", "ledger.snapshot_mismatch" (what is not as the ledger says),
/// "snapshot.damaged", "ledger.corrupt", "audit.no_ledger", "file.io", "ledger.io". After an error
/// nothing is left. Any thread.
Result<RestoreReport> restore_snapshot(const RestoreOptions& options);

}  // namespace qc::chain
