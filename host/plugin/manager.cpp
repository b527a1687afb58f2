#include "host/plugin/manager.hpp"

#include <algorithm>
#include <cassert>
#include <thread>

#include <spdlog/spdlog.h>

#include "host/plugin/manager_entry.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxPlugins = 1024;
constexpr std::chrono::milliseconds kDrainStep{5};

Error unknown_plugin() {
  return not_found("plugin.not_found", "there is no plugin package of this name");
}

Error wrong_state(Event event, State state) {
  return conflict("plugin.wrong_state", "cannot " + std::string(event_name(event)) +
                                            " a plugin that is " + std::string(state_name(state)));
}

/// Counts a call for as long as its caller waits; the count was taken when the call was admitted.
class InFlight {
 public:
  explicit InFlight(Counters& counters) : counters_(counters) { ++counters_.calls; }
  ~InFlight() { --counters_.in_flight; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Counters& counters_;
};

class ManagerImpl final : public Manager {
 public:
  explicit ManagerImpl(ManagerOptions options)
      : options_(std::move(options)), shelf_(options_.max_libraries) {}
  ~ManagerImpl() override;

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
  using EntryPtr = std::shared_ptr<Entry>;

  // Under mutex_:
  EntryPtr find(const std::string& plugin) const;
  PluginInfo describe(const std::string& plugin, const Entry& entry) const;
  Status step(Entry& entry, Event event);
  void refresh(const std::string& plugin, const std::filesystem::path& folder);
  Status check_conflict(const Entry& entry, const Loaded& loaded) const;

  Result<std::uint64_t> begin_load(Entry& entry);
  Result<PluginInfo> activate(const std::string& plugin, Entry& entry, Loaded loaded);
  Result<PluginInfo> fail(Entry& entry, const Error& error);
  Watcher watcher_of(const std::string& plugin, const EntryPtr& entry, std::uint64_t generation);
  void notice(const std::string& plugin, Entry& entry, Event event, const std::string& reason);

  const ManagerOptions options_;
  LibraryShelf shelf_;
  mutable std::mutex mutex_;
  std::map<std::string, EntryPtr> entries_;
};

ManagerImpl::EntryPtr ManagerImpl::find(const std::string& plugin) const {
  const auto found = entries_.find(plugin);
  return found == entries_.end() ? nullptr : found->second;
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
  info.reason = entry.reason;
  if (entry.active) {
    info.items = entry.active->items;
    info.product = entry.active->product;
    info.description = entry.active->description;
    info.jwk = entry.active->jwk;
    info.generation = entry.active->generation->number();
    info.isolation = entry.active->isolation;
    info.runner = entry.active->generation->runner();
    const std::string remark = entry.active->generation->remark();
    if (!remark.empty()) info.reason += (info.reason.empty() ? "" : "; ") + remark;
  } else {
    info.isolation = isolation_of(options_.isolation, plugin);
  }
  info.calls = entry.counters->calls;
  info.errors = entry.counters->errors;
  info.in_flight = entry.counters->in_flight;
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
  if (!entry) entry = std::make_shared<Entry>();
  if (entry->active || !next_state(entry->state, Event::kDiscover)) return;  // runs, or is loading
  auto manifest = read_manifest(folder);
  if (manifest.ok()) {
    entry->manifest = std::move(*manifest);
    entry->state = *next_state(entry->state, Event::kDiscover);
    if (entry->state == State::kDiscovered) entry->reason.clear();
    return;
  }
  entry->manifest = Manifest{};
  entry->manifest.folder = folder;
  entry->state = next_state(entry->state, Event::kFail).value_or(State::kFailed);
  entry->reason = manifest.error().code + ": " + manifest.error().message;
  if (!manifest.error().field.empty()) entry->reason += " (" + manifest.error().field + ')';
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

Result<std::uint64_t> ManagerImpl::begin_load(Entry& entry) {
  const std::lock_guard lock(mutex_);
  // What restarts or is quarantined has a generation as well: the new one is loaded beside it.
  const bool upgrade = entry.active != nullptr && entry.state != State::kDraining;
  if (!upgrade && !next_state(entry.state, Event::kVerify)) {
    return wrong_state(Event::kLoad, entry.state);
  }
  if (!upgrade) entry.reason.clear();
  return ++entry.generations;
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

Result<PluginInfo> ManagerImpl::fail(Entry& entry, const Error& error) {
  const std::lock_guard lock(mutex_);
  std::string reason = error.code + ": " + error.message;
  if (!error.field.empty()) reason += " (" + error.field + ')';
  if (entry.active) {
    const bool fallen = entry.state != State::kActive;  // why it fell is not to be forgotten
    entry.reason = (fallen ? entry.reason + "; " : "") + "upgrade failed: " + reason;
  } else {
    entry.reason = reason;
    entry.state = next_state(entry.state, Event::kFail).value_or(State::kFailed);
  }
  return error;
}

Result<PluginInfo> ManagerImpl::activate(const std::string& plugin, Entry& entry, Loaded loaded) {
  std::shared_ptr<const Loaded> retired;  // let go after the lock: it may destroy an instance
  const std::lock_guard lock(mutex_);
  QC_TRY(check_conflict(entry, loaded));
  if (entry.state != State::kActive) QC_TRY(step(entry, Event::kActivate));
  entry.manifest = loaded.manifest;
  entry.reason = loaded.remark;
  retired = std::move(entry.active);
  entry.active = std::make_shared<const Loaded>(std::move(loaded));
  return describe(plugin, entry);
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
    }
  };
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
      return spdlog::error("plugin {}: {}", plugin, entry.reason);
    default:
      entry.reason = "its process died: " + reason;
      return spdlog::warn("plugin {}: {}", plugin, entry.reason);
  }
}

