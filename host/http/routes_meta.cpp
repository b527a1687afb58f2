#include "host/http/route.hpp"

namespace qc::http {
namespace {

using std::chrono::duration_cast;

Result<Answer> health(const Call& call, std::chrono::steady_clock::time_point started) {
  const chain::Ledger& ledger = call.services.ledger;
  const chain::Ledger::Health state = ledger.health();
  const Json view_status = call.services.centre.status();
  const bool view = view_status.value("healthy", false);
  std::string reason = state.writable ? state.clock : state.reason;
  if (reason.empty() && !view) reason = "the view does not follow";
  const auto uptime =
      duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started);
  const auto now =
      duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  return Answer{200,
                {{"status", reason.empty() ? "ok" : "degraded"},
                 {"reason", reason},
                 {"chain", ledger.chain()},
                 {"version", QC_VERSION},
                 {"size", ledger.size()},
                 {"uptime_s", uptime.count()},
                 {"host_kid", ledger.host_key().kid()},
                 {"time_ms", now.count()}}};
}

}  // namespace

void await_view(const Call& call) {
  constexpr int kWaitMs = 500;
  if (!call.services.centre.status().value("healthy", false)) return;
  const auto level = call.services.centre.wait_for(call.services.ledger.size(), kWaitMs);
  (void)level;  // late: the answer is the view as it stands
}

std::vector<Route> meta_routes(MetaSources sources) {
  std::vector<Route> out;
  out.push_back({"GET",
                 "/v1/health",
                 {},
                 BodyKind::kNone,
                 [started = sources.started](const Call& call) { return health(call, started); },
                 {"getHealth", "host", "主机状态", "State of the host", "", "Health"}});
  out.push_back(
      {"GET",
       "/metrics",
       {Need::kLoopback},
       BodyKind::kNone,
       [metrics = std::move(sources.metrics)](const Call&) -> Result<Answer> {
         return Answer{200, {}, metrics(), "text/plain; version=0.0.4; charset=utf-8"};
       },
       {"getMetrics", "host", "监控指标", "Metrics in the Prometheus text format", "", ""}});
  out.push_back({"GET",
                 "/openapi.json",
                 {},
                 BodyKind::kNone,
                 [openapi = std::move(sources.openapi)](const Call&) -> Result<Answer> {
                   return Answer{200, {}, openapi(), "application/json"};
                 },
                 {"getOpenApi", "host", "接口说明", "This document", "", "Document"}});
  return out;
}

}  // namespace qc::http
