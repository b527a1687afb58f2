// Internal: where a plugin's process stands among those who wait for a processor.
#pragma once

#include <cstddef>
#include <sys/types.h>

namespace qc::plugin {

/// All threads of a process of this user's: behind everybody who is not (SCHED_IDLE, sched(7): any
/// other thread that wakes up takes the processor from them), or back beside all. Threads that they
/// start are where they are. False when the system refused: to go behind needs no right, to come
/// back needs CAP_SYS_NICE or RLIMIT_NICE of 20. Any thread.
bool put_behind(pid_t process);
bool put_beside(pid_t process);

/// Whether put_beside() would be let. Tried out on a thread of its own.
bool may_put_beside();

/// Threads of the process that run, or wait for a processor only.
std::size_t runnable_threads(pid_t process);

}  // namespace qc::plugin
