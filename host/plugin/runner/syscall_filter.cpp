#include "host/plugin/runner/syscall_filter.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "host/plugin/runner/channel.hpp"
#include "host/plugin/runner/syscall_list.hpp"

#ifndef __x86_64__
#error "the system call filter knows x86-64 only: syscall_list.hpp and the two gates below"
#endif

// The one instruction from which openat() passes the filter: the handler goes through it, so that a
// refusal by Landlock is seen and told. That a plugin may jump here itself does no harm, for it is
// Landlock that judges, and nothing can be opened for writing from here either.
extern "C" long qc_open_gate(long folder, const char* path, long flags, long mode);
extern "C" const char qc_open_gate_end;
asm(R"(
.text
.globl qc_open_gate
.hidden qc_open_gate
.type qc_open_gate, @function
qc_open_gate:
  mov $257, %eax
  mov %rcx, %r10
  syscall
.globl qc_open_gate_end
.hidden qc_open_gate_end
qc_open_gate_end:
  ret
.size qc_open_gate, . - qc_open_gate
)");
static_assert(SYS_openat == 257);

namespace qc::runner {
namespace {

constexpr int kMaxTold = 256;  ///< refusals told in the life of a runner
constexpr std::uint32_t kRefuse = SECCOMP_RET_TRAP;
constexpr std::uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

// Read in a signal handler of any thread: lock-free, and the only state it has.
std::atomic<int> told_count{0};
static_assert(std::atomic<int>::is_always_lock_free);

/// Libraries look for these on their own and do without.
bool harmless(std::string_view path) {
  return path == "/dev/urandom" || path == "/dev/random" || path == "/etc/localtime" ||
         path.starts_with("/sys/devices/system/cpu") || path.starts_with("/proc/self/") ||
         path == "/proc/stat" || path == "/proc/meminfo" || path == "/etc/nsswitch.conf" ||
         path == "/etc/services" || path == "/usr/lib/ssl/openssl.cnf";
}

void tell(long number, std::string_view what) {
  if (told_count.fetch_add(1) >= kMaxTold) return;
  send_control(wire::Control::kViolation, static_cast<std::uint32_t>(number), what, false);
}

void tell_refused_open(long number, const char* path, long flags) {
  const std::size_t size = strnlen(path, 256);
  if (harmless({path, size})) return;
  char text[300];
  const bool writes = (static_cast<std::uint32_t>(flags) & kWriting) != 0;
  const int length = std::snprintf(text, sizeof text, "%s %.*s", writes ? "write" : "read",
                                   static_cast<int>(size), path);
  tell(number, {text, static_cast<std::size_t>(length)});
}

long refused_call(long number) {
  for (const Attempt& attempt : kAttempts) {
    if (attempt.number != number) continue;
    tell(number, attempt.what);
    return -EPERM;
  }
  char text[64];
  const int length = std::snprintf(text, sizeof text, "make system call %ld", number);
  tell(number, {text, static_cast<std::size_t>(length)});
  return -EPERM;
}

long open_call(long number, long folder, long path, long flags, long mode) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a register is where the pointer comes from
  const char* name = reinterpret_cast<const char*>(path);
  const long result = qc_open_gate(folder, name, flags, mode);
  // These two the kernel gives only after it has read the name.
  if (result == -EACCES || result == -EPERM) tell_refused_open(number, name, flags);
  return result;
}

extern "C" void on_refused_system_call(int, siginfo_t* info, void* context) {
  const int kept = errno;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const long number = info->si_syscall;
  long result = 0;
  if (number == SYS_openat) {
    result = open_call(number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                       registers[REG_R10]);
  } else if (number == SYS_open) {
    result =
        open_call(number, AT_FDCWD, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX]);
  } else {
    result = refused_call(number);
  }
  registers[REG_RAX] = result;
  errno = kept;
}

