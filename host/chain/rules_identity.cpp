// Founding and subjects: who may sign at all. Members after the founding: rules_governance.cpp.
#include "host/chain/rules_internal.hpp"
#include "sdk/base/identity_numbers.hpp"
#include "sdk/crypto/jose.hpp"

namespace qc::chain::rules {
namespace {

constexpr std::string_view kEvidenceTyp = "qc-identity-evidence+jws";
constexpr std::string_view kGuardianshipTyp = "qc-guardianship-evidence+jws";
constexpr std::size_t kMaxEvidenceBytes = 8192;

struct Founder {
  std::string account, name_zh, name_en, uscc;
};

Result<Founder> read_founder(const JsonReader& reader) {
  QC_TRY(reader.expect_only({"account", "name_zh", "name_en", "uscc", "jwk"}));
  Founder out;
  QC_ASSIGN(out.account, read_account(reader, "account"));
  QC_ASSIGN(out.name_zh, read_prose(reader, "name_zh", 256));
  QC_ASSIGN(out.name_en, read_prose(reader, "name_en", 256));
  QC_ASSIGN(out.uscc, reader.text("uscc", 18, 18));
  if (!is_valid_uscc(out.uscc)) {
    return bad_form("a unified social credit code (GB 32100)", reader.field("uscc"));
  }
  const std::string beginning = out.account.substr(0, 2);
  if (out.account == "host" || beginning == "p-" || beginning == "e-") {
    return bad_form("an account name that is not reserved", reader.field("account"));
  }
  return out;
}

Json member_document(const Founder& who, std::string_view kind, const crypto::PublicKey& key) {
  return {{"account", who.account}, {"kind", kind},           {"code", ""},
          {"name_zh", who.name_zh}, {"name_en", who.name_en}, {"uscc", who.uscc},
          {"contact", ""},          {"jwk", key.to_jwk()},    {"status", "active"}};
}

/// Whom evidence must be about.
struct Proved {
  std::string account, pseudonym, kid;
  std::string legal_rep;  ///< of an enterprise; "" for a person, whose evidence names none
};

struct Evidence {
  Proved about;
  std::string method, department;
};

/// What a department signed, in "evidence" of the body.
struct Signed {
  std::string department;
  Json payload;
};

/// The statement, if its signature is that of the key `jwk`.
Result<crypto::Jws> open_signed(const Call& call, const std::string& compact, const Json& jwk,
                                std::string_view typ) {
  const ProvenSignature* const proven = call.context.proven;
  if (proven == nullptr || proven->compact != compact || proven->x != text_of(jwk, "x") ||
      proven->y != text_of(jwk, "y")) {
    QC_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::from_jwk(jwk));
    return crypto::jws_open(compact, key, typ, kMaxEvidenceBytes);
  }
  QC_ASSIGN(crypto::Jws jws, crypto::jws_parse(compact, kMaxEvidenceBytes));
  if (jws.typ() == typ) return jws;
  return invalid("jws.wrong_type", "expected \"" + std::string(typ) + "\"", "header.typ");
}

// Its signature is checked here, with the key that the department has on the ledger: the registrar
// cannot invent people, nor who stands for whom.
Result<Signed> open_evidence(const Call& call, std::string_view typ) {
  const std::string field = "body.evidence";
  QC_ASSIGN(const std::string compact, call.body().text("evidence", kMaxEvidenceBytes));
  auto parsed = crypto::jws_parse(compact, kMaxEvidenceBytes);
  if (!parsed.ok()) return invalid("identity.bad_evidence", parsed.error().message, field);
  const std::string issuer = account_of_kid(call.state, parsed->kid());
  const Document member = call.state.find("member/" + issuer);
  if (!member || text_of(*member, "kind") != "department" || !is_active(*member)) {
    return forbidden("identity.bad_evidence", "not signed by an active department").at(field);
  }
  auto opened = open_signed(call, compact, member->at("jwk"), typ);
  if (!opened.ok()) return invalid("identity.bad_evidence", opened.error().message, field);
  auto payload = parse_json(opened->payload);
  if (!payload.ok()) return payload.error().at(field);
  return Signed{issuer, std::move(*payload)};
}

/// What every kind of evidence has: version, network, method, time.
Result<std::string> read_occasion(const Call& call, const JsonReader& reader) {
  QC_TRY(reader.integer("v", 1, 1));
  QC_ASSIGN(const std::string chain, reader.text("chain", 128));
  if (chain != call.context.chain) {
    return invalid("identity.bad_evidence", "made for another network", reader.field("chain"));
  }
  QC_ASSIGN(std::string method, read_name(reader, "method"));
  QC_ASSIGN(const std::int64_t iat, reader.integer("iat", 0, kMaxTimeS));
  const std::int64_t age_s = call.now_s() - iat;
  if (age_s > kEvidenceWindowS || age_s < -kEvidenceWindowS) {
    return invalid("identity.stale_evidence", "made too long ago or later than now",
                   reader.field("iat"));
  }
  return method;
}

/// The department's word that a proved person or enterprise holds this key.
Result<Evidence> read_evidence(const Call& call, const Proved& whom) {
  QC_ASSIGN(const Signed evidence, open_evidence(call, kEvidenceTyp));
  const JsonReader reader(evidence.payload, "body.evidence");
  Evidence out;
  out.department = evidence.department;
  if (whom.legal_rep.empty()) {
    QC_TRY(reader.expect_only({"v", "chain", "account", "pseudonym", "kid", "method", "iat"}));
  } else {
    QC_TRY(reader.expect_only(
        {"v", "chain", "account", "pseudonym", "kid", "legal_rep", "method", "iat"}));
    QC_ASSIGN(out.about.legal_rep, read_account(reader, "legal_rep"));
  }
  QC_ASSIGN(out.method, read_occasion(call, reader));
  QC_ASSIGN(out.about.account, read_account(reader, "account"));
  QC_ASSIGN(out.about.pseudonym, read_digest(reader, "pseudonym"));
  QC_ASSIGN(out.about.kid, reader.text("kid", 64));
  const Proved& about = out.about;
  if (about.account != whom.account || about.pseudonym != whom.pseudonym || about.kid != whom.kid ||
      about.legal_rep != whom.legal_rep) {
    return invalid("identity.evidence_mismatch",
                   "the evidence speaks of another account, pseudonym, key or representative",
                   "body.evidence");
  }
  return out;
}

Status check_department(const std::string& department, const std::string& expected) {
  if (department == expected) return {};
  return forbidden("identity.bad_evidence", "not of the department that proved this subject")
      .at("body.evidence");
}

/// The legal representative of an enterprise in the body: a person with an open account.
Result<std::string> read_legal_rep(const Call& call, const JsonReader& body) {
  QC_ASSIGN(const std::string account, read_account(body, "legal_rep"));
  QC_ASSIGN(const Json person,
            must_get(call.state, "subject/" + account, "subject.not_found", "body.legal_rep"));
  if (!is_active(person)) return forbidden("subject.not_open", "not open").at("body.legal_rep");
  if (text_of(person, "kind") != "person") {
    return invalid("subject.wrong_kind", "not a person", "body.legal_rep");
  }
  return account;
}

}  // namespace

