// Internal: one plugin instance behind the C table. Messages in, answers into the sink.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "sdk/plugin/abi.h"
#include "sdk/plugin/service.hpp"

namespace qc::plugin {

/// What the host's log receives from the layer: codes and methods, never a message or a value.
class HostLog {
 public:
  explicit HostLog(const qc_host* host) : host_(host) {}
  void write(int level, std::string_view text) const noexcept;

 private:
  const qc_host* host_;
};

/// Thread contract: call() any thread, concurrently.
class Core {
 public:
  static constexpr std::size_t kMaxMessageBytes = 16U << 20U;

  Core(const qc_host* host, Description description, std::unique_ptr<Service> service);

  /// Returns a status of abi.h. Nothing is thrown.
  int call(const qc_call& call, const qc_sink& out) noexcept;

 private:
  Result<Json> dispatch(std::string_view method, std::string_view message,
                        std::int64_t deadline_ms);
  Result<Json> configure(const Json& message);
  Result<Json> health();

  HostLog log_;
  const bool serves_routes_;  ///< and nothing else: see qc_routes
  std::shared_ptr<const Description> description_;
  std::unique_ptr<Service> service_;
  std::mutex configuring_;
  std::atomic<bool> configured_{false};
};

/// Status of abi.h for an error.
int status_of(const Error& error);

}  // namespace qc::plugin
