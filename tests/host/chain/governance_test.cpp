// Governance on a real ledger: signed votes, and what a restart keeps of them.
#include <gtest/gtest.h>

#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

Json vote_body(const std::string& proposal, const std::string& vote) {
  return {{"proposal", proposal}, {"vote", vote}, {"reason", ""}};
}

std::string status_of(const Ledger& ledger, const std::string& key, const char* member) {
  std::string out;
  ledger.read([&](const StateReader& state) {
    if (const auto document = state.get(key)) out = document->value(member, "");
  });
  return out;
}

TEST(Governance, TwoOfThreeSignedVotesApproveAProduct) {
  const TempDir dir;
  const LedgerOptions options = options_in(dir.path());
  std::string proposal;
  {
    const auto ledger = must_open(options);
    submit_all(*ledger, signed_history(city()));
    const Json policy = {
        {"voters",
         {{"kinds", {"operator", "registrar", "regulator"}}, {"accounts", Json::array()}}},
        {"thresholds", {{"member", 2}, {"plugin", 2}, {"policy", 2}, {"product", 2}}},
        {"open_days", 7}};
    submit_all(*ledger, {sign("op", "policy.set", policy),
                         sign("bank", "product.define", product_body("card", "answer"))});
    const auto opened =
        ledger->submit(sign("op", "product.approve", {{"product", "card"}, {"version", 1}}));
    ASSERT_TRUE(opened.ok()) << opened.error().code;
    EXPECT_EQ(opened->decision, "OPEN");
    proposal = opened->receipt.tx;
    // A voter's word counts with the voter's key alone, and once.
    EXPECT_EQ(
        ledger->submit(sign("bank", "proposal.vote", vote_body(proposal, "approve"))).error().code,
        "proposal.not_a_voter");
    EXPECT_EQ(
        ledger->submit(sign("op", "proposal.vote", vote_body(proposal, "approve"))).error().code,
        "proposal.already_voted");
    const auto against =
        ledger->submit(sign("sup", "proposal.vote", vote_body(proposal, "reject")));
    ASSERT_TRUE(against.ok());
    EXPECT_EQ(against->decision, "OPEN");
    EXPECT_EQ(status_of(*ledger, "product/card", "status"), "proposed");
  }
  const auto ledger = must_open(options);  // votes outlive the process
  const auto carried = ledger->submit(sign("reg", "proposal.vote", vote_body(proposal, "approve")));
  ASSERT_TRUE(carried.ok()) << carried.error().code;
  EXPECT_EQ(carried->decision, "CARRIED");
  EXPECT_EQ(status_of(*ledger, "product/card", "status"), "active");
  EXPECT_EQ(status_of(*ledger, "proposal/" + proposal, "state"), "CARRIED");
}

}  // namespace
}  // namespace qc::chain::test
