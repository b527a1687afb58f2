// The fixed frame: rail, heading, content, inspector, status bar; and the keyboard.
#include <GLFW/glfw3.h>

#include "gui/console/ui/views.hpp"
#include "gui/console/ui/widgets.hpp"

namespace qc::console {
namespace {

constexpr float kStatusHeight = 32;
constexpr float kHeadingHeight = 72;

struct Layout {
  ImVec2 size;
  float rail, heading, inspector, status;
  bool narrow;
};

Layout layout_of(const Ui& ui) {
  Layout out{};
  out.size = ImGui::GetIO().DisplaySize;
  const float units = out.size.x / ui.scale();
  out.narrow = units < 1180;
  out.rail = ui.px(out.narrow ? 64 : 200);
  out.heading = ui.px(kHeadingHeight);
  out.inspector = ui.px(units < 1100 ? 264 : units < 1400 ? 304 : 344);
  out.status = ui.px(kStatusHeight);
  return out;
}

bool begin_region(const char* id, ImVec2 at, ImVec2 size, ImU32 ground, ImVec2 padding) {
  ImGui::SetCursorScreenPos(at);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ground);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, padding);
  const bool open = ImGui::BeginChild(id, size, false, ImGuiWindowFlags_AlwaysUseWindowPadding);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  return open;
}

/// One entry of the rail. True when pressed.
bool rail_item(Ui& ui, const char* name, Icon icon, const std::string& label, const char* shortcut,
               bool chosen, bool narrow) {
  const Palette& p = ui.colour();
  const float width = ImGui::GetContentRegionAvail().x;
  const Hit hit = hit_box(ui, name, {width, ui.px(40)}, true);
  const ImVec2 min = hit.min;
  const ImVec2 max = hit.max;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  if (chosen || hit.hovered) list.AddRectFilled(min, max, chosen ? p.selected : p.hover, ui.px(6));
  if (hit.focused) focus_ring(ui, min, max, ui.px(6));
  const ImU32 ink = chosen ? p.accent : hit.hovered ? p.text : p.text_muted;
  const float icon_x = narrow ? (min.x + max.x) / 2 : min.x + ui.px(20);
  draw_icon(list, icon, {icon_x, (min.y + max.y) / 2}, ui.px(20), ink);
  if (narrow) {
    tooltip(ui, label + (*shortcut != '\0' ? std::string("   ") + shortcut : ""));
  } else {
    draw_text_in(ui, {min.x + ui.px(40), min.y}, {max.x - ui.px(8), max.y},
                 chosen ? Face::kStrong : Face::kBody, chosen ? p.accent : p.text, label);
    if (*shortcut != '\0') tooltip(ui, shortcut);
  }
  return hit.pressed;
}

void draw_rail(Ui& ui, AppModel& app, const Layout& layout) {
  const Palette& p = ui.colour();
  const ImVec2 size{layout.rail, layout.size.y - layout.status};
  begin_region("rail", {0, 0}, size, p.surface, {ui.px(12), ui.px(16)});
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  draw_mark(list, {at.x + (layout.narrow ? ui.px(2) : ui.px(4)), at.y}, ui.px(36), p.accent,
            p.on_accent);
  if (!layout.narrow) {
    const float x = at.x + ui.px(52);
    draw_text(ui, {x, at.y - ui.px(1)}, Face::kStrong, p.text, ui.t(Text::kProduct));
    draw_text(ui, {x, at.y + ui.px(19)}, Face::kSmall, p.text_muted, ui.t(Text::kConsole));
  }
  ImGui::Dummy({1, ui.px(48)});
  for (int i = 0; i < kViews; ++i) {
    const View view = static_cast<View>(i);
    const std::string name = "view." + std::string(view_name(view));
    const std::string shortcut = "Ctrl+" + std::to_string(i + 1);
    if (rail_item(ui, name.c_str(), view_icon(view), view_title(view, ui.lang()), shortcut.c_str(),
                  app.view() == view, layout.narrow)) {
      app.go(view);
    }
  }
  ImGui::SetCursorPosY(size.y - ui.px(3 * 40 + 2 * 8 + 16));
  const bool dark = app.preferences.dark;
  if (rail_item(ui, "language", Icon::kGlobe, ui.t(Text::kLanguageSwitch), "Ctrl+L", false,
                layout.narrow)) {
    app.toggle_language();
  }
  if (rail_item(ui, "theme", dark ? Icon::kSun : Icon::kMoon,
                ui.t(dark ? Text::kThemeToLight : Text::kThemeToDark), "Ctrl+T", false,
                layout.narrow)) {
    app.toggle_theme();
  }
  if (rail_item(ui, "sign-out", Icon::kSignOut, ui.t(Text::kSignOut), "", false, layout.narrow)) {
    app.sign_out();
  }
  ImGui::EndChild();
  ImGui::GetWindowDrawList()->AddLine({layout.rail, 0}, {layout.rail, size.y}, p.line);
}

