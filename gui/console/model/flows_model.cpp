#include "gui/console/model/flows_model.hpp"

namespace qc::console {

std::vector<std::string> FlowsModel::cells(const Flow& row, Lang lang) const {
  return {grouped(row.index),
          date_time(row.time_ms),
          operation(row.op, lang),
          names_.name(row.consumer, lang),
          names_.thing(row.product, lang),
          row.purpose,
          flow_badge(row, lang).word,
          row.subject};
}

SortKey FlowsModel::sort_key(const Flow& row, int column, Lang lang) const {
  if (column == kIndex) return {row.index, {}};
  if (column == kTime) return {static_cast<std::uint64_t>(row.time_ms), {}};
  return {0, cells(row, lang).at(static_cast<std::size_t>(column))};
}

std::vector<std::string> FlowsModel::headings(Lang lang) const {
  return {tr(Text::kIndex, lang),    tr(Text::kTime, lang),         tr(Text::kEvent, lang),
          tr(Text::kConsumer, lang), tr(Text::kProductLabel, lang), tr(Text::kPurpose, lang),
          tr(Text::kOutcome, lang),  tr(Text::kSubject, lang)};
}

std::string FlowsModel::extra_text(const Flow& row) const {
  std::string out =
      row.op + "\n" + row.consumer + "\n" + row.grant + "\n" + row.access + "\n" + row.product;
  for (const std::string& item : row.items) out += "\n" + item;
  return out;
}

std::size_t refused(const std::vector<Flow>& flows) {
  return static_cast<std::size_t>(std::count_if(
      flows.begin(), flows.end(), [](const Flow& f) { return f.op == "access.refuse"; }));
}

}  // namespace qc::console
