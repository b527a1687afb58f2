// Loads, drains and stops plugins; carries messages to them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/plugin/call_kind.hpp"
#include "host/plugin/isolation.hpp"
#include "host/plugin/latency.hpp"
#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/proof/capability.hpp"

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

/// A new package beside the running one, which gets a share of the requests until somebody decides.
struct CanaryOptions {
  int percent = 10;                ///< of requests, 1 to 99; a request's id decides, always alike
  std::uint64_t after_calls = 50;  ///< judged by its failures from then on
  int max_failed_percent = 5;      ///< more of its calls at fault: rolled back
};

struct CanaryInfo {
  std::string version, digest;
  std::uint64_t generation = 0, calls = 0, faults = 0;
  CanaryOptions options;
};

/// A package that ran here and was kept for a downgrade.
struct KeptPackage {
  std::string version, digest;
};

/// A path of a product's own, below /v1/products/<product>/, as its package describes it.
struct ProductRoute {
  std::string method, path;
  std::string who;  ///< "any", "member" or "owner"
};

struct PluginInfo {
  std::string plugin, version, kind, owner, digest;
  State state = State::kDiscovered;
  std::string reason;  ///< why failed or refused; empty otherwise
  std::vector<std::string> items;
  std::string product;
  std::vector<ProductRoute> routes;  ///< that are served: none without the capability
  Json description;                  ///< the answer to "describe", null before it is loaded
  Json jwk;                          ///< key the plugin uses, null before it is configured
  std::uint64_t calls = 0, errors = 0, in_flight = 0, generation = 0;
  Isolation isolation = Isolation::kHost;  ///< of the loaded generation, or of the next
  RunnerStatus runner;
  FailureCounts failures{};    ///< `errors` by Failure
  Latency latency;             ///< of calls that were admitted, failed ones too
  std::uint64_t retired = 0;   ///< generations that another one replaced, since the host's start
  std::uint64_t draining = 0;  ///< of these, how many still have calls to finish
  std::uint64_t overdue = 0;   ///< of these, how many were ended at their deadline
  std::uint64_t mapped = 0;    ///< packages whose code is in the host's process, which never leaves
  std::optional<CanaryInfo> canary;
  std::vector<KeptPackage> kept;  ///< newest first, without the running one
  std::string pinned;  ///< digest that a restart of the host starts instead of the folder's package
  std::vector<std::string> asked;    ///< capabilities, by the manifest
  std::vector<std::string> granted;  ///< of these, by the admission; of the loaded generation
  /// What the loaded generation may use, granted or the host's default.
  std::optional<proof::Budgets> budgets;
};

struct ManagerOptions {
  std::filesystem::path plugins_dir;  ///< <dir>/<id>/manifest.json and the library
  std::filesystem::path config_dir;   ///< <dir>/<id>.toml
  std::string chain;
  Json host_jwk = {};  ///< whose signed tree heads plugins are to believe; null: nobody's
  /// Where quarantines and kept packages outlive a restart; empty: nowhere.
  std::filesystem::path state_dir;
  /// What the ledger says of this package of a plugin, or else of the plugin's newest package:
  /// digest (hex), owner account, version and kind; with "jwk" the key it must use; in
  /// "publisher" {"account","kid","jwk"} whose signature it bears; with "state"
  /// other than "admitted" that it may not run, for "reason"; with "code" the prefix that a
  /// department's items have. Nullopt = nothing is known. Any thread.
  std::function<std::optional<Json>(const std::string& plugin, const std::string& digest)>
      admission;
  /// The budgets of a plugin that is granted none: these two, `call_ms`, isolation.limits.
  std::size_t max_answer_bytes = 4U << 20U;
  std::size_t max_message_bytes = 4U << 20U;
  int call_ms = 1000;  ///< what callers give a call: told to operators, and enforced by the callers
  /// What may be granted at most: a package that is granted more is not loaded. Never less than the
  /// default of its kind.
  proof::Budgets most{2048, 100, 10'000, 16'384};
  std::size_t workers = 4;   ///< calls of one plugin that run at a time
  std::size_t queue = 64;    ///< further calls that wait; more are refused as "plugin.busy"
  std::size_t max_hung = 4;  ///< calls past their deadline before a plugin is given up
  /// Calls of all plugins inside the host that may run on their callers' own threads at a time: so
  /// many of these threads can plugins that hang keep for good (direct_calls.hpp).
  std::size_t direct_calls = 2;
  std::size_t max_libraries = 128;  ///< distinct libraries this process may ever map
  int probe_ms = 5000;    ///< a new generation must answer within that before it takes calls
  int drain_ms = 70'000;  ///< a replaced generation may finish its calls that long
  IsolationOptions isolation;
};

