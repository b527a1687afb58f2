// What the view shows, as JSON: for scripts and tests, made from the same models as the picture.
#include "gui/console/model/app_model.hpp"

namespace qc::console {
namespace {

std::string_view state_name(ViewState state) {
  constexpr std::string_view kNames[] = {"loading", "empty", "error", "stale", "ready"};
  return kNames[static_cast<int>(state)];
}

template <typename Model, typename Rows>
Json table_json(const Model& model, const Rows& rows, Lang lang) {
  Json out = {{"headings", model.headings(lang)}, {"rows", Json::array()}};
  for (const auto* row : rows) {
    out["rows"].push_back({{"key", model.key(*row)}, {"cells", model.cells(*row, lang)}});
  }
  out["selected"] = model.selected();
  out["filter"] = model.filter();
  return out;
}

Json overview_json(const Snapshot& s, Lang lang) {
  Json out = Json::object();
  if (s.overview.data) {
    const Overview& o = *s.overview.data;
    out["health"] = health_badge(o.health.status, lang).word;
    out["size"] = o.health.size;
    out["version"] = o.health.version;
    out["uptime_s"] = o.health.uptime_s;
    out["head"] = {
        {"size", o.head.size}, {"verified", o.head.verified}, {"error", o.head.error_code}};
  }
  if (s.members.data) {
    for (const auto& [kind, n] : count_by_kind(*s.members.data)) out["members"][kind] = n;
  }
  if (s.flows.data) {
    out["flows"] = s.flows.data->size();
    out["refused"] = refused(*s.flows.data);
  }
  return out;
}

Json actions_json(const Plugin* plugin, const Snapshot& s, Lang lang) {
  Json out = Json::object();
  for (const Verb verb : {Verb::kLoad, Verb::kDrain, Verb::kStop}) {
    const Availability can = availability(plugin, verb, s);
    out[std::string(verb_name(verb))] = {{"enabled", can.enabled},
                                         {"why", can.enabled ? "" : tr(can.why, lang)}};
  }
  return out;
}

}  // namespace

Json AppModel::dump() {
  const Snapshot& s = *snapshot_;
  Json out = {
      {"view", view_name(view_)},
      {"state", state_name(state())},
      {"lang", lang_name(lang())},
      {"signed_in", signed_in()},
      {"reachable", s.reachable},
      {"identity",
       {{"account", s.identity.account},
        {"kind", s.identity.kind},
        {"chain", s.identity.chain},
        {"host_kid", s.identity.host_kid},
        {"pinned", s.identity.host_key_pinned}}},
      {"sign_in_error", s.sign_in_error ? s.sign_in_error->code : ""},
      {"sign_in_message", form.missing ? tr(*form.missing, lang()) : sign_in_error_text(s, lang())},
      {"message", message_ ? message_->text : ""}};
  if (const auto ask = question()) {
    out["question"] = {{"title", ask->title}, {"body", ask->body}};
  }
  switch (view_) {
    case View::kOverview:
      out["overview"] = overview_json(s, lang());
      break;
    case View::kMembers:
      out["table"] = table_json(members, members.rows(s.members.data, lang()), lang());
      break;
    case View::kPlugins:
      out["table"] = table_json(plugins, plugins.rows(s.plugins.data, lang()), lang());
      out["actions"] = actions_json(selected_plugin(), s, lang());
      break;
    case View::kTrace:
      if (tab_ == TraceTab::kFlows) {
        out["table"] = table_json(flows, flows.rows(s.flows.data, lang()), lang());
        break;
      }
      out["account"] = s.trace_account;
      out["table"] = table_json(events, events.rows(events_of(s.trace.data), lang()), lang());
      if (s.trace.error) out["error"] = s.trace.error->code;
      if (s.trace.data) {
        out["verified"] = s.trace.data->events.size() - s.trace.data->failed();
        out["failed"] = s.trace.data->failed();
      }
      break;
  }
  return out;
}

}  // namespace qc::console
