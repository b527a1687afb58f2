#include "host/plugin/process_generation.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

#include "host/plugin/priority.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kFarewell{300};
constexpr milliseconds kSettling{1000};
constexpr int kMaxAtOnce = 64;  ///< control messages before the keeper takes breath
constexpr milliseconds kBreath{5};

int poll_ms(Deadline until) {
  const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

std::filesystem::path runner_program(const IsolationOptions& isolation) {
  if (!isolation.runner.empty()) return isolation.runner;
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() /
         "quancheng-plugin-runner";
}

Error refusal_error(const ControlMessage& message) {
  const std::string text = PluginLog::clean(message.text);
  switch (static_cast<wire::Refusal>(message.number)) {
    case wire::Refusal::kAbiMismatch:
      return conflict("plugin.abi_mismatch", text);
    case wire::Refusal::kConfinement:
      return internal("plugin.load_failed", "its process could not be confined: " + text);
    default:
      return provider_error(ErrorKind::kInternal, "plugin.load_failed", text, false);
  }
}

}  // namespace

ProcessGeneration::ProcessGeneration(Plan plan, GenerationOptions options)
    : Generation(std::move(options)),
      plan_(std::move(plan)),
      log_(options_.plugin),
      policy_(plan_.isolation.restart),
      share_(plan_.isolation.limits.cpu_percent),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  spec_.plugin = options_.plugin;
  spec_.program = runner_program(plan_.isolation);
  spec_.library_fd = plan_.image.descriptor();
  spec_.paths = plan_.paths;
  spec_.libraries = plan_.libraries;
  spec_.outbound = std::make_shared<const Outbound>(
      options_.addresses, [this](const std::string& what) { note_refusal(what); });
  spec_.routes = options_.routes;
  spec_.limits = plan_.isolation.limits;
  spec_.lanes = options_.limits.workers;
  spec_.queue = options_.limits.queue;
  spec_.max_message_bytes = options_.max_message_bytes;
  spec_.max_answer_bytes = options_.max_answer_bytes;
  spec_.grace = plan_.isolation.times.grace;
}

Result<std::shared_ptr<Generation>> ProcessGeneration::create(Plan plan, GenerationOptions options,
                                                              milliseconds timeout) {
  std::shared_ptr<ProcessGeneration> made(
      new ProcessGeneration(std::move(plan), std::move(options)));
  if (made->wake_.get() < 0) return internal("plugin.load_failed", "no descriptor is left");
  std::promise<Status> promise;
  std::future<Status> started = promise.get_future();
  try {
    made->keeper_ =
        std::thread([self = made.get(),
                     timeout](std::promise<Status> word) { self->keep(std::move(word), timeout); },
                    std::move(promise));
  } catch (const std::system_error&) {
    return unavailable("plugin.load_failed", "no thread is left");
  }
  QC_TRY(started.get());
  return std::shared_ptr<Generation>(std::move(made));
}

ProcessGeneration::~ProcessGeneration() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  static_cast<void>(eventfd_write(wake_.get(), 1));
  if (keeper_.joinable()) keeper_.join();
}

bool ProcessGeneration::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

std::shared_ptr<RunnerProcess> ProcessGeneration::current(std::uint64_t& incarnation) const {
  const std::lock_guard lock(mutex_);
  incarnation = incarnation_;
  return current_;
}

Error ProcessGeneration::down(const std::string& what) const {
  const std::lock_guard lock(mutex_);
  return provider_error(
      ErrorKind::kUnavailable, "plugin.crashed",
      "plugin " + options_.plugin + what + (reason_.empty() ? "" : ": ") + reason_, true);
}

Result<Json> ProcessGeneration::call(const std::string& method, const Json& message,
                                     milliseconds timeout) {
  std::uint64_t incarnation = 0;
  const std::shared_ptr<RunnerProcess> runner = current(incarnation);
  if (!runner) return down(" is not running");
  std::string text = dump_json(message);
  const auto raw = runner->call(method, text, timeout);
  if (!raw.ok()) {
    if (raw.error().code != "plugin.crashed") return raw.error();
    // The keeper is about to know why: the caller and the list of plugins shall say the same.
    std::unique_lock lock(mutex_);
    settled_change_.wait_for(lock, kSettling, [&] { return settled_ >= incarnation; });
    lock.unlock();
    return down(" ended during this call");
  }
  auto answer = read_answer(options_.plugin, *raw, options_.max_answer_bytes);
  if (answer.ok() && method == "configure") {
    const std::lock_guard lock(mutex_);
    configuration_ = std::move(text);
    configured_ = *answer;
  }
  return answer;
}

