// Internal to the event loop: one connection and its state.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "host/http/request_head.hpp"
#include "host/http/transport.hpp"

namespace qc::http {

using Clock = std::chrono::steady_clock;

enum class Phase {
  kHandshake,  ///< TLS
  kHead,       ///< parked while `in` is empty, else a head is coming
  kBody,
  kInFlight,  ///< a worker has the request
  kWriting,
  kLingering,  ///< all is said; what the peer still sends is thrown away, so that it can read it
};

struct Connection {
  std::uint64_t id = 0;
  FileDescriptor fd;  // declared before `transport`: closed after it
  std::unique_ptr<Transport> transport;
  Phase phase = Phase::kHead;
  std::uint32_t interest = 0;  ///< what epoll was told
  Clock::time_point deadline;

  std::string in;           ///< received, not yet consumed
  std::size_t scanned = 0;  ///< of `in`, already searched for the end of the head
  RequestHead head;
  std::size_t head_bytes = 0;  ///< of `in`, the head with its empty line

  std::string out;
  std::size_t out_sent = 0;
  bool close_after_write = false;
  bool linger = false;       ///< close by way of kLingering
  std::size_t lingered = 0;  ///< bytes thrown away
  std::size_t in_flight_bytes = 0;
  std::size_t charged = 0;  ///< against max_buffered_bytes

  std::string peer;
  bool loopback = false;
  bool counted_parked = false;

  bool parked() const { return phase == Phase::kHead && in.empty(); }
};

}  // namespace qc::http
