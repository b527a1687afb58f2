// The number of threads in this process.
#pragma once

#include <cstdint>

namespace qc::runner {

/// From now on at most `most` threads are started through pthread_create() and alive at a time,
/// those of the lanes among them; beyond that it fails with EAGAIN and the host is told. A courtesy
/// to plugins that make threads without thinking: who goes around it is counted by the host, and
/// ended. Once, before a thread is started.
void limit_threads(std::uint32_t most);

}  // namespace qc::runner
