#include "host/cli/consent.hpp"

#include <algorithm>

#include "host/cli/notice.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/pseudonym.hpp"

namespace qc::cli {
namespace {

constexpr std::int64_t kSensitive = 3;  // from this level on, consent is separate (PIPL 28, 29)

std::vector<std::string> texts_of(const Json& object, const char* name) {
  std::vector<std::string> out;
  for (const Json& text : object.value(name, Json::array())) {
    if (text.is_string()) out.push_back(text.get<std::string>());
  }
  return out;
}

/// The request as the ledger has it: not the host's retelling.
Status verify_request(const Wallet& wallet, const Directory& directory, const Json& entry,
                      ConsentView& view) {
  QC_ASSIGN(const Proved proved, fetch_transaction(wallet.client(), text_of(entry, "tx")));
  const std::string consumer = text_of(entry.value("consumer", Json::object()), "account");
  QC_ASSIGN(view.consumer, directory.member(consumer));
  QC_ASSIGN(const crypto::PublicKey key, directory.key_of(consumer, proved.tx.kid));
  QC_TRY(proof::verify_transaction(proved.tx, key));
  view.body = proved.tx.body;
  if (proved.tx.op != "request.create" || text_of(view.body, "request") != view.request ||
      text_of(view.body, "subject") != wallet.account()) {
    return invalid("verify.wrong_transaction", "the ledger has another request under this name");
  }
  view.notice = notice_text(view.body, view.consumer);
  const Json notice = view.body.value("notice", Json::object());
  if (text_of(notice, "id") != kNoticeId ||
      text_of(notice, "sm3") != notice_sm3(view.body, view.consumer)) {
    return invalid("verify.notice_mismatch",
                   "the notice the consumer signed is not what can be shown here", "notice");
  }
  return {};
}

Status load_items(const Wallet& wallet, const Directory& directory, ConsentView& view) {
  QC_ASSIGN(const Json catalogue, fetch_items(wallet.client()));
  QC_ASSIGN(const Json assets, wallet.list_assets());
  for (const Json& entry : view.body.value("scope", Json::array())) {
    ConsentItem item;
    item.item = text_of(entry, "item");
    item.version = entry.value("version", std::int64_t{0});
    item.required = texts_of(entry, "required");
    item.optional = texts_of(entry, "optional");
    for (const Json& known : catalogue) {
      if (text_of(known, "item") != item.item || known.value("version", Json()) != item.version) {
        continue;
      }
      item.name = name_of(known);
      item.sensitivity = known.value("sensitivity", std::int64_t{kSensitive});
      for (const Json& field : known.value("fields", Json::array())) {
        item.labels[text_of(field, "id")] = text_of(field, "zh");
        item.types[text_of(field, "id")] = text_of(field, "type");
      }
    }
    QC_TRY(check_names(item));
    for (const Json& asset : assets) {
      if (text_of(asset, "item") != item.item || asset.value("version", Json()) != item.version) {
        continue;
      }
      QC_ASSIGN(item.asset, wallet.open_asset(asset, directory));
    }
    view.items.push_back(std::move(item));
  }
  return {};
}

std::string field_line(const ConsentItem& item, const std::string& field, bool values) {
  const std::string label = text_of(item.labels, field.c_str()) + " " + field;
  std::string value = "–";
  if (item.asset) {
    const auto found = item.asset->fields.find(field);
    if (found != item.asset->fields.end()) {
      value = values ? field_text(*found, text_of(item.types, field.c_str())) : "•••";
    }
  }
  return "  " + line(label, value);
}

/// The chosen fields for this consumer and grant, encrypted to the request's key.
Result<std::string> seal_item(const Wallet& wallet, const ConsentView& view,
                              const ConsentItem& item, const std::vector<std::string>& fields,
                              const std::string& grant) {
  auto key = crypto::PublicKey::from_jwk(view.body.value("key", Json::object()));
  if (!key.ok()) return key.error().under("request.key");
  QC_ASSIGN(const std::string presentation,
            crypto::sdjwt_present(item.asset->sd_jwt, fields, wallet.key(),
                                  text_of(view.consumer, "account"), grant, now_s()));
  return crypto::jwe_encrypt(*key, presentation, "kb+jwt");
}

Status add_item(const Wallet& wallet, const ConsentView& view, const ConsentItem& item,
                const std::vector<std::string>& fields, PreparedGrant& grant) {
  std::string presentation_sm3;
  // Under a standing grant the department issues afresh each time: nothing of today is handed over.
  if (text_of(view.body, "mode") != "standing") {
    QC_ASSIGN(const std::string jwe,
              seal_item(wallet, view, item, fields, text_of(grant.body, "grant")));
    presentation_sm3 = to_hex(crypto::sm3(jwe));
    grant.presentations.push_back({{"item", item.item}, {"jwe", jwe}});
  }
  grant.body["scope"].push_back({{"item", item.item},
                                 {"version", item.version},
                                 {"fields", fields},
                                 {"required", item.required},
                                 {"range", nullptr},
                                 {"reveal", "full"},
                                 {"asset", item.asset->asset},
                                 {"presentation_sm3", presentation_sm3}});
  grant.given.push_back({{"item", item.item}, {"fields", fields}});
  return {};
}

Json grant_terms(const Wallet& wallet, const ConsentView& view, const Choice& choice) {
  const Json& body = view.body;
  const auto separate = [&view](std::string_view name) {
    return std::find(view.separate.begin(), view.separate.end(), name) != view.separate.end();
  };
  Json notice = body.at("notice");
  notice["shown_at"] = now_s();
  return {{"v", 1},
          {"grant", choice.grant},
          {"request", view.request},
          {"supersedes", ""},
          {"subject",
           {{"kind", wallet.account().starts_with("e-") ? "enterprise" : "person"},
            {"account", wallet.account()},
            {"pseudonym",
             proof::pairwise_pseudonym(wallet.pseudonym(), text_of(view.consumer, "account"))}}},
          {"actor", choice.actor.is_null()
                        ? Json{{"role", "self"}, {"account", wallet.account()}, {"mandate", ""}}
                        : choice.actor},
          {"consumer",
           {{"uscc", text_of(view.consumer, "uscc")},
            {"name", text_of(view.consumer, "name_zh")},
            {"contact", text_of(view.consumer, "contact")},
            {"account", text_of(view.consumer, "account")},
            {"product", body.at("product")}}},
          {"purpose", body.at("purpose")},
          {"scope", Json::array()},
          {"valid", body.at("valid")},
          {"max_uses", body.at("max_uses")},
          {"frequency", ""},
          {"mode", body.at("mode")},
          {"release", body.at("release")},
          {"data_life_days", body.at("data_life_days")},
          {"onward", body.at("onward")},
          {"separate",
           {{"third_party", separate("third_party")},
            {"sensitive", separate("sensitive")},
            {"adverse_credit_notice", separate("adverse_credit_notice")},
            {"automated_decision", separate("automated_decision")},
            {"minor", separate("minor")}}},
          {"notice", notice},
          {"key", body.at("key")}};
}

}  // namespace

Status check_names(const ConsentItem& item) {
  if (item.labels.empty()) {
    return not_found("verify.unknown_item",
                     "the dictionary has no version " + std::to_string(item.version) + " of it")
        .at(item.item);
  }
  for (const auto* fields : {&item.required, &item.optional}) {
    for (const std::string& field : *fields) {
      if (item.labels.contains(field)) continue;
      return invalid("verify.unknown_field", "is no field of the item in the dictionary",
                     item.item + "." + field);
    }
  }
  return {};
}

Result<std::vector<std::string>> chosen_fields(const ConsentItem& item, const Choice& choice,
                                               std::set<std::string>& unused) {
  std::vector<std::string> fields = item.required;
  for (const std::string& field : item.optional) {
    const bool named = unused.erase(item.item + "." + field) > 0;
    if (named || (choice.all_optional && item.asset)) fields.push_back(field);
  }
  if (!fields.empty() && !item.asset) {
    return not_found("consent.asset_missing", "fetch it first: quancheng wallet fetch " + item.item)
        .at(item.item);
  }
  for (const std::string& field : fields) {
    if (item.asset->fields.contains(field)) continue;
    return not_found(
               "verify.missing_field",
               "the box does not hold it, have it issued anew: quancheng wallet fetch " + item.item)
        .at(item.item + "." + field);
  }
  return fields;
}

Result<ConsentView> load_consent(const Wallet& wallet, const Directory& directory,
                                 const std::string& request) {
  QC_ASSIGN(const Json entry, wallet.client().get("/v1/requests/" + request));
  ConsentView view;
  view.request = text_of(entry, "request");
  view.state = text_of(entry, "state");
  QC_TRY(verify_request(wallet, directory, entry, view));
  QC_TRY(load_items(wallet, directory, view));
  view.separate.emplace_back("third_party");
  const bool sensitive = std::any_of(view.items.begin(), view.items.end(), [](const auto& item) {
    return item.sensitivity >= kSensitive;
  });
  if (sensitive) {
    view.separate.emplace_back("sensitive");
    view.separate.emplace_back("adverse_credit_notice");
  }
  if (text_of(view.body, "release") == "answer") view.separate.emplace_back("automated_decision");
  return view;
}

std::string separate_text(const std::string& name) {
  if (name == "third_party") return "向第三方提供 given to a third party (PIPL 23)";
  if (name == "sensitive") return "敏感个人信息 sensitive personal information (PIPL 29)";
  if (name == "adverse_credit_notice") {
    return "可能产生不良信用影响 may affect credit adversely (征信业管理条例 14)";
  }
  if (name == "minor") return "未成年人信息,由监护人同意 a minor's, by the guardian (PIPL 31)";
  if (name == "automated_decision") return "自动化决策 automated decision (PIPL 24)";
  return name;
}

std::string consent_text(const ConsentView& view, bool values) {
  const Json purpose = view.body.value("purpose", Json::object());
  const Json valid = view.body.value("valid", Json::object());
  std::string text =
      line("请求方 who asks",
           name_of(view.consumer) + " (" + text_of(view.consumer, "uscc") + ")") +
      line("联系方式 contact", text_of(view.consumer, "contact")) +
      line("目的 purpose", text_of(purpose, "text")) +
      line("必要性 necessity", text_of(purpose, "necessity")) +
      line("影响 impact", text_of(purpose, "impact")) +
      line("有效期 validity", time_text(valid.value("from", std::int64_t{0})) + " – " +
                                  time_text(valid.value("to", std::int64_t{0}))) +
      line("次数 uses", value_text(view.body.value("max_uses", Json(0)))) +
      line("保存 retention", value_text(view.body.value("data_life_days", Json(0))) + " 天 days") +
      line("交付 release", text_of(view.body, "release") == "answer"
                               ? "仅返回决定,原始信息不出平台 the answer only"
                               : "所选字段 the chosen fields");
  if (text_of(view.body, "mode") == "standing") {
    text += line("每次 each time", "由部门按当时情况重新出具 issued afresh, as it is then");
  }
  for (const bool required : {true, false}) {
    text += required ? "  必需 required:\n" : "  可选 optional:\n";
    for (const ConsentItem& item : view.items) {
      const auto& fields = required ? item.required : item.optional;
      if (fields.empty()) continue;
      text += "   " + item.item + " " + item.name +
              (item.asset ? "" : "  (未取得 not in the box)") + "\n";
      for (const std::string& field : fields) text += field_line(item, field, values);
    }
  }
  for (const std::string& name : view.separate) text += line("单独同意 apart", separate_text(name));
  return text;
}

Result<PreparedGrant> prepare_grant(const Wallet& wallet, const ConsentView& view,
                                    const Choice& choice) {
  PreparedGrant grant;
  grant.body = grant_terms(wallet, view, choice);
  std::set<std::string> unused(choice.optional.begin(), choice.optional.end());
  for (const ConsentItem& item : view.items) {
    QC_ASSIGN(const std::vector<std::string> fields, chosen_fields(item, choice, unused));
    if (fields.empty()) continue;
    QC_TRY(add_item(wallet, view, item, fields, grant));
  }
  if (!unused.empty()) {
    return invalid("usage.unknown_field", "not among the optional fields asked for",
                   *unused.begin());
  }
  return grant;
}

}  // namespace qc::cli
