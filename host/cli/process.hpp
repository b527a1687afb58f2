// Another program, run to its end: arguments, standard input, both outputs, exit status.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::cli {

struct Finished {
  int exit_code = 0;  ///< 128 + signal when a signal ended it
  std::string out, err;
  std::int64_t elapsed_ms = 0;
};

/// Runs argv[0] (a path). The input is written and both outputs (at most 64 MiB each) are read at
/// the same time, so that neither side waits for the other. After `timeout_ms` it is killed.
/// Errors: "process.start_failed", "process.timeout", "process.too_much_output". Any thread.
Result<Finished> run_process(const std::vector<std::string>& argv, std::string_view input = {},
                             int timeout_ms = 120000);

}  // namespace qc::cli
