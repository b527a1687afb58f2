#include "host/plugin/manager_entry.hpp"

#include <algorithm>

#include "host/plugin/host_generation.hpp"
#include "host/plugin/outbound.hpp"
#include "host/plugin/plugin_log.hpp"
#include "host/plugin/process_generation.hpp"
#include "host/plugin/runner/wire.hpp"
#include "host/plugin/settings.hpp"

namespace qc::plugin {
namespace {

/// A plugin opens its database and decrypts its key here: longer than a call, yet bounded.
constexpr std::chrono::milliseconds kSetupTimeout{10'000};
constexpr std::size_t kMaxRoutes = 16;
constexpr std::size_t kRouteWorkers = 2;  ///< calls of routes that run at a time
static_assert(kMaxRouteBodyBytes == wire::kMaxRouteBodyBytes);

using proof::Budget;
constexpr std::size_t index_of(Budget budget) { return static_cast<std::size_t>(budget); }

Error package_error(std::string code, std::string message, std::string field = {}) {
  Error error = invalid(std::move(code), std::move(message), std::move(field));
  error.side = Side::kProvider;
  return error;
}

Error configure_failed(const Error& cause) {
  Error error =
      package_error("plugin.configure_failed", cause.code + ": " + cause.message, cause.field);
  error.kind = cause.kind;
  error.retryable = cause.retryable;
  return error;
}

}  // namespace

Isolation isolation_of(const IsolationOptions& options, const std::string& plugin) {
  const auto found = options.of.find(plugin);
  return found == options.of.end() ? options.otherwise : found->second;
}

std::string withdrawal_of(const Json& admission) {
  const std::string state = text_of(admission, "state");
  if (state.empty() || state == "admitted") return {};
  const std::string reason = text_of(admission, "reason");
  return "the ledger withdrew this package" + (reason.empty() ? "" : ": " + reason);
}

Result<std::shared_ptr<const Library>> LibraryShelf::get(SealedImage image) {
  const std::lock_guard lock(mutex_);
  const auto found = libraries_.find(image.digest());
  if (found != libraries_.end()) return found->second;
  if (libraries_.size() >= max_) {
    return unavailable("plugin.load_failed",
                       "this process has mapped as many libraries as it may; restart the host");
  }
  const std::string digest = image.digest();
  QC_ASSIGN(std::shared_ptr<const Library> library, Library::load(std::move(image)));
  libraries_.emplace(digest, library);
  return library;
}

std::shared_ptr<DirectCalls> LibraryShelf::direct() {
  const std::lock_guard lock(mutex_);
  if (!direct_ && direct_calls_ > 0) direct_ = std::make_shared<DirectCalls>(direct_calls_);
  return direct_;
}

Result<Json> Loader::check_admission(const Manifest& manifest) const {
  const auto admission =
      options_.admission ? options_.admission(manifest.plugin, manifest.digest) : std::nullopt;
  if (!admission || !admission->is_object()) {
    return forbidden("plugin.not_admitted", "the ledger admits no plugin of this name");
  }
  const std::pair<const char*, const std::string*> members[] = {{"digest", &manifest.digest},
                                                                {"owner", &manifest.owner},
                                                                {"version", &manifest.version},
                                                                {"kind", &manifest.kind}};
  for (const auto& [name, value] : members) {
    if (text_of(*admission, name) != *value) {
      return forbidden("plugin.not_admitted", "the ledger admits another package of this plugin")
          .at(name);
    }
  }
  for (const std::string& library : manifest.libraries) {
    if (granted(*admission, "library:" + library)) continue;
    return forbidden("plugin.not_admitted", "the package needs the capability library:" + library +
                                                ", which is not granted")
        .at("capabilities");
  }
  if (const std::string why = withdrawal_of(*admission); !why.empty()) {
    return forbidden("plugin.not_admitted", why);
  }
  return *admission;
}

Result<std::shared_ptr<Generation>> Loader::start(const Loaded& loaded, SealedImage image,
                                                  const Json& settings, GenerationOptions options) {
  if (loaded.isolation == Isolation::kProcess) {
    ProcessGeneration::Plan plan{std::move(image), granted_paths(settings),
                                 loaded.manifest.libraries, options_.isolation};
    RunnerLimits& limits = plan.isolation.limits;
    const auto granted = proof::budgets_in(loaded.granted);
    if (const auto mib = granted[index_of(Budget::kMemory)]; mib > 0) {
      limits.memory_bytes = static_cast<std::uint64_t>(mib) << 20U;
    }
    limits.cpu_percent = static_cast<std::uint32_t>(loaded.budgets[index_of(Budget::kCpu)]);
    return ProcessGeneration::create(std::move(plan), std::move(options), kSetupTimeout);
  }
  QC_ASSIGN(std::shared_ptr<const Library> library, shelf_.get(std::move(image)));
  options.direct = shelf_.direct();
  return HostGeneration::create(std::move(library), std::move(options), kSetupTimeout);
}

/// What the admission grants in place of the host's defaults.
Status Loader::take_budgets(Loaded& loaded, const Json& admission,
                            GenerationOptions& options) const {
  const RunnerLimits& limits = options_.isolation.limits;
  const proof::Budgets usual{static_cast<std::int64_t>(limits.memory_bytes >> 20U),
                             static_cast<std::int64_t>(limits.cpu_percent), options_.call_ms,
                             static_cast<std::int64_t>(options_.max_answer_bytes >> 10U)};
  loaded.granted = proof::capabilities_in(admission);
  const proof::Budgets granted = proof::budgets_in(loaded.granted);
  for (std::size_t i = 0; i < granted.size(); ++i) {
    const proof::BudgetKind& kind = proof::kBudgets[i];
    const std::int64_t most = std::max(options_.most[i], usual[i]);
    if (granted[i] > most) {
      return forbidden("plugin.over_budget",
                       "the admission grants " + std::string(kind.name) + ':' +
                           std::to_string(granted[i]) + ", this host gives a plugin at most " +
                           std::to_string(most) + ' ' + std::string(kind.unit) +
                           ": raise plugins.max_" + std::string(kind.key) +
                           " in host.toml, or admit it with less")
          .at("capabilities");
    }
    loaded.budgets[i] = granted[i] > 0 ? granted[i] : usual[i];
  }
  loaded.time_ms = static_cast<int>(granted[index_of(Budget::kTime)]);
  const auto message_bytes = static_cast<std::size_t>(granted[index_of(Budget::kMessage)]) << 10U;
  if (message_bytes == 0) return {};
  options.max_answer_bytes = options.max_message_bytes = message_bytes;
  return {};
}

Status Loader::describe(Loaded& loaded, const Json& admission) const {
  auto answer = loaded.generation->call("describe", Json::object(), kSetupTimeout);
  if (!answer.ok()) return configure_failed(answer.error());
  const std::pair<const char*, const std::string*> members[] = {
      {"plugin", &loaded.manifest.plugin},
      {"version", &loaded.manifest.version},
      {"kind", &loaded.manifest.kind}};
  for (const auto& [name, value] : members) {
    if (text_of(*answer, name) != *value) {
      return package_error("plugin.bad_manifest", "the library describes itself otherwise", name);
    }
  }
  const JsonReader reader(*answer);
  if (loaded.manifest.kind == "department") {
    QC_ASSIGN(const Json* items, reader.array("items"));
    const std::string code = text_of(admission, "code");
    for (const Json& item : *items) {
      QC_ASSIGN(std::string id, JsonReader(item, "items").text("item", 64));
      // Requests for an item bring a person's identity: no plugin draws another department's.
      if (!code.empty() && !id.starts_with(code + '.')) {
        return package_error("plugin.foreign_item",
                             "it claims " + PluginLog::clean(id) + ", but items of its owner " +
                                 loaded.manifest.owner + " begin with \"" + code + ".\"",
                             "items");
      }
      loaded.items.push_back(std::move(id));
    }
  } else {
    QC_TRY(describe_product(loaded, *answer));
  }
  loaded.description = std::move(*answer);
  return {};
}

Status Loader::describe_product(Loaded& loaded, const Json& answer) const {
  const JsonReader reader(answer);
  QC_ASSIGN(const Json* product, reader.object("product"));
  QC_ASSIGN(loaded.product, JsonReader(*product, "product").text("product", 64));
  if (!reader.has("routes")) return {};
  QC_ASSIGN(const Json* routes, reader.array("routes", kMaxRoutes));
  for (const Json& entry : *routes) {
    const JsonReader route(entry, "routes");
    ProductRoute one;
    QC_ASSIGN(one.method, route.text("method", 16));
    QC_ASSIGN(one.path, route.text("path", 64));
    QC_ASSIGN(one.who, route.text("who", 16));
    if (one.who != "any" && one.who != "member" && one.who != "owner") {
      return package_error("plugin.bad_manifest", "who must be any, member or owner", "routes");
    }
    loaded.served.push_back(std::move(one));
  }
  return {};
}

/// A second instance of the same bytes, and in a process a second process: with no settings, no
/// key, no file, no connection, and never a presentation. What it tells a caller it cannot have
/// from anybody's data, whatever the package is like.
Status Loader::start_routes(Loaded& loaded, SealedImage image, const GenerationOptions& base) {
  GenerationOptions options = base;
  options.routes = true;
  options.addresses.clear();
  options.limits.workers = std::min(base.limits.workers, kRouteWorkers);
  options.max_answer_bytes =
      std::min<std::size_t>(base.max_answer_bytes, wire::kMaxRouteAnswerBytes);
  QC_ASSIGN(loaded.routes, start(loaded, std::move(image), Json::object(), std::move(options)));
  const auto answer = loaded.routes->call("describe", Json::object(), kSetupTimeout);
  if (!answer.ok()) return configure_failed(answer.error());
  if (*answer == loaded.description) return {};
  return package_error("plugin.bad_manifest", "the library describes itself otherwise", "routes");
}

Status Loader::configure(Loaded& loaded, const Json& admission, const Json& settings) const {
  Json message = {
      {"settings", settings}, {"chain", options_.chain}, {"account", loaded.manifest.owner}};
  if (!options_.host_jwk.is_null()) message["host_jwk"] = options_.host_jwk;
  // Said to those alone that ask for tables: what was built earlier knows no such member.
  if (!proof::named_in(loaded.manifest.capabilities, proof::kTable).empty()) {
    message["tables"] = proof::named_in(loaded.granted, proof::kTable);
  }
  auto answer = loaded.generation->call("configure", message, kSetupTimeout);
  if (!answer.ok()) return configure_failed(answer.error());
  const auto jwk = answer->find("jwk");
  const auto key = jwk == answer->end() ? Result<crypto::PublicKey>(invalid("key.invalid", ""))
                                        : crypto::PublicKey::from_jwk(*jwk);
  if (!key.ok()) return package_error("plugin.bad_answer", "configure returned no key", "jwk");
  // Consent is encrypted to the admitted key: a plugin that uses another could read nothing.
  const auto expected = admission.find("jwk");
  if (expected != admission.end()) {
    const auto admitted = crypto::PublicKey::from_jwk(*expected);
    if (!admitted.ok() || !(*admitted == *key)) {
      return package_error("plugin.configure_failed",
                           "the key in the settings is not the one the ledger admits", "jwk");
    }
  }
  loaded.jwk = key->to_jwk();
  return {};
}

Status Loader::check_health(Loaded& loaded) const {
  const auto answer = loaded.generation->call("health", Json::object(), kSetupTimeout);
  if (!answer.ok()) return configure_failed(answer.error());
  const std::string status = text_of(*answer, "status");
  if (status == "ok") return {};
  if (status != "degraded") {
    return package_error("plugin.bad_answer", "health is neither ok nor degraded", "status");
  }
  // Its source may come back without anybody's help; calls say what is wrong until then.
  loaded.remark = "degraded: " + PluginLog::clean(text_of(*answer, "detail"));
  return {};
}

/// A last word before it takes calls, with no more time than a call has.
Status Loader::probe(const Loaded& loaded) const {
  const auto answer = loaded.generation->call("describe", Json::object(),
                                              std::chrono::milliseconds(options_.probe_ms));
  const auto unhealthy = [&](const std::string& why) {
    return unavailable("plugin.unhealthy", "the new generation " + why, Side::kProvider);
  };
  if (!answer.ok()) return unhealthy("fails its probe: " + answer.error().code);
  if (*answer != loaded.description)
    return unhealthy("describes itself otherwise when asked again");
  return {};
}

Result<Loaded> Loader::run(const Source& source, std::uint64_t generation) {
  Loaded loaded;
  QC_ASSIGN(loaded.manifest, read_manifest(source.folder));
  const Manifest& manifest = loaded.manifest;
  if (!source.digest.empty() && manifest.digest != source.digest) {
    return package_error("plugin.digest_mismatch",
                         "the folder holds package " + manifest.digest + ", not " + source.digest,
                         "digest");
  }
  QC_ASSIGN(SealedImage image,
            SealedImage::read(source.folder / manifest.library, manifest.plugin));
  if (image.digest() != manifest.digest) {
    return package_error(
        "plugin.digest_mismatch",
        "the library's SM3 is " + image.digest() + ", the manifest says " + manifest.digest,
        "digest");
  }
  advance_(Event::kVerify, manifest);
  QC_ASSIGN(const Json admission, check_admission(manifest));
  QC_TRY(check_publisher(manifest, admission, options_.chain));
  advance_(Event::kAdmit, manifest);
  // Before the plugin runs: what they grant is settled when its process starts.
  QC_ASSIGN(const Json settings, read_settings(options_.config_dir, manifest.plugin));
  loaded.isolation = isolation_of(options_.isolation, manifest.plugin);
  GenerationOptions options{manifest.plugin,
                            generation,
                            {options_.workers, options_.queue, options_.max_hung},
                            options_.max_answer_bytes,
                            granted_addresses(manifest.outbound_hosts, admission)};
  options.max_message_bytes = options_.max_message_bytes;
  QC_TRY(take_budgets(loaded, admission, options));
  QC_ASSIGN(SealedImage second, image.share());
  QC_ASSIGN(loaded.generation, start(loaded, std::move(image), settings, options));
  advance_(Event::kLoad, manifest);
  QC_TRY(describe(loaded, admission));
  QC_TRY(configure(loaded, admission, settings));
  advance_(Event::kConfigure, manifest);
  QC_TRY(check_health(loaded));
  if (!granted(admission, "routes")) loaded.served.clear();
  if (!loaded.served.empty()) QC_TRY(start_routes(loaded, std::move(second), options));
  // Where nothing else serves, a slow or degraded plugin is better than none.
  if (!source.beside) return loaded;
  if (!loaded.remark.empty()) {
    return unavailable("plugin.unhealthy", "the new generation is " + loaded.remark,
                       Side::kProvider);
  }
  QC_TRY(probe(loaded));
  return loaded;
}

}  // namespace qc::plugin
