#include "sdk/plugin/product.hpp"

using namespace qc;
using namespace qc::plugin;

class MyPlugin final : public Product {
 public:
  Result<Decision> decide(const Request& request) override {
    const std::int64_t balance = request.integer("gjj.account", "balance").value_or(0);
    Decision decision;
    decision.outcome = balance >= 1'000'000 ? Outcome::kApproved : Outcome::kReview;
    decision.amount_fen = decision.outcome == Outcome::kApproved ? balance / 2 : 0;
    decision.rate_bp = 400;
    decision.term_months = 12;
    decision.reasons = {{"fund.balance", "依据公积金余额", "By the housing fund's balance"}};
    return decision;
  }
};

QC_PRODUCT_PLUGIN(MyPlugin)
