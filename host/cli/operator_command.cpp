// quancheng operator …: what the network's operator does.
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/package.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"
#include "sdk/proof/capability.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::cli {
namespace {

struct MemberOptions {
  ConnectionOptions to;
  std::string file, account, kind, code, name_zh, name_en, uscc, contact, jwk, reason;
};

/// The body of member.admit: from the file, single options win.
Result<Json> member_body(const MemberOptions& options) {
  Json body = {{"code", ""}};
  if (!options.file.empty()) {
    QC_ASSIGN(body, read_document(options.file));
    if (!body.is_object()) {
      return invalid("file.invalid", "an object is expected", options.file);
    }
  }
  struct Member {
    const char* name;
    const std::string& value;
  };
  for (const Member& member : {Member{"account", options.account}, Member{"kind", options.kind},
                               Member{"code", options.code}, Member{"name_zh", options.name_zh},
                               Member{"name_en", options.name_en}, Member{"uscc", options.uscc},
                               Member{"contact", options.contact}}) {
    if (!member.value.empty()) body[member.name] = member.value;
    if (!body.contains(member.name)) {
      return invalid("usage.missing", "give --file or every option of a member", member.name);
    }
  }
  if (!options.jwk.empty()) {
    QC_ASSIGN(const crypto::PublicKey key, read_public_key(options.jwk));
    body["jwk"] = key.to_jwk();
  }
  if (!body.contains("jwk")) return invalid("usage.missing", "the member's key", "--jwk");
  return body;
}

Result<Output> admit_member(const MemberOptions& options) {
  QC_ASSIGN(const Json body, member_body(options));
  return submit_one(options.to, {"member.admit",
                                 body,
                                 "成员已准入 admitted: " + name_of(body),
                                 {{"account", body["account"]}}});
}

Result<Output> change_member(const MemberOptions& options, const std::string& op) {
  return submit_one(options.to, {op,
                                 {{"account", options.account}, {"reason", options.reason}},
                                 operation(op) + ": " + options.account,
                                 {{"account", options.account}}});
}

/// After a loss: what the member made with `key prove`, for the voters to decide.
Result<Output> rebind_member(const MemberOptions& options) {
  QC_ASSIGN(Json body, read_document(options.file));
  if (!body.is_object()) return invalid("file.invalid", "an object is expected", options.file);
  body["reason"] = options.reason;
  return submit_one(options.to, {"member.rebind",
                                 body,
                                 operation("member.rebind") + ": " + text_of(body, "account"),
                                 {{"account", body.value("account", Json())}}});
}

Result<Output> list_members(const ConnectionOptions& to) {
  QC_ASSIGN(Session session, open_session(to, Signer::kOptional));
  QC_ASSIGN(const Directory directory, Directory::fetch(*session.client));
  Output output;
  output.json["members"] = Json::array();
  for (const auto& [account, member] : directory.members()) {
    output.json["members"].push_back(member);
    output.text += "  " + padded(account, 14) + padded(text_of(member, "kind"), 12) +
                   padded(text_of(member, "status"), 11) + name_of(member) + "\n";
  }
  return output;
}

struct PluginOptions {
  ConnectionOptions to;
  std::string package, jwk, plugin, reason;
  std::vector<std::string> capabilities;
};

Result<Output> admit_plugin(const PluginOptions& options) {
  QC_ASSIGN(const Package package, read_package(options.package));
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  if (package.signature.empty()) {
    return invalid("plugin.not_signed",
                   "the package has no signature of its publisher; " + package.owner +
                       " has to sign it: quancheng plugin sign",
                   options.package);
  }
  Json jwk;
  if (options.jwk.empty()) {
    // A department's plugin signs and decrypts with the department's own key.
    QC_ASSIGN(const Directory directory, Directory::fetch(*session.client));
    QC_ASSIGN(const crypto::PublicKey key, directory.key_of(package.owner));
    jwk = key.to_jwk();
  } else {
    QC_ASSIGN(const crypto::PublicKey key, read_public_key(options.jwk));
    jwk = key.to_jwk();
  }
  const Json body = {{"plugin", package.plugin},
                     {"version", package.version},
                     {"kind", package.kind},
                     {"owner", package.owner},
                     {"digest", package.digest},
                     {"jwk", jwk},
                     {"capabilities", options.capabilities},
                     {"signature", package.signature}};
  QC_ASSIGN(const client::Submitted done, session.submit("plugin.admit", body));
  std::string text = "插件已准入 plugin admitted: " + package.plugin + " " + package.version;
  for (const std::string& granted : options.capabilities) text += "\n  已授予 granted: " + granted;
  for (const std::string& asked : proof::asked_capabilities(package.manifest)) {
    // Of a budget it may be less.
    const auto& list = options.capabilities;
    const bool given = std::any_of(list.begin(), list.end(), [&](const std::string& granted) {
      return proof::asks_for({asked}, granted);
    });
    if (!given) text += "\n  未授予 asked for, not granted: " + asked;
  }
  return submitted_output(
      done, text,
      {{"plugin", package.plugin}, {"version", package.version}, {"digest", package.digest}});
}

Result<Output> withdraw_plugin(const PluginOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const Json entry, fetch_plugin(*session.client, options.plugin));
  QC_ASSIGN(const client::Submitted done,
            session.submit("plugin.withdraw", {{"plugin", options.plugin},
                                               {"digest", text_of(entry, "digest")},
                                               {"reason", options.reason}}));
  return submitted_output(done, operation("plugin.withdraw") + ": " + options.plugin,
                          {{"plugin", options.plugin}});
}

