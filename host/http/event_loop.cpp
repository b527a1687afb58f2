#include "host/http/event_loop.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/http/event_loop_impl.hpp"

namespace qc::http {
namespace {

using std::chrono::milliseconds;

constexpr int kBacklog = 1024;
constexpr std::uint64_t kListenerId = 0;
constexpr std::uint64_t kWakeupId = 1;
constexpr int kMaxAcceptsAtOnce = 128;
constexpr milliseconds kSweepInterval{100};
// An idle connection younger than this is not closed to make room for another.
constexpr milliseconds kMinIdleBeforeEviction{1000};

struct AddressFree {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressFree>;

AddressList resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return nullptr;
  return AddressList(list);
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return (ntohl(v4->sin_addr.s_addr) >> 24U) == 127;
  }
  if (address->sa_family != AF_INET6) return false;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  if (IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) return true;
  return IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127;
}

std::string to_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw =
      address->sa_family == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr)
          : &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (inet_ntop(address->sa_family, raw, text.data(), text.size()) == nullptr) return "?";
  return text.data();
}

Error bind_failed(const std::string& where, const char* what) {
  return unavailable("http.bind_failed", "cannot listen on " + where + ": " + what);
}

}  // namespace

bool is_loopback_address(const std::string& host) {
  const auto list = resolve(host, 0);
  if (list == nullptr) return false;
  for (const addrinfo* it = list.get(); it != nullptr; it = it->ai_next) {
    if (!is_loopback(it->ai_addr)) return false;
  }
  return true;
}

Result<std::unique_ptr<EventLoop>> EventLoop::bind(LoopOptions options) {
  auto loop = std::make_unique<EventLoopImpl>(std::move(options));
  QC_TRY(loop->open());
  return std::unique_ptr<EventLoop>(std::move(loop));
}

void EventLoopImpl::start(Dispatch dispatch) {
  assert(!thread_.joinable());
  dispatch_ = std::move(dispatch);
  thread_ = std::thread([this] { run(); });
}

void EventLoopImpl::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

Status EventLoopImpl::listen() {
  const std::string where = options_.listen + ":" + std::to_string(options_.port);
  const auto list = resolve(options_.listen, options_.port);
  if (list == nullptr) return bind_failed(where, "not an address of this machine");
  const addrinfo& address = *list;
  listener_ = FileDescriptor(
      ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!listener_.valid()) return bind_failed(where, std::strerror(errno));
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener_.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(listener_.get(), kBacklog) != 0) {
    return bind_failed(where, std::strerror(errno));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return bind_failed(where, std::strerror(errno));
  }
  loopback_only_ = is_loopback(reinterpret_cast<const sockaddr*>(&bound));
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                            : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return {};
}

Status EventLoopImpl::open() {
  QC_TRY(listen());
  epoll_ = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  wakeup_ = FileDescriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event listener{EPOLLIN, {.u64 = kListenerId}};
  epoll_event wakeup{EPOLLIN, {.u64 = kWakeupId}};
  if (!epoll_.valid() || !wakeup_.valid() ||
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &listener) != 0 ||
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &wakeup) != 0) {
    return unavailable("http.bind_failed", std::string("epoll: ") + std::strerror(errno));
  }
  return {};
}

void EventLoopImpl::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof one);
}

void EventLoopImpl::complete(Completion completion) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = completions_.empty();
    completions_.push_back(std::move(completion));
  }
  if (first) wake();
}

void EventLoopImpl::run() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::array<epoll_event, 256> events{};
  auto last_sweep = Clock::now();
  for (;;) {
    const bool timers = !connections_.empty() || !accepting_ || draining_;
    const int timeout_ms = timers ? static_cast<int>(kSweepInterval.count()) : -1;
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kListenerId) {
        accept_all();
        continue;
      }
      if (event.data.u64 == kWakeupId) {
        std::uint64_t counter = 0;
        [[maybe_unused]] const auto got = ::read(wakeup_.get(), &counter, sizeof counter);
        continue;
      }
      const auto found = connections_.find(event.data.u64);
      if (found == connections_.end()) continue;  // closed earlier in this round
      Connection& connection = *found->second;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0 && connection.phase == Phase::kInFlight) {
        close(connection);  // the peer is gone; its answer will be dropped
      } else {
        step(connection);
      }
    }
    take_completions();
    const auto now = Clock::now();
    if (now - last_sweep >= kSweepInterval) {
      last_sweep = now;
      sweep(now);
    }
    if (drain(now)) return;
  }
}

