#include <algorithm>
#include <thread>

#include <spdlog/spdlog.h>

#include "host/plugin/manager_impl.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxPlugins = 1024;
constexpr std::chrono::milliseconds kDrainStep{5};

}  // namespace

Error unknown_plugin() {
  return not_found("plugin.not_found", "there is no plugin package of this name");
}

Error wrong_state(Event event, State state) {
  return conflict("plugin.wrong_state", "cannot " + std::string(event_name(event)) +
                                            " a plugin that is " + std::string(state_name(state)));
}

std::string in_words(const Error& error) {
  return error.code + ": " + error.message + (error.field.empty() ? "" : " (" + error.field + ')');
}

ManagerImpl::ManagerImpl(ManagerOptions options)
    : options_(std::move(options)),
      shelf_(options_.max_libraries, options_.direct_calls),
      store_(options_.state_dir),
      retirer_(std::make_unique<Retirer>()) {}

ManagerImpl::EntryPtr ManagerImpl::find(const std::string& plugin) const {
  const auto found = entries_.find(plugin);
  return found == entries_.end() ? nullptr : found->second;
}

Result<ManagerImpl::EntryPtr> ManagerImpl::get(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  EntryPtr entry = find(plugin);
  if (!entry) return unknown_plugin();
  return entry;
}

PluginInfo ManagerImpl::describe(const std::string& plugin, const Entry& entry) const {
  // While a generation runs, what counts is what it was loaded from, not what lies on the disk.
  const Manifest& manifest = entry.active ? entry.active->manifest : entry.manifest;
  PluginInfo info;
  info.plugin = plugin;
  info.version = manifest.version;
  info.kind = manifest.kind;
  info.owner = manifest.owner;
  info.digest = manifest.digest;
  info.state = entry.state;
  info.asked = proof::asked_capabilities(manifest.json);
  info.reason = entry.reason;
  if (entry.active) {
    info.items = entry.active->items;
    info.product = entry.active->product;
    info.routes = entry.active->served;
    info.description = entry.active->description;
    info.jwk = entry.active->jwk;
    info.granted = entry.active->granted;
    info.budgets = entry.active->budgets;
    info.generation = entry.active->generation->number();
    info.isolation = entry.active->isolation;
    info.runner = entry.active->generation->runner();
    const std::string remark = entry.active->generation->remark();
    for (const std::string& more : {remark, entry.routes_reason}) {
      if (!more.empty()) info.reason += (info.reason.empty() ? "" : "; ") + more;
    }
  } else {
    info.isolation = isolation_of(options_.isolation, plugin);
  }
  const Counters& counters = *entry.counters;
  info.calls = counters.calls;
  for (std::size_t i = 0; i < kFailures; ++i) {
    info.failures[i] = counters.failures[i];
    info.errors += info.failures[i];
  }
  info.in_flight = counters.in_flight;
  info.latency = counters.latency.summary();
  info.retired = entry.retired->retired;
  info.draining = entry.retired->draining;
  info.overdue = entry.retired->overdue;
  info.mapped = entry.mapped.size();
  if (entry.canary) {
    const Loaded& canary = *entry.canary->loaded;
    info.canary =
        CanaryInfo{canary.manifest.version, canary.manifest.digest, canary.generation->number(),
                   canary.flight->calls,    canary.flight->faults,  entry.canary->options};
  }
  for (const KeptPackage& one : store_.kept(plugin)) {
    if (one.digest != info.digest) info.kept.push_back(one);
  }
  info.pinned = store_.pinned(plugin);
  return info;
}

Status ManagerImpl::step(Entry& entry, Event event) {
  const auto next = next_state(entry.state, event);
  if (!next) return wrong_state(event, entry.state);
  entry.state = *next;
  return {};
}

void ManagerImpl::refresh(const std::string& plugin, const std::filesystem::path& folder) {
  EntryPtr& entry = entries_[plugin];
  if (!entry) {
    entry = std::make_shared<Entry>();
    entry->reason = store_.quarantine_of(plugin);
    if (!entry->reason.empty()) static_cast<void>(step(*entry, Event::kQuarantine));
  }
  if (entry->active || !next_state(entry->state, Event::kDiscover)) return;  // runs, or is loading
  auto manifest = read_manifest(folder);
  if (!manifest.ok() && entry->state == State::kQuarantined) return;
  if (manifest.ok()) {
    entry->manifest = std::move(*manifest);
    entry->state = *next_state(entry->state, Event::kDiscover);
    if (entry->state == State::kDiscovered) entry->reason.clear();
    return;
  }
  entry->manifest = Manifest{};
  entry->manifest.folder = folder;
  entry->state = next_state(entry->state, Event::kFail).value_or(State::kFailed);
  entry->reason = in_words(manifest.error());
}

