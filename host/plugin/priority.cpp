#include "host/plugin/priority.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace qc::plugin {
namespace {

constexpr int kRounds = 4;

std::vector<std::string> threads_of(pid_t process) {
  std::vector<std::string> threads;
  std::error_code error;
  std::filesystem::directory_iterator it("/proc/" + std::to_string(process) + "/task", error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    threads.push_back(it->path().filename().string());
  }
  return threads;
}

/// Several rounds: who started a thread meanwhile may not have been reached itself yet.
bool set_policy(pid_t process, int policy) {
  const sched_param none{};
  bool allowed = true;
  for (int round = 0; round < kRounds; ++round) {
    bool changed = false;
    for (const std::string& name : threads_of(process)) {
      const auto thread = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
      const int now = sched_getscheduler(thread);
      if (now < 0 || now == policy) continue;
      if (sched_setscheduler(thread, policy, &none) == 0) {
        changed = true;
      } else if (errno != ESRCH) {
        allowed = false;
      }
    }
    if (!changed) break;
  }
  return allowed;
}

/// Where each session has a share of its own (sched(7), autogroup), a policy weighs within the
/// session only. Best effort: the file is root's where the process cannot be dumped.
void set_session(pid_t process, const char* nice) {
  std::ofstream("/proc/" + std::to_string(process) + "/autogroup") << nice;
}

}  // namespace

bool put_behind(pid_t process) {
  set_session(process, "19");
  return set_policy(process, SCHED_IDLE);
}

bool put_beside(pid_t process) {
  set_session(process, "0");
  return set_policy(process, SCHED_OTHER);
}

bool may_put_beside() {
  bool may = false;
  try {
    std::thread([&may] {
      const sched_param none{};
      may = sched_setscheduler(0, SCHED_IDLE, &none) == 0 &&
            sched_setscheduler(0, SCHED_OTHER, &none) == 0;
    }).join();
  } catch (const std::system_error&) {  // no thread is left: then no
  }
  return may;
}

std::size_t runnable_threads(pid_t process) {
  std::size_t count = 0;
  for (const std::string& name : threads_of(process)) {
    std::ifstream in("/proc/" + std::to_string(process) + "/task/" + name + "/stat");
    std::string line;
    if (!std::getline(in, line)) continue;
    const std::size_t bracket = line.rfind(") ");  // the name may hold anything (proc(5))
    if (bracket != std::string::npos && line.compare(bracket + 2, 1, "R") == 0) ++count;
  }
  return count;
}

}  // namespace qc::plugin
