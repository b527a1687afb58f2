// 市民贷: an unsecured loan to people whose housing fund and social insurance are in order.
//
// How it decides (README.md has the same in words): each row of kRules that applies declines the
// application or sends it to a person; otherwise amount, rate and term follow from the kTenure row.
#include "plugins/products/citizen_loan/quote.hpp"
#include "sdk/plugin/product.hpp"

namespace {

using namespace citizen_loan;

using qc::Result;
using qc::plugin::Decision;
using qc::plugin::Outcome;
using qc::plugin::Reason;
using qc::plugin::Request;

constexpr int kSteadyJobYears = 2;

/// What is known, read once. Optional items that were not granted are false or 0.
struct Facts {
  int age = 0;
  bool resident = false;
  bool fund_open = false;
  int months_since_fund_payment = 0;
  bool insurance_paid = false;
  std::int64_t insured_months = 0;
  std::int64_t base_fen = 0;  ///< the lower of the two contribution bases
  std::int64_t fund_monthly_fen = 0;
  std::int64_t fund_balance_fen = 0;
  bool loan_shown = false;
  std::int64_t loan_outstanding_fen = 0;
  std::int64_t loan_overdue = 0;
  bool steady_job = false;
};

struct Rule {
  Outcome outcome;
  bool (*applies)(const Facts&);
  const char* code;
  const char* zh;
  const char* en;
};

constexpr Rule kRules[] = {
    {Outcome::kDeclined, [](const Facts& f) { return f.age < 18; }, "age.minor", "申请人未满18周岁",
     "The applicant is under 18"},
    {Outcome::kDeclined, [](const Facts& f) { return f.age >= 60; }, "age.limit",
     "申请人已满60周岁，超出本产品的年龄范围", "The applicant is 60 or older, beyond this product"},
    {Outcome::kDeclined, [](const Facts& f) { return !f.resident; }, "hukou.not_current",
     "户籍状态不是正常", "The household registration is not current"},
    {Outcome::kDeclined, [](const Facts& f) { return !f.fund_open; }, "fund.not_paying",
     "公积金账户未处于正常缴存状态", "The housing fund account is not in normal payment"},
    {Outcome::kDeclined, [](const Facts& f) { return f.months_since_fund_payment > 3; },
     "fund.interrupted", "公积金已连续超过三个月未缴存",
     "No housing fund payment for more than three months"},
    {Outcome::kDeclined, [](const Facts& f) { return f.insured_months < 12; },
     "insurance.too_short", "社会保险累计缴费不足12个月",
     "Social insurance was paid for less than 12 months"},
    {Outcome::kDeclined, [](const Facts& f) { return f.loan_overdue >= 3; }, "loan.overdue",
     "公积金贷款逾期三期及以上", "A housing fund loan is three or more instalments overdue"},
    {Outcome::kReview, [](const Facts& f) { return f.loan_overdue > 0; }, "loan.late",
     "公积金贷款有逾期，需人工复核", "A housing fund loan is overdue: a person will look at it"},
    {Outcome::kReview, [](const Facts& f) { return !f.insurance_paid; }, "insurance.unpaid",
     "最近一期社会保险费未到账，需人工复核",
     "The latest insurance contribution has not arrived: a person will look at it"},
    {Outcome::kReview, [](const Facts& f) { return f.fund_monthly_fen * 100 < f.base_fen * 10; },
     "fund.inconsistent", "公积金月缴存额与缴费基数不相符，需人工复核",
     "Fund payments do not match the contribution base: a person will look at it"},
};

qc::Error unreadable(std::string field) {
  return qc::invalid("citizen_loan.no_value", "the record holds no usable value", std::move(field));
}

int months_between(const std::string& month, const qc::plugin::Date& today) {
  const int year = std::stoi(month.substr(0, 4));
  return (today.year - year) * 12 + today.month - std::stoi(month.substr(5, 2));
}

void read_optional(const Request& request, Facts& facts) {
  const auto outstanding = request.integer("gjj.loan", "outstanding");
  const auto overdue = request.integer("gjj.loan", "overdue");
  facts.loan_shown = outstanding.has_value() && overdue.has_value();
  facts.loan_outstanding_fen = outstanding.value_or(0);
  facts.loan_overdue = overdue.value_or(0);
  const auto from = qc::plugin::parse_date(request.text("rs.employment", "from").value_or(""));
  facts.steady_job = from && qc::plugin::age_on(*from, request.today) >= kSteadyJobYears;
}

Result<Facts> read_facts(const Request& request) {
  const auto birth = qc::plugin::parse_date(request.text("ga.hukou", "birth_date").value_or(""));
  const auto paid_to = request.text("gjj.account", "paid_to");
  const auto fund_base = request.integer("gjj.account", "base");
  const auto monthly = request.integer("gjj.account", "monthly");
  const auto balance = request.integer("gjj.account", "balance");
  const auto base = request.integer("rs.contribution", "base");
  const auto months = request.integer("rs.contribution", "total_months");
  if (!birth) return unreadable("ga.hukou.birth_date");
  const bool month_form =
      paid_to && qc::plugin::value_fits(qc::plugin::FieldType::kMonth, *paid_to);
  if (!month_form) return unreadable("gjj.account.paid_to");
  if (!fund_base || !monthly || !balance) return unreadable("gjj.account.base");
  if (!base || !months) return unreadable("rs.contribution.base");
  Facts facts;
  facts.age = qc::plugin::age_on(*birth, request.today);
  facts.resident = request.text("ga.hukou", "hukou_status") == "正常";
  facts.fund_open = request.text("gjj.account", "status") == "正常";
  facts.months_since_fund_payment = months_between(*paid_to, request.today);
  facts.insurance_paid = request.boolean("rs.contribution", "paid").value_or(false);
  facts.insured_months = *months;
  facts.base_fen = std::min(*fund_base, *base);
  facts.fund_monthly_fen = *monthly;
  facts.fund_balance_fen = *balance;
  read_optional(request, facts);
  return facts;
}

/// The worst outcome among the rules that apply, each with its reason; approved when none does.
Decision apply_rules(const Facts& facts) {
  Decision decision;
  decision.outcome = Outcome::kApproved;
  for (const Rule& rule : kRules) {
    if (!rule.applies(facts)) continue;
    decision.reasons.push_back({rule.code, rule.zh, rule.en});
    if (decision.outcome != Outcome::kDeclined) decision.outcome = rule.outcome;
  }
  return decision;
}

void price(const Facts& facts, Decision& decision) {
  const Tenure* tenure = std::begin(kTenure);
  while (facts.insured_months < tenure->from_months) ++tenure;  // a rule declined below 12 months
  std::int64_t amount = facts.base_fen * kBasesLent * tenure->percent / 100;
  amount += facts.fund_balance_fen / 2;
  amount -= facts.loan_outstanding_fen * kLoanWeightPercent / 100;
  amount = std::min(amount, facts.loan_shown ? kMaxAmount : kMaxAmountUnknownLoan);
  amount = amount / kStep * kStep;
  decision.reasons.push_back(tenure->reason);
  if (amount < kMinAmount) {
    decision.outcome = Outcome::kDeclined;
    decision.reasons.push_back({"amount.below_minimum", "可贷额度低于本产品的最低额度",
                                "The amount would be below this product's minimum"});
    return;
  }
  decision.amount_fen = amount;
  decision.term_months = tenure->term_months;
  decision.rate_bp = kStandardRateBp - tenure->discount_bp;
  if (facts.steady_job) {
    decision.rate_bp -= kSteadyJobDiscountBp;
    decision.reasons.push_back({"job.steady", "在现单位就业满两年，利率优惠",
                                "Two years or more with the present employer: lower rate"});
  }
  if (facts.loan_shown) {
    decision.rate_bp -= kGoodLoanDiscountBp;
    decision.reasons.push_back({"loan.in_order", "公积金贷款还款正常，利率优惠",
                                "A housing fund loan is repaid in order: lower rate"});
  } else {
    decision.reasons.push_back({"loan.not_shown", "未提供公积金贷款信息，额度上限为20万元",
                                "No housing fund loan was shown: at most 200,000 yuan"});
  }
}

class CitizenLoan final : public qc::plugin::Product {
 public:
  Result<Decision> decide(const Request& request) override {
    QC_ASSIGN(const Facts facts, read_facts(request));
    Decision decision = apply_rules(facts);
    if (decision.outcome == Outcome::kApproved) price(facts, decision);
    return decision;
  }

  std::vector<qc::plugin::RouteHandler> routes() override {
    return {{"GET", "terms", terms}, {"POST", "quote", quote}};
  }
};

}  // namespace

QC_PRODUCT_PLUGIN(CitizenLoan)
