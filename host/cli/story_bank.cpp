// Steps 5, 7, 8 and 9: the bank's side, the withdrawal that stops it, and what it may do again and
// again.
#include <algorithm>

#include "host/cli/directory.hpp"
#include "host/cli/show.hpp"
#include "host/cli/story_steps.hpp"

namespace qc::cli {

Status ask_consent(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json made,
            Stage::must(stage.as_member(plot.bank, {"bank", "request", "--product", plot.product,
                                                    "--subject", plot.account})));
  plot.request = text_of(made, "request");
  plot.scope = made.value("scope", Json::array());
  step.facts = made;
  const Json valid = made.value("valid", Json::object());
  step.lines.push_back(line("请求方 who asks", plot.bank));
  step.lines.push_back(
      line("目的 purpose", text_of(made.value("purpose", Json::object()), "text")));
  for (const Json& entry : plot.scope) {
    step.lines.push_back(
        line(text_of(entry, "item"), "必需 required [" + joined(entry["required"]) +
                                         "] 可选 optional [" + joined(entry["optional"]) + "]"));
  }
  step.lines.push_back(line("有效期 validity", time_text(valid.value("from", std::int64_t{0})) +
                                                   " – " +
                                                   time_text(valid.value("to", std::int64_t{0}))));
  step.lines.push_back(line("次数 uses", value_text(made.value("max_uses", Json(0)))));
  step.lines.push_back(
      line("保存 retention", value_text(made.value("data_life_days", Json(0))) + " 天 days"));
  return {};
}

Status decide_loan(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json decided,
            Stage::must(stage.as_member(plot.bank, {"bank", "decide", "--request", plot.request})));
  plot.access = text_of(decided, "access");
  const Json decision = decided.value("decision", Json::object());
  const Json receipts = decided.value("receipts", Json::object());
  step.facts = {{"access", plot.access},
                {"outcome", decided.value("outcome", Json())},
                {"decision", decision},
                {"open_index", receipts.value("open", Json::object()).value("index", Json())},
                {"release_index", receipts.value("release", Json::object()).value("index", Json())},
                {"verified", decided.value("verified", false)}};
  if (text_of(decision, "outcome").empty()) {
    return internal("story.no_decision", "the decision says nothing");
  }
  step.lines.push_back(line("先上链 on the ledger first",
                            operation("access.open") + " #" + value_text(step.facts["open_index"]) +
                                " → " + operation("access.release") + " #" +
                                value_text(step.facts["release_index"])));
  step.lines.push_back(decision_text(decision));
  QC_ASSIGN(const Json acknowledged,
            Stage::must(stage.as_member(plot.bank, {"bank", "acknowledge", plot.access})));
  step.facts["ack_index"] = acknowledged.value("index", Json());
  step.lines.push_back(
      line("确认 acknowledged", "#" + value_text(acknowledged.value("index", Json(0)))));
  return {};
}

Status withdraw_consent(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json revoked,
            Stage::must(stage.as_citizen(plot.wallet, {"wallet", "revoke", plot.grant, "--reason",
                                                       "贷款已办结 the loan is settled"})));
  step.facts["revoke_index"] = revoked.value("index", Json());
  step.lines.push_back(line("市民撤回 revoked", "#" + value_text(revoked.value("index", Json(0)))));
  QC_ASSIGN(const Act refused,
            stage.as_member(plot.bank, {"bank", "decide", "--grant", plot.grant}));
  step.facts["exit_code"] = refused.exit_code;
  step.facts["problem"] = refused.json;
  if (refused.exit_code != 1 || text_of(refused.json, "code") != "grant.revoked") {
    return internal("story.not_refused", "after the withdrawal the bank got \"" +
                                             text_of(refused.json, "code") + "\", exit code " +
                                             std::to_string(refused.exit_code));
  }
  if (text_of(refused.json, "txn_id").empty()) {
    return internal("story.refusal_not_recorded", "the refusal names no ledger transaction");
  }
  step.lines.push_back(line("银行再试 bank tries again", "拒绝 refused"));
  step.lines.push_back(line("问题文档 problem", refused.json.dump()));
  return {};
}

Status watch_loan(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json asked,
            Stage::must(stage.as_member(plot.bank, {"bank", "request", "--product", plot.watch,
                                                    "--subject", plot.account, "--uses", "30"})));
  std::vector<std::string> approve = {"wallet", "approve", text_of(asked, "request"), "--yes"};
  for (const char* name :
       {"third_party", "sensitive", "adverse_credit_notice", "automated_decision"}) {
    approve.insert(approve.end(), {"--accept", name});
  }
  QC_ASSIGN(const Json granted, Stage::must(stage.as_citizen(plot.wallet, approve)));
  const std::string grant = text_of(granted, "grant");
  QC_ASSIGN(const Json done,
            Stage::must(stage.as_member(plot.bank, {"bank", "monitor", "--product", plot.watch})));
  const Json ran = done.value("ran", Json::array());
  const auto mine = std::find_if(
      ran.begin(), ran.end(), [&grant](const Json& one) { return text_of(one, "grant") == grant; });
  if (mine == ran.end()) {
    return internal("story.nothing_due",
                    "under the standing grant nothing was due: " + done.dump());
  }
  const Json decision = mine->value("decision", Json::object());
  step.facts = {{"grant", grant},
                {"access", mine->value("access", Json())},
                {"outcome", decision.value("outcome", Json())},
                {"verified", mine->value("verified", false)},
                {"next", done.value("next", Json())}};
  step.lines.push_back(line("常设授权 standing grant", grant + ", 最多 at most 30 次 times"));
  step.lines.push_back(line("部门重新出具 issued afresh",
                            operation("access.open") + " → " + operation("access.release")));
  step.lines.push_back(decision_text(decision));
  step.lines.push_back(
      line("下次 next", time_text(done.value("next", std::int64_t{0})) +
                            " (市民随时可撤回 the citizen may revoke it any time)"));
  return {};
}

}  // namespace qc::cli
