// 贷后关注: looks after a loan that was made, regularly, under a standing grant. It tells the bank
// whether something is to be looked at, and why; the records stay where they are.
#include "sdk/plugin/product.hpp"

namespace {

using qc::Result;
using qc::plugin::Decision;
using qc::plugin::Outcome;
using qc::plugin::Request;

/// What is known, read once. Optional items that were not granted are not held against anybody.
struct Signs {
  int months_since_fund_payment = 0;
  bool fund_open = false;
  bool insurance_paid = true;
  std::int64_t loan_overdue = 0;
};

struct Sign {
  bool (*shows)(const Signs&);
  const char* code;
  const char* zh;
  const char* en;
};

constexpr Sign kSigns[] = {
    {[](const Signs& s) { return !s.fund_open; }, "watch.fund_closed",
     "公积金账户已不在正常缴存状态", "The housing fund account is no longer in normal payment"},
    {[](const Signs& s) { return s.months_since_fund_payment > 3; }, "watch.fund_interrupted",
     "公积金已连续超过三个月未缴存", "No housing fund payment for more than three months"},
    {[](const Signs& s) { return !s.insurance_paid; }, "watch.insurance_unpaid",
     "最近一期社会保险费未到账", "The latest insurance contribution has not arrived"},
    {[](const Signs& s) { return s.loan_overdue > 0; }, "watch.loan_overdue", "公积金贷款出现逾期",
     "A housing fund loan is overdue"},
};

Result<Signs> read_signs(const Request& request) {
  const auto paid_to = request.text("gjj.account", "paid_to");
  const bool month_form =
      paid_to && qc::plugin::value_fits(qc::plugin::FieldType::kMonth, *paid_to);
  if (!month_form) {
    return qc::invalid("loan_watch.no_value", "the record holds no usable value",
                       "gjj.account.paid_to");
  }
  Signs signs;
  const int year = std::stoi(paid_to->substr(0, 4));
  const int month = std::stoi(paid_to->substr(5, 2));
  signs.months_since_fund_payment = (request.today.year - year) * 12 + request.today.month - month;
  signs.fund_open = request.text("gjj.account", "status") == "正常";
  signs.insurance_paid = request.boolean("rs.contribution", "paid").value_or(true);
  signs.loan_overdue = request.integer("gjj.loan", "overdue").value_or(0);
  return signs;
}

class LoanWatch final : public qc::plugin::Product {
 public:
  Result<Decision> decide(const Request& request) override {
    QC_ASSIGN(const Signs signs, read_signs(request));
    Decision decision;
    for (const Sign& sign : kSigns) {
      if (sign.shows(signs)) decision.reasons.push_back({sign.code, sign.zh, sign.en});
    }
    decision.outcome = decision.reasons.empty() ? Outcome::kInOrder : Outcome::kReview;
    if (decision.reasons.empty()) {
      decision.reasons.push_back(
          {"watch.in_order", "未见需要关注的变化", "Nothing that would have to be looked at"});
    }
    return decision;
  }
};

}  // namespace

QC_PRODUCT_PLUGIN(LoanWatch)
