#include "host/plugin/runner_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/plugin/runner_spawn.hpp"

namespace qc::plugin {
namespace {

constexpr const char* kHungUp = "it closed its channel to the host";
constexpr int kDyingMs = 500;  ///< between a closed lane and the end of its process

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

std::string signal_words(int signal, const RunnerLimits& limits) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
      return "it crashed: it touched memory that is not its own";
    case SIGABRT:
      return "it aborted itself";
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
      return "it crashed: it ran into an impossible instruction";
    case SIGSYS:
      return "it asked the system for what no plugin may have, such as starting a process";
    case SIGXCPU:
      return "it used up its processor time of " + std::to_string(limits.cpu_seconds) + " s";
    case SIGXFSZ:
      return "it tried to write a file";
    case SIGKILL:
      return "it was killed from outside: by somebody, or by the system for want of memory";
    default:
      return "it was ended by a signal";
  }
}

/// The processor time that a call accounts for.
std::chrono::nanoseconds covered_by(Deadline since, Deadline now) {
  return std::min<std::chrono::nanoseconds>(now - since, ShareWatch::kCallCovers);
}

}  // namespace

RunnerProcess::RunnerProcess(const RunnerSpec& spec, pid_t pid)
    : plugin_(spec.plugin),
      limits_(spec.limits),
      max_message_bytes_(std::min(spec.max_message_bytes, wire::kMaxMessageBytes)),
      max_answer_bytes_(spec.max_answer_bytes),
      grace_(spec.grace),
      pid_(pid),
      outbound_(spec.outbound) {}

Result<std::shared_ptr<RunnerProcess>> RunnerProcess::spawn(const RunnerSpec& spec) {
  QC_ASSIGN(SpawnedRunner spawned, spawn_runner(spec));
  std::shared_ptr<RunnerProcess> runner(new RunnerProcess(spec, spawned.pid));
  runner->process_ = std::move(spawned.process);
  runner->control_ = std::move(spawned.control);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (FileDescriptor& fd : spawned.lanes) lanes.push_back(std::make_unique<Lane>(std::move(fd)));
  runner->lanes_ = std::make_unique<LanePool>(std::move(lanes), spec.queue);
  if (spawned.outbound.valid()) {
    runner->broker_ =
        std::make_unique<OutboundBroker>(*runner->outbound_, std::move(spawned.outbound));
  }
  return runner;
}

RunnerProcess::~RunnerProcess() {
  if (buried_) return;
  kill("it was no longer needed");
  static_cast<void>(bury());
}

bool RunnerProcess::dead() const {
  pollfd one{process_.get(), POLLIN, 0};
  return poll(&one, 1, 0) > 0;
}

void RunnerProcess::kill(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (reason_.empty() && !dead()) reason_ = reason;
  }
  // By descriptor: a process number could be another's by now.
  syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
  lanes_->close();
}

void RunnerProcess::begin(const std::string& method) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  ++calls_;
  in_call_.push_back({method, now});
}

void RunnerProcess::end(const std::string& method, bool lost) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(in_call_.begin(), in_call_.end(),
                                  [&](const Running& one) { return one.method == method; });
  if (found != in_call_.end()) {
    covered_ += covered_by(found->since, now);
    in_call_.erase(found);
  }
  if (lost && lost_.empty()) lost_ = method;
}

std::optional<ShareWatch::Look> RunnerProcess::share() const {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    return std::nullopt;
  }
  ShareWatch::Look look;
  look.now = std::chrono::steady_clock::now();
  look.processor = std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  look.calls = calls_;
  const std::lock_guard lock(mutex_);
  look.covered = covered_;
  for (const Running& one : in_call_) look.covered += covered_by(one.since, look.now);
  return look;
}

std::size_t RunnerProcess::in_call() const {
  const std::lock_guard lock(mutex_);
  return in_call_.size();
}

Error RunnerProcess::explain(LaneFault fault, const std::string& method,
                             std::chrono::milliseconds timeout) {
  if (fault == LaneFault::kLate) {
    kill("its call \"" + method + "\" took longer than the " + std::to_string(timeout.count()) +
         " ms it was given");
    return provider_error(ErrorKind::kTimeout, "plugin.timeout",
                          "plugin " + plugin_ + " did not answer in time", true);
  }
  if (fault == LaneFault::kGarbage) {
    kill("it sent what is no answer to its call \"" + method + "\"");
  } else {
    // A dying process closes its lanes a moment before it is dead: its own end is the reason then.
    pollfd one{process_.get(), POLLIN, 0};
    if (poll(&one, 1, kDyingMs) == 0) kill(kHungUp);
  }
  return provider_error(ErrorKind::kUnavailable, "plugin.crashed",
                        "plugin " + plugin_ + " ended during this call", true);
}

