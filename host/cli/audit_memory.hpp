// How an audit has its memory kept.
#pragma once

namespace qc::cli {

/// From now on this process gives no memory back to the system. An audit takes memory as long as it
/// lasts, gives some back all the time and takes it again at once: returning it in between, page by
/// page, cost a quarter of an audit's time on a virtual machine. Nothing that goes on for days
/// calls it. Without jemalloc it does nothing. Call it before threads start.
void keep_freed_memory();

}  // namespace qc::cli
