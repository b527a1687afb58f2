// What every flow stands on, and the few reads of ledger state that they share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/exchange/exchange.hpp"
#include "host/safebox/vault.hpp"

namespace qc::exchange {

/// Shared by the flows; owns nothing that changes. Any thread.
struct Context {
  ExchangeOptions options;
  ExchangeParts parts;

  /// One document of the durable state.
  std::optional<Json> get(const std::string& key) const;
  /// A member's or subject's public key as JWK. Error: "account.not_found".
  Result<Json> jwk_of(const std::string& account) const;
  /// Every key that the account has had, as JWKs, the present one first; empty for a stranger.
  Json keys_of(const std::string& account) const;
  /// A key that some account has or had, as JWK. Error: "account.not_found".
  Result<Json> jwk_of_kid(const std::string& kid) const;
  /// The account that a signing key belongs to. Error: "tx.unknown_key".
  Result<std::string> account_of_kid(const std::string& kid) const;
  /// The latest definition of an item, as its department signed it. Error: "item.not_found".
  Result<Json> latest_item(const std::string& item) const;
  /// The account that owns a plugin, as admitted. Error: "plugin.not_admitted".
  Result<std::string> owner_of_plugin(const std::string& plugin) const;
  /// The department whose item it is. Error: "item.no_department".
  Result<std::string> issuer_of(const std::string& item) const;
  /// {account: [jwk…]} of the departments that issue `items`, for plugins to check issuers against.
  Result<Json> issuers_of(const std::vector<std::string>& items) const;
  /// Seconds since the epoch.
  std::int64_t now_s() const;

  /// Parses a transaction that came inside a body (field "tx"), checks its op and that `caller`
  /// signed it. Errors: "json.*", "tx.*", "exchange.wrong_op", "exchange.not_the_signer".
  Result<proof::Transaction> transaction_in(const Json& body, std::string_view op,
                                            const std::string& caller) const;
};

/// The plugin answered something other than it must: the provider's fault, never the caller's.
Error bad_answer(const std::string& plugin, const std::string& what);

/// {"tx","index","receipt"} of a transaction that is now durable.
Json applied_json(const std::string& tx, const chain::Applied& applied);

}  // namespace qc::exchange
