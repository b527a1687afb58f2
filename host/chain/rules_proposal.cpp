// Proposals and votes: the one way to every decision about members, products, plugins and the
// policy itself. The transaction of such an operation opens a proposal and is its signer's vote;
// the vote that reaches the threshold carries the decision out. With a threshold of one that is the
// first transaction, so a single operator needs no ceremony and has no second path.
#include <algorithm>
#include <array>
#include <cassert>

#include "host/chain/rules_internal.hpp"

namespace qc::chain {

std::string proposal_state_at(const Json& proposal, const Json& policy, std::int64_t now_s) {
  const std::string& state = rules::text_of(proposal, "state");
  if (state != "OPEN") return state;
  if (rules::number_of(proposal, "policy") != rules::number_of(policy, "version")) return "VOID";
  return now_s >= rules::number_of(proposal, "expires") ? "LAPSED" : state;
}

std::string proposal_position_key(std::uint64_t index) {
  const std::string digits = std::to_string(index);
  return "proposal_at/" + std::string(12 - std::min<std::size_t>(digits.size(), 12), '0') + digits;
}

namespace rules {
namespace {

using namespace std::string_view_literals;

struct Action {
  std::string_view op;
  Rule carry_out;
};

constexpr std::array kActions{
    Action{"member.admit"sv, member_admit},       Action{"member.suspend"sv, member_suspend},
    Action{"member.resume"sv, member_resume},     Action{"member.rebind"sv, member_rebind},
    Action{"product.approve"sv, product_approve}, Action{"plugin.admit"sv, plugin_admit},
    Action{"plugin.withdraw"sv, plugin_withdraw}, Action{"policy.set"sv, policy_set},
};

constexpr std::array kVoterKinds{"operator"sv, "registrar"sv, "department"sv,
                                 "bank"sv,     "service"sv,   "regulator"sv};
constexpr std::array kFamilies{"member"sv, "plugin"sv, "policy"sv, "product"sv};
constexpr std::int64_t kMaxVoters = 64;

const Action* find_action(std::string_view op) {
  const auto it = std::find_if(kActions.begin(), kActions.end(),
                               [&](const Action& action) { return action.op == op; });
  return it == kActions.end() ? nullptr : &*it;
}

Json policy_of(const StateReader& state) {
  auto policy = state.get("policy");
  assert(policy);  // written by the founding, never erased
  return policy ? std::move(*policy) : Json();
}

bool contains(const Json& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// Whether the policy gives this member a vote while active.
bool has_vote(const Json& policy, std::string_view account, std::string_view kind) {
  const Json& voters = policy.at("voters");
  return contains(voters.at("kinds"), kind) || contains(voters.at("accounts"), account);
}

bool is_voter(const Json& policy, const Json& member) {
  return is_active(member) && has_vote(policy, text_of(member, "account"), text_of(member, "kind"));
}

std::set<std::string> active_voters(const StateReader& state, const Json& policy) {
  std::set<std::string> out;
  state.scan("member/", "", [&](const std::string&, const Json& member) {
    if (is_voter(policy, member)) out.insert(text_of(member, "account"));
    return true;
  });
  return out;
}

std::int64_t count_in(const Json& accounts, const std::set<std::string>& voters) {
  return std::count_if(accounts.begin(), accounts.end(), [&](const Json& account) {
    return voters.contains(account.get<std::string>());
  });
}

/// A policy that its active voters could no longer meet would end all governance for ever.
Status check_reachable(const StateReader& state) {
  const Json policy = policy_of(state);
  const auto voters = static_cast<std::int64_t>(active_voters(state, policy).size());
  for (const std::string_view family : kFamilies) {
    if (number_of(policy.at("thresholds"), family) > voters) {
      return conflict("policy.unreachable", std::to_string(voters) +
                                                " active voters are fewer than the threshold for " +
                                                std::string(family));
    }
  }
  return {};
}

/// Votes that this action needs. Whoever changes who votes changes every decision after it: an
/// admission, suspension or resumption of a voter is a change of policy.
std::int64_t threshold_of(const Json& policy, const StateReader& after, std::string_view op,
                          const Json& body) {
  const Json& thresholds = policy.at("thresholds");
  const std::string_view family = op.substr(0, op.find('.'));
  const std::int64_t needed = number_of(thresholds, family);
  if (family != "member") return needed;
  const auto member = after.get("member/" + text_of(body, "account"));
  const bool votes =
      member && has_vote(policy, text_of(*member, "account"), text_of(*member, "kind"));
  return votes ? std::max(needed, number_of(thresholds, "policy")) : needed;
}

/// Who has approved and counts now.
std::vector<std::string> approvers_of(const StateReader& state, const Json& proposal) {
  const auto voters = active_voters(state, policy_of(state));
  std::vector<std::string> out;
  for (const Json& account : proposal.at("approvals")) {
    if (voters.contains(account.get<std::string>())) out.push_back(account.get<std::string>());
  }
  return out;
}

/// Tries the proposal's action above `state`; nothing is written there.
Status try_action(const Call& call, const Json& proposal, Overlay& attempt) {
  const Action* action = find_action(text_of(proposal, "op"));
  if (action == nullptr) return internal("rule.failed", "a proposal of an unknown operation");
  // The decision takes effect here, with the proposal's words: in this transaction's name and
  // place.
  Transaction carrier = call.tx;
  carrier.op = text_of(proposal, "op");
  carrier.body = proposal.at("body");
  const auto effect = action->carry_out(
      Call{carrier, call.context, call.signer, attempt, approvers_of(call.state, proposal)});
  if (!effect) return effect.error();
  const Status reachable = check_reachable(attempt);
  return reachable.ok() ? Status() : Status(reachable.error().at("body"));
}

Effect put_proposal(const Call& call, Json proposal, std::string_view state) {
  proposal["state"] = state;
  if (state != "OPEN") proposal["closed_index"] = call.context.index;
  Effect effect = call.effect();
  effect.decision = state;
  const std::string key = "proposal/" + text_of(proposal, "proposal");
  call.state.put(key, std::move(proposal));
  return effect;
}

/// Counts the approvals as they stand at this transaction: those of accounts that are voters and
/// active now. With enough of them `attempt`, which holds the action's writes, becomes the state.
Effect count_approvals(const Call& call, Json proposal, const Json& policy, Overlay&& attempt) {
  const auto voters = active_voters(call.state, policy);
  if (count_in(proposal.at("approvals"), voters) < number_of(proposal, "threshold")) {
    return put_proposal(call, std::move(proposal), "OPEN");
  }
  std::move(attempt).merge_into(call.state);
  return put_proposal(call, std::move(proposal), "CARRIED");
}

/// Ends the proposal when those who have not rejected it are too few to carry it.
Effect count_rejections(const Call& call, Json proposal, const Json& policy) {
  const auto voters = active_voters(call.state, policy);
  const auto left =
      static_cast<std::int64_t>(voters.size()) - count_in(proposal.at("rejections"), voters);
  const bool hopeless = left < number_of(proposal, "threshold");
  return put_proposal(call, std::move(proposal), hopeless ? "REJECTED" : "OPEN");
}

Status check_voter(const Call& call, const Json& policy) {
  if (is_voter(policy, call.signer.document)) return {};
  return forbidden("proposal.not_a_voter", "the policy gives this signer no vote").at("op");
}

Result<Json> open_proposal_of(const Call& call, const Json& policy, const JsonReader& body) {
  QC_ASSIGN(const std::string id, read_digest(body, "proposal"));
  QC_ASSIGN(Json proposal,
            must_get(call.state, "proposal/" + id, "proposal.not_found", "body.proposal"));
  const std::string state = proposal_state_at(proposal, policy, call.now_s());
  if (state != "OPEN") {
    return conflict("proposal.wrong_state", "the proposal is " + state).at("body.proposal");
  }
  return proposal;
}

bool has_voted(const Json& proposal, const std::string& account) {
  return contains(proposal.at("approvals"), account) ||
         contains(proposal.at("rejections"), account);
}

}  // namespace

Json founding_policy() {
  Json thresholds;
  for (const std::string_view family : kFamilies) thresholds[std::string(family)] = 1;
  return {{"version", 1},
          {"voters", {{"kinds", {"operator"}}, {"accounts", Json::array()}}},
          {"thresholds", std::move(thresholds)},
          {"open_days", 30}};
}

Result<Effect> propose(const Call& call) {
  const Json policy = policy_of(call.state);
  QC_TRY(check_voter(call, policy));
  const std::string id = call.tx.id_hex();
  Json proposal = call.created({{"proposal", id},
                                {"op", call.tx.op},
                                {"body", call.tx.body},
                                {"proposer", call.signer.account},
                                {"policy", number_of(policy, "version")},
                                {"expires", call.now_s() + number_of(policy, "open_days") * kDayS},
                                {"state", "OPEN"},
                                {"approvals", {call.signer.account}},
                                {"rejections", Json::array()},
                                {"reason", ""}});
  // Tried at once even when votes are missing: what could not be done is not voted on.
  Overlay attempt(static_cast<const StateReader&>(call.state));
  QC_TRY(try_action(call, proposal, attempt));
  proposal["threshold"] = threshold_of(policy, attempt, call.tx.op, call.tx.body);
  call.state.put(proposal_position_key(call.context.index), id);
  return count_approvals(call, std::move(proposal), policy, std::move(attempt));
}

Result<Effect> proposal_vote(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"proposal", "vote", "reason"}));
  QC_ASSIGN(const std::string vote, read_choice(body, "vote", {"approve", "reject"}));
  QC_TRY(read_prose(body, "reason", 512, 0));
  const Json policy = policy_of(call.state);
  QC_TRY(check_voter(call, policy));
  QC_ASSIGN(Json proposal, open_proposal_of(call, policy, body));
  if (has_voted(proposal, call.signer.account)) {
    return conflict("proposal.already_voted", "one vote a member").at("body.proposal");
  }
  if (vote == "reject") {
    proposal["rejections"].push_back(call.signer.account);
    return count_rejections(call, std::move(proposal), policy);
  }
  proposal["approvals"].push_back(call.signer.account);
  Overlay attempt(static_cast<const StateReader&>(call.state));
  // A decision that can no longer be carried out keeps its votes; the proposer can withdraw it.
  if (const Status tried = try_action(call, proposal, attempt); !tried.ok()) {
    Error error = tried.error();
    error.field = "body.proposal";  // the field it names is the proposal's, not this vote's
    return error;
  }
  return count_approvals(call, std::move(proposal), policy, std::move(attempt));
}

