// One loaded instance of a plugin: the code, its object, its counters.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "host/plugin/package.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {

/// Shared by the manager and every call in flight, so that a call ends on the generation it began
/// on. The object is destroyed with the last of them; the code is never unloaded: a thread that a
/// plugin left behind would run into nothing (measured: the process crashes).
/// Thread contract: call() from any thread, concurrently.
class Generation {
 public:
  /// Loads the sealed bytes, checks the ABI and makes the object.
  /// Errors: "plugin.load_failed", "plugin.abi_mismatch" (both versions and who must act).
  static Result<std::shared_ptr<Generation>> load(SealedLibrary library, const Manifest& manifest,
                                                  std::uint64_t number);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  /// Sends one message on this thread. Errors: the plugin's own; "plugin.bad_answer".
  Result<Json> call(const std::string& method, const Json& message, std::int64_t deadline_ms,
                    std::size_t max_answer_bytes);

  const Manifest& manifest() const { return manifest_; }
  std::uint64_t number() const { return number_; }

  std::atomic<std::uint64_t> calls{0}, errors{0}, in_flight{0};

 private:
  Generation(const Manifest& manifest, std::uint64_t number);
  Status attach(SealedLibrary library);

  Manifest manifest_;
  std::uint64_t number_;
  qc_host host_{};
  const qc_plugin* table_ = nullptr;
  void* instance_ = nullptr;
};

}  // namespace qc::plugin
