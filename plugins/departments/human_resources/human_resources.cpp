// 人力资源和社会保障局: social insurance and employment.
#include "sdk/plugin/sqlite_department.hpp"

namespace {

using qc::plugin::SqliteDepartment;

class HumanResources final : public SqliteDepartment {
 public:
  HumanResources()
      : SqliteDepartment({
            {"rs.insurance",
             "SELECT person_no, ins_type, employer, employer_uscc, status, first_ym FROM insurance "
             "WHERE id_no = ?1"},
            // The latest month tells whether contributions run on; total_months tells the history.
            {"rs.contribution",
             "SELECT ins_type, period_ym, base, person_amt, employer_amt, paid, total_months "
             "FROM contribution WHERE id_no = ?1 ORDER BY period_ym DESC LIMIT 1"},
            {"rs.employment",
             "SELECT employer, form, start_date AS \"from\", contract_to FROM employment "
             "WHERE id_no = ?1 ORDER BY start_date DESC LIMIT 1"},
        }) {}
};

}  // namespace

QC_DEPARTMENT_PLUGIN(HumanResources)
