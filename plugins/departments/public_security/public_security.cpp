// 公安局: household registration and identity cards by mapping; here identity is proved, which
// takes code.
#include "sdk/plugin/mapping/sqlite_source.hpp"

namespace {

using namespace qc::plugin;

constexpr Driver kDrivers[] = {{"sqlite", &SqliteSource::open}};

constexpr auto kProof =
    "SELECT 1 FROM person JOIN id_card USING (id_no, name) WHERE id_no = ?1 AND name = ?2 "
    "AND valid_to = ?3 AND valid_to >= date(?4, 'unixepoch', '+8 hours') "
    "AND hukou_status = '正常'";

class PublicSecurity final : public MappedDepartment {
 public:
  PublicSecurity() : MappedDepartment(embedded_description(), embedded_mapping(), kDrivers) {}

  qc::Status configure(const qc::JsonReader& settings) override {
    QC_TRY(MappedDepartment::configure(settings));
    QC_ASSIGN(const std::string path, settings.text("database", 4096));
    QC_ASSIGN(register_, SqliteSource::open(path));
    return {};
  }

  bool proves_identity() const override { return true; }
  qc::Result<bool> prove_identity(const IdentityClaim& claim) override {
    return register_->exists(
        kProof, {claim.id_no, claim.name, claim.card_valid_to, std::to_string(claim.moment.now_s)},
        claim.moment);
  }

 private:
  std::unique_ptr<SqliteSource> register_;
};

}  // namespace

QC_DEPARTMENT_PLUGIN(PublicSecurity)
