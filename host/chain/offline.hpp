// What the folder of a ledger gives without a host: receipts, and copies of its files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "sdk/crypto/sm2.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::chain {

struct ProveOptions {
  std::filesystem::path directory;
  std::optional<std::uint64_t> index;  ///< one of the two
  std::optional<Hash32> id;
};
struct OfflineProof {
  std::string chain;
  crypto::PublicKey host;  ///< as transaction 0 names it: for who has no other word for it
  std::string transaction;
  proof::Receipt receipt;
  bool from_tiles = false;  ///< else the whole log was hashed
};
/// The receipt of a transaction against the newest signed head beside the chunks. With tiles/ in
/// the folder it takes a few reads (and, for an id, a search through the chunks); without, the log
/// is hashed from its beginning, in memory that does not grow. The proof is checked before it is
/// given. Errors: "tx.not_found", "prove.no_head" (none is as new as the transaction),
/// "audit.no_ledger", "ledger.corrupt", "ledger.io". Any thread; a host may run meanwhile.
Result<OfflineProof> prove_offline(const ProveOptions& options);

struct ExportOptions {
  std::filesystem::path directory;
  std::filesystem::path out;
  std::uint64_t from = 0;           ///< first transaction that must be in the copy
  std::optional<std::uint64_t> to;  ///< last one; nothing: to the end
  /// Cuts the copy at the end of a batch, after so many transactions; heads, co-signatures and
  /// hints, which may know more, are left out then.
  std::optional<std::uint64_t> end = {};
};
struct ExportReport {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first = 0;       ///< first transaction copied
  std::uint64_t last = 0;        ///< last one
  std::uint64_t last_chunk = 0;  ///< the name of the last chunk file: its first transaction
};
/// Copies chunk files, whole and byte for byte, with their heads and hints, to `out`/chunks; of a
/// chunk that is still written to, up to its last whole record. Errors: "export.not_empty" (`out`
/// holds something), "export.out_of_range", "audit.no_ledger", "file.io", "ledger.io",
/// "ledger.corrupt". Any thread; a host may run meanwhile.
Result<ExportReport> export_ledger(const ExportOptions& options);

}  // namespace qc::chain
