// The right side: the selected object in full, or the network.
#include "gui/console/model/summary.hpp"
#include "gui/console/ui/views.hpp"
#include "gui/console/ui/widgets.hpp"

namespace qc::console {
namespace {

void inspect_network(Ui& ui, AppModel& app) {
  const Snapshot& s = app.snapshot();
  const Lang lang = ui.lang();
  paragraph(ui, Face::kStrong, ui.colour().text, ui.t(Text::kNetwork),
            ImGui::GetContentRegionAvail().x);
  gap(ui, 12);
  hash_field(ui, ui.t(Text::kNetworkId), s.identity.chain, 28);
  hash_field(ui, ui.t(Text::kHostKey), s.identity.host_kid);
  status_field(ui, ui.t(Text::kHostKeyTrust),
               s.identity.host_key_pinned ? Badge{Tone::kOk, ui.t(Text::kHostKeyPinned)}
                                          : Badge{Tone::kInfo, ui.t(Text::kHostKeyLearned)});
  if (!s.overview.data) return;
  const Overview& o = *s.overview.data;
  field(ui, ui.t(Text::kVersion), o.health.version);
  field(ui, ui.t(Text::kRunningTime), duration(o.health.uptime_s, lang));
  section(ui, ui.t(Text::kTreeHead));
  badge(ui, o.head.verified ? Badge{Tone::kOk, ui.t(Text::kHeadVerified)}
                            : Badge{Tone::kBad, ui.t(Text::kHeadFailed)});
  gap(ui, 12);
  if (!o.head.verified) {
    field(ui, ui.t(Text::kReason), error_text(o.head.error_code, lang));
    return;
  }
  field(ui, ui.t(Text::kSize), grouped(o.head.size));
  field(ui, ui.t(Text::kTime), date_time(o.head.time_ms));
  hash_field(ui, ui.t(Text::kLogRoot), o.head.log_root);
  hash_field(ui, ui.t(Text::kSubjectRoot), o.head.subject_root);
}

void inspect_member(Ui& ui, AppModel& app, const Member& member) {
  const Lang lang = ui.lang();
  paragraph(ui, Face::kStrong, ui.colour().text, member_name(member, lang),
            ImGui::GetContentRegionAvail().x);
  badge(ui, member_badge(member.status, lang));
  section(ui, ui.t(Text::kIdentity));
  field(ui, ui.t(Text::kAccount), member.account);
  field(ui, ui.t(Text::kKind), member_kind(member.kind, lang));
  field(ui, ui.t(Text::kOtherName), lang == Lang::kZh ? member.name_en : member.name_zh);
  field(ui, ui.t(Text::kCode), member.code);
  field(ui, ui.t(Text::kUscc), member.uscc);
  field(ui, ui.t(Text::kContact), member.contact);
  section(ui, ui.t(Text::kKey));
  hash_field(ui, ui.t(Text::kKeyId), member.kid);
  if (button(ui, {.name = "copy.jwk",
                  .label = ui.t(Text::kCopyJwk),
                  .icon = Icon::kCopy,
                  .width = ImGui::GetContentRegionAvail().x})) {
    app.copy(member.jwk.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

void inspect_flow(Ui& ui, AppModel& app, const Flow& flow) {
  const Lang lang = ui.lang();
  const float width = ImGui::GetContentRegionAvail().x;
  paragraph(ui, Face::kStrong, ui.colour().text, operation(flow.op, lang), width);
  badge(ui, flow_badge(flow, lang));
  if (flow.outcome.find('.') != std::string::npos) {
    paragraph(ui, Face::kBody, tone_colour(ui.colour(), Tone::kBad), refusal(flow.outcome, lang),
              width);
  }
  gap(ui, 8);
  const bool has = !flow.subject.empty();
  if (button(ui, {.name = "trace-this",
                  .label = ui.t(Text::kTraceThis),
                  .icon = Icon::kTrace,
                  .kind = ButtonKind::kPrimary,
                  .enabled = has,
                  .why = ui.t(Text::kWhyNoSubject),
                  .width = width})) {
    (void)app.trace(flow.subject);
  }
  if (!has) paragraph(ui, Face::kSmall, ui.colour().text_muted, ui.t(Text::kWhyNoSubject), width);
  section(ui, ui.t(Text::kFlows));
  field(ui, ui.t(Text::kIndex), grouped(flow.index));
  field(ui, ui.t(Text::kTime), date_time(flow.time_ms));
  field(ui, ui.t(Text::kConsumer), app.names.name(flow.consumer, lang));
  field(ui, ui.t(Text::kProductLabel), app.names.thing(flow.product, lang));
  field(ui, ui.t(Text::kPurpose), flow.purpose);
  std::string items;
  for (const std::string& item : flow.items) {
    items += (items.empty() ? "" : "\n") + app.names.thing(item, lang);
  }
  field(ui, ui.t(Text::kItems), items);
  hash_field(ui, ui.t(Text::kGrant), flow.grant);
  hash_field(ui, ui.t(Text::kAccess), flow.access);
  hash_field(ui, ui.t(Text::kSubject), flow.subject);
}

void inspect_event(Ui& ui, AppModel& app, const TraceEvent& event) {
  const Lang lang = ui.lang();
  const float width = ImGui::GetContentRegionAvail().x;
  paragraph(ui, Face::kStrong, ui.colour().text, operation(event.op, lang), width);
  field(ui, date_time(event.time_ms), app.names.name(event.actor, lang));
  paragraph(ui, Face::kBody, ui.colour().text_muted, summary_text(event.summary, app.names, lang),
            width);
  section(ui, ui.t(Text::kReceipt));
  badge(ui, receipt_badge(event.check, lang));
  paragraph(
      ui, Face::kSmall, ui.colour().text_muted,
      event.check.verified ? ui.t(Text::kCheckDetail) : error_text(event.check.error_code, lang),
      width);
  gap(ui, 12);
  hash_field(ui, ui.t(Text::kTransaction), event.tx);
  field(ui, ui.t(Text::kIndex), grouped(event.index));
  if (event.check.verified) {
    field(ui, ui.t(Text::kTreeSize), grouped(event.check.tree_size));
    field(ui, ui.t(Text::kPathLength),
          fill(Text::kPathNodes, lang, {grouped(event.check.path_length)}));
    field(ui, ui.t(Text::kTreeHead), date_time(event.check.head_time_ms));
  }
  if (button(ui, {.name = "copy.receipt",
                  .label = ui.t(Text::kCopyReceipt),
                  .icon = Icon::kCopy,
                  .width = width})) {
    app.copy(receipt_file(event));
  }
  paragraph(ui, Face::kSmall, ui.colour().text_muted, ui.t(Text::kReceiptHint), width);
  const std::vector<SummaryLine> lines = summary_lines(event.summary, app.names, lang);
  if (lines.empty()) return;
  section(ui, ui.t(Text::kSummary));
  for (const SummaryLine& line : lines) {
    if (line.identifier) {
      hash_field(ui, line.label, line.value);
    } else {
      field(ui, line.label, line.value);
    }
  }
}

template <typename Row, typename Inspect>
void inspect_or_hint(Ui& ui, AppModel& app, const Row* row, Icon icon, Inspect inspect) {
  if (row == nullptr) {
    notice_page(ui, icon, Tone::kNeutral, "", ui.t(Text::kSelectHint), "");
    return;
  }
  inspect(ui, app, *row);
  gap(ui, 16);
}

}  // namespace

void draw_inspector(Ui& ui, AppModel& app) {
  switch (app.view()) {
    case View::kOverview:
      return inspect_network(ui, app);
    case View::kMembers:
      return inspect_or_hint(ui, app, app.members.selection(), Icon::kMembers, inspect_member);
    case View::kPlugins:
      return inspect_or_hint(ui, app, app.plugins.selection(), Icon::kPlugins, inspect_plugin);
    case View::kTrace:
      if (app.tab() == TraceTab::kSubject) {
        return inspect_or_hint(ui, app, app.events.selection(), Icon::kTrace, inspect_event);
      }
      return inspect_or_hint(ui, app, app.flows.selection(), Icon::kTrace, inspect_flow);
  }
}

}  // namespace qc::console
