// The HTTP face of the host: sockets, limits, request authentication, routes, problems, metrics.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/centre/centre.hpp"
#include "host/chain/ledger.hpp"
#include "host/chain/witnesses.hpp"
#include "host/exchange/exchange.hpp"
#include "host/plugin/manager.hpp"
#include "host/supervision/supervision.hpp"

namespace qc::http {

/// What routes call. All outlive the server.
struct Services {
  chain::Ledger& ledger;
  exchange::Exchange& exchange;
  plugin::Manager& plugins;
  centre::Centre& centre;
  supervision::Supervision& supervision;
  chain::Witnesses& witnesses;
};

struct ServerOptions {
  std::string listen = "127.0.0.1";
  int port = 0;                          ///< 0 = any free port
  std::string tls_certificate, tls_key;  ///< PEM files; required unless `listen` is loopback
  std::size_t workers = 8;               ///< threads that run requests, in each lane
  std::size_t max_connections = 4096;
  std::size_t max_body_bytes = 1U << 20U;
  std::size_t max_header_bytes = 16U << 10U;
  int header_timeout_ms = 5000;  ///< whole request head
  int body_timeout_ms = 15000;   ///< whole body
  int idle_timeout_ms = 60000;   ///< keep-alive without a request
  int write_timeout_ms = 15000;  ///< a response of up to 256 KiB; longer ones get more
  std::size_t max_buffered_bytes = 256U << 20U;  ///< over all connections
  std::vector<std::string> authorities;          ///< names in Host that are answered; empty: any
  std::string page_dir;                          ///< safe box page to serve under "/", or ""
};

class Server {
 public:
  /// Binds, listens and serves. Errors: "http.bind_failed", "http.tls_required",
  /// "http.tls_invalid".
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Services services,
                                               crypto::PrivateKey host_key);
  virtual ~Server() = default;  ///< stops accepting, finishes requests in flight, joins
  virtual int port() const = 0;
};

}  // namespace qc::http