Result<crypto::PublicKey> founder_key(const Transaction& tx) {
  const JsonReader body(tx.body, "body");
  const auto read = [&]() -> Result<crypto::PublicKey> {
    QC_ASSIGN(const Json* founder, body.object("operator"));
    return read_jwk(JsonReader(*founder, body.field("operator")), "jwk");
  };
  auto key = read();
  if (!key.ok()) return invalid("tx.invalid", key.error().message, key.error().field);
  return key;
}

Result<Effect> network_found(const Call& call) {
  if (call.context.index != 0 || call.state.get("network")) {
    return conflict("network.already_founded", "a network is founded once, by transaction 0");
  }
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"name", "host_jwk", "operator"}));
  QC_ASSIGN(const std::string name, read_prose(body, "name", 256));
  QC_ASSIGN(const crypto::PublicKey host_key, read_jwk(body, "host_jwk"));
  QC_ASSIGN(const Json* object, body.object("operator"));
  const JsonReader reader(*object, body.field("operator"));
  QC_ASSIGN(const Founder founder, read_founder(reader));
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(reader, "jwk"));
  if (key.kid() != call.tx.kid) {
    return forbidden("tx.forbidden_op", "not signed by the operator's key").at("body.operator.jwk");
  }
  QC_TRY(claim_key(call, key, founder.account, "body.operator.jwk"));
  QC_TRY(claim_key(call, host_key, "host", "body.host_jwk"));
  const Founder host{"host", founder.name_zh, founder.name_en, founder.uscc};
  call.state.put("member/" + founder.account,
                 call.created(member_document(founder, "operator", key)));
  call.state.put("member/host", call.created(member_document(host, "host", host_key)));
  call.state.put("network", call.created({{"chain", call.context.chain},
                                          {"name", name},
                                          {"operator", founder.account},
                                          {"host_jwk", host_key.to_jwk()}}));
  call.state.put("policy", call.created(founding_policy()));
  return Effect{founder.account, {}, {}};
}

