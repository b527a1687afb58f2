// SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc) with _sd_alg "sm3": one disclosure per field.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sdk/crypto/jose.hpp"

namespace qc::crypto {

struct SdJwtClaims {
  std::string iss;       ///< issuer account
  std::string vct;       ///< credential type: "qc:item:<item>:<version>"
  std::string sub;       ///< subject account, or "" when the credential is not about an account
  std::string aud = {};  ///< whom alone it is for, or ""
  std::int64_t iat = 0;  ///< seconds since the epoch
  std::int64_t exp = 0;  ///< seconds, 0 = no expiry
  Json extra = Json::object();  ///< further claims always disclosed (e.g. chain, asset_id)
};

/// Fails unless `fields` is an object of at most 512 members whose names are neither claims of JWT,
/// SD-JWT or SD-JWT VC, nor members of `claims.extra`, and no value holds "_sd" or "..." members.
/// Error: "sdjwt.invalid", naming the field.
Status sdjwt_check_fields(const Json& fields, const SdJwtClaims& claims = {});

/// Issues a credential bound to `holder` (cnf.jwk); each member of `fields` is selectively
/// disclosable with a fresh 128-bit salt. Returns "<jwt>~<d1>~…~<dn>~".
/// Precondition: sdjwt_check_fields(fields, claims) succeeds; else the result is "", which nothing
/// verifies. Check first where names come from outside. Any thread.
std::string sdjwt_issue(const PrivateKey& issuer, const SdJwtClaims& claims, const Json& fields,
                        const PublicKey& holder);

/// The same without `cnf`: no key presents it on, whoever holds it. For what an issuer hands to the
/// one that `claims.aud` names.
std::string sdjwt_issue(const PrivateKey& issuer, const SdJwtClaims& claims, const Json& fields);

/// A checked credential or presentation.
struct SdJwtView {
  Json claims;  ///< issuer-signed claims without _sd, _sd_alg
  Json fields;  ///< disclosed fields by name
  Json kb;      ///< key-binding payload, null when absent
};

/// Checks issuer signature, typ dc+sd-jwt, digests (each disclosure used once, no unknown), exp
/// and nbf. A key binding, if there is one, must be signed by cnf.jwk over these disclosures; its
/// audience and nonce are the caller's to check, so prefer sdjwt_verify_presentation.
/// `now_s` in seconds. Errors: "sdjwt.invalid", "sdjwt.bad_signature", "sdjwt.bad_disclosure",
/// "sdjwt.expired", "sdjwt.not_yet_valid", "sdjwt.bad_key_binding". Any thread.
Result<SdJwtView> sdjwt_verify(std::string_view sdjwt, const PublicKey& issuer, std::int64_t now_s);

/// Keeps only the named fields and appends a key-binding JWT (typ kb+jwt) signed by the holder,
/// with sd_hash, aud, nonce, iat. `sdjwt` must be bound to `holder`; its issuer is not checked
/// here. Errors: "sdjwt.invalid", "sdjwt.unknown_field". Any thread.
Result<std::string> sdjwt_present(std::string_view sdjwt, const std::vector<std::string>& fields,
                                  const PrivateKey& holder, std::string_view aud,
                                  std::string_view nonce, std::int64_t iat_s);

/// As sdjwt_verify, and the key binding must be there: signature by cnf.jwk, sd_hash, aud, nonce,
/// iat at most 300 s ahead of `now_s`. How old it may be is the caller's rule (`kb.iat`): what was
/// presented with a grant is read while the grant lasts. Replay is caught by the nonce. Errors
/// further: "sdjwt.bad_key_binding". Any thread.
Result<SdJwtView> sdjwt_verify_presentation(std::string_view presentation, const PublicKey& issuer,
                                            std::string_view aud, std::string_view nonce,
                                            std::int64_t now_s);

/// The claims of the issuer JWT ("iss", "vct", "sub", …) with no signature checked: only to find
/// out whose key to verify with. Error: "sdjwt.invalid". Any thread.
Result<Json> sdjwt_peek_claims(std::string_view sdjwt);
/// The "kid" that the issuer JWT names, or "", as unchecked as its claims. Error: "sdjwt.invalid".
Result<std::string> sdjwt_peek_kid(std::string_view sdjwt);

}  // namespace qc::crypto
