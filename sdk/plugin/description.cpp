#include "sdk/plugin/description.hpp"

#include <algorithm>

#include "sdk/proof/capability.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxItems = 64;
constexpr std::size_t kMaxFields = 128;
constexpr std::size_t kMaxRoutes = 16;

std::string member(std::string_view name, std::size_t index) {
  return std::string(name) + '[' + std::to_string(index) + ']';
}

/// Lower-case letters, digits, '_', '.' and '-': what may stand in a path, a query and a log line.
bool plain_name(std::string_view name) {
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!plain) return false;
  }
  return !name.empty() && name.front() != '.' && name.front() != '-';
}

Result<std::string> name_of(const JsonReader& reader, std::string_view member_name) {
  QC_ASSIGN(std::string name, reader.text(member_name, 64));
  if (!plain_name(name)) {
    return invalid("description.invalid", "must consist of a-z, 0-9, '_', '.' and '-'",
                   reader.field(member_name));
  }
  return name;
}

Result<Field> read_field(const Json& json, const std::string& path) {
  const JsonReader reader(json, path);
  QC_TRY(reader.expect_only({"id", "zh", "type"}));
  Field field;
  QC_ASSIGN(field.id, name_of(reader, "id"));
  QC_ASSIGN(field.zh, reader.text("zh", 128));
  QC_ASSIGN(const std::string type, reader.text("type", 16));
  const auto known = field_type(type);
  if (!known) return invalid("description.invalid", "is not a dictionary type", path + ".type");
  field.type = *known;
  return field;
}

Result<Item> read_item(const Json& json, const std::string& path) {
  const JsonReader reader(json, path);
  QC_TRY(reader.expect_only(
      {"item", "version", "name_zh", "name_en", "kind", "sensitivity", "subjects", "fields"}));
  Item item;
  QC_ASSIGN(item.item, name_of(reader, "item"));
  QC_ASSIGN(item.version, reader.integer("version", 1, 1'000'000));
  for (const char* name : {"name_zh", "name_en", "kind"}) QC_TRY(reader.text(name, 128));
  QC_TRY(reader.integer("sensitivity", 1, 4));
  QC_TRY(reader.texts("subjects", 4));
  QC_ASSIGN(const Json* fields, reader.array("fields", kMaxFields));
  for (std::size_t i = 0; i < fields->size(); ++i) {
    QC_ASSIGN(Field field, read_field((*fields)[i], path + '.' + member("fields", i)));
    if (item.find(field.id) != nullptr) {
      return invalid("description.invalid", "the field is defined twice",
                     path + '.' + member("fields", i) + ".id");
    }
    item.fields.push_back(std::move(field));
  }
  if (item.fields.empty()) {
    return invalid("description.invalid", "has no field", path + ".fields");
  }
  return item;
}

Result<Demand> read_demand(const Json& json, const std::string& path) {
  const JsonReader reader(json, path);
  QC_TRY(reader.expect_only({"item", "version", "required", "optional"}));
  Demand demand;
  QC_ASSIGN(demand.item, name_of(reader, "item"));
  QC_ASSIGN(demand.version, reader.integer("version", 1, 1'000'000));
  QC_ASSIGN(demand.required, reader.texts("required", kMaxFields));
  QC_ASSIGN(demand.optional, reader.texts("optional", kMaxFields));
  if (demand.required.empty() && demand.optional.empty()) {
    return invalid("description.invalid", "asks for no field", path);
  }
  return demand;
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> choices) {
  return std::find(choices.begin(), choices.end(), text) != choices.end();
}

Result<OwnRoute> read_route(const Json& json, const std::string& path) {
  const JsonReader reader(json, path);
  QC_TRY(reader.expect_only({"method", "path", "who", "zh", "en"}));
  OwnRoute route;
  QC_ASSIGN(route.method, reader.text("method", 16));
  QC_ASSIGN(route.path, name_of(reader, "path"));
  QC_ASSIGN(route.who, reader.text("who", 16));
  for (const char* name : {"zh", "en"}) QC_TRY(reader.text(name, 128));
  const auto refused = [&](const char* what, const char* name) {
    return invalid("description.invalid", what, reader.field(name));
  };
  if (!one_of(route.method, {"GET", "POST"})) return refused("must be GET or POST", "method");
  if (!one_of(route.who, {"any", "member", "owner"})) {
    return refused("must be any, member or owner", "who");
  }
  return route;
}

}  // namespace

const Field* Item::find(std::string_view id) const {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Item* Description::find_item(std::string_view item) const {
  const auto found = items_.find(item);
  return found == items_.end() ? nullptr : &found->second;
}

Status Description::read_items(const Json& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    QC_ASSIGN(Item item, read_item(items[i], member("items", i)));
    const std::string name = item.item;
    if (!items_.emplace(name, std::move(item)).second) {
      return invalid("description.invalid", "the item is defined twice", member("items", i));
    }
  }
  if (items_.empty()) return invalid("description.invalid", "has no item", "items");
  return {};
}

