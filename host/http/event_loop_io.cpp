#include <sys/epoll.h>

#include "host/http/event_loop_impl.hpp"
#include "sdk/http/problem.hpp"

namespace qc::http {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadsAtOnce = 8;  // then other connections get their turn
constexpr std::size_t kKeepBuffer = 4U << 10U;
constexpr std::size_t kWriteAllowanceBytes = 256U << 10U;
constexpr std::size_t kWriteBytesPerSecond = 32U << 10U;  // slowest reader that is waited for
constexpr milliseconds kLinger{1000};
constexpr std::size_t kMaxLingerBytes = 4U << 20U;

std::string_view reason(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

}  // namespace

std::string render_refusal(const Error& error) {
  const int status = status_for(error);
  const std::string body = to_problem(error, status).dump();
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(reason(status)).append("\r\nContent-Type: ").append(kProblemType);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  if (error.retryable) out.append("\r\nRetry-After: 1");
  out.append("\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n").append(body);
  return out;
}

bool EventLoopImpl::step(Connection& connection) {
  switch (connection.phase) {
    case Phase::kHandshake:
      return step_handshake(connection);
    case Phase::kHead:
    case Phase::kBody:
      return step_read(connection);
    case Phase::kInFlight:
      // Pipelined bytes stay in the kernel until this answer is written.
      watch(connection, 0);
      return true;
    case Phase::kWriting:
      return step_write(connection);
    case Phase::kLingering:
      return step_linger(connection);
  }
  return true;
}

bool EventLoopImpl::step_handshake(Connection& connection) {
  switch (connection.transport->handshake().state) {
    case IoState::kDone:
      park(connection);
      watch(connection, EPOLLIN);
      return step_read(connection);
    case IoState::kWantRead:
      watch(connection, EPOLLIN);
      return true;
    case IoState::kWantWrite:
      watch(connection, EPOLLOUT);
      return true;
    case IoState::kClosed:
      break;
  }
  close(connection);
  return false;
}

bool EventLoopImpl::step_read(Connection& connection) {
  for (std::size_t i = 0; i < kReadsAtOnce; ++i) {
    const IoResult got = connection.transport->read(scratch_.data(), scratch_.size());
    if (got.state == IoState::kClosed) {
      close(connection);
      return false;
    }
    if (got.state != IoState::kDone) {
      watch(connection, got.state == IoState::kWantWrite ? EPOLLOUT : EPOLLIN);
      return charge(connection);
    }
    connection.in.append(scratch_, 0, got.bytes);
    if (!charge(connection) || !advance(connection)) return false;
    const bool reading = connection.phase == Phase::kHead || connection.phase == Phase::kBody;
    // A short read means that the socket is empty: saves the call that would only say so.
    if (!reading || (got.bytes < scratch_.size() && !connection.transport->pending())) return true;
  }
  return true;
}

/// Uses up what `in` holds until more is needed or a request is with a worker.
bool EventLoopImpl::advance(Connection& connection) {
  if (connection.phase == Phase::kHead && !advance_head(connection)) return false;
  if (connection.phase == Phase::kBody && !advance_body(connection)) return false;
  return true;
}

bool EventLoopImpl::advance_head(Connection& connection) {
  std::string& in = connection.in;
  // RFC 9112 section 2.2: empty lines before a request line are skipped.
  std::size_t blank = 0;
  while (in.compare(blank, 2, "\r\n") == 0) blank += 2;
  if (blank != 0) {
    in.erase(0, blank);
    connection.scanned = 0;
  }
  if (in.empty()) return true;
  if (connection.scanned == 0) {
    connection.deadline = Clock::now() + milliseconds(options_.header_timeout_ms);
    count_parked(connection);
  }
  const auto end = in.find("\r\n\r\n", connection.scanned < 3 ? 0 : connection.scanned - 3);
  connection.scanned = in.size();
  const bool whole = end != std::string::npos;
  if ((whole ? end : in.size()) > options_.max_header_bytes) {
    return refuse(connection, invalid("http.headers_too_large",
                                      "the request head may have " +
                                          std::to_string(options_.max_header_bytes) + " bytes"));
  }
  return whole ? begin_body(connection, end) : true;
}

bool EventLoopImpl::begin_body(Connection& connection, std::size_t head_end) {
  auto head = parse_request_head(std::string_view(connection.in).substr(0, head_end));
  if (!head.ok()) return refuse(connection, head.error());
  connection.head = std::move(*head);
  connection.head_bytes = head_end + 4;
  const std::size_t length = connection.head.content_length;
  if (length > options_.max_body_bytes) {
    return refuse(connection,
                  {ErrorKind::kTooLarge, "http.body_too_large",
                   "the body may have " + std::to_string(options_.max_body_bytes) + " bytes",
                   "Content-Length"});
  }
  connection.phase = Phase::kBody;
  connection.deadline = Clock::now() + milliseconds(options_.body_timeout_ms);
  if (connection.head.expects_continue && connection.in.size() < connection.head_bytes + length) {
    // When it does not fit into the socket's empty buffer the peer sends after its own wait.
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    (void)connection.transport->write(kContinue.data(), kContinue.size());
  }
  return true;
}

bool EventLoopImpl::advance_body(Connection& connection) {
  const std::size_t whole = connection.head_bytes + connection.head.content_length;
  if (connection.in.size() < whole) return true;
  auto request = std::make_shared<Request>();
  request->connection = connection.id;
  request->head = std::move(connection.head);
  request->body = connection.in.substr(connection.head_bytes, request->head.content_length);
  request->peer = connection.peer;
  request->loopback = connection.loopback;
  request->tls = options_.tls != nullptr;
  request->received = Clock::now();
  connection.in.erase(0, whole);
  if (connection.in.empty() && connection.in.capacity() > kKeepBuffer) {
    std::string().swap(connection.in);  // parked connections are many: they keep little
  }
  connection.scanned = 0;
  connection.head = {};
  connection.in_flight_bytes = whole;
  connection.phase = Phase::kInFlight;
  gauges_.in_flight.fetch_add(1, std::memory_order_relaxed);
  if (!charge(connection)) return false;
  dispatch_(std::move(request));
  return true;
}

bool EventLoopImpl::send(Connection& connection, std::string bytes, bool close_after) {
  connection.out = std::move(bytes);
  connection.out_sent = 0;
  connection.close_after_write = close_after || draining_;
  connection.phase = Phase::kWriting;
  const std::size_t size = connection.out.size();
  const auto extra_s = size > kWriteAllowanceBytes ? size / kWriteBytesPerSecond : 0;
  connection.deadline = Clock::now() + milliseconds(options_.write_timeout_ms) +
                        std::chrono::seconds(static_cast<std::int64_t>(extra_s));
  charge(connection);
  return step_write(connection);
}

bool EventLoopImpl::step_write(Connection& connection) {
  while (connection.out_sent < connection.out.size()) {
    const IoResult put = connection.transport->write(connection.out.data() + connection.out_sent,
                                                     connection.out.size() - connection.out_sent);
    if (put.state == IoState::kClosed) {
      close(connection);
      return false;
    }
    if (put.state != IoState::kDone) {
      watch(connection, put.state == IoState::kWantRead ? EPOLLIN : EPOLLOUT);
      return true;
    }
    connection.out_sent += put.bytes;
  }
  return after_write(connection);
}

bool EventLoopImpl::after_write(Connection& connection) {
  std::string().swap(connection.out);
  connection.out_sent = 0;
  if (connection.close_after_write) {
    connection.transport->finish_writing();
    if (!connection.linger) {
      close(connection);
      return false;
    }
    connection.phase = Phase::kLingering;
    connection.deadline = Clock::now() + kLinger;
    std::string().swap(connection.in);
    charge(connection);
    watch(connection, EPOLLIN);
    return true;
  }
  park(connection);
  watch(connection, EPOLLIN);
  if (!charge(connection)) return false;
  if (!connection.in.empty() && !advance(connection)) return false;
  if (connection.phase != Phase::kInFlight && connection.transport->pending()) {
    return step_read(connection);
  }
  return true;
}

bool EventLoopImpl::step_linger(Connection& connection) {
  for (std::size_t i = 0; i < kReadsAtOnce; ++i) {
    const IoResult got = connection.transport->read(scratch_.data(), scratch_.size());
    if (got.state == IoState::kDone) {
      connection.lingered += got.bytes;
      if (connection.lingered <= kMaxLingerBytes) continue;
    } else if (got.state != IoState::kClosed) {
      return true;
    }
    close(connection);
    return false;
  }
  return true;
}

bool EventLoopImpl::refuse(Connection& connection, const Error& error) {
  gauges_.malformed.fetch_add(1, std::memory_order_relaxed);
  // Closing with unread bytes resets the connection, and the peer may lose the answer.
  connection.linger = true;
  return send(connection, render_refusal(error), true);
}

bool EventLoopImpl::time_out(Connection& connection) {
  const bool half_sent = (connection.phase == Phase::kHead && !connection.in.empty()) ||
                         connection.phase == Phase::kBody;
  if (connection.phase == Phase::kWriting || half_sent) {
    gauges_.timed_out.fetch_add(1, std::memory_order_relaxed);
  }
  if (!half_sent) {
    close(connection);
    return false;
  }
  const bool head = connection.phase == Phase::kHead;
  return refuse(connection, {ErrorKind::kTimeout,
                             "http.timeout",
                             head ? "the request head did not arrive in time"
                                  : "the request body did not arrive in time",
                             {},
                             Side::kClient,
                             true});
}

void EventLoopImpl::park(Connection& connection) {
  connection.phase = Phase::kHead;
  connection.scanned = 0;
  connection.deadline = Clock::now() + milliseconds(options_.idle_timeout_ms);
  count_parked(connection);
}

/// Keeps the account of buffered bytes. Over the bound the connection that wants more is refused.
bool EventLoopImpl::charge(Connection& connection) {
  count_parked(connection);
  const std::size_t now =
      connection.in.capacity() + connection.out.size() + connection.in_flight_bytes;
  buffered_ = buffered_ - connection.charged + now;
  connection.charged = now;
  gauges_.buffered_bytes.store(static_cast<std::int64_t>(buffered_), std::memory_order_relaxed);
  const bool receiving = connection.phase == Phase::kHead || connection.phase == Phase::kBody;
  if (buffered_ <= options_.max_buffered_bytes || !receiving || connection.in.empty()) return true;
  std::string().swap(connection.in);
  refuse(connection, unavailable("http.overloaded", "too much is in flight; try again"));
  return false;
}

void EventLoopImpl::watch(Connection& connection, std::uint32_t interest) {
  if (connection.interest == interest) return;
  connection.interest = interest;
  epoll_event event{interest, {.u64 = connection.id}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event);
}

void EventLoopImpl::count_parked(Connection& connection) {
  if (connection.parked() == connection.counted_parked) return;
  connection.counted_parked = !connection.counted_parked;
  gauges_.parked.fetch_add(connection.counted_parked ? 1 : -1, std::memory_order_relaxed);
}

void EventLoopImpl::close(Connection& connection) {
  if (connection.phase == Phase::kInFlight) {
    gauges_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  }
  if (connection.counted_parked) gauges_.parked.fetch_sub(1, std::memory_order_relaxed);
  gauges_.open.fetch_sub(1, std::memory_order_relaxed);
  buffered_ -= connection.charged;
  gauges_.buffered_bytes.store(static_cast<std::int64_t>(buffered_), std::memory_order_relaxed);
  connections_.erase(connection.id);  // closing the descriptor takes it out of epoll
}

}  // namespace qc::http
