#include "host/http/transport.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace qc::http {
namespace {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int fd) : fd_(fd) {}
  IoResult handshake() override { return {IoState::kDone, 0}; }
  IoResult read(char* data, std::size_t size) override {
    return outcome(::recv(fd_, data, size, MSG_DONTWAIT), IoState::kWantRead);
  }
  IoResult write(const char* data, std::size_t size) override {
    return outcome(::send(fd_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL), IoState::kWantWrite);
  }
  bool pending() const override { return false; }
  void finish_writing() override { ::shutdown(fd_, SHUT_WR); }

 private:
  static IoResult outcome(ssize_t moved, IoState blocked) {
    if (moved > 0) return {IoState::kDone, static_cast<std::size_t>(moved)};
    // EINTR is treated as "try again": the level-triggered poll comes back at once.
    if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      return {blocked, 0};
    }
    return {IoState::kClosed, 0};
  }
  int fd_;
};

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

/// SSL over the socket itself. SSL_write may raise SIGPIPE where send() would not: the event loop
/// blocks that signal for its own thread.
class TlsTransport final : public Transport {
 public:
  TlsTransport(std::unique_ptr<SSL, SslFree> ssl, int fd) : ssl_(std::move(ssl)), fd_(fd) {}
  IoResult handshake() override {
    ERR_clear_error();
    return outcome(SSL_accept(ssl_.get()), 0);
  }
  IoResult read(char* data, std::size_t size) override {
    ERR_clear_error();
    std::size_t moved = 0;
    const int ok = SSL_read_ex(ssl_.get(), data, size, &moved);
    return outcome(ok, moved);
  }
  IoResult write(const char* data, std::size_t size) override {
    ERR_clear_error();
    std::size_t moved = 0;
    const int ok = SSL_write_ex(ssl_.get(), data, size, &moved);
    return outcome(ok, moved);
  }
  bool pending() const override { return SSL_has_pending(ssl_.get()) == 1; }
  void finish_writing() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ::shutdown(fd_, SHUT_WR);
  }

 private:
  IoResult outcome(int returned, std::size_t moved) const {
    if (returned == 1) return {IoState::kDone, moved};
    switch (SSL_get_error(ssl_.get(), returned)) {
      case SSL_ERROR_WANT_READ:
        return {IoState::kWantRead, 0};
      case SSL_ERROR_WANT_WRITE:
        return {IoState::kWantWrite, 0};
      default:
        return {IoState::kClosed, 0};
    }
  }
  std::unique_ptr<SSL, SslFree> ssl_;
  int fd_;
};

class TlsContextImpl final : public TlsContext {
 public:
  explicit TlsContextImpl(std::unique_ptr<SSL_CTX, ContextFree> context)
      : context_(std::move(context)) {}
  std::unique_ptr<Transport> wrap(int fd) const override {
    std::unique_ptr<SSL, SslFree> ssl(SSL_new(context_.get()));
    if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
    return std::make_unique<TlsTransport>(std::move(ssl), fd);
  }

 private:
  std::unique_ptr<SSL_CTX, ContextFree> context_;
};

Error tls_invalid(const char* what) {
  // OpenSSL's queue may quote file names, never key material.
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string message = what;
  if (reason != nullptr) message.append(": ").append(reason);
  ERR_clear_error();
  return invalid("http.tls_invalid", std::move(message));
}

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int fd) {
  return std::make_unique<PlainTransport>(fd);
}

Result<std::shared_ptr<TlsContext>> TlsContext::load(const std::string& certificate,
                                                     const std::string& key) {
  std::unique_ptr<SSL_CTX, ContextFree> context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return tls_invalid("TLS is not available");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    return tls_invalid("the certificate file cannot be used");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_invalid("the key file cannot be used");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return tls_invalid("key and certificate do not belong together");
  }
  return std::shared_ptr<TlsContext>(std::make_shared<TlsContextImpl>(std::move(context)));
}

}  // namespace qc::http
