// quancheng wallet requests, approve, refuse: the subject decides.
#include <algorithm>
#include <iostream>
#include <unistd.h>

#include "host/cli/consent.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"

namespace qc::cli {
namespace {

Result<Output> requests(const WalletOptions& to) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(to));
  QC_ASSIGN(Json answer, wallet.client().get("/v1/requests"));
  QC_ASSIGN(const Json list, array_of(answer, "requests"));
  Output output;
  output.json["requests"] = Json::array();
  for (const Json& entry : list) {
    const Json body = entry.value("body", Json::object());
    const Json consumer = entry.value("consumer", Json::object());
    output.json["requests"].push_back({{"request", text_of(entry, "request")},
                                       {"state", text_of(entry, "state")},
                                       {"consumer", consumer},
                                       {"product", body.value("product", Json())},
                                       {"purpose", body.value("purpose", Json())},
                                       {"scope", body.value("scope", Json())},
                                       {"valid", body.value("valid", Json())},
                                       {"max_uses", body.value("max_uses", Json())},
                                       {"data_life_days", body.value("data_life_days", Json())}});
    output.text += "  " + text_of(entry, "request") + "  " + padded(text_of(entry, "state"), 11) +
                   name_of(consumer) + "\n" +
                   line("目的 purpose", text_of(body.value("purpose", Json::object()), "text"));
    for (const Json& item : body.value("scope", Json::array())) {
      output.text += line(text_of(item, "item"),
                          "必需 required [" + joined(item.value("required", Json())) +
                              "] 可选 optional [" + joined(item.value("optional", Json())) + "]");
    }
  }
  if (list.empty()) output.text = "  无 none\n";
  return output;
}

struct ApproveOptions {
  WalletOptions to;
  std::string request;
  Choice choice;
  std::vector<std::string> accept;
  bool yes = false;
  bool values = false;
  /// Whose signature it is when somebody acts for the wallet's subject.
  WalletOptions as;
  std::string role = "guardian", mandate;
};

bool ask(const std::string& question) {
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes" || answer == "是";
}

/// Nothing is consented to by silence: each separate consent is named on the command line, or
/// answered on the terminal.
Status confirm(const ApproveOptions& options, const ConsentView& view) {
  const auto accepted = [&options](const std::string& name) {
    return std::find(options.accept.begin(), options.accept.end(), name) != options.accept.end();
  };
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && !options.yes;
  for (const std::string& name : view.separate) {
    if (accepted(name) || (terminal && ask("单独同意 apart: " + separate_text(name) + "?"))) {
      continue;
    }
    return forbidden("consent.separate_needed", "needs a consent of its own: --accept " + name)
        .at(name);
  }
  if (options.yes || (terminal && ask("签署授权 sign the grant?"))) return {};
  return forbidden("consent.not_given", "not signed; nothing was released: confirm with --yes");
}

Result<Output> approve(const ApproveOptions& options) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(const Directory directory, Directory::fetch(wallet.client()));
  QC_ASSIGN(ConsentView view, load_consent(wallet, directory, options.request));
  std::optional<Wallet> actor;
  if (!options.as.dir.empty()) {
    QC_ASSIGN(actor, Wallet::open(acting_for(options.to, options.as)));
    if (options.role == "guardian") view.separate.emplace_back("minor");
  }
  const Wallet& signer = actor ? *actor : wallet;
  if (view.state != "REQUESTED" && view.state != "PRESENTED") {
    return conflict("request.wrong_state", "the request is " + view.state);
  }
  if (view.state == "REQUESTED") {
    QC_ASSIGN(const client::Submitted opened,
              signer.submit("request.open", {{"request", view.request},
                                             {"notice_sm3", view.body.at("notice").at("sm3")}}));
    (void)opened;
  }
  const bool values = options.values || ::isatty(STDOUT_FILENO) == 1;
  const std::string screen = consent_text(view, values);
  // The screen comes before the question, not after the signature.
  if (::isatty(STDIN_FILENO) == 1 && !options.yes) std::cerr << screen;
  QC_TRY(confirm(options, view));
  Choice choice = options.choice;
  choice.grant = random_id();
  if (actor) {
    choice.actor = {
        {"role", options.role}, {"account", actor->account()}, {"mandate", options.mandate}};
  }
  QC_ASSIGN(const PreparedGrant grant, prepare_grant(wallet, view, choice));
  QC_ASSIGN(const std::string tx, signer.client().sign_transaction("grant.create", grant.body));
  QC_ASSIGN(
      const Json answer,
      signer.client().post("/v1/grants", {{"tx", tx}, {"presentations", grant.presentations}}));
  QC_ASSIGN(const Json* receipt, JsonReader(answer).object("receipt"));
  QC_ASSIGN(const Proved proved, check_transaction(signer.client(), tx, *receipt));
  QC_TRY(wallet.receipts().keep(proved));
  Output output = submitted_output({proved.tx.id_hex(), tx, proved.receipt.index, proved.receipt},
                                   "授权已签署 grant signed",
                                   {{"grant", choice.grant},
                                    {"request", view.request},
                                    {"given", grant.given},
                                    {"separate", view.separate},
                                    {"notice_sm3", view.body.at("notice").at("sm3")}});
  if (options.values) output.json["screen"] = screen;
  output.text = screen + output.text + line("授权 grant", choice.grant);
  for (const Json& entry : grant.given) {
    output.text += line(text_of(entry, "item"), joined(entry["fields"]));
  }
  return output;
}

struct RefuseOptions {
  WalletOptions to;
  std::string request, reason;
};

Result<Output> refuse(const RefuseOptions& options) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(
      const client::Submitted done,
      wallet.submit("request.refuse", {{"request", options.request}, {"reason", options.reason}}));
  return submitted_output(done, "已拒绝 refused", {{"request", options.request}});
}

}  // namespace

void add_wallet_consent(Command group) {
  auto list = std::make_shared<WalletOptions>();
  Command listing = group.sub("requests", "收到的请求 · what was asked of me");
  add_wallet_options(listing, *list);
  listing.action([list] { return requests(*list); });

  auto options = std::make_shared<ApproveOptions>();
  Command command = group.sub("approve", "查看并签署 · see what is asked, choose, sign");
  add_wallet_options(command, options->to);
  command.text("request", options->request, "请求号 · request", Need::kRequired);
  command.texts("--optional", options->choice.optional,
                "给予的可选字段 · optional item.field given");
  command.flag("--all-optional", options->choice.all_optional,
               "给予全部可选字段 · give every optional field");
  command.texts("--accept", options->accept,
                "单独同意 · separate consents: third_party, sensitive, adverse_credit_notice, "
                "automated_decision, minor");
  add_acting_options(command, options->as, Need::kOptional);
  command.text("--role", options->role, "代理身份 · guardian, legal_rep, administrator, handler");
  command.text("--mandate", options->mandate, "委托号 · mandate");
  command.flag("--yes", options->yes, "确认签署,不再询问 · sign without asking");
  command.flag("--values", options->values,
               "输出中显示本人数据 · show own values even when not on a terminal");
  command.action([options] { return approve(*options); });

  auto refusal = std::make_shared<RefuseOptions>();
  Command refusing = group.sub("refuse", "拒绝 · refuse");
  add_wallet_options(refusing, refusal->to);
  refusing.text("request", refusal->request, "请求号 · request", Need::kRequired);
  refusing.text("--reason", refusal->reason, "原因 · reason");
  refusing.action([refusal] { return refuse(*refusal); });
}

}  // namespace qc::cli
