// Plugins: their state and figures; loading, draining and stopping them.
#include "gui/console/ui/table.hpp"
#include "gui/console/ui/views.hpp"

namespace qc::console {
namespace {

constexpr Column kPluginColumns[] = {
    {.heading = Text::kPlugin, .width = 1.3F, .stretch = true},
    {.heading = Text::kState, .width = 96},
    {.heading = Text::kKind, .width = 136, .needs = 900},
    {.heading = Text::kVersion, .width = 64, .needs = 800},
    {.heading = Text::kServes, .width = 1.2F, .stretch = true, .needs = 640},
    {.heading = Text::kCalls, .width = 64, .right = true},
    {.heading = Text::kErrors, .width = 56, .right = true},
    {.heading = Text::kInFlight, .width = 64, .right = true},
};

void draw_cell(Ui& ui, const AppModel& app, const Plugin& row, int column, ImVec2 a, ImVec2 b) {
  const Lang lang = ui.lang();
  switch (column) {
    case PluginsModel::kPlugin:
      return cell_text(ui, a, b, plugin_name(row, lang));
    case PluginsModel::kState: {
      const auto& running = app.snapshot().running;
      if (running && running->plugin == row.plugin) {
        spinner(ui, {a.x + ui.px(8), (a.y + b.y) / 2}, ui.px(6));
        draw_text_in(ui, {a.x + ui.px(20), a.y}, b, Face::kBody, ui.colour().accent,
                     verb_label(running->verb, lang));
        return;
      }
      return draw_status(ui, a, b, plugin_badge(row.state, lang));
    }
    case PluginsModel::kErrors:
      draw_text_in(ui, a, b, Face::kBody,
                   row.errors > 0 ? tone_colour(ui.colour(), Tone::kBad) : ui.colour().text,
                   grouped(row.errors), Align::kRight);
      return;
    default:
      return cell_text(ui, a, b, app.plugins.cells(row, lang).at(static_cast<std::size_t>(column)),
                       column >= PluginsModel::kCalls, column < PluginsModel::kCalls);
  }
}

void draw_actions(Ui& ui, AppModel& app, const Plugin& plugin) {
  const Palette& p = ui.colour();
  const float width = ImGui::GetContentRegionAvail().x;
  constexpr Icon kIcons[] = {Icon::kPlay, Icon::kDrain, Icon::kStop};
  for (const Verb verb : {Verb::kLoad, Verb::kDrain, Verb::kStop}) {
    const Availability can = availability(&plugin, verb, app.snapshot());
    const std::string name = "action." + std::string(verb_name(verb));
    const std::string label = verb_label(verb, ui.lang());
    const bool main = can.enabled && verb == Verb::kLoad;
    if (button(ui, {.name = name,
                    .label = label,
                    .icon = kIcons[static_cast<int>(verb)],
                    .kind = main ? ButtonKind::kPrimary : ButtonKind::kSecondary,
                    .enabled = can.enabled,
                    .why = ui.t(can.why),
                    .width = width})) {
      app.ask(plugin.plugin, verb);
    }
    if (can.enabled) continue;
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() - ui.px(4));
    paragraph(ui, Face::kSmall, p.text_muted, ui.t(can.why), width);
  }
}

void inspect_figures(Ui& ui, const Plugin& plugin) {
  section(ui, ui.t(Text::kFigures));
  field(ui, ui.t(Text::kGeneration), grouped(plugin.generation));
  if (!plugin.canary.empty()) {
    field(ui, ui.t(Text::kCanary),
          fill(Text::kCanaryShare, ui.lang(),
               {plugin.canary, grouped(plugin.canary_percent), grouped(plugin.canary_calls),
                grouped(plugin.canary_faults)}));
  }
  field(ui, "p50", milliseconds_text(plugin.p50_us));
  field(ui, "p95", milliseconds_text(plugin.p95_us));
  field(ui, "p99", milliseconds_text(plugin.p99_us));
  const std::string memory = grouped(plugin.memory_bytes >> 20U);
  field(ui, ui.t(Text::kMemory),
        plugin.memory_mib == 0
            ? memory + " MiB"
            : fill(Text::kMemoryOf, ui.lang(), {memory, grouped(plugin.memory_mib)}));
  if (plugin.time_ms > 0) field(ui, ui.t(Text::kCallTime), grouped(plugin.time_ms) + " ms");
  field(ui, ui.t(Text::kProcessorTime), grouped(plugin.cpu_ms) + " ms");
  field(ui, ui.t(Text::kRestarts), grouped(plugin.restarts));
}

}  // namespace

void draw_plugins(Ui& ui, AppModel& app) {
  const auto& slot = app.snapshot().plugins;
  if (!begin_state(ui, app, slot.error, Text::kEmptyPlugins, Text::kEmptyPluginsNext)) return;
  const auto& rows = app.plugins.rows(slot.data, ui.lang());
  if (rows.empty()) return no_match(ui, app);
  TableSpec spec{.id = "plugins", .columns = kPluginColumns};
  spec.height = ImGui::GetContentRegionAvail().y - ui.px(36);
  model_table(ui, app, app.plugins, rows, spec,
              [&](const Plugin& row, int column, ImVec2 a, ImVec2 b) {
                draw_cell(ui, app, row, column, a, b);
              });
  paragraph(ui, Face::kSmall, ui.colour().text_muted, row_count(ui, rows.size(), slot.data->size()),
            ui.px(400));
}

void inspect_plugin(Ui& ui, AppModel& app, const Plugin& plugin) {
  const Lang lang = ui.lang();
  const Palette& p = ui.colour();
  const float width = ImGui::GetContentRegionAvail().x;
  paragraph(ui, Face::kStrong, p.text, plugin_name(plugin, lang), width);
  badge(ui, plugin_badge(plugin.state, lang));
  if (!plugin.reason.empty()) {
    gap(ui, 8);
    paragraph(ui, Face::kBody, tone_colour(p, Tone::kBad), plugin.reason, width);
  }
  section(ui, ui.t(Text::kActions));
  draw_actions(ui, app, plugin);
  section(ui, ui.t(Text::kPlugin));
  field(ui, ui.t(Text::kPluginId), plugin.plugin);
  field(ui, ui.t(Text::kKind), plugin_kind(plugin.kind, lang));
  field(ui, ui.t(Text::kVersion), plugin.version);
  field(ui, ui.t(Text::kOwner), app.names.name(plugin.owner, lang));
  field(ui, ui.t(plugin.product.empty() ? Text::kItems : Text::kProductLabel),
        serves(plugin, app.names, lang));
  std::string granted;
  for (const std::string& one : plugin.granted) granted += (granted.empty() ? "" : ", ") + one;
  if (!granted.empty()) field(ui, ui.t(Text::kGranted), granted);
  hash_field(ui, ui.t(Text::kDigest), plugin.digest);
  hash_field(ui, ui.t(Text::kKeyId), plugin.kid);
  inspect_figures(ui, plugin);
}

}  // namespace qc::console
