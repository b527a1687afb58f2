// A whole request and a whole response, as they pass between event loop, workers and routes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/http/request_head.hpp"

namespace qc::http {

struct Request {
  std::uint64_t connection = 0;  ///< event loop's id
  RequestHead head;
  std::string body;
  std::string peer;       ///< textual IP address
  bool loopback = false;  ///< the peer is on this machine
  bool tls = false;
  std::chrono::steady_clock::time_point received;  ///< when the last byte was there
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;  ///< further header fields
};

}  // namespace qc::http
