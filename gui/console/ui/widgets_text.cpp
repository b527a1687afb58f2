// Text, badges, cards and notices.
#include <cmath>
#include <numbers>

#include <imgui_internal.h>

#include "gui/console/ui/widgets.hpp"

namespace qc::console {
namespace {

constexpr float kHalfTurn = std::numbers::pi_v<float>;

bool chinese(unsigned c) { return c >= 0x2E80 && c < 0xFFF0; }

bool one_of(unsigned c, std::u32string_view set) {
  return set.find(static_cast<char32_t>(c)) != std::u32string_view::npos;
}

bool may_break(unsigned before, unsigned after) {
  if (one_of(after, U"，。；：？！、”’）》】…·,.;:?!)]%")) return false;
  if (one_of(before, U"“‘（《【([")) return false;
  return before == ' ' || (chinese(before) && after != ' ') || (chinese(after) && before != ' ') ||
         before == U'—';
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return line;
}

}  // namespace

float text_width(const Ui& ui, Face face, std::string_view text) {
  const ImFont* font = ui.font(face);
  return std::ceil(
      font->CalcTextSizeA(font->FontSize, FLT_MAX, 0, text.data(), text.data() + text.size()).x);
}

float line_height(const Ui& ui, Face face) { return ui.font(face)->FontSize; }

void draw_text(const Ui& ui, ImVec2 at, Face face, ImU32 colour, std::string_view text) {
  const ImFont* font = ui.font(face);
  ImGui::GetWindowDrawList()->AddText(font, font->FontSize, {std::round(at.x), std::round(at.y)},
                                      colour, text.data(), text.data() + text.size());
}

bool draw_text_in(const Ui& ui, ImVec2 min, ImVec2 max, Face face, ImU32 colour,
                  std::string_view text, Align align) {
  const ImFont* font = ui.font(face);
  const float room = max.x - min.x;
  const float y = min.y + (max.y - min.y - font->FontSize) / 2;
  const float width = text_width(ui, face, text);
  if (width <= room + 1) {
    float x = min.x;
    if (align == Align::kRight) x = max.x - width;
    if (align == Align::kCentre) x = min.x + (room - width) / 2;
    draw_text(ui, {x, y}, face, colour, text);
    return false;
  }
  constexpr std::string_view kDots = "…";
  const float dots = text_width(ui, face, kDots);
  if (room < dots) return true;
  const char* rest = nullptr;
  const ImVec2 kept = font->CalcTextSizeA(font->FontSize, room - dots, 0, text.data(),
                                          text.data() + text.size(), &rest);
  std::string_view shown = text.substr(0, static_cast<std::size_t>(rest - text.data()));
  float end = kept.x;
  // "abc……" reads as a stutter when the cut falls on dots or a space.
  while (shown.ends_with(kDots) || shown.ends_with(' ')) {
    shown.remove_suffix(shown.ends_with(' ') ? 1 : kDots.size());
    end = text_width(ui, face, shown);
  }
  draw_text(ui, {min.x, y}, face, colour, shown);
  draw_text(ui, {min.x + end, y}, face, colour, kDots);
  return true;
}

std::vector<std::string_view> wrapped(const Ui& ui, Face face, std::string_view text, float width) {
  const ImFont* font = ui.font(face);
  std::vector<std::string_view> lines;
  std::size_t start = 0;  // of the line
  std::size_t good = 0;   // last place where the line may end
  float x = 0;
  unsigned previous = 0;
  for (std::size_t at = 0; at < text.size();) {
    unsigned c = 0;
    const int bytes = ImTextCharFromUtf8(&c, text.data() + at, text.data() + text.size());
    if (c == '\n') {
      lines.push_back(text.substr(start, at - start));
      start = good = at + 1;
      x = 0;
    } else {
      if (at > start && may_break(previous, c)) good = at;
      const float advance = font->GetCharAdvance(static_cast<ImWchar>(c));
      if (x + advance > width && at > start && c != ' ') {
        const std::size_t end = good > start ? good : at;
        lines.push_back(trimmed(text.substr(start, end - start)));
        start = good = end;
        const char* from = text.data() + start;
        x = at > start ? font->CalcTextSizeA(font->FontSize, FLT_MAX, 0, from, text.data() + at).x
                       : 0;
      }
      x += advance;
    }
    previous = c;
    at += static_cast<std::size_t>(std::max(1, bytes));
  }
  lines.push_back(trimmed(text.substr(start)));
  return lines;
}

float paragraph_height(const Ui& ui, Face face, std::string_view text, float width) {
  return static_cast<float>(wrapped(ui, face, text, width).size()) * line_height(ui, face);
}

void paragraph(const Ui& ui, Face face, ImU32 colour, std::string_view text, float width) {
  ImVec2 at = ImGui::GetCursorScreenPos();
  const std::vector<std::string_view> lines = wrapped(ui, face, text, width);
  const float height = line_height(ui, face);
  float widest = 0;
  for (const std::string_view line : lines) {
    draw_text(ui, at, face, colour, line);
    widest = std::max(widest, text_width(ui, face, line));
    at.y += height;
  }
  ImGui::Dummy({widest, height * static_cast<float>(lines.size())});
}

void tooltip(const Ui& ui, std::string_view text) {
  if (text.empty() || !ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) return;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(12), ui.px(8)));
  ImGui::PushFont(ui.font(Face::kSmall));
  ImGui::BeginTooltip();
  paragraph(ui, Face::kSmall, ui.colour().text, text, ui.px(360));
  ImGui::EndTooltip();
  ImGui::PopFont();
  ImGui::PopStyleVar();
}

