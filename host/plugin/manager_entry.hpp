// Internal: what the manager knows of one plugin, and the steps that load it.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "host/plugin/generation.hpp"
#include "host/plugin/library.hpp"
#include "host/plugin/retirer.hpp"
#include "host/plugin/transitions.hpp"

namespace qc::plugin {

/// A generation with what was checked about it.
struct Loaded {
  std::shared_ptr<Generation> generation;
  std::shared_ptr<Generation> routes;  ///< answers callers; never configured; null without routes
  Manifest manifest;
  Json description;
  Json jwk;
  std::vector<std::string> items;
  std::string product;
  std::vector<ProductRoute> served;
  std::string remark;  ///< "degraded: …" or empty
  std::vector<std::string> granted;
  proof::Budgets budgets{};  ///< in force
  int time_ms = 0;           ///< of a call, where that is granted; 0 = as its caller says
  Isolation isolation = Isolation::kHost;
  std::shared_ptr<Flight> flight = std::make_shared<Flight>();
};

/// A generation on trial.
struct Canary {
  std::shared_ptr<const Loaded> loaded;
  CanaryOptions options;
};

/// What is to be loaded.
struct Source {
  std::filesystem::path folder;
  std::string digest;   ///< it must be this package, or empty
  bool beside = false;  ///< something runs, and is not to be replaced by what is not well
};

/// Where the host's configuration wants a plugin to run.
Isolation isolation_of(const IsolationOptions& options, const std::string& plugin);

/// Why a package that the ledger knows may not run, in words, or empty.
std::string withdrawal_of(const Json& admission);

/// `operation` is held by whoever loads, drains or stops this plugin; all else is under the
/// manager's mutex.
struct Entry {
  std::mutex operation;
  Manifest manifest;  ///< as last read
  State state = State::kDiscovered;
  std::string reason;
  std::string routes_reason;  ///< why the active package's routes are not answered, or empty
  std::shared_ptr<const Loaded> active;  ///< takes calls while the state is kActive
  std::optional<Canary> canary;          ///< takes some of them; only beside an active one
  std::shared_ptr<Counters> counters = std::make_shared<Counters>();
  std::shared_ptr<RetiredCounts> retired = std::make_shared<RetiredCounts>();
  std::uint64_t generations = 0;
  std::set<std::string> mapped;  ///< digests of its packages that this process has mapped
};

/// What the generations inside the host share. Libraries by digest: the same bytes are mapped once,
/// however often they are loaded.
class LibraryShelf {
 public:
  LibraryShelf(std::size_t max, std::size_t direct_calls)
      : max_(max), direct_calls_(direct_calls) {}
  /// Errors: those of Library::load; "plugin.load_failed" when the shelf is full.
  Result<std::shared_ptr<const Library>> get(SealedImage image);
  /// The table of calls on their callers' threads; made when first asked for, since its watchdog is
  /// a thread. Null when there is to be none.
  std::shared_ptr<DirectCalls> direct();

 private:
  const std::size_t max_;
  const std::size_t direct_calls_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Library>> libraries_;
  std::shared_ptr<DirectCalls> direct_;
};

/// Takes one generation from its manifest to where it can be activated. One object, one load.
class Loader {
 public:
  /// `advance` is told of each step that succeeded.
  Loader(const ManagerOptions& options, LibraryShelf& shelf,
         std::function<void(Event, const Manifest&)> advance)
      : options_(options), shelf_(shelf), advance_(std::move(advance)) {}

  /// Errors: as Manager::load.
  Result<Loaded> run(const Source& source, std::uint64_t generation);

 private:
  Result<Json> check_admission(const Manifest& manifest) const;
  Status take_budgets(Loaded& loaded, const Json& admission, GenerationOptions& options) const;
  Result<std::shared_ptr<Generation>> start(const Loaded& loaded, SealedImage image,
                                            const Json& settings, GenerationOptions options);
  Status describe_product(Loaded& loaded, const Json& answer) const;
  Status describe(Loaded& loaded, const Json& admission) const;
  Status configure(Loaded& loaded, const Json& admission, const Json& settings) const;
  Status check_health(Loaded& loaded) const;
  Status start_routes(Loaded& loaded, SealedImage image, const GenerationOptions& base);
  Status probe(const Loaded& loaded) const;

  const ManagerOptions& options_;
  LibraryShelf& shelf_;
  std::function<void(Event, const Manifest&)> advance_;
};

}  // namespace qc::plugin
