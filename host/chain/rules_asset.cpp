// Assets: a department's signed record in a subject's safe box, as a commitment.
#include "host/chain/rules_internal.hpp"

namespace qc::chain::rules {
namespace {

struct AssetBody {
  std::string asset, subject, item, supersedes;
  std::int64_t version = 0;
  std::set<std::string> fields;
};

Result<AssetBody> read_asset(const JsonReader& body) {
  QC_TRY(body.expect_only({"asset", "subject", "item", "version", "fields", "commitment",
                           "ciphertext_sm3", "as_of", "expires", "supersedes"}));
  AssetBody out;
  QC_ASSIGN(out.asset, read_id(body, "asset"));
  QC_ASSIGN(out.subject, read_account(body, "subject"));
  QC_ASSIGN(out.item, read_item(body, "item"));
  QC_ASSIGN(out.version, read_version(body, "version"));
  QC_ASSIGN(out.fields, read_words(body, "fields"));
  if (out.fields.empty()) return invalid("scope.empty", "names no field", "body.fields");
  QC_TRY(read_digest(body, "commitment"));
  QC_TRY(read_digest(body, "ciphertext_sm3"));
  QC_ASSIGN(const std::int64_t as_of, body.integer("as_of", 0, kMaxTimeS));
  QC_ASSIGN(const std::int64_t expires, body.integer("expires", 0, kMaxTimeS));
  if (expires != 0 && expires <= as_of) {
    return invalid("json.out_of_range", "expected 0 or a time after as_of", "body.expires");
  }
  QC_ASSIGN(out.supersedes, body.text("supersedes", 64, 0));
  if (!out.supersedes.empty() && !is_id(out.supersedes)) {
    return bad_form("\"\" or an identifier", "body.supersedes");
  }
  return out;
}

Status check_item(const Call& call, const AssetBody& asset, const std::string& subject_kind) {
  QC_ASSIGN(const Document found, must_find(call.state, item_key(asset.item, asset.version),
                                            "item.not_found", "body.item"));
  const Json& item = *found;
  if (text_of(item, "department") != call.signer.account) {
    return forbidden("item.wrong_department", "another department defined this item")
        .at("body.item");
  }
  const std::string stranger = first_outside(asset.fields, item_fields(item));
  if (!stranger.empty()) {
    return invalid("item.unknown_field", "the item has no field " + stranger, "body.fields");
  }
  for (const Json& kind : item.at("body").at("subjects")) {
    if (kind == subject_kind) return {};
  }
  return invalid("asset.wrong_subject_kind", "the item is not about a " + subject_kind,
                 "body.subject");
}

Status supersede(const Call& call, const AssetBody& asset) {
  if (asset.supersedes.empty()) return {};
  auto old = call.state.get("asset/" + asset.supersedes);
  // One answer for every cause: whose assets exist is not for departments to probe.
  if (!old || text_of(*old, "subject") != asset.subject || text_of(*old, "item") != asset.item ||
      text_of(*old, "department") != call.signer.account || text_of(*old, "state") != "live") {
    return conflict("asset.not_superseded", "not a live asset of this subject and item")
        .at("body.supersedes");
  }
  (*old)["state"] = "superseded";
  (*old)["superseded_by"] = asset.asset;
  call.state.put("asset/" + asset.supersedes, std::move(*old));
  return {};
}

}  // namespace

Result<Effect> asset_issue(const Call& call) {
  QC_ASSIGN(const AssetBody asset, read_asset(call.body()));
  if (call.state.find("asset/" + asset.asset)) {
    return conflict("asset.exists", "this identifier was used before").at("body.asset");
  }
  QC_ASSIGN(const Document subject,
            must_find(call.state, "subject/" + asset.subject, "subject.not_found", "body.subject"));
  if (!is_active(*subject)) return forbidden("subject.not_open", "not open").at("body.subject");
  QC_TRY(check_item(call, asset, text_of(*subject, "kind")));
  QC_TRY(supersede(call, asset));
  Json document = call.take_body();
  document["department"] = call.signer.account;
  document["state"] = "live";
  call.state.put("asset/" + asset.asset, call.created(std::move(document)));
  call.list_for(asset.subject, "asset", asset.asset);
  call.list_for(call.signer.account, "asset", asset.asset);
  return call.effect({asset.subject});
}

Result<Effect> asset_erase(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"asset", "reason"}));
  QC_ASSIGN(const std::string id, read_id(body, "asset"));
  QC_TRY(read_prose(body, "reason", 512, 0));
  QC_ASSIGN(Json asset, must_get(call.state, "asset/" + id, "asset.not_found", "body.asset"));
  if (text_of(asset, "subject") != call.signer.account) {
    return not_found("asset.not_found", "there is no such entry").at("body.asset");
  }
  if (text_of(asset, "state") == "erased") {
    return conflict("asset.erased", "was erased before").at("body.asset");
  }
  asset["state"] = "erased";
  asset["erased_index"] = call.context.index;
  call.state.put("asset/" + id, std::move(asset));
  return call.effect({call.signer.account});
}

}  // namespace qc::chain::rules
