// The conformance tool: whether a plugin keeps the promises of sdk/plugin/abi.h, told by trying.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::conformance {

enum class Outcome { kPassed, kFailed, kSkipped };
std::string_view outcome_name(Outcome outcome);  ///< "passed" …

struct CheckResult {
  std::string name;
  Outcome outcome = Outcome::kFailed;
  std::string detail;  ///< why not passed; what was measured otherwise
  std::int64_t elapsed_ms = 0;
};

struct CheckOptions {
  std::filesystem::path package;   ///< folder with manifest.json
  std::filesystem::path settings;  ///< <id>.toml, or empty: a key of its own and nothing else
  std::filesystem::path fixture;   ///< {"chain","calls":[{"method","message"}]}, or empty
  std::filesystem::path runner;    ///< empty = quancheng-plugin-runner beside this program
  std::vector<std::string> only;   ///< names of checks; empty = all
  std::uint64_t seed = 1;          ///< the same seed tries the same
  int cycles = 1000;               ///< of create and destroy
  int max_load_ms = 2000;
  int timeout_ms = 120'000;  ///< of one check
};

/// In the order in which they run.
std::vector<std::string> check_names();

/// Each check in a process of its own, which what goes wrong ends alone. Errors, before the first:
/// "package.invalid" (no manifest or library), "file.*", "usage.invalid" (no such check), those of
/// the settings' file. To be called from a process with one thread, for it forks.
Result<std::vector<CheckResult>> run_checks(const CheckOptions& options);

/// JUnit's XML, one test case for each check.
std::string junit_of(const std::string& suite, const std::vector<CheckResult>& results);

}  // namespace qc::conformance
