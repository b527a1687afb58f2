#include "host/plugin/runner/outbound.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/plugin/runner/wire.hpp"

namespace qc::runner {
namespace {

namespace wire = plugin::wire;

constexpr std::int64_t kLongestMs = 6000;  ///< the host gives a connection 5 s

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// One request at a time: the host answers them in their order.
class Channel {
 public:
  explicit Channel(int socket) : socket_(socket) {}

  int open(const char* address, std::int64_t deadline_ms) {
    const std::int64_t longest = now_ms() + kLongestMs;
    const std::int64_t until = deadline_ms == 0 ? longest : std::min(deadline_ms, longest);
    const std::unique_lock lock(mutex_, std::chrono::milliseconds(until - now_ms()));
    if (!lock.owns_lock()) return -ETIMEDOUT;
    const std::size_t size = strnlen(address, wire::kMaxAddressBytes + 1);
    if (size > wire::kMaxAddressBytes) return -ENAMETOOLONG;
    wire::OutboundRequest request{++id_, until};
    iovec parts[2] = {{&request, sizeof request}, {const_cast<char*>(address), size}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    if (sendmsg(socket_, &message, MSG_NOSIGNAL) < 0) return -errno;
    return await(request.id, until);
  }

 private:
  int await(std::uint64_t id, std::int64_t until) const {
    for (;;) {
      pollfd one{socket_, POLLIN, 0};
      const auto left = static_cast<int>(std::max<std::int64_t>(until - now_ms(), 0));
      const int ready = poll(&one, 1, left);
      if (ready == 0) return -ETIMEDOUT;
      if (ready < 0 && errno != EINTR) return -errno;
      if (ready < 0) continue;
      int connection = -1;
      wire::OutboundReply reply;
      if (!receive(reply, connection)) return -EPIPE;
      if (reply.id == id && reply.error == 0 && connection >= 0) return connection;
      if (connection >= 0) close(connection);  // of a request that was given up
      if (reply.id == id) return reply.error > 0 ? -reply.error : -EIO;
    }
  }

  bool receive(wire::OutboundReply& reply, int& connection) const {
    iovec part{&reply, sizeof reply};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    if (recvmsg(socket_, &message, MSG_CMSG_CLOEXEC) != static_cast<ssize_t>(sizeof reply)) {
      return false;
    }
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
      std::memcpy(&connection, CMSG_DATA(header), sizeof connection);
    }
    return true;
  }

  const int socket_;
  std::timed_mutex mutex_;
  std::uint64_t id_ = 0;
};

int open_outbound(void* context, const char* address, std::int64_t deadline_ms) {
  if (address == nullptr) return -EINVAL;
  return static_cast<Channel*>(context)->open(address, deadline_ms);
}

/// Set once, before the plugin is loaded: the two functions below, which the plugin's libraries
/// call, have no other way to it.
Channel* relay = nullptr;

}  // namespace

const qc_outbound* outbound_extension(int socket) {
  static Channel channel(socket);
  static const qc_outbound table{sizeof(qc_outbound), &channel, &open_outbound,
                                 QC_OUTBOUND_CONNECTS_PATHS};
  relay = &channel;
  return &table;
}

}  // namespace qc::runner

// This program's symbols come before libc's, so these two are what every library calls (that they
// are exported is said to the linker). They lend no right: a plugin that goes round them, or asks
// for another family, meets the system call filter.
extern "C" int socket(int family, int type, int protocol) noexcept {
  constexpr int kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (qc::runner::relay != nullptr && family == AF_UNIX && (type & ~kFlags) == SOCK_STREAM) {
    // A descriptor to be replaced when it is connected; the flags have the same values.
    return eventfd(0, type & kFlags);
  }
  return static_cast<int>(syscall(SYS_socket, family, type, protocol));
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  if (qc::runner::relay == nullptr || address == nullptr || address->sa_family != AF_UNIX ||
      size <= offsetof(sockaddr_un, sun_path) || size > sizeof(sockaddr_un)) {
    return static_cast<int>(syscall(SYS_connect, fd, address, size));
  }
  char path[sizeof(sockaddr_un) + 1] = {};
  constexpr std::size_t kBegin = offsetof(sockaddr_un, sun_path);
  std::memcpy(path, reinterpret_cast<const char*>(address) + kBegin, size - kBegin);
  const int opened = qc::runner::relay->open(path, 0);
  if (opened >= 0 && dup3(opened, fd, O_CLOEXEC) >= 0) {
    close(opened);
    return 0;
  }
  errno = opened < 0 ? -opened : errno;
  if (opened >= 0) close(opened);
  return -1;
}
static_assert(int{SOCK_CLOEXEC} == int{EFD_CLOEXEC} && int{SOCK_NONBLOCK} == int{EFD_NONBLOCK});
