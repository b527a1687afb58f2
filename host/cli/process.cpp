#include "host/cli/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/file_descriptor.hpp"

extern char** environ;

namespace qc::cli {
namespace {

constexpr std::size_t kMaxOutput = 64U << 20U;
using Clock = std::chrono::steady_clock;

struct Pipe {
  FileDescriptor read, write;
  static Result<Pipe> make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return unavailable("process.start_failed", "no pipe: too many open files?");
    }
    Pipe pipe;
    pipe.read = FileDescriptor(ends[0]);
    pipe.write = FileDescriptor(ends[1]);
    return pipe;
  }
};

/// A started child that is killed and reaped when nobody waited for it.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

struct Streams {
  Pipe in, out, err;
};

Result<pid_t> start(const std::vector<std::string>& argv, const Streams& streams) {
  std::vector<char*> arguments;
  for (const std::string& text : argv) arguments.push_back(const_cast<char*>(text.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, streams.in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, streams.out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, streams.err.write.get(), STDERR_FILENO);
  pid_t pid = -1;
  const int failure =
      ::posix_spawn(&pid, argv.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    return unavailable("process.start_failed",
                       argv.front() + ": " + std::generic_category().message(failure));
  }
  return pid;
}

/// One read; closes the pipe at its end. False when there is too much.
bool drain(FileDescriptor& fd, std::string& into) {
  std::array<char, 16384> block{};
  const ssize_t got = ::read(fd.get(), block.data(), block.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) {
    fd.reset();
    return true;
  }
  if (into.size() + static_cast<std::size_t>(got) > kMaxOutput) return false;
  into.append(block.data(), static_cast<std::size_t>(got));
  return true;
}

void feed(FileDescriptor& fd, std::string_view& input) {
  const ssize_t done = ::write(fd.get(), input.data(), input.size());
  if (done > 0) input.remove_prefix(static_cast<std::size_t>(done));
  // A child that does not read is no failure of ours: it decides what it needs.
  const bool broken = done < 0 && errno != EINTR && errno != EAGAIN;
  if (broken || input.empty()) fd.reset();
}

Status exchange(Streams& streams, std::string_view input, Finished& finished,
                Clock::time_point until) {
  FileDescriptor& in = streams.in.write;
  if (input.empty()) in.reset();
  while (streams.out.read.get() >= 0 || streams.err.read.get() >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return unavailable("process.timeout", "the program did not end");
    std::array<pollfd, 3> fds = {{{streams.out.read.get(), POLLIN, 0},
                                  {streams.err.read.get(), POLLIN, 0},
                                  {in.get(), POLLOUT, 0}}};
    if (::poll(fds.data(), fds.size(),
               static_cast<int>(std::min<std::int64_t>(left.count(), 1000))) < 0 &&
        errno != EINTR) {
      return unavailable("process.start_failed", "poll failed");
    }
    const bool fits = (fds[0].revents == 0 || drain(streams.out.read, finished.out)) &&
                      (fds[1].revents == 0 || drain(streams.err.read, finished.err));
    if (!fits) return unavailable("process.too_much_output", "more than 64 MiB");
    if (fds[2].revents != 0) feed(in, input);
  }
  return {};
}

}  // namespace

Result<Finished> run_process(const std::vector<std::string>& argv, std::string_view input,
                             int timeout_ms) {
  // A child may end before it has read all: that is an error code of write(), not our end.
  (void)std::signal(SIGPIPE, SIG_IGN);
  const auto begin = Clock::now();
  Streams streams;
  QC_ASSIGN(streams.in, Pipe::make());
  QC_ASSIGN(streams.out, Pipe::make());
  QC_ASSIGN(streams.err, Pipe::make());
  ::fcntl(streams.in.write.get(), F_SETFL, O_NONBLOCK);
  QC_ASSIGN(const pid_t pid, start(argv, streams));
  Child child(pid);
  streams.in.read.reset();
  streams.out.write.reset();
  streams.err.write.reset();
  Finished finished;
  QC_TRY(exchange(streams, input, finished, begin + std::chrono::milliseconds(timeout_ms)));
  finished.exit_code = child.wait();
  finished.elapsed_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  return finished;
}

}  // namespace qc::cli