float badge_height(const Ui& ui) { return line_height(ui, Face::kSmall) + ui.px(6); }

float badge_width(const Ui& ui, const Badge& badge) {
  return text_width(ui, Face::kSmall, badge.word) + ui.px(8 + 14 + 4 + 10);
}

float draw_badge(const Ui& ui, ImVec2 at, const Badge& badge) {
  const float width = badge_width(ui, badge);
  const float height = badge_height(ui);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImU32 ink = tone_colour(ui.colour(), badge.tone);
  list.AddRectFilled(at, {at.x + width, at.y + height}, tone_soft(ui.colour(), badge.tone),
                     height / 2);
  draw_icon(list, tone_icon(badge.tone), {at.x + ui.px(8 + 7), at.y + height / 2}, ui.px(14), ink);
  draw_text_in(ui, {at.x + ui.px(26), at.y}, {at.x + width, at.y + height}, Face::kSmall, ink,
               badge.word);
  return width;
}

void draw_status(const Ui& ui, ImVec2 min, ImVec2 max, const Badge& badge) {
  const ImU32 ink = tone_colour(ui.colour(), badge.tone);
  draw_icon(*ImGui::GetWindowDrawList(), tone_icon(badge.tone),
            {min.x + ui.px(7), (min.y + max.y) / 2}, ui.px(15), ink);
  draw_text_in(ui, {min.x + ui.px(20), min.y}, max, Face::kBody, ink, badge.word);
}

void badge(const Ui& ui, const Badge& badge) {
  const float width = draw_badge(ui, ImGui::GetCursorScreenPos(), badge);
  ImGui::Dummy({width, badge_height(ui)});
}

bool begin_card(const Ui& ui, const char* id, ImVec2 size, float padding) {
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui.colour().surface);
  ImGui::PushStyleVar(ImGuiStyleVar_ChildRounding, ui.px(8));
  ImGui::PushStyleVar(ImGuiStyleVar_ChildBorderSize, 1);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(padding), ui.px(padding)));
  const bool open = ImGui::BeginChild(
      id, size, true, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar(3);
  ImGui::PopStyleColor();
  return open;
}

void end_card() { ImGui::EndChild(); }

void card_title(const Ui& ui, std::string_view text) {
  paragraph(ui, Face::kStrong, ui.colour().text, text, ImGui::GetContentRegionAvail().x);
}

