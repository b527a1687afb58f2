#include "plugins/products/citizen_loan/quote.hpp"

#include <algorithm>
#include <cmath>

namespace citizen_loan {
namespace {

constexpr std::int64_t kLowestRateBp = 1;
constexpr std::int64_t kHighestRateBp = 2'400;
constexpr std::int64_t kBpOfAYear = 10'000 * 12;  // hundredths of a percent, in a month

struct Wanted {
  std::int64_t amount_fen = 0, rate_bp = 0, term_months = 0;
  bool equal_instalment = false;
};

qc::Result<Wanted> read_wanted(const qc::Json& body) {
  const qc::JsonReader reader(body);
  QC_TRY(reader.expect_only({"amount_fen", "rate_bp", "term_months", "repayment"}));
  Wanted out;
  QC_ASSIGN(out.amount_fen, reader.integer("amount_fen", 0, kMaxAmount * 10));
  QC_ASSIGN(out.rate_bp, reader.integer("rate_bp", kLowestRateBp, kHighestRateBp));
  QC_ASSIGN(out.term_months, reader.integer("term_months", 1, 600));
  QC_ASSIGN(const std::string repayment, reader.text("repayment", 32));
  if (out.amount_fen < kMinAmount || out.amount_fen > kMaxAmount || out.amount_fen % kStep != 0) {
    return qc::invalid("citizen_loan.bad_amount",
                       "expected 5,000 to 300,000 yuan in steps of 1,000", "amount_fen");
  }
  const bool known = std::any_of(std::begin(kTenure), std::end(kTenure), [&](const Tenure& one) {
    return one.term_months == out.term_months;
  });
  if (!known) {
    return qc::invalid("citizen_loan.bad_term", "expected 12, 24 or 36 months", "term_months");
  }
  out.equal_instalment = repayment == "equal_instalment";
  if (out.equal_instalment || repayment == "equal_principal") return out;
  return qc::invalid("citizen_loan.bad_repayment", "expected equal_instalment or equal_principal",
                     "repayment");
}

std::int64_t interest_of(std::int64_t owed_fen, std::int64_t rate_bp) {
  return (owed_fen * rate_bp + kBpOfAYear / 2) / kBpOfAYear;
}

/// The instalment that pays all of it back in equal parts, to the fen.
std::int64_t instalment_of(const Wanted& wanted) {
  const double monthly = static_cast<double>(wanted.rate_bp) / static_cast<double>(kBpOfAYear);
  const double months = static_cast<double>(wanted.term_months);
  const double share = monthly / (1 - std::pow(1 + monthly, -months));
  return std::llround(static_cast<double>(wanted.amount_fen) * share);
}

}  // namespace

qc::Result<qc::Json> terms(const qc::plugin::RouteCall& call) {
  QC_TRY(qc::JsonReader(call.query).expect_only({}));
  qc::Json table = qc::Json::array();
  for (const Tenure& row : kTenure) {
    table.push_back({{"from_insured_months", row.from_months},
                     {"percent_of_full_amount", row.percent},
                     {"rate_bp", kStandardRateBp - row.discount_bp},
                     {"term_months", row.term_months}});
  }
  return qc::Json{{"currency", "CNY"},
                  {"min_amount_fen", kMinAmount},
                  {"max_amount_fen", kMaxAmount},
                  {"max_amount_without_loan_record_fen", kMaxAmountUnknownLoan},
                  {"step_fen", kStep},
                  {"standard_rate_bp", kStandardRateBp},
                  {"discounts_bp",
                   {{"steady_job", kSteadyJobDiscountBp}, {"loan_in_order", kGoodLoanDiscountBp}}},
                  {"tenure", std::move(table)}};
}

qc::Result<qc::Json> quote(const qc::plugin::RouteCall& call) {
  QC_ASSIGN(const Wanted wanted, read_wanted(call.body));
  const std::int64_t equal_principal = wanted.amount_fen / wanted.term_months;
  const std::int64_t equal_instalment = instalment_of(wanted);
  qc::Json plan = qc::Json::array();
  std::int64_t owed = wanted.amount_fen;
  std::int64_t total_interest = 0;
  for (std::int64_t month = 1; month <= wanted.term_months; ++month) {
    const std::int64_t interest = interest_of(owed, wanted.rate_bp);
    std::int64_t principal =
        wanted.equal_instalment ? equal_instalment - interest : equal_principal;
    if (month == wanted.term_months) principal = owed;
    owed -= principal;
    total_interest += interest;
    plan.push_back({{"month", month},
                    {"payment_fen", principal + interest},
                    {"principal_fen", principal},
                    {"interest_fen", interest},
                    {"owed_fen", owed}});
  }
  return qc::Json{{"amount_fen", wanted.amount_fen},
                  {"rate_bp", wanted.rate_bp},
                  {"term_months", wanted.term_months},
                  {"total_interest_fen", total_interest},
                  {"total_fen", wanted.amount_fen + total_interest},
                  {"plan", std::move(plan)}};
}

}  // namespace citizen_loan
