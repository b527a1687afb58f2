// Internal: a generation in a confined child process, which is started again when it dies.
#pragma once

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "host/plugin/generation.hpp"
#include "host/plugin/package.hpp"
#include "host/plugin/plugin_log.hpp"
#include "host/plugin/restart_policy.hpp"
#include "host/plugin/runner_process.hpp"
#include "host/plugin/share_watch.hpp"

namespace qc::plugin {

/// One keeper thread per generation starts its runners (they die with the thread that started
/// them), listens to them, and decides what follows when one dies. Calls do not pass through it.
class ProcessGeneration final : public Generation {
 public:
  struct Plan {
    SealedImage image;
    std::vector<std::string> paths;      ///< what the plugin may read
    std::vector<std::string> libraries;  ///< of the system, loaded before it is confined
    IsolationOptions isolation;
  };
  /// Errors: "plugin.load_failed" (with how it died), "plugin.abi_mismatch", "plugin.timeout".
  static Result<std::shared_ptr<Generation>> create(Plan plan, GenerationOptions options,
                                                    std::chrono::milliseconds timeout);
  /// Asks the runner to end, and kills it when it does not.
  ~ProcessGeneration() override;

  Result<Json> call(const std::string& method, const Json& message,
                    std::chrono::milliseconds timeout) override;
  void supervise(Watcher watcher) override;
  void abandon(const std::string& reason) override;
  std::string remark() const override;
  RunnerStatus runner() const override;

 private:
  /// What came of starting a runner.
  struct Start {
    Status status;
    bool died = false;
    std::string reason;
  };
  enum class End { kStopped, kDied };
  /// What the keeper remembers between two looks at one runner.
  struct Signs {
    Deadline next_tick;
    Deadline next_look;
    std::uint64_t calls_looked_at = 0;
    std::uint32_t unanswered = 0;  ///< pings; not time, for the host itself may have been stopped
    std::uint64_t calls = 0;
    std::uint64_t cpu_ms = 0;
    Deadline measured;
    std::chrono::milliseconds burned{0};
  };

  ProcessGeneration(Plan plan, GenerationOptions options);

  // The keeper thread's:
  void keep(std::promise<Status> started, std::chrono::milliseconds timeout);
  bool recover(std::string reason);
  bool await_supervision();
  Start bring_up(std::chrono::milliseconds timeout);
  Status await_ready(RunnerProcess& runner, Deadline until);
  Status configure_again(RunnerProcess& runner, std::chrono::milliseconds timeout);
  End watch(RunnerProcess& runner);
  void tick(RunnerProcess& runner, Signs& signs);
  void look_at_share(RunnerProcess& runner, Signs& signs);
  void demote(const RunnerProcess& runner);
  void promote(const RunnerProcess& runner);
  bool listen(RunnerProcess& runner, Signs* signs, std::optional<ControlMessage>* verdict);
  void take_note(const ControlMessage& message);
  void note_refusal(const std::string& what);
  void bid_farewell(RunnerProcess& runner) const;
  void tell(Event event, const std::string& reason);
  void settle();
  bool pause(std::chrono::milliseconds time);
  void hush();
  bool stopping() const;

  std::shared_ptr<RunnerProcess> current(std::uint64_t& incarnation) const;
  Error down(const std::string& what) const;

  Plan plan_;
  RunnerSpec spec_;
  PluginLog log_;
  RestartPolicy policy_;
  ShareWatch share_;                ///< the keeper's, as the next
  std::optional<bool> may_return_;  ///< from behind all others; found out when it is needed
  FileDescriptor wake_;
  mutable std::mutex mutex_;
  std::condition_variable settled_change_;
  std::shared_ptr<RunnerProcess> current_;
  std::uint64_t incarnation_ = 0;  ///< of current_, or of the last one
  std::uint64_t settled_ = 0;      ///< up to here, deaths are noticed and told
  std::string reason_;             ///< how the last one died
  std::string refusal_;            ///< what it last tried and was not let do
  std::string demotion_;           ///< why it runs behind all others; empty when it does not
  RunnerStatus status_;
  Watcher watcher_;
  bool stopping_ = false;
  std::string configuration_;  ///< the message that configured it, said again to its next runner
  Json configured_;            ///< what it answered
  std::thread keeper_;
};

}  // namespace qc::plugin
