// A product's own paths in the running city: over real HTTP, to a process that holds nobody's data.
#include "tests/e2e/e2e_test.hpp"

namespace qc::tests {
namespace {

class ProductRoutes : public E2e {
 protected:
  void SetUp() override {
    E2e::SetUp();
    (void)first_story();
    auto connected = city().client("qc-bank");
    ASSERT_TRUE(connected.ok()) << connected.error().message;
    bank_ = std::move(*connected);
  }
  static std::string code_of(const Result<Json>& answer) {
    return answer.ok() ? "ok" : answer.error().code;
  }
  std::unique_ptr<client::Client> bank_;
};

TEST_F(ProductRoutes, ABankAsksForTermsAndForAQuote) {
  const auto terms = bank_->get("/v1/products/citizen_loan/terms");
  ASSERT_TRUE(terms.ok()) << terms.error().code << ' ' << terms.error().message;
  EXPECT_EQ(terms->at("standard_rate_bp"), 450);
  const Json& decision = facts(first_story(), 7).at("decision");
  const auto quote =
      bank_->post("/v1/products/citizen_loan/quote", {{"amount_fen", decision.at("amount_fen")},
                                                      {"rate_bp", decision.at("rate_bp")},
                                                      {"term_months", decision.at("term_months")},
                                                      {"repayment", "equal_instalment"}});
  ASSERT_TRUE(quote.ok()) << quote.error().code << ' ' << quote.error().field;
  EXPECT_EQ(quote->at("plan").size(), decision.at("term_months").get<std::size_t>());
}

TEST_F(ProductRoutes, WhatIsRefusedSaysByWhomAndWhy) {
  const auto bad = bank_->post("/v1/products/citizen_loan/quote", {{"amount_fen", 1}});
  EXPECT_EQ(code_of(bad), "json.missing_field");
  EXPECT_EQ(bad.error().side, Side::kClient);
  EXPECT_EQ(code_of(bank_->get("/v1/products/citizen_loan/quote")), "product.no_such_route");
  EXPECT_EQ(code_of(bank_->get("/v1/products/no_loan/terms")), "product.not_found");
  const auto large =
      bank_->post("/v1/products/citizen_loan/quote", {{"x", std::string(70'000, 'x')}});
  EXPECT_EQ(code_of(large), "http.body_too_large");
}

TEST_F(ProductRoutes, WhoAsksTooOftenIsSlowedDown) {
  auto regulator = city().client("jrj");
  ASSERT_TRUE(regulator.ok());
  std::string code;
  for (int i = 0; i < 200 && code != "product.too_many_calls"; ++i) {
    const auto answer = (*regulator)->get("/v1/products/citizen_loan/terms");
    code = code_of(answer);
    if (!answer.ok()) {
      EXPECT_TRUE(answer.error().retryable);
    }
  }
  EXPECT_EQ(code, "product.too_many_calls");
  EXPECT_EQ(code_of(bank_->get("/v1/products/citizen_loan/terms")), "ok");
}

TEST_F(ProductRoutes, TheOperatorSeesWhatIsServed) {
  const Json plugins = city().run_as("operator", {"operator", "plugin", "list"}).at("plugins");
  EXPECT_TRUE(any(plugins, [](const Json& plugin) {
    return plugin.at("plugin") == "citizen_loan" && plugin.at("routes").size() == 2U &&
           plugin.at("isolation") == "process";
  })) << plugins.dump(1);
}

}  // namespace
}  // namespace qc::tests
