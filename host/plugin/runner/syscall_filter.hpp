// The list of system calls that a plugin may make, and what happens to the others.
#pragma once

#include <string>

namespace qc::runner {

/// Installs the filter (seccomp-bpf) for this thread and all that it starts. A call that is not on
/// the list does not reach the kernel's code: it fails with EPERM and the host is told what was
/// tried; where signals are blocked (glibc blocks them around fork) the process dies. Opening a
/// file for reading is on the list, Landlock judges which; what it refuses is told as well.
/// `outbound`: connections come from the host, and what is harmless may be set on them; none can be
/// made. Text of the step that failed, or empty.
std::string install_syscall_filter(bool outbound);

}  // namespace qc::runner
