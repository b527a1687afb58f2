// The console's own controls and pieces of a page, drawn in one look.
#pragma once

#include <string>
#include <string_view>

#include "gui/console/ui/ui.hpp"

namespace qc::console {

enum class Align { kLeft, kRight, kCentre };

/// Width of a line of text.
float text_width(const Ui& ui, Face face, std::string_view text);
float line_height(const Ui& ui, Face face);
/// One line at a place, on the present window's draw list.
void draw_text(const Ui& ui, ImVec2 at, Face face, ImU32 colour, std::string_view text);
/// One line within a box, centred upright, cut with "…" when too long. True when it was cut.
bool draw_text_in(const Ui& ui, ImVec2 min, ImVec2 max, Face face, ImU32 colour,
                  std::string_view text, Align align = Align::kLeft);
/// Lines of at most `width`: broken at spaces and between Chinese characters, but not before
/// closing or after opening punctuation (GB/T 15834).
std::vector<std::string_view> wrapped(const Ui& ui, Face face, std::string_view text, float width);
float paragraph_height(const Ui& ui, Face face, std::string_view text, float width);
/// A paragraph at the cursor, wrapped to `width`; moves the cursor.
void paragraph(const Ui& ui, Face face, ImU32 colour, std::string_view text, float width);

/// Tooltip over the last item after a short rest of the pointer.
void tooltip(const Ui& ui, std::string_view text);

/// Hit test, keyboard focus and script name of a control that fills a box at the cursor.
struct Hit {
  bool pressed = false, hovered = false, held = false, focused = false;
  ImVec2 min, max;
};
Hit hit_box(Ui& ui, std::string_view name, ImVec2 size, bool enabled);
/// The mark of the control that has the keyboard.
void focus_ring(const Ui& ui, ImVec2 min, ImVec2 max, float rounding);

enum class ButtonKind { kPrimary, kSecondary, kDanger, kQuiet };
struct ButtonSpec {
  std::string_view name;  ///< for scripts, unique on screen
  std::string_view label = {};
  Icon icon = Icon::kNone;
  ButtonKind kind = ButtonKind::kSecondary;
  bool enabled = true;
  std::string_view why = {};       ///< shown when not enabled
  std::string_view shortcut = {};  ///< shown in the tooltip
  float width = 0;                 ///< 0 = as wide as needed
  float height = 36;
};
float button_width(const Ui& ui, const ButtonSpec& spec);
/// True when pressed by pointer or keyboard.
bool button(Ui& ui, const ButtonSpec& spec);
/// A square button with a picture; `label` is its tooltip.
bool icon_button(Ui& ui, std::string_view name, Icon icon, std::string_view label, float size = 36);

struct InputSpec {
  std::string_view name;
  std::string_view hint = {};
  Icon icon = Icon::kNone;
  bool password = false;
  bool enabled = true;
  bool take_focus = false;
  float width = 240;  ///< pixels
};
struct InputResult {
  bool changed = false, entered = false, active = false;
};
InputResult text_input(Ui& ui, const InputSpec& spec, std::string& text);

/// Colour, icon and word. Returns the width.
float draw_badge(const Ui& ui, ImVec2 at, const Badge& badge);
float badge_width(const Ui& ui, const Badge& badge);
float badge_height(const Ui& ui);
/// Icon and word without a ground, in a table cell.
void draw_status(const Ui& ui, ImVec2 min, ImVec2 max, const Badge& badge);
/// A badge at the cursor, as an item.
void badge(const Ui& ui, const Badge& badge);

/// Two or more choices in one bar. Returns the chosen one.
int segmented(Ui& ui, std::string_view name, std::initializer_list<std::string_view> labels,
              int chosen);

/// A surface with a border; the cursor is inside it afterwards. Pair with end_card.
bool begin_card(const Ui& ui, const char* id, ImVec2 size, float padding = 16);
void end_card();
void card_title(const Ui& ui, std::string_view text);

/// A turning arc.
void spinner(Ui& ui, ImVec2 centre, float radius);

/// The whole space: picture, title, what to do next, and a button when `action` is not empty.
bool notice_page(Ui& ui, Icon icon, Tone tone, std::string_view title, std::string_view next,
                 std::string_view action);
void loading_page(Ui& ui);
/// A bar across the content. True when its button is pressed.
bool notice_bar(Ui& ui, Tone tone, std::string_view text, std::string_view action);

/// A label above a value, for the inspector. Long values wrap.
void field(Ui& ui, std::string_view label, std::string_view value);
/// An identifier: shortened, whole in the tooltip, with a button that copies it whole.
void hash_field(Ui& ui, std::string_view label, const std::string& value, std::size_t limit = 18);
void status_field(Ui& ui, std::string_view label, const Badge& badge);
void section(const Ui& ui, std::string_view title);
void gap(const Ui& ui, float units);

}  // namespace qc::console
