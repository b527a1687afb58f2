#include <algorithm>

#include <spdlog/spdlog.h>

#include "host/plugin/call_scope.hpp"
#include "host/plugin/manager_impl.hpp"
#include "host/plugin/plugin_log.hpp"

namespace qc::plugin {
namespace {

/// Counts a call for as long as its caller waits; the count was taken when the call was let in.
class InFlight {
 public:
  InFlight(Counters& counters, Flight& flight) : counters_(counters), flight_(flight) {}
  ~InFlight() {
    --counters_.in_flight;
    --flight_.in_flight;
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Counters& counters_;
  Flight& flight_;
};

/// FNV-1a and a final mixing: ids that differ in a digit fall anywhere.
std::uint64_t spread(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  hash ^= hash >> 33U;
  hash *= 0xFF51AFD7ED558CCDULL;
  return hash ^ (hash >> 33U);
}

/// The same request goes the same way, on every host and after every restart.
bool in_share(std::string_view plugin, std::string_view request, int percent) {
  std::string key(plugin);
  key.append("/").append(request);
  return spread(key) % 100 < static_cast<std::uint64_t>(percent);
}

/// What the plugin is granted, or what its caller says. A caller who waits for a route of a
/// product's own waits no longer for that.
std::chrono::milliseconds patience_of(const Loaded& loaded, bool route, int timeout_ms) {
  int ms = std::max(timeout_ms, 1);
  if (loaded.time_ms > 0) ms = route ? std::min(ms, loaded.time_ms) : loaded.time_ms;
  return std::chrono::milliseconds(ms);
}

Error no_such_route() {
  return not_found("product.no_such_route", "the product has no such path of its own");
}

}  // namespace

Result<ManagerImpl::Bound> ManagerImpl::bind(const std::string& plugin, const EntryPtr& entry) {
  const std::lock_guard lock(mutex_);
  if (entry->state != State::kActive) {
    return unavailable("plugin.not_active",
                       "plugin " + plugin + " is " + std::string(state_name(entry->state)),
                       Side::kProvider);
  }
  Bound bound{entry->active, entry->counters, false, {}};
  if (entry->canary) {
    const CallScope* scope = CallScope::current();
    const std::string request =
        scope != nullptr ? scope->request() : std::to_string(++entry->counters->routed);
    if (in_share(plugin, request, entry->canary->options.percent)) {
      bound = {entry->canary->loaded, entry->counters, true, entry->canary->options};
    }
  }
  // Inside the lock: who drains or retires from now on must see this call.
  ++bound.counters->in_flight;
  ++bound.loaded->flight->in_flight;
  return bound;
}

void ManagerImpl::conclude(const std::string& plugin, const EntryPtr& entry, const Bound& bound,
                           const Error* error) {
  Flight& flight = *bound.loaded->flight;
  const std::uint64_t calls = ++flight.calls;
  if (error != nullptr) {
    const Failure failure = failure_of(*error);
    ++bound.counters->failures[static_cast<std::size_t>(failure)];
    if (is_fault(failure)) ++flight.faults;
  }
  if (!bound.on_trial || calls < bound.trial.after_calls) return;
  const std::uint64_t faults = flight.faults;
  if (faults * 100 <= static_cast<std::uint64_t>(bound.trial.max_failed_percent) * calls) return;
  const std::lock_guard lock(mutex_);
  if (!entry->canary || entry->canary->loaded != bound.loaded) return;  // others saw it first
  end_canary(*entry, std::to_string(faults) + " of its " + std::to_string(calls) +
                         " calls failed, more than " +
                         std::to_string(bound.trial.max_failed_percent) + " %; at last " +
                         (error == nullptr ? "none" : error->code));
  spdlog::warn("plugin {}: {}", plugin, entry->reason);
}

Result<Manager::Answer> ManagerImpl::call(const std::string& plugin, const std::string& method,
                                          const Json& message, int timeout_ms) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  QC_ASSIGN(const Bound bound, bind(plugin, entry));
  const InFlight guard(*bound.counters, *bound.loaded->flight);
  ++bound.counters->calls;
  const Manifest& manifest = bound.loaded->manifest;
  const std::uint64_t generation = bound.loaded->generation->number();
  const bool route = method == kRouteMethod;
  Generation* const instance = (route ? bound.loaded->routes : bound.loaded->generation).get();
  if (instance == nullptr) return no_such_route();
  CallScope* const scope = CallScope::current();
  if (scope != nullptr) scope->note({plugin, manifest.version, manifest.digest, generation});
  const auto started = std::chrono::steady_clock::now();
  auto answer = instance->call(method, message, patience_of(*bound.loaded, route, timeout_ms));
  const auto took = std::chrono::steady_clock::now() - started;
  bound.counters->latency.add(took);
  const Error* const error = answer.ok() ? nullptr : &answer.error();
  conclude(plugin, entry, bound, error);
  const bool fault = error != nullptr && is_fault(failure_of(*error));
  spdlog::log(fault ? spdlog::level::warn : spdlog::level::debug,
              "plugin {} call {} {} {} us generation={} digest={} id={}", plugin, method,
              error == nullptr ? "ok" : error->code,
              std::chrono::duration_cast<std::chrono::microseconds>(took).count(), generation,
              std::string_view(manifest.digest).substr(0, 16),
              scope == nullptr ? std::string_view("-") : std::string_view(scope->request()));
  if (error != nullptr) return *error;
  return Answer{std::move(*answer), plugin, manifest.version, manifest.digest, generation};
}

Result<Json> ManagerImpl::health(const std::string& plugin) {
  QC_ASSIGN(Answer answer, call(plugin, "health", Json::object(), options_.probe_ms));
  const JsonReader reader(answer.message, "health");
  const auto status = reader.text("status", 16);
  const auto detail = reader.text_or_empty("detail", 4096);
  if (!status.ok() || !detail.ok() || (*status != "ok" && *status != "degraded")) {
    return internal("plugin.bad_answer",
                    "plugin " + plugin + ": health is neither ok nor degraded");
  }
  return Json{{"status", *status},
              {"detail", PluginLog::clean(*detail)},
              {"version", answer.version},
              {"digest", answer.digest},
              {"generation", answer.generation}};
}

void ManagerImpl::blame(const std::string& plugin, const std::string& what) {
  const std::lock_guard lock(mutex_);
  const EntryPtr entry = find(plugin);
  if (!entry) return;
  ++entry->counters->failures[static_cast<std::size_t>(Failure::kBadAnswer)];
  if (entry->active) entry->reason = "it answered falsely: " + what;
  spdlog::warn("plugin {} answered falsely: {}", plugin, what);
}

Status ManagerImpl::may_sign(const std::string& plugin, const std::string& op) const {
  const std::lock_guard lock(mutex_);
  const EntryPtr entry = find(plugin);
  if (!entry || !entry->active) {
    return unavailable("plugin.not_active", "plugin " + plugin + " is not active", Side::kProvider);
  }
  const Loaded& loaded = *entry->active;
  const bool of_its_kind = loaded.manifest.kind == "department" && op == "asset.issue";
  const bool asks = !proof::named_in(loaded.manifest.capabilities, proof::kLedger).empty();
  const std::string capability = std::string(proof::kLedger) + op;
  const auto& granted = loaded.granted;
  if (of_its_kind &&
      (!asks || std::find(granted.begin(), granted.end(), capability) != granted.end())) {
    return {};
  }
  Error error = forbidden("plugin.not_granted", "plugin " + plugin + " signed " + op +
                                                    ", which it is not granted: " + capability);
  error.side = Side::kProvider;
  return error;
}

Result<std::string> ManagerImpl::for_item(const std::string& item) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [plugin, entry] : entries_) {
    if (entry->state != State::kActive) continue;
    const auto& items = entry->active->items;
    if (std::find(items.begin(), items.end(), item) != items.end()) return plugin;
  }
  return unavailable("plugin.none_for_item", "no active plugin serves this item", Side::kProvider);
}

Result<std::string> ManagerImpl::for_product(const std::string& product) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [plugin, entry] : entries_) {
    if (entry->state == State::kActive && entry->active->product == product) return plugin;
  }
  return unavailable("plugin.none_for_product", "no active plugin decides on this product",
                     Side::kProvider);
}

Result<ProductRoute> ManagerImpl::route_of(const std::string& plugin, const std::string& method,
                                           const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const EntryPtr entry = find(plugin);
  if (!entry || !entry->active) return no_such_route();
  const auto& served = entry->active->served;
  const auto found = std::find_if(served.begin(), served.end(), [&](const ProductRoute& one) {
    return one.method == method && one.path == path;
  });
  if (found == served.end()) return no_such_route();
  return *found;
}

}  // namespace qc::plugin
