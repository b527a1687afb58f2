#include "host/stop_guard.hpp"

#include <cstdio>
#include <unistd.h>

namespace qc {

StopGuard::StopGuard(std::chrono::milliseconds patience, int status)
    : thread_([this, patience, status] { wait(patience, status); }) {}

StopGuard::~StopGuard() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void StopGuard::wait(std::chrono::milliseconds patience, int status) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, patience, [this] { return ended_; })) return;
  (void)std::fprintf(stderr,
                     "quancheng-host: something did not end within %lld ms, most likely a call of "
                     "a plugin inside the host; ended without it\n",
                     static_cast<long long>(patience.count()));
  _exit(status);
}

}  // namespace qc
