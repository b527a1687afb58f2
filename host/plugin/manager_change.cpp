#include <algorithm>
#include <cassert>

#include <spdlog/spdlog.h>

#include "host/plugin/manager_impl.hpp"

namespace qc::plugin {
namespace {

/// Where loading leaves the state alone until it has succeeded: something runs, or something must
/// not be forgotten.
bool loads_beside(const Entry& entry) {
  return (entry.active != nullptr && entry.state != State::kDraining) ||
         entry.state == State::kQuarantined;
}

Status check_no_canary(const Entry& entry) {
  if (!entry.canary) return {};
  return conflict("plugin.wrong_state", "a canary is under way: promote it or roll it back first");
}

/// Requests go on asking for all that they asked for: a canary that lacks something fails them.
Status check_canary_serves(const Loaded& running, const Loaded& canary) {
  for (const std::string& item : running.items) {
    if (std::find(canary.items.begin(), canary.items.end(), item) == canary.items.end()) {
      return conflict("plugin.item_conflict", "the running package serves it, the canary does not")
          .at(item);
    }
  }
  if (running.product == canary.product) return {};
  return conflict("plugin.item_conflict", "the canary decides on another product").at("product");
}

Status check_canary_options(const CanaryOptions& options) {
  const auto out = [](const char* range, const char* field) {
    return invalid("json.out_of_range", std::string("expected ") + range, field);
  };
  if (options.percent < 1 || options.percent > 99) return out("1 to 99", "percent");
  if (options.after_calls < 1) return out("1 or more", "after_calls");
  if (options.max_failed_percent < 0 || options.max_failed_percent > 100) {
    return out("0 to 100", "max_failed_percent");
  }
  return {};
}

}  // namespace

Result<std::uint64_t> ManagerImpl::begin_load(Entry& entry, bool& beside) {
  const std::lock_guard lock(mutex_);
  QC_TRY(check_no_canary(entry));
  // What restarts has a generation as well: the new one is loaded beside it.
  beside = loads_beside(entry);
  if (!beside && !next_state(entry.state, Event::kVerify)) {
    return wrong_state(Event::kLoad, entry.state);
  }
  if (!beside) entry.reason.clear();
  return ++entry.generations;
}

Result<PluginInfo> ManagerImpl::fail(Entry& entry, const Error& error) {
  const std::lock_guard lock(mutex_);
  const std::string reason = in_words(error);
  if (loads_beside(entry)) {
    const bool fallen = entry.state != State::kActive;  // why it fell is not to be forgotten
    entry.reason = (fallen ? entry.reason + "; " : "") + "upgrade failed: " + reason;
  } else {
    entry.reason = reason;
    entry.state = next_state(entry.state, Event::kFail).value_or(State::kFailed);
  }
  return error;
}

/// Everything up to where it could take calls. Holds no lock while the plugin runs.
Result<ManagerImpl::LoadedPtr> ManagerImpl::prepare(const EntryPtr& entry, const Source& source) {
  bool beside = false;
  QC_ASSIGN(const std::uint64_t generation, begin_load(*entry, beside));
  Loader loader(options_, shelf_, [&](Event event, const Manifest& manifest) {
    if (beside) return;  // shows when it is complete
    const std::lock_guard lock(mutex_);
    entry->manifest = manifest;
    const Status moved = step(*entry, event);
    assert(moved.ok());
    static_cast<void>(moved);
  });
  auto loaded = loader.run(source, generation);
  if (!loaded.ok()) return fail(*entry, loaded.error()).error();
  return std::make_shared<const Loaded>(std::move(*loaded));
}

/// The one swap: calls that were let in end on the old generation, all later ones go to the new.
Status ManagerImpl::activate(const std::string& plugin, const EntryPtr& entry,
                             const LoadedPtr& loaded) {
  LoadedPtr old;
  std::string why;
  {
    const std::lock_guard lock(mutex_);
    QC_TRY(check_conflict(*entry, *loaded));
    if (!admitted(*loaded, why)) return forbidden("plugin.not_admitted", why);
    if (entry->state != State::kActive) QC_TRY(step(*entry, Event::kActivate));
    entry->manifest = loaded->manifest;
    entry->reason = loaded->remark;
    entry->routes_reason.clear();
    if (loaded->isolation == Isolation::kHost) entry->mapped.insert(loaded->manifest.digest);
    old = std::exchange(entry->active, loaded);
    if (const auto ended = store_.end_quarantine(plugin); !ended.ok()) {
      spdlog::error("plugin {}: {}", plugin, in_words(ended.error()));
    }
  }
  retirer_->retire(std::move(old), entry->retired, std::chrono::milliseconds(options_.drain_ms));
  supervise(plugin, entry, *loaded);
  spdlog::info("plugin {} {} is active (generation {}, digest {})", plugin,
               loaded->manifest.version, loaded->generation->number(), loaded->manifest.digest);
  return {};
}

/// Keeps the package for a downgrade. That it cannot be kept is no reason not to serve.
void ManagerImpl::remember(const Loaded& loaded, const std::string& pin) {
  const std::string& plugin = loaded.manifest.plugin;
  for (const Status& done : {store_.keep(loaded.manifest), store_.pin(plugin, pin)}) {
    if (!done.ok()) spdlog::error("plugin {}: {}", plugin, in_words(done.error()));
  }
}

/// With `pin`, a restart of the host starts the very package that is loaded here.
Result<PluginInfo> ManagerImpl::replace(const std::string& plugin, const EntryPtr& entry,
                                        const Source& source, bool pin) {
  QC_ASSIGN(const LoadedPtr loaded, prepare(entry, source));
  if (const Status done = activate(plugin, entry, loaded); !done.ok()) {
    return fail(*entry, done.error());
  }
  remember(*loaded, pin ? loaded->manifest.digest : "");
  return info(plugin);
}

std::string ManagerImpl::digest_in_folder(const std::string& plugin) const {
  const auto manifest = read_manifest(options_.plugins_dir / plugin);
  return manifest.ok() ? manifest->digest : std::string();
}

Result<PluginInfo> ManagerImpl::load(const std::string& plugin) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  return replace(plugin, entry, {options_.plugins_dir / plugin, "", false}, false);
}

