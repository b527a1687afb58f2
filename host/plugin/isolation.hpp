// Where a plugin runs, and what it may use there.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace qc::plugin {

enum class Isolation {
  kHost,     ///< in the host's own process: fast, and trusted with the host's life
  kProcess,  ///< in a confined child process (host/plugin/runner)
};
std::string_view isolation_name(Isolation isolation);               ///< "host", "process"
std::optional<Isolation> isolation_of_name(std::string_view name);  ///< nothing for other words

/// What one runner may use. Memory is address space, so that reaching it is an error inside the
/// plugin before it is the machine's trouble.
struct RunnerLimits {
  std::uint64_t memory_bytes = 512U << 20U;
  /// In the whole life of a runner, at the end of which it is started anew. What burns the
  /// processor is found long before (RunnerTimes::idle_burn).
  std::uint64_t cpu_seconds = 86'400;
  /// Of one processor, that it may use for good beyond its calls. With more, it goes behind all
  /// others (at half a processor at the earliest), and without a call it is ended in the end.
  std::uint32_t cpu_percent = 5;
  std::uint32_t files = 64;
  std::uint32_t processes = 4096;  ///< threads of the whole user (RLIMIT_NPROC)
  std::uint32_t threads = 64;      ///< of this runner
};

struct RestartOptions {
  std::chrono::milliseconds first_delay{100};  ///< doubles with each restart
  std::chrono::milliseconds longest_delay{30'000};
  std::chrono::milliseconds window{60'000};
  unsigned max_deaths = 3;  ///< within the window: quarantined
};

struct RunnerTimes {
  std::chrono::milliseconds grace{100};  ///< after a call's deadline, then the runner is killed
  std::chrono::milliseconds heartbeat{2000};    ///< between two signs of life
  std::chrono::milliseconds silence{10'000};    ///< without one: killed
  std::chrono::milliseconds idle_burn{30'000};  ///< that much processor time without a call: killed
};

/// How a runner does, for the operator; all zero for a plugin inside the host.
struct RunnerStatus {
  int pid = 0;  ///< 0 while none runs
  std::uint64_t restarts = 0;
  std::uint64_t memory_bytes = 0;  ///< resident, at the last heartbeat
  std::uint64_t cpu_ms = 0;
  std::uint64_t refusals = 0;  ///< what it tried and was not let do
};

struct IsolationOptions {
  Isolation otherwise = Isolation::kHost;  ///< of plugins that are not named
  std::map<std::string, Isolation> of;
  std::filesystem::path runner;  ///< empty = quancheng-plugin-runner beside this program
  RunnerLimits limits;
  RestartOptions restart;
  RunnerTimes times;
};

}  // namespace qc::plugin