Status Description::read_product(const Json& product) {
  const JsonReader reader(product, "product");
  QC_TRY(reader.expect_only({"product", "version", "name_zh", "name_en", "purpose", "scope",
                             "release", "plugin", "max_valid_days", "max_uses", "data_life_days",
                             "every_hours"}));
  QC_ASSIGN(product_, name_of(reader, "product"));
  QC_TRY(reader.integer("version", 1, 1'000'000));
  if (reader.has("every_hours")) QC_TRY(reader.integer("every_hours", 1, 8784));
  QC_ASSIGN(const Json* purpose, reader.object("purpose"));
  QC_ASSIGN(purpose_code_, JsonReader(*purpose, "product.purpose").text("code", 64));
  QC_ASSIGN(const std::string plugin, reader.text("plugin", 64));
  if (plugin != plugin_) {
    return invalid("description.invalid", "must be this plugin", "product.plugin");
  }
  QC_ASSIGN(const Json* scope, reader.array("scope", kMaxItems));
  for (std::size_t i = 0; i < scope->size(); ++i) {
    QC_ASSIGN(Demand demand, read_demand((*scope)[i], "product." + member("scope", i)));
    demands_.push_back(std::move(demand));
  }
  if (demands_.empty()) return invalid("description.invalid", "asks for nothing", "product.scope");
  return {};
}

Status Description::read_routes(const Json& routes) {
  for (std::size_t i = 0; i < routes.size(); ++i) {
    QC_ASSIGN(OwnRoute route, read_route(routes[i], member("routes", i)));
    const bool twice = std::any_of(routes_.begin(), routes_.end(), [&](const OwnRoute& other) {
      return other.method == route.method && other.path == route.path;
    });
    if (twice) return invalid("description.invalid", "is named twice", member("routes", i));
    routes_.push_back(std::move(route));
  }
  // Who has routes asks for them: the manifest and what the operator grants say so.
  const std::string asked = "routes";
  if (routes_.empty() ||
      std::find(capabilities_.begin(), capabilities_.end(), asked) != capabilities_.end()) {
    return {};
  }
  capabilities_.push_back(asked);
  return {};
}

Result<Description> Description::parse(std::string_view text) {
  QC_ASSIGN(const Json json, parse_json(text));
  const JsonReader reader(json);
  QC_TRY(
      reader.expect_only({"plugin", "version", "kind", "owner", "name_zh", "name_en", "valid_days",
                          "outbound_hosts", "capabilities", "items", "product", "routes"}));
  Description description;
  QC_ASSIGN(description.plugin_, name_of(reader, "plugin"));
  QC_ASSIGN(description.version_, name_of(reader, "version"));
  QC_ASSIGN(description.kind_, reader.text("kind", 16));
  QC_ASSIGN(description.owner_, name_of(reader, "owner"));
  QC_ASSIGN(const std::string name_zh, reader.text("name_zh", 128));
  QC_ASSIGN(const std::string name_en, reader.text("name_en", 128));
  if (reader.has("valid_days")) {
    QC_ASSIGN(description.valid_days_, reader.integer("valid_days", 1, 3650));
  }
  if (reader.has("outbound_hosts")) {
    QC_ASSIGN(description.outbound_hosts_, reader.texts("outbound_hosts", 16));
  }
  if (reader.has("capabilities")) {
    QC_ASSIGN(description.capabilities_, reader.texts("capabilities", 32, 128));
    if (const auto fault = proof::find_capability_fault(description.capabilities_)) {
      return invalid("description.invalid", "expected " + fault->expected,
                     member("capabilities", fault->index));
    }
  }
  description.answer_ = {{"plugin", description.plugin_},
                         {"version", description.version_},
                         {"kind", description.kind_},
                         {"name_zh", name_zh},
                         {"name_en", name_en}};
  if (description.kind_ == "department") {
    QC_ASSIGN(const Json* items, reader.array("items", kMaxItems));
    QC_TRY(description.read_items(*items));
    description.answer_["items"] = *items;
    if (reader.has("routes")) return invalid("description.invalid", "a product's alone", "routes");
  } else if (description.kind_ == "product") {
    QC_ASSIGN(const Json* product, reader.object("product"));
    QC_TRY(description.read_product(*product));
    description.answer_["product"] = *product;
    if (reader.has("routes")) {
      QC_ASSIGN(const Json* routes, reader.array("routes", kMaxRoutes));
      QC_TRY(description.read_routes(*routes));
      description.answer_["routes"] = *routes;
    }
  } else {
    return invalid("description.invalid", "must be department or product", "kind");
  }
  return description;
}

}  // namespace qc::plugin
