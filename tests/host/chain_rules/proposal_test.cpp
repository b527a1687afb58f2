// Proposals and votes: who decides, with how many, and that there is no way around it.
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

Json policy_body(std::vector<std::string> kinds, std::int64_t product, std::int64_t policy) {
  return {{"voters", {{"kinds", std::move(kinds)}, {"accounts", Json::array()}}},
          {"thresholds", {{"member", 1}, {"plugin", 1}, {"product", product}, {"policy", policy}}},
          {"open_days", 7}};
}

/// Three voters: operator "op", regulator "sup", and the registrar "reg" by name. Products and the
/// policy need two, members and plugins one. Product "card" waits for approval.
class Proposals : public ::testing::Test {
 protected:
  Proposals() : world(city()) {
    Json policy = policy_body({"operator", "regulator"}, 2, 2);
    policy["voters"]["accounts"] = {"reg"};
    world.must("op", "policy.set", policy);
    world.must("bank", "product.define", product_body("card", "answer"));
  }

  /// The proposal's name.
  std::string propose(const std::string& signer, const std::string& op, const Json& body,
                      const std::string& expected = "OPEN") {
    const Effect effect = world.must(signer, op, body);
    EXPECT_EQ(effect.decision, expected);
    EXPECT_EQ(effect.actor, signer);
    return world.history.back().id_hex();
  }
  std::string propose_card() {
    return propose("op", "product.approve", {{"product", "card"}, {"version", 1}});
  }
  Result<Effect> vote(const std::string& signer, const std::string& proposal,
                      const std::string& vote = "approve") {
    return world.apply(signer, "proposal.vote",
                       {{"proposal", proposal}, {"vote", vote}, {"reason", ""}});
  }
  void expect_vote(const std::string& signer, const std::string& proposal, const std::string& state,
                   const std::string& how = "approve") {
    const auto result = vote(signer, proposal, how);
    ASSERT_TRUE(result.ok()) << result.error().code;
    EXPECT_EQ(result->decision, state);
    EXPECT_EQ(world.doc("proposal/" + proposal).at("state"), state);
  }
  std::string card() const { return world.doc("product/card").at("status"); }

  World world;
};

TEST(Policy, BeginsWithTheOperatorAlone) {
  World world = founded();
  const Json policy = world.doc("policy");
  EXPECT_EQ(policy.at("version"), 1);
  EXPECT_EQ(policy.at("voters").at("kinds"), Json({"operator"}));
  for (const auto& [family, votes] : policy.at("thresholds").items()) EXPECT_EQ(votes, 1) << family;
  const Effect effect = world.must("op", "member.admit", member_body("reg", "registrar"));
  EXPECT_EQ(effect.decision, "CARRIED");
  const Json proposal = world.doc("proposal/" + world.history.back().id_hex());
  EXPECT_EQ(proposal.at("state"), "CARRIED");
  EXPECT_EQ(proposal.at("approvals"), Json({"op"}));
  expect_refused(world.apply("reg", "member.admit", member_body("new", "bank")),
                 "proposal.not_a_voter", "op");
}

TEST(Policy, IsNeverOutOfReachNorWeakerThanWhatItProtects) {
  World world = city();
  expect_refused(world.apply("op", "policy.set", policy_body({"operator"}, 1, 2)),
                 "policy.unreachable", "body");
  expect_refused(world.apply("op", "policy.set", policy_body({}, 1, 1)), "policy.unreachable");
  expect_refused(world.apply("op", "policy.set", policy_body({"operator", "regulator"}, 2, 1)),
                 "policy.too_weak", "body.thresholds.policy");
  Json body = policy_body({"operator"}, 1, 1);
  body["voters"]["accounts"] = {"none"};
  expect_refused(world.apply("op", "policy.set", body), "member.not_found",
                 "body.voters.accounts[0]");
  body["voters"]["accounts"] = {"host"};
  expect_refused(world.apply("op", "policy.set", body), "json.bad_form");
  body["voters"]["accounts"] = {account_of("jia")};
  expect_refused(world.apply("op", "policy.set", body), "member.not_found");
  expect_refused(world.apply("op", "policy.set", policy_body({"person"}, 1, 1)), "json.bad_form",
                 "body.voters.kinds[0]");
  // The last voter cannot be suspended, by whomever.
  expect_refused(world.apply("op", "member.suspend", {{"account", "op"}, {"reason", "audit"}}),
                 "policy.unreachable", "body");
}

TEST_F(Proposals, TheVoteThatReachesTheThresholdCarriesItOut) {
  const std::string proposal = propose_card();
  EXPECT_EQ(card(), "proposed");
  Json request = request_body(world, "jia");
  request["product"] = "card";
  expect_refused(world.apply("bank", "request.create", request), "product.not_active");
  expect_vote("sup", proposal, "CARRIED");
  EXPECT_EQ(card(), "active");
  const Json doc = world.doc("proposal/" + proposal);
  EXPECT_EQ(doc.at("approvals"), Json({"op", "sup"}));
  EXPECT_EQ(doc.at("threshold"), 2);
  EXPECT_EQ(doc.at("closed_index"), world.index - 1);
  EXPECT_EQ(world.doc("product/card").at("approved_index"), world.index - 1);
  world.must("bank", "request.create", request);
}

