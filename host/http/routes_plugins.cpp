#include "host/http/route.hpp"

namespace qc::http {
namespace {

constexpr int kDrainMs = 5000;

Json to_json(const plugin::PluginInfo& info) {
  return {{"plugin", info.plugin},
          {"version", info.version},
          {"kind", info.kind},
          {"owner", info.owner},
          {"digest", info.digest},
          {"state", plugin::state_name(info.state)},
          {"items", info.items},
          {"product", info.product},
          {"jwk", info.jwk},
          {"calls", info.calls},
          {"errors", info.errors},
          {"in_flight", info.in_flight},
          {"reason", info.reason},
          {"isolation", plugin::isolation_name(info.isolation)},
          {"restarts", info.runner.restarts},
          {"refusals", info.runner.refusals},
          {"memory_bytes", info.runner.memory_bytes}};
}

Result<Answer> list_plugins(const Call& call) {
  Json plugins = Json::array();
  for (const auto& info : call.services.plugins.list()) plugins.push_back(to_json(info));
  return Answer{200, {{"plugins", std::move(plugins)}}};
}

Result<Answer> entry(Result<plugin::PluginInfo> outcome) {
  if (!outcome.ok()) return outcome.error();
  return Answer{200, to_json(*outcome)};
}

Result<Answer> load(const Call& call) {
  QC_TRY(JsonReader(call.body).expect_only({}));
  return entry(call.services.plugins.load(call.param("id")));
}

Result<Answer> drain(const Call& call) {
  QC_TRY(JsonReader(call.body).expect_only({}));
  return entry(call.services.plugins.drain(call.param("id"), kDrainMs));
}

Result<Answer> stop(const Call& call) {
  QC_TRY(JsonReader(call.body).expect_only({}));
  return entry(call.services.plugins.stop(call.param("id")));
}

}  // namespace

std::vector<Route> plugin_routes() {
  const Who operator_only{Need::kCaller, false, "operator"};
  const std::vector<std::string> problems{"plugin.not_found", "plugin.wrong_state"};
  std::vector<Route> out;
  out.push_back(
      {"GET",
       "/v1/plugins",
       {},
       BodyKind::kNone,
       list_plugins,
       {"listPlugins", "plugins", "插件及其状态", "Plugins and their states", "", "Plugins"}});
  out.push_back({"POST",
                 "/v1/plugins/{id}:load",
                 operator_only,
                 BodyKind::kJson,
                 load,
                 {"loadPlugin",
                  "plugins",
                  "加载插件",
                  "Load a plugin",
                  "Empty",
                  "Plugin",
                  200,
                  {},
                  {"plugin.not_found", "plugin.wrong_state", "plugin.not_admitted",
                   "plugin.digest_mismatch", "plugin.abi_mismatch"}}});
  out.push_back({"POST",
                 "/v1/plugins/{id}:drain",
                 operator_only,
                 BodyKind::kJson,
                 drain,
                 {"drainPlugin",
                  "plugins",
                  "排空插件：不再接新请求",
                  "Let a plugin finish and stop",
                  "Empty",
                  "Plugin",
                  200,
                  {},
                  problems}});
  out.push_back({"POST",
                 "/v1/plugins/{id}:stop",
                 operator_only,
                 BodyKind::kJson,
                 stop,
                 {"stopPlugin",
                  "plugins",
                  "停止插件",
                  "Stop a plugin",
                  "Empty",
                  "Plugin",
                  200,
                  {},
                  problems}});
  return in_lane(Lane::kView, std::move(out));
}

}  // namespace qc::http
