#include "host/cli/audit_memory.hpp"

#include <cstddef>
#include <string>
#include <sys/types.h>

// Read by jemalloc before main(): it can be said at no other time.
extern "C" __attribute__((visibility("default"))) const char* const malloc_conf = "thp:always";

// jemalloc's (jemalloc(3), MALLCTL NAMESPACE); not there in programs with another allocator.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old_value,
                                             std::size_t* old_size, void* new_value,
                                             std::size_t new_size);

namespace qc::cli {

void keep_freed_memory() {
  if (mallctl == nullptr) return;
  ssize_t never = -1;
  unsigned arenas = 0;
  std::size_t size = sizeof arenas;
  if (mallctl("arenas.narenas", &arenas, &size, nullptr, 0) != 0) return;
  for (const char* const kind : {"dirty_decay_ms", "muzzy_decay_ms"}) {
    // For those to come, and for those that are there; the rest answers with an error.
    (void)mallctl((std::string("arenas.") + kind).c_str(), nullptr, nullptr, &never, sizeof never);
    for (unsigned arena = 0; arena < arenas; ++arena) {
      const std::string name = "arena." + std::to_string(arena) + "." + kind;
      (void)mallctl(name.c_str(), nullptr, nullptr, &never, sizeof never);
    }
  }
}

}  // namespace qc::cli