void EventLoopImpl::accept_all() {
  for (int i = 0; i < kMaxAcceptsAtOnce; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    FileDescriptor fd(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // Level-triggered, the listener would spin: leave it alone until the next sweep.
        epoll_event none{0, {.u64 = kListenerId}};
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &none);
        accepting_ = false;
      }
      return;
    }
    gauges_.accepted.fetch_add(1, std::memory_order_relaxed);
    if (connections_.size() >= options_.max_connections && !make_room()) {
      refuse_connection(fd);
      continue;
    }
    const auto* address = reinterpret_cast<const sockaddr*>(&peer);
    add_connection(std::move(fd), to_text(address), is_loopback(address));
  }
}

/// Closes the connection that has been idle longest, so that idle ones cannot lock others out.
bool EventLoopImpl::make_room() {
  Connection* oldest = nullptr;
  for (const auto& [id, connection] : connections_) {
    if (!connection->parked()) continue;
    if (oldest == nullptr || connection->deadline < oldest->deadline) oldest = connection.get();
  }
  const auto idle_since = milliseconds(options_.idle_timeout_ms);
  if (oldest == nullptr ||
      Clock::now() - (oldest->deadline - idle_since) < kMinIdleBeforeEviction) {
    return false;
  }
  gauges_.evicted.fetch_add(1, std::memory_order_relaxed);
  close(*oldest);
  return true;
}

void EventLoopImpl::refuse_connection(const FileDescriptor& fd) {
  gauges_.refused.fetch_add(1, std::memory_order_relaxed);
  if (options_.tls != nullptr) return;  // no handshake is worth it
  const std::string bytes =
      render_refusal(unavailable("http.too_many_connections", "too many connections are open"));
  [[maybe_unused]] const auto sent =
      ::send(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(fd.get(), SHUT_WR);
}

void EventLoopImpl::add_connection(FileDescriptor fd, std::string peer, bool loopback) {
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto connection = std::make_unique<Connection>();
  connection->id = next_id_++;
  connection->peer = std::move(peer);
  connection->loopback = loopback;
  const bool tls = options_.tls != nullptr;
  connection->transport = tls ? options_.tls->wrap(fd.get()) : make_plain_transport(fd.get());
  if (connection->transport == nullptr) return;
  connection->fd = std::move(fd);
  connection->phase = tls ? Phase::kHandshake : Phase::kHead;
  connection->deadline =
      Clock::now() + milliseconds(tls ? options_.header_timeout_ms : options_.idle_timeout_ms);
  connection->interest = EPOLLIN;
  epoll_event event{EPOLLIN, {.u64 = connection->id}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->fd.get(), &event) != 0) return;
  count_parked(*connection);
  gauges_.open.fetch_add(1, std::memory_order_relaxed);
  connections_.emplace(connection->id, std::move(connection));
}

void EventLoopImpl::take_completions() {
  std::vector<Completion> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(completions_);
  }
  for (Completion& completion : ready) {
    const auto found = connections_.find(completion.connection);
    if (found == connections_.end()) continue;
    Connection& connection = *found->second;
    if (connection.phase != Phase::kInFlight) continue;
    gauges_.in_flight.fetch_sub(1, std::memory_order_relaxed);
    connection.in_flight_bytes = 0;
    send(connection, std::move(completion.bytes), completion.close);
  }
}

void EventLoopImpl::sweep(Clock::time_point now) {
  if (!accepting_) {
    epoll_event again{EPOLLIN, {.u64 = kListenerId}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &again);
    accepting_ = true;
  }
  std::vector<Connection*> late;
  for (const auto& [id, connection] : connections_) {
    if (connection->phase != Phase::kInFlight && connection->deadline <= now) {
      late.push_back(connection.get());
    }
  }
  for (Connection* connection : late) time_out(*connection);
}

/// True when the loop may end.
bool EventLoopImpl::drain(Clock::time_point now) {
  if (!draining_) {
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_) return false;
    }
    draining_ = true;
    drain_deadline_ = now + milliseconds(options_.drain_timeout_ms);
    listener_.reset();
  }
  std::vector<Connection*> idle;
  for (const auto& [id, connection] : connections_) {
    const Phase phase = connection->phase;
    const bool busy = phase == Phase::kInFlight || phase == Phase::kWriting;
    if (!busy || now >= drain_deadline_) idle.push_back(connection.get());
  }
  for (Connection* connection : idle) close(*connection);
  return connections_.empty();
}

}  // namespace qc::http
