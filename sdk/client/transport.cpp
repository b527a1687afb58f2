#include "sdk/client/transport.hpp"

#include <charconv>
#include <csignal>

#include <httplib.h>

namespace qc::client {
namespace {

constexpr std::size_t kMaxAnswer = 64U << 20U;

/// httplib writes with plain send(): a peer that is gone would raise SIGPIPE and end the process.
/// Blocks the signal for this thread and takes away what came meanwhile.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeGuard() {
    if (!was_pending_) {
      const timespec now{0, 0};
      while (sigtimedwait(&pipe_, nullptr, &now) == SIGPIPE) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

std::string to_lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

class HttplibTransport final : public Transport {
 public:
  HttplibTransport(const Origin& origin, const std::string& ca_file, int timeout_ms)
      : authority_(origin.authority),
        client_((origin.tls ? "https://" : "http://") + origin.host + ":" +
                std::to_string(origin.port)) {
    const std::chrono::milliseconds timeout(timeout_ms);
    client_.set_connection_timeout(timeout);
    client_.set_read_timeout(timeout);
    client_.set_write_timeout(timeout);
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_follow_location(false);
    client_.set_decompress(false);
    // The target is signed as it stands: httplib must not encode it again.
    client_.set_url_encode(false);
    if (origin.tls) {
      if (!ca_file.empty()) client_.set_ca_cert_path(ca_file.c_str());
      client_.enable_server_certificate_verification(true);
    }
  }

  Result<HttpResponse> send(const HttpRequest& request) override {
    const SigpipeGuard guard;
    httplib::Request out;
    out.method = request.method;
    out.path = request.target;
    out.body = request.body;
    out.set_header("Host", authority_);
    for (const auto& [name, value] : request.fields) out.set_header(name, value);
    HttpResponse answer;
    bool too_large = false;
    out.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      too_large = answer.body.size() + size > kMaxAnswer;
      if (!too_large) answer.body.append(data, size);
      return !too_large;
    };
    const auto result = client_.send(out);
    if (too_large) {
      return Error{ErrorKind::kTooLarge,
                   "client.too_large",
                   "the answer is over 64 MiB",
                   {},
                   Side::kPlatform};
    }
    if (!result) return failure(result.error());
    answer.status = result->status;
    for (const auto& [name, value] : result->headers) {
      answer.fields.emplace(to_lower(name), value);
    }
    return answer;
  }

 private:
  Error failure(httplib::Error error) const {
    const std::string what = httplib::to_string(error);
    return unavailable("client.unreachable", "no answer from " + authority_ + " (" + what + ")");
  }

  std::string authority_;
  httplib::Client client_;
};

Error bad_url(const char* what) { return invalid("client.bad_url", what, "url"); }

Result<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535) {
    return bad_url("the port must be 1 to 65535");
  }
  return port;
}

}  // namespace

Result<Origin> parse_origin(const std::string& url) {
  Origin out;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    out.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return bad_url("must start with http:// or https://");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos) {
    return bad_url("must be scheme, host and port only");
  }
  const int own_port = out.tls ? 443 : 80;
  out.port = own_port;
  const auto bracket = rest.rfind(']');
  const auto colon = rest.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port) {
    QC_ASSIGN(out.port, parse_port(rest.substr(colon + 1)));
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) return bad_url("the host is missing");
  out.host = to_lower(std::string(rest));
  out.authority = out.host;
  if (out.port != own_port) out.authority += ":" + std::to_string(out.port);
  return out;
}

std::unique_ptr<Transport> Transport::create(const Origin& origin, const std::string& ca_file,
                                             int timeout_ms) {
  return std::make_unique<HttplibTransport>(origin, ca_file, timeout_ms);
}

}  // namespace qc::client