Result<PluginInfo> ManagerImpl::start(const std::string& plugin) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  {
    const std::lock_guard lock(mutex_);
    if (entry->state == State::kQuarantined) {
      return conflict("plugin.quarantined", "only an operator ends it: " + entry->reason);
    }
  }
  const std::string pinned = store_.pinned(plugin);
  const std::filesystem::path kept = store_.folder_of(plugin, pinned);
  Source source{options_.plugins_dir / plugin, "", false};
  if (!pinned.empty() && !kept.empty()) {
    const auto entry_on_ledger =
        options_.admission ? options_.admission(plugin, pinned) : std::nullopt;
    const bool holds = entry_on_ledger && text_of(*entry_on_ledger, "digest") == pinned &&
                       withdrawal_of(*entry_on_ledger).empty();
    if (holds) source = {kept, pinned, false};
  }
  return replace(plugin, entry, source, !source.digest.empty());
}

Result<PluginInfo> ManagerImpl::upgrade(const std::string& plugin) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  const std::string offered = digest_in_folder(plugin);
  bool well = false;
  {
    const std::lock_guard lock(mutex_);
    if (!entry->active) return wrong_state(Event::kActivate, entry->state);
    if (offered == entry->active->manifest.digest) {
      return conflict("plugin.same_package",
                      "the package in the folder is the one that runs; reload takes new settings");
    }
    well = entry->state == State::kActive && entry->active->remark.empty();
  }
  return replace(plugin, entry, {options_.plugins_dir / plugin, "", well}, false);
}

Result<PluginInfo> ManagerImpl::downgrade(const std::string& plugin, const std::string& digest) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  std::string running;
  bool well = false;
  {
    const std::lock_guard lock(mutex_);
    running = entry->active ? entry->active->manifest.digest : entry->manifest.digest;
    well = entry->state == State::kActive && entry->active->remark.empty();
  }
  const auto kept = store_.kept(plugin);
  const auto found = std::find_if(kept.begin(), kept.end(), [&](const KeptPackage& one) {
    return one.digest != running && (digest.empty() || one.digest == digest);
  });
  if (found == kept.end()) {
    return not_found("plugin.no_earlier_package",
                     "no other package of this kind is kept here; put it into the folder and load");
  }
  const std::string wanted = found->digest;
  return replace(plugin, entry, {store_.folder_of(plugin, wanted), wanted, well}, true);
}

Source ManagerImpl::running_source(const std::string& plugin, const Entry& entry) const {
  const std::string& digest = entry.active->manifest.digest;
  std::filesystem::path folder = store_.folder_of(plugin, digest);
  if (folder.empty()) folder = options_.plugins_dir / plugin;
  return {std::move(folder), digest, entry.state == State::kActive && entry.active->remark.empty()};
}

