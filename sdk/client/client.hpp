// The HTTP client for consumers, wallets, console and command line: signs requests, checks
// responses, keeps the trusted host key.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::client {

struct ClientOptions {
  std::string url;                                ///< "http://127.0.0.1:8440" or https
  std::optional<crypto::PrivateKey> key;          ///< signs requests when present
  std::optional<crypto::PublicKey> trusted_host;  ///< pinned; else learned from /v1/network
  std::string trusted_chain;                      ///< pinned; else learned
  std::string ca_file;                            ///< for https
  int timeout_ms = 10000;
};

struct Submitted {
  std::string tx;     ///< id
  std::string bytes;  ///< the transaction as signed
  std::uint64_t index = 0;
  proof::Receipt receipt;     ///< already verified against the trusted host key
  std::string decision = {};  ///< of a proposal that was opened or voted on: its state; else ""
};

/// One connection. Thread contract: calls are serialised inside; one client per thread is faster.
class Client {
 public:
  /// Learns or checks chain and host key. Errors: "client.unreachable", "client.wrong_chain",
  /// "client.wrong_host_key".
  static Result<std::unique_ptr<Client>> connect(ClientOptions options);
  virtual ~Client() = default;

  virtual const std::string& chain() const = 0;
  virtual const crypto::PublicKey& host_key() const = 0;

  /// `path` with query. A problem document becomes an Error with its code, field, side and txn_id;
  /// a signed response with a bad signature is "client.bad_response_signature".
  virtual Result<Json> get(const std::string& path) = 0;
  virtual Result<Json> post(const std::string& path, const Json& body) = 0;
  virtual Result<Json> del(const std::string& path, const Json& body) = 0;
  /// Signs a transaction with options.key, POSTs it, verifies the receipt.
  virtual Result<Submitted> submit(const std::string& op, const Json& body) = 0;
  /// Signs transactions with options.key and POSTs them in one request (at most 100, 1 MiB); they
  /// are applied in this order. One outcome for each, in order: as submit(), so a receipt that does
  /// not hold is an Error in its place. Error of the whole: the request's own.
  struct Intent {
    std::string op;
    Json body;
  };
  virtual Result<std::vector<Result<Submitted>>> submit_batch(
      const std::vector<Intent>& transactions) = 0;
  /// Signs without sending: for bodies that carry a transaction.
  virtual Result<std::string> sign_transaction(const std::string& op, const Json& body) = 0;
};

}  // namespace qc::client
