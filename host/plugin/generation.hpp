// Internal: one loaded instance of a plugin, wherever it runs. Calls in flight keep it alive.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/plugin/call_kind.hpp"
#include "host/plugin/call_pool.hpp"
#include "host/plugin/direct_calls.hpp"
#include "host/plugin/isolation.hpp"
#include "host/plugin/latency.hpp"
#include "host/plugin/runner/wire.hpp"
#include "host/plugin/transitions.hpp"
#include "sdk/base/json.hpp"

namespace qc::plugin {

/// Shared by all generations of one plugin.
struct Counters {
  std::atomic<std::uint64_t> calls{0};
  std::array<std::atomic<std::uint64_t>, kFailures> failures{};
  std::atomic<std::uint64_t> in_flight{0};  ///< calls whose caller waits
  std::atomic<std::uint64_t> routed{0};     ///< numbers calls that belong to no request
  LatencyHistogram latency;
};

/// The same of one generation, as far as its own fate hangs on it.
struct Flight {
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> faults{0};
  std::atomic<std::uint64_t> in_flight{0};
};

struct GenerationOptions {
  std::string plugin;
  std::uint64_t number = 0;
  CallPool::Limits limits;
  std::size_t max_answer_bytes = 0;
  std::vector<std::string> addresses = {};        ///< what it may reach (outbound.hpp)
  std::shared_ptr<DirectCalls> direct = nullptr;  ///< null = every call is handed over
  bool routes = false;  ///< it serves a product's routes, and nothing else
  std::size_t max_message_bytes = wire::kMaxMessageBytes;  ///< of what it is sent
};

/// Told of kCrash (a restart follows), kRecover and kQuarantine, with the reason in words.
using Watcher = std::function<void(Event event, const std::string& reason)>;

/// Any thread, concurrently.
class Generation {
 public:
  virtual ~Generation() = default;
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  /// One message; errors as Manager::call.
  virtual Result<Json> call(const std::string& method, const Json& message,
                            std::chrono::milliseconds timeout) = 0;

  /// From now on it is looked after: what dies is started again. `watcher` is called on a thread of
  /// the generation's own, and never after the generation's end. Once.
  virtual void supervise(Watcher watcher) = 0;

  /// Calls that still run are to end now, as far as that can be done; none will follow.
  virtual void abandon(const std::string& reason) = 0;

  /// For the operator: what is odd about it although it runs; empty otherwise.
  virtual std::string remark() const = 0;
  virtual RunnerStatus runner() const = 0;

  std::uint64_t number() const { return options_.number; }

 protected:
  explicit Generation(GenerationOptions options) : options_(std::move(options)) {}
  const GenerationOptions options_;
};

}  // namespace qc::plugin
