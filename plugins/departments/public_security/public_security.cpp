// 公安局: household registration and identity cards; here identity is proved.
#include "sdk/plugin/department.hpp"
#include "sdk/plugin/sqlite_source.hpp"

namespace {

using namespace qc;          // NOLINT: a plugin is one file with one class
using namespace qc::plugin;  // NOLINT

const std::map<std::string, std::string, std::less<>> kQueries = {
    {"ga.hukou",
     "SELECT id_no, name, sex, ethnicity, birth_date, household_no, relation_to_head, reg_address, "
     "reg_area, hukou_status FROM person WHERE id_no = ?1"},
    {"ga.id_card",
     "SELECT id_no, name, issuer, valid_from, valid_to FROM id_card WHERE id_no = ?1"},
};

constexpr auto kProof =
    "SELECT 1 FROM person JOIN id_card USING (id_no, name) WHERE id_no = ?1 AND name = ?2 "
    "AND valid_to = ?3 AND valid_to >= date(?4, 'unixepoch', '+8 hours') "
    "AND hukou_status = '正常'";

class PublicSecurity final : public Department {
 public:
  Status configure(const JsonReader& settings) override {
    QC_ASSIGN(source_, SqliteSource::open(settings));
    return {};
  }
  Result<Record> fetch(const Subject& subject, const Item& item,
                       const std::vector<std::string>&) override {
    return source_->fetch(kQueries.at(item.item), {subject.id_no}, item, subject.moment);
  }
  bool proves_identity() const override { return true; }
  Result<bool> prove_identity(const IdentityClaim& claim) override {
    return source_->exists(
        kProof, {claim.id_no, claim.name, claim.card_valid_to, std::to_string(claim.moment.now_s)},
        claim.moment);
  }
  Health health() override { return source_->health(); }

 private:
  std::unique_ptr<SqliteSource> source_;
};

}  // namespace

QC_DEPARTMENT_PLUGIN(PublicSecurity)