void ProcessGeneration::supervise(Watcher watcher) {
  {
    const std::lock_guard lock(mutex_);
    watcher_ = std::move(watcher);
  }
  static_cast<void>(eventfd_write(wake_.get(), 1));
}

void ProcessGeneration::abandon(const std::string& reason) {
  std::uint64_t incarnation = 0;
  if (const std::shared_ptr<RunnerProcess> runner = current(incarnation)) runner->kill(reason);
}

std::string ProcessGeneration::remark() const {
  const std::lock_guard lock(mutex_);
  std::string remark = demotion_;
  if (refusal_.empty()) return remark;
  if (!remark.empty()) remark += "; ";
  return remark + "confined: it tried to " + refusal_ + " and was not let (" +
         std::to_string(status_.refusals) + " such tries)";
}

RunnerStatus ProcessGeneration::runner() const {
  const std::lock_guard lock(mutex_);
  RunnerStatus status = status_;
  status.pid = current_ ? static_cast<int>(current_->pid()) : 0;
  return status;
}

void ProcessGeneration::tell(Event event, const std::string& reason) {
  Watcher watcher;
  {
    const std::lock_guard lock(mutex_);
    watcher = watcher_;
  }
  if (watcher) watcher(event, reason);
}

void ProcessGeneration::settle() {
  const std::lock_guard lock(mutex_);
  settled_ = incarnation_;
  settled_change_.notify_all();
}

bool ProcessGeneration::pause(milliseconds time) {
  const Deadline until = SteadyClock::now() + time;
  while (!stopping()) {
    const int left = poll_ms(until);
    if (left == 0) return true;
    pollfd one{wake_.get(), POLLIN, 0};
    if (poll(&one, 1, left) > 0) hush();
  }
  return false;
}

/// Takes the wake-up call that was heard.
void ProcessGeneration::hush() {
  eventfd_t ignored = 0;
  static_cast<void>(eventfd_read(wake_.get(), &ignored));
}

void ProcessGeneration::keep(std::promise<Status> started, milliseconds timeout) {
  Start start = bring_up(timeout);
  const bool up = start.status.ok();
  started.set_value(std::move(start.status));
  while (up) {
    std::uint64_t incarnation = 0;
    const std::shared_ptr<RunnerProcess> runner = current(incarnation);
    const End end = watch(*runner);
    {
      const std::lock_guard lock(mutex_);
      current_.reset();
    }
    if (end == End::kStopped) return bid_farewell(*runner);
    std::string reason = runner->bury();
    {
      const std::lock_guard lock(mutex_);
      reason_ = reason;
    }
    if (!recover(std::move(reason))) return settle();
  }
}

/// Nobody restarts what was not active yet: its load fails, and says why. False when it stays so.
bool ProcessGeneration::await_supervision() {
  while (!stopping()) {
    {
      const std::lock_guard lock(mutex_);
      if (watcher_) return true;
    }
    settle();
    pollfd one{wake_.get(), POLLIN, 0};
    if (poll(&one, 1, static_cast<int>(kSettling.count())) > 0) hush();
  }
  return false;
}

