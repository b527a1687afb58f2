// A sample city with its host running as a process of its own, for tests that need a live network.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "host/cli/process.hpp"
#include "sdk/base/json.hpp"
#include "sdk/client/client.hpp"

namespace qc::tests {

struct LiveCityOptions {
  std::filesystem::path binary_dir;  ///< build folder: bin/quancheng, bin/quancheng-host, plugins/
  std::filesystem::path source_dir;  ///< repository: sql/
  int people = 40;
};

/// Lives in a temporary folder that goes with it (kept when QC_KEEP_CITY is set, or after a failure
/// of the host: the path is printed). Thread contract: one thread starts and stops; url(), run()
/// and client() any thread while it runs.
class LiveCity {
 public:
  /// `quancheng city init` on port 0. Errors: "live.failed" with what the program said.
  static Result<std::unique_ptr<LiveCity>> make(const LiveCityOptions& options);
  ~LiveCity();
  LiveCity(const LiveCity&) = delete;
  LiveCity& operator=(const LiveCity&) = delete;

  /// Starts quancheng-host and waits for its "ready" line. Error: "live.failed".
  Status start(int timeout_ms = 60000);
  /// SIGTERM; the exit code (128 + signal when a signal ended it).
  int stop(int timeout_ms = 30000);
  /// SIGKILL and nothing else.
  void kill_hard();
  /// Started by us, not stopped by us, and not ended by itself.
  bool running() const;

  const std::string& url() const { return url_; }
  const std::filesystem::path& dir() const { return dir_; }         ///< the city folder
  std::filesystem::path data() const { return dir_ / "host"; }      ///< the host's own data
  std::filesystem::path log() const { return base_ / "host.log"; }  ///< what the host printed
  std::filesystem::path scratch() const { return base_; }           ///< for a test's own files
  std::filesystem::path profile(const std::string& account) const;
  std::string chain() const;

  /// `quancheng <arguments>`. Aborts the test program when the process cannot be started.
  cli::Finished run(std::vector<std::string> arguments, std::string_view input = {}) const;
  /// The same with --json, parsed (null when it printed no document).
  Json run_json(std::vector<std::string> arguments, int* exit_code = nullptr,
                std::string_view input = {}) const;
  /// The same as a member: with its profile and this host's url.
  Json run_as(const std::string& account, std::vector<std::string> arguments,
              int* exit_code = nullptr) const;
  /// `quancheng story --json` against this host.
  Json story(int* exit_code = nullptr) const;
  /// A client that signs as the member.
  Result<std::unique_ptr<client::Client>> client(const std::string& account) const;
  Result<crypto::PrivateKey> key_of(const std::string& account) const;

 private:
  explicit LiveCity(const LiveCityOptions& options) : options_(options) {}
  int wait(int timeout_ms);

  LiveCityOptions options_;
  std::filesystem::path base_, dir_;
  std::string url_;
  pid_t pid_ = -1;
  bool failed_ = false;
};

}  // namespace qc::tests
