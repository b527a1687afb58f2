// A grant that waits for a second signature, in the tables. On both backends.
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/host/centre/support.hpp"
#include "tests/host/chain_rules/enterprise_city.hpp"

namespace qc::centre::test {
namespace {

using chain::test::account_of;

/// An enterprise whose handler bing may grant what its administrator yi signs as well.
class CosignTest : public ViewTest, protected chain::test::EnterpriseCity {
 protected:
  void SetUp() override {
    ViewTest::SetUp();
    administrator_ = give("jia", mandate("yi", "administrator"));
    Json both = mandate("bing", "handler");
    both["cosign"] = true;
    handler_ = give("jia", both);
    grant_ = grant("bing", "handler", handler_);
    world.must("bing", "grant.create", grant_);
    open_centre();
  }
  /// The ledger and the view of it come level with the world.
  void follow() {
    const std::vector<std::string> history = chain::test::signed_history(world);
    chain::test::submit_all(*ledger_, {history.begin() + told_, history.end()});
    if (told_ != static_cast<std::ptrdiff_t>(history.size())) last_ = history.back();
    told_ = static_cast<std::ptrdiff_t>(history.size());
    level();
  }
  std::string id() const { return grant_.at("grant"); }
  std::vector<std::string> row(const std::string& columns, const std::string& table,
                               unsigned width) {
    const auto found =
        rows("SELECT " + columns + " FROM " + table + " WHERE grant_id = '" + id() + "'", width);
    EXPECT_EQ(found.size(), 1U);
    return found.size() == 1 ? found.front() : std::vector<std::string>(width);
  }
  std::string state() {
    follow();
    const std::string in_view = row("state", "grants", 1).front();
    EXPECT_EQ(in_view, world.doc("grant/" + id()).at("state"));
    return in_view;
  }

  std::string administrator_;
  std::string handler_;
  Json grant_;
  std::ptrdiff_t told_ = 0;
  std::string last_;  ///< transaction that the ledger was told
};

INSTANTIATE_TEST_SUITE_P(Both, CosignTest, ::testing::Values(Dialect::kSqlite, Dialect::kMysql),
                         [](const auto& parameter) {
                           return std::string(database::name_of(parameter.param));
                         });

TEST_P(CosignTest, ItIsPendingUntilTheSecondSigns) {
  EXPECT_EQ(state(), "PENDING_COSIGN");
  EXPECT_EQ(row("actor, role, mandate", "grant_actors", 3),
            (std::vector<std::string>{account_of("bing"), "handler", handler_}));
  EXPECT_EQ(row("op, outcome, subject", "flows", 3),
            (std::vector<std::string>{"grant.create", "granted", acme}));
  world.must("yi", "grant.cosign", {{"grant", id()}, {"tx", world.doc("grant/" + id()).at("tx")}});
  // The world's transactions are unsigned; what is signed has another id.
  const std::string granted = to_hex(crypto::sm3(last_));
  chain::test::submit_all(
      *ledger_, {chain::test::sign("yi", "grant.cosign", {{"grant", id()}, {"tx", granted}})});
  ++told_;
  EXPECT_EQ(state(), "ACTIVE");
  const std::string position = std::to_string(ledger_->size() - 1);
  EXPECT_EQ(row("state_position", "grants", 1).front(), position);
  EXPECT_EQ(rows("SELECT op, outcome FROM flows WHERE position = " + position, 2),
            (std::vector<std::vector<std::string>>{{"grant.cosign", "cosigned"}}));
}

TEST_P(CosignTest, UnderAnotherMandateItIsActiveAtOnce) {
  grant_ = grant("yi", "administrator", administrator_);
  world.must("yi", "grant.create", grant_);
  EXPECT_EQ(state(), "ACTIVE");
}

TEST_P(CosignTest, OfAMinorItWaitsForTheOtherGuardian) {
  using namespace chain::test;  // NOLINT: the world's words
  world = city();               // nobody's enterprise in it
  const std::int64_t until = world.now_s + 365 * kDay;
  Json appointed = {{"mandate", world.fresh_id()},
                    {"guardian", account_of("yi")},
                    {"ward", account_of("jia")},
                    {"until", until},
                    {"required", 2}};
  const Json evidence = {{"v", 1},
                         {"chain", kChain},
                         {"guardian", account_of("yi")},
                         {"ward", account_of("jia")},
                         {"until", until},
                         {"method", "hukou"},
                         {"iat", world.now_s}};
  appointed["evidence"] =
      crypto::jws_sign(key_of("ga"), evidence.dump(), "qc-guardianship-evidence+jws");
  world.must("reg", "guardian.appoint", appointed);
  const Json request = request_body(world, "jia");
  world.must("bank", "request.create", request);
  world.must("yi", "request.open",
             {{"request", request.at("request")}, {"notice_sm3", digest("notice")}});
  grant_ = grant_body(world, "jia", request);
  grant_["actor"] = {
      {"role", "guardian"}, {"account", account_of("yi")}, {"mandate", appointed.at("mandate")}};
  grant_["separate"]["minor"] = true;
  world.must("yi", "grant.create", grant_);
  EXPECT_EQ(state(), "PENDING_COSIGN");
}

TEST_P(CosignTest, PendingItFallsWithTheMandate) {
  world.must("jia", "mandate.end", {{"mandate", handler_}, {"reason", "left"}});
  EXPECT_EQ(state(), "REVOKED");
}

TEST_P(CosignTest, PendingItFallsWithTheSignersKey) {
  world.must("reg", "subject.rebind", chain::test::rebind_body(world, "bing", "bing2"));
  EXPECT_EQ(state(), "REVOKED");
}

TEST_P(CosignTest, PendingItCanBeTakenBack) {
  world.must("jia", "grant.revoke", {{"grant", id()}, {"reason", "changed our mind"}});
  EXPECT_EQ(state(), "REVOKED");
}

}  // namespace
}  // namespace qc::centre::test
