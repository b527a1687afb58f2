#include <algorithm>

#include "sdk/crypto/jose_parts.hpp"
#include "sdk/crypto/sdjwt_parts.hpp"

namespace qc::crypto {
namespace {

std::string make_disclosure(const std::string& name, const Json& value) {
  const Json content = Json::array({random_id(), name, value});
  return to_base64url(as_bytes(jose::dump(content)));
}

/// The claims of the issuer JWT without digests and `cnf`.
Json make_claims(const SdJwtClaims& claims) {
  Json out = claims.extra.is_object() ? claims.extra : Json::object();
  out["iss"] = claims.iss;
  out["vct"] = claims.vct;
  out["iat"] = claims.iat;
  if (!claims.sub.empty()) out["sub"] = claims.sub;
  if (!claims.aud.empty()) out["aud"] = claims.aud;
  if (claims.exp != 0) out["exp"] = claims.exp;
  return out;
}

Status check_extra(const SdJwtClaims& claims) {
  const Json& extra = claims.extra;
  if (extra.is_null()) return {};
  if (!extra.is_object()) return invalid("sdjwt.invalid", "expected an object", "extra");
  for (const auto& [name, value] : extra.items()) {
    if (sdjwt::reserved_name(name) || sdjwt::has_sd_members(value)) {
      return invalid("sdjwt.invalid", "has a reserved name", "extra." + name.substr(0, 64));
    }
  }
  return {};
}

}  // namespace

Status sdjwt_check_fields(const Json& fields, const SdJwtClaims& claims) {
  QC_TRY(check_extra(claims));
  if (!fields.is_object()) return invalid("sdjwt.invalid", "expected an object", "fields");
  if (fields.size() > sdjwt::kMaxFields) {
    return invalid("sdjwt.invalid", "at most " + std::to_string(sdjwt::kMaxFields) + " fields",
                   "fields");
  }
  for (const auto& [name, value] : fields.items()) {
    const std::string where = "fields." + name.substr(0, 64);
    if (name.empty() || name.size() > sdjwt::kMaxNameBytes) {
      return invalid("sdjwt.invalid", "expected a name of 1 to 128 bytes", where);
    }
    if (sdjwt::reserved_name(name) || claims.extra.contains(name)) {
      return invalid("sdjwt.invalid", "has the name of a claim", where);
    }
    if (sdjwt::has_sd_members(value)) {
      return invalid("sdjwt.invalid", "holds a member named \"_sd\" or \"...\"", where);
    }
  }
  return {};
}

namespace {

/// `payload`: the claims that the issuer signs beside the digests.
std::string sign_with_digests(const PrivateKey& issuer, Json payload, const Json& fields) {
  std::vector<std::string> digests;
  std::string disclosures;
  for (const auto& [name, value] : fields.items()) {
    const std::string disclosure = make_disclosure(name, value);
    digests.push_back(sdjwt::digest_of(disclosure));
    disclosures += disclosure + "~";
  }
  // Sorted, so that the order tells nothing about which field a withheld digest stands for.
  std::sort(digests.begin(), digests.end());
  payload["_sd_alg"] = sdjwt::kHashAlg;
  payload["_sd"] = digests;
  return jws_sign(issuer, jose::dump(payload), sdjwt::kType) + "~" + disclosures;
}

}  // namespace

std::string sdjwt_issue(const PrivateKey& issuer, const SdJwtClaims& claims, const Json& fields,
                        const PublicKey& holder) {
  if (!sdjwt_check_fields(fields, claims).ok()) return {};
  Json payload = make_claims(claims);
  payload["cnf"] = Json{{"jwk", holder.to_jwk()}};
  return sign_with_digests(issuer, std::move(payload), fields);
}

std::string sdjwt_issue(const PrivateKey& issuer, const SdJwtClaims& claims, const Json& fields) {
  if (!sdjwt_check_fields(fields, claims).ok()) return {};
  return sign_with_digests(issuer, make_claims(claims), fields);
}

Result<std::string> sdjwt_present(std::string_view sdjwt, const std::vector<std::string>& fields,
                                  const PrivateKey& holder, std::string_view aud,
                                  std::string_view nonce, std::int64_t iat_s) {
  QC_ASSIGN(const sdjwt::Parts parts, sdjwt::split(sdjwt));
  if (!parts.kb.empty()) {
    return invalid("sdjwt.invalid", "is a presentation already, expected a credential");
  }
  const auto jwt = jws_parse(parts.jwt);
  if (!jwt.ok()) return invalid("sdjwt.invalid", jwt.error().message, jwt.error().field);
  QC_ASSIGN(const sdjwt::IssuerPayload payload, sdjwt::read_payload(jwt->payload));
  const auto bound = sdjwt::holder_key(payload.claims);
  if (!bound.ok() || !(*bound == holder.public_key())) {
    return invalid("sdjwt.invalid", "is bound to another key", "cnf");
  }
  std::set<std::string> missing(fields.begin(), fields.end());
  std::string out(parts.jwt);
  out += '~';
  for (const std::string_view encoded : parts.disclosures) {
    const auto disclosure = sdjwt::read_disclosure(encoded);
    if (!disclosure.ok() || !payload.digests.contains(disclosure->digest)) {
      return invalid("sdjwt.invalid", "holds a disclosure that the issuer did not sign");
    }
    if (missing.erase(disclosure->name) == 0) continue;
    out += encoded;
    out += '~';
  }
  if (!missing.empty()) {
    return invalid("sdjwt.unknown_field", "the credential has no such field",
                   missing.begin()->substr(0, 64));
  }
  const Json kb = {
      {"iat", iat_s}, {"aud", aud}, {"nonce", nonce}, {"sd_hash", sdjwt::digest_of(out)}};
  return out + jws_sign(holder, jose::dump(kb), sdjwt::kKeyBindingType);
}

}  // namespace qc::crypto
