// A list of independent tasks, several at a time.
#pragma once

#include <cstddef>
#include <functional>

namespace qc {

/// Runs `task(0)` … `task(count - 1)`, each once, on as many threads as the machine has processors
/// (2 to 8), and returns when all have ended. Order is not defined; a task must not throw. Any
/// thread.
void at_once(std::size_t count, const std::function<void(std::size_t)>& task);

}  // namespace qc