Result<PluginInfo> ManagerImpl::reload(const std::string& plugin) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  Source source;
  {
    const std::lock_guard lock(mutex_);
    if (!entry->active) return wrong_state(Event::kActivate, entry->state);
    source = running_source(plugin, *entry);
  }
  return replace(plugin, entry, source, !store_.pinned(plugin).empty());
}

Status ManagerImpl::admit_canary(Entry& entry, Canary canary) {
  const Loaded& loaded = *canary.loaded;
  const std::lock_guard lock(mutex_);
  if (entry.state != State::kActive) return wrong_state(Event::kActivate, entry.state);
  QC_TRY(check_canary_serves(*entry.active, loaded));
  QC_TRY(check_conflict(entry, loaded));
  if (std::string why; !admitted(loaded, why)) return forbidden("plugin.not_admitted", why);
  if (loaded.isolation == Isolation::kHost) entry.mapped.insert(loaded.manifest.digest);
  entry.canary = std::move(canary);
  entry.reason = entry.active->remark;
  return {};
}

Result<PluginInfo> ManagerImpl::canary(const std::string& plugin, const CanaryOptions& options) {
  QC_TRY(check_canary_options(options));
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  const std::string offered = digest_in_folder(plugin);
  std::string running;
  {
    const std::lock_guard lock(mutex_);
    if (entry->state != State::kActive) return wrong_state(Event::kActivate, entry->state);
    running = entry->active->manifest.digest;
    if (offered == running) {
      return conflict("plugin.same_package", "the package in the folder is the one that runs");
    }
  }
  QC_ASSIGN(const LoadedPtr loaded, prepare(entry, {options_.plugins_dir / plugin, "", true}));
  // A host that is started again meanwhile must not take the folder's package for the proven one.
  const std::string pinned = store_.pinned(plugin);
  Status done = store_.pin(plugin, running);
  if (done.ok()) done = admit_canary(*entry, {loaded, options});
  if (!done.ok()) {
    static_cast<void>(store_.pin(plugin, pinned));
    return fail(*entry, done.error());
  }
  supervise(plugin, entry, *loaded);
  if (const auto kept = store_.keep(loaded->manifest); !kept.ok()) {
    spdlog::error("plugin {}: {}", plugin, in_words(kept.error()));
  }
  spdlog::info("plugin {}: {} % of its requests go to {} (generation {}, digest {})", plugin,
               options.percent, loaded->manifest.version, loaded->generation->number(),
               loaded->manifest.digest);
  return info(plugin);
}

Result<PluginInfo> ManagerImpl::promote(const std::string& plugin) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  LoadedPtr old;
  LoadedPtr promoted;
  {
    const std::lock_guard lock(mutex_);
    if (!entry->canary) return conflict("plugin.wrong_state", "there is no canary");
    if (entry->state != State::kActive) QC_TRY(step(*entry, Event::kActivate));
    promoted = std::move(entry->canary->loaded);
    entry->canary.reset();
    entry->manifest = promoted->manifest;
    entry->reason = promoted->remark;
    entry->routes_reason.clear();
    old = std::exchange(entry->active, promoted);
  }
  retirer_->retire(std::move(old), entry->retired, std::chrono::milliseconds(options_.drain_ms));
  remember(*promoted, "");
  spdlog::info("plugin {}: the canary {} (generation {}) takes all requests", plugin,
               promoted->manifest.version, promoted->generation->number());
  return info(plugin);
}

/// Under mutex_. The retirer lets it go: whoever found it wanting may be its own keeper.
void ManagerImpl::end_canary(Entry& entry, const std::string& reason) {
  if (!entry.canary) return;
  LoadedPtr old = std::move(entry.canary->loaded);
  entry.canary.reset();
  entry.reason = "canary " + old->manifest.version + " (" + old->manifest.digest.substr(0, 16) +
                 ") was rolled back: " + reason;
  retirer_->retire(std::move(old), entry.retired, std::chrono::milliseconds(options_.drain_ms));
}

Result<PluginInfo> ManagerImpl::rollback(const std::string& plugin) {
  QC_ASSIGN(const EntryPtr entry, get(plugin));
  const std::lock_guard operation(entry->operation);
  const std::lock_guard lock(mutex_);
  if (!entry->canary) return conflict("plugin.wrong_state", "there is no canary");
  end_canary(*entry, "by the operator");
  spdlog::info("plugin {}: {}", plugin, entry->reason);
  return describe(plugin, *entry);
}

}  // namespace qc::plugin