TEST_F(Proposals, AVoterVotesOnceAndOthersNotAtAll) {
  const std::string proposal = propose_card();
  expect_refused(vote("op", proposal), "proposal.already_voted", "body.proposal");
  for (const char* stranger : {"bank", "ga", "host", "jia"}) {
    expect_refused(vote(stranger, proposal), "proposal.not_a_voter", "op");
  }
  expect_refused(vote("sup", digest("none")), "proposal.not_found", "body.proposal");
  expect_vote("sup", proposal, "OPEN", "reject");
  expect_refused(vote("sup", proposal), "proposal.already_voted");
  expect_vote("reg", proposal, "CARRIED");
  expect_refused(vote("reg", proposal), "proposal.wrong_state", "body.proposal");
}

TEST_F(Proposals, RejectionEndsItWhenTooFewAreLeft) {
  const std::string proposal = propose_card();
  expect_vote("sup", proposal, "OPEN", "reject");
  expect_vote("reg", proposal, "REJECTED", "reject");
  EXPECT_EQ(card(), "proposed");
  propose_card();  // another attempt is another proposal
}

TEST_F(Proposals, LapseWithTime) {
  const std::string proposal = propose_card();
  const std::int64_t expires = world.doc("proposal/" + proposal).at("expires");
  EXPECT_EQ(expires, world.now_s + 7 * kDay);
  world.now_s = expires - 1;
  expect_vote("sup", proposal, "OPEN", "reject");
  world.now_s = expires;
  expect_refused(vote("reg", proposal), "proposal.wrong_state", "body.proposal");
  const Json policy = world.doc("policy");
  EXPECT_EQ(proposal_state_at(world.doc("proposal/" + proposal), policy, expires), "LAPSED");
  EXPECT_EQ(proposal_state_at(world.doc("proposal/" + proposal), policy, expires - 1), "OPEN");
}

TEST_F(Proposals, ItsProposerAloneWithdrawsIt) {
  const std::string proposal = propose_card();
  const Json body{{"proposal", proposal}, {"reason", "a mistake"}};
  expect_refused(world.apply("sup", "proposal.withdraw", body), "proposal.not_proposer",
                 "body.proposal");
  EXPECT_EQ(world.must("op", "proposal.withdraw", body).decision, "WITHDRAWN");
  expect_refused(world.apply("op", "proposal.withdraw", body), "proposal.wrong_state");
  expect_refused(vote("sup", proposal), "proposal.wrong_state");
  EXPECT_EQ(card(), "proposed");
}

TEST_F(Proposals, TheSuspendedNeitherVoteNorCount) {
  const std::string suspension =
      propose("sup", "member.suspend", {{"account", "op"}, {"reason", "audit"}});
  const std::string approval = propose_card();  // op's vote, given while active
  expect_vote("reg", suspension, "CARRIED");
  expect_refused(vote("op", approval), "member.suspended");
  expect_vote("sup", approval, "OPEN");  // two approvals, one of them of nobody who may vote now
  EXPECT_EQ(card(), "proposed");
  expect_vote("reg", approval, "CARRIED");
  EXPECT_EQ(card(), "active");
}

TEST_F(Proposals, AChangeOfPolicyEndsWhatIsOpen) {
  const std::string approval = propose_card();
  const std::string change =
      propose("op", "policy.set", policy_body({"operator", "regulator"}, 1, 2));
  expect_vote("sup", change, "CARRIED");
  EXPECT_EQ(world.doc("policy").at("version"), 3);
  EXPECT_EQ(proposal_state_at(world.doc("proposal/" + approval), world.doc("policy"), world.now_s),
            "VOID");
  expect_refused(vote("sup", approval), "proposal.wrong_state", "body.proposal");
  expect_refused(vote("reg", approval), "proposal.not_a_voter");  // no longer named
  propose("sup", "product.approve", {{"product", "card"}, {"version", 1}}, "CARRIED");
}

// One operator could otherwise admit a second one and approve anything with two keys of his own.
TEST_F(Proposals, WhoVotesIsChangedAsThePolicyIs) {
  propose("op", "member.admit", member_body("plain", "bank"), "CARRIED");
  const std::string second = propose("op", "member.admit", member_body("optwo", "operator"));
  EXPECT_FALSE(world.state.get("member/optwo"));
  propose("op", "member.suspend", {{"account", "sup"}, {"reason", "in the way"}});
  propose("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}}, "CARRIED");
  expect_vote("reg", second, "CARRIED");
  EXPECT_EQ(world.doc("member/optwo").at("status"), "active");
  EXPECT_EQ(world.doc("member/optwo").at("index"), world.index - 1);
}

TEST_F(Proposals, WhatCannotBeDoneIsNotProposedAndNotCarried) {
  expect_refused(world.apply("op", "product.approve", {{"product", "none"}, {"version", 1}}),
                 "product.not_found", "body.product");
  const std::string first = propose_card();
  const std::string again =
      propose("reg", "product.approve", {{"product", "card"}, {"version", 1}});
  expect_vote("sup", first, "CARRIED");
  const auto late = vote("sup", again);
  expect_refused(late, "product.not_proposed", "body.proposal");
  EXPECT_EQ(world.doc("proposal/" + again).at("approvals"), Json({"reg"}));
  EXPECT_EQ(world.must("reg", "proposal.withdraw", {{"proposal", again}, {"reason", ""}}).decision,
            "WITHDRAWN");
}

TEST_F(Proposals, AreListedInTheOrderOfTheLedger) {
  const std::string first = propose_card();
  const std::string second = propose("op", "member.admit", member_body("optwo", "operator"));
  std::vector<std::string> listed;
  world.state.scan("proposal_at/", proposal_position_key(world.index - 2),
                   [&](const std::string&, const Json& id) {
                     listed.push_back(id);
                     return true;
                   });
  EXPECT_EQ(listed, (std::vector<std::string>{first, second}));
}

}  // namespace
}  // namespace qc::chain::test