Status ManagerImpl::discover() {
  std::map<std::string, std::filesystem::path> found;
  std::error_code error;
  std::filesystem::directory_iterator it(options_.plugins_dir, error);
  if (error) return unavailable("plugin.not_found", "the plugins' folder cannot be read");
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    const std::filesystem::path folder = it->path();
    if (std::filesystem::exists(folder / "manifest.json", ignored) && found.size() < kMaxPlugins) {
      found.emplace(folder.filename().string(), folder);
    }
  }
  if (error) return unavailable("plugin.not_found", "the plugins' folder cannot be read");
  const std::lock_guard lock(mutex_);
  for (const auto& [plugin, folder] : found) refresh(plugin, folder);
  std::erase_if(entries_, [&](const auto& pair) {
    return !found.contains(pair.first) && !pair.second->active;
  });
  return {};
}

Status ManagerImpl::check_conflict(const Entry& entry, const Loaded& loaded) const {
  for (const auto& [name, other] : entries_) {
    if (other.get() == &entry || !other->active) continue;
    const bool same_product = !loaded.product.empty() && other->active->product == loaded.product;
    const auto shared =
        std::find_first_of(loaded.items.begin(), loaded.items.end(), other->active->items.begin(),
                           other->active->items.end());
    if (same_product || shared != loaded.items.end()) {
      return conflict("plugin.item_conflict", "plugin " + name + " serves the same already")
          .at(same_product ? "product" : *shared);
    }
  }
  return {};
}

/// What a generation that died, rose or is given up has to tell.
Watcher ManagerImpl::watcher_of(const std::string& plugin, const EntryPtr& entry,
                                std::uint64_t generation) {
  return [this, plugin, weak = std::weak_ptr<Entry>(entry), generation](Event event,
                                                                        const std::string& reason) {
    const EntryPtr known = weak.lock();
    if (!known) return;
    const std::lock_guard lock(mutex_);
    // A generation that was replaced meanwhile changes nothing any more.
    if (known->active && known->active->generation->number() == generation) {
      notice(plugin, *known, event, reason);
    } else if (known->canary && known->canary->loaded->generation->number() == generation &&
               event != Event::kRecover) {
      end_canary(*known, "its process died: " + reason);
      spdlog::warn("plugin {}: {}", plugin, known->reason);
    }
  };
}

/// From now on both of a package's instances are looked after. The one that serves routes has a
/// fate of its own: callers who break it take no decision from anybody.
void ManagerImpl::supervise(const std::string& plugin, const EntryPtr& entry,
                            const Loaded& loaded) {
  const std::uint64_t generation = loaded.generation->number();
  loaded.generation->supervise(watcher_of(plugin, entry, generation));
  if (!loaded.routes) return;
  loaded.routes->supervise([this, plugin, weak = std::weak_ptr<Entry>(entry), generation](
                               Event event, const std::string& reason) {
    const EntryPtr known = weak.lock();
    if (!known) return;
    const std::lock_guard lock(mutex_);
    if (!known->active || known->active->generation->number() != generation) return;
    known->routes_reason = event == Event::kRecover ? "" : "its routes are down: " + reason;
    spdlog::warn("plugin {}: the process of its routes {}: {}", plugin,
                 event == Event::kRecover ? "is up again" : "died", reason);
  });
}

void ManagerImpl::notice(const std::string& plugin, Entry& entry, Event event,
                         const std::string& reason) {
  if (!step(entry, event).ok()) return;  // it is being drained
  switch (event) {
    case Event::kRecover:
      entry.reason = "restarted; before that " + reason;
      return spdlog::info("plugin {} is active again", plugin);
    case Event::kQuarantine:
      entry.reason = "quarantined, for its process died too often; at last " + reason;
      // Before anybody can read of it: a host that is started again must know it as well.
      if (const auto kept = store_.quarantine(plugin, entry.reason); !kept.ok()) {
        spdlog::error("plugin {}: {}", plugin, in_words(kept.error()));
      }
      return spdlog::error("plugin {}: {}", plugin, entry.reason);
    default:
      entry.reason = "its process died: " + reason;
      return spdlog::warn("plugin {}: {}", plugin, entry.reason);
  }
}

