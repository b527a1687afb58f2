// A small set of line icons, drawn, so that no icon font is needed.
#pragma once

#include <imgui.h>

#include "gui/console/model/messages.hpp"

namespace qc::console {

enum class Icon {
  kNone,
  kOverview,
  kMembers,
  kPlugins,
  kTrace,
  kSearch,
  kRefresh,
  kCopy,
  kCheck,
  kCross,
  kWarning,
  kInfo,
  kDot,
  kSun,
  kMoon,
  kGlobe,
  kSignOut,
  kKey,
  kLock,
  kShield,
  kPlay,
  kDrain,
  kStop,
  kEye,
  kEyeOff,
  kChevron,
  kCommand,
  kServer,
  kFile,
  kLedger,
  kEmpty,
};

/// Draws within a square of `size` around `centre`.
void draw_icon(ImDrawList& list, Icon icon, ImVec2 centre, float size, ImU32 colour);
/// The product's mark: three springs over water.
void draw_mark(ImDrawList& list, ImVec2 top_left, float size, ImU32 ground, ImU32 ink);
Icon tone_icon(Tone tone);
Icon view_icon(View view);

}  // namespace qc::console
