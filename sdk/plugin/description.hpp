// What a plugin says about itself: the embedded plugin.json, parsed once.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/plugin/values.hpp"

namespace qc::plugin {

struct Field {
  std::string id;
  std::string zh;
  FieldType type = FieldType::kText;
};

/// One data item of the dictionary. Immutable.
struct Item {
  std::string item;
  std::int64_t version = 0;
  std::vector<Field> fields;
  const Field* find(std::string_view id) const;
};

/// A product's demand for one item.
struct Demand {
  std::string item;
  std::int64_t version = 0;
  std::vector<std::string> required;
  std::vector<std::string> optional;  ///< with an empty `required`, the whole item is optional
};

/// A path of a product's own, below /v1/products/<product>/.
struct OwnRoute {
  std::string method;  ///< "GET" or "POST"
  std::string path;    ///< one segment
  std::string who;     ///< "any" account, any "member", or the product's "owner" alone
};

/// The parsed plugin.json. One file is the source of the library's description, of its manifest and
/// of what the department defines on the ledger. Immutable, any thread.
class Description {
 public:
  /// Errors: "description.invalid" and those of parse_json, each naming the member.
  static Result<Description> parse(std::string_view text);

  const std::string& plugin() const { return plugin_; }
  const std::string& version() const { return version_; }
  const std::string& kind() const { return kind_; }  ///< "department" or "product"
  const std::string& owner() const { return owner_; }
  /// What it asks the operator to grant; stands in the manifest.
  const std::vector<std::string>& capabilities() const { return capabilities_; }
  /// How long an asset is good for unless its record says otherwise; days.
  std::int64_t valid_days() const { return valid_days_; }

  /// Addresses that the plugin asks to reach: "host:port", or the path of a UNIX socket.
  const std::vector<std::string>& outbound_hosts() const { return outbound_hosts_; }

  const Item* find_item(std::string_view item) const;
  const std::map<std::string, Item, std::less<>>& items() const { return items_; }
  const std::string& product() const { return product_; }
  const std::string& purpose_code() const { return purpose_code_; }
  const std::vector<Demand>& demands() const { return demands_; }
  const std::vector<OwnRoute>& routes() const { return routes_; }

  /// The answer to "describe" (docs/formats.md, Plugin).
  const Json& answer() const { return answer_; }

 private:
  Status read_items(const Json& items);
  Status read_product(const Json& product);
  Status read_routes(const Json& routes);

  std::string plugin_, version_, kind_, owner_, product_, purpose_code_;
  std::int64_t valid_days_ = 365;
  std::vector<std::string> outbound_hosts_;
  std::vector<std::string> capabilities_;
  std::map<std::string, Item, std::less<>> items_;
  std::vector<Demand> demands_;
  std::vector<OwnRoute> routes_;
  Json answer_;
};

}  // namespace qc::plugin
