#include "host/http/metrics.hpp"

#include <algorithm>
#include <cstdio>

namespace qc::http {
namespace {

void describe(std::string& out, const char* name, const char* type, const char* help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

void sample(std::string& out, const std::string& name, std::uint64_t value) {
  out.append(name).append(" ").append(std::to_string(value)).append("\n");
}

void gauge(std::string& out, const char* name, const char* help, std::int64_t value) {
  describe(out, name, "gauge", help);
  sample(out, name, static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)));
}

void counter(std::string& out, const char* name, const char* help, std::uint64_t value) {
  describe(out, name, "counter", help);
  sample(out, name, value);
}

std::string label(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c != '\n') out.push_back(c);
  }
  return out + "\"";
}

std::string seconds(double micros) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", micros / 1e6);
  return text.data();
}

void render_connections(std::string& out, const Metrics::Sources& sources) {
  const LoopGauges& g = sources.gauges;
  gauge(out, "qc_http_connections_open", "Open connections.", g.open);
  gauge(out, "qc_http_connections_parked", "Connections without a request.", g.parked);
  gauge(out, "qc_http_requests_in_flight", "Whole requests not yet answered.", g.in_flight);
  describe(out, "qc_http_requests_queued", "gauge", "Requests waiting for a worker.");
  constexpr std::array<const char*, kLanes> kNames{"quick", "view", "plugin"};
  for (std::size_t i = 0; i < kLanes; ++i) {
    sample(out, std::string("qc_http_requests_queued{lane=\"") + kNames[i] + "\"}",
           sources.queued_requests[i]);
  }
  gauge(out, "qc_http_buffered_bytes", "Bytes held for connections.", g.buffered_bytes);
  gauge(out, "qc_http_nonces", "Nonces remembered against replay.",
        static_cast<std::int64_t>(sources.remembered_nonces));
  counter(out, "qc_http_connections_accepted_total", "Connections accepted.", g.accepted);
  counter(out, "qc_http_connections_refused_total", "Connections over the bound.", g.refused);
  counter(out, "qc_http_connections_evicted_total", "Idle connections closed for others.",
          g.evicted);
  counter(out, "qc_http_timeouts_total", "Requests and readers too slow.", g.timed_out);
  counter(out, "qc_http_malformed_total", "Requests refused before routing.", g.malformed);
}

void render_ledger(std::string& out, const Services& services) {
  const auto health = services.ledger.health();
  gauge(out, "qc_ledger_size", "Transactions on the ledger.",
        static_cast<std::int64_t>(services.ledger.size()));
  gauge(out, "qc_ledger_writable", "1 while the ledger takes transactions.", health.writable);
  gauge(out, "qc_ledger_clock_followed", "1 while the system's clock is the ledger's.",
        health.clock.empty());
  gauge(out, "qc_ledger_queued_bytes", "Bytes waiting to be ordered.",
        static_cast<std::int64_t>(health.queued_bytes));
  counter(out, "qc_ledger_batches_total", "Batches written.", health.batches);
  counter(out, "qc_ledger_rejected_total", "Transactions refused by rules.", health.rejected);
}

void render_view(std::string& out, const Services& services) {
  const Json status = services.centre.status();
  const auto position = status.value("position", std::uint64_t{0});
  const std::uint64_t size = services.ledger.size();
  gauge(out, "qc_view_position", "Transactions that the SQL view has applied.",
        static_cast<std::int64_t>(position));
  gauge(out, "qc_view_lag", "Transactions that the SQL view lacks.",
        static_cast<std::int64_t>(size > position ? size - position : 0));
  gauge(out, "qc_view_healthy", "1 while the SQL view follows.", status.value("healthy", false));
}

void render_plugin_latency(std::string& out, const std::vector<plugin::PluginInfo>& plugins) {
  describe(out, "qc_plugin_call_seconds", "summary", "From the call to its answer or failure.");
  for (const auto& info : plugins) {
    const std::string name = "plugin=" + label(info.plugin);
    const std::pair<const char*, double> quantiles[] = {
        {"0.5", info.latency.p50_us}, {"0.95", info.latency.p95_us}, {"0.99", info.latency.p99_us}};
    for (const auto& [quantile, micros] : quantiles) {
      out.append("qc_plugin_call_seconds{" + name + ",quantile=\"" + quantile + "\"} " +
                 seconds(micros) + "\n");
    }
    out.append("qc_plugin_call_seconds_sum{" + name + "} " + seconds(info.latency.sum_us) + "\n");
    sample(out, "qc_plugin_call_seconds_count{" + name + "}", info.latency.count);
  }
}

