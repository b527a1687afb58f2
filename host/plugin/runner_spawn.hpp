// Internal: how a runner's process comes into being.
#pragma once

#include "host/plugin/runner_process.hpp"

namespace qc::plugin {

struct SpawnedRunner {
  pid_t pid = -1;
  FileDescriptor process;  ///< pidfd
  FileDescriptor control;
  FileDescriptor outbound;  ///< where connections may be asked for
  std::vector<FileDescriptor> lanes;
};

/// The program with an empty environment, a session of its own, and no descriptor but those of
/// wire.hpp; its setup is sent. Errors: "plugin.load_failed".
Result<SpawnedRunner> spawn_runner(const RunnerSpec& spec);

}  // namespace qc::plugin
