#include "tests/gui/console/virtual_display.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <spawn.h>
#include <stb/stb_image.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "sdk/base/bytes.hpp"

extern char** environ;

namespace qc::console::test {
namespace {

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == 0) {
      read_end = ends[0];
      write_end = ends[1];
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_write() {
    if (write_end >= 0) close(write_end);
    write_end = -1;
  }
  ~Pipe() {
    close_write();
    if (read_end >= 0) close(read_end);
  }
};

/// Starts `command` with the pipe's write end as descriptor `as` (and as 2 when `as` is 1).
pid_t spawn(const std::vector<std::string>& command, const std::vector<std::string>& environment,
            const Pipe& pipe, int as) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe.write_end, as);
  if (as == 1) {
    posix_spawn_file_actions_adddup2(&actions, pipe.write_end, 2);
  } else {
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  }
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> env;
  for (char** at = environ; *at != nullptr; ++at) {
    const bool replaced =
        std::any_of(environment.begin(), environment.end(), [&](const std::string& set) {
          const auto name = set.substr(0, set.find('=') + 1);
          return std::string_view(*at).starts_with(name);
        });
    if (!replaced) env.push_back(*at);
  }
  for (const std::string& set : environment) env.push_back(const_cast<char*>(set.c_str()));
  env.push_back(nullptr);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : -1;
}

/// Reads until the end, a line end when `one_line`, or the time is over.
bool read_all(int descriptor, std::string& out, int seconds, bool one_line) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  char buffer[4096];
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    pollfd wait{descriptor, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t n = read(descriptor, buffer, sizeof buffer);
    if (n <= 0) return !one_line;
    out.append(buffer, static_cast<std::size_t>(n));
    if (one_line && out.find('\n') != std::string::npos) return true;
  }
}

}  // namespace

std::unique_ptr<VirtualDisplay> VirtualDisplay::start(std::string& why) {
  Pipe pipe;
  constexpr int kDescriptor = 9;
  const pid_t pid = spawn({"Xvfb", "-displayfd", std::to_string(kDescriptor), "-screen", "0",
                           "3400x2000x24", "-nolisten", "tcp"},
                          {}, pipe, kDescriptor);
  if (pid < 0) {
    why = "Xvfb cannot be started (Debian package: xvfb)";
    return nullptr;
  }
  pipe.close_write();
  std::string number;
  std::unique_ptr<VirtualDisplay> out(new VirtualDisplay(pid, ""));
  if (!read_all(pipe.read_end, number, 20, true)) {
    why = "Xvfb tells no display number";
    return nullptr;
  }
  out->name_ = ":" + number.substr(0, number.find('\n'));
  return out;
}

VirtualDisplay::~VirtualDisplay() {
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
}

Ended run_program(const std::vector<std::string>& command,
                  const std::vector<std::string>& environment, int seconds) {
  Ended out;
  Pipe pipe;
  const pid_t pid = spawn(command, environment, pipe, 1);
  if (pid < 0) {
    out.output = "cannot start " + command[0];
    return out;
  }
  pipe.close_write();
  if (!read_all(pipe.read_end, out.output, seconds, false)) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

Folder::Folder() : path_(std::filesystem::temp_directory_path() / ("qc-console-" + random_id())) {
  std::filesystem::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Picture read_picture(const std::filesystem::path& file) {
  Picture out;
  int channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load(file.c_str(), &out.width, &out.height, &channels, 3), &stbi_image_free);
  if (!pixels) return {};
  std::set<std::uint32_t> seen;
  const auto count = static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height);
  for (std::size_t i = 0; i < count; ++i) {
    const stbi_uc* at = pixels.get() + i * 3;
    seen.insert((static_cast<std::uint32_t>(at[0]) << 16U) |
                (static_cast<std::uint32_t>(at[1]) << 8U) | at[2]);
  }
  out.colours = seen.size();
  return out;
}

}  // namespace qc::console::test