/// The method that goes to the instance that serves a product's routes; all others go to the one
/// that is configured.
inline constexpr const char* kRouteMethod = "route";
/// What a caller may send to such a route.
inline constexpr std::size_t kMaxRouteBodyBytes = 64U << 10U;

class Manager {
 public:
  static Result<std::unique_ptr<Manager>> create(ManagerOptions options);
  virtual ~Manager() = default;

  /// Reads the manifests anew; broken ones are listed as failed with a reason.
  virtual Status discover() = 0;
  /// Manifest, digest, admission on the ledger, load the verified bytes, configure, health ->
  /// active. Errors: "plugin.not_found", "plugin.bad_manifest", "plugin.digest_mismatch",
  /// "plugin.not_admitted", "plugin.not_signed", "plugin.bad_signature" (each says who must act),
  /// "plugin.abi_mismatch" (both versions), "plugin.load_failed", "plugin.over_budget" (granted
  /// more than this host gives at most),
  /// "plugin.configure_failed", "plugin.wrong_state", "plugin.item_conflict" (another active
  /// plugin serves the item or product). While a version is active, loading another one makes a new
  /// generation: calls in flight end on theirs, later ones go to the new; a failed load leaves the
  /// active one as it is. Loading is also what ends a quarantine.
  virtual Result<PluginInfo> load(const std::string& plugin) = 0;
  /// Load as a host's start does it: what was decided before holds on. Errors: as load;
  /// "plugin.quarantined"; a pinned package that is kept is loaded in place of the folder's.
  virtual Result<PluginInfo> start(const std::string& plugin) = 0;
  /// Another package out of the folder in place of the running one, which serves on until the new
  /// one is configured, healthy and answers a probe; whatever fails before leaves it as it is.
  /// Errors: as load; "plugin.same_package", "plugin.unhealthy".
  virtual Result<PluginInfo> upgrade(const std::string& plugin) = 0;
  /// The same with a package that ran here before: of that digest, or (empty) the last one. A
  /// restart starts it again, until the next upgrade. Error: "plugin.no_earlier_package".
  virtual Result<PluginInfo> downgrade(const std::string& plugin, const std::string& digest) = 0;
  /// The running package with its settings read anew.
  virtual Result<PluginInfo> reload(const std::string& plugin) = 0;
  /// The folder's package beside the running one, with a share of the requests. It is rolled back
  /// by itself when too many of its calls fail or its process dies. Errors: as upgrade;
  /// "json.out_of_range". Until it is promoted or rolled back nothing else can be loaded.
  virtual Result<PluginInfo> canary(const std::string& plugin, const CanaryOptions& options) = 0;
  /// The canary takes all requests, or none. Error: "plugin.wrong_state".
  virtual Result<PluginInfo> promote(const std::string& plugin) = 0;
  virtual Result<PluginInfo> rollback(const std::string& plugin) = 0;
  /// Stops what the ledger no longer admits. To be called whenever that may have changed.
  virtual void review() = 0;
  /// Asks the running generation how it is: {"status","detail"}.
  virtual Result<Json> health(const std::string& plugin) = 0;
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
  /// back), "plugin.crashed" (its process died; the message says how), "plugin.bad_answer". Bound
  /// to one generation from beginning to end; the thread's CallScope learns which. `timeout_ms`
  /// counts unless the plugin is granted a time of its own (for a route: where that is shorter).
  /// Any thread, concurrently.
  virtual Result<Answer> call(const std::string& plugin, const std::string& method,
                              const Json& message, int timeout_ms) = 0;

  /// What an active plugin answered turned out to be no truth: counted as a bad answer, and shown
  /// to the operator as its reason. `what` holds no word of the plugin's but names of the form a-z,
  /// 0-9, '_'.
  virtual void blame(const std::string& plugin, const std::string& what) = 0;

  /// Whether the ledger may be handed a transaction of this operation that an active plugin signed:
  /// what a plugin of its kind signs (a department asset.issue, a product nothing), and where its
  /// manifest asks for "ledger:<operation>", no more than is granted of that. Error:
  /// "plugin.not_granted", "plugin.not_active".
  virtual Status may_sign(const std::string& plugin, const std::string& op) const = 0;

  /// The active plugin that serves an item or a product. Error: "plugin.none_for_item" /
  /// "…product".
  virtual Result<std::string> for_item(const std::string& item) const = 0;
  virtual Result<std::string> for_product(const std::string& product) const = 0;
  /// Of the routes that a running plugin serves; call(plugin, kRouteMethod, …) asks it. Error:
  /// "product.no_such_route".
  virtual Result<ProductRoute> route_of(const std::string& plugin, const std::string& method,
                                        const std::string& path) const = 0;
};

}  // namespace qc::plugin
