#include "host/plugin/manager.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include <spdlog/spdlog.h>

#include "host/plugin/call_pool.hpp"
#include "host/plugin/generation.hpp"
#include "host/plugin/lifecycle.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxCallThreads = 64;
constexpr int kLifecycleTimeoutMs = 10000;  // describe, configure and health of one load
constexpr auto kDrainPoll = std::chrono::milliseconds(2);

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// What the manager knows of one plugin.
struct Entry {
  Manifest manifest;
  State state = State::kDiscovered;
  std::string reason;
  Json description;
  Json jwk;
  std::shared_ptr<Generation> generation;
  std::uint64_t generations = 0;                      // loaded so far
  std::uint64_t calls_before = 0, errors_before = 0;  // of earlier generations

  /// A wrong event here is a defect of this file: the callers check what users may ask for.
  void step(Event event) {
    const auto to = next_state(state, event);
    assert(to.has_value());
    state = *to;
  }
};

std::vector<std::string> items_of(const Json& description) {
  std::vector<std::string> items;
  if (!description.is_object() || !description.contains("items")) return items;
  for (const Json& item : description.at("items")) {
    if (item.is_object() && item.contains("item") && item.at("item").is_string()) {
      items.push_back(item.at("item").get<std::string>());
    }
  }
  return items;
}

std::string product_of(const Json& description) {
  if (!description.is_object() || !description.contains("product")) return {};
  const Json& product = description.at("product");
  return product.is_object() ? product.value("product", "") : std::string();
}

PluginInfo info_of(const Entry& entry) {
  PluginInfo info;
  info.plugin = entry.manifest.plugin;
  info.version = entry.manifest.version;
  info.kind = entry.manifest.kind;
  info.owner = entry.manifest.owner;
  info.digest = entry.manifest.digest;
  info.state = entry.state;
  info.reason = entry.reason;
  info.description = entry.description;
  info.items = items_of(entry.description);
  info.product = product_of(entry.description);
  info.jwk = entry.jwk;
  info.calls = entry.calls_before;
  info.errors = entry.errors_before;
  info.generation = entry.generations;
  if (entry.generation) {
    info.calls += entry.generation->calls;
    info.errors += entry.generation->errors;
    info.in_flight = entry.generation->in_flight;
  }
  return info;
}

Error wrong_state(const Entry& entry, const std::string& wanted) {
  return conflict(
      "plugin.wrong_state",
      entry.manifest.plugin + " is " + std::string(state_name(entry.state)) + ": cannot " + wanted);
}

/// A load under way: built aside, swapped in when it is whole.
struct Candidate {
  Manifest manifest;
  Json admission;
  std::shared_ptr<Generation> generation;
  Json description;
  Json jwk;
};

class ManagerImpl final : public Manager {
 public:
  explicit ManagerImpl(ManagerOptions options)
      : options_(std::move(options)), pool_(kMaxCallThreads) {}

  Status discover() override;
  Result<PluginInfo> load(const std::string& plugin) override;
  Result<PluginInfo> drain(const std::string& plugin, int wait_ms) override;
  Result<PluginInfo> stop(const std::string& plugin) override;
  std::vector<PluginInfo> list() const override;
  Result<PluginInfo> info(const std::string& plugin) const override;
  Result<Answer> call(const std::string& plugin, const std::string& method, const Json& message,
                      int timeout_ms) override;
  Result<std::string> for_item(const std::string& item) const override;
  Result<std::string> for_product(const std::string& product) const override;

 private:
  Result<Candidate> build(const std::string& plugin, Entry& entry, bool swap);
  Status describe(Candidate& candidate);
  Status configure(Candidate& candidate);
  Result<Json> send(const std::shared_ptr<Generation>& generation, const std::string& method,
                    const Json& message, int timeout_ms);
  void step(Entry& entry, bool swap, Event event);
  void retire(Entry& entry);

