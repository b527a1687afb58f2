#include "host/plugin/runner_spawn.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace qc::plugin {
namespace {

/// Above every number that a runner uses, so that placing one descriptor overwrites no other.
constexpr int kAbove = wire::kFirstLaneFd + static_cast<int>(wire::kMaxLanes) + 1;

Error spawn_error(const std::string& what, int error) {
  return internal("plugin.load_failed", what + ": " + std::strerror(error));
}

/// Both ends of a socket; `theirs` is out of the way of a runner's numbers.
Status make_pair(int type, FileDescriptor& ours, FileDescriptor& theirs) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) {
    return spawn_error("no socket for the plugin's process", errno);
  }
  ours = FileDescriptor(ends[0]);
  const FileDescriptor low(ends[1]);
  theirs = FileDescriptor(fcntl(low.get(), F_DUPFD_CLOEXEC, kAbove));
  if (theirs.get() < 0) return spawn_error("no socket for the plugin's process", errno);
  return {};
}

/// What posix_spawn wants, freed whatever happens.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int place(int fd, int number) { return posix_spawn_file_actions_adddup2(&actions_, fd, number); }
  int finish(int first_free) {
    for (int fd = 0; fd <= 2; ++fd) {
      const int failed = posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null",
                                                          fd == 0 ? O_RDONLY : O_WRONLY, 0);
      if (failed != 0) return failed;
    }
    if (const int failed = posix_spawn_file_actions_addclosefrom_np(&actions_, first_free);
        failed != 0) {
      return failed;
    }
    // A runner is in nobody's terminal, and starts with the signals as they are by default.
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    return posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  int run(const std::string& program, pid_t& pid) {
    char* const arguments[] = {const_cast<char*>("quancheng-plugin-runner"), nullptr};
    char* const environment[] = {nullptr};
    return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments, environment);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Status send_setup(int control, const RunnerSpec& spec) {
  wire::Setup header;
  header.host_pid = getpid();
  header.lanes = static_cast<std::uint32_t>(spec.lanes);
  header.max_answer_bytes = spec.max_answer_bytes;
  header.memory_bytes = spec.limits.memory_bytes;
  header.cpu_seconds = spec.limits.cpu_seconds;
  header.files = spec.limits.files;
  header.processes = spec.limits.processes;
  header.threads = spec.limits.threads > 1 ? spec.limits.threads - 1 : 1;
  header.outbound = spec.outbound != nullptr && spec.outbound->any() ? 1 : 0;
  header.routes = spec.routes ? 1 : 0;
  header.paths = static_cast<std::uint32_t>(spec.paths.size());
  header.libraries = static_cast<std::uint32_t>(spec.libraries.size());
  std::string message(reinterpret_cast<const char*>(&header), sizeof header);
  for (const auto* list : {&spec.paths, &spec.libraries}) {
    for (const std::string& text : *list) {
      const auto size = static_cast<std::uint32_t>(text.size());
      message.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
    }
  }
  if (spec.paths.size() > wire::kMaxPaths || message.size() > wire::kMaxControlBytes) {
    return invalid("plugin.load_failed", "the settings name more paths than a plugin may be given");
  }
  if (send(control, message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    return spawn_error("the plugin's process does not listen", errno);
  }
  return {};
}

}  // namespace

Result<SpawnedRunner> spawn_runner(const RunnerSpec& spec) {
  if (spec.lanes == 0 || spec.lanes > wire::kMaxLanes) {
    return invalid("plugin.load_failed", "a plugin's process has 1 to 64 lanes");
  }
  SpawnedRunner runner;
  SpawnPlan plan;
  std::vector<FileDescriptor> theirs(spec.lanes + 3);
  QC_TRY(make_pair(SOCK_SEQPACKET, runner.control, theirs[0]));
  QC_TRY(send_setup(runner.control.get(), spec));
  theirs[1] = FileDescriptor(fcntl(spec.library_fd, F_DUPFD_CLOEXEC, kAbove));
  if (theirs[1].get() < 0) return spawn_error("no descriptor for the library", errno);
  int failed = plan.place(theirs[0].get(), wire::kControlFd);
  if (failed == 0) failed = plan.place(theirs[1].get(), wire::kLibraryFd);
  for (std::size_t i = 0; i < spec.lanes && failed == 0; ++i) {
    FileDescriptor ours;
    QC_TRY(make_pair(SOCK_STREAM, ours, theirs[i + 2]));
    runner.lanes.push_back(std::move(ours));
    failed = plan.place(theirs[i + 2].get(), wire::kFirstLaneFd + static_cast<int>(i));
  }
  int first_free = wire::kFirstLaneFd + static_cast<int>(spec.lanes);
  if (failed == 0 && spec.outbound != nullptr && spec.outbound->any()) {
    QC_TRY(make_pair(SOCK_SEQPACKET, runner.outbound, theirs[spec.lanes + 2]));
    failed = plan.place(theirs[spec.lanes + 2].get(), first_free++);
  }
  if (failed == 0) failed = plan.finish(first_free);
  if (failed == 0) failed = plan.run(spec.program.string(), runner.pid);
  if (failed != 0) {
    return spawn_error("cannot start the plugin runner " + spec.program.string(), failed);
  }
  runner.process = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, runner.pid, 0)));
  if (runner.process.get() < 0) {
    const int error = errno;
    ::kill(runner.pid, SIGKILL);  // not waited for yet, so the number is still its own
    waitpid(runner.pid, nullptr, 0);
    return spawn_error("cannot watch the plugin's process", error);
  }
  return runner;
}

}  // namespace qc::plugin
