// Health, size and recent flows at a glance.
#include "gui/console/ui/table.hpp"
#include "gui/console/ui/views.hpp"

namespace qc::console {
namespace {

struct Figure {
  const char* id;
  Text label;
  Icon icon;
  std::string value, hint;
  Tone tone = Tone::kNeutral;  ///< of the icon
};

void draw_figure(Ui& ui, const Figure& figure, ImVec2 size) {
  const Palette& p = ui.colour();
  begin_card(ui, figure.id, size);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float right = at.x + size.x - ui.px(32);
  draw_text_in(ui, at, {right - ui.px(28), at.y + ui.px(20)}, Face::kSmall, p.text_muted,
               ui.t(figure.label));
  const ImVec2 centre{right - ui.px(12), at.y + ui.px(12)};
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const Tone tone = figure.tone == Tone::kNeutral ? Tone::kInfo : figure.tone;
  list.AddRectFilled({centre.x - ui.px(14), centre.y - ui.px(14)},
                     {centre.x + ui.px(14), centre.y + ui.px(14)}, tone_soft(p, tone), ui.px(6));
  draw_icon(list, figure.icon, centre, ui.px(18), tone_colour(p, tone));
  draw_text_in(ui, {at.x, at.y + ui.px(24)}, {right, at.y + ui.px(58)}, Face::kTitle, p.text,
               figure.value);
  draw_text_in(ui, {at.x, at.y + ui.px(60)}, {right, at.y + ui.px(80)}, Face::kSmall, p.text_muted,
               figure.hint);
  end_card();
}

std::vector<Figure> figures(const Ui& ui, const Snapshot& s) {
  const Lang lang = ui.lang();
  std::vector<Figure> out;
  const Overview& o = *s.overview.data;
  const Badge health = health_badge(o.health.status, lang);
  out.push_back({"health", Text::kHealth, tone_icon(health.tone), health.word,
                 fill(Text::kUptime, lang, {duration(o.health.uptime_s, lang)}), health.tone});
  out.push_back({"size", Text::kLedgerSize, Icon::kLedger, grouped(o.health.size),
                 fill(Text::kLedgerSizeHint, lang, {grouped(o.head.size)})});
  if (s.flows.data) {
    out.push_back({"flows", Text::kFlows, Icon::kTrace, grouped(s.flows.data->size()),
                   fill(Text::kFlowsHint, lang, {grouped(refused(*s.flows.data))})});
  }
  if (s.members.data) {
    const auto active =
        static_cast<std::size_t>(std::count_if(s.members.data->begin(), s.members.data->end(),
                                               [](const Member& m) { return m.active(); }));
    const std::size_t suspended = s.members.data->size() - active;
    out.push_back({"members", Text::kMembersActive, Icon::kMembers, grouped(active),
                   suspended == 0 ? tr(Text::kMembersAllActive, lang)
                                  : fill(Text::kMembersSuspended, lang, {grouped(suspended)})});
  }
  if (o.statistics) {
    out.push_back({"grants", Text::kGrantsActive, Icon::kShield,
                   grouped(o.statistics->grants_active),
                   fill(Text::kGrantsHint, lang,
                        {grouped(o.statistics->subjects), grouped(o.statistics->grants_ended)})});
  }
  if (s.plugins.data) {
    std::uint64_t active = 0;
    std::uint64_t calls = 0;
    std::uint64_t errors = 0;
    for (const Plugin& plugin : *s.plugins.data) {
      active += plugin.state == "active" ? 1U : 0U;
      calls += plugin.calls;
      errors += plugin.errors;
    }
    const bool all = active == s.plugins.data->size();
    out.push_back({"plugins", Text::kPluginsActive, Icon::kPlugins,
                   grouped(active) + " / " + grouped(s.plugins.data->size()),
                   fill(Text::kPluginsHintCalls, lang, {grouped(calls), grouped(errors)}),
                   all ? Tone::kNeutral : Tone::kWarn});
  }
  return out;
}

void draw_figures(Ui& ui, const Snapshot& s) {
  const std::vector<Figure> all = figures(ui, s);
  const float width = ImGui::GetContentRegionAvail().x;
  const float spacing = ui.px(16);
  const int count = static_cast<int>(all.size());
  // As many in a row as have room, then evenly: never one alone in a second row.
  int columns = std::clamp(static_cast<int>((width + spacing) / (ui.px(168) + spacing)), 1, count);
  const int rows = (count + columns - 1) / columns;
  columns = (count + rows - 1) / rows;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(spacing, spacing));
  for (int i = 0; i < count; ++i) {
    const int in_row = std::min(columns, count - i / columns * columns);
    const float cell =
        std::floor((width - spacing * static_cast<float>(in_row - 1)) / static_cast<float>(in_row));
    if (i % columns != 0) ImGui::SameLine();
    draw_figure(ui, all[static_cast<std::size_t>(i)], {cell, ui.px(112)});
  }
  ImGui::PopStyleVar();
}

void draw_kinds(Ui& ui, AppModel& app, ImVec2 size) {
  const Palette& p = ui.colour();
  begin_card(ui, "kinds", size);
  card_title(ui, ui.t(Text::kMembersByKind));
  gap(ui, 12);
  const auto& members = app.snapshot().members.data;
  if (members) {
    std::size_t most = 1;
    const auto kinds = count_by_kind(*members);
    for (const auto& [kind, n] : kinds) most = std::max(most, n);
    const float width = ImGui::GetContentRegionAvail().x;
    for (const auto& [kind, n] : kinds) {
      const ImVec2 at = ImGui::GetCursorScreenPos();
      const float h = ui.px(20);
      draw_text_in(ui, at, {at.x + ui.px(88), at.y + h}, Face::kBody, p.text,
                   member_kind(kind, ui.lang()));
      const float left = at.x + ui.px(96);
      const float room = width - ui.px(96 + 36);
      const float share = static_cast<float>(n) / static_cast<float>(most);
      ImDrawList& list = *ImGui::GetWindowDrawList();
      list.AddRectFilled({left, at.y + ui.px(6)}, {left + room, at.y + ui.px(14)}, p.line_soft,
                         ui.px(4));
      list.AddRectFilled({left, at.y + ui.px(6)}, {left + room * share, at.y + ui.px(14)}, p.accent,
                         ui.px(4));
      draw_text_in(ui, at, {at.x + width, at.y + h}, Face::kBody, p.text, grouped(n),
                   Align::kRight);
      ImGui::Dummy({width, ui.px(24) - ImGui::GetStyle().ItemSpacing.y + ui.px(4)});
    }
  }
  end_card();
}

void draw_plugin_list(Ui& ui, AppModel& app, ImVec2 size) {
  const Palette& p = ui.colour();
  begin_card(ui, "plugin-list", size);
  card_title(ui, ui.t(Text::kPlugins));
  gap(ui, 12);
  const auto& plugins = app.snapshot().plugins.data;
  if (plugins && plugins->empty()) {
    paragraph(ui, Face::kBody, p.text_muted, ui.t(Text::kEmptyPlugins), size.x - ui.px(32));
  }
  if (plugins) {
    const float width = ImGui::GetContentRegionAvail().x;
    const float bottom = size.y - ui.px(40);
    for (const Plugin& plugin : *plugins) {
      if (ImGui::GetCursorPosY() > bottom) break;
      const ImVec2 at = ImGui::GetCursorScreenPos();
      const float h = ui.px(24);
      const Badge state = plugin_badge(plugin.state, ui.lang());
      const float badge = badge_width(ui, state);
      draw_text_in(ui, at, {at.x + width - badge - ui.px(8), at.y + h}, Face::kBody, p.text,
                   plugin_name(plugin, ui.lang()));
      draw_badge(ui, {at.x + width - badge, at.y}, state);
      ImGui::Dummy({width, h - ui.px(2)});
    }
  }
  end_card();
}

constexpr Column kRecent[] = {
    {.heading = Text::kTime, .width = 150},
    {.heading = Text::kEvent, .width = 120},
    {.heading = Text::kConsumer, .width = 1.4F, .stretch = true},
    {.heading = Text::kProductLabel, .width = 1, .stretch = true, .needs = 640},
    {.heading = Text::kOutcome, .width = 140},
};

void draw_recent(Ui& ui, AppModel& app) {
  const auto& flows = app.snapshot().flows.data;
  const Palette& p = ui.colour();
  const float width = ImGui::GetContentRegionAvail().x;
  const ImVec2 start = ImGui::GetCursorPos();
  paragraph(ui, Face::kStrong, p.text, ui.t(Text::kRecentFlows), width);
  const ButtonSpec all{
      .name = "see-all", .label = ui.t(Text::kSeeAll), .kind = ButtonKind::kQuiet, .height = 28};
  ImGui::SetCursorPos({start.x + width - button_width(ui, all) + ui.px(12), start.y - ui.px(4)});
  if (button(ui, all)) {
    app.set_tab(TraceTab::kFlows);
    app.go(View::kTrace);
  }
  if (!flows || flows->empty()) {
    paragraph(ui, Face::kBody, p.text_muted, ui.t(Text::kEmptyFlowsNext), width);
    return;
  }
  const int count = std::min(8, static_cast<int>(flows->size()));
  const auto row_at = [&](int row) -> const Flow& {
    return (*flows)[flows->size() - 1 - static_cast<std::size_t>(row)];
  };
  TableSpec spec{.id = "recent", .columns = kRecent, .rows = count};
  spec.height = ui.px(36) * static_cast<float>(count + 1) + 4;
  const TableEvents events = draw_table(ui, spec, [&](int row, int column, ImVec2 a, ImVec2 b) {
    const Flow& flow = row_at(row);
    if (column == 0) cell_text(ui, a, b, date_time(flow.time_ms), false, true);
    if (column == 1) cell_text(ui, a, b, operation(flow.op, ui.lang()));
    if (column == 2) cell_text(ui, a, b, app.names.name(flow.consumer, ui.lang()));
    if (column == 3) cell_text(ui, a, b, app.names.thing(flow.product, ui.lang()), false, true);
    if (column == 4) draw_status(ui, a, b, flow_badge(flow, ui.lang()));
  });
  if (events.clicked >= 0) {
    const std::string key = app.flows.key(row_at(events.clicked));
    app.set_tab(TraceTab::kFlows);
    app.go(View::kTrace);
    (void)app.select(key);
  }
}

}  // namespace

void draw_overview(Ui& ui, AppModel& app) {
  const Snapshot& s = app.snapshot();
  if (!begin_state(ui, app, s.overview.error, Text::kEmptyFlows, Text::kEmptyFlowsNext)) return;
  draw_figures(ui, s);
  const float width = ImGui::GetContentRegionAvail().x;
  const float spacing = ui.px(16);
  const std::size_t lines =
      std::max<std::size_t>(s.members.data ? count_by_kind(*s.members.data).size() : 0,
                            s.plugins.data ? s.plugins.data->size() : 0);
  const float height = ui.px(16 + 20 + 12 + 16) +
                       ui.px(30) * static_cast<float>(std::clamp<std::size_t>(lines, 3, 7));
  const float half = std::floor((width - spacing) / 2);
  draw_kinds(ui, app, {half, height});
  ImGui::SameLine(0, spacing);
  draw_plugin_list(ui, app, {width - spacing - half, height});
  gap(ui, 12);
  draw_recent(ui, app);
  gap(ui, 24);
}

}  // namespace qc::console
