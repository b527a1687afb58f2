// Internal: the pieces of an SD-JWT and the rules both issuer and verifier hold to.
#pragma once

#include <set>

#include "sdk/crypto/sdjwt.hpp"

namespace qc::crypto::sdjwt {

inline constexpr std::size_t kMaxBytes = 1U << 20U;
inline constexpr std::size_t kMaxFields = 512;
inline constexpr std::size_t kMaxNameBytes = 128;
inline constexpr std::string_view kType = "dc+sd-jwt";
inline constexpr std::string_view kKeyBindingType = "kb+jwt";
inline constexpr std::string_view kHashAlg = "sm3";
inline constexpr std::int64_t kMaxSeconds = 253'402'300'799;  // the end of the year 9999
inline constexpr std::int64_t kClockSkewSeconds = 300;

/// "<jwt>~<d1>~…~<dn>~[<kb>]", views into the text.
struct Parts {
  std::string_view jwt;
  std::vector<std::string_view> disclosures;
  std::string_view kb;      ///< empty when there is no key binding
  std::string_view hashed;  ///< up to and with the last "~": what sd_hash covers
};
Result<Parts> split(std::string_view text);

struct Disclosure {
  std::string name;
  Json value;
  std::string digest;  ///< base64url SM3 of the encoded disclosure
};
/// Error: "sdjwt.bad_disclosure".
Result<Disclosure> read_disclosure(std::string_view encoded);

/// The issuer's payload, taken apart.
struct IssuerPayload {
  Json claims;  ///< without _sd and _sd_alg
  std::set<std::string> digests;
};
/// Checks the payload of the issuer JWT. Error: "sdjwt.invalid".
Result<IssuerPayload> read_payload(std::string_view payload);

/// The key in cnf.jwk.
Result<PublicKey> holder_key(const Json& claims);

/// base64url(SM3(text)).
std::string digest_of(std::string_view text);

/// True for names that a field may never have: those with a meaning in JWT, SD-JWT or SD-JWT VC.
bool reserved_name(std::string_view name);

/// True when "_sd" or "..." names a member anywhere inside `value`.
bool has_sd_members(const Json& value);

}  // namespace qc::crypto::sdjwt
