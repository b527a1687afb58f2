#include "sdk/base/files.hpp"
#include "sdk/plugin/department.hpp"

using namespace qc;
using namespace qc::plugin;

class MyPlugin final : public Department {
 public:
  Status configure(const JsonReader& settings) override {
    QC_ASSIGN(const std::string file, settings.text("records_file", 4096));
    QC_ASSIGN(records_, read_json_file(file));  // {"<identity number>": {"<field>": value}}
    return {};
  }

  Result<Record> fetch(const Subject& subject, const Item&,
                       const std::vector<std::string>&) override {
    const auto found = records_.find(subject.id_no);
    if (found == records_.end()) return not_found("record.none", "no record of this person");
    return Record{*found};
  }

 private:
  Json records_;
};

QC_DEPARTMENT_PLUGIN(MyPlugin)
