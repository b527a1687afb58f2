// What 市民贷 lends, to whom and at what price: one place for who decides and who quotes.
#pragma once

#include "sdk/plugin/product.hpp"

namespace citizen_loan {

using qc::plugin::Reason;

inline constexpr std::int64_t kYuan = 100;  // fen
inline constexpr std::int64_t kMaxAmount = 300'000 * kYuan;
inline constexpr std::int64_t kMaxAmountUnknownLoan = 200'000 * kYuan;
inline constexpr std::int64_t kMinAmount = 5'000 * kYuan;
inline constexpr std::int64_t kStep = 1'000 * kYuan;
inline constexpr std::int64_t kBasesLent = 18;  // months of contribution base
inline constexpr std::int64_t kLoanWeightPercent =
    5;  // of an outstanding housing fund loan, deducted
inline constexpr std::int64_t kStandardRateBp = 450;
inline constexpr std::int64_t kSteadyJobDiscountBp = 20;
inline constexpr std::int64_t kGoodLoanDiscountBp = 15;

struct Tenure {
  std::int64_t from_months;
  std::int64_t percent;  ///< of the full amount
  std::int64_t discount_bp;
  std::int64_t term_months;
  Reason reason;
};

inline const Tenure kTenure[] = {
    {120, 100, 45, 36, {"tenure.120", "社会保险累计缴费满10年", "Insured for ten years or more"}},
    {60, 90, 30, 36, {"tenure.60", "社会保险累计缴费满5年", "Insured for five years or more"}},
    {24, 70, 15, 24, {"tenure.24", "社会保险累计缴费满2年", "Insured for two years or more"}},
    {12, 40, 0, 12, {"tenure.12", "社会保险累计缴费满1年", "Insured for one year or more"}},
};

}  // namespace citizen_loan
