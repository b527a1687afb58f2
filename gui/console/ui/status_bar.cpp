// Connection, node, network, role, age of the data and clock: always on screen.
#include "gui/console/ui/views.hpp"
#include "gui/console/ui/widgets.hpp"

namespace qc::console {
namespace {

struct Part {
  std::string label, value;
};

/// Draws "label value" and a divider; returns the next x.
float draw_part(const Ui& ui, float x, float top, float bottom, const Part& part) {
  const Palette& p = ui.colour();
  ImGui::GetWindowDrawList()->AddLine({x, top + ui.px(9)}, {x, bottom - ui.px(9)}, p.line);
  x += ui.px(12);
  draw_text_in(ui, {x, top}, {x + ui.px(400), bottom}, Face::kSmall, p.text_muted, part.label);
  x += text_width(ui, Face::kSmall, part.label) + ui.px(6);
  draw_text_in(ui, {x, top}, {x + ui.px(400), bottom}, Face::kSmall, p.text, part.value);
  return x + text_width(ui, Face::kSmall, part.value) + ui.px(12);
}

float part_width(const Ui& ui, const Part& part) {
  return text_width(ui, Face::kSmall, part.label) + text_width(ui, Face::kSmall, part.value) +
         ui.px(30);
}

}  // namespace

void draw_status_bar(Ui& ui, AppModel& app) {
  const Palette& p = ui.colour();
  const Snapshot& s = app.snapshot();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 end = ImGui::GetIO().DisplaySize;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(at, end, p.surface);
  list.AddLine(at, {end.x, at.y}, p.line);

  const Tone tone = s.reachable ? Tone::kOk : Tone::kBad;
  const ImU32 ink = tone_colour(p, tone);
  draw_icon(list, s.reachable ? Icon::kDot : Icon::kWarning, {at.x + ui.px(20), (at.y + end.y) / 2},
            ui.px(15), ink);
  const char* word = ui.t(s.reachable ? Text::kConnected : Text::kDisconnected);
  float x = at.x + ui.px(32);
  draw_text_in(ui, {x, at.y}, {x + ui.px(200), end.y}, Face::kSmall, ink, word);
  x += text_width(ui, Face::kSmall, word) + ui.px(12);

  std::string node = s.identity.url;
  if (const auto scheme = node.find("://"); scheme != std::string::npos) node.erase(0, scheme + 3);
  const std::string who = member_kind(s.identity.kind, ui.lang()) + " · " +
                          (ui.lang() == Lang::kZh ? s.identity.name_zh : s.identity.name_en);
  const auto data_age = app.data_age_ms();
  const std::string data = data_age ? age(*data_age, ui.lang()) : ui.t(Text::kNoDataYet);
  const Part age_part{ui.t(Text::kDataAge), data};
  const Part clock_part{"", clock_time(app.now_ms())};
  const float right = part_width(ui, age_part) + part_width(ui, clock_part);
  const float room = end.x - right;
  x = draw_part(ui, x, at.y, end.y, {ui.t(Text::kNode), node});
  x = draw_part(ui, x, at.y, end.y, {ui.t(Text::kNetwork), shortened(s.identity.chain, 32)});
  const Part role{ui.t(Text::kRole), who};
  // A long name gives way to the bare role rather than to the clock.
  if (x + part_width(ui, role) < room) {
    draw_part(ui, x, at.y, end.y, role);
  } else {
    draw_part(ui, x, at.y, end.y, {ui.t(Text::kRole), member_kind(s.identity.kind, ui.lang())});
  }
  x = draw_part(ui, room, at.y, end.y, age_part);
  draw_part(ui, x, at.y, end.y, clock_part);
}

}  // namespace qc::console
