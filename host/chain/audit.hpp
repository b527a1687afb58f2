// Offline check of a ledger directory: no host, no secrets.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "sdk/base/result.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::chain {

struct AuditProgress {
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t transactions = 0;
};

struct AuditOptions {
  std::filesystem::path directory;
  std::optional<crypto::PublicKey> trusted_host;       ///< else the genesis transaction's host key
  std::string trusted_head;                            ///< JWS that the ledger must extend, or ""
  std::function<void(const AuditProgress&)> progress;  ///< in order, from the audit's threads
  unsigned threads = 0;                                ///< 0: one for each core
  /// Documents of the rules' state that are kept in memory, about; what is beyond goes to a
  /// temporary folder. Beside them: 150 bytes a subject, and some windows of a few megabytes.
  std::size_t state_bytes = 1U << 30U;
};

struct AuditReport {
  bool ok = false;
  std::string chain;
  std::uint64_t transactions = 0;
  std::uint64_t batches = 0;
  std::string log_root;
  std::string subject_root;
  // First defect:
  /// "audit.framing", "audit.torn_tail", "audit.transaction", "audit.signature", "audit.rule",
  /// "audit.root", "audit.head", "audit.wrong_host", "audit.unknown_file".
  std::string code;
  std::string message;
  std::string file;  ///< file name inside the directory
  std::uint64_t offset = 0;
  std::int64_t index = -1;  ///< first bad transaction, -1 when not tied to one
  std::string tx;           ///< its id
  // What it took:
  std::uint64_t batch_verified = 0;   ///< signatures that held as part of a sum
  std::uint64_t single_verified = 0;  ///< without a hint (hints.hpp), or beside a wrong one
  /// Snapshots whose stated digest is that of the state; and those that could not be compared,
  /// because a program with another format of the state stated them.
  std::uint64_t snapshots = 0;
  std::uint64_t snapshots_unknown = 0;
  std::uint64_t spills = 0;  ///< times that state went to the temporary folder
};

/// Re-checks framing, every signature, every rule, every root and the signed heads beside the
/// chunk files; the first defect in the ledger's order is reported. Reading, parsing and signatures
/// go over all cores, rules and roots in order beside them; memory does not grow with the ledger's
/// length. A directory that cannot be read at all is an error ("audit.no_ledger", "audit.io",
/// "ledger.io"); a defect is a report. Any thread; the directory must not change meanwhile: audit a
/// copy, or a stopped host.
Result<AuditReport> audit_ledger(const AuditOptions& options);

}  // namespace qc::chain
