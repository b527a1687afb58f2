#include "host/http/route.hpp"

namespace qc::http {
namespace {

constexpr int kDrainMs = 5000;

Json canary_json(const std::optional<plugin::CanaryInfo>& canary) {
  if (!canary) return nullptr;
  return {{"version", canary->version},
          {"digest", canary->digest},
          {"generation", canary->generation},
          {"percent", canary->options.percent},
          {"calls", canary->calls},
          {"faults", canary->faults},
          {"after_calls", canary->options.after_calls},
          {"max_failed_percent", canary->options.max_failed_percent}};
}

Json failures_json(const plugin::FailureCounts& failures) {
  Json out = Json::object();
  for (std::size_t i = 0; i < failures.size(); ++i) {
    out[std::string(plugin::failure_name(static_cast<plugin::Failure>(i)))] = failures[i];
  }
  return out;
}

Json kept_json(const std::vector<plugin::KeptPackage>& kept) {
  Json out = Json::array();
  for (const auto& one : kept) out.push_back({{"version", one.version}, {"digest", one.digest}});
  return out;
}

Json routes_json(const std::vector<plugin::ProductRoute>& routes) {
  Json out = Json::array();
  for (const auto& one : routes) {
    out.push_back({{"method", one.method}, {"path", one.path}, {"who", one.who}});
  }
  return out;
}

/// Null where nothing is loaded; memory and processor also where the host's own process, which no
/// limit of a plugin's can bound, is the plugin's.
Json budgets_json(const plugin::PluginInfo& info) {
  if (!info.budgets) return nullptr;
  Json out = Json::object();
  for (std::size_t i = 0; i < proof::kBudgetKinds; ++i) {
    out[std::string(proof::kBudgets[i].key)] = (*info.budgets)[i];
  }
  if (info.isolation == plugin::Isolation::kProcess) return out;
  for (const char* unbounded : {"memory_mib", "cpu_percent"}) out[unbounded] = nullptr;
  return out;
}

Json to_json(const plugin::PluginInfo& info) {
  return {
      {"plugin", info.plugin},
      {"version", info.version},
      {"kind", info.kind},
      {"owner", info.owner},
      {"digest", info.digest},
      {"state", plugin::state_name(info.state)},
      {"items", info.items},
      {"product", info.product},
      {"routes", routes_json(info.routes)},
      {"jwk", info.jwk},
      {"calls", info.calls},
      {"errors", info.errors},
      {"in_flight", info.in_flight},
      {"reason", info.reason},
      {"isolation", plugin::isolation_name(info.isolation)},
      {"generation", info.generation},
      {"failures", failures_json(info.failures)},
      {"latency_us",
       {{"p50", info.latency.p50_us}, {"p95", info.latency.p95_us}, {"p99", info.latency.p99_us}}},
      {"restarts", info.runner.restarts},
      {"refusals", info.runner.refusals},
      {"memory_bytes", info.runner.memory_bytes},
      {"cpu_ms", info.runner.cpu_ms},
      {"retired", info.retired},
      {"draining", info.draining},
      {"overdue", info.overdue},
      {"mapped", info.mapped},
      {"canary", canary_json(info.canary)},
      {"kept", kept_json(info.kept)},
      {"pinned", info.pinned},
      {"asked", info.asked},
      {"capabilities", info.granted},
      {"budgets", budgets_json(info)}};
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

/// A verb with an empty body.
template <Result<plugin::PluginInfo> (plugin::Manager::*Verb)(const std::string&)>
Result<Answer> change(const Call& call) {
  QC_TRY(JsonReader(call.body).expect_only({}));
  return entry((call.services.plugins.*Verb)(call.param("id")));
}

Result<Answer> drain(const Call& call) {
  QC_TRY(JsonReader(call.body).expect_only({}));
  return entry(call.services.plugins.drain(call.param("id"), kDrainMs));
}

Result<Answer> downgrade(const Call& call) {
  const JsonReader body(call.body);
  QC_TRY(body.expect_only({"digest"}));
  QC_ASSIGN(const std::string digest, body.text_or_empty("digest", 64));
  return entry(call.services.plugins.downgrade(call.param("id"), digest));
}

Result<Answer> canary(const Call& call) {
  const JsonReader body(call.body);
  QC_TRY(body.expect_only({"percent", "after_calls", "max_failed_percent"}));
  plugin::CanaryOptions options;
  if (body.has("percent")) {
    QC_ASSIGN(const std::int64_t percent, body.integer("percent", 1, 99));
    options.percent = static_cast<int>(percent);
  }
  if (body.has("after_calls")) {
    QC_ASSIGN(const std::int64_t calls, body.integer("after_calls", 1, 1'000'000));
    options.after_calls = static_cast<std::uint64_t>(calls);
  }
  if (body.has("max_failed_percent")) {
    QC_ASSIGN(const std::int64_t most, body.integer("max_failed_percent", 0, 100));
    options.max_failed_percent = static_cast<int>(most);
  }
  return entry(call.services.plugins.canary(call.param("id"), options));
}

Result<Answer> check(const Call& call) {
  QC_TRY(JsonReader(call.body).expect_only({}));
  QC_ASSIGN(Json health, call.services.plugins.health(call.param("id")));
  return Answer{200, std::move(health)};
}

struct PluginVerb {
  const char* verb;
  Handler handler;
  const char* zh;
  const char* en;
  std::vector<std::string> problems;
  const char* request = "Empty";
  const char* response = "Plugin";
};

std::vector<PluginVerb> plugin_verbs() {
  using plugin::Manager;
  const std::vector<std::string> plain{"plugin.not_found", "plugin.wrong_state"};
  const std::vector<std::string> loading{
      "plugin.not_found",    "plugin.wrong_state",  "plugin.not_admitted", "plugin.digest_mismatch",
      "plugin.abi_mismatch", "plugin.foreign_item", "plugin.over_budget"};
  const auto loading_and = [&](std::vector<std::string> more) {
    more.insert(more.begin(), loading.begin(), loading.end());
    return more;
  };
  return {
      {"load", change<&Manager::load>, "加载插件", "Load a plugin", loading},
      {"upgrade", change<&Manager::upgrade>, "热升级：换上目录中的新包",
       "Put the folder's package in place of the running one",
       loading_and({"plugin.same_package", "plugin.unhealthy"})},
      {"downgrade", downgrade, "退回曾运行过的包", "Go back to a package that ran here before",
       loading_and({"plugin.no_earlier_package", "plugin.unhealthy"}), "PluginDowngrade"},
      {"reload", change<&Manager::reload>, "重读设置",
       "Run the same package with its settings anew",
       loading_and({"plugin.configure_failed", "plugin.unhealthy"})},
      {"canary", canary, "灰度：新包先接一部分请求",
       "Give the folder's package a share of requests",
       loading_and({"plugin.same_package", "plugin.unhealthy", "plugin.item_conflict"}),
       "PluginCanary"},
      {"promote", change<&Manager::promote>, "灰度转正", "The canary takes all requests", plain},
      {"rollback", change<&Manager::rollback>, "撤回灰度", "The canary takes none", plain},
      {"check",
       check,
       "询问运行状况",
       "Ask a plugin how it is",
       {"plugin.not_found", "plugin.not_active", "plugin.timeout"},
       "Empty",
       "PluginHealth"},
      {"drain", drain, "排空插件：不再接新请求", "Let a plugin finish and stop", plain},
      {"stop", change<&Manager::stop>, "停止插件", "Stop a plugin", plain}};
}

}  // namespace

std::vector<Route> plugin_routes() {
  const Who operator_only{Need::kCaller, false, "operator"};
  std::vector<Route> out;
  out.push_back(
      {"GET",
       "/v1/plugins",
       {},
       BodyKind::kNone,
       list_plugins,
       {"listPlugins", "plugins", "插件及其状态", "Plugins and their states", "", "Plugins"}});
  std::vector<PluginVerb> verbs = plugin_verbs();
  for (PluginVerb& one : verbs) {
    out.push_back({"POST",
                   std::string("/v1/plugins/{id}:") + one.verb,
                   operator_only,
                   BodyKind::kJson,
                   std::move(one.handler),
                   {std::string(one.verb) + "Plugin",
                    "plugins",
                    one.zh,
                    one.en,
                    one.request,
                    one.response,
                    200,
                    {},
                    std::move(one.problems)}});
  }
  return in_lane(Lane::kView, std::move(out));
}

}  // namespace qc::http
