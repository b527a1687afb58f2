// Internal: what of the plugins' fate outlives the host's process.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "host/plugin/manager.hpp"
#include "host/plugin/package.hpp"

namespace qc::plugin {

/// `<folder>/plugins.json` holds quarantines, pins and the order of kept packages;
/// `<folder>/packages/<digest>/<plugin>/` the packages. A kept package is believed no more than one
/// in the plugins' folder: digest and admission are checked at each load. Without a folder it knows
/// nothing and keeps nothing. Any thread.
class StateStore {
 public:
  static constexpr std::size_t kMaxKept = 4;  ///< packages of one plugin

  explicit StateStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Reads what is there. Once, first. Error: "plugin.bad_state": a quarantine that cannot be read
  /// must not be taken for none.
  Status open();

  /// Why the plugin is quarantined, or empty.
  std::string quarantine_of(const std::string& plugin) const;
  /// The package to be started in place of the folder's, or empty.
  std::string pinned(const std::string& plugin) const;
  std::vector<KeptPackage> kept(const std::string& plugin) const;  ///< newest first
  /// Where a kept package is; empty when it is not kept.
  std::filesystem::path folder_of(const std::string& plugin, const std::string& digest) const;

  // Durable when they return. Error: "file.io".
  Status quarantine(const std::string& plugin, const std::string& reason);
  Status end_quarantine(const std::string& plugin);
  Status pin(const std::string& plugin, const std::string& digest);  ///< empty: unpins
  /// Copies the package's files; what is there already becomes the newest.
  Status keep(const Manifest& manifest);

 private:
  struct Fate {
    std::string quarantine, pinned;
    std::vector<KeptPackage> kept;
  };
  Status write();  // under writing_, not under mutex_
  /// Makes it the newest: what is to be forgotten for it, or nothing when it was that already.
  std::optional<std::vector<KeptPackage>> place(const Manifest& manifest);
  Status copy(const Manifest& manifest) const;
  void forget(const std::string& plugin, const std::string& digest) const;

  const std::filesystem::path folder_;
  std::mutex writing_;        // held by whoever changes something until it is on the disk
  mutable std::mutex mutex_;  // of fates_ alone: who reads never waits for the disk
  std::map<std::string, Fate> fates_;
};

}  // namespace qc::plugin