  ManagerOptions options_;
  CallPool pool_;
  std::mutex administration_;  // load, drain, stop and discover, one at a time
  mutable std::mutex mutex_;   // entries_; never held while a plugin runs
  std::map<std::string, Entry> entries_;
};

Status ManagerImpl::discover() {
  const std::lock_guard administration(administration_);
  std::error_code error;
  std::filesystem::directory_iterator folders(options_.plugins_dir, error);
  if (error) {
    return not_found("plugin.no_directory", "cannot list " + options_.plugins_dir.string());
  }
  for (const auto& folder : folders) {
    if (!folder.is_directory()) continue;
    const std::string name = folder.path().filename().string();
    auto manifest = read_manifest(folder.path());
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[name];
    if (entry.generation) continue;  // in service: load() looks at its manifest anew
    entry.manifest.plugin = name;
    if (!manifest.ok()) {
      entry.state = State::kFailed;
      entry.reason = manifest.error().message + " (" + manifest.error().field + ")";
      continue;
    }
    entry.manifest = std::move(manifest).value();
    if (entry.state == State::kFailed || entry.state == State::kStopped) {
      if (entry.state == State::kStopped) continue;  // an operator stopped it: it stays so
      entry.step(Event::kFound);
      entry.reason.clear();
    }
  }
  return {};
}

/// While a new version is built beside a serving one, the plugin's state stays Active.
void ManagerImpl::step(Entry& entry, bool swap, Event event) {
  if (swap) return;
  const std::lock_guard lock(mutex_);
  entry.step(event);
}

Result<Json> ManagerImpl::send(const std::shared_ptr<Generation>& generation,
                               const std::string& method, const Json& message, int timeout_ms) {
  struct Job {
    Result<Json> answer = internal("plugin.bad_answer", "no answer");
  };
  const auto job = std::make_shared<Job>();
  ++generation->calls;
  ++generation->in_flight;
  const auto outcome = pool_.run(
      [job, generation, method, message, deadline = now_ms() + timeout_ms,
       limit = options_.max_answer_bytes] {
        try {
          job->answer = generation->call(method, message, deadline, limit);
        } catch (...) {  // the border allows none; caught here so that it harms this call only
          job->answer = Error{ErrorKind::kInternal,
                              "plugin.bad_answer",
                              "let an exception escape",
                              {},
                              Side::kProvider};
        }
        --generation->in_flight;
      },
      timeout_ms);
  Result<Json> answer = internal("plugin.bad_answer", "no answer");
  switch (outcome) {
    case CallPool::Outcome::kDone:
      answer = std::move(job->answer);
      break;
    case CallPool::Outcome::kTimeout:
      answer = Error{ErrorKind::kTimeout,
                     "plugin.timeout",
                     generation->manifest().plugin + " did not answer " + method + " within " +
                         std::to_string(timeout_ms) + " ms",
                     {},
                     Side::kProvider,
                     true};
      break;
    case CallPool::Outcome::kFull:
      --generation->in_flight;
      answer = unavailable("plugin.busy", "every plugin call thread is held");
      break;
  }
  if (!answer.ok()) ++generation->errors;
  return answer;
}

Status ManagerImpl::describe(Candidate& candidate) {
  QC_ASSIGN(candidate.description,
            send(candidate.generation, "describe", Json::object(), kLifecycleTimeoutMs));
  for (const auto& [field, expected] : {std::pair{"plugin", candidate.manifest.plugin},
                                        {"version", candidate.manifest.version},
                                        {"kind", candidate.manifest.kind}}) {
    const auto said = JsonReader(candidate.description, "describe").text(field);
    if (!said.ok() || *said != expected) {
      return invalid("plugin.bad_manifest", "the manifest and the library disagree", field);
    }
  }
  return {};
}

