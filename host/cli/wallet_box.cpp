// quancheng wallet fetch, show, erase, export: what is in the box. create: wallet_create.cpp.
#include <algorithm>

#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"
#include "host/cli/trace.hpp"
#include "host/cli/wallet.hpp"
#include "host/cli/wallet_create.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sdjwt.hpp"

namespace qc::cli {
namespace {

struct FetchOptions {
  WalletOptions to;
  std::vector<std::string> items;
  bool all = false;
};

/// Proves to one department, for one item, who is asking; the host cannot read it.
Result<std::string> identity_for(const Wallet& wallet, const Directory& directory,
                                 const std::string& item) {
  QC_ASSIGN(const Json department, directory.department_of(item));
  const std::string account = text_of(department, "account");
  QC_ASSIGN(const crypto::PublicKey key, directory.key_of(account));
  QC_ASSIGN(const std::string credential, wallet.credential());
  QC_ASSIGN(const std::string presentation,
            crypto::sdjwt_present(credential, {"id_no"}, wallet.key(), account,
                                  item + "/" + random_id(), now_s()));
  return crypto::jwe_encrypt(key, Json{{"presentation", presentation}}.dump());
}

Result<std::string> sign_erasure(const Wallet& wallet, const std::string& asset,
                                 const std::string& reason) {
  return wallet.client().sign_transaction("asset.erase", {{"asset", asset}, {"reason", reason}});
}

Result<Json> fetch_item(const Wallet& wallet, const Directory& directory, const std::string& item) {
  QC_ASSIGN(const std::string identity, identity_for(wallet, directory, item));
  QC_ASSIGN(const Json answer,
            wallet.client().post("/v1/assets:issue", {{"item", item}, {"identity", identity}}));
  const JsonReader reader(answer);
  QC_ASSIGN(const std::string asset, reader.text("asset", 64));
  QC_ASSIGN(const std::string jwe, reader.text("jwe", 4U << 20U));
  QC_ASSIGN(const std::string tx, reader.text("tx", 64));
  QC_ASSIGN(const Proved issue, fetch_transaction(wallet.client(), tx));
  QC_ASSIGN(const std::string plaintext, crypto::jwe_decrypt(wallet.key(), jwe));
  const auto checked = check_asset(plaintext, answer, directory, wallet.account(), issue);
  if (!checked.ok()) {
    // What does not hold is not to lie in the box for somebody to take it for a record.
    QC_ASSIGN(const std::string erasure,
              sign_erasure(wallet, asset, "签发内容与账本不符 it does not verify"));
    QC_TRY(wallet.client().del("/v1/assets/" + asset, {{"tx", erasure}}));
    return checked.error();
  }
  const OpenedAsset& opened = *checked;
  QC_TRY(wallet.keep_asset(asset, jwe, issue));
  QC_TRY(wallet.receipts().keep(issue));
  return Json{{"item", item},
              {"outcome", "issued"},
              {"asset", asset},
              {"issuer", opened.issuer},
              {"fields", opened.fields.size()},
              {"tx", tx},
              {"index", issue.receipt.index}};
}

Result<Output> fetch(const FetchOptions& options) {
  if (options.items.empty() && !options.all) {
    return invalid("usage.missing", "name items or give --all", "item");
  }
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(const Directory directory, Directory::fetch(wallet.client()));
  std::vector<std::string> items = options.items;
  if (options.all) {
    QC_ASSIGN(const Json catalogue, fetch_items(wallet.client()));
    const std::string kind = wallet.account().starts_with("e-") ? "enterprise" : "person";
    for (const Json& entry : catalogue) {
      const Json kinds = entry.value("subjects", Json::array());
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) continue;
      items.push_back(text_of(entry, "item"));
    }
  }
  Output output;
  output.json["items"] = Json::array();
  for (const std::string& item : items) {
    const auto fetched = fetch_item(wallet, directory, item);
    if (fetched.ok()) {
      output.json["items"].push_back(*fetched);
      output.text += "✓ " + padded(item, 18) + "签发 issued by " + text_of(*fetched, "issuer") +
                     ", " + value_text((*fetched)["fields"]) + " 字段 fields, #" +
                     value_text((*fetched)["index"]) + "\n";
      continue;
    }
    const bool none = fetched.error().code == "record.none";
    output.json["items"].push_back({{"item", item},
                                    {"outcome", none ? "none" : "failed"},
                                    {"problem", problem_of(fetched.error())}});
    output.text += (none ? "– " : "✗ ") + padded(item, 18) +
                   (none ? "无记录 no record\n" : line_of(fetched.error()) + "\n");
    // With --all, a department that has nothing about one is an answer like another.
    if (!(none && options.all) && output.exit == kOk) output.exit = exit_of(fetched.error());
  }
  return output;
}

/// One asset as its owner reads it: the catalogue's fields in the catalogue's order.
std::string asset_text(const OpenedAsset& asset, const Json& item) {
  std::string text = "✓ " + asset.item + " " + name_of(item) + "  (" + asset.issuer +
                     ", 截至 as of " + time_text(asset.as_of) + ")\n";
  for (const Json& field : item.value("fields", Json::array())) {
    const std::string id = text_of(field, "id");
    const auto value = asset.fields.find(id);
    if (value == asset.fields.end()) continue;
    text += line(text_of(field, "zh") + " " + id, field_text(*value, text_of(field, "type")));
  }
  return text;
}

Json catalogue_entry(const Json& catalogue, const std::string& item) {
  for (const Json& entry : catalogue) {
    if (text_of(entry, "item") == item) return entry;
  }
  return Json::object();
}

Result<Output> show(const WalletOptions& to) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(to));
  QC_ASSIGN(const Directory directory, Directory::fetch(wallet.client()));
  QC_ASSIGN(const Json catalogue, fetch_items(wallet.client()));
  QC_ASSIGN(const Json assets, wallet.list_assets());
  Output output;
  output.json = {{"account", wallet.account()}, {"assets", Json::array()}};
  for (const Json& entry : assets) {
    const std::string item = text_of(entry, "item");
    Json row = {{"asset", text_of(entry, "asset")}, {"item", item}};
    const auto opened = wallet.open_asset(entry, directory);
    if (opened.ok()) {
      row["issuer"] = opened->issuer;
      row["as_of"] = opened->as_of;
      row["expires"] = opened->expires;
      row["fields"] = opened->fields;
      row["verified"] = true;
      const std::string text = asset_text(*opened, catalogue_entry(catalogue, item));
      row["screen"] = text;
      output.text += text;
    } else {
      row["problem"] = problem_of(opened.error());
      output.text += "✗ " + item + "\n  " + line_of(opened.error()) + "\n";
      if (output.exit == kOk) output.exit = exit_of(opened.error());
    }
    output.json["assets"].push_back(row);
  }
  if (assets.empty()) output.text = "  空 empty: quancheng wallet fetch --all\n";
  return output;
}

