// A citizen's wallet on the citizen's own device: one folder.
//
//   key.pem        private key, encrypted; never leaves the folder
//   wallet.json    host, network, pinned host key, account, pseudonym
//   credential.jwe identity credential, as ciphertext
//   assets/        <id>.jwe (ciphertext) and <id>.json (the issuing transaction and its receipt)
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "host/cli/arguments.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/receipts.hpp"

namespace qc::cli {

struct WalletOptions {
  std::string dir, passphrase_file, url, receipts;
  std::int64_t timeout_ms = 10000;
};

/// --wallet (or QUANCHENG_WALLET), --passphrase-file, --url, --receipts, --timeout-ms.
void add_wallet_options(Command& command, WalletOptions& options);

/// The wallet of whoever acts for the box of `box`: at the same host, with the same passphrase file
/// unless it names its own.
WalletOptions acting_for(const WalletOptions& box, WalletOptions as);
/// --as, --as-passphrase-file.
void add_acting_options(Command& command, WalletOptions& as, Need need);

/// One asset, decrypted and checked. Lives in memory only.
struct OpenedAsset {
  std::string asset, item, issuer, sd_jwt;
  std::int64_t version = 0, as_of = 0, expires = 0;
  Json fields;  ///< value by field name
};

class Wallet {
 public:
  /// Loads the folder and the key, connects with the pinned host key. Errors: "wallet.not_found",
  /// "wallet.invalid", "keystore.*", "key.*", "client.*".
  static Result<Wallet> open(const WalletOptions& options);

  const std::filesystem::path& folder() const { return folder_; }
  const std::string& account() const { return account_; }
  const std::string& pseudonym() const { return pseudonym_; }
  const crypto::PrivateKey& key() const { return key_; }
  client::Client& client() const { return *client_; }
  const ReceiptFolder& receipts() const { return receipts_; }

  /// Signs, submits, keeps the receipt.
  Result<client::Submitted> submit(const std::string& op, const Json& body) const;
  /// The identity credential (SD-JWT), decrypted.
  Result<std::string> credential() const;

  /// Keeps an asset's ciphertext and the proof of its issue.
  Status keep_asset(const std::string& asset, const std::string& jwe, const Proved& issue) const;
  /// Deletes the local copy; a missing one is a success.
  Status forget_asset(const std::string& asset) const;
  /// The host's list of own assets, live ones only unless `all`.
  Result<Json> list_assets(bool all = false) const;
  /// Decrypts an asset of that list (from the cache, else from the host) and checks: the
  /// department's signature, account, network, item, expiry, and that it is what the ledger's
  /// asset.issue commits to. Errors: "jwe.*", "sdjwt.*", "verify.*".
  Result<OpenedAsset> open_asset(const Json& entry, const Directory& directory) const;

 private:
  Wallet(crypto::PrivateKey key) : key_(std::move(key)) {}  // NOLINT: internal
  Result<Proved> issue_proof(const std::string& asset) const;
  Result<std::string> ciphertext(const std::string& asset) const;

  std::filesystem::path folder_;
  std::string account_, pseudonym_;
  crypto::PrivateKey key_;
  std::unique_ptr<client::Client> client_;
  ReceiptFolder receipts_;
};

/// Checks an asset's plaintext (docs/formats.md, Asset) against the list entry, the department's
/// key and the issuing transaction.
Result<OpenedAsset> check_asset(const std::string& plaintext, const Json& entry,
                                const Directory& directory, const std::string& account,
                                const Proved& issue);

void add_wallet_box(Command group);      ///< create, fetch, show, erase, export
void add_wallet_consent(Command group);  ///< requests, approve, refuse
void add_wallet_grants(Command group);   ///< grants, pause, resume, revoke, history

}  // namespace qc::cli
