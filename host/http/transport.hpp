// One non-blocking byte stream: plain TCP or TLS.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "sdk/base/file_descriptor.hpp"
#include "sdk/base/result.hpp"

namespace qc::http {

enum class IoState { kDone, kWantRead, kWantWrite, kClosed };

struct IoResult {
  IoState state = IoState::kClosed;
  std::size_t bytes = 0;  ///< moved, when kDone
};

/// Thread contract: the event loop's thread only. Nothing here blocks.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual IoResult handshake() = 0;
  virtual IoResult read(char* data, std::size_t size) = 0;
  virtual IoResult write(const char* data, std::size_t size) = 0;
  /// Bytes are waiting that epoll does not know of.
  virtual bool pending() const = 0;
  /// Says that nothing more will be written.
  virtual void finish_writing() = 0;
};

std::unique_ptr<Transport> make_plain_transport(int fd);

/// Server side of TLS 1.2 and 1.3. Any thread.
class TlsContext {
 public:
  /// PEM files. Error: "http.tls_invalid".
  static Result<std::shared_ptr<TlsContext>> load(const std::string& certificate,
                                                  const std::string& key);
  virtual ~TlsContext() = default;
  /// Null when memory is exhausted.
  virtual std::unique_ptr<Transport> wrap(int fd) const = 0;
};

}  // namespace qc::http
