// A transaction as received: bytes, parsed envelope, verified signature.
#pragma once

#include <optional>
#include <string>

#include "sdk/base/bytes.hpp"
#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::proof {

inline constexpr std::string_view kTxTyp = "qc-tx+jws";
inline constexpr std::size_t kMaxTxBytes = 64U * 1024U;

struct Transaction {
  std::string bytes;  ///< the compact JWS, exactly as received
  Hash32 id{};        ///< SM3(bytes)
  std::string kid;
  std::string chain;
  std::string op;
  std::int64_t iat = 0;  ///< seconds
  std::string nonce;
  Json body;
  /// What verification found for verification in batches later; no part of the transaction.
  crypto::NonceHint hint = crypto::NonceHint::kNone;
  std::string id_hex() const { return to_hex(id); }
};

/// Parses the envelope; does not verify the signature. Errors: "tx.invalid" (with field),
/// "tx.too_large", "tx.wrong_type". Any thread.
Result<Transaction> parse_transaction(std::string bytes);
/// The same for who has SM3(bytes) already (many_hashes.hpp).
Result<Transaction> parse_transaction(std::string bytes, const Hash32& id);

/// Checks the JWS signature over the received bytes. Error: "tx.bad_signature". Any thread.
Status verify_transaction(const Transaction& tx, const crypto::PublicKey& key);

/// The same, and keeps the hint for verification in batches in `tx`.
Status verify_for_hint(Transaction& tx, const crypto::PublicKey& key);

/// What is signed and by what; nothing when the text is not that of a parsed transaction.
struct SignedParts {
  std::string_view message;  ///< within `bytes`
  crypto::Signature64 signature;
};
std::optional<SignedParts> signed_parts(std::string_view bytes);

/// Builds and signs a transaction: for hosts, tests and tools. Any thread.
std::string make_transaction(const crypto::PrivateKey& key, std::string_view chain,
                             std::string_view op, const Json& body, std::int64_t iat_s);

}  // namespace qc::proof
