// Colours, measures and ImGui style of the light and the dark theme.
#pragma once

#include <imgui.h>

#include "gui/console/model/messages.hpp"

namespace qc::console {

struct Palette {
  ImU32 ground;     ///< behind everything
  ImU32 surface;    ///< cards, rail, inspector
  ImU32 raised;     ///< dialogs, menus
  ImU32 sunken;     ///< input fields, table heads
  ImU32 hover;      ///< rows and controls under the pointer
  ImU32 selected;   ///< selected rows
  ImU32 line;       ///< borders
  ImU32 line_soft;  ///< between rows
  ImU32 text;
  ImU32 text_muted;
  ImU32 text_faint;  ///< disabled
  ImU32 accent;
  ImU32 accent_hover;
  ImU32 on_accent;
  ImU32 tone[5];                  ///< by Tone
  ImU32 tone_soft[5];             ///< background of a badge
  ImU32 veil;                     ///< over the page behind a dialog
  ImU32 brand_top, brand_bottom;  ///< the sign-in page's left half
  ImU32 on_brand, on_brand_muted;
};

const Palette& palette(bool dark);
/// Sets ImGui's own style to match.
void apply_style(const Palette& colours, float scale);

inline ImU32 tone_colour(const Palette& p, Tone tone) { return p.tone[static_cast<int>(tone)]; }
inline ImU32 tone_soft(const Palette& p, Tone tone) { return p.tone_soft[static_cast<int>(tone)]; }
/// The same colour with its opacity multiplied.
ImU32 faded(ImU32 colour, float opacity);

}  // namespace qc::console
