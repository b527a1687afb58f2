// quancheng governance …: the network's policy, proposals and votes. Opening a proposal is what the
// operator's commands do: admit-member, approve-product, admit-plugin, …
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::cli {
namespace {

struct PolicyOptions {
  ConnectionOptions to;
  std::vector<std::string> kinds, accounts;
  std::int64_t member = 1, plugin = 1, product = 1, policy = 1, open_days = 30;
};

struct ProposalOptions {
  ConnectionOptions to;
  std::string proposal, reason;
  bool approve = false, reject = false, all = false;
};

Result<Output> show_policy(const ConnectionOptions& to) {
  QC_ASSIGN(Session session, open_session(to, Signer::kOptional));
  Output output;
  QC_ASSIGN(output.json, session.client->get("/v1/policy"));
  const Json voters = output.json.value("voters", Json::object());
  output.text = line("版本 version", value_text(output.json.value("version", Json()))) +
                line("表决类别 voting kinds", joined(voters.value("kinds", Json()))) +
                line("表决账户 voting accounts", joined(voters.value("accounts", Json())));
  const Json thresholds = output.json.value("thresholds", Json::object());
  for (const auto& [family, votes] : thresholds.items()) {
    output.text += line("票数 votes: " + family, value_text(votes));
  }
  output.text += line("表决天数 days to vote", value_text(output.json.value("open_days", Json())));
  return output;
}

Result<Output> set_policy(const PolicyOptions& options) {
  const Json body = {{"voters", {{"kinds", options.kinds}, {"accounts", options.accounts}}},
                     {"thresholds",
                      {{"member", options.member},
                       {"plugin", options.plugin},
                       {"product", options.product},
                       {"policy", options.policy}}},
                     {"open_days", options.open_days}};
  return submit_one(options.to, {"policy.set", body, {}});
}

std::string proposal_line(const Json& proposal) {
  const auto votes = [&](const char* list) { return proposal.value(list, Json::array()); };
  return "  " + padded(value_text(proposal.value("index", Json(0))), 6) +
         padded(text_of(proposal, "state"), 11) + padded(operation(text_of(proposal, "op")), 28) +
         std::to_string(votes("approvals").size()) + "/" +
         value_text(proposal.value("threshold", Json(0))) + "  " + joined(votes("approvals")) +
         (votes("rejections").empty() ? "" : "  – " + joined(votes("rejections"))) + "\n         " +
         text_of(proposal, "proposal") + "\n";
}

Result<Output> list_proposals(const ProposalOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kOptional));
  Output output;
  output.json["proposals"] = Json::array();
  std::int64_t after = 0;
  for (;;) {
    QC_ASSIGN(const Json page, session.client->get("/v1/proposals?after=" + std::to_string(after)));
    QC_ASSIGN(const Json list, array_of(page, "proposals"));
    if (list.empty()) break;
    for (const Json& proposal : list) {
      QC_ASSIGN(const std::int64_t index,
                JsonReader(proposal, "proposal").integer("index", after + 1, INT64_MAX));
      after = index;
      if (!options.all && text_of(proposal, "state") != "OPEN") continue;
      output.json["proposals"].push_back(proposal);
      output.text += proposal_line(proposal);
    }
  }
  if (output.text.empty()) output.text = "  无 none\n";
  return output;
}

/// The proposal's signed transaction: what its name is the hash of, whatever the host says of it.
Result<proof::Transaction> fetch_proposal(const Session& session, const std::string& id) {
  QC_ASSIGN(const Json entry, session.client->get("/v1/proposals/" + id));
  QC_ASSIGN(std::string bytes, JsonReader(entry).text("transaction", proof::kMaxTxBytes));
  if (to_hex(crypto::sm3(bytes)) != id) {
    return invalid("verify.wrong_transaction", "the host shows another transaction", "proposal");
  }
  return proof::parse_transaction(std::move(bytes));
}

