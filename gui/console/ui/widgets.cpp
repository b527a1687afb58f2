// Buttons, inputs, choices and the inspector's fields.
#include "gui/console/ui/widgets.hpp"

#include <imgui_internal.h>
#include <imgui_stdlib.h>

namespace qc::console {
namespace {

struct Look {
  ImU32 ground, line, ink;
};

Look look_of(const Palette& p, const ButtonSpec& spec, bool hovered, bool held) {
  if (!spec.enabled) {
    const bool quiet = spec.kind == ButtonKind::kQuiet;
    return {quiet ? 0 : p.sunken, quiet ? 0 : p.line_soft, p.text_faint};
  }
  const ImU32 bad = tone_colour(p, Tone::kBad);
  switch (spec.kind) {
    case ButtonKind::kPrimary:
      return {hovered || held ? p.accent_hover : p.accent, 0, p.on_accent};
    case ButtonKind::kDanger:
      return {hovered || held ? faded(bad, 0.88F) : bad, 0, p.surface};
    case ButtonKind::kSecondary:
      return {hovered || held ? p.hover : p.surface, p.line, p.text};
    case ButtonKind::kQuiet:
      return {hovered || held ? p.hover : 0, 0, hovered ? p.text : p.text_muted};
  }
  return {};
}

}  // namespace

void focus_ring(const Ui& ui, ImVec2 min, ImVec2 max, float rounding) {
  const float d = ui.px(2);
  ImGui::GetWindowDrawList()->AddRect({min.x - d, min.y - d}, {max.x + d, max.y + d},
                                      ui.colour().accent, rounding + d, 0, ui.px(2));
}

Hit hit_box(Ui& ui, std::string_view name, ImVec2 size, bool enabled) {
  Hit hit;
  ImGui::PushID(name.data(), name.data() + name.size());
  const bool clicked = ImGui::InvisibleButton("##hit", size);
  const ImGuiID id = ImGui::GetItemID();
  ImGui::PopID();
  hit.min = ImGui::GetItemRectMin();
  hit.max = ImGui::GetItemRectMax();
  hit.hovered = ImGui::IsItemHovered() && enabled;
  hit.held = ImGui::IsItemActive() && enabled;
  hit.focused = ui.focusable(id, enabled);
  hit.pressed = enabled && (clicked || (hit.focused && ui.activate_pressed()));
  if (hit.focused && ui.just_focused(id)) ImGui::SetScrollHereY();
  ui.hotspot(name, hit.min, hit.max, enabled);
  return hit;
}

float button_width(const Ui& ui, const ButtonSpec& spec) {
  if (spec.width > 0) return spec.width;
  float width = text_width(ui, Face::kBody, spec.label) + ui.px(28);
  if (spec.icon != Icon::kNone) width += ui.px(24);
  return width;
}

bool button(Ui& ui, const ButtonSpec& spec) {
  const ImVec2 size{button_width(ui, spec), ui.px(spec.height)};
  const Hit hit = hit_box(ui, spec.name, size, spec.enabled);
  const Look look = look_of(ui.colour(), spec, hit.hovered, hit.held);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(hit.min, hit.max, look.ground, ui.px(6));
  if (look.line != 0) list.AddRect(hit.min, hit.max, look.line, ui.px(6));
  if (hit.focused) focus_ring(ui, hit.min, hit.max, ui.px(6));
  const bool with_icon = spec.icon != Icon::kNone;
  const float icon = with_icon ? ui.px(24) : 0;
  const float text = text_width(ui, Face::kBody, spec.label);
  const float left = hit.min.x + std::max(ui.px(8), (size.x - text - icon) / 2);
  if (with_icon) {
    draw_icon(list, spec.icon, {left + ui.px(8), (hit.min.y + hit.max.y) / 2}, ui.px(17), look.ink);
  }
  draw_text_in(ui, {left + icon, hit.min.y}, {hit.max.x - ui.px(6), hit.max.y}, Face::kBody,
               look.ink, spec.label);
  if (!spec.enabled) {
    tooltip(ui, spec.why);
  } else if (!spec.shortcut.empty()) {
    tooltip(ui, spec.shortcut);
  }
  return hit.pressed;
}

bool icon_button(Ui& ui, std::string_view name, Icon icon, std::string_view label, float size) {
  const Hit hit = hit_box(ui, name, {ui.px(size), ui.px(size)}, true);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  if (hit.hovered) list.AddRectFilled(hit.min, hit.max, ui.colour().hover, ui.px(6));
  if (hit.focused) focus_ring(ui, hit.min, hit.max, ui.px(6));
  draw_icon(list, icon, {(hit.min.x + hit.max.x) / 2, (hit.min.y + hit.max.y) / 2},
            ui.px(size > 30 ? 19 : 15), hit.hovered ? ui.colour().text : ui.colour().text_muted);
  tooltip(ui, label);
  return hit.pressed;
}

InputResult text_input(Ui& ui, const InputSpec& spec, std::string& text) {
  const Palette& p = ui.colour();
  ImGui::PushID(spec.name.data(), spec.name.data() + spec.name.size());
  const float icon = spec.icon == Icon::kNone ? 0 : ui.px(22);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ui.px(12) + icon, ui.px(8)));
  ImGui::PushStyleColor(ImGuiCol_Text, spec.enabled ? p.text : p.text_faint);
  ImGui::PushStyleColor(ImGuiCol_FrameBg, spec.enabled ? p.surface : p.sunken);
  ImGui::SetNextItemWidth(spec.width);
  // The Tab key is ours: it goes over buttons too.
  ImGui::PushAllowKeyboardFocus(false);
  ImGuiInputTextFlags flags = ImGuiInputTextFlags_EnterReturnsTrue;
  if (spec.password) flags |= ImGuiInputTextFlags_Password;
  if (!spec.enabled) flags |= ImGuiInputTextFlags_ReadOnly;
  const ImGuiID id = ImGui::GetID("##text");
  const bool focused = ui.focusable(id, spec.enabled);
  if (spec.take_focus || (focused && ui.just_focused(id))) {
    ImGui::SetKeyboardFocusHere();
    ui.focus(id);
  }
  const std::string before = text;
  const std::string hint(spec.hint);
  InputResult result;
  result.entered = ImGui::InputTextWithHint("##text", hint.c_str(), &text, flags);
  result.active = ImGui::IsItemActive();
  result.changed = text != before;
  if (result.active && ImGui::IsMouseClicked(0)) ui.focus(id);
  ImGui::PopAllowKeyboardFocus();
  ImGui::PopStyleColor(2);
  ImGui::PopStyleVar();
  const ImVec2 min = ImGui::GetItemRectMin();
  const ImVec2 max = ImGui::GetItemRectMax();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  if (spec.icon != Icon::kNone) {
    draw_icon(list, spec.icon, {min.x + ui.px(20), (min.y + max.y) / 2}, ui.px(16), p.text_muted);
  }
  if (result.active) list.AddRect(min, max, p.accent, ui.px(6), 0, ui.px(1.5F));
  ui.hotspot(spec.name, min, max, spec.enabled);
  if (result.changed && !spec.password) ui.need(text);
  ImGui::PopID();
  return result;
}

