// Policy, proposals and replaced keys as the API shows them.
#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/key_proof.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

class GovernanceApi : public testing::Test {
 protected:
  Json get(const std::string& target, int status = 200) {
    const auto reply = ask(host.port(), "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(reply.status, status) << target << " " << reply.body;
    return reply.json();
  }
  /// Proposes to suspend the member; the name of the proposal.
  std::string propose_suspension(const std::string& account) {
    return host
        .submit(host.operator_key, "member.suspend", {{"account", account}, {"reason", "audit"}})
        .receipt.tx;
  }
  void need_two_votes() {
    host.submit(host.operator_key, "policy.set",
                {{"voters", {{"kinds", {"operator", "regulator"}}, {"accounts", Json::array()}}},
                 {"thresholds", {{"member", 2}, {"plugin", 2}, {"policy", 2}, {"product", 2}}},
                 {"open_days", 7}});
  }
  TestHost host;
};

TEST_F(GovernanceApi, ThePolicyIsForEveryoneToSee) {
  const Json policy = get("/v1/policy");
  EXPECT_EQ(policy.at("version"), 1);
  EXPECT_EQ(policy.at("voters").at("kinds"), Json({"operator"}));
  need_two_votes();
  EXPECT_EQ(get("/v1/policy").at("thresholds").at("product"), 2);
}

TEST_F(GovernanceApi, AProposalIsShownWithItsVotesAndItsBytes) {
  need_two_votes();
  const std::string proposal = propose_suspension("bank");
  Json shown = get("/v1/proposals/" + proposal);
  EXPECT_EQ(shown.at("state"), "OPEN");
  EXPECT_EQ(shown.at("op"), "member.suspend");
  EXPECT_EQ(shown.at("threshold"), 2);
  EXPECT_EQ(to_hex(crypto::sm3(shown.at("transaction").get<std::string>())), proposal);
  const chain::Applied voted =
      host.submit(host.regulator_key, "proposal.vote",
                  {{"proposal", proposal}, {"vote", "approve"}, {"reason", ""}});
  EXPECT_EQ(voted.decision, "CARRIED");
  shown = get("/v1/proposals/" + proposal);
  EXPECT_EQ(shown.at("state"), "CARRIED");
  EXPECT_EQ(shown.at("approvals").size(), 2U);
  EXPECT_EQ(get("/v1/proposals/" + std::string(64, '0'), 404).at("code"), "proposal.not_found");
  EXPECT_EQ(get("/v1/proposals/x", 400).at("code"), "hex.invalid");
}

TEST_F(GovernanceApi, ProposalsArePagedInTheOrderOfTheLedger) {
  need_two_votes();
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.push_back(propose_suspension("bank"));
  const Json all = get("/v1/proposals").at("proposals");
  std::vector<std::string> seen;
  std::uint64_t after = 0;
  for (;;) {
    const Json page = get("/v1/proposals?limit=2&after=" + std::to_string(after)).at("proposals");
    if (page.empty()) break;
    ASSERT_LE(page.size(), 2U);
    for (const Json& one : page) {
      after = one.at("index");
      seen.push_back(one.at("proposal"));
    }
  }
  ASSERT_EQ(seen.size(), all.size());
  EXPECT_TRUE(std::equal(made.rbegin(), made.rend(), seen.rbegin()));
  EXPECT_EQ(get("/v1/proposals?limit=0", 400).at("code"), "http.bad_query");
  EXPECT_EQ(get("/v1/proposals?limit=201", 400).at("code"), "http.bad_query");
  EXPECT_TRUE(get("/v1/proposals?after=18446744073709551615").at("proposals").empty());
}

TEST_F(GovernanceApi, AReplacedKeyIsRefusedByName) {
  const auto key = crypto::PrivateKey::generate();
  host.submit(
      host.bank_key, "key.rotate",
      {{"jwk", key.public_key().to_jwk()},
       {"proof", proof::make_key_proof(key, {std::string(kChain), "bank", host.bank_key.kid()})}});
  const auto old =
      ask(host.port(), signed_request(host.bank_key, host.port(), "GET", "/v1/accounts/bank"));
  EXPECT_EQ(old.status, 401);
  EXPECT_EQ(old.json().at("code"), "key.retired");
  const auto now = ask(host.port(), signed_request(key, host.port(), "GET", "/v1/accounts/bank"));
  EXPECT_EQ(now.status, 200) << now.body;
  EXPECT_EQ(now.json().at("jwk"), key.public_key().to_jwk());
  EXPECT_EQ(now.json().at("retired_keys"), Json::array({host.bank_key.public_key().to_jwk()}));
}

}  // namespace
}  // namespace qc::test