Result<Effect> subject_open(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"account", "kind", "pseudonym", "jwk", "evidence", "legal_rep"}));
  QC_ASSIGN(const std::string kind, read_choice(body, "kind", {"person", "enterprise"}));
  const bool enterprise = kind == "enterprise";
  if (!enterprise && body.has("legal_rep")) {
    return invalid("json.unknown_field", "a person has none", "body.legal_rep");
  }
  QC_ASSIGN(const std::string account, read_account(body, "account"));
  QC_ASSIGN(const std::string pseudonym, read_digest(body, "pseudonym"));
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(body, "jwk"));
  if (account != (enterprise ? "e-" : "p-") + pseudonym.substr(0, 32)) {
    return invalid("identity.account_mismatch", "not the account of this pseudonym",
                   "body.account");
  }
  std::string legal_rep;
  if (enterprise) {
    QC_ASSIGN(legal_rep, read_legal_rep(call, body));
  }
  QC_ASSIGN(const Evidence evidence,
            read_evidence(call, {account, pseudonym, key.kid(), legal_rep}));
  if (account_document(call.state, account) || call.state.get("pseudonym/" + pseudonym)) {
    return conflict("identity.account_exists", "this subject has an account").at("body.account");
  }
  if (!account_of_kid(call.state, key.kid()).empty()) {
    return conflict("identity.key_in_use", "this key belongs to another account").at("body.jwk");
  }
  QC_TRY(claim_key(call, key, account, "body.jwk"));
  call.state.put("pseudonym/" + pseudonym, account);
  Json document = call.created({{"account", account},
                                {"kind", kind},
                                {"pseudonym", pseudonym},
                                {"jwk", key.to_jwk()},
                                {"key_index", call.context.index},
                                {"status", "open"},
                                {"department", evidence.department},
                                {"method", evidence.method}});
  if (enterprise) {
    document["legal_rep"] = legal_rep;
    call.list_for(legal_rep, "enterprise", account);
  }
  call.state.put("subject/" + account, std::move(document));
  return enterprise ? call.effect({account, legal_rep}) : call.effect({account});
}

// Another legal representative voids every mandate: who gave them no longer stands for it.
Result<Effect> enterprise_represent(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"account", "legal_rep", "evidence", "reason"}));
  QC_ASSIGN(const std::string account, read_account(body, "account"));
  QC_ASSIGN(const std::string legal_rep, read_legal_rep(call, body));
  QC_ASSIGN(const std::string reason, read_prose(body, "reason", 512));
  QC_ASSIGN(Json subject,
            must_get(call.state, "subject/" + account, "subject.not_found", "body.account"));
  if (text_of(subject, "kind") != "enterprise") {
    return invalid("subject.wrong_kind", "not an enterprise", "body.account");
  }
  const std::string before = text_of(subject, "legal_rep");
  if (before == legal_rep) {
    return conflict("mandate.exists", "is the legal representative").at("body.legal_rep");
  }
  QC_ASSIGN(const Evidence evidence,
            read_evidence(call, {account, text_of(subject, "pseudonym"),
                                 text_of(subject.at("jwk"), "kid"), legal_rep}));
  QC_TRY(check_department(evidence.department, text_of(subject, "department")));
  subject["legal_rep"] = legal_rep;
  call.list_for(legal_rep, "enterprise", account);
  subject["method"] = evidence.method;
  call.state.put("subject/" + account, std::move(subject));
  std::set<std::string> concerned = end_mandates(call, account, reason);
  concerned.insert({account, before, legal_rep});
  return call.effect(std::move(concerned));
}

Status check_guardianship(const Call& call, const Guardianship& expected) {
  QC_ASSIGN(const Signed evidence, open_evidence(call, kGuardianshipTyp));
  const JsonReader reader(evidence.payload, "body.evidence");
  QC_TRY(reader.expect_only({"v", "chain", "guardian", "ward", "until", "method", "iat"}));
  QC_TRY(read_occasion(call, reader));
  QC_ASSIGN(const std::string guardian, read_account(reader, "guardian"));
  QC_ASSIGN(const std::string ward, read_account(reader, "ward"));
  QC_ASSIGN(const std::int64_t until, reader.integer("until", 0, kMaxTimeS));
  QC_TRY(check_department(evidence.department, expected.department));
  if (guardian == expected.guardian && ward == expected.ward && until == expected.until) return {};
  return invalid("identity.evidence_mismatch", "the evidence speaks of others, or of another end",
                 "body.evidence");
}

// The old key may be in somebody's hands: what it granted, for others too, rests until the subject,
// with the new key, resumes each grant. The evidence is as good as that of an opening, and so is
// the account.
Result<Effect> subject_rebind(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"account", "jwk", "evidence", "reason"}));
  QC_ASSIGN(const std::string account, read_account(body, "account"));
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(body, "jwk"));
  QC_TRY(read_prose(body, "reason", 512));
  QC_ASSIGN(Json subject,
            must_get(call.state, "subject/" + account, "subject.not_found", "body.account"));
  if (!is_active(subject)) return forbidden("subject.not_open", "not open").at("body.account");
  const bool enterprise = text_of(subject, "kind") == "enterprise";
  QC_ASSIGN(const Evidence evidence,
            read_evidence(call, {account, text_of(subject, "pseudonym"), key.kid(),
                                 enterprise ? text_of(subject, "legal_rep") : ""}));
  QC_TRY(check_department(evidence.department, text_of(subject, "department")));
  subject["method"] = evidence.method;
  QC_TRY(replace_key(call, "subject/" + account, std::move(subject), key));
  std::set<std::string> concerned = pause_grants(call, account, "subject.rebound");
  concerned.insert(account);
  return call.effect(std::move(concerned));
}

}  // namespace qc::chain::rules
