#include "sdk/proof/fresh_issue.hpp"

#include "sdk/crypto/sdjwt.hpp"
#include "sdk/proof/commitment.hpp"

namespace qc::proof {
namespace {

constexpr std::string_view kStatementTyp = "qc-issued+jws";
constexpr std::string_view kCommitmentDomain = "qc-issued-1";
constexpr std::size_t kSaltSize = 32;
constexpr std::int64_t kMaxIssueTimeS = 253402300799;  // the end of the year 9999

Error bad_statement(const Error& cause) {
  return invalid("issued.bad_statement", cause.message, cause.field);
}

Result<IssueStatement> read_statement(std::string_view payload) {
  QC_ASSIGN(const Json json, parse_json(payload));
  const JsonReader reader(json, "statement");
  QC_TRY(reader.expect_only({"v", "chain", "access", "grant", "item", "version", "commitment",
                             "ciphertext_sm3", "as_of"}));
  QC_TRY(reader.integer("v", 1, 1));
  IssueStatement out;
  QC_ASSIGN(out.chain, reader.text("chain", 128));
  QC_ASSIGN(out.access, reader.text("access", 64));
  QC_ASSIGN(out.grant, reader.text("grant", 64));
  QC_ASSIGN(out.item, reader.text("item", 64));
  QC_ASSIGN(out.version, reader.integer("version", 1, 1'000'000));
  QC_ASSIGN(out.commitment, reader.text("commitment", 64, 64));
  QC_ASSIGN(out.ciphertext_sm3, reader.text("ciphertext_sm3", 64, 64));
  QC_ASSIGN(out.as_of_s, reader.integer("as_of", 0, kMaxIssueTimeS));
  for (const char* name : {"commitment", "ciphertext_sm3"}) {
    const auto digest = from_hex(json.at(name).get_ref<const std::string&>());
    if (!digest.ok()) return digest.error().at(reader.field(name));
  }
  return out;
}

std::string type_of(const FreshTerms& terms) {
  return "qc:granted:" + terms.item + ':' + std::to_string(terms.version);
}

Error wrong(std::string code, std::string message, std::string_view claim) {
  return forbidden(std::move(code), std::move(message)).at(claim);
}

Status check_terms(const Json& claims, const FreshTerms& expected) {
  struct Term {
    const char* claim;
    const std::string& value;
    const char* code;
    const char* message;
  };
  const Term terms[] = {
      {"chain", expected.chain, "issued.wrong_chain", "belongs to another network"},
      {"iss", expected.issuer, "issued.wrong_issuer", "issued by another than the department"},
      {"sub", expected.subject, "issued.wrong_subject", "is about another subject"},
      {"aud", expected.consumer, "issued.wrong_audience", "was issued to another consumer"},
      {"grant", expected.grant, "issued.wrong_grant", "was issued under another grant"},
      {"access", expected.access, "issued.wrong_access", "was issued for another access"},
      {"asset", expected.asset, "issued.wrong_asset", "stands for another asset than granted"}};
  for (const Term& term : terms) {
    if (text_of(claims, term.claim) != term.value || term.value.empty()) {
      return wrong(term.code, term.message, term.claim);
    }
  }
  // A key in it would let somebody present it on.
  if (claims.contains("cnf")) return wrong("issued.wrong_type", "is bound to a key", "cnf");
  return {};
}

}  // namespace

std::string sign_issue_statement(const IssueStatement& statement,
                                 const crypto::PrivateKey& department) {
  const Json payload = {{"v", 1},
                        {"chain", statement.chain},
                        {"access", statement.access},
                        {"grant", statement.grant},
                        {"item", statement.item},
                        {"version", statement.version},
                        {"commitment", statement.commitment},
                        {"ciphertext_sm3", statement.ciphertext_sm3},
                        {"as_of", statement.as_of_s}};
  return crypto::jws_sign(department, dump_json(payload), kStatementTyp);
}

Result<IssueStatement> peek_issue_statement(std::string_view jws) {
  const auto parsed = crypto::jws_parse(jws, kMaxIssueStatementBytes);
  if (!parsed.ok()) return bad_statement(parsed.error());
  auto statement = read_statement(parsed->payload);
  if (!statement.ok()) return bad_statement(statement.error());
  return statement;
}

Result<IssueStatement> open_issue_statement(std::string_view jws,
                                            const crypto::PublicKey& department) {
  const auto opened = crypto::jws_open(jws, department, kStatementTyp, kMaxIssueStatementBytes);
  if (!opened.ok()) {
    Error error = bad_statement(opened.error());
    error.kind = opened.error().kind;
    return error;
  }
  auto statement = read_statement(opened->payload);
  if (!statement.ok()) return bad_statement(statement.error());
  return statement;
}

std::string FreshCredential::text() const {
  return dump_json({{"sd_jwt", sd_jwt}, {"salt", to_base64url(salt)}});
}

std::string FreshCredential::commitment() const {
  return proof::commitment(kCommitmentDomain, salt, sd_jwt);
}

Result<FreshCredential> issue_fresh(const crypto::PrivateKey& department, const FreshTerms& terms,
                                    const FreshTimes& times, const Json& fields) {
  crypto::SdJwtClaims claims;
  claims.iss = terms.issuer;
  claims.vct = type_of(terms);
  claims.sub = terms.subject;
  claims.aud = terms.consumer;
  claims.iat = times.iat_s;
  claims.exp = times.until_s;
  claims.extra = {{"chain", terms.chain},
                  {"grant", terms.grant},
                  {"access", terms.access},
                  {"asset", terms.asset},
                  {"as_of", times.as_of_s}};
  QC_TRY(crypto::sdjwt_check_fields(fields, claims));
  return FreshCredential{crypto::sdjwt_issue(department, claims, fields), random_bytes(kSaltSize)};
}

Result<FreshCredential> read_fresh(std::string_view plaintext) {
  const auto refuse = [] {
    return invalid("issued.wrong_type", "is not what a department issues for an access");
  };
  const auto json = parse_json(plaintext);
  if (!json.ok()) return refuse();
  const JsonReader reader(*json);
  auto sd_jwt = reader.text("sd_jwt", 1U << 20U);
  const auto salt = reader.text("salt", 64);
  if (!reader.expect_only({"sd_jwt", "salt"}).ok() || !sd_jwt.ok() || !salt.ok()) return refuse();
  auto bytes = from_base64url(*salt);
  if (!bytes.ok() || bytes->size() != kSaltSize) return refuse();
  return FreshCredential{std::move(*sd_jwt), std::move(*bytes)};
}

Result<FreshRecord> check_fresh_issue(const FreshCredential& credential, const FreshTerms& expected,
                                      const crypto::PublicKey& issuer, std::int64_t now_s) {
  QC_ASSIGN(crypto::SdJwtView view, crypto::sdjwt_verify(credential.sd_jwt, issuer, now_s));
  const std::string vct = text_of(view.claims, "vct");
  if (!vct.starts_with("qc:granted:") || !view.kb.is_null()) {
    return wrong("issued.wrong_type", "is not what a department issues for an access", "vct");
  }
  if (vct != type_of(expected)) {
    return wrong("issued.wrong_item", "is of another item or version", "vct");
  }
  QC_TRY(check_terms(view.claims, expected));
  std::set<std::string> disclosed;
  for (const auto& [name, value] : view.fields.items()) disclosed.insert(name);
  if (disclosed != expected.fields) {
    return wrong("issued.wrong_fields", "has other fields than were granted", "fields");
  }
  QC_ASSIGN(const std::int64_t as_of, JsonReader(view.claims).integer("as_of", 0, kMaxIssueTimeS));
  return FreshRecord{std::move(view.fields), as_of};
}

}  // namespace qc::proof
