// The pages of the console. Each only draws a model and calls its actions.
#pragma once

#include "gui/console/ui/ui.hpp"

namespace qc::console {

/// The whole window: sign-in page, or shell with a view. One call a frame.
void draw_app(Ui& ui, AppModel& app);

void draw_sign_in(Ui& ui, AppModel& app);
void draw_overview(Ui& ui, AppModel& app);
void draw_members(Ui& ui, AppModel& app);
void draw_plugins(Ui& ui, AppModel& app);
void draw_trace(Ui& ui, AppModel& app);
/// The right side: the selected object in full.
void draw_inspector(Ui& ui, AppModel& app);
void inspect_plugin(Ui& ui, AppModel& app, const Plugin& plugin);
/// Question and palette, above all else.
void draw_overlays(Ui& ui, AppModel& app);
void draw_status_bar(Ui& ui, AppModel& app);

/// The frame around a view's table: loading, error, stale and empty states. True when the ready
/// content is to be drawn now.
bool begin_state(Ui& ui, AppModel& app, const std::optional<Error>& error, Text empty_title,
                 Text empty_next);
/// The row count at the foot or beside a filter.
std::string row_count(const Ui& ui, std::size_t shown, std::size_t all);
/// When a filter hides all rows.
void no_match(Ui& ui, AppModel& app);

}  // namespace qc::console
