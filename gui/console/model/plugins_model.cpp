#include "gui/console/model/plugins_model.hpp"

#include <array>

namespace qc::console {
namespace {

/// Trouble first, then what runs, then what rests.
std::uint64_t state_rank(const std::string& state) {
  constexpr std::array kOrder = {"quarantined", "failed",     "restarting", "draining",
                                 "active",      "configured", "loaded",     "discovered",
                                 "verified",    "admitted",   "stopped"};
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    if (state == kOrder[i]) return i;
  }
  return kOrder.size();
}

bool running(const std::string& state) {
  return state == "active" || state == "draining" || state == "configured" || state == "loaded";
}

/// Its process died: it can be loaded anew, or stopped for good.
bool fallen(const std::string& state) { return state == "restarting" || state == "quarantined"; }

}  // namespace

const std::string& plugin_name(const Plugin& plugin, Lang lang) {
  const std::string& name = lang == Lang::kZh ? plugin.name_zh : plugin.name_en;
  return name.empty() ? plugin.plugin : name;
}

std::string serves(const Plugin& plugin, const Directory& names, Lang lang) {
  std::vector<std::string> all = plugin.items;
  if (!plugin.product.empty()) all.insert(all.begin(), plugin.product);
  return names.things(all, lang);
}

std::string PluginsModel::extra_text(const Plugin& row) const {
  std::string out = row.plugin + "\n" + row.owner + "\n" + row.product;
  for (const std::string& item : row.items) out += "\n" + item;
  return out;
}

std::vector<std::string> PluginsModel::cells(const Plugin& row, Lang lang) const {
  return {plugin_name(row, lang),      plugin_badge(row.state, lang).word,
          plugin_kind(row.kind, lang), row.version,
          serves(row, names_, lang),   grouped(row.calls),
          grouped(row.errors),         grouped(row.in_flight)};
}

SortKey PluginsModel::sort_key(const Plugin& row, int column, Lang lang) const {
  switch (column) {
    case kState:
      return {state_rank(row.state), row.plugin};
    case kCalls:
      return {row.calls, row.plugin};
    case kErrors:
      return {row.errors, row.plugin};
    case kInFlight:
      return {row.in_flight, row.plugin};
    default:
      return {0, cells(row, lang).at(static_cast<std::size_t>(column))};
  }
}

std::vector<std::string> PluginsModel::headings(Lang lang) const {
  return {tr(Text::kPlugin, lang),  tr(Text::kState, lang),   tr(Text::kKind, lang),
          tr(Text::kVersion, lang), tr(Text::kServes, lang),  tr(Text::kCalls, lang),
          tr(Text::kErrors, lang),  tr(Text::kInFlight, lang)};
}

Availability availability(const Plugin* plugin, Verb verb, const Snapshot& snapshot) {
  if (plugin == nullptr) return {false, Text::kWhySelect};
  if (!snapshot.identity.may_govern()) return {false, Text::kWhyRegulator};
  if (snapshot.running) return {false, Text::kWhyBusy};
  const std::string& state = plugin->state;
  switch (verb) {
    case Verb::kLoad:
      if (state == "active") return {false, Text::kWhyLoadActive};
      if (state == "draining") return {false, Text::kWhyLoadDraining};
      if (running(state)) return {false, Text::kWhyLoadStarting};
      return {true};
    case Verb::kDrain:
      if (state == "draining") return {false, Text::kWhyAlreadyDraining};
      if (state != "active") return {false, Text::kWhyNotRunning};
      return {true};
    case Verb::kStop:
      if (!running(state) && !fallen(state)) return {false, Text::kWhyNotRunning};
      return {true};
  }
  return {};
}

Confirmation confirmation(const Plugin& plugin, Verb verb, const Directory& names, Lang lang) {
  const std::string name = plugin_name(plugin, lang);
  const std::string in_flight = grouped(plugin.in_flight);
  std::string served = serves(plugin, names, lang);
  if (served.empty()) served = tr(Text::kItsServices, lang);
  Confirmation ask;
  ask.verb = verb_label(verb, lang);
  switch (verb) {
    case Verb::kLoad:
      ask.title = fill(Text::kConfirmLoadTitle, lang, {name});
      ask.body = tr(Text::kConfirmLoadBody, lang);
      break;
    case Verb::kDrain:
      ask.title = fill(Text::kConfirmDrainTitle, lang, {name});
      ask.body = fill(Text::kConfirmDrainBody, lang, {in_flight, served});
      ask.tone = Tone::kWarn;
      break;
    case Verb::kStop:
      ask.title = fill(Text::kConfirmStopTitle, lang, {name});
      ask.body = fill(Text::kConfirmStopBody, lang, {in_flight, served});
      ask.tone = Tone::kBad;
      ask.destructive = true;
      break;
  }
  return ask;
}

Notice notice(const ActionOutcome& outcome, const Snapshot& snapshot, Lang lang) {
  std::string name = outcome.action.plugin;
  if (snapshot.plugins.data) {
    for (const Plugin& p : *snapshot.plugins.data) {
      if (p.plugin == name) {
        name = plugin_name(p, lang);
        break;
      }
    }
  }
  const auto verb = static_cast<std::size_t>(outcome.action.verb);
  if (outcome.error) {
    constexpr std::array kVerbs = {Text::kVerbLoad, Text::kVerbDrain, Text::kVerbStop};
    return {Tone::kBad, fill(Text::kActionFailed, lang,
                             {tr(kVerbs.at(verb), lang), name, error_text(*outcome.error, lang)})};
  }
  constexpr std::array kDone = {Text::kDoneLoad, Text::kDoneDrain, Text::kDoneStop};
  return {Tone::kOk, fill(kDone.at(verb), lang, {name})};
}

}  // namespace qc::console
