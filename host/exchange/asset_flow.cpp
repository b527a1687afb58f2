#include "host/exchange/asset_flow.hpp"

#include <algorithm>

#include "sdk/crypto/sm3.hpp"

namespace qc::exchange {
namespace {

constexpr std::size_t kMaxJwe = 64U << 10U;  // an identity claim or presentation, not a document
constexpr std::size_t kMaxHandle = 16U << 10U;

struct IssuedAsset {
  proof::Transaction tx;
  std::string asset;
  std::string jwe;
  std::string handle;  ///< by what the department finds the record again, sealed to itself
};

/// What was asked of a department.
struct IssueAsked {
  std::string subject, item, supersedes;
  Json version, fields;
};

/// A name as it may be shown to an operator, whoever wrote it.
std::string shown_name(const Json& name) {
  if (!name.is_string()) return "something that is no name";
  const auto& text = name.get_ref<const std::string&>();
  const bool plain =
      !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
      });
  return plain ? text : "something that is no name";
}

/// How its fields differ from what was asked, in words; "" when they do not.
std::string differing_fields(const Json& fields, const Json& asked) {
  if (!fields.is_array()) return "its record has no list of fields";
  for (const Json& field : fields) {
    if (std::find(asked.begin(), asked.end(), field) == asked.end()) {
      return "its record has a field that nobody asked for: " + shown_name(field);
    }
  }
  for (const Json& field : asked) {
    if (std::find(fields.begin(), fields.end(), field) == fields.end()) {
      return "its record has a field left out: " + shown_name(field);
    }
  }
  return {};
}

/// Where what it signed is not what was asked of it, in words; "" when it is.
std::string lie_in(const proof::Transaction& tx, const IssuedAsset& issued,
                   const IssueAsked& asked) {
  const auto is = [&tx](const char* name, const Json& value) {
    return tx.body.is_object() && tx.body.value(name, Json()) == value;
  };
  if (tx.op != "asset.issue") return "it signed another transaction than an asset's";
  if (!is("subject", asked.subject)) return "its record is about another subject";
  if (!is("item", asked.item)) return "its record is of another item";
  if (!is("version", asked.version)) return "its record is of another version of the item";
  if (!is("asset", issued.asset)) return "it signed for another asset than it names";
  if (!is("ciphertext_sm3", to_hex(crypto::sm3(issued.jwe)))) {
    return "it sent another ciphertext than it signed for";
  }
  if (!is("supersedes", asked.supersedes)) return "its record replaces another asset than it may";
  return differing_fields(tx.body.value("fields", Json()), asked.fields);
}

/// The plugin signs for its department; what it signed must be what was asked of it.
Result<IssuedAsset> check_issued(const plugin::Manager::Answer& answer, const IssueAsked& asked) {
  const JsonReader reader(answer.message, "issue");
  const auto asset = reader.text("asset", 64);
  const auto jwe = reader.text("jwe", safebox::kMaxCiphertextBytes);
  const auto text = reader.text("tx", proof::kMaxTxBytes);
  const auto handle = reader.text("handle", kMaxHandle);
  const bool complete = asset.ok() && jwe.ok() && text.ok() && handle.ok();
  if (!complete) return bad_answer(answer.plugin, "incomplete answer");
  auto tx = proof::parse_transaction(*text);
  if (!tx.ok()) return bad_answer(answer.plugin, "it signed no transaction");
  IssuedAsset issued{std::move(tx).value(), *asset, *jwe, *handle};
  const std::string lie = lie_in(issued.tx, issued, asked);
  if (!lie.empty()) return bad_answer(answer.plugin, lie);
  return issued;
}

/// A refusal by the rules for which nobody but the department can be to blame. What another
/// request or a change of keys brought about stays as it is.
bool is_departments_fault(const Error& error) {
  const bool of_envelope = error.code.starts_with("tx.");
  return (error.kind == ErrorKind::kInvalid && !of_envelope) || error.code == "tx.unknown_key" ||
         error.code == "tx.bad_signature" || error.code == "item.wrong_department";
}

/// Puts it into the safe box and on the ledger, or leaves nothing of it.
Result<chain::Applied> record_issued(const Context& context, const std::string& plugin,
                                     const std::string& caller, const IssuedAsset& issued) {
  QC_TRY(context.parts.plugins.may_sign(plugin, issued.tx.op));
  QC_TRY(context.parts.vault.put_asset(issued.asset, caller, issued.jwe, issued.handle));
  auto applied = context.parts.ledger.submit(issued.tx.bytes);
  if (applied.ok()) return applied;
  if (!context.get("asset/" + issued.asset)) {
    QC_TRY(context.parts.vault.erase_asset(issued.asset));
  }
  if (!is_departments_fault(applied.error())) return applied;
  return bad_answer(plugin, "the ledger refuses what it issued: " + applied.error().code + " " +
                                applied.error().field);
}

