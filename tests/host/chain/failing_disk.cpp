#include "tests/host/chain/failing_disk.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <mutex>
#include <regex>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace qc::chain::test {
namespace failing_disk {
namespace {

/// The calls have no object to belong to, so what they look at stands beside them.
struct Disk {
  std::atomic<bool> armed{false};
  std::atomic<int> hits{0};
  std::mutex mutex;
  DiskFault fault = DiskFault::kFull;
  std::string folder;
  std::regex files;
};

Disk& disk() {
  static Disk the_disk;
  return the_disk;
}

/// What ails the disk at this path, if anything.
bool ails(const char* path, DiskFault* fault) {
  Disk& the = disk();
  if (!the.armed) return false;
  const std::lock_guard lock(the.mutex);
  const std::string text = path;
  const std::size_t at = text.find(the.folder);
  if (at == std::string::npos) return false;
  if (!std::regex_search(text.substr(at + the.folder.size()), the.files)) return false;
  *fault = the.fault;
  return true;
}

bool ails(int fd, DiskFault* fault) {
  if (!disk().armed) return false;
  char link[32];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  return ails(path, fault);
}

int refuse(int why) {
  ++disk().hits;
  errno = why;
  return -1;
}

/// The next definition of a function, which is the system's.
template <typename Function>
Function* real(const char* name) {
  auto* const found = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  if (found == nullptr) std::abort();
  return found;
}

/// How much of `size` bytes a write gets through; -1 with errno for none.
ssize_t allowed(int fd, std::size_t size) {
  constexpr std::size_t kAtATime = 1000;
  DiskFault fault{};
  if (!ails(fd, &fault)) return static_cast<ssize_t>(size);
  if (fault == DiskFault::kReadOnly) return refuse(EROFS);
  const bool some = fault == DiskFault::kShortWrites;
  if (!some && size < 2) return refuse(fault == DiskFault::kFull ? ENOSPC : EIO);
  const std::size_t part = some ? std::min(size, kAtATime) : size / 2;
  if (part != size) ++disk().hits;
  return static_cast<ssize_t>(part);
}

/// A change that is no write: of a name, a length, a folder.
bool forbids(const char* path) {
  DiskFault fault{};
  return ails(path, &fault) && fault == DiskFault::kReadOnly;
}

/// 0, or what opening fails with.
int refused_open(const char* path, int flags) {
  DiskFault fault{};
  if (!ails(path, &fault)) return 0;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
  if (fault == DiskFault::kReadOnly && (writes || (flags & O_CREAT) != 0)) return EROFS;
  const bool makes = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  return fault == DiskFault::kFull && makes ? ENOSPC : 0;
}

bool takes_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

}  // namespace
}  // namespace failing_disk

FailingDisk::FailingDisk(DiskFault fault, const std::string& folder, const std::string& files) {
  failing_disk::Disk& the = failing_disk::disk();
  const std::lock_guard lock(the.mutex);
  the.fault = fault;
  the.folder = folder;
  the.files = std::regex(files);
  the.hits = 0;
  the.armed = true;
}

FailingDisk::~FailingDisk() { failing_disk::disk().armed = false; }

int FailingDisk::hits() { return failing_disk::disk().hits; }

}  // namespace qc::chain::test

// The system's calls. What a library of this process calls by these names is found here first.
namespace ailing = qc::chain::test::failing_disk;
using qc::chain::test::DiskFault;

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* const next = ailing::real<ssize_t(int, const void*, size_t)>("write");
  const ssize_t part = ailing::allowed(fd, size);
  return part < 0 ? part : next(fd, bytes, static_cast<size_t>(part));
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static auto* const next = ailing::real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  const ssize_t part = ailing::allowed(fd, size);
  return part < 0 ? part : next(fd, bytes, static_cast<size_t>(part), at);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  return pwrite(fd, bytes, size, at);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const next = ailing::real<ssize_t(int, const iovec*, int)>("writev");
  DiskFault fault{};
  // One part at a time is a short write too.
  return ailing::ails(fd, &fault) ? write(fd, parts[0].iov_base, parts[0].iov_len)
                                  : next(fd, parts, count);
}

ssize_t sendfile(int out, int in, off_t* at, size_t size) noexcept {
  static auto* const next = ailing::real<ssize_t(int, int, off_t*, size_t)>("sendfile");
  const ssize_t part = ailing::allowed(out, size);
  return part < 0 ? part : next(out, in, at, static_cast<size_t>(part));
}

ssize_t sendfile64(int out, int in, off64_t* at, size_t size) noexcept {
  return sendfile(out, in, at, size);
}

ssize_t copy_file_range(int in, off64_t* in_at, int out, off64_t* out_at, size_t size,
                        unsigned flags) {
  static auto* const next =
      ailing::real<ssize_t(int, off64_t*, int, off64_t*, size_t, unsigned)>("copy_file_range");
  const ssize_t part = ailing::allowed(out, size);
  return part < 0 ? part : next(in, in_at, out, out_at, static_cast<size_t>(part), flags);
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const next = ailing::real<int(int, off_t)>("ftruncate");
  DiskFault fault{};
  if (ailing::ails(fd, &fault)) {
    if (fault == DiskFault::kReadOnly) return ailing::refuse(EROFS);
    if (fault == DiskFault::kFailing) return ailing::refuse(EIO);
  }
  return next(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int open(const char* path, int flags, ...) {
  static auto* const next = ailing::real<int(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ailing::takes_mode(flags) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const int refused = ailing::refused_open(path, flags);
  return refused != 0 ? ailing::refuse(refused) : next(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ailing::takes_mode(flags) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open(path, flags, mode);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const next = ailing::real<int(const char*, const char*)>("rename");
  return ailing::forbids(from) || ailing::forbids(to) ? ailing::refuse(EROFS) : next(from, to);
}

int link(const char* from, const char* to) noexcept {
  static auto* const next = ailing::real<int(const char*, const char*)>("link");
  return ailing::forbids(to) ? ailing::refuse(EROFS) : next(from, to);
}

int unlink(const char* path) noexcept {
  static auto* const next = ailing::real<int(const char*)>("unlink");
  return ailing::forbids(path) ? ailing::refuse(EROFS) : next(path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const next = ailing::real<int(const char*, mode_t)>("mkdir");
  DiskFault fault{};
  if (ailing::ails(path, &fault) && fault != DiskFault::kShortWrites) {
    return ailing::refuse(fault == DiskFault::kFull ? ENOSPC : EROFS);
  }
  return next(path, mode);
}

}  // extern "C"