ManagerImpl::~ManagerImpl() {
  // Before anything else goes: a generation's end waits for its keeper, which may be telling.
  std::vector<LoadedPtr> last;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [plugin, entry] : entries_) {
      last.push_back(std::move(entry->active));
      if (entry->canary) last.push_back(std::move(entry->canary->loaded));
      entry->canary.reset();
    }
  }
  last.clear();
  retirer_.reset();
}

Result<PluginInfo> ManagerImpl::drain(const std::string& plugin, int wait_ms) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  {
    const std::lock_guard lock(mutex_);
    QC_TRY(step(*entry, Event::kDrain));
    end_canary(*entry, "the plugin is stopped");
  }
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(std::max(wait_ms, 0));
  while (entry->counters->in_flight != 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kDrainStep);
  }
  return let_go(plugin, *entry);
}

Result<PluginInfo> ManagerImpl::stop(const std::string& plugin) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  return let_go(plugin, *entry);
}

Result<PluginInfo> ManagerImpl::let_go(const std::string& plugin, Entry& entry) {
  LoadedPtr last;  // goes after the lock, before the answer: its process has ended then
  Result<PluginInfo> info = unknown_plugin();
  {
    const std::lock_guard lock(mutex_);
    QC_TRY(step(entry, Event::kStop));
    end_canary(entry, "the plugin is stopped");
    last = std::move(entry.active);
    entry.active.reset();
    entry.reason.clear();
    if (const auto ended = store_.end_quarantine(plugin); !ended.ok()) {
      spdlog::error("plugin {}: {}", plugin, in_words(ended.error()));
    }
    info = describe(plugin, entry);
  }
  last.reset();
  return info;
}

bool ManagerImpl::admitted(const Loaded& loaded, std::string& why) const {
  const Manifest& manifest = loaded.manifest;
  const auto entry =
      options_.admission ? options_.admission(manifest.plugin, manifest.digest) : std::nullopt;
  if (!entry || text_of(*entry, "digest") != manifest.digest) {
    why = "the ledger admits no such package";
  } else {
    why = withdrawal_of(*entry);
  }
  return why.empty();
}

void ManagerImpl::withdraw(const std::string& plugin, Entry& entry) {
  std::string why;
  if (entry.canary && !admitted(*entry.canary->loaded, why)) {
    end_canary(entry, why);
    spdlog::warn("plugin {}: {}", plugin, entry.reason);
  }
  if (!entry.active || admitted(*entry.active, why)) return;
  if (!step(entry, Event::kWithdraw).ok() || entry.state != State::kStopped) return;
  end_canary(entry, "the running package was withdrawn");
  entry.reason = "stopped: " + why;
  spdlog::warn("plugin {}: {}", plugin, entry.reason);
  retirer_->retire(std::move(entry.active), entry.retired,
                   std::chrono::milliseconds(options_.drain_ms));
  entry.active.reset();
}

void ManagerImpl::review() {
  const std::lock_guard lock(mutex_);
  for (auto& [plugin, entry] : entries_) withdraw(plugin, *entry);
}

std::vector<PluginInfo> ManagerImpl::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<PluginInfo> infos;
  infos.reserve(entries_.size());
  for (const auto& [plugin, entry] : entries_) infos.push_back(describe(plugin, *entry));
  return infos;
}

Result<PluginInfo> ManagerImpl::info(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const EntryPtr entry = find(plugin);
  if (!entry) return unknown_plugin();
  return describe(plugin, *entry);
}

Result<std::unique_ptr<Manager>> Manager::create(ManagerOptions options) {
  if (options.chain.empty()) return invalid("plugin.invalid_option", "is empty", "chain");
  if (options.workers == 0 || options.queue == 0 || options.max_hung == 0 ||
      options.max_libraries == 0) {
    return invalid("plugin.invalid_option", "limits must be at least 1", "workers");
  }
  auto made = std::make_unique<ManagerImpl>(std::move(options));
  QC_TRY(made->open());
  return std::unique_ptr<Manager>(std::move(made));
}

}  // namespace qc::plugin
