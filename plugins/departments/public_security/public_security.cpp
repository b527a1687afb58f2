// 公安局: household registration and identity cards; here identity is proved.
#include "sdk/plugin/sqlite_department.hpp"

namespace {

using qc::plugin::SqliteDepartment;

constexpr auto kProof =
    "SELECT 1 FROM person JOIN id_card USING (id_no, name) WHERE id_no = ?1 AND name = ?2 "
    "AND valid_to = ?3 AND valid_to >= date(?4, 'unixepoch', '+8 hours') "
    "AND hukou_status = '正常'";

class PublicSecurity final : public SqliteDepartment {
 public:
  PublicSecurity()
      : SqliteDepartment({
            {"ga.hukou",
             "SELECT id_no, name, sex, ethnicity, birth_date, household_no, relation_to_head, "
             "reg_address, "
             "reg_area, hukou_status FROM person WHERE id_no = ?1"},
            {"ga.id_card",
             "SELECT id_no, name, issuer, valid_from, valid_to FROM id_card WHERE id_no = ?1"},
        }) {}

  bool proves_identity() const override { return true; }
  qc::Result<bool> prove_identity(const qc::plugin::IdentityClaim& claim) override {
    return source().exists(
        kProof, {claim.id_no, claim.name, claim.card_valid_to, std::to_string(claim.moment.now_s)},
        claim.moment);
  }
};

}  // namespace

QC_DEPARTMENT_PLUGIN(PublicSecurity)
