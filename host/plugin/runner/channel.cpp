#include "host/plugin/runner/channel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace qc::runner {
namespace {

ssize_t receive(void* data, std::size_t size) {
  for (;;) {
    const ssize_t got = recv(wire::kControlFd, data, size, 0);
    if (got >= 0 || errno != EINTR) return got;
  }
}

}  // namespace

bool read_setup(Setup& setup) {
  std::vector<char> message(wire::kMaxControlBytes);
  const ssize_t got = receive(message.data(), message.size());
  if (got < static_cast<ssize_t>(sizeof setup.header)) return false;
  std::memcpy(&setup.header, message.data(), sizeof setup.header);
  if (setup.header.magic != wire::kMagic || setup.header.version != wire::kVersion) return false;
  if (setup.header.lanes == 0 || setup.header.lanes > wire::kMaxLanes) return false;
  if (setup.header.paths > wire::kMaxPaths) return false;
  if (setup.header.libraries > wire::kMaxLibraries) return false;
  std::size_t at = sizeof setup.header;
  const auto end = static_cast<std::size_t>(got);
  for (std::uint32_t i = 0; i < setup.header.paths + setup.header.libraries; ++i) {
    std::uint32_t size = 0;
    if (end - at < sizeof size) return false;
    std::memcpy(&size, message.data() + at, sizeof size);
    at += sizeof size;
    if (end - at < size) return false;
    auto& list = i < setup.header.paths ? setup.paths : setup.libraries;
    list.emplace_back(message.data() + at, size);
    at += size;
  }
  return at == end;
}

bool send_control(wire::Control kind, std::uint32_t number, std::string_view text, bool wait) {
  wire::ControlHeader header{kind, number};
  iovec parts[2];
  parts[0] = {&header, sizeof header};
  parts[1] = {const_cast<char*>(text.data()), std::min(text.size(), wire::kMaxTextBytes)};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  const int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
  for (;;) {
    const ssize_t sent = sendmsg(wire::kControlFd, &message, flags);
    if (sent >= 0 || errno != EINTR) return sent >= 0;
  }
}

std::optional<wire::Control> next_control() {
  wire::ControlHeader header;
  if (receive(&header, sizeof header) != static_cast<ssize_t>(sizeof header)) {
    return std::nullopt;
  }
  return header.kind;
}

}  // namespace qc::runner
