// 住房公积金中心: accounts and loans of the housing provident fund.
#include "sdk/plugin/department.hpp"
#include "sdk/plugin/sqlite_source.hpp"

namespace {

using namespace qc;          // NOLINT: a plugin is one file with one class
using namespace qc::plugin;  // NOLINT

const std::map<std::string, std::string, std::less<>> kQueries = {
    {"gjj.account",
     "SELECT account_no, employer, open_date, base, person_rate, employer_rate, monthly, paid_to, "
     "balance, status FROM account WHERE id_no = ?1"},
    {"gjj.loan",
     "SELECT contract_no, amount, term, outstanding, overdue, status FROM loan WHERE id_no = ?1"},
};

class HousingFund final : public Department {
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

QC_DEPARTMENT_PLUGIN(HousingFund)
