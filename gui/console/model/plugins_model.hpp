// The plugins table, and which actions are possible now.
#pragma once

#include "gui/console/model/messages.hpp"
#include "gui/console/model/table_model.hpp"

namespace qc::console {

class PluginsModel final : public TableModel<Plugin> {
 public:
  enum Column { kPlugin, kState, kKind, kVersion, kServes, kCalls, kErrors, kInFlight, kColumns };

  explicit PluginsModel(const Directory& names) : names_(names) { sort_by(kPlugin, true); }
  std::string key(const Plugin& row) const override { return row.plugin; }
  std::vector<std::string> cells(const Plugin& row, Lang lang) const override;
  SortKey sort_key(const Plugin& row, int column, Lang lang) const override;
  std::vector<std::string> headings(Lang lang) const override;

 protected:
  std::string extra_text(const Plugin& row) const override;

 private:
  const Directory& names_;
};

/// The plugin's name in that language; its id when the host tells none.
const std::string& plugin_name(const Plugin& plugin, Lang lang);
/// What it serves, by name: its items, or its product.
std::string serves(const Plugin& plugin, const Directory& names, Lang lang);

struct Availability {
  bool enabled = false;
  Text why = Text::kWhySelect;  ///< shown when not enabled
};
/// `plugin` may be null: nothing is selected.
Availability availability(const Plugin* plugin, Verb verb, const Snapshot& snapshot);

/// What is asked before an action: names the object and the effect.
struct Confirmation {
  std::string title, body, verb;
  Tone tone = Tone::kInfo;
  bool destructive = false;
};
Confirmation confirmation(const Plugin& plugin, Verb verb, const Directory& names, Lang lang);

/// What is said after an action.
struct Notice {
  Tone tone = Tone::kOk;
  std::string text;
};
Notice notice(const ActionOutcome& outcome, const Snapshot& snapshot, Lang lang);

}  // namespace qc::console
