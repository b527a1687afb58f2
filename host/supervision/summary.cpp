#include "host/supervision/summary.hpp"

#include <map>

#include "host/supervision/names.hpp"
#include "sdk/proof/fresh_issue.hpp"

namespace qc::supervision {
namespace {

/// One event: its transaction, and the names around it.
struct Event {
  const proof::Transaction& tx;
  const Names& names;
  const Json& body() const { return tx.body; }
  std::optional<Json> document(const std::string& key) const { return names.state().get(key); }
};

Json with_text(Json summary, const std::string& zh, const std::string& en) {
  summary["text_zh"] = zh;
  summary["text_en"] = en;
  return summary;
}

/// [{"item","fields"}] of a grant's scope or an access's items: names only.
Json items_of(const Json& scope) {
  Json items = Json::array();
  for (const Json& entry : scope) {
    items.push_back({{"item", text_of(entry, "item")}, {"fields", part_of(entry, "fields")}});
  }
  return items;
}

/// [{"item","required","optional","fields"}] of a request's scope.
Json asked_items(const Json& scope) {
  Json items = Json::array();
  for (const Json& entry : scope) {
    Json fields = Json::array();
    for (const char* list : {"required", "optional"}) {
      for (const Json& field : part_of(entry, list)) fields.push_back(field);
    }
    items.push_back({{"item", text_of(entry, "item")},
                     {"required", part_of(entry, "required")},
                     {"optional", part_of(entry, "optional")},
                     {"fields", std::move(fields)}});
  }
  return items;
}

/// Who may use what, as the stored request, grant or access names them.
struct Parties {
  std::string consumer, product, grant;
  Name who, what;
};

Parties parties_of(const Event& event, const std::string& kind, const std::string& id) {
  Parties parties;
  if (const auto document = event.document(kind + "/" + id)) {
    parties.consumer = text_of(*document, "consumer");
    parties.product = text_of(*document, "product");
    parties.grant = text_of(*document, "grant");
  }
  parties.who = event.names.account(parties.consumer);
  parties.what = event.names.product(parties.product);
  return parties;
}

Json subject_open(const Event& event) {
  const Json& body = event.body();
  return with_text({{"account", text_of(body, "account")}, {"kind", text_of(body, "kind")}},
                   "开立数字保险箱账户", "A safe box account was opened");
}

Json subject_rebind(const Event& event) {
  const Json& body = event.body();
  return with_text({{"account", text_of(body, "account")}, {"reason", text_of(body, "reason")}},
                   "账户已绑定新密钥,原授权均已暂停",
                   "The account was bound to a new key; its grants are paused");
}

Json guardian_appoint(const Event& event) {
  const Json& body = event.body();
  return with_text({{"mandate", text_of(body, "mandate")},
                    {"guardian", text_of(body, "guardian")},
                    {"ward", text_of(body, "ward")},
                    {"until", integer_of(body, "until")}},
                   "登记监护关系", "A guardian was appointed");
}

Json mandate_give(const Event& event) {
  const Json& body = event.body();
  return with_text({{"mandate", text_of(body, "mandate")},
                    {"enterprise", text_of(body, "enterprise")},
                    {"holder", text_of(body, "holder")},
                    {"role", text_of(body, "role")},
                    {"items", part_of(body, "items")},
                    {"cosign", part_of(body, "cosign")},
                    {"until", integer_of(body, "until")}},
                   "授予企业委托", "A mandate to act for the enterprise was given");
}

Json mandate_end(const Event& event) {
  const Json& body = event.body();
  return with_text({{"mandate", text_of(body, "mandate")}, {"reason", text_of(body, "reason")}},
                   "委托终止,依其所作授权一并撤回",
                   "A mandate ended; grants given under it are revoked");
}

Json enterprise_represent(const Event& event) {
  const Json& body = event.body();
  return with_text(
      {{"account", text_of(body, "account")}, {"legal_rep", text_of(body, "legal_rep")}},
      "法定代表人变更,委托全部失效", "Another legal representative; every mandate is void");
}

Json key_rotate(const Event&) {
  return with_text(Json::object(), "更换了账户密钥", "The account's key was replaced");
}

Json asset_issue(const Event& event) {
  const Json& body = event.body();
  const std::string item = text_of(body, "item");
  const Name name = event.names.item(item, part_of(body, "fields"));
  return with_text({{"asset", text_of(body, "asset")},
                    {"item", item},
                    {"version", integer_of(body, "version")},
                    {"fields", part_of(body, "fields")},
                    {"as_of", integer_of(body, "as_of")},
                    {"expires", integer_of(body, "expires")},
                    {"supersedes", text_of(body, "supersedes")}},
                   "数据资产入箱:" + name.zh, "An asset was issued: " + name.en);
}

Json asset_erase(const Event& event) {
  const std::string asset = text_of(event.body(), "asset");
  const auto document = event.document("asset/" + asset);
  const std::string item = document ? text_of(*document, "item") : "";
  const Name name = event.names.item(item, Json());
  return with_text({{"asset", asset}, {"item", item}, {"reason", text_of(event.body(), "reason")}},
                   "数据资产已删除:" + name.zh, "An asset was erased: " + name.en);
}

Json request_create(const Event& event) {
  const Json& body = event.body();
  const auto [consumer, product, grant, who, what] =
      parties_of(event, "request", text_of(body, "request"));
  const Json items = asked_items(part_of(body, "scope"));
  const Name asked = event.names.items(items);
  return with_text({{"request", text_of(body, "request")},
                    {"consumer", consumer},
                    {"product", product},
                    {"purpose", text_of(part_of(body, "purpose"), "code")},
                    {"items", items},
                    {"valid", part_of(body, "valid")},
                    {"max_uses", integer_of(body, "max_uses")},
                    {"release", text_of(body, "release")},
                    {"data_life_days", integer_of(body, "data_life_days")}},
                   who.zh + "为「" + what.zh + "」请求:" + asked.zh,
                   who.en + " asks for " + what.en + ": " + asked.en);
}

/// A step of a request or a grant, told in one line.
Json step(const Event& event, const char* kind) {
  struct Line {
    const char* zh;
    const char* en;
  };
  static const std::map<std::string, Line> kLines = {
      {"request.open", {"查看授权请求:", "The request was opened: "}},
      {"request.refuse", {"拒绝授权请求:", "The request was refused: "}},
      {"request.cancel", {"申请方撤回请求:", "The request was cancelled: "}},
      {"grant.pause", {"暂停授权:", "Consent paused: "}},
      {"grant.resume", {"恢复授权:", "Consent resumed: "}},
      {"grant.cosign", {"共同签署授权:", "Consent co-signed: "}},
      {"grant.revoke", {"撤回授权:", "Consent withdrawn: "}},
      {"grant.delete", {"使用方确认已删除数据:", "The consumer confirms deletion: "}}};
  const Line& line = kLines.at(event.tx.op);
  const std::string id = text_of(event.body(), kind);
  const Parties parties = parties_of(event, kind, id);
  return with_text({{kind, id},
                    {"consumer", parties.consumer},
                    {"product", parties.product},
                    {"reason", text_of(event.body(), "reason")}},
                   line.zh + parties.who.zh + "「" + parties.what.zh + "」",
                   line.en + parties.who.en + ", " + parties.what.en);
}
Json request_step(const Event& event) { return step(event, "request"); }
Json grant_step(const Event& event) { return step(event, "grant"); }

/// Who gave it: "" for the subject itself.
Name acting(const Json& actor) {
  static const std::map<std::string, Name> kRoles = {
      {"guardian", {"监护人代为", "The guardian: "}},
      {"legal_rep", {"法定代表人代为", "The legal representative: "}},
      {"administrator", {"管理员代为", "An administrator: "}},
      {"handler", {"经办人代为", "A handler: "}}};
  const auto found = kRoles.find(text_of(actor, "role"));
  return found == kRoles.end() ? Name{} : found->second;
}

Json grant_create(const Event& event) {
  const Json& body = event.body();
  const Name by = acting(part_of(body, "actor"));
  const std::string consumer = text_of(part_of(body, "consumer"), "account");
  const std::string product = text_of(part_of(body, "consumer"), "product");
  const Name who = event.names.account(consumer);
  const Name what = event.names.product(product);
  const Json items = items_of(part_of(body, "scope"));
  const Name granted = event.names.items(items);
  return with_text({{"grant", text_of(body, "grant")},
                    {"request", text_of(body, "request")},
                    {"consumer", consumer},
                    {"product", product},
                    {"purpose", text_of(part_of(body, "purpose"), "code")},
                    {"items", items},
                    {"valid", part_of(body, "valid")},
                    {"max_uses", integer_of(body, "max_uses")},
                    {"release", text_of(body, "release")},
                    {"data_life_days", integer_of(body, "data_life_days")},
                    {"actor", part_of(body, "actor")}},
                   by.zh + "授权" + who.zh + "「" + what.zh + "」使用:" + granted.zh,
                   by.en + "Consent to " + who.en + ", " + what.en + ": " + granted.en);
}

Json access_open(const Event& event) {
  const Json& body = event.body();
  const auto [consumer, product, grant, who, what] =
      parties_of(event, "access", text_of(body, "access"));
  const Json items = items_of(part_of(body, "items"));
  const Name used = event.names.items(items);
  return with_text({{"access", text_of(body, "access")},
                    {"grant", text_of(body, "grant")},
                    {"consumer", consumer},
                    {"product", product},
                    {"purpose", text_of(body, "purpose")},
                    {"items", items}},
                   who.zh + "「" + what.zh + "」调用数据:" + used.zh,
                   who.en + ", " + what.en + ", accesses: " + used.en);
}

Json access_refuse(const Event& event) {
  const Json& body = event.body();
  const std::string code = text_of(body, "code");
  Json summary = {{"access", text_of(body, "access")},
                  {"grant", text_of(body, "grant")},
                  {"code", code},
                  {"consumer", ""},
                  {"product", ""},
                  {"purpose", ""},
                  {"items", Json::array()}};
  // The rules have opened the attempt before: it is the consumer's own signed transaction.
  const auto attempt = proof::parse_transaction(text_of(body, "attempt"));
  if (attempt.ok()) {
    const auto signer = event.document("kid/" + attempt->kid);
    if (signer && signer->is_string()) summary["consumer"] = *signer;
    summary["product"] = text_of(attempt->body, "product");
    summary["purpose"] = text_of(attempt->body, "purpose");
    summary["items"] = items_of(part_of(attempt->body, "items"));
  }
  const Name who = event.names.account(text_of(summary, "consumer"));
  return with_text(std::move(summary), "已拒绝" + who.zh + "的调用:" + code,
                   "An access by " + who.en + " was refused: " + code);
}

Json access_release(const Event& event) {
  static const std::map<std::string, const char*> kOutcomes = {
      {"delivered", "已交付"}, {"partial", "部分交付"}, {"denied", "已拒绝"}, {"failed", "失败"}};
  const Json& body = event.body();
  const std::string access = text_of(body, "access");
  const std::string outcome = text_of(body, "outcome");
  const Parties parties = parties_of(event, "access", access);
  const Json& decision = part_of(body, "decision");
  Json withheld = Json::array();
  for (const Json& entry : part_of(body, "withheld")) {
    withheld.push_back({{"item", text_of(entry, "item")},
                        {"field", text_of(entry, "field")},
                        {"code", text_of(entry, "code")}});
  }
  // What departments issued afresh, under a standing grant.
  Json issued = Json::array();
  for (const Json& statement : part_of(body, "issued")) {
    if (!statement.is_string()) continue;
    const auto said = proof::peek_issue_statement(statement.get_ref<const std::string&>());
    if (said.ok()) issued.push_back(said->item);
  }
  const auto zh = kOutcomes.find(outcome);
  return with_text(
      {{"access", access},
       {"grant", parties.grant},
       {"consumer", parties.consumer},
       {"product", parties.product},
       {"outcome", outcome},
       {"plugin", decision.is_object() ? text_of(decision, "plugin") : ""},
       {"withheld", std::move(withheld)},
       {"issued", std::move(issued)}},
      "向" + parties.who.zh + "交付结果:" + (zh != kOutcomes.end() ? zh->second : outcome),
      "Release to " + parties.who.en + ": " + outcome);
}

Json access_ack(const Event& event) {
  const std::string access = text_of(event.body(), "access");
  const Parties parties = parties_of(event, "access", access);
  return with_text({{"access", access},
                    {"grant", parties.grant},
                    {"consumer", parties.consumer},
                    {"product", parties.product}},
                   parties.who.zh + "签收结果", parties.who.en + " acknowledged the result");
}

using Summary = Json (*)(const Event&);

const std::map<std::string, Summary>& summaries() {
  static const std::map<std::string, Summary> kSummaries = {
      {"subject.rebind", subject_rebind},
      {"key.rotate", key_rotate},
      {"guardian.appoint", guardian_appoint},
      {"enterprise.represent", enterprise_represent},
      {"mandate.give", mandate_give},
      {"mandate.end", mandate_end},
      {"subject.open", subject_open},
      {"asset.issue", asset_issue},
      {"asset.erase", asset_erase},
      {"request.create", request_create},
      {"request.open", request_step},
      {"request.refuse", request_step},
      {"request.cancel", request_step},
      {"grant.create", grant_create},
      {"grant.pause", grant_step},
      {"grant.resume", grant_step},
      {"grant.revoke", grant_step},
      {"grant.cosign", grant_step},
      {"grant.delete", grant_step},
      {"access.open", access_open},
      {"access.refuse", access_refuse},
      {"access.release", access_release},
      {"access.ack", access_ack},
  };
  return kSummaries;
}

}  // namespace

Json summarise(const proof::Transaction& tx, const chain::StateReader& state) {
  const auto found = summaries().find(tx.op);
  if (found == summaries().end()) return with_text(Json::object(), tx.op, tx.op);
  const Names names(state);
  return found->second({tx, names});
}

}  // namespace qc::supervision