Text search_hint(View view) {
  switch (view) {
    case View::kMembers:
      return Text::kSearchMembers;
    case View::kPlugins:
      return Text::kSearchPlugins;
    default:
      return Text::kSearchFlows;
  }
}

void draw_heading(Ui& ui, AppModel& app, const Layout& layout) {
  const Palette& p = ui.colour();
  const float width = layout.size.x - layout.rail;
  begin_region("heading", {layout.rail + 1, 0}, {width - 1, layout.heading}, p.ground,
               {ui.px(24), ui.px(12)});
  constexpr Text kHints[kViews] = {Text::kOverviewHint, Text::kMembersHint, Text::kPluginsHint,
                                   Text::kTraceHint};
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const bool search = app.view() != View::kOverview;
  const float search_width = search ? ui.px(layout.narrow ? 240 : 304) : 0;
  const float tools = search_width + ui.px(search ? 8 + 36 + 8 + 36 : 36 + 8 + 36);
  const float right = width - ui.px(24) - tools;
  const float title_end = at.x + right - ui.px(32);
  draw_text_in(ui, {at.x, at.y}, {title_end, at.y + ui.px(32)}, Face::kTitle, p.text,
               view_title(app.view(), ui.lang()));
  draw_text_in(ui, {at.x, at.y + ui.px(33)}, {title_end, at.y + ui.px(53)}, Face::kSmall,
               p.text_muted, ui.t(kHints[static_cast<int>(app.view())]));
  ImGui::SetCursorPos({right, ui.px(18)});
  if (search) {
    std::string text = app.filter();
    const InputSpec spec{.name = "search",
                         .hint = ui.t(search_hint(app.view())),
                         .icon = Icon::kSearch,
                         .take_focus = app.focus_search,
                         .width = search_width};
    if (text_input(ui, spec, text).changed) app.set_filter(text);
    ImGui::SameLine(0, ui.px(8));
  }
  app.focus_search = false;
  if (icon_button(ui, "refresh", Icon::kRefresh, std::string(ui.t(Text::kRefresh)) + "   F5")) {
    app.refresh();
  }
  ImGui::SameLine(0, ui.px(8));
  if (icon_button(ui, "palette", Icon::kCommand,
                  std::string(ui.t(Text::kCommands)) + "   Ctrl+K")) {
    app.palette_open = true;
  }
  ImGui::EndChild();
}

