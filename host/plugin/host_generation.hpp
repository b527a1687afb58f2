// Internal: a generation inside the host's process.
#pragma once

#include "host/plugin/answer.hpp"
#include "host/plugin/generation.hpp"
#include "host/plugin/library.hpp"
#include "host/plugin/outbound.hpp"
#include "host/plugin/plugin_log.hpp"

namespace qc::plugin {

/// Nothing restarts it: what it does to the process, it does to the host.
class HostGeneration final : public Generation,
                             public std::enable_shared_from_this<HostGeneration> {
 public:
  /// Calls the library's create(). Errors: "plugin.load_failed", "plugin.timeout".
  static Result<std::shared_ptr<Generation>> create(std::shared_ptr<const Library> library,
                                                    GenerationOptions options,
                                                    std::chrono::milliseconds timeout);
  ~HostGeneration() override;

  Result<Json> call(const std::string& method, const Json& message,
                    std::chrono::milliseconds timeout) override;
  /// The message as it goes over the border, and the answer as it came.
  Result<RawAnswer> exchange(const std::string& method, std::string message,
                             std::chrono::milliseconds timeout);
  void supervise(Watcher) override {}
  void abandon(const std::string&) override {}  ///< nobody can end a call inside the process
  std::string remark() const override;
  RunnerStatus runner() const override { return {}; }

 private:
  struct Exchange;
  static void write_log(void* context, int level, const char* text, std::size_t size);
  static const void* find_extension(void* context, const char* id);
  HostGeneration(std::shared_ptr<const Library> library, GenerationOptions options);

  std::shared_ptr<const Library> library_;
  PluginLog log_;
  const Outbound outbound_;
  qc_outbound outbound_table_{};
  qc_host host_{};
  void* instance_ = nullptr;
  CallPool pool_;
};

}  // namespace qc::plugin
