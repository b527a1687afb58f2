// How programs that audit have their memory kept. An audit takes memory as long as it lasts, gives
// some back all the time and takes it again at once: returning it to the system in between, page by
// page, cost a quarter of an audit's time on a virtual machine. Read by jemalloc before main().
extern "C" __attribute__((visibility("default"))) const char* const malloc_conf =
    "thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1";
