#include "host/plugin/runner/confine.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace qc::runner {
namespace {

// Of later kernels than the headers (Landlock versions 3 to 6; linux/landlock.h of 6.12).
constexpr std::uint64_t kTruncate = 1ULL << 14U;
constexpr std::uint64_t kIoctlDevice = 1ULL << 15U;
constexpr std::uint64_t kBindTcp = 1ULL << 0U;
constexpr std::uint64_t kConnectTcp = 1ULL << 1U;
constexpr std::uint64_t kAbstractSocket = 1ULL << 0U;
constexpr std::uint64_t kSignal = 1ULL << 1U;

struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

std::string failed(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool limit(int resource, std::uint64_t value, std::uint64_t hard_beyond = 0) {
  const rlimit both{value, value + hard_beyond};
  return setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0;
}

std::string set_limits(const wire::Setup& setup) {
  if (!limit(RLIMIT_AS, setup.memory_bytes)) return failed("memory limit");
  // At the soft limit a signal that says so, a second later one that cannot be caught.
  if (!limit(RLIMIT_CPU, setup.cpu_seconds, 1)) return failed("processor limit");
  if (!limit(RLIMIT_NOFILE, setup.files)) return failed("descriptor limit");
  // Counts all threads of the user, so it can only be a coarse second line: the filter lets no
  // process start, and the host counts the threads.
  if (!limit(RLIMIT_NPROC, setup.processes)) return failed("process limit");
  // An error rather than a signal: what comes of writing a file is for the plugin to handle.
  if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR) return failed("file size signal");
  if (!limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_CORE, 0)) return failed("file size limit");
  return {};
}

/// A host that runs as root must not lend that to a plugin.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  return syscall(SYS_capset, &header, none) == 0;
}

RulesetAttributes everything_of(int version) {
  RulesetAttributes all;
  all.files = LANDLOCK_ACCESS_FS_REFER - 1;  // the thirteen rights of version 1
  if (version >= 2) all.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all.files |= kTruncate;
  if (version >= 5) all.files |= kIoctlDevice;
  if (version >= 4) all.network = kBindTcp | kConnectTcp;
  if (version >= 6) all.scoped = kAbstractSocket | kSignal;
  return all;
}

/// A path that does not exist is no error: the plugin will say what it misses.
bool grant_read(int ruleset, const std::string& path) {
  const Descriptor target(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info {};
  if (target.get() < 0 || fstat(target.get(), &info) != 0) return true;
  landlock_path_beneath_attr rule{};
  rule.parent_fd = target.get();
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  if (S_ISDIR(info.st_mode)) rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

std::string restrict_files(const Setup& setup, int& version) {
  const long offered =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  version = offered > 0 ? static_cast<int>(offered) : 0;
  if (version == 0) return {};
  const RulesetAttributes all = everything_of(version);
  // Older kernels refuse members that they do not know unless the size ends before them.
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const Descriptor ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &all, size, 0)));
  if (ruleset.get() < 0) return failed("Landlock rules");
  for (const std::string& path : setup.paths) {
    if (!grant_read(ruleset.get(), path)) return failed("Landlock rule for a granted path");
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return failed("Landlock");
  return {};
}

}  // namespace

std::string confine(const Setup& setup, int& landlock_version) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed("death signal");
  // The host may have died before the line above: nobody would send the signal then.
  if (getppid() != setup.header.host_pid) return "the host is gone";
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return failed("no core files");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no new privileges");
  if (std::string fault = set_limits(setup.header); !fault.empty()) return fault;
  if (!drop_capabilities()) return failed("dropping capabilities");
  return restrict_files(setup, landlock_version);
}

}  // namespace qc::runner
