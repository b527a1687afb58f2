// The sign-in page: brand on the left, form on the right.
#include "gui/console/ui/views.hpp"
#include "gui/console/ui/widgets.hpp"

namespace qc::console {
namespace {

void draw_brand(Ui& ui, ImVec2 size) {
  const Palette& p = ui.colour();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilledMultiColor({0, 0}, size, p.brand_top, p.brand_top, p.brand_bottom,
                               p.brand_bottom);
  // Ripples of a spring, cut by the panel.
  list.PushClipRect({0, 0}, size, true);
  const ImVec2 spring{size.x * 0.5F, size.y + ui.px(40)};
  for (int i = 1; i <= 7; ++i) {
    list.AddCircle(spring, ui.px(90.0F * static_cast<float>(i)),
                   faded(p.on_brand, 0.16F - 0.018F * static_cast<float>(i)), 96, ui.px(1.5F));
  }
  list.PopClipRect();
  const float x = ui.px(48);
  const float right = size.x - ui.px(32);
  float y = std::max(ui.px(72), size.y * 0.2F);
  draw_mark(list, {x, y}, ui.px(56), p.on_brand, p.brand_top);
  y += ui.px(80);
  draw_text_in(ui, {x, y}, {right, y + ui.px(32)}, Face::kTitle, p.on_brand, ui.t(Text::kProduct));
  y += ui.px(40);
  draw_text_in(ui, {x, y}, {right, y + ui.px(24)}, Face::kBody, p.on_brand_muted,
               ui.t(Text::kConsole));
  y += ui.px(64);
  for (const Text point : {Text::kBrandPoint1, Text::kBrandPoint2, Text::kBrandPoint3}) {
    draw_icon(list, Icon::kCheck, {x + ui.px(9), y + ui.px(10)}, ui.px(18), p.on_brand);
    draw_text_in(ui, {x + ui.px(30), y}, {right, y + ui.px(21)}, Face::kBody, p.on_brand,
                 ui.t(point));
    y += ui.px(36);
  }
}

void label(const Ui& ui, Text text) {
  paragraph(ui, Face::kSmall, ui.colour().text_muted, ui.t(text), ui.px(400));
}

/// True when Enter was pressed in a field.
bool draw_fields(Ui& ui, AppModel& app, float width) {
  SignInForm& form = app.form;
  const bool free = app.snapshot().phase != Phase::kSigningIn;
  bool entered = false;
  const auto input = [&](Text caption, InputSpec spec, std::string& value) {
    label(ui, caption);
    spec.enabled = free;
    spec.width = width;
    const InputResult result = text_input(ui, spec, value);
    entered = entered || result.entered;
    if (result.changed) form.missing.reset();
    gap(ui, 12);
  };
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(4)));
  input(Text::kHostUrl, {.name = "url", .hint = "http://127.0.0.1:8440", .icon = Icon::kServer},
        form.request.url);
  input(Text::kKeyFile, {.name = "key", .hint = ui.t(Text::kKeyFileHint), .icon = Icon::kKey},
        form.request.key_file);
  if (form.by_file) {
    input(Text::kPassphraseFile, {.name = "passphrase-file", .icon = Icon::kFile},
          form.request.passphrase_file);
  } else {
    input(Text::kPassphrase, {.name = "passphrase", .icon = Icon::kLock, .password = true},
          form.request.passphrase);
  }
  ImGui::PopStyleVar();
  return entered;
}

void draw_problem(Ui& ui, AppModel& app, float width) {
  std::string text =
      app.form.missing ? ui.t(*app.form.missing) : sign_in_error_text(app.snapshot(), ui.lang());
  if (text.empty()) return;
  const Palette& p = ui.colour();
  const float room = width - ui.px(38 + 14);
  const float height = paragraph_height(ui, Face::kBody, text, room) + ui.px(20);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 start = ImGui::GetCursorPos();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(at, {at.x + width, at.y + height}, tone_soft(p, Tone::kBad), ui.px(6));
  draw_icon(list, Icon::kWarning, {at.x + ui.px(20), at.y + ui.px(20)}, ui.px(18),
            tone_colour(p, Tone::kBad));
  ImGui::SetCursorPos({start.x + ui.px(38), start.y + ui.px(10)});
  paragraph(ui, Face::kBody, tone_colour(p, Tone::kBad), text, room);
  ImGui::SetCursorPos({start.x, start.y + height + ui.px(16)});
}

void draw_form(Ui& ui, AppModel& app, float width) {
  const Palette& p = ui.colour();
  paragraph(ui, Face::kTitle, p.text, ui.t(Text::kSignInTitle), width);
  paragraph(ui, Face::kBody, p.text_muted, ui.t(Text::kSignInHint), width);
  gap(ui, 24);
  const bool entered = draw_fields(ui, app, width);
  const bool busy = app.snapshot().phase == Phase::kSigningIn;
  // The quiet button's text stands flush with the fields.
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() - ui.px(12));
  if (button(ui, {.name = "by-file",
                  .label = ui.t(app.form.by_file ? Text::kUsePassphrase : Text::kUsePassphraseFile),
                  .kind = ButtonKind::kQuiet,
                  .enabled = !busy,
                  .why = ui.t(Text::kSigningIn),
                  .height = 28})) {
    app.form.by_file = !app.form.by_file;
  }
  gap(ui, 16);
  draw_problem(ui, app, width);
  const bool pressed = button(ui, {.name = "sign-in",
                                   .label = ui.t(busy ? Text::kSigningIn : Text::kSignIn),
                                   .kind = ButtonKind::kPrimary,
                                   .enabled = !busy,
                                   .why = ui.t(Text::kSigningIn),
                                   .width = width,
                                   .height = 40});
  if ((pressed || entered) && !busy) app.sign_in();
  gap(ui, 20);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  draw_icon(*ImGui::GetWindowDrawList(), Icon::kShield, {at.x + ui.px(8), at.y + ui.px(9)},
            ui.px(17), p.text_muted);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + ui.px(24));
  paragraph(ui, Face::kSmall, p.text_muted, ui.t(Text::kPrivateKeyStays), width - ui.px(24));
}

}  // namespace

void draw_sign_in(Ui& ui, AppModel& app) {
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  const float brand = std::round(size.x * 0.4F);
  draw_brand(ui, {brand, size.y});
  ImGui::SetCursorPos({size.x - ui.px(24 + 36 + 8 + 100), ui.px(20)});
  if (button(ui, {.name = "language",
                  .label = ui.t(Text::kLanguageSwitch),
                  .icon = Icon::kGlobe,
                  .kind = ButtonKind::kQuiet,
                  .width = ui.px(100)})) {
    app.toggle_language();
  }
  ImGui::SameLine(0, ui.px(8));
  const bool dark = app.preferences.dark;
  if (icon_button(ui, "theme", dark ? Icon::kSun : Icon::kMoon,
                  ui.t(dark ? Text::kThemeToLight : Text::kThemeToDark))) {
    app.toggle_theme();
  }
  const float width = std::min(ui.px(400), size.x - brand - ui.px(64));
  const float left = brand + (size.x - brand - width) / 2;
  const float top = std::max(ui.px(64), size.y * 0.5F - ui.px(272));
  ImGui::SetCursorPos({left, top});
  const float margin = ui.px(16);  // room for the focus ring
  ImGui::SetCursorPosX(left - margin);
  ImGui::BeginChild("form", {width + 2 * margin, size.y - top}, false);
  ImGui::SetCursorPosX(margin);
  ImGui::BeginGroup();
  draw_form(ui, app, width);
  ImGui::EndGroup();
  ImGui::EndChild();
}

}  // namespace qc::console