Result<RawAnswer> RunnerProcess::call(const std::string& method, const std::string& message,
                                      std::chrono::milliseconds timeout) {
  if (method.size() > wire::kMaxMethodBytes || message.size() > max_message_bytes_) {
    return message_too_large(plugin_, max_message_bytes_);
  }
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  std::unique_ptr<Lane> lane;
  switch (lanes_->take(deadline, lane)) {
    case LanePool::Outcome::kBusy:
      return provider_error(ErrorKind::kRateLimited, "plugin.busy",
                            "plugin " + plugin_ + " has more calls waiting than it may", true);
    case LanePool::Outcome::kTimeout:
      return provider_error(ErrorKind::kTimeout, "plugin.timeout",
                            "plugin " + plugin_ + " did not answer in time", true);
    case LanePool::Outcome::kClosed:
      return explain(LaneFault::kClosed, method, timeout);
    case LanePool::Outcome::kTaken:
      break;
  }
  begin(method);
  RawAnswer answer;
  const LaneCall call{method, message, wall_ms() + timeout.count(), max_answer_bytes_};
  const LaneFault fault = lane->exchange(call, deadline + grace_, answer);
  end(method, fault != LaneFault::kNone);
  if (fault != LaneFault::kNone) return explain(fault, method, timeout);
  lanes_->give_back(std::move(lane));
  return answer;
}

bool RunnerProcess::send(wire::Control kind) const {
  const wire::ControlHeader header{kind, 0};
  return ::send(control_.get(), &header, sizeof header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

std::optional<ControlMessage> RunnerProcess::receive(bool& closed) const {
  char bytes[sizeof(wire::ControlHeader) + wire::kMaxTextBytes];
  ssize_t got = 0;
  do {
    got = recv(control_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  closed = got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
  if (got <= 0) return std::nullopt;
  ControlMessage message;
  wire::ControlHeader header;
  if (got < static_cast<ssize_t>(sizeof header)) return message;  // of no kind that is known
  std::memcpy(&header, bytes, sizeof header);
  message.kind = header.kind;
  message.number = header.number;
  message.text.assign(bytes + sizeof header, static_cast<std::size_t>(got) - sizeof header);
  return message;
}

std::optional<Usage> RunnerProcess::usage() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  // The name in parentheses may hold anything: what follows its last bracket is plain (proc(5)).
  const std::size_t bracket = line.rfind(')');
  if (bracket == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(bracket + 1));
  std::string skipped;
  for (int field = 3; field <= 13; ++field) rest >> skipped;
  std::uint64_t user = 0, system = 0, resident = 0;
  Usage usage;
  rest >> user >> system;
  for (int field = 16; field <= 19; ++field) rest >> skipped;
  rest >> usage.threads;
  for (int field = 21; field <= 23; ++field) rest >> skipped;
  rest >> resident;
  if (!rest) return std::nullopt;
  usage.cpu_ms = (user + system) * 1000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  usage.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return usage;
}

std::string RunnerProcess::death_words(int status) const {
  if (WIFEXITED(status) && WEXITSTATUS(status) == wire::kLostHost) return kHungUp;
  if (WIFEXITED(status) && WEXITSTATUS(status) == wire::kWroteOn) {
    return "it went on writing an answer that was too large, though it was refused " +
           std::to_string(wire::kMaxRefusedWrites) + " times";
  }
  if (WIFEXITED(status)) {
    return "it ended its process, with status " + std::to_string(WEXITSTATUS(status));
  }
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (signal == SIGKILL && !reason_.empty()) return reason_;
  const char* name = sigabbrev_np(signal);
  return signal_words(signal, limits_) + " (SIG" + (name == nullptr ? "?" : name) + ")";
}

std::string RunnerProcess::bury() {
  buried_ = true;
  int status = 0;
  rusage used{};
  while (wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
  }
  lanes_->close();
  broker_.reset();
  const std::lock_guard lock(mutex_);
  std::string words = death_words(status);
  const std::string during = !in_call_.empty() ? in_call_.front().method : lost_;
  if (reason_.empty() && !during.empty()) words += " during its call \"" + during + "\"";
  const std::uint64_t peak = static_cast<std::uint64_t>(used.ru_maxrss) << 10U;
  if (peak > limits_.memory_bytes / 2) {
    words += "; it had used " + mebibytes(peak) + " of the " + mebibytes(limits_.memory_bytes) +
             " of memory that it may";
  }
  return words;
}

}  // namespace qc::plugin
