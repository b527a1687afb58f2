// Internal: one HTTP connection. The one place that includes cpp-httplib on the client side.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "sdk/base/result.hpp"

namespace qc::client {

struct HttpRequest {
  std::string method;
  std::string target;  ///< path and query, percent-encoded
  std::map<std::string, std::string> fields;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> fields;  ///< names in lower case
  std::string body;

  std::string field(const std::string& lower_name) const {
    const auto found = fields.find(lower_name);
    return found == fields.end() ? std::string() : found->second;
  }
};

/// "http://127.0.0.1:8440" taken apart.
struct Origin {
  bool tls = false;
  std::string host;
  int port = 0;
  std::string authority;  ///< host[:port], without the scheme's own port
};
/// http or https, host, optional port; no user, path or query. Error: "client.bad_url".
Result<Origin> parse_origin(const std::string& url);

/// Thread contract: one thread at a time.
class Transport {
 public:
  static std::unique_ptr<Transport> create(const Origin& origin, const std::string& ca_file,
                                           int timeout_ms);
  virtual ~Transport() = default;
  /// Keeps the connection alive between calls; answers of up to 64 MiB.
  /// Errors: "client.unreachable" (also when the answer takes too long), "client.too_large".
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace qc::client