Status ManagerImpl::configure(Candidate& candidate) {
  QC_ASSIGN(const Json settings, read_settings(options_.config_dir, candidate.manifest.plugin));
  const Json message{
      {"settings", settings}, {"chain", options_.chain}, {"account", candidate.manifest.owner}};
  const auto configured = send(candidate.generation, "configure", message, kLifecycleTimeoutMs);
  if (!configured.ok()) {
    Error error = configured.error();
    error.message = error.code + ": " + error.message;
    error.code = "plugin.configure_failed";
    return error;
  }
  candidate.jwk = configured->value("jwk", Json());
  const auto key = crypto::PublicKey::from_jwk(candidate.jwk);
  if (!key.ok()) return invalid("plugin.configure_failed", "the plugin names no valid key", "jwk");
  if (candidate.admission.contains("jwk") &&
      candidate.admission.at("jwk").value("kid", "") != key->kid()) {
    return conflict("plugin.configure_failed",
                    "the plugin uses another key than the ledger admits");
  }
  return {};
}

Result<Candidate> ManagerImpl::build(const std::string& plugin, Entry& entry, bool swap) {
  Candidate candidate;
  QC_ASSIGN(candidate.manifest, read_manifest(options_.plugins_dir / plugin));
  QC_ASSIGN(SealedLibrary library,
            SealedLibrary::read(options_.plugins_dir / plugin / candidate.manifest.library,
                                candidate.manifest.digest));
  step(entry, swap, Event::kVerified);
  const auto admission = options_.admission(plugin);
  if (!admission || admission->value("digest", "") != candidate.manifest.digest ||
      admission->value("owner", "") != candidate.manifest.owner ||
      admission->value("kind", "") != candidate.manifest.kind ||
      admission->value("version", "") != candidate.manifest.version) {
    return forbidden("plugin.not_admitted", "the ledger does not admit " + plugin + " " +
                                                candidate.manifest.version + " with digest " +
                                                candidate.manifest.digest + " of " +
                                                candidate.manifest.owner);
  }
  candidate.admission = *admission;
  step(entry, swap, Event::kAdmitted);
  QC_ASSIGN(candidate.generation,
            Generation::load(std::move(library), candidate.manifest, entry.generations + 1));
  step(entry, swap, Event::kLoaded);
  QC_TRY(describe(candidate));
  QC_TRY(configure(candidate));
  step(entry, swap, Event::kConfigured);
  QC_ASSIGN(const Json health,
            send(candidate.generation, "health", Json::object(), kLifecycleTimeoutMs));
  if (health.value("status", "") != "ok" && health.value("status", "") != "degraded") {
    return Error{ErrorKind::kUnavailable,
                 "plugin.configure_failed",
                 "the plugin is not healthy",
                 {},
                 Side::kProvider,
                 true};
  }
  return candidate;
}

void ManagerImpl::retire(Entry& entry) {
  if (!entry.generation) return;
  entry.calls_before += entry.generation->calls;
  entry.errors_before += entry.generation->errors;
  entry.generation.reset();  // calls in flight hold it until they end
}

Result<PluginInfo> ManagerImpl::load(const std::string& plugin) {
  const std::lock_guard administration(administration_);
  Entry* entry = nullptr;
  bool swap = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(plugin);
    if (found == entries_.end()) {
      return not_found("plugin.not_found", "no package " + plugin.substr(0, 64));
    }
    entry = &found->second;  // stable: entries are never removed
    swap = entry->state == State::kActive;
    if (!swap) {
      if (!next_state(entry->state, Event::kFound)) return wrong_state(*entry, "load");
      entry->step(Event::kFound);
      entry->reason.clear();
    }
  }
  if (swap) {
    const auto manifest = read_manifest(options_.plugins_dir / plugin);
    if (manifest.ok() && manifest->digest == entry->manifest.digest) {
      return wrong_state(*entry, "load the same package again");
    }
  }
  auto candidate = build(plugin, *entry, swap);
  const std::lock_guard lock(mutex_);
  if (!candidate.ok()) {
    entry->reason = candidate.error().code + ": " + candidate.error().message;
    if (!swap) entry->step(Event::kFail);
    return candidate.error();
  }
  retire(*entry);
  entry->manifest = candidate->manifest;
  entry->generation = std::move(candidate->generation);
  entry->description = std::move(candidate->description);
  entry->jwk = std::move(candidate->jwk);
  entry->generations += 1;
  entry->reason.clear();
  if (!swap) entry->step(Event::kActivated);
  spdlog::info("plugin {} {} is active, generation {}", plugin, entry->manifest.version,
               entry->generations);
  return info_of(*entry);
}

