// JWS and JWE in compact form with national cryptography (RFC 7515, RFC 7516, GM/T 0125).
#pragma once

#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::crypto {

inline constexpr std::string_view kJwsAlg = "SGD_SM3_SM2";
inline constexpr std::string_view kJweAlg = "SGD_SM2_3";
inline constexpr std::string_view kJweEnc = "SGD_SM4_GCM";

/// A parsed compact JWS. Views point into the text it was parsed from: keep that alive.
struct Jws {
  Json header;          ///< protected header, alg checked
  std::string payload;  ///< decoded bytes, exactly as signed
  std::string_view signing_input;
  Bytes signature;          ///< 64 bytes r || s
  std::string kid() const;  ///< header "kid" or ""
  std::string typ() const;  ///< header "typ" or ""
};

/// Signs payload bytes; header gets alg, kid, typ. Returns compact text.
std::string jws_sign(const PrivateKey& key, std::string_view payload, std::string_view typ,
                     const Json& extra_header = Json::object());

/// Parses without verifying. Rejects: not three parts, bad base64url, alg other than
/// SGD_SM3_SM2, a "crit" header, b64=false, signature not 64 bytes. Error: "jws.invalid".
Result<Jws> jws_parse(std::string_view compact, std::size_t max_bytes = 1U << 20U);

/// Error: "jws.bad_signature".
Status jws_verify(const Jws& jws, const PublicKey& key);

/// Parse, check `typ`, verify. Errors: "jws.invalid", "jws.wrong_type", "jws.bad_signature".
Result<Jws> jws_open(std::string_view compact, const PublicKey& key, std::string_view typ,
                     std::size_t max_bytes = 1U << 20U);

/// Encrypts to `recipient`; header carries alg, enc, kid (recipient) and `cty`.
Result<std::string> jwe_encrypt(const PublicKey& recipient, std::string_view plaintext,
                                std::string_view cty = "application/json");

/// Errors: "jwe.invalid", "jwe.wrong_recipient" (kid differs), "jwe.decrypt_failed".
Result<std::string> jwe_decrypt(const PrivateKey& key, std::string_view compact,
                                std::size_t max_bytes = 4U << 20U);

}  // namespace qc::crypto