/// The subject's live asset of this item, or "".
std::string live_asset_of(const Context& context, const std::string& subject,
                          const std::string& item) {
  std::string found;
  const std::string prefix = "of/" + subject + "/asset/";
  context.parts.ledger.read([&](const chain::StateReader& state) {
    state.scan(prefix, "", [&](const std::string& key, const Json&) {
      const std::string id = key.substr(prefix.size());
      const auto doc = state.get("asset/" + id);
      if (doc && doc->value("item", "") == item && doc->value("state", "") == "live") found = id;
      return found.empty();
    });
  });
  return found;
}

Json asset_entry(const std::string& id, const Json& doc) {
  return {{"asset", id},
          {"item", doc.at("item")},
          {"version", doc.at("version")},
          {"fields", doc.at("fields")},
          {"as_of", doc.at("as_of")},
          {"expires", doc.at("expires")},
          {"state", doc.at("state")},
          {"index", doc.at("index")}};
}

Result<Json> own_asset(const Context& context, const std::string& caller,
                       const std::string& asset) {
  auto doc = context.get("asset/" + asset);
  if (!doc || doc->value("subject", "") != caller) {
    return not_found("asset.not_found", "you have no such asset");
  }
  return std::move(*doc);
}

}  // namespace

Result<Json> issue_asset(const Context& context, const std::string& caller, const Json& body) {
  const JsonReader reader(body);
  QC_TRY(reader.expect_only({"item", "identity"}));
  QC_ASSIGN(const std::string item, reader.text("item", 64));
  QC_ASSIGN(const std::string identity, reader.text("identity", kMaxJwe));
  QC_ASSIGN(const Json definition, context.latest_item(item));
  QC_ASSIGN(const std::string plugin, context.parts.plugins.for_item(item));
  QC_ASSIGN(const std::string prover, context.owner_of_plugin(context.options.identity_plugin));
  QC_ASSIGN(const Json holder_jwk, context.jwk_of(caller));
  Json fields = Json::array();
  for (const Json& field : definition.at("fields")) fields.push_back(field.at("id"));
  const Json message{{"chain", context.parts.ledger.chain()},
                     {"now", context.now_s()},
                     {"subject", {{"account", caller}, {"jwk", holder_jwk}}},
                     {"item", item},
                     {"version", definition.at("version")},
                     {"fields", fields},
                     {"identity", identity},
                     {"issuers", {{prover, context.keys_of(prover)}}},
                     {"supersedes", live_asset_of(context, caller, item)}};
  QC_ASSIGN(const auto answer, context.parts.plugins.call(plugin, "issue", message,
                                                          context.options.plugin_timeout_ms));
  const auto blamed = [&](const Error& error) {
    if (error.code == "plugin.bad_answer") context.parts.plugins.blame(plugin, error.message);
    return error;
  };
  const IssueAsked asked{caller, item, message.at("supersedes").get<std::string>(),
                         message.at("version"), fields};
  const auto checked = check_issued(answer, asked);
  if (!checked.ok()) return blamed(checked.error());
  const IssuedAsset& issued = *checked;
  const auto applied = record_issued(context, plugin, caller, issued);
  if (!applied.ok()) return blamed(applied.error());
  Json result = applied_json(issued.tx.id_hex(), *applied);
  result["asset"] = issued.asset;
  result["item"] = item;
  result["version"] = definition.at("version");
  result["jwe"] = issued.jwe;
  return result;
}

Result<Json> list_assets(const Context& context, const std::string& caller) {
  Json assets = Json::array();
  const std::string prefix = "of/" + caller + "/asset/";
  context.parts.ledger.read([&](const chain::StateReader& state) {
    state.scan(prefix, "", [&](const std::string& key, const Json&) {
      const std::string id = key.substr(prefix.size());
      const auto doc = state.get("asset/" + id);
      if (doc && doc->value("subject", "") == caller) assets.push_back(asset_entry(id, *doc));
      return true;
    });
  });
  return Json{{"assets", assets}};
}

Result<Json> get_asset(const Context& context, const std::string& caller,
                       const std::string& asset) {
  QC_ASSIGN(const Json doc, own_asset(context, caller, asset));
  Json entry = asset_entry(asset, doc);
  if (entry["state"] == "erased") {
    return not_found("asset.erased", "the asset was erased by its owner");
  }
  QC_ASSIGN(entry["jwe"], context.parts.vault.get_asset(asset));
  return entry;
}

Result<Json> erase_asset(const Context& context, const std::string& caller,
                         const std::string& asset, const Json& body) {
  QC_TRY(JsonReader(body).expect_only({"tx"}));
  QC_ASSIGN(const Json doc, own_asset(context, caller, asset));
  QC_ASSIGN(const proof::Transaction tx, context.transaction_in(body, "asset.erase", caller));
  if (tx.body.value("asset", Json()) != asset) {
    return invalid("exchange.wrong_asset", "the transaction names another asset", "tx");
  }
  QC_ASSIGN(const chain::Applied applied, context.parts.ledger.submit(tx.bytes));
  QC_TRY(context.parts.vault.erase_asset(asset));
  return applied_json(tx.id_hex(), applied);
}

}  // namespace qc::exchange
