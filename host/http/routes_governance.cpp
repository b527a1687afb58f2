#include <algorithm>

#include "host/chain/rules.hpp"
#include "host/http/route.hpp"

namespace qc::http {
namespace {

constexpr std::size_t kMaxMandates = 1000;
constexpr std::size_t kMaxProposals = 200;  // one page; each is bounded by a transaction's size

/// As the rules see it now: LAPSED and VOID are not written.
Json proposal_entry(Json proposal, const Json& policy, std::int64_t now_s) {
  proposal["state"] = chain::proposal_state_at(proposal, policy, now_s);
  return proposal;
}

Result<Answer> get_policy(const Call& call) {
  std::optional<Json> policy;
  call.services.ledger.read([&](const chain::StateReader& state) { policy = state.get("policy"); });
  if (!policy) return not_found("ledger.empty", "no network was founded yet");
  return Answer{200, std::move(*policy)};
}

Result<Answer> list_proposals(const Call& call) {
  QC_ASSIGN(const std::uint64_t after, call.query_number("after", 0));
  QC_ASSIGN(const std::uint64_t limit, call.query_number("limit", kMaxProposals));
  if (limit < 1 || limit > kMaxProposals) {
    return invalid("http.bad_query", "expected 1 to 200", "limit");
  }
  Json list = Json::array();
  const std::int64_t now_s = call.services.ledger.now_ms() / 1000;
  call.services.ledger.read([&](const chain::StateReader& state) {
    const auto policy = state.get("policy");
    if (!policy) return;
    const std::string start =
        chain::proposal_position_key(std::min<std::uint64_t>(after, INT64_MAX) + 1);
    state.scan("proposal_at/", start, [&](const std::string&, const Json& id) {
      auto proposal = state.get("proposal/" + id.get<std::string>());
      if (proposal) list.push_back(proposal_entry(std::move(*proposal), *policy, now_s));
      return list.size() < limit;
    });
  });
  return Answer{200, {{"proposals", std::move(list)}}};
}

/// With the signed bytes: who votes can see that they are what the proposal's name is the hash of.
Result<Answer> get_proposal(const Call& call) {
  auto id = hash_from_hex(call.param("id"));
  if (!id.ok()) return id.error().at("id");
  std::optional<Json> proposal, policy;
  call.services.ledger.read([&](const chain::StateReader& state) {
    proposal = state.get("proposal/" + to_hex(*id));
    policy = state.get("policy");
  });
  if (!proposal || !policy) return not_found("proposal.not_found", "no such proposal").at("id");
  QC_ASSIGN(chain::StoredTx stored, call.services.ledger.transaction(*id));
  Json entry = proposal_entry(std::move(*proposal), *policy, call.services.ledger.now_ms() / 1000);
  entry["transaction"] = std::move(stored.bytes);
  return Answer{200, std::move(entry)};
}

void add_mandates_of(const chain::StateReader& state, const std::string& account,
                     std::int64_t now_s, Json& list) {
  const std::string prefix = "of/" + account + "/mandate/";
  state.scan(prefix, "", [&](const std::string& key, const Json&) {
    auto mandate = state.get("mandate/" + key.substr(prefix.size()));
    if (mandate && list.size() < kMaxMandates) {
      (*mandate)["state"] = chain::mandate_state_at(*mandate, now_s);
      list.push_back(std::move(*mandate));
    }
    return list.size() < kMaxMandates;
  });
}

/// What the caller may act as, and who may act for it and for the enterprises that it represents.
Result<Answer> list_mandates(const Call& call) {
  const std::string& caller = call.caller.account;
  const std::string prefix = "of/" + caller + "/enterprise/";
  const std::int64_t now_s = call.services.ledger.now_ms() / 1000;
  Json represents = Json::array();
  Json list = Json::array();
  call.services.ledger.read([&](const chain::StateReader& state) {
    add_mandates_of(state, caller, now_s, list);
    state.scan(prefix, "", [&](const std::string& key, const Json&) {
      const std::string enterprise = key.substr(prefix.size());
      const auto subject = state.get("subject/" + enterprise);
      // Listed for good; who is named now is the enterprise's own document's to say.
      if (!subject || subject->value("legal_rep", "") != caller) return true;
      represents.push_back(enterprise);
      add_mandates_of(state, enterprise, now_s, list);
      return true;
    });
  });
  return Answer{200, {{"mandates", std::move(list)}, {"represents", std::move(represents)}}};
}

}  // namespace

std::vector<Route> governance_routes() {
  std::vector<Route> out;
  out.push_back({"GET",
                 "/v1/mandates",
                 {Need::kCaller},
                 BodyKind::kNone,
                 list_mandates,
                 {"listMandates", "accounts", "我可以代谁办理、谁可以代我办理",
                  "For whom the caller may act, and who may act for the caller", "", "Mandates"}});
  out.push_back({"GET",
                 "/v1/policy",
                 {},
                 BodyKind::kNone,
                 get_policy,
                 {"getPolicy",
                  "governance",
                  "治理规则:谁表决、需几票",
                  "Who votes, and how many votes a decision needs",
                  "",
                  "Policy",
                  200,
                  {},
                  {"ledger.empty"}}});
  out.push_back({"GET",
                 "/v1/proposals",
                 {},
                 BodyKind::kNone,
                 list_proposals,
                 {"listProposals",
                  "governance",
                  "提案与表决",
                  "Proposals and their votes, oldest first",
                  "",
                  "Proposals",
                  200,
                  {{"after", "只返回其后的提案", "Only proposals with a greater index", false},
                   {"limit", "最多条数,1 至 200", "At most so many, 1 to 200", false}},
                  {"http.bad_query"}}});
  out.push_back({"GET",
                 "/v1/proposals/{id}",
                 {},
                 BodyKind::kNone,
                 get_proposal,
                 {"getProposal",
                  "governance",
                  "一项提案,含签名原文",
                  "One proposal, with its signed bytes",
                  "",
                  "Proposal",
                  200,
                  {},
                  {"proposal.not_found"}}});
  return out;
}

}  // namespace qc::http