void spinner(Ui& ui, ImVec2 centre, float radius) {
  ui.animate();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const auto turn = static_cast<float>(std::fmod(ui.now() * 1.1, 1.0)) * 2 * kHalfTurn;
  list.PathArcTo(centre, radius, 0, 2 * kHalfTurn, 32);
  list.PathStroke(ui.colour().line, ImDrawFlags_None, ui.px(2.5F));
  list.PathArcTo(centre, radius, turn, turn + kHalfTurn * 0.6F, 24);
  list.PathStroke(ui.colour().accent, ImDrawFlags_None, ui.px(2.5F));
}

void loading_page(Ui& ui) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const ImVec2 centre{at.x + room.x / 2, at.y + room.y * 0.42F};
  spinner(ui, centre, ui.px(14));
  draw_text_in(ui, {at.x, centre.y + ui.px(28)}, {at.x + room.x, centre.y + ui.px(52)}, Face::kBody,
               ui.colour().text_muted, ui.t(Text::kLoading), Align::kCentre);
  ImGui::Dummy(room);
}

bool notice_page(Ui& ui, Icon icon, Tone tone, std::string_view title, std::string_view next,
                 std::string_view action) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 start = ImGui::GetCursorPos();
  const ImVec2 room = ImGui::GetContentRegionAvail();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float width = std::min(room.x - ui.px(32), ui.px(480));
  const ImVec2 centre{at.x + room.x / 2, at.y + std::max(ui.px(40), room.y * 0.28F)};
  list.AddCircleFilled(centre, ui.px(28), tone_soft(ui.colour(), tone));
  draw_icon(list, icon, centre, ui.px(28), tone_colour(ui.colour(), tone));
  const float top = centre.y - at.y + ui.px(title.empty() ? 12 : 44);
  if (!title.empty()) {
    draw_text_in(ui, {at.x, at.y + top}, {at.x + room.x, at.y + top + ui.px(24)}, Face::kStrong,
                 ui.colour().text, title, Align::kCentre);
  }
  // The paragraph is centred when it fits on one line, otherwise set left within a column.
  const float line = std::min(width, text_width(ui, Face::kBody, next));
  ImGui::SetCursorPos({start.x + (room.x - line) / 2, start.y + top + ui.px(32)});
  paragraph(ui, Face::kBody, ui.colour().text_muted, next, line + 1);
  if (action.empty()) return false;
  const ButtonSpec spec{.name = "next", .label = action, .kind = ButtonKind::kPrimary};
  ImGui::SetCursorPosX(start.x + (room.x - button_width(ui, spec)) / 2);
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ui.px(12));
  return button(ui, spec);
}

bool notice_bar(Ui& ui, Tone tone, std::string_view text, std::string_view action) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 start = ImGui::GetCursorPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float height = ui.px(40);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(at, {at.x + width, at.y + height}, tone_soft(ui.colour(), tone), ui.px(6));
  draw_icon(list, tone == Tone::kOk ? Icon::kShield : Icon::kWarning,
            {at.x + ui.px(20), at.y + height / 2}, ui.px(18), tone_colour(ui.colour(), tone));
  float right = at.x + width - ui.px(12);
  bool pressed = false;
  if (!action.empty()) {
    const ButtonSpec spec{
        .name = "retry", .label = action, .kind = ButtonKind::kSecondary, .height = 28};
    const float button_x = width - button_width(ui, spec) - ui.px(6);
    ImGui::SetCursorPos({start.x + button_x, start.y + ui.px(6)});
    pressed = button(ui, spec);
    right = at.x + button_x - ui.px(8);
  }
  draw_text_in(ui, {at.x + ui.px(38), at.y}, {right, at.y + height}, Face::kBody,
               tone_colour(ui.colour(), tone), text);
  ImGui::SetCursorPos(start);
  ImGui::Dummy({width, height});
  // Only what was cut needs a tooltip.
  if (text_width(ui, Face::kBody, text) > right - at.x - ui.px(38)) tooltip(ui, text);
  return pressed;
}

void gap(const Ui& ui, float units) { ImGui::Dummy({1, ui.px(units) - ui.px(8)}); }

}  // namespace qc::console
