// Flows of the whole network, and the history of one subject with its receipts checked.
#include "gui/console/model/summary.hpp"
#include "gui/console/ui/table.hpp"
#include "gui/console/ui/views.hpp"

namespace qc::console {
namespace {

constexpr Column kFlowColumns[] = {
    {.heading = Text::kIndex, .width = 48, .right = true},
    {.heading = Text::kTime, .width = 142},
    {.heading = Text::kEvent, .width = 112},
    {.heading = Text::kConsumer, .width = 1.2F, .stretch = true},
    {.heading = Text::kProductLabel, .width = 1, .stretch = true, .needs = 840},
    {.heading = Text::kPurpose, .width = 1, .stretch = true, .needs = 960},
    {.heading = Text::kOutcome, .width = 122},
    {.heading = Text::kSubject, .width = 136, .needs = 740},
};

constexpr Column kEventColumns[] = {
    {.heading = Text::kIndex, .width = 36, .right = true, .sign = "#"},
    {.heading = Text::kIndex, .width = 64, .right = true, .needs = 780},
    {.heading = Text::kTime, .width = 142},
    {.heading = Text::kEvent, .width = 108},
    {.heading = Text::kActor, .width = 1, .stretch = true},
    {.heading = Text::kSummary, .width = 2, .stretch = true, .needs = 700},
    {.heading = Text::kReceipt, .width = 84},
};

void draw_flow_cell(const Ui& ui, const AppModel& app, const Flow& row, int column, ImVec2 a,
                    ImVec2 b) {
  switch (column) {
    case FlowsModel::kIndex:
      return cell_text(ui, a, b, grouped(row.index), true, true);
    case FlowsModel::kTime:
      return cell_text(ui, a, b, date_time(row.time_ms), false, true);
    case FlowsModel::kEvent:
      return cell_text(ui, a, b, operation(row.op, ui.lang()));
    case FlowsModel::kConsumer:
      return cell_text(ui, a, b, app.names.name(row.consumer, ui.lang()));
    case FlowsModel::kProduct:
      return cell_text(ui, a, b, app.names.thing(row.product, ui.lang()), false, true);
    case FlowsModel::kPurpose:
      return cell_text(ui, a, b, row.purpose, false, true);
    case FlowsModel::kOutcome:
      return draw_status(ui, a, b, flow_badge(row, ui.lang()));
    default:
      return cell_hash(ui, a, b, row.subject);
  }
}

void draw_event_cell(const Ui& ui, const AppModel& app, const TraceEvent& row, int column, ImVec2 a,
                     ImVec2 b) {
  switch (column) {
    case TraceModel::kNumber:
      return cell_text(ui, a, b, grouped(row.n), true, true);
    case TraceModel::kIndex:
      return cell_text(ui, a, b, grouped(row.index), true, true);
    case TraceModel::kTime:
      return cell_text(ui, a, b, date_time(row.time_ms), false, true);
    case TraceModel::kEvent:
      return cell_text(ui, a, b, operation(row.op, ui.lang()));
    case TraceModel::kActor:
      return cell_text(ui, a, b, app.names.name(row.actor, ui.lang()));
    case TraceModel::kSummary:
      return cell_text(ui, a, b, summary_text(row.summary, app.names, ui.lang()), false, true);
    default:
      return draw_status(ui, a, b, receipt_badge(row.check, ui.lang()));
  }
}

void draw_flows(Ui& ui, AppModel& app) {
  const auto& slot = app.snapshot().flows;
  if (!begin_state(ui, app, slot.error, Text::kEmptyFlows, Text::kEmptyFlowsNext)) return;
  const auto& rows = app.flows.rows(slot.data, ui.lang());
  if (rows.empty()) return no_match(ui, app);
  TableSpec spec{.id = "flows", .columns = kFlowColumns};
  spec.height = ImGui::GetContentRegionAvail().y - ui.px(36);
  model_table(ui, app, app.flows, rows, spec, [&](const Flow& row, int column, ImVec2 a, ImVec2 b) {
    draw_flow_cell(ui, app, row, column, a, b);
  });
  paragraph(ui, Face::kSmall, ui.colour().text_muted, row_count(ui, rows.size(), slot.data->size()),
            ui.px(400));
}

void draw_subject(Ui& ui, AppModel& app) {
  const auto& slot = app.snapshot().trace;
  if (app.snapshot().trace_account.empty()) {
    notice_page(ui, Icon::kTrace, Tone::kInfo, ui.t(Text::kTraceStart), ui.t(Text::kTraceStartNext),
                "");
    return;
  }
  if (!begin_state(ui, app, slot.error, Text::kEmptyTrace, Text::kEmptyTraceNext)) return;
  const Badge verdict = trace_verdict(*slot.data, ui.lang());
  (void)notice_bar(ui, verdict.tone, verdict.word, "");
  const auto& rows = app.events.rows(events_of(slot.data), ui.lang());
  if (rows.empty()) return no_match(ui, app);
  TableSpec spec{.id = "events", .columns = kEventColumns};
  spec.height = ImGui::GetContentRegionAvail().y - ui.px(36);
  model_table(ui, app, app.events, rows, spec,
              [&](const TraceEvent& row, int column, ImVec2 a, ImVec2 b) {
                draw_event_cell(ui, app, row, column, a, b);
              });
  paragraph(ui, Face::kSmall, ui.colour().text_muted,
            row_count(ui, rows.size(), slot.data->events.size()), ui.px(400));
}

void draw_bar(Ui& ui, AppModel& app) {
  const int chosen = segmented(ui, "tab", {ui.t(Text::kTabFlows), ui.t(Text::kTabSubject)},
                               app.tab() == TraceTab::kFlows ? 0 : 1);
  app.set_tab(chosen == 0 ? TraceTab::kFlows : TraceTab::kSubject);
  std::string account = app.account_input;
  const bool good = normalise_account(account);
  const ButtonSpec go{.name = "trace",
                      .label = ui.t(Text::kTraceButton),
                      .kind = ButtonKind::kPrimary,
                      .enabled = good,
                      .why = ui.t(Text::kWhyBadAccount)};
  const float room = ImGui::GetContentRegionAvail().x;
  ImGui::SameLine(0, ui.px(16));
  const float left = room - ImGui::GetContentRegionAvail().x;
  const float width = std::min(ui.px(360), room - left - button_width(ui, go) - ui.px(8));
  const InputResult typed = text_input(ui,
                                       {.name = "account",
                                        .hint = ui.t(Text::kSubjectAccount),
                                        .icon = Icon::kSearch,
                                        .width = width},
                                       app.account_input);
  ImGui::SameLine(0, ui.px(8));
  if ((button(ui, go) || typed.entered) && good) (void)app.trace(app.account_input);
  gap(ui, 12);
}

}  // namespace

void draw_trace(Ui& ui, AppModel& app) {
  draw_bar(ui, app);
  if (app.tab() == TraceTab::kFlows) {
    draw_flows(ui, app);
  } else {
    draw_subject(ui, app);
  }
}

}  // namespace qc::console
