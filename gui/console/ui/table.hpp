// A table: own heading row, clipped rows, one selected row, copy menu.
#pragma once

#include <functional>
#include <span>

#include "gui/console/ui/widgets.hpp"

namespace qc::console {

struct Column {
  Text heading;
  float width = 100;  ///< units, or the weight when `stretch`
  bool stretch = false;
  bool right = false;          ///< numbers
  float needs = 0;             ///< hidden when the table is narrower than this many units
  std::string_view sign = {};  ///< instead of the heading ("#")
};

struct TableSpec {
  const char* id = "";
  std::span<const Column> columns;
  int rows = 0;
  int selected = -1;
  bool reveal = false;   ///< scroll to the selected row
  int sort_column = -1;  ///< -1: not sortable
  bool ascending = true;
  float height = 0;  ///< 0 = the rest of the space
};

/// What the user did to the table in this frame.
struct TableEvents {
  int sort_column = -1;                       ///< heading pressed
  int clicked = -1;                           ///< row
  bool copy_row = false, copy_table = false;  ///< chosen in the menu of `clicked`
};

/// `draw(row, column, min, max)` draws one cell.
using DrawCell = std::function<void(int, int, ImVec2, ImVec2)>;
TableEvents draw_table(Ui& ui, const TableSpec& spec, const DrawCell& draw);

/// Draws a model's rows; selection, order and copying go to the model.
template <typename T, typename Draw>
void model_table(Ui& ui, AppModel& app, TableModel<T>& model, const std::vector<const T*>& rows,
                 TableSpec spec, Draw draw) {
  spec.rows = static_cast<int>(rows.size());
  spec.selected = model.selected_row();
  spec.reveal = app.reveal;
  spec.sort_column = model.sort_column();
  spec.ascending = model.ascending();
  app.reveal = false;
  const TableEvents events = draw_table(ui, spec, [&](int row, int column, ImVec2 a, ImVec2 b) {
    draw(*rows[static_cast<std::size_t>(row)], column, a, b);
  });
  if (events.clicked >= 0) model.select(model.key(*rows[static_cast<std::size_t>(events.clicked)]));
  if (events.copy_row) app.copy(app.selection_tsv());
  if (events.copy_table) app.copy(model.table_tsv(ui.lang()));
  if (events.sort_column >= 0) {
    const bool again = events.sort_column == model.sort_column();
    model.sort_by(events.sort_column, again ? !model.ascending() : true);
  }
}

/// The text of a cell.
void cell_text(const Ui& ui, ImVec2 min, ImVec2 max, std::string_view text, bool right = false,
               bool muted = false);
/// An identifier in fixed width, shortened.
void cell_hash(const Ui& ui, ImVec2 min, ImVec2 max, std::string_view value);

}  // namespace qc::console
