#include "gui/console/model/trace_model.hpp"

#include "gui/console/model/summary.hpp"

namespace qc::console {

std::vector<std::string> TraceModel::cells(const TraceEvent& row, Lang lang) const {
  return {grouped(row.n),
          grouped(row.index),
          date_time(row.time_ms),
          operation(row.op, lang),
          names_.name(row.actor, lang),
          summary_text(row.summary, names_, lang),
          receipt_badge(row.check, lang).word};
}

SortKey TraceModel::sort_key(const TraceEvent& row, int column, Lang lang) const {
  if (column == kNumber) return {row.n, {}};
  if (column == kIndex) return {row.index, {}};
  if (column == kTime) return {static_cast<std::uint64_t>(row.time_ms), {}};
  if (column == kReceipt) return {row.check.verified ? 1U : 0U, {}};
  return {0, cells(row, lang).at(static_cast<std::size_t>(column))};
}

std::vector<std::string> TraceModel::headings(Lang lang) const {
  return {"#",
          tr(Text::kIndex, lang),
          tr(Text::kTime, lang),
          tr(Text::kEvent, lang),
          tr(Text::kActor, lang),
          tr(Text::kSummary, lang),
          tr(Text::kReceipt, lang)};
}

std::string TraceModel::extra_text(const TraceEvent& row) const {
  return row.tx + "\n" + row.op + "\n" + row.actor;
}

std::shared_ptr<const std::vector<TraceEvent>> events_of(
    const std::shared_ptr<const Trace>& trace) {
  if (!trace) return nullptr;
  return {trace, &trace->events};
}

Badge trace_verdict(const Trace& trace, Lang lang) {
  const std::string events = grouped(trace.events.size());
  const std::size_t failed = trace.failed();
  if (failed == 0) return {Tone::kOk, fill(Text::kTraceAllVerified, lang, {events})};
  return {Tone::kBad, fill(Text::kTraceSomeFailed, lang, {events, grouped(failed)})};
}

std::string receipt_file(const TraceEvent& event) {
  const Json file = {{"transaction", event.transaction}, {"receipt", event.receipt}};
  return file.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool normalise_account(std::string& account) {
  const auto first = account.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) {
    account.clear();
    return false;
  }
  account = account.substr(first, account.find_last_not_of(" \t\r\n") - first + 1);
  return account.size() >= 2 && account.size() <= 64 &&
         account.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

}  // namespace qc::console
