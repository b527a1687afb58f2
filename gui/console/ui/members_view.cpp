// Who takes part, filtered by kind and text.
#include "gui/console/ui/table.hpp"
#include "gui/console/ui/views.hpp"

namespace qc::console {
namespace {

constexpr Column kMemberColumns[] = {
    {.heading = Text::kName, .width = 1.6F, .stretch = true},
    {.heading = Text::kAccount, .width = 120},
    {.heading = Text::kKind, .width = 104},
    {.heading = Text::kCode, .width = 72, .needs = 640},
    {.heading = Text::kUscc, .width = 176, .needs = 880},
    {.heading = Text::kContact, .width = 1, .stretch = true, .needs = 760},
    {.heading = Text::kStatus, .width = 112},
};

/// One choice of kind. True when pressed.
bool kind_chip(Ui& ui, const std::string& name, const std::string& label, bool chosen) {
  const Palette& p = ui.colour();
  const float width = text_width(ui, Face::kSmall, label) + ui.px(24);
  const Hit hit = hit_box(ui, name, {width, ui.px(28)}, true);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(hit.min, hit.max,
                     chosen        ? p.selected
                     : hit.hovered ? p.hover
                                   : p.surface,
                     ui.px(14));
  list.AddRect(hit.min, hit.max, chosen ? p.accent : p.line, ui.px(14));
  if (hit.focused) focus_ring(ui, hit.min, hit.max, ui.px(14));
  draw_text_in(ui, hit.min, hit.max, Face::kSmall, chosen ? p.accent : p.text_muted, label,
               Align::kCentre);
  return hit.pressed;
}

void draw_kinds(Ui& ui, AppModel& app) {
  const auto& members = *app.snapshot().members.data;
  const float width = ImGui::GetContentRegionAvail().x;
  const float left = ImGui::GetCursorPosX();
  const auto chip = [&](const std::string& kind, const std::string& label) {
    if (kind_chip(ui, "kind." + (kind.empty() ? "all" : kind), label, app.members.kind() == kind)) {
      app.members.set_kind(kind);
    }
  };
  chip("", std::string(ui.t(Text::kFilterAll)) + "  " + grouped(members.size()));
  for (const auto& [kind, n] : count_by_kind(members)) {
    const std::string label = member_kind(kind, ui.lang()) + "  " + grouped(n);
    ImGui::SameLine(0, ui.px(8));
    if (ImGui::GetCursorPosX() - left + text_width(ui, Face::kSmall, label) + ui.px(24) > width) {
      ImGui::NewLine();
    }
    chip(kind, label);
  }
  gap(ui, 12);
}

void draw_cell(const Ui& ui, const MembersModel& model, const Member& row, int column, ImVec2 a,
               ImVec2 b) {
  switch (column) {
    case MembersModel::kName:
      return cell_text(ui, a, b, member_name(row, ui.lang()));
    case MembersModel::kStatus:
      return draw_status(ui, a, b, member_badge(row.status, ui.lang()));
    default:
      return cell_text(ui, a, b, model.cells(row, ui.lang()).at(static_cast<std::size_t>(column)),
                       false, column != MembersModel::kAccount && column != MembersModel::kKind);
  }
}

}  // namespace

void draw_members(Ui& ui, AppModel& app) {
  const auto& slot = app.snapshot().members;
  if (!begin_state(ui, app, slot.error, Text::kEmptyMembers, Text::kEmptyMembersNext)) return;
  draw_kinds(ui, app);
  const auto& rows = app.members.rows(slot.data, ui.lang());
  if (rows.empty()) return no_match(ui, app);
  TableSpec spec{.id = "members", .columns = kMemberColumns};
  spec.height = ImGui::GetContentRegionAvail().y - ui.px(36);
  model_table(ui, app, app.members, rows, spec,
              [&](const Member& row, int column, ImVec2 a, ImVec2 b) {
                draw_cell(ui, app.members, row, column, a, b);
              });
  paragraph(ui, Face::kSmall, ui.colour().text_muted, row_count(ui, rows.size(), slot.data->size()),
            ui.px(400));
}

}  // namespace qc::console
