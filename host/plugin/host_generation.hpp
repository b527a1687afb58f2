// Internal: a generation inside the host's process.
#pragma once

#include "host/plugin/answer.hpp"
#include "host/plugin/generation.hpp"
#include "host/plugin/library.hpp"
#include "host/plugin/outbound.hpp"
#include "host/plugin/plugin_log.hpp"
#include "host/plugin/runner/extensions.hpp"

namespace qc::plugin {

/// Nothing restarts it: what it does to the process, it does to the host. A call goes to a thread
/// that can be given up, or, where its method has proved quick, runs on the caller's own
/// (direct_calls.hpp); a generation that let one of these pass its deadline gets none any more.
class HostGeneration final : public Generation,
                             public std::enable_shared_from_this<HostGeneration>,
                             private OverdueListener {
 public:
  /// Calls the library's create(). Errors: "plugin.load_failed", "plugin.timeout".
  static Result<std::shared_ptr<Generation>> create(std::shared_ptr<const Library> library,
                                                    GenerationOptions options,
                                                    std::chrono::milliseconds timeout);
  /// Calls destroy(), and waits for it no longer than kFarewell.
  ~HostGeneration() override;

  Result<Json> call(const std::string& method, const Json& message,
                    std::chrono::milliseconds timeout) override;
  /// The message as it goes over the border, and the answer as it came.
  Result<RawAnswer> exchange(const std::string& method, const std::string& message,
                             std::chrono::milliseconds timeout);
  void supervise(Watcher) override {}
  void abandon(const std::string&) override {}  ///< nobody can end a call inside the process
  std::string remark() const override;
  RunnerStatus runner() const override { return {}; }

  static constexpr std::chrono::milliseconds kFarewell{2000};

 private:
  struct Exchange;
  struct OwnedExchange;
  /// What the plugin's code may touch as long as it runs, be it after this generation's end.
  struct Instance;
  HostGeneration(std::shared_ptr<const Library> library, GenerationOptions options);
  Result<RawAnswer> exchange_here(QuickMethods::Record& record, const std::string& method,
                                  const std::string& message, std::chrono::milliseconds timeout);
  Result<RawAnswer> exchange_apart(QuickMethods::Record* record, const std::string& method,
                                   const std::string& message, std::chrono::milliseconds timeout);
  void on_overdue(const std::string& method) override;
  void on_late_return(const std::string& method) override;

  const std::shared_ptr<Instance> instance_;
  CallPool pool_;
  QuickMethods quick_;
  std::atomic<bool> trusted_;            ///< with threads of its callers
  std::atomic<std::size_t> overdue_{0};  ///< direct calls that have not come back
};

}  // namespace qc::plugin
