// 市民贷 over HTTP, for a bank's integrator: what it lends, and what a loan would cost a month.
#pragma once

#include "plugins/products/citizen_loan/conditions.hpp"

namespace citizen_loan {

/// GET terms: limits, rates and the table by months of insurance.
qc::Result<qc::Json> terms(const qc::plugin::RouteCall& call);

/// POST quote {"amount_fen","rate_bp","term_months","repayment"}: the plan of repayment, month by
/// month. `repayment`: "equal_instalment" (等额本息) or "equal_principal" (等额本金). Interest of a
/// month is what is owed times a twelfth of the yearly rate, rounded half up to the fen; the last
/// month settles the rest. Errors: "json.…", "citizen_loan.bad_amount", "citizen_loan.bad_term",
/// "citizen_loan.bad_repayment".
qc::Result<qc::Json> quote(const qc::plugin::RouteCall& call);

}  // namespace citizen_loan
