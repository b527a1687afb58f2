// Who acts and through which host: profile, key, connection, and the receipts that are kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "host/cli/arguments.hpp"
#include "host/cli/receipts.hpp"
#include "sdk/client/client.hpp"

namespace qc::cli {

/// A profile is a JSON file {"account","url","chain","host_jwk","key","passphrase_file"}; its paths
/// start at its folder. Options given beside it win.
struct ConnectionOptions {
  std::string profile, url, key, passphrase_file, host_key, chain, ca_file, receipts;
  std::int64_t timeout_ms = 10000;
};

enum class Signer { kNeeded, kOptional };

/// --profile (or QUANCHENG_PROFILE), --url, --key, --passphrase-file, --host-key, --chain,
/// --ca-file, --receipts, --timeout-ms.
void add_connection(Command& command, ConnectionOptions& options);

struct Session {
  std::unique_ptr<client::Client> client;
  std::optional<crypto::PrivateKey> key;
  std::string account;  ///< the profile's, else the member whose key this is
  ReceiptFolder receipts;

  /// Signs, submits, keeps the receipt.
  Result<client::Submitted> submit(const std::string& op, const Json& body);
};

/// Errors: "usage.*", "profile.*", "keystore.*", "key.*", "client.*".
Result<Session> open_session(const ConnectionOptions& options, Signer signer);

/// Who signs what no host is needed for: of the profile, single options win.
struct OfflineSigner {
  std::string account;  ///< the profile's, or empty
  std::string chain;
  crypto::PrivateKey key;
};
/// Errors: "usage.*", "profile.*", "keystore.*", "key.*".
Result<OfflineSigner> open_signer(const ConnectionOptions& options);

/// The passphrase of a key about to be made: read as by obtain_passphrase or, when `new_file` is
/// given, drawn at random and written there (mode 0600; "key.exists" when there is such a file).
struct NewPassphrase {
  std::string text;
  crypto::PassphraseKind kind = crypto::PassphraseKind::kChosen;
};
Result<NewPassphrase> passphrase_for_new_key(const std::string& file, const std::string& new_file,
                                             const std::string& prompt);

/// The first line of the file, or asked for on the terminal (without echo) when `file` is empty.
/// Errors: "keystore.*", "usage.passphrase_needed" when there is no terminal.
Result<std::string> obtain_passphrase(const std::string& file, const std::string& prompt);

/// Reads a public key file (JWK). Errors: "file.*", "key.invalid".
Result<crypto::PublicKey> read_public_key(const std::filesystem::path& file);

/// As qc::read_json_file, with "file.invalid" for text that is not JSON.
Result<Json> read_document(const std::filesystem::path& file);

/// Seconds since the epoch, from the system clock.
std::int64_t now_s();

}  // namespace qc::cli