Result<Output> show_proposal(const ProposalOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kOptional));
  QC_ASSIGN(const proof::Transaction proposed, fetch_proposal(session, options.proposal));
  Output output;
  output.json = {{"proposal", options.proposal}, {"op", proposed.op}, {"body", proposed.body}};
  output.text = line("提案 proposal", operation(proposed.op)) +
                line("提案人公钥 proposer's key", proposed.kid) + proposed.body.dump(2) + "\n";
  return output;
}

Result<Output> cast_vote(const ProposalOptions& options) {
  if (options.approve == options.reject) {
    return invalid("usage.missing", "say one of --approve and --reject", "--approve");
  }
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const proof::Transaction proposed, fetch_proposal(session, options.proposal));
  QC_ASSIGN(const client::Submitted done,
            session.submit("proposal.vote", {{"proposal", options.proposal},
                                             {"vote", options.approve ? "approve" : "reject"},
                                             {"reason", options.reason}}));
  Output output = submitted_output(done, operation(proposed.op),
                                   {{"proposal", options.proposal}, {"op", proposed.op}});
  output.text += line("提案状态 state", done.decision);
  return output;
}

Result<Output> withdraw_proposal(const ProposalOptions& options) {
  return submit_one(options.to, {"proposal.withdraw",
                                 {{"proposal", options.proposal}, {"reason", options.reason}},
                                 {},
                                 {{"proposal", options.proposal}}});
}

void add_policy_commands(Command group) {
  auto to = std::make_shared<ConnectionOptions>();
  Command show = group.sub("policy", "治理规则 · who votes, and how many votes are needed");
  add_connection(show, *to);
  show.action([to] { return show_policy(*to); });
  auto options = std::make_shared<PolicyOptions>();
  Command set = group.sub("set-policy", "提议新的治理规则 · propose another policy");
  add_connection(set, options->to);
  set.texts("--kind", options->kinds, "有表决权的类别 · kinds of members that vote");
  set.texts("--account", options->accounts, "有表决权的成员 · members that vote");
  set.number("--member", options->member, "成员事项票数 · votes for members", 1, 64);
  set.number("--plugin", options->plugin, "插件事项票数 · votes for plugins", 1, 64);
  set.number("--product", options->product, "产品事项票数 · votes for products", 1, 64);
  set.number("--policy", options->policy, "规则事项票数 · votes for the policy", 1, 64);
  set.number("--open-days", options->open_days, "表决天数 · days to vote", 1, 365);
  set.action([options] { return set_policy(*options); });
}

using ProposalAction = Result<Output> (*)(const ProposalOptions&);

/// A command that needs a host, and runs `run` with the options that the caller goes on to declare.
struct ProposalCommand {
  std::shared_ptr<ProposalOptions> options = std::make_shared<ProposalOptions>();
  Command command;

  ProposalCommand(Command made, ProposalAction run) : command(std::move(made)) {
    add_connection(command, options->to);
    command.action([options = options, run] { return run(*options); });
  }
  void add_proposal() {
    command.text("proposal", options->proposal, "提案(交易号) · proposal (transaction id)",
                 Need::kRequired);
  }
  void add_reason() { command.text("--reason", options->reason, "理由 · reason"); }
};

}  // namespace

void add_governance(Command root) {
  Command group = root.sub("governance", "治理 · policy, proposals and votes");
  add_policy_commands(group);
  ProposalCommand list(group.sub("proposals", "待表决提案 · proposals that wait for votes"),
                       &list_proposals);
  list.command.flag("--all", list.options->all, "含已结束的 · closed ones too");
  ProposalCommand show(group.sub("show", "提案签名原文 · what a proposal says, as signed"),
                       &show_proposal);
  show.add_proposal();
  ProposalCommand vote(group.sub("vote", "表决 · vote on a proposal"), &cast_vote);
  vote.add_proposal();
  vote.command.flag("--approve", vote.options->approve, "赞成 · approve");
  vote.command.flag("--reject", vote.options->reject, "反对 · reject");
  vote.add_reason();
  ProposalCommand withdraw(group.sub("withdraw", "撤回自己的提案 · withdraw one's own proposal"),
                           &withdraw_proposal);
  withdraw.add_proposal();
  withdraw.add_reason();
}

}  // namespace qc::cli