/// False when no runner follows: it died too often, or the generation ends.
bool ProcessGeneration::recover(std::string reason) {
  if (!await_supervision()) return false;
  bool died = true;
  for (;;) {
    const auto now = SteadyClock::now();
    const auto delay = died ? policy_.on_death(now) : std::optional(policy_.on_failure(now));
    if (!delay) {
      tell(Event::kQuarantine, reason);
      return false;
    }
    tell(Event::kCrash,
         reason + "; it is started again in " + std::to_string(delay->count()) + " ms");
    settle();
    if (!pause(*delay)) return false;
    Start start = bring_up(milliseconds(10'000));
    if (start.status.ok()) break;
    died = start.died;
    reason = start.reason;
    const std::lock_guard lock(mutex_);
    reason_ = reason;
  }
  {
    const std::lock_guard lock(mutex_);
    ++status_.restarts;
  }
  tell(Event::kRecover, reason);
  return true;
}

ProcessGeneration::Start ProcessGeneration::bring_up(milliseconds timeout) {
  const Deadline until = SteadyClock::now() + timeout;
  auto spawned = RunnerProcess::spawn(spec_);
  if (!spawned.ok()) return {spawned.error(), false, spawned.error().message};
  const std::shared_ptr<RunnerProcess> runner = std::move(*spawned);
  Status status = await_ready(*runner, until);
  const bool ready = status.ok();
  if (ready) status = configure_again(*runner, timeout);
  if (status.ok()) {
    const std::lock_guard lock(mutex_);
    current_ = runner;
    ++incarnation_;
    return {};
  }
  const std::string code = status.error().code;
  const bool died = code == "plugin.crashed" || code == "plugin.timeout";
  if (died && code == "plugin.timeout") runner->kill("it was not ready in time");
  if (!died) return {status, false, code + ": " + status.error().message};
  const std::string reason = runner->bury();
  Error error = status.error();
  if (code == "plugin.crashed") {
    error = provider_error(ErrorKind::kInternal, "plugin.load_failed",
                           "its process died while it was loaded: " + reason, false);
  }
  return {error, true, reason};
}

Status ProcessGeneration::await_ready(RunnerProcess& runner, Deadline until) {
  for (;;) {
    if (stopping()) return unavailable("plugin.not_active", "the plugin is let go");
    const int left = poll_ms(until);
    if (left == 0) {
      return provider_error(ErrorKind::kTimeout, "plugin.timeout",
                            "plugin " + options_.plugin + " did not answer in time", true);
    }
    pollfd fds[3] = {{runner.control_fd(), POLLIN, 0},
                     {runner.process_fd(), POLLIN, 0},
                     {wake_.get(), POLLIN, 0}};
    poll(fds, 3, left);
    std::optional<ControlMessage> verdict;
    const bool open = listen(runner, nullptr, &verdict);
    if (verdict && verdict->kind == wire::Control::kReady) {
      if (verdict->number == 0) {
        log_.write(QC_LOG_WARNING, "this kernel has no Landlock: the plugin can read other files");
      }
      return {};
    }
    if (verdict) return refusal_error(*verdict);
    if (!open || (fds[1].revents & POLLIN) != 0) {
      return unavailable("plugin.crashed", "its process died", Side::kProvider);
    }
    if ((fds[2].revents & POLLIN) != 0) hush();
  }
}

Status ProcessGeneration::configure_again(RunnerProcess& runner, milliseconds timeout) {
  std::string message;
  {
    const std::lock_guard lock(mutex_);
    message = configuration_;
  }
  if (message.empty()) return {};
  QC_ASSIGN(const RawAnswer raw, runner.call("configure", message, timeout));
  QC_ASSIGN(const Json answer, read_answer(options_.plugin, raw, options_.max_answer_bytes));
  const std::lock_guard lock(mutex_);
  // The ledger admitted one key; a file that was exchanged meanwhile must not slip in.
  if (answer != configured_) {
    return conflict("plugin.configure_failed", "it configures itself otherwise than before");
  }
  return {};
}

/// Reads what the runner says. False when it can say nothing more. With `verdict`, stops at the
/// first kReady or kRefused.
bool ProcessGeneration::listen(RunnerProcess& runner, Signs* signs,
                               std::optional<ControlMessage>* verdict) {
  bool closed = false;
  int taken = 0;
  while (auto message = runner.receive(closed)) {
    if (message->kind == wire::Control::kPong && signs != nullptr) signs->unanswered = 0;
    const bool decides =
        message->kind == wire::Control::kReady || message->kind == wire::Control::kRefused;
    if (decides && verdict != nullptr) {
      *verdict = std::move(message);
      return true;
    }
    take_note(*message);
    if (++taken < kMaxAtOnce) continue;
    // A plugin that talks without end fills its socket, and no processor of the host's.
    if (!pause(kBreath) || runner.dead()) break;
    taken = 0;
    if (signs != nullptr && SteadyClock::now() >= std::min(signs->next_tick, signs->next_look)) {
      break;
    }
  }
  return !closed;
}

void ProcessGeneration::take_note(const ControlMessage& message) {
  if (message.kind == wire::Control::kLog) {
    log_.write(static_cast<int>(message.number), message.text);
  } else if (message.kind == wire::Control::kViolation) {
    note_refusal(PluginLog::clean(message.text));
  } else if (message.kind == wire::Control::kDropped) {
    log_.suppress(message.number);
  }
}

void ProcessGeneration::note_refusal(const std::string& what) {
  log_.write(QC_LOG_WARNING, "tried to " + what + " and was not let");
  const std::lock_guard lock(mutex_);
  refusal_ = what;
  ++status_.refusals;
}

ProcessGeneration::End ProcessGeneration::watch(RunnerProcess& runner) {
  Signs signs;
  signs.measured = SteadyClock::now();
  signs.next_tick = signs.measured + plan_.isolation.times.heartbeat;
  signs.next_look = signs.measured + share_.pause();
  if (const auto look = runner.share()) share_.begin(*look);
  share_.set_demoted(share_.demoted() && may_return_.value_or(false));
  if (share_.demoted()) {
    demote(runner);  // as the one before it was
  } else {
    const std::lock_guard lock(mutex_);
    demotion_.clear();
  }
  bool open = true;
  for (;;) {
    pollfd fds[3] = {{runner.process_fd(), POLLIN, 0},
                     {wake_.get(), POLLIN, 0},
                     {open ? runner.control_fd() : -1, POLLIN, 0}};
    poll(fds, 3, poll_ms(std::min(signs.next_tick, signs.next_look)));
    if (stopping()) return End::kStopped;
    if ((fds[1].revents & POLLIN) != 0) hush();
    if (open && fds[2].revents != 0) {
      open = listen(runner, &signs, nullptr);
      pollfd one{runner.process_fd(), POLLIN, 0};
      if (!open && poll(&one, 1, static_cast<int>(kFarewell.count())) == 0) {
        runner.kill("it closed its channel to the host");
      }
    }
    if ((fds[0].revents & POLLIN) != 0) {
      if (open) listen(runner, nullptr, nullptr);  // its last words
      return End::kDied;
    }
    if (SteadyClock::now() >= signs.next_look) look_at_share(runner, signs);
    if (SteadyClock::now() >= signs.next_tick) tick(runner, signs);
  }
}

void ProcessGeneration::tick(RunnerProcess& runner, Signs& signs) {
  const RunnerTimes& times = plan_.isolation.times;
  const auto now = SteadyClock::now();
  signs.next_tick = now + times.heartbeat;
  if (signs.unanswered * times.heartbeat >= times.silence) {
    return runner.kill("it gave no sign of life for " +
                       std::to_string(times.silence.count() / 1000) + " s");
  }
  if (runner.send(wire::Control::kPing)) ++signs.unanswered;
  const auto usage = runner.usage();
  if (!usage) return;
  {
    const std::lock_guard lock(mutex_);
    status_.memory_bytes = usage->resident_bytes;
    status_.cpu_ms = usage->cpu_ms;
  }
  const std::uint32_t most = plan_.isolation.limits.threads;
  if (usage->threads > most) {
    return runner.kill("it had " + std::to_string(usage->threads) + " threads, " +
                       std::to_string(most) + " are allowed");
  }
  const auto elapsed = std::chrono::duration_cast<milliseconds>(now - signs.measured);
  const bool idle = signs.calls == runner.calls() && runner.in_call() == 0;
  const milliseconds used(usage->cpu_ms - signs.cpu_ms);
  // Its time on the processor, not its share of it: on a busy machine the share says little, and
  // nothing of who is behind all others and would take more.
  const std::uint32_t percent = plan_.isolation.limits.cpu_percent;
  const bool wants = idle && (used * 100 > elapsed * (percent + percent / 10) ||
                              (share_.demoted() && runnable_threads(runner.pid()) > percent / 100));
  signs.burned = wants ? signs.burned + used : milliseconds(0);
  signs.calls = runner.calls();
  signs.cpu_ms = usage->cpu_ms;
  signs.measured = now;
  if (signs.burned >= times.idle_burn) {
    runner.kill("it kept the processor busy for " + std::to_string(signs.burned.count()) +
                " ms without a call");
  }
}

void ProcessGeneration::bid_farewell(RunnerProcess& runner) const {
  runner.send(wire::Control::kStop);
  pollfd one{runner.process_fd(), POLLIN, 0};
  if (poll(&one, 1, static_cast<int>(kFarewell.count())) == 0) {
    runner.kill("it did not end when asked");
  }
  static_cast<void>(runner.bury());
}

}  // namespace qc::plugin
