// quancheng wallet grants, pause, resume, revoke, history: what was given, and taking it back.
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"
#include "host/cli/trace.hpp"
#include "host/cli/wallet.hpp"

namespace qc::cli {
namespace {

Result<Output> grants(const WalletOptions& to) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(to));
  QC_ASSIGN(const Json answer, wallet.client().get("/v1/grants"));
  QC_ASSIGN(const Json list, array_of(answer, "grants"));
  Output output;
  output.json["grants"] = list;
  for (const Json& entry : list) {
    const Json body = entry.value("body", Json::object());
    output.text += "  " + text_of(entry, "grant") + "  " + padded(text_of(entry, "state"), 11) +
                   text_of(body.value("consumer", Json::object()), "name") + "  " +
                   value_text(entry.value("uses", Json(0))) + "/" +
                   value_text(body.value("max_uses", Json(0))) + " 次 uses\n";
    for (const Json& item : body.value("scope", Json::array())) {
      output.text += line(text_of(item, "item"), joined(item.value("fields", Json())));
    }
  }
  if (list.empty()) output.text = "  无 none\n";
  return output;
}

struct GrantOptions {
  WalletOptions to;
  std::string grant, reason;
};

Result<Output> change_grant(const GrantOptions& options, const std::string& op) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(const client::Submitted done,
            wallet.submit(op, {{"grant", options.grant}, {"reason", options.reason}}));
  return submitted_output(done, operation(op), {{"grant", options.grant}});
}

Result<Output> history(const WalletOptions& to) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(to));
  QC_ASSIGN(const VerifiedTrace trace,
            fetch_trace(wallet.client(), wallet.account(), wallet.receipts()));
  return trace_output(trace);
}

}  // namespace

void add_wallet_grants(Command group) {
  auto list = std::make_shared<WalletOptions>();
  Command listing = group.sub("grants", "我的授权 · what I have granted");
  add_wallet_options(listing, *list);
  listing.action([list] { return grants(*list); });
  struct Verb {
    const char* name;
    const char* op;
    const char* help;
  };
  for (const Verb& verb : {Verb{"pause", "grant.pause", "暂停授权 · pause a grant"},
                           Verb{"resume", "grant.resume", "恢复授权 · resume a grant"},
                           Verb{"revoke", "grant.revoke", "撤回授权 · revoke a grant"}}) {
    auto options = std::make_shared<GrantOptions>();
    Command command = group.sub(verb.name, verb.help);
    add_wallet_options(command, options->to);
    command.text("grant", options->grant, "授权号 · grant", Need::kRequired);
    command.text("--reason", options->reason, "原因 · reason");
    command.action([options, op = std::string(verb.op)] { return change_grant(*options, op); });
  }
  auto trace = std::make_shared<WalletOptions>();
  Command command = group.sub("history", "全程追溯 · every event about me, each receipt verified");
  add_wallet_options(command, *trace);
  command.action([trace] { return history(*trace); });
}

}  // namespace qc::cli
