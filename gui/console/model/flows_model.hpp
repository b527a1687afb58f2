// The table of supervised flows.
#pragma once

#include "gui/console/model/messages.hpp"
#include "gui/console/model/table_model.hpp"

namespace qc::console {

class FlowsModel final : public TableModel<Flow> {
 public:
  enum Column {
    kIndex,
    kTime,
    kEvent,
    kConsumer,
    kProduct,
    kPurpose,
    kOutcome,
    kSubject,
    kColumns
  };

  explicit FlowsModel(const Directory& names) : names_(names) { sort_by(kIndex, false); }
  std::string key(const Flow& row) const override { return std::to_string(row.index); }
  std::vector<std::string> cells(const Flow& row, Lang lang) const override;
  SortKey sort_key(const Flow& row, int column, Lang lang) const override;
  std::vector<std::string> headings(Lang lang) const override;

 protected:
  std::string extra_text(const Flow& row) const override;

 private:
  const Directory& names_;
};

/// Flows that a rule refused.
std::size_t refused(const std::vector<Flow>& flows);

}  // namespace qc::console
