// The words between the host and a plugin runner, both ends from one build: fixed headers in the
// machine's own byte order. Sizes are bounded on either side; the host believes nothing it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/socket.h>

namespace qc::plugin::wire {

inline constexpr std::uint32_t kMagic = 0x31525051;  // "QPR1"
/// Raised whenever a struct below changes: a runner of another build refuses, and says so.
inline constexpr std::uint32_t kVersion = 3;

/// Descriptors of a runner. Everything else is closed, 0 to 2 are /dev/null.
inline constexpr int kControlFd = 3;  ///< SOCK_SEQPACKET
inline constexpr int kLibraryFd = 4;  ///< the sealed memfd that the host verified
inline constexpr int kFirstLaneFd = 5;
// With Setup::outbound one more, after the last lane: SOCK_SEQPACKET, on which connections are
// asked for and come as descriptors.

inline constexpr std::uint32_t kMaxLanes = 64;
inline constexpr std::uint32_t kMaxPaths = 64;
inline constexpr std::uint32_t kMaxLibraries = 8;
inline constexpr std::size_t kMaxControlBytes = 32U << 10U;
inline constexpr std::size_t kMaxTextBytes = 512;  ///< log lines, refusals, reasons
inline constexpr std::size_t kMaxMethodBytes = 64;
inline constexpr std::size_t kMaxMessageBytes = 16U << 20U;
/// Of a product's own routes: what a caller sends, and a whole answer.
inline constexpr std::uint32_t kMaxRouteBodyBytes = 64U << 10U;
inline constexpr std::uint32_t kMaxRouteAnswerBytes = 256U << 10U;

/// First message on the control socket: Setup, then per path and per library a uint32 size and its
/// bytes.
struct Setup {
  std::uint32_t magic = kMagic;
  std::uint32_t version = kVersion;
  std::int32_t host_pid = 0;
  std::uint32_t lanes = 0;
  std::uint64_t max_answer_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t cpu_seconds = 0;
  std::uint32_t files = 0;
  std::uint32_t processes = 0;
  std::uint32_t paths = 0;
  std::uint32_t libraries = 0;
  std::uint32_t outbound = 0;  ///< 1 = connections may be asked for
  std::uint32_t threads = 0;   ///< at a time, the first one not counted
  std::uint32_t routes = 0;    ///< 1 = it serves routes, and nothing else
};

/// Runner to host on the outbound socket, followed by the address.
struct OutboundRequest {
  std::uint64_t id = 0;
  std::int64_t deadline_ms = 0;  ///< as qc_call says it
};
inline constexpr std::size_t kMaxAddressBytes = 256;

/// Host to runner; with error 0 the connection comes beside it (SCM_RIGHTS).
struct OutboundReply {
  std::uint64_t id = 0;
  std::int32_t error = 0;  ///< an error number
  std::uint32_t reserved = 0;
};

enum class Control : std::uint32_t {
  // runner to host
  kReady = 1,  ///< number = Landlock's version, 0 = the kernel has none
  kRefused,    ///< number = Refusal; text = why
  kLog,        ///< number = QC_LOG_…; text = line
  kViolation,  ///< number = system call; text = what was tried
  kPong,       ///< answer to kPing
  kDropped,    ///< number = log lines that were too many, since the last such message
  // host to runner
  kPing = 100,
  kStop,  ///< destroy the instance and end
};

enum class Refusal : std::uint32_t { kLoadFailed = 1, kAbiMismatch = 2, kConfinement = 3 };

/// Exit status of a runner whose control socket ended without a kStop.
inline constexpr int kLostHost = 213;
/// Exit status of a runner whose plugin was refused more writes in one call than kMaxRefusedWrites.
inline constexpr int kWroteOn = 214;
/// Who does not look at what write() returns finds out at the end; who does this often never will.
inline constexpr std::uint32_t kMaxRefusedWrites = 64;

struct ControlHeader {
  Control kind{};
  std::uint32_t number = 0;
};

/// Host to runner on a lane (SOCK_STREAM), followed by method and message.
struct CallHeader {
  std::uint32_t magic = kMagic;
  std::uint32_t method_bytes = 0;
  std::uint64_t id = 0;
  std::int64_t deadline_ms = 0;
  std::uint64_t message_bytes = 0;
};

inline constexpr std::uint32_t kTooLarge = 1;  ///< the plugin wrote more than it may
inline constexpr std::uint32_t kThrew = 2;     ///< an exception left the plugin

/// Runner to host on the same lane, followed by the answer.
struct AnswerHeader {
  std::uint32_t magic = kMagic;
  std::int32_t status = 0;
  std::uint64_t id = 0;
  std::uint32_t flags = 0;
  std::uint32_t answer_bytes = 0;
};

/// After a sendmsg() that took `sent` bytes: leaves in `message` what is still to go.
inline void drop_sent(msghdr& message, std::size_t sent) {
  while (message.msg_iovlen > 0 && sent >= message.msg_iov->iov_len) {
    sent -= message.msg_iov->iov_len;
    ++message.msg_iov;
    --message.msg_iovlen;
  }
  if (message.msg_iovlen == 0) return;
  message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + sent;
  message.msg_iov->iov_len -= sent;
}

}  // namespace qc::plugin::wire
