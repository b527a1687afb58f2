#include "host/plugin/name_lookup.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>

#include "host/plugin/answer.hpp"
#include "sdk/base/file_descriptor.hpp"

namespace qc::plugin {
namespace {

AddressList ask_resolver(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  return AddressList(getaddrinfo(host.c_str(), port.c_str(), &hints, &list) == 0 ? list : nullptr);
}

}  // namespace

/// Shared by who asks and who waits: either may go first.
struct NameLookup::Question {
  std::string host, port;
  FileDescriptor answered;
  std::mutex mutex;
  AddressList found;
};

int NameLookup::find(const std::string& host, const std::string& port, std::int64_t deadline_ms,
                     int hangup, AddressList& found) const {
  found = ask_resolver(host, port, AI_NUMERICHOST);
  if (found) return 0;
  const auto question = std::make_shared<Question>();
  question->host = host;
  question->port = port;
  question->answered = FileDescriptor(eventfd(0, EFD_CLOEXEC));
  if (!question->answered.valid()) return errno;
  if (open_->fetch_add(1) >= kMostOpen) {
    --*open_;
    return EAGAIN;
  }
  try {
    std::thread([question, open = open_] {
      AddressList list = ask_resolver(question->host, question->port, 0);
      {
        const std::lock_guard lock(question->mutex);
        question->found = std::move(list);
      }
      --*open;
      static_cast<void>(eventfd_write(question->answered.get(), 1));
    }).detach();
  } catch (const std::system_error&) {
    --*open_;
    return EAGAIN;
  }
  for (;;) {
    pollfd both[2] = {{question->answered.get(), POLLIN, 0}, {hangup, POLLRDHUP, 0}};
    const auto left = std::max<std::int64_t>(deadline_ms - wall_ms(), 0);
    const int ready = poll(both, 2, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return errno;
    if (ready > 0 && both[1].revents != 0) return ECANCELED;
    if (ready > 0 && both[0].revents != 0) break;
    if (ready == 0) return ETIMEDOUT;
  }
  const std::lock_guard lock(question->mutex);
  found = std::move(question->found);
  return found ? 0 : EHOSTUNREACH;
}

}  // namespace qc::plugin
