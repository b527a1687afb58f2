// The question before an action, and the command palette.
#include <GLFW/glfw3.h>

#include "gui/console/ui/views.hpp"
#include "gui/console/ui/widgets.hpp"

namespace qc::console {
namespace {

constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                    ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoNav;

bool pressed_or_held(int key) { return ImGui::IsKeyPressed(key, true); }

bool begin_modal(const Ui& ui, const char* id, ImVec2 at, ImVec2 size) {
  if (!ImGui::IsPopupOpen(id)) ImGui::OpenPopup(id);
  ImGui::SetNextWindowPos(at);
  ImGui::SetNextWindowSize(size);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, ui.px(10));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(24), ui.px(24)));
  const bool open = ImGui::BeginPopupModal(id, nullptr, kFlags);
  ImGui::PopStyleVar(3);
  return open;
}

void draw_question(Ui& ui, AppModel& app) {
  const auto ask = app.question();
  if (!ask) return app.answer(false);
  const Palette& p = ui.colour();
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  const float width = std::min(ui.px(480), screen.x - ui.px(64));
  const float inner = width - ui.px(48);
  const float text = paragraph_height(ui, Face::kBody, ask->body, inner + 1);
  const float title = paragraph_height(ui, Face::kStrong, ask->title, inner - ui.px(36));
  const float height = ui.px(24 + 16 + 24 + 36 + 24) + title + text;
  if (!begin_modal(ui, "##question", {(screen.x - width) / 2, (screen.y - height) / 2.4F},
                   {width, height})) {
    return;
  }
  ui.enter_layer(1);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  draw_icon(*ImGui::GetWindowDrawList(), ask->tone == Tone::kInfo ? Icon::kInfo : Icon::kWarning,
            {at.x + ui.px(12), at.y + ui.px(10)}, ui.px(24), tone_colour(p, ask->tone));
  ImGui::SetCursorPos({ui.px(24 + 36), ui.px(24)});
  paragraph(ui, Face::kStrong, p.text, ask->title, inner - ui.px(36));
  ImGui::SetCursorPos({ui.px(24), ui.px(24 + 16) + title});
  paragraph(ui, Face::kBody, p.text_muted, ask->body, inner + 1);

  const ButtonSpec no{.name = "cancel", .label = ui.t(Text::kCancel), .shortcut = "Esc"};
  const ButtonSpec yes{.name = "confirm",
                       .label = ask->verb,
                       .kind = ask->destructive ? ButtonKind::kDanger : ButtonKind::kPrimary};
  const float buttons = button_width(ui, no) + button_width(ui, yes) + ui.px(8);
  ImGui::SetCursorPos({width - ui.px(24) - buttons, height - ui.px(24 + 36)});
  // The safe answer has the focus: Enter alone never destroys.
  const bool refuse = button(ui, no);
  if (ImGui::IsWindowAppearing()) ui.focus(ui.last_control());
  ImGui::SameLine(0, ui.px(8));
  const bool accept = button(ui, yes);
  if (accept) {
    app.answer(true);
  } else if (refuse || pressed_or_held(GLFW_KEY_ESCAPE)) {
    app.answer(false);
  }
  if (!app.asking()) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
  ui.enter_layer(0);
}

Icon command_icon(const Command& command) {
  switch (command.kind) {
    case Command::Kind::kGo:
      if (const auto view = view_from(command.argument)) return view_icon(*view);
      return Icon::kChevron;
    case Command::Kind::kLanguage:
      return Icon::kGlobe;
    case Command::Kind::kTheme:
      return Icon::kMoon;
    case Command::Kind::kRefresh:
      return Icon::kRefresh;
    case Command::Kind::kSearch:
      return Icon::kSearch;
    case Command::Kind::kSignOut:
      return Icon::kSignOut;
    case Command::Kind::kLoad:
      return Icon::kPlay;
    case Command::Kind::kDrain:
      return Icon::kDrain;
    case Command::Kind::kStop:
      return Icon::kStop;
    case Command::Kind::kMember:
      return Icon::kMembers;
    case Command::Kind::kTrace:
      return Icon::kTrace;
    case Command::Kind::kCopy:
      return Icon::kCopy;
  }
  return Icon::kNone;
}

