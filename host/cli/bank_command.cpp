// quancheng bank …: what a bank or another consumer does. Accesses: bank_access.cpp.
#include "host/cli/bank_access.hpp"
#include "host/cli/bank_request.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/package.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"

namespace qc::cli {
namespace {

struct DefineOptions {
  ConnectionOptions to;
  std::string package, file;
};

Result<Output> define_product(const DefineOptions& options) {
  Json body;
  if (!options.file.empty()) {
    QC_ASSIGN(body, read_document(options.file));
  } else if (!options.package.empty()) {
    QC_ASSIGN(const Package package, read_package(options.package));
    QC_ASSIGN(const Json description, describe_package(package));
    body = description.value("product", Json());
  } else {
    return invalid("usage.missing", "give a plugin package or --file", "package");
  }
  if (!body.is_object()) return invalid("package.invalid", "no product is described", "product");
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const client::Submitted done, session.submit("product.define", body));
  return submitted_output(
      done, "产品已申报 product defined: " + name_of(body),
      {{"product", body.value("product", Json())}, {"version", body.value("version", Json())}});
}

struct RequestOptions {
  ConnectionOptions to;
  std::string product;
  RequestWishes wishes;
};

/// Who receives: the product's plugin when only an answer leaves, else the bank itself.
Result<Json> recipient_key(Session& session, const Json& product, const Json& consumer) {
  if (text_of(product, "release") != "answer") return consumer.value("jwk", Json());
  QC_ASSIGN(const Json plugin, fetch_plugin(*session.client, text_of(product, "plugin")));
  auto key = crypto::PublicKey::from_jwk(plugin.value("jwk", Json::object()));
  if (!key.ok()) {
    return unavailable("plugin.no_key", "the product's plugin is not running", Side::kPlatform);
  }
  return key.value().to_jwk();
}

Result<Output> request(const RequestOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const Directory directory, Directory::fetch(*session.client));
  QC_ASSIGN(const Json consumer, directory.member(session.account));
  QC_ASSIGN(const Json product, fetch_product(*session.client, options.product));
  QC_ASSIGN(const Json key, recipient_key(session, product, consumer));
  QC_ASSIGN(const Json body, make_request(product, consumer, key, options.wishes, now_s()));
  QC_ASSIGN(const client::Submitted done, session.submit("request.create", body));
  Output output = submitted_output(done, "请求已发出 request made: " + name_of(product),
                                   {{"request", body["request"]},
                                    {"subject", body["subject"]},
                                    {"product", body["product"]},
                                    {"purpose", body["purpose"]},
                                    {"scope", body["scope"]},
                                    {"valid", body["valid"]},
                                    {"max_uses", body["max_uses"]},
                                    {"data_life_days", body["data_life_days"]},
                                    {"release", body["release"]}});
  output.text += line("请求 request", text_of(body, "request"));
  for (const Json& entry : body["scope"]) {
    output.text +=
        line(text_of(entry, "item"), "必需 required [" + joined(entry["required"]) +
                                         "] 可选 optional [" + joined(entry["optional"]) + "]");
  }
  return output;
}

Result<Output> acknowledge(const ConnectionOptions& to, const std::string& access) {
  QC_ASSIGN(Session session, open_session(to, Signer::kNeeded));
  QC_ASSIGN(const Json entry, session.client->get("/v1/accesses/" + access));
  const std::string payload = text_of(entry.value("body", Json::object()), "payload_sm3");
  QC_ASSIGN(const client::Submitted done,
            session.submit("access.ack", {{"access", access}, {"payload_sm3", payload}}));
  return submitted_output(done, "已确认接收 acknowledged", {{"access", access}});
}

Result<Output> delete_data(const ConnectionOptions& to, const std::string& grant) {
  QC_ASSIGN(Session session, open_session(to, Signer::kNeeded));
  QC_ASSIGN(const client::Submitted done, session.submit("grant.delete", {{"grant", grant}}));
  return submitted_output(done, "已声明删除 deletion declared", {{"grant", grant}});
}

Result<Output> bank_status(const ConnectionOptions& to) {
  QC_ASSIGN(Session session, open_session(to, Signer::kNeeded));
  Output output;
  for (const char* name : {"requests", "grants", "accesses"}) {
    QC_ASSIGN(const Json answer, session.client->get("/v1/" + std::string(name)));
    QC_ASSIGN(output.json[name], array_of(answer, name));
    output.text += std::string(name) + ":\n";
    for (const Json& entry : output.json[name]) {
      const std::string singular = name == std::string("accesses")
                                       ? "access"
                                       : std::string(name, std::string(name).size() - 1);
      output.text += "  " + text_of(entry, singular.c_str()) + "  " +
                     padded(text_of(entry, "state"), 11) + "#" +
                     value_text(entry.value("index", Json(0))) + "\n";
    }
  }
  return output;
}

void add_request(Command group) {
  auto options = std::make_shared<RequestOptions>();
  Command command = group.sub("request", "请求授权 · ask a subject for consent");
  add_connection(command, options->to);
  command.text("--product", options->product, "产品 · product", Need::kRequired);
  command.text("--subject", options->wishes.subject, "对象账户 · subject's account",
               Need::kRequired);
  command.text("--necessity", options->wishes.necessity, "必要性 · why it is necessary");
  command.text("--impact", options->wishes.impact, "影响 · what it means for the subject");
  command.number("--valid-days", options->wishes.valid_days, "有效天数 · days of validity", 1,
                 36600);
  command.number("--uses", options->wishes.uses, "使用次数 · number of uses", 1, 1000000);
  command.number("--data-life-days", options->wishes.data_life_days,
                 "保存天数,0 按产品 · days the data is kept, 0 = the product's", 0, 36600);
  command.number("--expires-hours", options->wishes.expires_hours,
                 "请求失效小时 · hours until the request lapses", 1, 720);
  command.action([options] { return request(*options); });
}

struct IdOptions {
  ConnectionOptions to;
  std::string id;
};

}  // namespace

void add_bank(Command root) {
  Command group = root.sub("bank", "银行等使用方 · bank or other consumer");
  auto define = std::make_shared<DefineOptions>();
  Command command = group.sub("define-product", "申报产品 · define a product");
  add_connection(command, define->to);
  command.text("package", define->package, "插件包目录 · plugin package folder");
  command.text("--file", define->file, "产品描述文件 · JSON file instead of a package");
  command.action([define] { return define_product(*define); });
  add_request(group);
  add_bank_access(group);
  auto ack = std::make_shared<IdOptions>();
  Command sub = group.sub("acknowledge", "确认接收 · acknowledge what was received");
  add_connection(sub, ack->to);
  sub.text("access", ack->id, "访问号 · access", Need::kRequired);
  sub.action([ack] { return acknowledge(ack->to, ack->id); });
  auto removal = std::make_shared<IdOptions>();
  Command deletion = group.sub("delete", "声明已删除数据 · declare the data deleted");
  add_connection(deletion, removal->to);
  deletion.text("grant", removal->id, "授权号 · grant", Need::kRequired);
  deletion.action([removal] { return delete_data(removal->to, removal->id); });
  auto to = std::make_shared<ConnectionOptions>();
  Command state = group.sub("status", "请求、授权与访问 · own requests, grants and accesses");
  add_connection(state, *to);
  state.action([to] { return bank_status(*to); });
}

}  // namespace qc::cli