int segmented(Ui& ui, std::string_view name, std::initializer_list<std::string_view> labels,
              int chosen) {
  const Palette& p = ui.colour();
  float total = ui.px(8);
  for (const std::string_view label : labels) {
    total += text_width(ui, Face::kBody, label) + ui.px(32);
  }
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 start = ImGui::GetCursorPos();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(at, {at.x + total, at.y + ui.px(36)}, p.line_soft, ui.px(6));
  float x = ui.px(4);
  int index = 0;
  for (const std::string_view label : labels) {
    const float width = text_width(ui, Face::kBody, label) + ui.px(32);
    ImGui::SetCursorPos({start.x + x, start.y + ui.px(4)});
    const Hit hit =
        hit_box(ui, std::string(name) + "." + std::to_string(index), {width, ui.px(28)}, true);
    if (index == chosen) {
      list.AddRectFilled(hit.min, hit.max, p.surface, ui.px(5));
      list.AddRect(hit.min, hit.max, p.line, ui.px(5));
    }
    if (hit.focused) focus_ring(ui, hit.min, hit.max, ui.px(5));
    const ImU32 ink = index == chosen || hit.hovered ? p.text : p.text_muted;
    draw_text_in(ui, hit.min, hit.max, Face::kBody, ink, label, Align::kCentre);
    if (hit.pressed) chosen = index;
    x += width;
    ++index;
  }
  ImGui::SetCursorPos(start);
  ImGui::Dummy({total, ui.px(36)});
  return chosen;
}

void section(const Ui& ui, std::string_view title) {
  gap(ui, 16);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddLine(at, {at.x + ImGui::GetContentRegionAvail().x, at.y},
                                      ui.colour().line_soft);
  gap(ui, 12);
  paragraph(ui, Face::kStrong, ui.colour().text, title, ImGui::GetContentRegionAvail().x);
}

void field(Ui& ui, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(1)));
  paragraph(ui, Face::kSmall, ui.colour().text_muted, label, width);
  paragraph(ui, Face::kBody, ui.colour().text, value, width);
  ImGui::PopStyleVar();
  gap(ui, 8);
}

void hash_field(Ui& ui, std::string_view label, const std::string& value, std::size_t limit) {
  if (value.empty()) return;
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(1)));
  paragraph(ui, Face::kSmall, ui.colour().text_muted, label, width);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 start = ImGui::GetCursorPos();
  const float height = ui.px(24);
  draw_text_in(ui, at, {at.x + width - ui.px(32), at.y + height}, Face::kMono, ui.colour().text,
               shortened(value, limit));
  ImGui::Dummy({width - ui.px(32), height});
  tooltip(ui, value);
  const std::string name = "copy." + std::string(label);
  ImGui::SetCursorPos({start.x + width - ui.px(24), start.y});
  const ImGuiID id = ImGui::GetID(name.c_str());
  const bool copied = ui.recently_copied(id);
  if (icon_button(ui, name, copied ? Icon::kCheck : Icon::kCopy,
                  ui.t(copied ? Text::kCopied : Text::kCopy), 24)) {
    ImGui::SetClipboardText(value.c_str());
    ui.mark_copied(id);
  }
  ImGui::SetCursorPos({start.x, start.y + height});
  ImGui::PopStyleVar();
  gap(ui, 8);
}

void status_field(Ui& ui, std::string_view label, const Badge& status) {
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(3)));
  paragraph(ui, Face::kSmall, ui.colour().text_muted, label, ImGui::GetContentRegionAvail().x);
  badge(ui, status);
  ImGui::PopStyleVar();
  gap(ui, 8);
}

}  // namespace qc::console
