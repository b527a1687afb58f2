// Loads, drains and stops plugins; carries messages to them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/plugin/isolation.hpp"
#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::plugin {

/// The life cycle; which event leads where: transitions.hpp.
enum class State {
  kDiscovered,
  kVerified,
  kAdmitted,
  kLoaded,
  kConfigured,
  kActive,
  kDraining,
  kStopped,
  kFailed,
  kRestarting,  ///< its process died and is started again
  kQuarantined  ///< its process died too often
};
std::string_view state_name(State state);  ///< "discovered" …

struct PluginInfo {
  std::string plugin, version, kind, owner, digest;
  State state = State::kDiscovered;
  std::string reason;  ///< why failed or refused; empty otherwise
  std::vector<std::string> items;
  std::string product;
  Json description;  ///< the answer to "describe", null before it is loaded
  Json jwk;          ///< key the plugin uses, null before it is configured
  std::uint64_t calls = 0, errors = 0, in_flight = 0, generation = 0;
  Isolation isolation = Isolation::kHost;  ///< of the loaded generation, or of the next
  RunnerStatus runner;
};

struct ManagerOptions {
  std::filesystem::path plugins_dir;  ///< <dir>/<id>/manifest.json and the library
  std::filesystem::path config_dir;   ///< <dir>/<id>.toml
  std::string chain;
  /// The ledger's admission of a plugin: digest (hex), owner account, version and kind; with "jwk"
  /// the key it must use, in "publisher" {"account","kid","jwk"} whose signature it bears. Nullopt
  /// = not admitted.
  std::function<std::optional<Json>(const std::string& plugin)> admission;
  std::size_t max_answer_bytes = 4U << 20U;
  std::size_t workers = 4;          ///< calls of one plugin that run at a time
  std::size_t queue = 64;           ///< further calls that wait; more are refused as "plugin.busy"
  std::size_t max_hung = 4;         ///< calls past their deadline before a plugin is given up
  std::size_t max_libraries = 128;  ///< distinct libraries this process may ever map
  IsolationOptions isolation;
};

class Manager {
 public:
  static Result<std::unique_ptr<Manager>> create(ManagerOptions options);
  virtual ~Manager() = default;

  /// Reads the manifests anew; broken ones are listed as failed with a reason.
  virtual Status discover() = 0;
  /// Manifest, digest, admission on the ledger, load the verified bytes, configure, health ->
  /// active. Errors: "plugin.not_found", "plugin.bad_manifest", "plugin.digest_mismatch",
  /// "plugin.not_admitted", "plugin.not_signed", "plugin.bad_signature" (each says who must act),
  /// "plugin.abi_mismatch" (both versions), "plugin.load_failed",
  /// "plugin.configure_failed", "plugin.wrong_state", "plugin.item_conflict" (another active
  /// plugin serves the item or product). While a version is active, loading another one makes a new
  /// generation: calls in flight end on theirs, later ones go to the new; a failed load leaves the
  /// active one as it is. Loading is also what ends a quarantine.
  virtual Result<PluginInfo> load(const std::string& plugin) = 0;
  /// No new calls; waits for those in flight up to `wait_ms`, then stopped.
  virtual Result<PluginInfo> drain(const std::string& plugin, int wait_ms) = 0;
  virtual Result<PluginInfo> stop(const std::string& plugin) = 0;
  virtual std::vector<PluginInfo> list() const = 0;
  virtual Result<PluginInfo> info(const std::string& plugin) const = 0;

  struct Answer {
    Json message;
    std::string plugin, version, digest;
    std::uint64_t generation = 0;  ///< the loaded instance that answered
  };
  /// Sends one message. Errors: the plugin's own code with side=provider; "plugin.not_active"
  /// (kUnavailable), "plugin.timeout", "plugin.busy", "plugin.hung" (too many calls never came
  /// back), "plugin.crashed" (its process died; the message says how), "plugin.bad_answer". Any
  /// thread, concurrently.
  virtual Result<Answer> call(const std::string& plugin, const std::string& method,
                              const Json& message, int timeout_ms) = 0;

  /// The active plugin that serves an item or a product. Error: "plugin.none_for_item" /
  /// "…product".
  virtual Result<std::string> for_item(const std::string& item) const = 0;
  virtual Result<std::string> for_product(const std::string& product) const = 0;
};

}  // namespace qc::plugin