struct ProductOptions {
  ConnectionOptions to;
  std::string product;
  std::int64_t version = 0;
};

Result<Output> approve_product(const ProductOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const Json product, fetch_product(*session.client, options.product));
  const std::int64_t version =
      options.version != 0 ? options.version : product.value("version", std::int64_t{0});
  QC_ASSIGN(
      const client::Submitted done,
      session.submit("product.approve", {{"product", options.product}, {"version", version}}));
  return submitted_output(done, "产品已批准 product approved: " + name_of(product),
                          {{"product", options.product}, {"version", version}});
}

Result<Output> catalogue(const ConnectionOptions& to) {
  QC_ASSIGN(Session session, open_session(to, Signer::kOptional));
  Output output;
  QC_ASSIGN(output.json["items"], fetch_items(*session.client));
  QC_ASSIGN(const Json products, session.client->get("/v1/catalogue/products"));
  QC_ASSIGN(output.json["products"], array_of(products, "products"));
  for (const Json& item : output.json["items"]) {
    output.text += "  " + padded(text_of(item, "item"), 20) + name_of(item) + "\n";
  }
  for (const Json& product : output.json["products"]) {
    output.text += "  " + padded(text_of(product, "product"), 20) +
                   padded(text_of(product, "status"), 10) + name_of(product) + "\n";
  }
  return output;
}

Result<Output> host_status(const ConnectionOptions& to) {
  QC_ASSIGN(Session session, open_session(to, Signer::kOptional));
  Output output;
  QC_ASSIGN(output.json["health"], session.client->get("/v1/health"));
  const Json& health = output.json["health"];
  output.text = line("状态 status", text_of(health, "status")) +
                line("网络 network", text_of(health, "chain")) +
                line("版本 version", text_of(health, "version")) +
                line("交易数 transactions", value_text(health.value("size", Json(0)))) +
                line("运行(秒) uptime s", value_text(health.value("uptime_s", Json(0))));
  if (!session.key) return output;
  QC_ASSIGN(output.json["statistics"], session.client->get("/v1/statistics"));
  for (const auto& [name, value] : output.json["statistics"].items()) {
    output.text += line(name, value_text(value));
  }
  return output;
}

