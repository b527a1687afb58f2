#include "host/cli/bank_access.hpp"

#include <map>
#include <set>

#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/commitment.hpp"
#include "sdk/proof/fresh_issue.hpp"
#include "sdk/proof/schedule.hpp"

namespace qc::cli {
namespace {

struct AccessOptions {
  ConnectionOptions to;
  std::string grant, request;
  std::string access = {};  ///< its name, where a schedule gives it; else a new one
};

/// The grant as the bank sees it, by its own id or by the request it answers.
Result<Json> find_grant(Session& session, const AccessOptions& options) {
  if (!options.grant.empty()) return session.client->get("/v1/grants/" + options.grant);
  if (options.request.empty()) {
    return invalid("usage.missing", "give --grant or --request", "--grant");
  }
  QC_ASSIGN(const Json answer, session.client->get("/v1/grants"));
  QC_ASSIGN(const Json grants, array_of(answer, "grants"));
  for (const Json& entry : grants) {
    if (text_of(entry.value("body", Json::object()), "request") == options.request) return entry;
  }
  return not_found("grant.not_found", "no grant answers this request yet");
}

/// What was opened and came back, with both transactions proved.
struct Delivery {
  Session session;
  Json grant;  ///< its signed body
  std::string grant_id, access;
  Json answer;
  Proved opened, released;
};

Json open_body(const Json& grant, const std::string& grant_id) {
  Json items = Json::array();
  for (const Json& entry : grant.value("scope", Json::array())) {
    items.push_back(
        {{"item", entry.value("item", Json())}, {"fields", entry.value("fields", Json())}});
  }
  return {{"access", random_id()},
          {"grant", grant_id},
          {"product", text_of(grant.value("consumer", Json::object()), "product")},
          {"purpose", text_of(grant.value("purpose", Json::object()), "code")},
          {"items", items}};
}

Result<Delivery> open_access(const AccessOptions& options, std::string_view release) {
  Delivery delivery;
  QC_ASSIGN(delivery.session, open_session(options.to, Signer::kNeeded));
  Session& session = delivery.session;
  QC_ASSIGN(const Json entry, find_grant(session, options));
  delivery.grant = entry.value("body", Json::object());
  delivery.grant_id = text_of(entry, "grant");
  if (text_of(delivery.grant, "release") != release) {
    return invalid("usage.wrong_release", "this grant releases \"" +
                                              text_of(delivery.grant, "release") +
                                              "\": use the other of fetch and decide");
  }
  Json body = open_body(delivery.grant, delivery.grant_id);
  if (!options.access.empty()) body["access"] = options.access;
  delivery.access = text_of(body, "access");
  QC_ASSIGN(const std::string tx, session.client->sign_transaction("access.open", body));
  QC_ASSIGN(delivery.answer, session.client->post("/v1/accesses", {{"tx", tx}}));
  const JsonReader reader(delivery.answer);
  QC_ASSIGN(const Json* receipts, reader.object("receipts"));
  const JsonReader both(*receipts, "receipts");
  QC_ASSIGN(const Json* open_receipt, both.object("open"));
  QC_ASSIGN(const Json* release_receipt, both.object("release"));
  QC_ASSIGN(delivery.opened, check_transaction(*session.client, tx, *open_receipt));
  QC_ASSIGN(const proof::Receipt receipt, proof::receipt_from_json(*release_receipt));
  QC_ASSIGN(delivery.released, fetch_transaction(*session.client, receipt.tx));
  QC_TRY(session.receipts.keep(delivery.opened));
  QC_TRY(session.receipts.keep(delivery.released));
  return delivery;
}

/// The release must be the host's own word about this access, made after it was opened.
Status check_release(const Delivery& delivery) {
  const proof::Transaction& tx = delivery.released.tx;
  if (tx.op != "access.release" || text_of(tx.body, "access") != delivery.access) {
    return invalid("verify.wrong_transaction", "the release on the ledger is of another access");
  }
  QC_TRY(proof::verify_transaction(tx, delivery.session.client->host_key()));
  if (delivery.released.receipt.index <= delivery.opened.receipt.index) {
    return invalid("verify.wrong_order", "the release stands before its access on the ledger");
  }
  return {};
}

bool is_standing(const Delivery& delivery) { return text_of(delivery.grant, "mode") == "standing"; }

/// What the departments say on the ledger that they issued for this access, by item. Each must be
/// signed by the item's department; an item that was opened and is not withheld must be among them.
Result<std::map<std::string, proof::IssueStatement>> check_statements(const Delivery& delivery,
                                                                      const Directory& directory) {
  std::map<std::string, proof::IssueStatement> out;
  const Json& release = delivery.released.tx.body;
  for (const Json& entry : release.value("issued", Json::array())) {
    const std::string jws = entry.is_string() ? entry.get<std::string>() : "";
    QC_ASSIGN(const proof::IssueStatement peeked, proof::peek_issue_statement(jws));
    QC_ASSIGN(const Json department, directory.department_of(peeked.item));
    QC_ASSIGN(const crypto::Jws parsed, crypto::jws_parse(jws));
    QC_ASSIGN(const crypto::PublicKey key,
              directory.key_of(text_of(department, "account"), parsed.kid()));
    QC_ASSIGN(proof::IssueStatement said, proof::open_issue_statement(jws, key));
    if (said.access != delivery.access || said.grant != delivery.grant_id ||
        said.chain != delivery.session.client->chain()) {
      return invalid("verify.wrong_access", "a department's statement is about another access");
    }
    out.emplace(peeked.item, std::move(said));
  }
  std::set<std::string> withheld;
  for (const Json& entry : release.value("withheld", Json::array())) {
    withheld.insert(text_of(entry, "item"));
  }
  for (const Json& entry : delivery.opened.tx.body.value("items", Json::array())) {
    const std::string item = text_of(entry, "item");
    if (withheld.contains(item) || out.contains(item)) continue;
    return invalid("verify.no_issue", "no department says that it issued " + item);
  }
  return out;
}

Json common_json(const Delivery& delivery) {
  return {{"access", delivery.access},
          {"grant", delivery.grant_id},
          {"outcome", delivery.answer.value("outcome", Json())},
          {"withheld", delivery.answer.value("withheld", Json::array())},
          {"receipts",
           {{"open", proof::to_json(delivery.opened.receipt)},
            {"release", proof::to_json(delivery.released.receipt)}}},
          {"verified", true}};
}

/// Decrypts the decision and holds it against the commitment that the ledger has.
Result<Json> open_decision(const Delivery& delivery, const std::string& jwe) {
  const Json& release = delivery.released.tx.body;
  if (to_hex(crypto::sm3(jwe)) != text_of(release, "payload_sm3")) {
    return invalid("verify.payload_mismatch", "what came is not what the ledger released");
  }
  QC_ASSIGN(const std::string plain, crypto::jwe_decrypt(*delivery.session.key, jwe));
  QC_ASSIGN(const Json sealed, parse_json(plain));
  const JsonReader reader(sealed, "decision");
  QC_ASSIGN(const std::string text, reader.text("decision", 1U << 20U));
  QC_ASSIGN(const std::string salt, reader.text("salt", 64));
  QC_ASSIGN(const std::string commitment, commitment_of("qc-decision-1", salt, text));
  if (commitment != text_of(release.value("decision", Json::object()), "commitment")) {
    return invalid("verify.commitment_mismatch",
                   "the decision is not the one the ledger commits to");
  }
  return parse_json(text);
}

Result<Output> decide(const AccessOptions& options) {
  QC_ASSIGN(const Delivery delivery, open_access(options, "answer"));
  QC_TRY(check_release(delivery));
  QC_ASSIGN(const std::string jwe, JsonReader(delivery.answer).text("decision", 4U << 20U));
  QC_ASSIGN(const Json decision, open_decision(delivery, jwe));
  if (is_standing(delivery)) {
    QC_ASSIGN(const Directory directory, Directory::fetch(*delivery.session.client));
    QC_TRY(check_statements(delivery, directory));
  }
  Output output;
  output.json = common_json(delivery);
  output.json["decision"] = decision;
  output.json["plugin_digest"] =
      text_of(delivery.released.tx.body.value("decision", Json::object()), "plugin_digest");
  output.text = "✓ 决定已收到并与账本承诺一致 decision received, equals the ledger's commitment\n" +
                decision_text(decision) + line("访问 access", delivery.access);
  return output;
}

/// One item of a delivery of fields, checked to be the department's word and the subject's release.
Result<Json> open_presentation(const Delivery& delivery, const Directory& directory,
                               const Json& entry) {
  const std::string jwe = text_of(entry, "jwe");
  QC_ASSIGN(const std::string text, crypto::jwe_decrypt(*delivery.session.key, jwe));
  QC_ASSIGN(const Json claims, crypto::sdjwt_peek_claims(text));
  QC_ASSIGN(const Json department, directory.department_of(text_of(entry, "item")));
  if (text_of(claims, "iss") != text_of(department, "account")) {
    return invalid("verify.wrong_issuer", "issued by another than the item's department");
  }
  QC_ASSIGN(const std::string kid, crypto::sdjwt_peek_kid(text));
  QC_ASSIGN(const crypto::PublicKey issuer, directory.key_of(text_of(claims, "iss"), kid));
  QC_ASSIGN(const crypto::SdJwtView view,
            crypto::sdjwt_verify_presentation(text, issuer, delivery.session.account,
                                              delivery.grant_id, now_s()));
  if (text_of(view.claims, "sub") !=
      text_of(delivery.grant.value("subject", Json::object()), "account")) {
    return invalid("verify.wrong_subject", "the credential is about another account");
  }
  return Json{{"item", entry.value("item", Json())},
              {"issuer", claims.value("iss", Json())},
              {"fields", view.fields}};
}

/// The same under a standing grant: what the department issued for this very access, as its
/// statement on the ledger has it. What was issued for an earlier one, or presented, is refused.
Result<Json> open_fresh(const Delivery& delivery, const Directory& directory, const Json& entry,
                        const std::map<std::string, proof::IssueStatement>& statements) {
  const std::string item = text_of(entry, "item");
  const std::string jwe = text_of(entry, "jwe");
  Json granted;
  for (const Json& one : delivery.grant.value("scope", Json::array())) {
    if (text_of(one, "item") == item) granted = one;
  }
  const auto said = statements.find(item);
  if (granted.is_null() || said == statements.end()) {
    return invalid("verify.no_issue", "no department says that it issued " + item);
  }
  QC_ASSIGN(const std::string text, crypto::jwe_decrypt(*delivery.session.key, jwe));
  QC_ASSIGN(const proof::FreshCredential credential, proof::read_fresh(text));
  if (said->second.ciphertext_sm3 != to_hex(crypto::sm3(jwe)) ||
      said->second.commitment != credential.commitment()) {
    return invalid("verify.commitment_mismatch", "is not what the department says it issued");
  }
  QC_ASSIGN(const Json department, directory.department_of(item));
  const std::string issuer = text_of(department, "account");
  QC_ASSIGN(const std::string kid, crypto::sdjwt_peek_kid(credential.sd_jwt));
  QC_ASSIGN(const crypto::PublicKey key, directory.key_of(issuer, kid));
  QC_ASSIGN(const std::vector<std::string> fields, JsonReader(granted).texts("fields", 128));
  const proof::FreshTerms terms{delivery.session.client->chain(),
                                delivery.grant_id,
                                delivery.access,
                                text_of(delivery.grant.value("subject", Json::object()), "account"),
                                delivery.session.account,
                                issuer,
                                item,
                                granted.value("version", std::int64_t{0}),
                                text_of(granted, "asset"),
                                {fields.begin(), fields.end()}};
  QC_ASSIGN(const proof::FreshRecord record,
            proof::check_fresh_issue(credential, terms, key, now_s()));
  return Json{
      {"item", item}, {"issuer", issuer}, {"as_of", record.as_of_s}, {"fields", record.fields}};
}

Result<Output> fetch(const AccessOptions& options) {
  QC_ASSIGN(const Delivery delivery, open_access(options, "fields"));
  QC_TRY(check_release(delivery));
  QC_ASSIGN(const Json list, array_of(delivery.answer, "presentations"));
  QC_ASSIGN(const Directory directory, Directory::fetch(*delivery.session.client));
  const bool standing = is_standing(delivery);
  std::map<std::string, proof::IssueStatement> statements;
  if (standing) {
    QC_ASSIGN(statements, check_statements(delivery, directory));
  }
  crypto::Sm3 digest;
  Output output;
  output.json = common_json(delivery);
  output.json["items"] = Json::array();
  output.text = "✓ 字段已收到并验证 fields received and verified\n";
  for (const Json& entry : list) {
    const Hash32 one = crypto::sm3(text_of(entry, "jwe"));
    digest.update(one);
    QC_ASSIGN(const Json item, standing ? open_fresh(delivery, directory, entry, statements)
                                        : open_presentation(delivery, directory, entry));
    for (const auto& [name, value] : item["fields"].items()) {
      output.text += line(text_of(item, "item") + "." + name, value_text(value));
    }
    output.json["items"].push_back(item);
  }
  if (to_hex(digest.finish()) != text_of(delivery.released.tx.body, "payload_sm3")) {
    return invalid("verify.payload_mismatch", "what came is not what the ledger released");
  }
  output.text += line("访问 access", delivery.access);
  return output;
}

struct MonitorOptions {
  ConnectionOptions to;
  std::string product;
};

/// The name is computed here as well: who was told another one would do the work twice.
Status check_due(const Json& entry, const std::string& chain) {
  const JsonReader reader(entry, "due");
  QC_ASSIGN(const std::string grant, reader.text("grant", 64));
  QC_ASSIGN(const std::int64_t number, reader.integer("number", 0, INT32_MAX));
  if (text_of(entry, "access") == proof::due_access(chain, grant, number)) return {};
  return invalid("verify.wrong_access", "the host gives this due time another access than it has");
}

/// Does what is due now, once: each access is opened in the bank's own name, by its own signature.
Result<Output> monitor(const MonitorOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const Json answer, session.client->get("/v1/products/" + options.product + ":due"));
  QC_ASSIGN(const Json due, array_of(answer, "due"));
  Output output;
  output.json = {{"ran", Json::array()},
                 {"failed", Json::array()},
                 {"held", answer.value("held", Json::array())},
                 {"next", answer.value("next", Json(0))}};
  for (const Json& entry : due) {
    QC_TRY(check_due(entry, session.client->chain()));
    AccessOptions access{options.to, text_of(entry, "grant"), {}, text_of(entry, "access")};
    auto done = decide(access);
    if (!done.ok() && done.error().code != "access.duplicate" && done.error().txn_id.empty()) {
      return done.error();
    }
    if (!done.ok()) {
      output.json["failed"].push_back({{"grant", text_of(entry, "grant")},
                                       {"access", text_of(entry, "access")},
                                       {"code", done.error().code},
                                       {"txn_id", done.error().txn_id}});
      output.text += line("未成 failed", text_of(entry, "grant") + " " + done.error().code);
      continue;
    }
    output.text += done->text;
    output.json["ran"].push_back(std::move(done->json));
  }
  for (const Json& entry : output.json["held"]) {
    output.text += line("搁置 held", text_of(entry, "grant") + " " + text_of(entry, "code"));
  }
  output.text += line("已办 done", std::to_string(output.json["ran"].size()));
  return output;
}

}  // namespace

Result<std::string> commitment_of(std::string_view domain, const std::string& salt,
                                  const std::string& text) {
  QC_ASSIGN(const Bytes bytes, from_base64url(salt));
  return proof::commitment(domain, bytes, text);
}

void add_bank_access(Command group) {
  struct Verb {
    const char* name;
    const char* help;
    Result<Output> (*run)(const AccessOptions&);
  };
  for (const Verb& verb :
       {Verb{"decide", "请求决定 · open an access and receive the product's decision", &decide},
        Verb{"fetch", "取字段 · open an access and receive the granted fields", &fetch}}) {
    auto options = std::make_shared<AccessOptions>();
    Command command = group.sub(verb.name, verb.help);
    add_connection(command, options->to);
    command.text("--grant", options->grant, "授权号 · grant");
    command.text("--request", options->request, "请求号 · request that the grant answers");
    command.action([options, run = verb.run] { return run(*options); });
  }
  auto options = std::make_shared<MonitorOptions>();
  Command command =
      group.sub("monitor", "贷后等定期事项 · open what the product's schedule makes due, once");
  add_connection(command, options->to);
  command.text("--product", options->product, "产品 · product", Need::kRequired);
  command.action([options] { return monitor(*options); });
}

}  // namespace qc::cli