struct EraseOptions {
  WalletOptions to;
  std::string asset, reason = "本人要求删除";
};

Result<Output> erase(const EraseOptions& options) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(const std::string tx, sign_erasure(wallet, options.asset, options.reason));
  QC_ASSIGN(const Json answer, wallet.client().del("/v1/assets/" + options.asset, {{"tx", tx}}));
  QC_ASSIGN(const Json* receipt, JsonReader(answer).object("receipt"));
  QC_ASSIGN(const Proved proved, check_transaction(wallet.client(), tx, *receipt));
  QC_TRY(wallet.forget_asset(options.asset));
  QC_TRY(wallet.receipts().keep(proved));
  return submitted_output({proved.tx.id_hex(), tx, proved.receipt.index, proved.receipt},
                          "资产已删除 asset erased", {{"asset", options.asset}});
}

struct ExportOptions {
  WalletOptions to;
  std::string out;
};

Result<Output> export_all(const ExportOptions& options) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(const Directory directory, Directory::fetch(wallet.client()));
  Json document = {{"account", wallet.account()},
                   {"chain", wallet.client().chain()},
                   {"exported_at", now_s()},
                   {"assets", Json::array()},
                   {"events", Json::array()}};
  QC_ASSIGN(const Json assets, wallet.list_assets());
  for (const Json& entry : assets) {
    QC_ASSIGN(const OpenedAsset opened, wallet.open_asset(entry, directory));
    document["assets"].push_back({{"asset", opened.asset},
                                  {"item", opened.item},
                                  {"version", opened.version},
                                  {"issuer", opened.issuer},
                                  {"fields", opened.fields},
                                  {"sd_jwt", opened.sd_jwt}});
  }
  for (const char* name : {"requests", "grants", "accesses"}) {
    QC_ASSIGN(const Json answer, wallet.client().get("/v1/" + std::string(name)));
    QC_ASSIGN(document[name], array_of(answer, name));
  }
  QC_ASSIGN(const VerifiedTrace trace,
            fetch_trace(wallet.client(), wallet.account(), wallet.receipts()));
  for (const TraceEvent& event : trace.events) {
    document["events"].push_back({{"transaction", event.proved.tx.bytes},
                                  {"receipt", proof::to_json(event.proved.receipt)}});
  }
  QC_TRY(write_file(options.out, document.dump(2) + "\n", FileMode::kPrivate));
  Output output;
  output.json = {{"file", options.out},
                 {"assets", document["assets"].size()},
                 {"events", document["events"].size()}};
  output.text = "✓ 已导出 exported: " + options.out + " (" +
                std::to_string(document["assets"].size()) + " 资产 assets, " +
                std::to_string(document["events"].size()) + " 事件 events)\n";
  return output;
}

}  // namespace

void add_wallet_box(Command group) {
  add_wallet_create(group);
  add_wallet_rotate(group);
  auto fetch_options = std::make_shared<FetchOptions>();
  Command command = group.sub("fetch", "取得资产 · have departments issue items to me");
  add_wallet_options(command, fetch_options->to);
  command.texts("item", fetch_options->items, "数据项 · items");
  command.flag("--all", fetch_options->all, "目录中全部 · every item of the catalogue");
  command.action([fetch_options] { return fetch(*fetch_options); });

  auto show_options = std::make_shared<WalletOptions>();
  Command showing = group.sub("show", "解密并验证本人资产 · decrypt and verify what is mine");
  add_wallet_options(showing, *show_options);
  showing.action([show_options] { return show(*show_options); });

  auto erase_options = std::make_shared<EraseOptions>();
  Command erasing = group.sub("erase", "删除资产 · erase an asset");
  add_wallet_options(erasing, erase_options->to);
  erasing.text("asset", erase_options->asset, "资产号 · asset", Need::kRequired);
  erasing.text("--reason", erase_options->reason, "原因 · reason");
  erasing.action([erase_options] { return erase(*erase_options); });

  auto export_options = std::make_shared<ExportOptions>();
  Command exporting = group.sub("export", "导出本人全部数据 · a copy of everything of mine");
  add_wallet_options(exporting, export_options->to);
  exporting.text("-o,--out", export_options->out, "文件 · file (0600)", Need::kRequired);
  exporting.action([export_options] { return export_all(*export_options); });
}

}  // namespace qc::cli
