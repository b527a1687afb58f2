// Offline check of a ledger directory: no host, no secrets.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "sdk/base/result.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::chain {

struct AuditOptions {
  std::filesystem::path directory;
  std::optional<crypto::PublicKey> trusted_host;  ///< else the genesis transaction's host key
  std::string trusted_head;                       ///< JWS that the ledger must extend, or ""
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  ///< bytes
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
};

/// Re-checks framing, every signature, every rule, every root and the signed heads beside the
/// chunk files. A directory that cannot be read at all is an error ("audit.no_ledger", "audit.io",
/// "ledger.io"); a defect is a report. Any thread; the directory must not change meanwhile: audit a
/// copy, or a stopped host.
Result<AuditReport> audit_ledger(const AuditOptions& options);

}  // namespace qc::chain
