#include <set>

#include <gtest/gtest.h>

#include "tests/plugins/bench.hpp"

namespace qc::bench {
namespace {

class ProductTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { bench_ = std::make_unique<Bench>(150); }
  static void TearDownTestSuite() { bench_.reset(); }
  static Bench& bench() { return *bench_; }

  static Result<Json> decide(const Json& message) {
    QC_ASSIGN(const auto answer, bench().manager().call("citizen_loan", "decide", message, 5000));
    return bench().open_decision(answer.message);
  }
  static Result<Json> decide_for(std::size_t person) {
    QC_ASSIGN(const Wallet wallet, bench().open_account(person));
    QC_ASSIGN(const Json message, bench().full_message(wallet));
    return decide(message);
  }
  static bool has_reason(const Json& decision, const std::string& code) {
    for (const Json& reason : decision.at("reasons")) {
      if (reason.at("code") == code) return true;
    }
    return false;
  }
  static std::string refusal(const Json& message) {
    const auto answer = bench().manager().call("citizen_loan", "decide", message, 5000);
    return answer.ok() ? "accepted" : answer.error().code;
  }

 private:
  static std::unique_ptr<Bench> bench_;
};
std::unique_ptr<Bench> ProductTest::bench_;

TEST_F(ProductTest, GoodStandingIsApprovedWithReasonsInBothLanguages) {
  const auto decision = decide_for(0);
  ASSERT_TRUE(decision.ok()) << decision.error().code << ' ' << decision.error().field << ' '
                             << decision.error().message;
  EXPECT_EQ(decision->at("outcome"), "approved");
  EXPECT_EQ(decision->at("product"), "citizen_loan");
  EXPECT_EQ(decision->at("model"), "1.0.0");
  EXPECT_GE(decision->at("amount_fen"), 5'000 * 100);
  EXPECT_LE(decision->at("amount_fen"), 300'000 * 100);
  EXPECT_EQ(decision->at("amount_fen").get<std::int64_t>() % (1'000 * 100), 0);
  EXPECT_GT(decision->at("rate_bp"), 300);
  EXPECT_LT(decision->at("rate_bp"), 450);
  EXPECT_EQ(decision->at("relied_on").size(), 5U);
  for (const Json& reason : decision->at("reasons")) {
    EXPECT_FALSE(reason.at("zh").get<std::string>().empty());
    EXPECT_FALSE(reason.at("en").get<std::string>().empty());
  }
}

TEST_F(ProductTest, WithoutALoanToShowTheAmountIsCapped) {
  const auto decision = decide_for(1);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->at("outcome"), "approved");
  EXPECT_LE(decision->at("amount_fen"), 200'000 * 100);
  EXPECT_TRUE(has_reason(*decision, "loan.not_shown"));
}

TEST_F(ProductTest, EachDemonstrationCaseHasItsReason) {
  struct Case {
    std::size_t person;
    const char* outcome;
    const char* reason;
  };
  for (const Case& one :
       {Case{3, "declined", "loan.overdue"}, Case{4, "declined", "insurance.too_short"},
        Case{5, "review", "insurance.unpaid"}}) {
    const auto decision = decide_for(one.person);
    ASSERT_TRUE(decision.ok()) << one.person << decision.error().code << decision.error().field;
    EXPECT_EQ(decision->at("outcome"), one.outcome) << one.person;
    EXPECT_TRUE(has_reason(*decision, one.reason)) << decision->dump();
    EXPECT_EQ(decision->at("amount_fen"), 0);
  }
}

TEST_F(ProductTest, TheWholePopulationIsDecidedAndOutcomesVary) {
  std::map<std::string, int> outcomes;
  std::set<std::int64_t> amounts;
  for (std::size_t i = 0; i < bench().people().size(); ++i) {
    const auto decision = decide_for(i);
    if (!decision.ok()) {
      ++outcomes[decision.error().code];
      continue;
    }
    ++outcomes[decision->at("outcome")];
    amounts.insert(decision->at("amount_fen").get<std::int64_t>());
    ASSERT_FALSE(decision->at("reasons").empty());
  }
  EXPECT_GT(outcomes["approved"], 20);
  EXPECT_GT(outcomes["declined"], 5);
  EXPECT_GE(outcomes["review"], 1);
  EXPECT_GT(outcomes["record.none"], 10);         // no account or no insurance
  EXPECT_GT(outcomes["identity.not_proved"], 2);  // expired cards, people who moved away
  EXPECT_EQ(outcomes.size(), 5U);
  EXPECT_GT(amounts.size(), 15U);
}

Result<Json> ask(plugin::Manager& manager, const char* method, const char* path,
                 const Json& body = Json::object()) {
  const Json message = {
      {"now", 1'790'000'000},    {"caller", {{"kind", "bank"}, {"account", "qc-bank"}}},
      {"method", method},        {"path", path},
      {"query", Json::object()}, {"body", body}};
  QC_ASSIGN(const auto answer, manager.call("citizen_loan", plugin::kRouteMethod, message, 5000));
  return answer.message.at("body");
}

TEST_F(ProductTest, ItsTermsAreWhatItDecidesBy) {
  const auto terms = ask(bench().manager(), "GET", "terms");
  ASSERT_TRUE(terms.ok()) << terms.error().message;
  const auto decision = decide_for(0);
  ASSERT_TRUE(decision.ok());
  EXPECT_GE(decision->at("amount_fen"), terms->at("min_amount_fen"));
  EXPECT_LE(decision->at("amount_fen"), terms->at("max_amount_fen"));
  std::set<Json> lengths;
  for (const Json& row : terms->at("tenure")) lengths.insert(row.at("term_months"));
  EXPECT_TRUE(lengths.contains(decision->at("term_months")));
  EXPECT_EQ(terms->at("standard_rate_bp"), 450);
}

TEST_F(ProductTest, APlanOfRepaymentPaysBackExactlyWhatWasLent) {
  struct Case {
    const char* repayment;
    std::int64_t first_fen;  ///< of 120,000 yuan at 3.6 % in 12 months, by hand
    std::int64_t interest_fen;
  };
  for (const Case& one : {Case{"equal_instalment", 1'019'607, 235'285},
                          Case{"equal_principal", 1'036'000, 234'000}}) {
    const auto quote = ask(bench().manager(), "POST", "quote",
                           {{"amount_fen", 12'000'000},
                            {"rate_bp", 360},
                            {"term_months", 12},
                            {"repayment", one.repayment}});
    ASSERT_TRUE(quote.ok()) << quote.error().code;
    const Json& plan = quote->at("plan");
    ASSERT_EQ(plan.size(), 12U);
    EXPECT_EQ(plan[0].at("interest_fen"), 36'000);
    EXPECT_EQ(plan[0].at("payment_fen"), one.first_fen) << one.repayment;
    EXPECT_NEAR(quote->at("total_interest_fen").get<double>(),
                static_cast<double>(one.interest_fen), 1)
        << one.repayment;
    std::int64_t principal = 0;
    for (const Json& month : plan) principal += month.at("principal_fen").get<std::int64_t>();
    EXPECT_EQ(principal, 12'000'000);
    EXPECT_EQ(plan[11].at("owed_fen"), 0);
  }
}

TEST_F(ProductTest, AQuoteOutsideOfItsTermsIsRefusedByName) {
  const Json good = {{"amount_fen", 12'000'000},
                     {"rate_bp", 360},
                     {"term_months", 12},
                     {"repayment", "equal_instalment"}};
  const auto refused = [&](const char* name, const Json& value) {
    Json body = good;
    body[name] = value;
    const auto answer = ask(bench().manager(), "POST", "quote", body);
    return answer.ok() ? "accepted" : answer.error().code + '@' + answer.error().field;
  };
  EXPECT_EQ(refused("rate_bp", 360), "accepted");
  EXPECT_EQ(refused("amount_fen", 12'000'001), "citizen_loan.bad_amount@amount_fen");
  EXPECT_EQ(refused("amount_fen", 100), "citizen_loan.bad_amount@amount_fen");
  EXPECT_EQ(refused("term_months", 13), "citizen_loan.bad_term@term_months");
  EXPECT_EQ(refused("repayment", "never"), "citizen_loan.bad_repayment@repayment");
  EXPECT_EQ(refused("rate_bp", 0), "json.out_of_range@rate_bp");
  EXPECT_EQ(refused("id_no", "x"), "json.unknown_field@id_no");
}

TEST_F(ProductTest, TheSameEvidenceGivesTheSameDecision) {
  const auto wallet = bench().open_account(0);
  ASSERT_TRUE(wallet.ok());
  const auto message = bench().full_message(*wallet);
  ASSERT_TRUE(message.ok());
  const auto first = decide(*message);
  const auto second = decide(*message);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
}

TEST_F(ProductTest, AnythingThatDiffersFromTheGrantIsRefused) {
  const auto wallet = bench().open_account(0);
  ASSERT_TRUE(wallet.ok());
  const auto full = bench().full_message(*wallet);
  ASSERT_TRUE(full.ok());
  ASSERT_EQ(refusal(*full), "accepted");
  const auto changed = [&](const char* pointer, const Json& value) {
    Json message = *full;
    message[Json::json_pointer(pointer)] = value;
    return refusal(message);
  };
  EXPECT_EQ(changed("/consumer/account", "other-bank"), "decide.wrong_consumer");
  EXPECT_EQ(changed("/grant/consumer/product", "card"), "decide.wrong_product");
  EXPECT_EQ(changed("/grant/purpose/code", "marketing"), "decide.wrong_purpose");
  EXPECT_EQ(changed("/grant/release", "fields"), "decide.wrong_release");
  EXPECT_EQ(changed("/grant/key", bench().key_of("bank")), "decide.wrong_key");
  EXPECT_EQ(changed("/grant/valid/to", bench().now_s()), "decide.not_valid_now");
  EXPECT_EQ(changed("/grant/valid/from", bench().now_s() + 1), "decide.not_valid_now");
  EXPECT_EQ(changed("/grant/grant", random_id()), "sdjwt.bad_key_binding");
  EXPECT_EQ(changed("/grant/scope/0/asset", random_id()), "decide.wrong_asset");
  EXPECT_EQ(changed("/grant/scope/0/presentation_sm3", std::string(64, '0')),
            "decide.wrong_presentation");
  EXPECT_EQ(changed("/grant/scope/0/fields", Json({"base"})), "decide.wrong_fields");
  EXPECT_EQ(changed("/grant/subject/account", "p-" + std::string(32, '0')), "decide.wrong_subject");
  EXPECT_EQ(changed("/holder_jwk", bench().key_of("bank")), "decide.wrong_subject");
  EXPECT_EQ(changed("/issuers/gjj", Json::array({bench().key_of("bank")})), "sdjwt.bad_signature");
  EXPECT_EQ(changed("/chain", "other-net"), "plugin.wrong_chain");
  EXPECT_EQ(changed("/presentations/0/issuer", "rs"), "decide.wrong_issuer");
  EXPECT_EQ(changed("/presentations/1/item", "gjj.account"), "decide.duplicate");
  EXPECT_EQ(changed("/presentations/1/item", "yb.account"), "decide.not_granted");
  EXPECT_EQ(changed("/now", bench().now_s() + 200LL * 86400), "decide.not_valid_now");
  Json without = *full;
  without["issuers"].erase("gjj");
  EXPECT_EQ(refusal(without), "issuer.unknown");
  Json missing = *full;
  missing["presentations"].erase(0);
  EXPECT_EQ(refusal(missing), "decide.missing_item");
  Json swapped = *full;
  std::swap(swapped["presentations"][0]["jwe"], swapped["presentations"][1]["jwe"]);
  EXPECT_EQ(refusal(swapped), "decide.wrong_presentation");
}

TEST_F(ProductTest, ExpiredEvidenceIsRefused) {
  const auto wallet = bench().open_account(0);
  ASSERT_TRUE(wallet.ok());
  const auto full = bench().full_message(*wallet);
  ASSERT_TRUE(full.ok());
  Json late = *full;
  late["now"] = bench().now_s() + 100LL * 86400;  // the fund's credentials last 90 days
  late["grant"]["valid"]["to"] = bench().now_s() + 101LL * 86400;
  EXPECT_EQ(refusal(late), "sdjwt.expired");
}

}  // namespace
}  // namespace qc::bench
