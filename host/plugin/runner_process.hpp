// Internal: one child process that runs one plugin, from its start to its death.
#pragma once

#include <sys/types.h>

#include "host/plugin/isolation.hpp"
#include "host/plugin/lane.hpp"
#include "host/plugin/outbound.hpp"
#include "host/plugin/runner/wire.hpp"
#include "host/plugin/share_watch.hpp"

namespace qc::plugin {

struct RunnerSpec {
  std::string plugin;
  std::filesystem::path program;
  int library_fd = -1;  ///< sealed; stays the caller's
  std::vector<std::string> paths;
  std::vector<std::string> libraries;
  std::shared_ptr<const Outbound> outbound;  ///< null or empty = it reaches nobody
  bool routes = false;                       ///< it serves a product's routes, and nothing else
  RunnerLimits limits;
  std::size_t lanes = 4;
  std::size_t queue = 64;
  std::size_t max_message_bytes = wire::kMaxMessageBytes;
  std::size_t max_answer_bytes = 0;
  std::chrono::milliseconds grace{100};
};

struct ControlMessage {
  wire::Control kind{};
  std::uint32_t number = 0;
  std::string text;
};

/// What /proc tells of a process.
struct Usage {
  std::uint32_t threads = 0;
  std::uint64_t cpu_ms = 0;
  std::uint64_t resident_bytes = 0;
};

class RunnerProcess {
 public:
  /// Starts the program and tells it its limits. The runner lives no longer than the calling
  /// thread: the kernel sends the death signal when the thread that started it ends. Errors:
  /// "plugin.load_failed".
  static Result<std::shared_ptr<RunnerProcess>> spawn(const RunnerSpec& spec);
  /// Kills and buries.
  ~RunnerProcess();
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  /// Any thread, concurrently. Errors: "plugin.message_too_large", "plugin.busy", "plugin.timeout"
  /// (a runner that had the call is killed), "plugin.crashed".
  Result<RawAnswer> call(const std::string& method, const std::string& message,
                         std::chrono::milliseconds timeout);
  /// Any thread. The first reason counts, and only if it did not die by itself before.
  void kill(const std::string& reason);
  bool dead() const;

  // The keeper's alone:
  int process_fd() const { return process_.get(); }
  int control_fd() const { return control_.get(); }
  pid_t pid() const { return pid_; }
  bool send(wire::Control kind) const;
  /// The next message that is there; nothing when there is none. `closed` when none can come.
  std::optional<ControlMessage> receive(bool& closed) const;
  std::optional<Usage> usage() const;
  std::size_t in_call() const;
  std::uint64_t calls() const { return calls_; }
  /// What ShareWatch looks at; nothing once it is dead.
  std::optional<ShareWatch::Look> share() const;
  /// Waits for its death and says what of it died, in words for the operator. Once.
  std::string bury();

 private:
  struct Running {
    std::string method;
    Deadline since;
  };
  RunnerProcess(const RunnerSpec& spec, pid_t pid);
  void begin(const std::string& method);
  void end(const std::string& method, bool lost);
  Error explain(LaneFault fault, const std::string& method, std::chrono::milliseconds timeout);
  std::string death_words(int status) const;

  const std::string plugin_;
  const RunnerLimits limits_;
  const std::size_t max_message_bytes_;
  const std::size_t max_answer_bytes_;
  const std::chrono::milliseconds grace_;
  const pid_t pid_;
  FileDescriptor process_;
  FileDescriptor control_;
  std::unique_ptr<LanePool> lanes_;
  const std::shared_ptr<const Outbound> outbound_;
  std::unique_ptr<OutboundBroker> broker_;
  bool buried_ = false;
  std::atomic<std::uint64_t> calls_{0};
  mutable std::mutex mutex_;
  std::string reason_;  ///< of a kill
  std::vector<Running> in_call_;
  std::string lost_;                     ///< the method that ran when it died
  std::chrono::nanoseconds covered_{0};  ///< by calls that have ended (ShareWatch)
};

}  // namespace qc::plugin
