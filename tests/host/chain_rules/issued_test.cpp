// Under a standing grant nothing leaves that its department did not issue for this very access.
#include "sdk/proof/fresh_issue.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

class Issued : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { at_ = opened(GetParam()); }
  Json body(const std::string& outcome = "delivered") const {
    return release_body(at_.world, at_.open, outcome);
  }
  Result<Effect> release(const Json& body) {
    return at_.world.apply("host", "access.release", body);
  }
  /// The first statement signed otherwise.
  Result<Effect> with(const std::function<void(proof::IssueStatement&)>& bend,
                      const std::string& signer = "ga") {
    Json changed = body();
    auto said = *proof::peek_issue_statement(changed["issued"][0].get<std::string>());
    bend(said);
    changed["issued"][0] = proof::sign_issue_statement(said, key_of(signer));
    return release(changed);
  }
  static void nothing(proof::IssueStatement&) {}
  Opened at_;
};

TEST_P(Issued, EachItemByItsDepartment) {
  ASSERT_EQ(body().at("issued").size(), 2U);
  expect_refused(with(nothing, "rs"), "access.wrong_issue", "body.issued[0]");
  expect_refused(with(nothing, "bank"), "access.wrong_issue", "body.issued[0]");
  expect_refused(with(nothing, "host"), "access.wrong_issue", "body.issued[0]");
  at_.world.must("host", "access.release", body());
}

TEST_P(Issued, ForThisAccessAndNoOther) {
  const auto refused = [&](const std::function<void(proof::IssueStatement&)>& bend) {
    expect_refused(with(bend), "access.wrong_issue", "body.issued[0]");
  };
  refused([](auto& said) { said.access = id(1); });
  refused([](auto& said) { said.grant = id(1); });
  refused([](auto& said) { said.chain = "other-net"; });
  refused([](auto& said) { said.item = "ga.other"; });
  refused([](auto& said) { said.version = 2; });
  refused([](auto& said) { said.commitment = "x"; });
  refused([](auto& said) { said.commitment = std::string(64, 'A'); });
  // What was issued for an earlier access does not serve a later one.
  const Json before = body();
  at_.world.must("host", "access.release", before);
  at_.open = open_body(at_.world, at_.grant);
  at_.world.must("bank", "access.open", at_.open);
  Json replayed = body();
  replayed["issued"] = before.at("issued");
  expect_refused(release(replayed), "access.wrong_issue", "body.issued[0]");
}

TEST_P(Issued, ExactlyWhatIsGiven) {
  Json changed = body();
  changed.erase("issued");
  expect_refused(release(changed), "json.missing_field", "body.issued");
  changed = body();
  changed["issued"].erase(1);
  expect_refused(release(changed), "access.not_issued", "body.issued");
  changed = body();
  changed["issued"].push_back(changed["issued"][0]);
  expect_refused(release(changed), "json.duplicate_value", "body.issued[2]");
  // Signed anew, the same item is still issued twice.
  changed["issued"][2] = issue_statement(at_.world, at_.open, "ga.hukou");
  expect_refused(release(changed), "access.wrong_issue", "body.issued[2]");
  changed = body("partial");
  changed["issued"].push_back(issue_statement(at_.world, at_.open, "ga.hukou"));
  expect_refused(release(changed), "access.wrong_issue", "body.issued[1]");
  changed = body("partial");
  changed["withheld"].erase(1);
  expect_refused(release(changed), "access.withheld_mismatch", "body.withheld");
  changed = body("failed");
  changed["issued"] = Json::array();
  expect_refused(release(changed), "json.bad_form");
  EXPECT_TRUE(release(body("partial")).ok());
}

TEST_P(Issued, NotOfWhatWasErasedNorByWhoIsSuspended) {
  Opened before = at_;
  at_.world.must("jia", "asset.erase",
                 {{"asset", at_.grant.at("scope")[0].at("asset")}, {"reason", ""}});
  expect_refused(release(body()), "asset.erased", "body.issued[0]");
  EXPECT_TRUE(release(body("partial")).ok());
  at_ = std::move(before);
  at_.world.must("op", "member.suspend", {{"account", "ga"}, {"reason", "audit"}});
  expect_refused(release(body()), "member.suspended", "body.issued[0]");
}

INSTANTIATE_TEST_SUITE_P(Releases, Issued, ::testing::Values("answer", "fields"));

TEST(IssuedAfresh, NothingUnderAGrantForOnce) {
  Granted at{city(), {}, {}};
  at.request = request_body(at.world, "jia", "fields");
  at.request["mode"] = "once";
  at.request["max_uses"] = 1;
  at.world.must("bank", "request.create", at.request);
  at.world.must("jia", "request.open",
                {{"request", at.request.at("request")}, {"notice_sm3", digest("notice")}});
  at.grant = grant_body(at.world, "jia", at.request);
  Json bare = at.grant;
  bare["scope"][0]["presentation_sm3"] = "";
  expect_refused(at.world.apply("jia", "grant.create", bare), "json.bad_form",
                 "body.scope[0].presentation_sm3");
  at.world.must("jia", "grant.create", at.grant);
  const Json open = open_body(at.world, at.grant);
  at.world.must("bank", "access.open", open);
  Json body = release_body(at.world, open, "delivered");
  ASSERT_FALSE(body.contains("issued"));
  body["issued"] = Json::array({issue_statement(at.world, open, "ga.hukou")});
  expect_refused(at.world.apply("host", "access.release", body), "access.wrong_issue",
                 "body.issued");
  body.erase("issued");
  at.world.must("host", "access.release", body);
}

TEST(IssuedAfresh, AStandingGrantHoldsNoPresentation) {
  Granted at{city(), {}, {}};
  at.request = request_body(at.world, "jia", "fields");
  at.world.must("bank", "request.create", at.request);
  at.world.must("jia", "request.open",
                {{"request", at.request.at("request")}, {"notice_sm3", digest("notice")}});
  at.grant = grant_body(at.world, "jia", at.request);
  at.grant["scope"][1]["presentation_sm3"] = digest("presentation");
  expect_refused(at.world.apply("jia", "grant.create", at.grant), "json.bad_form",
                 "body.scope[1].presentation_sm3");
}

}  // namespace
}  // namespace qc::chain::test