void draw_content(Ui& ui, AppModel& app, const Layout& layout) {
  const ImVec2 at{layout.rail + 1, layout.heading};
  const ImVec2 size{layout.size.x - layout.rail - 1 - layout.inspector,
                    layout.size.y - layout.heading - layout.status};
  begin_region("content", at, size, ui.colour().ground, {ui.px(24), ui.px(4)});
  switch (app.view()) {
    case View::kOverview:
      draw_overview(ui, app);
      break;
    case View::kMembers:
      draw_members(ui, app);
      break;
    case View::kPlugins:
      draw_plugins(ui, app);
      break;
    case View::kTrace:
      draw_trace(ui, app);
      break;
  }
  ImGui::EndChild();
  const ImVec2 side{layout.size.x - layout.inspector, layout.heading};
  begin_region("inspector", side, {layout.inspector, size.y}, ui.colour().surface,
               {ui.px(20), ui.px(16)});
  draw_inspector(ui, app);
  ImGui::EndChild();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddLine({side.x, side.y}, {side.x, side.y + size.y}, ui.colour().line);
  list.AddLine({side.x, side.y}, {layout.size.x, side.y}, ui.colour().line);
}

/// A message after an action, low in the content.
void draw_message(Ui& ui, AppModel& app, const Layout& layout) {
  if (!app.message()) return;
  const Palette& p = ui.colour();
  const Notice& message = *app.message();
  const float left = layout.rail + ui.px(24);
  const float room = layout.size.x - layout.inspector - left - ui.px(24);
  const float text = room - ui.px(48 + 44);
  const float wide = std::min(text, text_width(ui, Face::kBody, message.text));
  const float height = paragraph_height(ui, Face::kBody, message.text, text + 1) + ui.px(24);
  ImGui::SetNextWindowPos({left, layout.size.y - layout.status - height - ui.px(16)});
  ImGui::SetNextWindowSize({std::min(room, wide + ui.px(48 + 44)), height});
  ImGui::PushStyleColor(ImGuiCol_WindowBg, p.raised);
  ImGui::PushStyleColor(ImGuiCol_Border, tone_colour(p, message.tone));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, ui.px(8));
  ImGui::Begin("##message", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoFocusOnAppearing |
                   ImGuiWindowFlags_NoNav);
  const ImVec2 at = ImGui::GetWindowPos();
  draw_icon(*ImGui::GetWindowDrawList(), tone_icon(message.tone),
            {at.x + ui.px(24), at.y + ui.px(22)}, ui.px(20), tone_colour(p, message.tone));
  ImGui::SetCursorPos({ui.px(48), ui.px(12)});
  paragraph(ui, Face::kBody, p.text, message.text, text + 1);
  ImGui::SetCursorPos({ImGui::GetWindowWidth() - ui.px(36), ui.px(8)});
  if (icon_button(ui, "dismiss", Icon::kCross, "", 28)) app.dismiss();
  ImGui::End();
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor(2);
}

bool pressed(int key) { return ImGui::IsKeyPressed(key, false); }

void move_by_keys(AppModel& app) {
  if (app.view() == View::kOverview) return;
  constexpr int kPage = 12;
  constexpr int kEnd = 1'000'000;
  if (ImGui::IsKeyPressed(GLFW_KEY_DOWN)) app.move_selection(1);
  if (ImGui::IsKeyPressed(GLFW_KEY_UP)) app.move_selection(-1);
  if (ImGui::IsKeyPressed(GLFW_KEY_PAGE_DOWN)) app.move_selection(kPage);
  if (ImGui::IsKeyPressed(GLFW_KEY_PAGE_UP)) app.move_selection(-kPage);
  if (ImGui::GetIO().WantTextInput) return;
  if (pressed(GLFW_KEY_HOME)) app.move_selection(-kEnd);
  if (pressed(GLFW_KEY_END)) app.move_selection(kEnd);
}

