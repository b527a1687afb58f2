// Preloaded into a host: its wall clock differs from the machine's by the seconds that stand in
// the file QC_CLOCK_OFFSET names (a signed number of 8 bytes), from one reading to the next.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<const std::atomic<std::int64_t>*> offset_s{nullptr};

__attribute__((constructor)) void map_offset() {
  const char* const path = std::getenv("QC_CLOCK_OFFSET");
  const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void* const mapped = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped != MAP_FAILED) offset_s = static_cast<const std::atomic<std::int64_t>*>(mapped);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t id,
                                                                    timespec* out) noexcept {
  const long result = ::syscall(SYS_clock_gettime, id, out);
  const auto* const offset = offset_s.load();
  if (result == 0 && offset != nullptr && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
    out->tv_sec += offset->load();
  }
  return static_cast<int>(result);
}