ManagerImpl::~ManagerImpl() {
  // Before anything else goes: a generation's end waits for its keeper, which may be telling.
  std::vector<std::shared_ptr<const Loaded>> retired;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [plugin, entry] : entries_) retired.push_back(std::move(entry->active));
  }
  retired.clear();
}

Result<PluginInfo> ManagerImpl::load(const std::string& plugin) {
  EntryPtr entry;
  {
    const std::lock_guard lock(mutex_);
    entry = find(plugin);
  }
  if (!entry) return unknown_plugin();
  const std::lock_guard operation(entry->operation);
  QC_ASSIGN(const std::uint64_t generation, begin_load(*entry));
  const std::filesystem::path folder = options_.plugins_dir / plugin;
  Loader loader(options_, shelf_, [&](Event event, const Manifest& manifest) {
    const std::lock_guard lock(mutex_);
    if (entry->active) return;  // an upgrade shows when it is complete
    entry->manifest = manifest;
    const Status moved = step(*entry, event);
    assert(moved.ok());
    static_cast<void>(moved);
  });
  Result<Loaded> loaded = loader.run(folder, generation);
  if (!loaded.ok()) return fail(*entry, loaded.error());
  const std::shared_ptr<Generation> made = loaded->generation;
  auto info = activate(plugin, *entry, std::move(*loaded));
  if (!info.ok()) return fail(*entry, info.error());
  made->supervise(watcher_of(plugin, entry, made->number()));
  spdlog::info("plugin {} {} is active (generation {}, digest {})", plugin, info->version,
               info->generation, info->digest);
  return info;
}

Result<PluginInfo> ManagerImpl::drain(const std::string& plugin, int wait_ms) {
  EntryPtr entry;
  {
    const std::lock_guard lock(mutex_);
    entry = find(plugin);
  }
  if (!entry) return unknown_plugin();
  const std::lock_guard operation(entry->operation);
  {
    const std::lock_guard lock(mutex_);
    QC_TRY(step(*entry, Event::kDrain));
  }
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(std::max(wait_ms, 0));
  while (entry->counters->in_flight != 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kDrainStep);
  }
  std::shared_ptr<const Loaded> retired;
  const std::lock_guard lock(mutex_);
  QC_TRY(step(*entry, Event::kStop));
  retired = std::move(entry->active);
  entry->active.reset();
  entry->reason.clear();
  return describe(plugin, *entry);
}

Result<PluginInfo> ManagerImpl::stop(const std::string& plugin) {
  EntryPtr entry;
  {
    const std::lock_guard lock(mutex_);
    entry = find(plugin);
  }
  if (!entry) return unknown_plugin();
  const std::lock_guard operation(entry->operation);
  std::shared_ptr<const Loaded> retired;
  const std::lock_guard lock(mutex_);
  QC_TRY(step(*entry, Event::kStop));
  retired = std::move(entry->active);
  entry->active.reset();
  entry->reason.clear();
  return describe(plugin, *entry);
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

Result<Manager::Answer> ManagerImpl::call(const std::string& plugin, const std::string& method,
                                          const Json& message, int timeout_ms) {
  std::shared_ptr<const Loaded> loaded;
  std::shared_ptr<Counters> counters;
  {
    const std::lock_guard lock(mutex_);
    const EntryPtr entry = find(plugin);
    if (!entry) return unknown_plugin();
    if (entry->state != State::kActive) {
      return unavailable("plugin.not_active",
                         "plugin " + plugin + " is " + std::string(state_name(entry->state)),
                         Side::kProvider);
    }
    loaded = entry->active;
    counters = entry->counters;
    ++counters->in_flight;  // inside the lock: a drain that begins now must see this call
  }
  const InFlight guard(*counters);
  auto answer =
      loaded->generation->call(method, message, std::chrono::milliseconds(std::max(timeout_ms, 1)));
  if (!answer.ok()) {
    ++counters->errors;
    return answer.error();
  }
  return Answer{std::move(*answer), plugin, loaded->manifest.version, loaded->manifest.digest,
                loaded->generation->number()};
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

}  // namespace

Result<std::unique_ptr<Manager>> Manager::create(ManagerOptions options) {
  if (options.chain.empty()) return invalid("plugin.invalid_option", "is empty", "chain");
  if (options.workers == 0 || options.queue == 0 || options.max_hung == 0 ||
      options.max_libraries == 0) {
    return invalid("plugin.invalid_option", "limits must be at least 1", "workers");
  }
  return std::unique_ptr<Manager>(std::make_unique<ManagerImpl>(std::move(options)));
}

}  // namespace qc::plugin
