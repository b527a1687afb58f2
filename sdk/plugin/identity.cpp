#include "sdk/plugin/identity.hpp"

#include <openssl/crypto.h>

#include "sdk/base/identity_numbers.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::plugin {
namespace {

constexpr std::string_view kProofTyp = "qc-identity-proof+jws";
constexpr std::string_view kEvidenceTyp = "qc-identity-evidence+jws";
constexpr std::size_t kPseudonymKeySize = 32;
constexpr std::size_t kAccountDigits = 32;
constexpr std::size_t kIdSize = 22;

Error refused(std::string code, std::string message, std::string_view field) {
  return unauthenticated(std::move(code), std::move(message)).at(field);
}

Result<std::string> identity_issuer(const IdentityQuery& query, const Json& claims) {
  const auto iss = claims.find("iss");
  if (iss == claims.end() || !iss->is_string()) {
    return invalid("identity.invalid", "the credential names no issuer", "identity.iss");
  }
  // Any department can sign any text; only the one that proves identity is believed in this.
  std::string expected = query.identity_issuer;
  if (expected.empty()) {
    if (query.issuers->size() != 1) {
      return refused("identity.wrong_issuer", "set identity_issuer: several issuers could be meant",
                     "issuers");
    }
    expected = query.issuers->begin().key();
  }
  if (*iss != Json(expected)) {
    return refused("identity.wrong_issuer", "is not the department that proves identity",
                   "identity.iss");
  }
  return expected;
}

Status check_binding(const Own& own, const IdentityQuery& query, const crypto::SdJwtView& view) {
  const Json& claims = view.claims;
  if (text_of(claims, "vct") != kIdentityVct) {
    return refused("identity.invalid", "is not an identity credential", "identity.vct");
  }
  if (text_of(claims, "chain") != own.chain) {
    return refused("identity.wrong_chain", "belongs to another network", "identity.chain");
  }
  if (text_of(claims, "sub") != query.account) {
    return refused("identity.wrong_subject", "was issued to another account", "identity.sub");
  }
  if (!bound_to(claims, query.holder)) {
    return refused("identity.wrong_holder", "is bound to another key than the account's",
                   "identity.cnf");
  }
  return {};
}

Status check_key_binding(const Own& own, const IdentityQuery& query, const Json& kb,
                         std::int64_t now_s) {
  if (!kb.is_object()) {
    return refused("identity.no_proof", "the presentation has no key binding", "identity.kb");
  }
  if (text_of(kb, "aud") != own.account) {
    return refused("identity.wrong_audience", "was made for another department", "identity.kb.aud");
  }
  // The nonce names the item: what was signed to see one record opens no other.
  const std::string nonce = text_of(kb, "nonce");
  if (!nonce.starts_with(query.item + '/') || nonce.size() != query.item.size() + 1 + kIdSize) {
    return refused("identity.wrong_nonce", "was made for another item", "identity.kb.nonce");
  }
  return check_fresh(kb, now_s, "identity.kb");
}

Result<Json> decrypt_json(const Own& own, std::string_view jwe, std::string_view field) {
  auto text = crypto::jwe_decrypt(own.key, jwe);
  if (!text.ok()) return text.error().at(field);
  auto json = parse_json(*text);
  OPENSSL_cleanse(text->data(), text->size());
  if (!json.ok()) return json.error().at(field);
  return json;
}

Status check_proof(const Own& own, const crypto::PublicKey& holder, const std::string& proof,
                   std::int64_t now_s) {
  const auto jws = crypto::jws_open(proof, holder, kProofTyp, 8192);
  if (!jws.ok()) return jws.error().at("claim.proof");
  QC_ASSIGN(const Json payload, parse_json(jws->payload));
  const JsonReader reader(payload, "claim.proof");
  QC_ASSIGN(const std::string chain, reader.text("chain", 128));
  QC_ASSIGN(const std::string kid, reader.text("kid", 64));
  QC_TRY(reader.text("nonce", 64));
  if (chain != own.chain) {
    return refused("identity.wrong_chain", "belongs to another network", "claim.proof.chain");
  }
  if (kid != holder.kid()) {
    return refused("identity.wrong_holder", "names another key", "claim.proof.kid");
  }
  return check_fresh(payload, now_s, "claim.proof");
}

}  // namespace

Result<std::unique_ptr<Pseudonyms>> Pseudonyms::load(const std::filesystem::path& file) {
  auto line = crypto::read_passphrase_file(file);
  if (!line.ok()) return line.error().at("settings.pseudonym_key_file");
  auto key = from_hex(*line);
  OPENSSL_cleanse(line->data(), line->size());
  if (!key.ok() || key->size() != kPseudonymKeySize) {
    return invalid("pseudonym_key.invalid", "the file must hold 64 hexadecimal digits",
                   "settings.pseudonym_key_file");
  }
  return std::unique_ptr<Pseudonyms>(new Pseudonyms(std::move(*key)));
}

