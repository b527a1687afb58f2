// The table of one subject's events.
#pragma once

#include "gui/console/model/messages.hpp"
#include "gui/console/model/table_model.hpp"

namespace qc::console {

class TraceModel final : public TableModel<TraceEvent> {
 public:
  enum Column { kNumber, kIndex, kTime, kEvent, kActor, kSummary, kReceipt, kColumns };

  explicit TraceModel(const Directory& names) : names_(names) { sort_by(kNumber, true); }
  std::string key(const TraceEvent& row) const override { return row.tx; }
  std::vector<std::string> cells(const TraceEvent& row, Lang lang) const override;
  SortKey sort_key(const TraceEvent& row, int column, Lang lang) const override;
  std::vector<std::string> headings(Lang lang) const override;

 protected:
  std::string extra_text(const TraceEvent& row) const override;

 private:
  const Directory& names_;
};

/// The events of a trace, sharing its life.
std::shared_ptr<const std::vector<TraceEvent>> events_of(const std::shared_ptr<const Trace>& trace);
/// What stands above the table: how many events, how many receipts verify.
Badge trace_verdict(const Trace& trace, Lang lang);
/// The receipt file of docs/formats.md, which `quancheng receipt verify` reads.
std::string receipt_file(const TraceEvent& event);
/// Trims spaces; true when it may be a subject's account.
bool normalise_account(std::string& account);

}  // namespace qc::console
