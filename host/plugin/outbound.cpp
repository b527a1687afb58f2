#include "host/plugin/outbound.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "host/plugin/answer.hpp"
#include "host/plugin/plugin_log.hpp"
#include "host/plugin/runner/wire.hpp"

namespace qc::plugin {
namespace {

constexpr std::string_view kCapability = "outbound:";
constexpr std::size_t kMaxOutboundBytes = 119;  // a capability has 128
constexpr std::int64_t kMaxConnectMs = 5000;

bool digits(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t left_until(std::int64_t deadline_ms) {
  return std::max<std::int64_t>(deadline_ms - wall_ms(), 0);
}

/// Waits for a connection under way. An error number, 0 when it is made.
int await_connection(int fd, std::int64_t deadline_ms, int hangup) {
  for (;;) {
    pollfd both[2] = {{fd, POLLOUT, 0}, {hangup, POLLRDHUP, 0}};
    const int left = static_cast<int>(left_until(deadline_ms));
    if (left == 0) return ETIMEDOUT;
    const int ready = poll(both, 2, left);
    if (ready < 0 && errno != EINTR) return errno;
    if (both[1].revents != 0) return ECANCELED;
    if (ready > 0 && both[0].revents != 0) break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

/// A connected, blocking descriptor or a negative error number.
int connect_to(int family, const sockaddr* address, socklen_t size, std::int64_t deadline_ms,
               int hangup) {
  FileDescriptor fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return -errno;
  if (connect(fd.get(), address, size) != 0) {
    // EAGAIN: the queue of a UNIX socket's listener is full; there is nothing to wait for.
    if (errno != EINPROGRESS) return errno == EAGAIN ? -ECONNREFUSED : -errno;
    if (const int error = await_connection(fd.get(), deadline_ms, hangup); error != 0)
      return -error;
  }
  if (family != AF_UNIX) {
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  if (fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK) != 0) return -errno;
  return fd.release();
}

int connect_unix(const std::string& path, std::int64_t deadline_ms, int hangup) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -ENAMETOOLONG;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                    deadline_ms, hangup);
}

int connect_tcp(const NameLookup& names, const std::string& address, std::int64_t deadline_ms,
                int hangup) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  AddressList list;
  const int error = names.find(host, address.substr(colon + 1), deadline_ms, hangup, list);
  if (error != 0) return -error;
  int result = -EHOSTUNREACH;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    result = connect_to(one->ai_family, one->ai_addr, one->ai_addrlen, deadline_ms, hangup);
    if (result >= 0 || result == -ECANCELED) break;
  }
  return result;
}

int open_for_plugin(void* context, const char* address, std::int64_t deadline_ms) {
  if (address == nullptr) return -EINVAL;
  try {
    return static_cast<const Outbound*>(context)->open(address, deadline_ms, -1);
  } catch (...) {  // no memory: nothing of the host's leaves over the border
    return -ENOMEM;
  }
}

/// The reply and, where there is one, the connection.
bool send_reply(int socket, const wire::OutboundReply& reply, int connection) {
  iovec part{const_cast<wire::OutboundReply*>(&reply), sizeof reply};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (connection >= 0) {
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &connection, sizeof connection);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof reply);
}

}  // namespace

bool is_outbound_address(std::string_view address) {
  if (address.empty() || address.size() > kMaxOutboundBytes) return false;
  for (const char c : address) {
    if (c <= ' ' || c >= 0x7F) return false;
  }
  if (address.starts_with('/')) return true;
  const std::size_t colon = address.rfind(':');
  return colon != std::string_view::npos && colon > 0 && digits(address.substr(colon + 1)) &&
         (address.find(':') == colon || (address.front() == '[' && address[colon - 1] == ']'));
}

bool granted(const Json& admission, const std::string& capability) {
  const auto list = admission.find("capabilities");
  return list != admission.end() && list->is_array() &&
         std::find(list->begin(), list->end(), Json(capability)) != list->end();
}

std::vector<std::string> granted_addresses(const std::vector<std::string>& asked,
                                           const Json& admission) {
  std::vector<std::string> addresses;
  for (const std::string& address : asked) {
    if (granted(admission, std::string(kCapability) + address)) addresses.push_back(address);
  }
  return addresses;
}

int Outbound::open(const std::string& address, std::int64_t deadline_ms, int hangup) const {
  if (std::find(granted_.begin(), granted_.end(), address) == granted_.end()) {
    refused_("connect to " + PluginLog::clean(address));
    return -EACCES;
  }
  const std::int64_t longest = wall_ms() + kMaxConnectMs;
  const std::int64_t until = deadline_ms == 0 ? longest : std::min(deadline_ms, longest);
  return address.starts_with('/') ? connect_unix(address, until, hangup)
                                  : connect_tcp(names_, address, until, hangup);
}

qc_outbound outbound_table(const Outbound& outbound) {
  return {sizeof(qc_outbound), const_cast<Outbound*>(&outbound), &open_for_plugin, 0};
}

OutboundBroker::OutboundBroker(const Outbound& outbound, FileDescriptor socket)
    : outbound_(outbound), socket_(std::move(socket)), thread_([this] { serve(); }) {}

OutboundBroker::~OutboundBroker() {
  shutdown(socket_.get(), SHUT_RDWR);
  thread_.join();
}

void OutboundBroker::serve() const {
  std::vector<char> message(sizeof(wire::OutboundRequest) + wire::kMaxAddressBytes);
  for (;;) {
    const ssize_t got = recv(socket_.get(), message.data(), message.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < static_cast<ssize_t>(sizeof(wire::OutboundRequest))) return;
    wire::OutboundRequest request;
    std::memcpy(&request, message.data(), sizeof request);
    const std::string address(message.data() + sizeof request,
                              static_cast<std::size_t>(got) - sizeof request);
    wire::OutboundReply reply;
    reply.id = request.id;
    const int opened = outbound_.open(address, request.deadline_ms, socket_.get());
    const FileDescriptor connection(opened < 0 ? -1 : opened);
    if (opened < 0) reply.error = -opened;
    if (!send_reply(socket_.get(), reply, connection.get())) return;
  }
}

}  // namespace qc::plugin