/// One line of the palette. True when chosen by the pointer.
bool draw_command(Ui& ui, const Command& command, bool selected, bool reveal) {
  const Palette& p = ui.colour();
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::PushID(command.label.c_str());
  const bool clicked = ImGui::InvisibleButton("##command", {width, ui.px(36)});
  ImGui::PopID();
  const ImVec2 min = ImGui::GetItemRectMin();
  const ImVec2 max = ImGui::GetItemRectMax();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  if (selected || ImGui::IsItemHovered()) {
    list.AddRectFilled(min, max, selected ? p.selected : p.hover, ui.px(6));
  }
  if (selected && reveal) ImGui::SetScrollHereY(0.5F);
  draw_icon(list, command_icon(command), {min.x + ui.px(20), (min.y + max.y) / 2}, ui.px(18),
            selected ? p.accent : p.text_muted);
  const float hint = text_width(ui, Face::kSmall, command.shortcut);
  draw_text_in(ui, {min.x + ui.px(40), min.y}, {max.x - hint - ui.px(24), max.y}, Face::kBody,
               p.text, command.label);
  draw_text_in(ui, {min.x, min.y}, {max.x - ui.px(12), max.y}, Face::kSmall, p.text_muted,
               command.shortcut, Align::kRight);
  return clicked;
}

void draw_palette(Ui& ui, AppModel& app) {
  const Palette& p = ui.colour();
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  const float width = std::min(ui.px(600), screen.x - ui.px(64));
  const float height = std::min(ui.px(440), screen.y - ui.px(120));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(2)));
  if (!begin_modal(ui, "##palette", {(screen.x - width) / 2, ui.px(72)}, {width, height})) {
    ImGui::PopStyleVar();
    return;
  }
  ui.enter_layer(1);
  const bool appearing = ImGui::IsWindowAppearing();
  if (appearing) {
    app.palette_text.clear();
    app.palette_at = 0;
  }
  ImGui::SetCursorPos({ui.px(16), ui.px(16)});
  const InputResult typed = text_input(ui,
                                       {.name = "command",
                                        .hint = ui.t(Text::kCommandHint),
                                        .icon = Icon::kSearch,
                                        .take_focus = appearing,
                                        .width = width - ui.px(32)},
                                       app.palette_text);
  if (typed.changed) app.palette_at = 0;
  const auto commands = find_commands(app.snapshot(), app.palette_text, ui.lang());
  const int count = static_cast<int>(commands.size());
  const int before = app.palette_at;
  if (pressed_or_held(GLFW_KEY_DOWN)) ++app.palette_at;
  if (pressed_or_held(GLFW_KEY_UP)) --app.palette_at;
  const bool moved = before != app.palette_at;
  app.palette_at = std::clamp(app.palette_at, 0, std::max(0, count - 1));
  int chosen = typed.entered && count > 0 ? app.palette_at : -1;
  ImGui::SetCursorPos({ui.px(16), ui.px(64)});
  ImGui::BeginChild("##list", {width - ui.px(32), height - ui.px(64 + 36)}, false);
  for (int i = 0; i < count; ++i) {
    const Command& command = commands[static_cast<std::size_t>(i)];
    if (draw_command(ui, command, i == app.palette_at, moved)) chosen = i;
  }
  if (count == 0) paragraph(ui, Face::kBody, p.text_muted, ui.t(Text::kNoCommand), width);
  ImGui::EndChild();
  const ImVec2 at = ImGui::GetWindowPos();
  draw_text_in(ui, {at.x + ui.px(24), at.y + height - ui.px(32)},
               {at.x + width - ui.px(24), at.y + height - ui.px(8)}, Face::kSmall, p.text_muted,
               ui.t(Text::kShortcutHelp));
  const bool outside = ImGui::IsMouseClicked(0) &&
                       !ImGui::IsMouseHoveringRect(at, {at.x + width, at.y + height}, false);
  if (pressed_or_held(GLFW_KEY_ESCAPE) || outside) app.palette_open = false;
  if (chosen >= 0) app.run(commands[static_cast<std::size_t>(chosen)]);
  if (!app.palette_open) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
  ImGui::PopStyleVar();
  ui.enter_layer(0);
}

}  // namespace

void draw_overlays(Ui& ui, AppModel& app) {
  if (app.asking()) {
    draw_question(ui, app);
  } else if (app.palette_open) {
    draw_palette(ui, app);
  }
}

}  // namespace qc::console
