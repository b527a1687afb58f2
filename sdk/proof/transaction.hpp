// A transaction as received: bytes, parsed envelope, verified signature.
#pragma once

#include <memory>
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
  std::string id_hex() const { return to_hex(id); }
};

/// Parses the envelope; does not verify the signature. Errors: "tx.invalid" (with field),
/// "tx.too_large", "tx.wrong_type". Any thread.
Result<Transaction> parse_transaction(std::string bytes);

/// Checks the JWS signature over the received bytes. Error: "tx.bad_signature". Any thread.
Status verify_transaction(const Transaction& tx, const crypto::PublicKey& key);

/// Builds and signs a transaction: for hosts, tests and tools. Any thread.
std::string make_transaction(const crypto::PrivateKey& key, std::string_view chain,
                             std::string_view op, const Json& body, std::int64_t iat_s);

}  // namespace qc::proof
