// What the console needs of a host. One real implementation: gui/console/host_api.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gui/console/model/data.hpp"
#include "sdk/base/json.hpp"

namespace qc::console {

/// A signed connection. Thread contract: one thread at a time; calls block.
class Api {
 public:
  virtual ~Api() = default;
  virtual std::string chain() const = 0;
  virtual std::string host_kid() const = 0;
  virtual bool host_key_pinned() const = 0;
  /// Key identifier of the signed-in key.
  virtual std::string kid() const = 0;
  /// `path` with query, from "/v1". Errors: the problem's code, "client.*".
  virtual Result<Json> get(const std::string& path) = 0;
  virtual Result<Json> post(const std::string& path, const Json& body) = 0;
  /// Checks a receipt against the trusted host key; a failure is a value.
  virtual ReceiptCheck check_receipt(const std::string& transaction, const Json& receipt) = 0;
  /// Opens a tree head against the trusted host key; a failure is a value.
  virtual Head check_head(const std::string& jws) = 0;
};

struct SignInRequest {
  std::string url;
  std::string key_file;
  std::string passphrase;       ///< used when `passphrase_file` is empty
  std::string passphrase_file;  ///< mode 0600
  std::string trust_file;       ///< JSON {"chain","host_jwk"} to pin, or ""
  std::string ca_file;          ///< for https, or ""
};

/// Reads the key and connects. Errors: "keystore.*", "key.*", "client.*".
using Connect = std::function<Result<std::unique_ptr<Api>>(const SignInRequest&)>;

}  // namespace qc::console
