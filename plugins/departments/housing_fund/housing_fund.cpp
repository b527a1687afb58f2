// 住房公积金中心: accounts and loans of the housing provident fund.
#include "sdk/plugin/sqlite_department.hpp"

namespace {

using qc::plugin::SqliteDepartment;

class HousingFund final : public SqliteDepartment {
 public:
  HousingFund()
      : SqliteDepartment({
            {"gjj.account",
             "SELECT account_no, employer, open_date, base, person_rate, employer_rate, monthly, "
             "paid_to, "
             "balance, status FROM account WHERE id_no = ?1"},
            {"gjj.loan",
             "SELECT contract_no, amount, term, outstanding, overdue, status FROM loan WHERE id_no "
             "= ?1"},
        }) {}
};

}  // namespace

QC_DEPARTMENT_PLUGIN(HousingFund)