/// Puts a program for the kernel's filter together.
class Program {
 public:
  void load(std::size_t offset) {
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void answer(std::uint32_t action) { add(BPF_STMT(BPF_RET | BPF_K, action)); }
  /// Skips `count` instructions unless the loaded word is `value`.
  void unless(std::uint32_t value, std::uint8_t count) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
  }
  /// Skips `count` instructions when the loaded word is `value`.
  void when(std::uint32_t value, std::uint8_t count) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0));
  }
  void unless_any_bit(std::uint32_t bits, std::uint8_t count) {
    add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, count));
  }
  void load_argument(int index, bool high = false) {
    load(offsetof(seccomp_data, args) + static_cast<std::size_t>(index) * 8 + (high ? 4 : 0));
  }
  void load_number() { load(offsetof(seccomp_data, nr)); }

  /// `number` passes when argument `index` is one of `values`, and is refused otherwise.
  void allow_if(long number, int index, std::initializer_list<std::uint32_t> values) {
    unless(static_cast<std::uint32_t>(number), static_cast<std::uint8_t>(2 + 2 * values.size()));
    load_argument(index);
    for (const std::uint32_t value : values) {
      unless(value, 1);
      answer(SECCOMP_RET_ALLOW);
    }
    answer(kRefuse);
  }
  /// `number` is refused when argument `index` is one of `values`, and passes otherwise.
  void refuse_if(long number, int index, std::initializer_list<std::uint32_t> values) {
    unless(static_cast<std::uint32_t>(number), static_cast<std::uint8_t>(2 + 2 * values.size()));
    load_argument(index);
    for (const std::uint32_t value : values) {
      unless(value, 1);
      answer(kRefuse);
    }
    answer(SECCOMP_RET_ALLOW);
  }
  /// `number` fails with `error` and nobody is told.
  void fail(long number, int error) {
    unless(static_cast<std::uint32_t>(number), 1);
    answer(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
  }

  bool install() {
    sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  void add(sock_filter line) { code_.push_back(line); }
  std::vector<sock_filter> code_;
};

/// openat() from the gate, for reading.
void add_open_rule(Program& program) {
  const auto gate = reinterpret_cast<std::uint64_t>(&qc_open_gate_end);
  program.unless(SYS_openat, 9);
  program.load(offsetof(seccomp_data, instruction_pointer));
  program.unless(static_cast<std::uint32_t>(gate), 6);
  program.load(offsetof(seccomp_data, instruction_pointer) + 4);
  program.unless(static_cast<std::uint32_t>(gate >> 32U), 4);
  program.load_argument(2);
  program.unless_any_bit(kWriting, 1);
  program.answer(SECCOMP_RET_ERRNO | EACCES);
  program.answer(SECCOMP_RET_ALLOW);
  program.answer(kRefuse);
}

/// Threads yes, processes no.
void add_clone_rule(Program& program) {
  program.unless(SYS_clone, 4);
  program.load_argument(0);
  program.unless_any_bit(CLONE_THREAD, 1);
  program.answer(SECCOMP_RET_ALLOW);
  program.answer(kRefuse);
  // Its flags are behind a pointer, out of a filter's reach; glibc falls back to clone.
  program.fail(SYS_clone3, ENOSYS);
}

/// Its own limits may be read: no new ones, and of no other process.
void add_limit_rule(Program& program) {
  program.unless(SYS_prlimit64, 8);
  program.load_argument(0);
  program.unless(0, 5);
  program.load_argument(2);
  program.unless(0, 3);
  program.load_argument(2, true);
  program.unless(0, 1);
  program.answer(SECCOMP_RET_ALLOW);
  program.answer(kRefuse);
}

/// For descriptors of connections that the host made: who is at the other end, timeouts, and that
/// small pieces go at once; and one may take the place of another descriptor. Options that could
/// make a socket connect anew are not among them, and sendto() takes no address.
void add_connection_rules(Program& program) {
  for (const long number : {SYS_getpeername, SYS_getsockname, SYS_dup3}) {
    program.unless(static_cast<std::uint32_t>(number), 1);
    program.answer(SECCOMP_RET_ALLOW);
  }
  // glibc looks for its caching daemon before it looks into a file, and does without.
  program.unless(SYS_socket, 4);
  program.load_argument(0);
  program.unless(AF_UNIX, 1);
  program.answer(SECCOMP_RET_ERRNO | EACCES);
  program.answer(kRefuse);
  constexpr std::pair<std::uint32_t, std::uint32_t> kOptions[] = {
      {SOL_SOCKET, SO_KEEPALIVE}, {SOL_SOCKET, SO_RCVTIMEO},   {SOL_SOCKET, SO_SNDTIMEO},
      {SOL_SOCKET, SO_LINGER},    {IPPROTO_TCP, TCP_NODELAY},  {IPPROTO_TCP, TCP_KEEPIDLE},
      {IPPROTO_IP, IP_TOS},       {IPPROTO_TCP, TCP_KEEPINTVL}};
  program.unless(SYS_setsockopt, static_cast<std::uint8_t>(5 * std::size(kOptions) + 1));
  for (const auto& [level, option] : kOptions) {
    program.load_argument(1);
    program.unless(level, 3);
    program.load_argument(2);
    program.unless(option, 1);
    program.answer(SECCOMP_RET_ALLOW);
  }
  program.answer(SECCOMP_RET_ERRNO | ENOPROTOOPT);
}

Program write_program(bool outbound) {
  const auto own = static_cast<std::uint32_t>(getpid());
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.when(AUDIT_ARCH_X86_64, 1);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  program.load_number();
  for (const long number : kAllowed) {
    program.unless(static_cast<std::uint32_t>(number), 1);
    program.answer(SECCOMP_RET_ALLOW);
  }
  add_open_rule(program);
  add_clone_rule(program);
  add_limit_rule(program);
  if (outbound) add_connection_rules(program);
  program.allow_if(SYS_kill, 0, {own});
  program.allow_if(SYS_tgkill, 0, {own});
  program.allow_if(SYS_prctl, 0, {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA});
  program.refuse_if(SYS_rt_sigaction, 0, {SIGSYS});
  // The three that would have the kernel signal another process when data arrives.
  program.refuse_if(SYS_fcntl, 1, {F_SETOWN, F_SETSIG, F_SETOWN_EX});
  program.fail(SYS_ioctl, ENOTTY);
  program.fail(SYS_sched_setaffinity, EPERM);
  program.answer(kRefuse);
  return program;
}

}  // namespace

std::string install_syscall_filter(bool outbound) {
  struct sigaction action {};
  action.sa_sigaction = &on_refused_system_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
  if (sigaction(SIGSYS, &action, nullptr) != 0) return "handler of refused system calls";
  if (!write_program(outbound).install()) {
    return std::string("system call filter: ") + std::strerror(errno);
  }
  return {};
}

}  // namespace qc::runner
