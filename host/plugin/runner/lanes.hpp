// The threads on which calls arrive, one per lane.
#pragma once

#include <cstddef>

#include "host/plugin/runner/instance.hpp"

namespace qc::runner {

/// Starts one thread per lane descriptor. Each takes one call at a time, answers it, and ends when
/// the host closes its end. False when a thread cannot be started.
bool start_lanes(const Instance& instance, std::uint32_t lanes, std::size_t max_answer_bytes);

}  // namespace qc::runner
