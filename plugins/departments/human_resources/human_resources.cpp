// 人力资源和社会保障局: social insurance and employment.
#include "sdk/plugin/department.hpp"
#include "sdk/plugin/sqlite_source.hpp"

namespace {

using namespace qc;          // NOLINT: a plugin is one file with one class
using namespace qc::plugin;  // NOLINT

const std::map<std::string, std::string, std::less<>> kQueries = {
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
};

class HumanResources final : public Department {
 public:
  Status configure(const JsonReader& settings) override {
    QC_ASSIGN(source_, SqliteSource::open(settings));
    return {};
  }
  Result<Record> fetch(const Subject& subject, const Item& item,
                       const std::vector<std::string>&) override {
    return source_->fetch(kQueries.at(item.item), {subject.id_no}, item, subject.moment);
  }
  Health health() override { return source_->health(); }

 private:
  std::unique_ptr<SqliteSource> source_;
};

}  // namespace

QC_DEPARTMENT_PLUGIN(HumanResources)
