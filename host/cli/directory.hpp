// What the network says of its members, items, products and plugins: one fetch, many look-ups.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sdk/client/client.hpp"

namespace qc::cli {

class Directory {
 public:
  static Result<Directory> fetch(client::Client& client);

  const std::map<std::string, Json>& members() const { return members_; }
  /// Error: "member.not_found".
  Result<Json> member(const std::string& account) const;
  /// Error: "member.not_found", "key.invalid".
  Result<crypto::PublicKey> key_of(const std::string& account) const;
  /// As key_of, the key with this id, the present one or one that it replaced.
  Result<crypto::PublicKey> key_of(const std::string& account, const std::string& kid) const;
  /// Every key that any member has or had.
  std::vector<crypto::PublicKey> keys() const;
  /// The member with this key id, now or earlier, or "".
  std::string account_of(const std::string& kid) const;
  /// The department whose code prefixes the item. Error: "item.no_department".
  Result<Json> department_of(const std::string& item) const;

 private:
  std::map<std::string, Json> members_;
};

/// The entries of /v1/catalogue/items. `item` and `version` pick one: "item.not_found".
Result<Json> fetch_items(client::Client& client);
/// One product of /v1/catalogue/products, the latest version. Error: "product.not_found".
Result<Json> fetch_product(client::Client& client, const std::string& product);
/// The entry of /v1/plugins. Error: "plugin.not_found".
Result<Json> fetch_plugin(client::Client& client, const std::string& plugin);

/// Keys of a member's or an account's entry: "jwk", then "retired_keys".
std::vector<crypto::PublicKey> keys_in(const Json& entry);

/// The array `name` of an answer; anything else is "client.bad_answer".
Result<Json> array_of(const Json& answer, const std::string& name);

}  // namespace qc::cli
