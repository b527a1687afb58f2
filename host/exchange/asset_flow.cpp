#include "host/exchange/asset_flow.hpp"

#include "sdk/crypto/sm3.hpp"

namespace qc::exchange {
namespace {

constexpr std::size_t kMaxJwe = 64U << 10U;  // an identity claim or presentation, not a document

struct IssuedAsset {
  proof::Transaction tx;
  std::string asset;
  std::string jwe;
};

/// The plugin signs for its department; what it signed must be what was asked of it.
Result<IssuedAsset> check_issued(const plugin::Manager::Answer& answer, const std::string& subject,
                                 const std::string& item) {
  const JsonReader reader(answer.message, "issue");
  const auto asset = reader.text("asset", 64);
  const auto jwe = reader.text("jwe", safebox::kMaxCiphertextBytes);
  const auto text = reader.text("tx", proof::kMaxTxBytes);
  if (!asset.ok() || !jwe.ok() || !text.ok()) return bad_answer(answer.plugin, "incomplete answer");
  auto tx = proof::parse_transaction(*text);
  if (!tx.ok()) return bad_answer(answer.plugin, "not a transaction");
  const Json& body = tx->body;
  const bool same = tx->op == "asset.issue" && body.value("asset", Json()) == *asset &&
                    body.value("subject", Json()) == subject &&
                    body.value("item", Json()) == item &&
                    body.value("ciphertext_sm3", Json()) == to_hex(crypto::sm3(*jwe));
  if (!same) return bad_answer(answer.plugin, "issued something else than was asked");
  return IssuedAsset{std::move(tx).value(), *asset, *jwe};
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
  QC_ASSIGN(IssuedAsset issued, check_issued(answer, caller, item));
  QC_TRY(context.parts.vault.put_asset(issued.asset, caller, issued.jwe));
  const auto applied = context.parts.ledger.submit(issued.tx.bytes);
  if (!applied.ok()) {
    if (!context.get("asset/" + issued.asset)) {
      QC_TRY(context.parts.vault.erase_asset(issued.asset));
    }
    return applied.error();
  }
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
