// Internal: the manager. manager.cpp: what is known and what ends; manager_change.cpp: one
// generation after another; manager_call.cpp: calls.
#pragma once

#include "host/plugin/manager_entry.hpp"
#include "host/plugin/state_store.hpp"

namespace qc::plugin {

class ManagerImpl final : public Manager {
 public:
  explicit ManagerImpl(ManagerOptions options);
  ~ManagerImpl() override;
  /// Errors: StateStore::open.
  Status open() { return store_.open(); }

  Status discover() override;
  Result<PluginInfo> load(const std::string& plugin) override;
  Result<PluginInfo> start(const std::string& plugin) override;
  Result<PluginInfo> upgrade(const std::string& plugin) override;
  Result<PluginInfo> downgrade(const std::string& plugin, const std::string& digest) override;
  Result<PluginInfo> reload(const std::string& plugin) override;
  Result<PluginInfo> canary(const std::string& plugin, const CanaryOptions& options) override;
  Result<PluginInfo> promote(const std::string& plugin) override;
  Result<PluginInfo> rollback(const std::string& plugin) override;
  Result<PluginInfo> drain(const std::string& plugin, int wait_ms) override;
  Result<PluginInfo> stop(const std::string& plugin) override;
  void review() override;
  std::vector<PluginInfo> list() const override;
  Result<PluginInfo> info(const std::string& plugin) const override;
  Result<Json> health(const std::string& plugin) override;
  Result<Answer> call(const std::string& plugin, const std::string& method, const Json& message,
                      int timeout_ms) override;
  void blame(const std::string& plugin, const std::string& what) override;
  Status may_sign(const std::string& plugin, const std::string& op) const override;
  Result<std::string> for_item(const std::string& item) const override;
  Result<std::string> for_product(const std::string& product) const override;
  Result<ProductRoute> route_of(const std::string& plugin, const std::string& method,
                                const std::string& path) const override;

 private:
  using EntryPtr = std::shared_ptr<Entry>;
  using LoadedPtr = std::shared_ptr<const Loaded>;
  /// A call that was let in, and the generation that it is bound to.
  struct Bound {
    LoadedPtr loaded;
    std::shared_ptr<Counters> counters;
    bool on_trial = false;
    CanaryOptions trial;
  };

  // Under mutex_:
  EntryPtr find(const std::string& plugin) const;
  PluginInfo describe(const std::string& plugin, const Entry& entry) const;
  Status step(Entry& entry, Event event);
  void refresh(const std::string& plugin, const std::filesystem::path& folder);
  Status check_conflict(const Entry& entry, const Loaded& loaded) const;
  void notice(const std::string& plugin, Entry& entry, Event event, const std::string& reason);
  void end_canary(Entry& entry, const std::string& reason);
  bool admitted(const Loaded& loaded, std::string& why) const;
  void withdraw(const std::string& plugin, Entry& entry);

  Result<EntryPtr> get(const std::string& plugin) const;
  Result<std::uint64_t> begin_load(Entry& entry, bool& beside);
  Result<LoadedPtr> prepare(const EntryPtr& entry, const Source& source);
  Result<PluginInfo> replace(const std::string& plugin, const EntryPtr& entry, const Source& source,
                             bool pin);
  Status activate(const std::string& plugin, const EntryPtr& entry, const LoadedPtr& loaded);
  Status admit_canary(Entry& entry, Canary canary);
  Result<PluginInfo> fail(Entry& entry, const Error& error);
  Result<PluginInfo> let_go(const std::string& plugin, Entry& entry);
  /// Of the package in the plugins' folder, or empty.
  std::string digest_in_folder(const std::string& plugin) const;
  Source running_source(const std::string& plugin, const Entry& entry) const;
  void remember(const Loaded& loaded, const std::string& pin);
  Watcher watcher_of(const std::string& plugin, const EntryPtr& entry, std::uint64_t generation);
  void supervise(const std::string& plugin, const EntryPtr& entry, const Loaded& loaded);
  Result<Bound> bind(const std::string& plugin, const EntryPtr& entry);
  void conclude(const std::string& plugin, const EntryPtr& entry, const Bound& bound,
                const Error* error);

  const ManagerOptions options_;
  LibraryShelf shelf_;
  StateStore store_;
  mutable std::mutex mutex_;
  std::map<std::string, EntryPtr> entries_;
  std::unique_ptr<Retirer> retirer_;
};

Error unknown_plugin();
Error wrong_state(Event event, State state);
/// "code: message (field)".
std::string in_words(const Error& error);

}  // namespace qc::plugin
