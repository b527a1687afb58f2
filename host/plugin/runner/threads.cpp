#include "host/plugin/runner/threads.hpp"

#include <atomic>
#include <cerrno>
#include <dlfcn.h>
#include <memory>
#include <new>
#include <pthread.h>
#include <sys/syscall.h>

#include "host/plugin/runner/channel.hpp"

namespace qc::runner {
namespace {

using Body = void* (*)(void*);
using Create = int (*)(pthread_t*, const pthread_attr_t*, Body, void*);

constexpr int kMaxThreadsTold = 16;

// The symbol below has no object to belong to: what it knows is the process's.
std::atomic<std::uint32_t> most_threads{0};
std::atomic<std::uint32_t> live_threads{0};
std::atomic<int> told_threads{0};

struct Start {
  Body body;
  void* argument;
};

struct Leave {
  ~Leave() { live_threads.fetch_sub(1); }
};

void* run_counted(void* raw) {
  const Leave leave;  // by pthread_exit() and cancellation too, which unwind
  const Start start = *std::unique_ptr<Start>(static_cast<Start*>(raw));
  return start.body(start.argument);
}

int create_counted(Create create, pthread_t* thread, const pthread_attr_t* attributes,
                   Start wanted) {
  if (live_threads.fetch_add(1) >= most_threads.load()) {
    live_threads.fetch_sub(1);
    if (told_threads.fetch_add(1) < kMaxThreadsTold) {
      send_control(wire::Control::kViolation, SYS_clone, "start more threads than it may", false);
    }
    return EAGAIN;
  }
  std::unique_ptr<Start> start(new (std::nothrow) Start(wanted));
  const int failed =
      start == nullptr ? EAGAIN : create(thread, attributes, &run_counted, start.get());
  if (failed != 0) {
    live_threads.fetch_sub(1);
    return failed;
  }
  static_cast<void>(start.release());  // the thread's
  return 0;
}

}  // namespace

void limit_threads(std::uint32_t most) { most_threads = most; }

}  // namespace qc::runner

// Found before libc's by every library that is loaded here.
extern "C" __attribute__((visibility("default"))) int pthread_create(
    pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
    void* argument) noexcept {
  static const auto create =
      reinterpret_cast<qc::runner::Create>(dlsym(RTLD_NEXT, "pthread_create"));
  if (create == nullptr) return EAGAIN;
  if (qc::runner::most_threads.load() == 0) return create(thread, attributes, body, argument);
  return qc::runner::create_counted(create, thread, attributes, {body, argument});
}
