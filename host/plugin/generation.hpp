// Internal: one loaded instance of a plugin. Calls in flight keep it alive.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "host/plugin/call_pool.hpp"
#include "host/plugin/library.hpp"
#include "host/plugin/plugin_log.hpp"

namespace qc::plugin {

/// Shared by all generations of one plugin.
struct Counters {
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> in_flight{0};  ///< calls whose caller waits
};

struct GenerationOptions {
  std::string plugin;
  std::uint64_t number = 0;
  CallPool::Limits limits;
  std::size_t max_answer_bytes = 0;
};

/// Any thread, concurrently.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  /// Calls the library's create(). Errors: "plugin.load_failed", "plugin.timeout".
  static Result<std::shared_ptr<Generation>> create(std::shared_ptr<const Library> library,
                                                    GenerationOptions options,
                                                    std::chrono::milliseconds timeout);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  /// One message; errors as Manager::call.
  Result<Json> call(const std::string& method, const Json& message,
                    std::chrono::milliseconds timeout);

  std::uint64_t number() const { return options_.number; }
  std::size_t hung() const { return pool_.hung(); }

 private:
  struct Exchange;
  Generation(std::shared_ptr<const Library> library, GenerationOptions options);
  Result<Json> read_answer(const Exchange& exchange) const;
  Error bad_answer(std::string message) const;

  std::shared_ptr<const Library> library_;
  GenerationOptions options_;
  PluginLog log_;
  qc_host host_{};
  void* instance_ = nullptr;
  CallPool pool_;
};

}  // namespace qc::plugin
