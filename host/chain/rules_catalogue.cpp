// Items that departments define and products that consumers propose.
#include "host/chain/rules_internal.hpp"

namespace qc::chain::rules {
namespace {

Status check_item_fields(const JsonReader& body) {
  QC_ASSIGN(const Json* fields, body.array("fields", 64));
  if (fields->empty()) return invalid("json.out_of_range", "at least 1 field", "body.fields");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const JsonReader field((*fields)[i], body.field("fields") + "[" + std::to_string(i) + "]");
    QC_TRY(field.expect_only({"id", "zh", "type"}));
    QC_ASSIGN(const std::string id, read_form(field, "id", is_word, "a field name"));
    QC_TRY(read_prose(field, "zh", 128));
    QC_TRY(read_form(field, "type", is_word, "a type name"));
    if (!seen.insert(id).second) {
      return invalid("json.duplicate_value", "field appears twice", field.field("id"));
    }
  }
  return {};
}

Status check_item_body(const Call& call, const JsonReader& body) {
  QC_TRY(body.expect_only(
      {"item", "version", "name_zh", "name_en", "kind", "sensitivity", "subjects", "fields"}));
  QC_ASSIGN(const std::string item, read_item(body, "item"));
  QC_TRY(read_version(body, "version"));
  QC_TRY(read_prose(body, "name_zh", 256));
  QC_TRY(read_prose(body, "name_en", 256));
  QC_TRY(read_form(body, "kind", is_word, "a kind name"));
  QC_TRY(body.integer("sensitivity", 1, 4));
  QC_ASSIGN(const std::vector<std::string> subjects, body.texts("subjects", 2, 16));
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    if (subjects[i] != "person" && subjects[i] != "enterprise") {
      return bad_form("person or enterprise", "body.subjects[" + std::to_string(i) + "]");
    }
  }
  if (subjects.empty()) return invalid("json.out_of_range", "at least 1", "body.subjects");
  QC_TRY(check_item_fields(body));
  const std::string code = item.substr(0, item.find('.'));
  if (code != text_of(call.signer.document, "code")) {
    return forbidden("item.wrong_department", "the item's prefix is not this department's code")
        .at("body.item");
  }
  return {};
}

Status check_product_scope(const Call& call, const JsonReader& body) {
  QC_ASSIGN(const std::vector<ScopeEntry> scope, read_scope(body));
  for (const ScopeEntry& entry : scope) {
    QC_ASSIGN(const Json latest, must_get(call.state, "item_latest/" + entry.item, "item.not_found",
                                          entry.where + ".item"));
    if (latest.get<std::int64_t>() != entry.version) {
      return invalid("item.not_latest_version",
                     "the latest version is " + std::to_string(latest.get<std::int64_t>()),
                     entry.where + ".version");
    }
    QC_ASSIGN(const Json item, must_get(call.state, item_key(entry.item, entry.version),
                                        "item.not_found", entry.where + ".item"));
    const std::string stranger = first_outside(entry.all(), item_fields(item));
    if (!stranger.empty()) {
      return invalid("item.unknown_field", "the item has no field " + stranger, entry.where);
    }
  }
  return {};
}

Status check_product_body(const Call& call, const JsonReader& body) {
  QC_TRY(
      body.expect_only({"product", "version", "name_zh", "name_en", "purpose", "scope", "release",
                        "plugin", "max_valid_days", "max_uses", "data_life_days", "every_hours"}));
  QC_TRY(read_name(body, "product"));
  QC_TRY(read_version(body, "version"));
  QC_TRY(read_prose(body, "name_zh", 256));
  QC_TRY(read_prose(body, "name_en", 256));
  QC_ASSIGN(const Json* object, body.object("purpose"));
  const JsonReader purpose(*object, body.field("purpose"));
  QC_TRY(purpose.expect_only({"code", "text_zh", "text_en"}));
  QC_TRY(read_name(purpose, "code"));
  QC_TRY(read_prose(purpose, "text_zh", 1024));
  QC_TRY(read_prose(purpose, "text_en", 1024));
  QC_ASSIGN(const std::string release, read_choice(body, "release", {"answer", "fields"}));
  QC_ASSIGN(const std::string plugin, body.text("plugin", 64, 0));
  const bool named = is_name(plugin);
  if (release == "answer" ? !named : !named && !plugin.empty()) {
    return bad_form("the plugin that answers", body.field("plugin"));
  }
  QC_TRY(body.integer("max_valid_days", 1, 3660));
  QC_TRY(body.integer("max_uses", 1, 1000000));
  QC_TRY(body.integer("data_life_days", 0, 36600));
  if (body.has("every_hours")) QC_TRY(body.integer("every_hours", 1, 8784));
  return check_product_scope(call, body);
}

}  // namespace

Result<Effect> item_define(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(check_item_body(call, body));
  const std::string& item = text_of(call.tx.body, "item");
  const std::int64_t version = number_of(call.tx.body, "version");
  const auto latest = call.state.get("item_latest/" + item);
  const std::int64_t expected = latest ? latest->get<std::int64_t>() + 1 : 1;
  if (version != expected) {
    return conflict("item.wrong_version", "the next version is " + std::to_string(expected))
        .at("body.version");
  }
  call.state.put("item_latest/" + item, version);
  call.state.put(item_key(item, version), call.created({{"item", item},
                                                        {"version", version},
                                                        {"department", call.signer.account},
                                                        {"body", call.tx.body}}));
  call.list_for(call.signer.account, "item", item);
  return call.effect();
}

// "product/<id>" holds the version in use, and beside it the one that waits for approval, so that
// a change of a product never takes the approved version away from those who rely on it.
Result<Effect> product_define(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(check_product_body(call, body));
  const std::string& product = text_of(call.tx.body, "product");
  const std::int64_t version = number_of(call.tx.body, "version");
  const Json proposed = call.created({{"version", version}, {"body", call.tx.body}});
  auto before = call.state.get("product/" + product);
  if (before && text_of(*before, "owner") != call.signer.account) {
    return forbidden("product.wrong_owner", "another member defined this product")
        .at("body.product");
  }
  const std::int64_t expected = before ? number_of(*before, "latest") + 1 : 1;
  if (version != expected) {
    return conflict("product.wrong_version", "the next version is " + std::to_string(expected))
        .at("body.version");
  }
  Json entry = before ? std::move(*before)
                      : call.created({{"product", product},
                                      {"owner", call.signer.account},
                                      {"status", "proposed"},
                                      {"version", version},
                                      {"body", call.tx.body}});
  if (text_of(entry, "status") == "proposed") {
    entry["version"] = version;
    entry["body"] = call.tx.body;
    entry = call.created(std::move(entry));
  }
  entry["latest"] = version;
  entry["proposed"] = proposed;
  call.state.put("product/" + product, std::move(entry));
  call.list_for(call.signer.account, "product", product);
  return call.effect();
}

}  // namespace qc::chain::rules