void shortcuts(AppModel& app) {
  const ImGuiIO& io = ImGui::GetIO();
  if (app.asking() || app.palette_open) return;  // the overlay has its own keys
  if (io.KeyCtrl) {
    for (int i = 0; i < kViews; ++i) {
      if (pressed(GLFW_KEY_1 + i)) app.go(static_cast<View>(i));
    }
    if (pressed(GLFW_KEY_K)) app.palette_open = true;
    if (pressed(GLFW_KEY_F)) app.focus_search = true;
    if (pressed(GLFW_KEY_R)) app.refresh();
    if (pressed(GLFW_KEY_C) && !io.WantTextInput) {
      if (const std::string row = app.selection_tsv(); !row.empty()) app.copy(row);
    }
    return;
  }
  if (pressed(GLFW_KEY_F5)) app.refresh();
  move_by_keys(app);
  if (!pressed(GLFW_KEY_ESCAPE) || io.WantTextInput) return;
  if (app.message()) {
    app.dismiss();
  } else if (!app.filter().empty()) {
    app.set_filter("");
  } else {
    app.clear_selection();
  }
}

}  // namespace

void draw_app(Ui& ui, AppModel& app) {
  const Layout layout = layout_of(ui);
  const bool overlay = app.signed_in() && (app.asking() || app.palette_open);
  ui.set_layers(overlay ? 1 : 0);
  if (ImGui::GetIO().KeyCtrl && !overlay) {
    if (pressed(GLFW_KEY_L)) app.toggle_language();
    if (pressed(GLFW_KEY_T)) app.toggle_theme();
  }
  if (app.signed_in()) shortcuts(app);
  ImGui::SetNextWindowPos({0, 0});
  ImGui::SetNextWindowSize(layout.size);
  ImGui::Begin("##root", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus |
                   ImGuiWindowFlags_NoNav);
  if (app.signed_in()) {
    draw_rail(ui, app, layout);
    draw_heading(ui, app, layout);
    draw_content(ui, app, layout);
    ImGui::SetCursorScreenPos({0, layout.size.y - layout.status});
    draw_status_bar(ui, app);
  } else {
    draw_sign_in(ui, app);
  }
  ImGui::End();
  if (app.signed_in()) {
    draw_message(ui, app, layout);
    draw_overlays(ui, app);
  }
  if (const auto text = app.take_clipboard()) ImGui::SetClipboardText(text->c_str());
}

bool begin_state(Ui& ui, AppModel& app, const std::optional<Error>& error, Text empty_title,
                 Text empty_next) {
  switch (app.state()) {
    case ViewState::kLoading:
      loading_page(ui);
      return false;
    case ViewState::kError:
      if (notice_page(ui, Icon::kWarning, Tone::kBad, ui.t(Text::kLoadFailed),
                      error ? error_text(*error, ui.lang()) : "", ui.t(Text::kRetry))) {
        app.refresh();
      }
      return false;
    case ViewState::kEmpty:
      if (notice_page(ui, Icon::kEmpty, Tone::kNeutral, ui.t(empty_title), ui.t(empty_next),
                      ui.t(Text::kRefresh))) {
        app.refresh();
      }
      return false;
    case ViewState::kStale: {
      const std::string since = age(app.data_age_ms().value_or(0), ui.lang());
      const std::string text =
          error ? fill(Text::kStaleError, ui.lang(), {since, error_text(*error, ui.lang())})
                : fill(Text::kStaleAge, ui.lang(), {since});
      if (notice_bar(ui, Tone::kWarn, text, ui.t(Text::kRetry))) app.refresh();
      return true;
    }
    case ViewState::kReady:
      return true;
  }
  return false;
}

std::string row_count(const Ui& ui, std::size_t shown, std::size_t all) {
  if (shown == all) return fill(Text::kRows, ui.lang(), {grouped(all)});
  return fill(Text::kRowsFiltered, ui.lang(), {grouped(shown), grouped(all)});
}

void no_match(Ui& ui, AppModel& app) {
  if (notice_page(ui, Icon::kSearch, Tone::kNeutral, ui.t(Text::kNoMatch), "",
                  ui.t(Text::kClearFilter))) {
    app.set_filter("");
    app.members.set_kind("");
  }
}

}  // namespace qc::console
