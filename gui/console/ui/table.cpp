#include "gui/console/ui/table.hpp"

#include <imgui_internal.h>

namespace qc::console {
namespace {

constexpr float kRowHeight = 36;
constexpr float kHeadHeight = 36;

void sort_mark(const Ui& ui, ImVec2 centre, bool ascending) {
  const float d = ui.px(4);
  const float h = ascending ? -d * 0.6F : d * 0.6F;
  ImGui::GetWindowDrawList()->AddTriangleFilled({centre.x - d, centre.y - h},
                                                {centre.x + d, centre.y - h},
                                                {centre.x, centre.y + h}, ui.colour().accent);
}

void draw_headings(Ui& ui, const TableSpec& spec, TableEvents& events) {
  ImGui::TableNextRow(ImGuiTableRowFlags_Headers, ui.px(kHeadHeight));
  for (int i = 0; i < static_cast<int>(spec.columns.size()); ++i) {
    if (!ImGui::TableSetColumnIndex(i)) continue;
    const Column& column = spec.columns[static_cast<std::size_t>(i)];
    const std::string_view label = column.sign.empty() ? ui.t(column.heading) : column.sign;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    const ImVec2 end{at.x + width, at.y + ui.px(kHeadHeight)};
    bool hovered = false;
    if (spec.sort_column >= 0 && width > 1) {
      ImGui::PushID(i);
      if (ImGui::InvisibleButton("##head", {width, ui.px(kHeadHeight)})) events.sort_column = i;
      hovered = ImGui::IsItemHovered();
      ui.hotspot(std::string(spec.id) + ".head." + std::to_string(i), at, end, true);
      ImGui::PopID();
    }
    const bool sorted = spec.sort_column == i;
    const ImU32 ink = sorted || hovered ? ui.colour().text : ui.colour().text_muted;
    const float room = sorted ? ui.px(14) : 0;
    draw_text_in(ui, at, {end.x - room, end.y}, Face::kSmall, ink, label,
                 column.right ? Align::kRight : Align::kLeft);
    if (!sorted) continue;
    const float text = std::min(text_width(ui, Face::kSmall, label), width - room);
    const float x = column.right ? end.x - ui.px(5) : at.x + text + ui.px(9);
    sort_mark(ui, {x, (at.y + end.y) / 2}, spec.ascending);
  }
}

void row_menu(Ui& ui, int row, TableEvents& events) {
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(8), ui.px(8)));
  if (ImGui::BeginPopupContextItem("##menu")) {
    if (ImGui::Selectable(ui.t(Text::kCopyRow), false, 0, {ui.px(176), 0})) {
      events.clicked = row;
      events.copy_row = true;
    }
    if (ImGui::Selectable(ui.t(Text::kCopyTable), false, 0, {ui.px(176), 0})) {
      events.copy_table = true;
    }
    ImGui::EndPopup();
  }
  ImGui::PopStyleVar();
}

void draw_row(Ui& ui, const TableSpec& spec, int row, const DrawCell& draw, TableEvents& events) {
  ImGui::TableNextRow(ImGuiTableRowFlags_None, ui.px(kRowHeight));
  ImGui::TableSetColumnIndex(0);
  const float y = ImGui::GetCursorScreenPos().y;
  ImGui::PushID(row);
  const ImVec2 start = ImGui::GetCursorPos();
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), 0));
  if (ImGui::Selectable("##row", row == spec.selected,
                        ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowItemOverlap,
                        {0, ui.px(kRowHeight)})) {
    events.clicked = row;
  }
  ImGui::PopStyleVar();
  ui.hotspot(std::string(spec.id) + "." + std::to_string(row), ImGui::GetItemRectMin(),
             ImGui::GetItemRectMax(), true);
  row_menu(ui, row, events);
  ImGui::PopID();
  ImGui::SetCursorPos(start);
  for (int i = 0; i < static_cast<int>(spec.columns.size()); ++i) {
    if (!ImGui::TableSetColumnIndex(i)) continue;
    const float x = ImGui::GetCursorScreenPos().x;
    const float width = ImGui::GetContentRegionAvail().x;
    draw(row, i, {x, y}, {x + width, y + ui.px(kRowHeight)});
  }
}

void reveal_row(const Ui& ui, int row) {
  const float top = static_cast<float>(row) * ui.px(kRowHeight);
  const float seen = ImGui::GetWindowHeight() - ui.px(kHeadHeight) - ui.px(kRowHeight);
  const float scroll = ImGui::GetScrollY();
  if (top < scroll) ImGui::SetScrollY(top);
  if (top > scroll + seen) ImGui::SetScrollY(top - seen);
}

}  // namespace

TableEvents draw_table(Ui& ui, const TableSpec& spec, const DrawCell& draw) {
  TableEvents events;
  const Palette& p = ui.colour();
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float wanted = ui.px(kHeadHeight) + static_cast<float>(spec.rows) * ui.px(kRowHeight) + 2;
  const float height =
      std::max(ui.px(80), std::min(spec.height > 0 ? spec.height : room.y, wanted));
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(at, {at.x + room.x, at.y + height}, p.surface, ui.px(8));
  list.AddRectFilled(at, {at.x + room.x, at.y + ui.px(kHeadHeight)}, p.sunken, ui.px(8),
                     ImDrawFlags_RoundCornersTop);
  constexpr ImGuiTableFlags kFlags =
      ImGuiTableFlags_Resizable | ImGuiTableFlags_ScrollY | ImGuiTableFlags_NoSavedSettings |
      ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_BordersInnerH | ImGuiTableFlags_PadOuterX |
      ImGuiTableFlags_NoBordersInBody;
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(8), 0));
  ImGui::PushStyleColor(ImGuiCol_TableBorderStrong, p.line_soft);
  ImGui::PushStyleColor(ImGuiCol_TableHeaderBg, IM_COL32_BLACK_TRANS);
  const float units = room.x / ui.scale();
  if (ImGui::BeginTable(spec.id, static_cast<int>(spec.columns.size()), kFlags, {room.x, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    for (const Column& column : spec.columns) {
      ImGuiTableColumnFlags flags =
          column.stretch ? ImGuiTableColumnFlags_WidthStretch : ImGuiTableColumnFlags_WidthFixed;
      if (units < column.needs) flags |= ImGuiTableColumnFlags_Disabled;
      ImGui::TableSetupColumn("", flags, column.stretch ? column.width : ui.px(column.width));
    }
    draw_headings(ui, spec, events);
    ImGuiListClipper clipper;
    clipper.Begin(spec.rows, ui.px(kRowHeight));
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        draw_row(ui, spec, row, draw, events);
      }
    }
    if (spec.reveal && spec.selected >= 0) reveal_row(ui, spec.selected);
    ImGui::EndTable();
  }
  ImGui::PopStyleColor(2);
  ImGui::PopStyleVar();
  list.AddRect(at, {at.x + room.x, at.y + height}, p.line, ui.px(8));
  return events;
}

void cell_text(const Ui& ui, ImVec2 min, ImVec2 max, std::string_view text, bool right,
               bool muted) {
  const bool none = text.empty();
  draw_text_in(ui, min, max, Face::kBody, muted || none ? ui.colour().text_muted : ui.colour().text,
               none ? "–" : text, right ? Align::kRight : Align::kLeft);
}

void cell_hash(const Ui& ui, ImVec2 min, ImVec2 max, std::string_view value) {
  draw_text_in(ui, min, max, Face::kMono, ui.colour().text_muted,
               value.empty() ? "–" : shortened(value));
}

}  // namespace qc::console
