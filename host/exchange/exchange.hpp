// The flows 数据流转: where chain, safe box and plugins meet.
#pragma once

#include <memory>
#include <string>

#include "host/chain/ledger.hpp"
#include "host/exchange/rate_limit.hpp"
#include "host/plugin/manager.hpp"
#include "sdk/base/json.hpp"

namespace qc::safebox {
class Vault;
}

namespace qc::exchange {

struct ExchangeOptions {
  std::string identity_plugin;  ///< plugin that proves identity
  int plugin_timeout_ms = 1000;
  RateLimit::Options routes;  ///< calls of one account to one product's own routes
};

/// A call of a product's own route.
struct RouteRequest {
  std::string caller;  ///< authenticated account
  std::string kind;    ///< of it
  bool member = false;
  std::string product, method, path;
  Json query = Json::object();  ///< texts by name
  Json body = Json::object();
  std::size_t body_bytes = 0;  ///< of the body as it came
};

/// What the flows stand on. All outlive the exchange.
struct ExchangeParts {
  chain::Ledger& ledger;
  plugin::Manager& plugins;
  safebox::Vault& vault;
  crypto::PrivateKey registrar_key;
};

/// Each call takes a parsed JSON body as docs/formats.md describes and returns the answer body.
/// `caller` is the authenticated account. Any thread, concurrently.
class Exchange {
 public:
  /// Also finishes what a crash left half-done: an access that was opened and never released is
  /// released as failed, ciphertext that no ledger entry names is deleted.
  static Result<std::unique_ptr<Exchange>> create(ExchangeOptions options, ExchangeParts parts);
  virtual ~Exchange() = default;

  /// POST /v1/accounts:open. `key` = the key that signed the HTTP request.
  virtual Result<Json> open_account(const crypto::PublicKey& key, const Json& body) = 0;
  /// POST /v1/accounts:recover, as open_account; POST /v1/accounts:prove.
  virtual Result<Json> recover_account(const crypto::PublicKey& key, const Json& body) = 0;
  virtual Result<Json> prove_account(const std::string& caller, const Json& body) = 0;
  /// POST /v1/assets:issue.
  virtual Result<Json> issue_asset(const std::string& caller, const Json& body) = 0;
  /// GET /v1/assets, /v1/assets/{id}; DELETE.
  virtual Result<Json> list_assets(const std::string& caller) = 0;
  virtual Result<Json> get_asset(const std::string& caller, const std::string& asset) = 0;
  virtual Result<Json> erase_asset(const std::string& caller, const std::string& asset,
                                   const Json& body) = 0;
  /// GET /v1/requests, /v1/grants, /v1/accesses and one of each, as a party to them.
  virtual Result<Json> list_requests(const std::string& caller) = 0;
  virtual Result<Json> get_request(const std::string& caller, const std::string& request) = 0;
  virtual Result<Json> list_grants(const std::string& caller) = 0;
  virtual Result<Json> get_grant(const std::string& caller, const std::string& grant) = 0;
  virtual Result<Json> list_accesses(const std::string& caller) = 0;
  virtual Result<Json> get_access(const std::string& caller, const std::string& access) = 0;
  /// POST /v1/grants.
  virtual Result<Json> create_grant(const std::string& caller, const Json& body) = 0;
  /// POST /v1/accesses: open on the ledger, call the product plugin, release on the ledger, answer.
  virtual Result<Json> access(const std::string& caller, const Json& body) = 0;
  /// GET, POST /v1/products/{id}/{path}: what the product's plugin answers. Errors:
  /// "product.not_found", "product.no_such_route", "product.too_many_calls", "auth.forbidden",
  /// "http.body_too_large", "plugin.…", the plugin's own.
  virtual Result<Json> product_route(const RouteRequest& request) = 0;
  /// GET /v1/products/{id}:due: what the product's schedule asks for now.
  virtual Result<Json> due_accesses(const std::string& caller, const std::string& product) = 0;
};

}  // namespace qc::exchange