Result<PluginInfo> ManagerImpl::drain(const std::string& plugin, int wait_ms) {
  const std::lock_guard administration(administration_);
  std::shared_ptr<Generation> generation;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(plugin);
    if (found == entries_.end())
      return not_found("plugin.not_found", "no package " + plugin.substr(0, 64));
    if (found->second.state == State::kActive) found->second.step(Event::kDrain);
    if (found->second.state != State::kDraining) return wrong_state(found->second, "drain");
    generation = found->second.generation;
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (generation->in_flight > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kDrainPoll);
  }
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(plugin);
  if (generation->in_flight == 0) {
    retire(entry);
    entry.step(Event::kStop);
    spdlog::info("plugin {} is drained and stopped", plugin);
  }
  return info_of(entry);
}

Result<PluginInfo> ManagerImpl::stop(const std::string& plugin) {
  const std::lock_guard administration(administration_);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(plugin);
  if (found == entries_.end())
    return not_found("plugin.not_found", "no package " + plugin.substr(0, 64));
  Entry& entry = found->second;
  if (!next_state(entry.state, Event::kStop)) return wrong_state(entry, "stop");
  entry.step(Event::kStop);
  retire(entry);
  spdlog::info("plugin {} is stopped", plugin);
  return info_of(entry);
}

std::vector<PluginInfo> ManagerImpl::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<PluginInfo> out;
  for (const auto& [name, entry] : entries_) out.push_back(info_of(entry));
  return out;
}

Result<PluginInfo> ManagerImpl::info(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(plugin);
  if (found == entries_.end())
    return not_found("plugin.not_found", "no package " + plugin.substr(0, 64));
  return info_of(found->second);
}

Result<Manager::Answer> ManagerImpl::call(const std::string& plugin, const std::string& method,
                                          const Json& message, int timeout_ms) {
  std::shared_ptr<Generation> generation;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(plugin);
    if (found == entries_.end())
      return not_found("plugin.not_found", "no package " + plugin.substr(0, 64));
    if (found->second.state != State::kActive) {
      return unavailable("plugin.not_active",
                         plugin + " is " + std::string(state_name(found->second.state)),
                         Side::kProvider);
    }
    generation = found->second.generation;
  }
  QC_ASSIGN(Json answer, send(generation, method, message, timeout_ms));
  const Manifest& manifest = generation->manifest();
  return Answer{std::move(answer), manifest.plugin, manifest.version, manifest.digest,
                generation->number()};
}

Result<std::string> ManagerImpl::for_item(const std::string& item) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : entries_) {
    const auto items = items_of(entry.description);
    if (entry.state == State::kActive &&
        std::find(items.begin(), items.end(), item) != items.end()) {
      return name;
    }
  }
  return unavailable("plugin.none_for_item", "no active plugin serves " + item, Side::kProvider);
}

Result<std::string> ManagerImpl::for_product(const std::string& product) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : entries_) {
    if (entry.state == State::kActive && product_of(entry.description) == product) return name;
  }
  return unavailable("plugin.none_for_product", "no active plugin decides " + product,
                     Side::kProvider);
}

}  // namespace

Result<std::unique_ptr<Manager>> Manager::create(ManagerOptions options) {
  assert(options.admission != nullptr);
  return std::unique_ptr<Manager>(std::make_unique<ManagerImpl>(std::move(options)));
}

}  // namespace qc::plugin
