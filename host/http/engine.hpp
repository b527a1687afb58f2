// cpp-httplib, fed from memory: the one place that includes it on the server side.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/http/message.hpp"

namespace qc::http {

/// Runs one whole request through httplib::Server::process_request over a stream in memory and
/// returns the response as bytes. httplib frames messages; it owns no socket, no thread and no
/// route here. Thread contract: one engine, one thread.
class Engine {
 public:
  using Handler = std::function<Response(const Request&)>;
  static std::unique_ptr<Engine> create();
  virtual ~Engine() = default;
  /// `handler` runs inside, and must not throw.
  virtual std::string process(const Request& request, const Handler& handler) = 0;
};

}  // namespace qc::http
