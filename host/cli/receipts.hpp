// Receipts: fetching a transaction with its proof, checking it, keeping it as a file.
#pragma once

#include <filesystem>
#include <string>

#include "sdk/client/client.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::cli {

/// A transaction whose receipt has been checked against the trusted host key.
struct Proved {
  proof::Transaction tx;
  proof::Receipt receipt;
};

/// GET /v1/transactions/{id}, checked. Errors: the host's, "receipt.*", "head.*", "tx.*".
Result<Proved> fetch_transaction(client::Client& client, const std::string& id);

/// Checks a transaction against a receipt in its JSON form.
Result<Proved> check_transaction(const client::Client& client, const std::string& bytes,
                                 const Json& receipt);

/// The folder that --receipts names; without one, keeping does nothing.
class ReceiptFolder {
 public:
  ReceiptFolder() = default;
  explicit ReceiptFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Writes "<index>-<op>.json" as docs/formats.md describes receipt files. Error: "file.io".
  Status keep(const std::string& op, const std::string& bytes, const proof::Receipt& receipt) const;
  Status keep(const Proved& proved) const;
  /// Writes what GET …/completeness answered beside the folder, as "<folder>.completeness.json": in
  /// the folder all files are receipts.
  Status keep_completeness(const Json& answer) const;

 private:
  std::filesystem::path folder_;
};

/// Checks one receipt file offline. Errors: "file.*", "receipt.*", "head.*".
struct CheckedReceipt {
  std::string tx, op;
  std::uint64_t index = 0, size = 0;
  std::int64_t time_ms = 0;  ///< of the tree head
  proof::Receipt receipt;
};
Result<CheckedReceipt> check_receipt_file(const std::filesystem::path& file,
                                          const crypto::PublicKey& host, const std::string& chain);

}  // namespace qc::cli
