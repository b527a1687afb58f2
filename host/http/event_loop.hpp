// Sockets of the HTTP server: one thread, epoll, everything bounded. Workers are lent only to whole
// requests, so that idle, slow and half-sent ones cost a buffer and nothing else.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "host/http/message.hpp"
#include "host/http/transport.hpp"

namespace qc::http {

struct LoopOptions {
  std::string listen = "127.0.0.1";
  int port = 0;
  std::size_t max_connections = 4096;
  std::size_t max_header_bytes = 16U << 10U;
  std::size_t max_body_bytes = 1U << 20U;
  std::size_t max_buffered_bytes = 256U << 20U;  ///< over all connections
  int header_timeout_ms = 5000;
  int body_timeout_ms = 15000;
  int idle_timeout_ms = 60000;
  int write_timeout_ms = 15000;     ///< for a response of up to 256 KiB; longer ones get more
  int drain_timeout_ms = 10000;     ///< for requests in flight at stop()
  std::shared_ptr<TlsContext> tls;  ///< null: plain
};

/// Rendered answer to the request in flight on a connection.
struct Completion {
  std::uint64_t connection = 0;
  std::string bytes;
  bool close = false;
};

/// Read by /metrics from any thread.
struct LoopGauges {
  std::atomic<std::uint64_t> accepted{0};   ///< since start
  std::atomic<std::uint64_t> refused{0};    ///< over the bound, answered 503
  std::atomic<std::uint64_t> evicted{0};    ///< idle ones closed to make room
  std::atomic<std::uint64_t> timed_out{0};  ///< slow heads, bodies, readers
  std::atomic<std::uint64_t> malformed{0};  ///< answered by the loop itself with a 4xx or 5xx
  std::atomic<std::int64_t> open{0};
  std::atomic<std::int64_t> parked{0};     ///< idle between requests
  std::atomic<std::int64_t> in_flight{0};  ///< with a worker
  std::atomic<std::int64_t> buffered_bytes{0};
};

class EventLoop {
 public:
  using Dispatch = std::function<void(std::shared_ptr<const Request>)>;

  /// Binds and listens (backlog 1024); nothing is answered before start().
  /// Error: "http.bind_failed".
  static Result<std::unique_ptr<EventLoop>> bind(LoopOptions options);
  virtual ~EventLoop() = default;  ///< stops, if that has not been done

  /// `dispatch` is called on the loop's thread and must only hand the request over; each request
  /// must be answered by exactly one complete(). Once.
  virtual void start(Dispatch dispatch) = 0;
  /// Stops accepting, lets requests in flight finish (up to drain_timeout_ms), joins. complete()
  /// may still be called afterwards, and does nothing.
  virtual void stop() = 0;

  /// Any thread. Answers to connections that are gone are dropped.
  virtual void complete(Completion completion) = 0;
  virtual int port() const = 0;
  virtual bool loopback_only() const = 0;
  virtual const LoopGauges& gauges() const = 0;
};

/// True when `host` resolves to loopback addresses only.
bool is_loopback_address(const std::string& host);

}  // namespace qc::http
