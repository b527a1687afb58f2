// What the runner takes from itself before a byte of the plugin runs.
#pragma once

#include <string>

#include "host/plugin/runner/channel.hpp"

namespace qc::runner {

/// Limits, privileges, death signal, Landlock. Text of the first step that failed, or empty.
/// `landlock_version` = 0 where the kernel has no Landlock: files are then guarded by the system
/// call filter alone (nothing can be written, what the user may read can be read).
std::string confine(const Setup& setup, int& landlock_version);

}  // namespace qc::runner