void add_member_commands(Command group) {
  auto admit = std::make_shared<MemberOptions>();
  Command command = group.sub("admit-member", "准入成员 · admit a member");
  add_connection(command, admit->to);
  command.text("--file", admit->file, "成员描述文件 · JSON file with the options below");
  command.text("--account", admit->account, "账户 · account");
  command.text("--kind", admit->kind, "类别 · registrar, department, bank, service, regulator");
  command.text("--code", admit->code, "目录前缀(部门) · item prefix of a department");
  command.text("--name-zh", admit->name_zh, "中文名 · Chinese name");
  command.text("--name-en", admit->name_en, "英文名 · English name");
  command.text("--uscc", admit->uscc, "统一社会信用代码 · unified social credit code");
  command.text("--contact", admit->contact, "联系方式 · contact");
  command.text("--jwk", admit->jwk, "公钥文件 · public key (JWK file)");
  command.action([admit] { return admit_member(*admit); });

  struct Change {
    const char* name;
    const char* op;
    const char* help;
  };
  for (const Change& change :
       {Change{"suspend-member", "member.suspend", "暂停成员 · suspend a member"},
        Change{"resume-member", "member.resume", "恢复成员 · resume a member"}}) {
    auto options = std::make_shared<MemberOptions>();
    Command sub = group.sub(change.name, change.help);
    add_connection(sub, options->to);
    sub.text("account", options->account, "账户 · account", Need::kRequired);
    sub.text("--reason", options->reason, "原因 · reason", Need::kRequired);
    sub.action([options, op = std::string(change.op)] { return change_member(*options, op); });
  }

  auto rebind = std::make_shared<MemberOptions>();
  Command rebinding = group.sub("rebind-member", "为遗失密钥的成员换钥 · replace a lost key");
  add_connection(rebinding, rebind->to);
  rebinding.text("--file", rebind->file, "key prove 的输出 · what \"key prove --out\" wrote",
                 Need::kRequired);
  rebinding.text("--reason", rebind->reason, "原因 · reason", Need::kRequired);
  rebinding.action([rebind] { return rebind_member(*rebind); });

  auto list = std::make_shared<ConnectionOptions>();
  Command members = group.sub("members", "成员列表 · list the members");
  add_connection(members, *list);
  members.action([list] { return list_members(*list); });
}

void add_plugin_commands(Command group) {
  auto admit = std::make_shared<PluginOptions>();
  Command command = group.sub("admit-plugin", "准入插件 · admit a plugin package");
  add_connection(command, admit->to);
  command.text("package", admit->package, "插件包目录 · folder with manifest.json",
               Need::kRequired);
  command.text("--jwk", admit->jwk, "插件公钥 · plugin's key (JWK file); default: the owner's");
  command.texts("--capability", admit->capabilities, "授予的能力 · capabilities granted");
  command.action([admit] { return admit_plugin(*admit); });

  auto withdraw = std::make_shared<PluginOptions>();
  Command withdrawal = group.sub("withdraw-plugin", "撤回插件准入 · withdraw a plugin");
  add_connection(withdrawal, withdraw->to);
  withdrawal.text("plugin", withdraw->plugin, "插件 · plugin", Need::kRequired);
  withdrawal.text("--reason", withdraw->reason, "原因 · reason", Need::kRequired);
  withdrawal.action([withdraw] { return withdraw_plugin(*withdraw); });
}

}  // namespace

void add_operator(Command root) {
  Command group = root.sub("operator", "运营方 · network operator");
  add_member_commands(group);
  add_plugin_commands(group);
  add_plugin_operation(group);
  auto approve = std::make_shared<ProductOptions>();
  Command command = group.sub("approve-product", "批准产品 · approve a product");
  add_connection(command, approve->to);
  command.text("product", approve->product, "产品 · product", Need::kRequired);
  command.number("--version", approve->version, "版本,0 为最新 · version, 0 = latest", 0, 1000000);
  command.action([approve] { return approve_product(*approve); });
  auto of = std::make_shared<ConnectionOptions>();
  Command listing = group.sub("catalogue", "数据与产品目录 · items and products");
  add_connection(listing, *of);
  listing.action([of] { return catalogue(*of); });
  auto to = std::make_shared<ConnectionOptions>();
  Command sub = group.sub("status", "主机状态 · state of the host");
  add_connection(sub, *to);
  sub.action([to] { return host_status(*to); });
}

}  // namespace qc::cli