void render_plugins(std::string& out, const Services& services) {
  const auto plugins = services.plugins.list();
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    describe(out, name, type, help);
    for (const auto& info : plugins) {
      sample(out, std::string(name) + "{plugin=" + label(info.plugin) + "}", value(info));
    }
  };
  each("qc_plugin_calls_total", "counter", "Messages sent.", [](const auto& i) { return i.calls; });
  describe(out, "qc_plugin_errors_total", "counter", "Calls without a good answer, by kind.");
  for (const auto& info : plugins) {
    for (std::size_t i = 0; i < info.failures.size(); ++i) {
      const auto kind = plugin::failure_name(static_cast<plugin::Failure>(i));
      sample(out,
             "qc_plugin_errors_total{plugin=" + label(info.plugin) + ",kind=" + label(kind) + "}",
             info.failures[i]);
    }
  }
  render_plugin_latency(out, plugins);
  each("qc_plugin_in_flight", "gauge", "Messages not yet answered.",
       [](const auto& i) { return i.in_flight; });
  each("qc_plugin_restarts_total", "counter",
       "Deaths of its process that were followed by a start.",
       [](const auto& i) { return i.runner.restarts; });
  each("qc_plugin_refusals_total", "counter", "What it tried and its confinement refused.",
       [](const auto& i) { return i.runner.refusals; });
  each("qc_plugin_memory_bytes", "gauge", "Resident memory of its process, 0 inside the host.",
       [](const auto& i) { return i.runner.memory_bytes; });
  describe(out, "qc_plugin_cpu_seconds_total", "counter",
           "Processor time of its present process, 0 inside the host.");
  for (const auto& info : plugins) {
    const double micros = static_cast<double>(info.runner.cpu_ms) * 1000;
    out.append("qc_plugin_cpu_seconds_total{plugin=" + label(info.plugin) + "} " + seconds(micros) +
               "\n");
  }
  each("qc_plugin_generation", "gauge", "The generation that takes calls.",
       [](const auto& i) { return i.generation; });
  each("qc_plugin_retired_total", "counter", "Generations that another one replaced.",
       [](const auto& i) { return i.retired; });
  each("qc_plugin_draining", "gauge", "Replaced generations with calls to finish.",
       [](const auto& i) { return i.draining; });
  each("qc_plugin_overdue_total", "counter", "Replaced generations ended with calls in flight.",
       [](const auto& i) { return i.overdue; });
  each("qc_plugin_mapped", "gauge", "Its packages whose code is in the host and never leaves.",
       [](const auto& i) { return i.mapped; });
  each("qc_plugin_canary_percent", "gauge", "Share of requests that a canary gets, 0 without one.",
       [](const auto& i) {
         return static_cast<std::uint64_t>(i.canary ? i.canary->options.percent : 0);
       });
  describe(out, "qc_plugin_state", "gauge", "1 for the state that the plugin is in.");
  for (const auto& info : plugins) {
    sample(out,
           "qc_plugin_state{plugin=" + label(info.plugin) +
               ",state=" + label(plugin::state_name(info.state)) + "}",
           1);
  }
}

}  // namespace

Metrics::Metrics(std::vector<std::string> routes) : routes_(std::move(routes)) {}

void Metrics::count(std::size_t route, int status, std::int64_t micros) {
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(kBucketsUs.begin(), kBucketsUs.end(), micros) - kBucketsUs.begin());
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  ++buckets_[bucket];
  ++count_;
  sum_us_ += static_cast<std::uint64_t>(std::max<std::int64_t>(micros, 0));
}

void Metrics::render_requests(std::string& out) const {
  const std::lock_guard lock(mutex_);
  describe(out, "qc_http_requests_total", "counter", "Requests answered.");
  for (const auto& [key, value] : requests_) {
    const std::string name = key.first < routes_.size() ? routes_[key.first] : "none";
    sample(out,
           "qc_http_requests_total{route=" + label(name) + ",status=\"" +
               std::to_string(key.second) + "\"}",
           value);
  }
  describe(out, "qc_http_request_seconds", "histogram",
           "From the last byte of a request to its rendered answer.");
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    cumulative += buckets_[i];
    const std::string le =
        i < kBucketsUs.size() ? seconds(static_cast<double>(kBucketsUs[i])) : "+Inf";
    sample(out, "qc_http_request_seconds_bucket{le=\"" + le + "\"}", cumulative);
  }
  out.append("qc_http_request_seconds_sum ")
      .append(seconds(static_cast<double>(sum_us_)))
      .append("\n");
  sample(out, "qc_http_request_seconds_count", count_);
}

std::string Metrics::render(const Sources& sources) const {
  std::string out;
  gauge(out, "qc_uptime_seconds", "Since this process serves.", sources.uptime_s);
  render_ledger(out, sources.services);
  render_view(out, sources.services);
  render_plugins(out, sources.services);
  render_connections(out, sources);
  render_requests(out);
  return out;
}

}  // namespace qc::http
