#include "sdk/crypto/sdjwt_parts.hpp"

namespace qc::crypto {
namespace {

Error bad_binding(std::string message, std::string_view field = {}) {
  return unauthenticated("sdjwt.bad_key_binding", std::move(message)).at(field);
}

/// The issuer JWT: form, type, signature, claims, digests. No clock.
Result<sdjwt::IssuerPayload> open_issuer_jwt(std::string_view jwt, const PublicKey& issuer) {
  const auto jws = jws_open(jwt, issuer, sdjwt::kType, sdjwt::kMaxBytes);
  if (!jws.ok()) {
    if (jws.error().code == "jws.bad_signature") {
      return unauthenticated("sdjwt.bad_signature", "the issuer's signature is not valid");
    }
    return invalid("sdjwt.invalid", jws.error().message, jws.error().field);
  }
  return sdjwt::read_payload(jws->payload);
}

Status check_time(const Json& claims, std::int64_t now_s) {
  const auto exp = claims.find("exp");
  if (exp != claims.end() && now_s >= exp->get<std::int64_t>()) {
    return invalid("sdjwt.expired", "the credential has expired", "exp");
  }
  const auto nbf = claims.find("nbf");
  if (nbf != claims.end() && now_s + sdjwt::kClockSkewSeconds < nbf->get<std::int64_t>()) {
    return invalid("sdjwt.not_yet_valid", "the credential is not valid yet", "nbf");
  }
  return {};
}

Result<Json> open_disclosures(const sdjwt::Parts& parts, const sdjwt::IssuerPayload& payload) {
  Json fields = Json::object();
  std::set<std::string> used;
  for (const std::string_view encoded : parts.disclosures) {
    QC_ASSIGN(sdjwt::Disclosure disclosure, sdjwt::read_disclosure(encoded));
    if (!payload.digests.contains(disclosure.digest)) {
      return invalid("sdjwt.bad_disclosure", "a disclosure is not in the signed digests");
    }
    if (!used.insert(disclosure.digest).second) {
      return invalid("sdjwt.bad_disclosure", "a disclosure appears twice");
    }
    if (fields.contains(disclosure.name) || payload.claims.contains(disclosure.name)) {
      return invalid("sdjwt.bad_disclosure", "a field has a name that is taken");
    }
    fields[disclosure.name] = std::move(disclosure.value);
  }
  return fields;
}

/// Type, signature by cnf.jwk, sd_hash. Audience and nonce are left to the caller.
Result<Json> open_key_binding(const sdjwt::Parts& parts, const Json& claims, std::int64_t now_s) {
  const auto holder = sdjwt::holder_key(claims);
  if (!holder.ok()) return bad_binding("the credential is bound to no key", "cnf");
  const auto jws = jws_open(parts.kb, *holder, sdjwt::kKeyBindingType, sdjwt::kMaxBytes);
  if (!jws.ok()) return bad_binding(jws.error().message, "kb");
  auto kb = parse_json(jws->payload);
  if (!kb.ok()) return bad_binding(kb.error().message, "kb");
  const JsonReader reader(*kb, "kb");
  const auto hash = reader.text("sd_hash", 64);
  if (!hash.ok() || *hash != sdjwt::digest_of(parts.hashed)) {
    return bad_binding("was made for other disclosures", "kb.sd_hash");
  }
  for (const char* name : {"aud", "nonce"}) {
    if (!reader.text(name).ok()) return bad_binding("expected a text", reader.field(name));
  }
  const auto iat = reader.integer("iat", 0, sdjwt::kMaxSeconds);
  if (!iat.ok()) return bad_binding(iat.error().message, "kb.iat");
  if (*iat > now_s + sdjwt::kClockSkewSeconds) return bad_binding("lies in the future", "kb.iat");
  return kb;
}

Result<SdJwtView> open(const sdjwt::Parts& parts, const PublicKey& issuer, std::int64_t now_s) {
  QC_ASSIGN(sdjwt::IssuerPayload payload, open_issuer_jwt(parts.jwt, issuer));
  QC_TRY(check_time(payload.claims, now_s));
  SdJwtView view;
  QC_ASSIGN(view.fields, open_disclosures(parts, payload));
  if (!parts.kb.empty()) {
    QC_ASSIGN(view.kb, open_key_binding(parts, payload.claims, now_s));
  }
  view.claims = std::move(payload.claims);
  return view;
}

}  // namespace

Result<PublicKey> sdjwt::holder_key(const Json& claims) {
  const auto cnf = claims.find("cnf");
  if (cnf == claims.end() || !cnf->is_object() || !cnf->contains("jwk")) {
    return invalid("sdjwt.invalid", "is missing", "cnf.jwk");
  }
  return PublicKey::from_jwk((*cnf)["jwk"]);
}

Result<SdJwtView> sdjwt_verify(std::string_view sdjwt, const PublicKey& issuer,
                               std::int64_t now_s) {
  QC_ASSIGN(const sdjwt::Parts parts, sdjwt::split(sdjwt));
  return open(parts, issuer, now_s);
}

Result<SdJwtView> sdjwt_verify_presentation(std::string_view presentation, const PublicKey& issuer,
                                            std::string_view aud, std::string_view nonce,
                                            std::int64_t now_s) {
  QC_ASSIGN(const sdjwt::Parts parts, sdjwt::split(presentation));
  if (parts.kb.empty()) return bad_binding("is missing", "kb");
  QC_ASSIGN(SdJwtView view, open(parts, issuer, now_s));
  if (view.kb["aud"] != Json(aud)) return bad_binding("was made for another audience", "kb.aud");
  if (view.kb["nonce"] != Json(nonce)) return bad_binding("answers another nonce", "kb.nonce");
  return view;
}

Result<Json> sdjwt_peek_claims(std::string_view sdjwt) {
  QC_ASSIGN(const sdjwt::Parts parts, sdjwt::split(sdjwt));
  const auto jws = jws_parse(parts.jwt, sdjwt::kMaxBytes);
  if (!jws.ok()) return invalid("sdjwt.invalid", jws.error().message, jws.error().field);
  QC_ASSIGN(sdjwt::IssuerPayload payload, sdjwt::read_payload(jws->payload));
  return std::move(payload.claims);
}

Result<std::string> sdjwt_peek_kid(std::string_view sdjwt) {
  QC_ASSIGN(const sdjwt::Parts parts, sdjwt::split(sdjwt));
  const auto jws = jws_parse(parts.jwt, sdjwt::kMaxBytes);
  if (!jws.ok()) return invalid("sdjwt.invalid", jws.error().message, jws.error().field);
  return jws->kid();
}

}  // namespace qc::crypto
