#include "gui/console/ui/ui.hpp"

#include <algorithm>

namespace qc::console {

void Ui::begin_frame(const AppModel& model, float scale, const KeyState& keys) {
  palette_ = &palette(model.preferences.dark);
  lang_ = model.lang();
  scale_ = scale;
  now_ = ImGui::GetTime();
  keys_ = keys;
  layer_ = 0;
  animating_ = false;
  hotspots_.clear();
  previous_order_.swap(order_);
  order_.clear();
  focus_moved_ = false;
  if (ImGui::IsMouseClicked(0)) focus_visible_ = false;
  if (!keys.tab || previous_order_.empty()) return;
  const auto at = std::find(previous_order_.begin(), previous_order_.end(), focus_);
  const auto count = static_cast<std::ptrdiff_t>(previous_order_.size());
  std::ptrdiff_t next = keys.shift ? count - 1 : 0;
  if (at != previous_order_.end()) {
    next = (at - previous_order_.begin() + (keys.shift ? count - 1 : 1)) % count;
  }
  focus_ = previous_order_[static_cast<std::size_t>(next)];
  focus_visible_ = true;
  focus_moved_ = true;
}

void Ui::end_frame() { shown_ = hotspots_; }

bool Ui::focusable(ImGuiID id, bool enabled) {
  last_control_ = id;
  if (layer_ != active_layer_ || !enabled) return false;
  order_.push_back(id);
  return focus_visible_ && focus_ == id;
}

bool Ui::activate_pressed() const {
  return layer_ == active_layer_ && !ImGui::GetIO().WantTextInput && (keys_.enter || keys_.space);
}

void Ui::hotspot(std::string_view name, ImVec2 min, ImVec2 max, bool enabled) {
  hotspots_.insert_or_assign(std::string(name), Hotspot{min, max, enabled});
}

}  // namespace qc::console
