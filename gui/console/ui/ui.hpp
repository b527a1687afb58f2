// What every drawing function needs: colours, fonts, scale, language, focus and named controls.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <imgui.h>

#include "gui/console/model/app_model.hpp"
#include "gui/console/ui/fonts.hpp"
#include "gui/console/ui/icons.hpp"
#include "gui/console/ui/theme.hpp"

namespace qc::console {

/// A control on screen, by the name that scripts use.
struct Hotspot {
  ImVec2 min, max;
  bool enabled = true;
};

/// Keys that the window saw go down in this frame, as GLFW codes.
struct KeyState {
  bool tab = false, enter = false, space = false, shift = false;
};

/// One per window. Thread contract: the drawing thread.
class Ui {
 public:
  explicit Ui(Fonts& fonts) : fonts_(fonts) {}

  void begin_frame(const AppModel& model, float scale, const KeyState& keys);
  void end_frame();

  const Palette& colour() const { return *palette_; }
  Lang lang() const { return lang_; }
  float px(float units) const { return std::round(units * scale_); }
  float scale() const { return scale_; }
  ImFont* font(Face face) const { return fonts_.face(face); }
  const char* t(Text id) const { return tr(id, lang_); }
  double now() const { return now_; }

  /// Controls of a layer below the active one take no keyboard focus (a dialog is above them).
  void set_layers(int active) { active_layer_ = active; }
  void enter_layer(int layer) { layer_ = layer; }

  /// Registers a control in the order of the Tab key. True when it has the visible focus.
  bool focusable(ImGuiID id, bool enabled);
  /// True in the frame in which Tab reached this control.
  bool just_focused(ImGuiID id) const { return focus_moved_ && focus_ == id; }
  /// The control that was drawn last.
  ImGuiID last_control() const { return last_control_; }
  void focus(ImGuiID id) {
    focus_ = id;
    focus_visible_ = true;
  }
  /// Enter or Space was pressed and no text field has it.
  bool activate_pressed() const;

  void hotspot(std::string_view name, ImVec2 min, ImVec2 max, bool enabled);
  const std::map<std::string, Hotspot, std::less<>>& hotspots() const { return shown_; }

  /// Text that was typed: its glyphs are built before the next frame when they are missing.
  void need(std::string_view utf8) { add_glyphs(utf8, typed_); }
  const GlyphSet& typed() const { return typed_; }

  /// Remembers that something was copied, so that its button can say so for a moment.
  void mark_copied(ImGuiID id) {
    copied_ = id;
    copied_at_ = now_;
  }
  bool recently_copied(ImGuiID id) const { return copied_ == id && now_ - copied_at_ < 1.5; }
  /// Something moves: draw on without waiting for an event.
  void animate() { animating_ = true; }
  bool animating() const { return animating_ || (copied_ != 0 && now_ - copied_at_ < 1.7); }

 private:
  Fonts& fonts_;
  const Palette* palette_ = &palette(false);
  Lang lang_ = Lang::kZh;
  float scale_ = 1;
  double now_ = 0;
  KeyState keys_;
  int active_layer_ = 0, layer_ = 0;
  std::vector<ImGuiID> order_, previous_order_;
  ImGuiID focus_ = 0, last_control_ = 0;
  bool focus_visible_ = false, focus_moved_ = false;
  std::map<std::string, Hotspot, std::less<>> hotspots_, shown_;
  GlyphSet typed_;
  ImGuiID copied_ = 0;
  double copied_at_ = 0;
  bool animating_ = false;
};

}  // namespace qc::console