Pseudonyms::~Pseudonyms() { OPENSSL_cleanse(key_.data(), key_.size()); }

std::string Pseudonyms::of(std::string_view chain, std::string_view id_no) const {
  std::string text = "qc-pseudonym-1";
  text.append(1, '\0').append(chain).append(1, '\0').append(id_no);
  return to_hex(crypto::hmac_sm3(key_, as_bytes(text)));
}

std::string account_of(std::string_view pseudonym) {
  return "p-" + std::string(pseudonym.substr(0, kAccountDigits));
}

Result<std::string> open_identity(const Own& own, const IdentityQuery& query, std::string_view jwe,
                                  std::int64_t now_s) {
  QC_ASSIGN(const Json outer, decrypt_json(own, jwe, "identity"));
  const JsonReader reader(outer, "identity");
  QC_TRY(reader.expect_only({"presentation"}));
  QC_ASSIGN(const std::string presentation, reader.text("presentation", 64U << 10U));
  const auto claims = crypto::sdjwt_peek_claims(presentation);
  if (!claims.ok()) return claims.error().at("identity.presentation");
  QC_ASSIGN(const std::string issuer, identity_issuer(query, *claims));
  QC_ASSIGN(const crypto::PublicKey key, issuer_key(*query.issuers, issuer, presentation));
  const auto view = crypto::sdjwt_verify(presentation, key, now_s);
  if (!view.ok()) return view.error().at("identity.presentation");
  QC_TRY(check_binding(own, query, *view));
  QC_TRY(check_key_binding(own, query, view->kb, now_s));
  const JsonReader fields(view->fields, "identity.fields");
  QC_ASSIGN(std::string id_no, fields.text("id_no", 18, 18));
  if (!is_valid_id_number(id_no)) {
    return invalid("identity.invalid", "has no valid check digit", "identity.fields.id_no");
  }
  return id_no;
}

Result<OpenedClaim> open_claim(const Own& own, std::string_view jwe, const Moment& moment) {
  QC_ASSIGN(const Json json, decrypt_json(own, jwe, "claim"));
  const JsonReader reader(json, "claim");
  QC_TRY(reader.expect_only({"id_no", "name", "card_valid_to", "jwk", "proof"}));
  QC_ASSIGN(const Json* jwk, reader.object("jwk"));
  auto holder = crypto::PublicKey::from_jwk(*jwk);
  if (!holder.ok()) return holder.error().under("claim.jwk");
  QC_ASSIGN(const std::string proof, reader.text("proof", 8192));
  QC_TRY(check_proof(own, *holder, proof, moment.now_s));
  IdentityClaim claim;
  claim.moment = moment;
  QC_ASSIGN(claim.id_no, reader.text("id_no", 18, 18));
  QC_ASSIGN(claim.name, reader.text("name", 128));
  QC_ASSIGN(claim.card_valid_to, reader.text("card_valid_to", 10, 10));
  if (!is_valid_id_number(claim.id_no)) {
    return invalid("identity.invalid", "has no valid check digit", "claim.id_no");
  }
  if (!parse_date(claim.card_valid_to)) {
    return invalid("identity.invalid", "expected a date YYYY-MM-DD", "claim.card_valid_to");
  }
  return OpenedClaim{std::move(claim), std::move(*holder)};
}

Result<Json> identity_answer(const Own& own, const Pseudonyms& pseudonyms,
                             const OpenedClaim& opened, std::int64_t valid_days) {
  const std::int64_t now_s = opened.claim.moment.now_s;
  const std::string pseudonym = pseudonyms.of(own.chain, opened.claim.id_no);
  const std::string account = account_of(pseudonym);
  const Json evidence = {{"v", 1},
                         {"chain", own.chain},
                         {"account", account},
                         {"pseudonym", pseudonym},
                         {"kid", opened.holder.kid()},
                         {"method", "id-card"},
                         {"iat", now_s}};
  crypto::SdJwtClaims claims;
  claims.iss = own.account;
  claims.vct = kIdentityVct;
  claims.sub = account;
  claims.iat = now_s;
  claims.exp = now_s + valid_days * kDaySeconds;
  claims.extra = {{"chain", own.chain}};
  const Json fields = {{"id_no", opened.claim.id_no}, {"name", opened.claim.name}};
  const std::string sd_jwt = crypto::sdjwt_issue(own.key, claims, fields, opened.holder);
  QC_ASSIGN(std::string credential,
            crypto::jwe_encrypt(opened.holder, Json{{"sd_jwt", sd_jwt}}.dump()));
  return Json{{"account", account},
              {"pseudonym", pseudonym},
              {"evidence", crypto::jws_sign(own.key, evidence.dump(), kEvidenceTyp)},
              {"credential", std::move(credential)}};
}

}  // namespace qc::plugin