Result<Effect> proposal_withdraw(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"proposal", "reason"}));
  QC_ASSIGN(const std::string reason, read_prose(body, "reason", 512, 0));
  const Json policy = policy_of(call.state);
  QC_ASSIGN(Json proposal, open_proposal_of(call, policy, body));
  if (text_of(proposal, "proposer") != call.signer.account) {
    return forbidden("proposal.not_proposer", "another member's proposal").at("body.proposal");
  }
  proposal["reason"] = reason;
  return put_proposal(call, std::move(proposal), "WITHDRAWN");
}

Result<Effect> policy_set(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"voters", "thresholds", "open_days"}));
  QC_ASSIGN(const Json* named, body.object("voters"));
  const JsonReader voters(*named, body.field("voters"));
  QC_TRY(voters.expect_only({"kinds", "accounts"}));
  QC_ASSIGN(const std::vector<std::string> kinds, voters.texts("kinds", kVoterKinds.size(), 32));
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (std::find(kVoterKinds.begin(), kVoterKinds.end(), kinds[i]) != kVoterKinds.end()) continue;
    return bad_form("a kind of member", voters.field("kinds") + "[" + std::to_string(i) + "]");
  }
  QC_ASSIGN(const std::vector<std::string> accounts, voters.texts("accounts", kMaxVoters, 34));
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    const std::string where = voters.field("accounts") + "[" + std::to_string(i) + "]";
    if (!is_account(accounts[i]) || accounts[i] == "host") {
      return bad_form("a member's account", where);
    }
    QC_TRY(must_get(call.state, "member/" + accounts[i], "member.not_found", where));
  }
  QC_ASSIGN(const Json* needed, body.object("thresholds"));
  const JsonReader thresholds(*needed, body.field("thresholds"));
  QC_TRY(thresholds.expect_only({"member", "plugin", "policy", "product"}));
  QC_ASSIGN(const std::int64_t highest, thresholds.integer("policy", 1, kMaxVoters));
  for (const std::string_view family : kFamilies) {
    QC_ASSIGN(const std::int64_t threshold, thresholds.integer(family, 1, kMaxVoters));
    // Otherwise a change of policy would be the easy way around the higher threshold.
    if (threshold > highest) {
      return invalid("policy.too_weak", "a change of policy needs as many votes as any decision",
                     thresholds.field("policy"));
    }
  }
  QC_ASSIGN(const std::int64_t open_days, body.integer("open_days", 1, 365));
  call.state.put("policy",
                 call.created({{"version", number_of(policy_of(call.state), "version") + 1},
                               {"voters", call.tx.body.at("voters")},
                               {"thresholds", call.tx.body.at("thresholds")},
                               {"open_days", open_days}}));
  return call.effect();
}

}  // namespace rules
}  // namespace qc::chain
