#include "host/supervision/names.hpp"

namespace qc::supervision {
namespace {

Name name_in(const Json& document, const std::string& fallback) {
  Name name{text_of(document, "name_zh"), text_of(document, "name_en")};
  if (name.zh.empty()) name.zh = fallback;
  if (name.en.empty()) name.en = fallback;
  return name;
}

}  // namespace

std::int64_t integer_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

const Json& part_of(const Json& object, const char* name) {
  static const Json kNone = Json::object();
  const auto found = object.find(name);
  return found != object.end() ? *found : kNone;
}

Name Names::account(const std::string& account) const {
  if (const auto member = state_.get("member/" + account)) return name_in(*member, account);
  return {account, account};
}

Name Names::product(const std::string& product) const {
  const auto document = state_.get("product/" + product);
  return document ? name_in(part_of(*document, "body"), product) : Name{product, product};
}

Name Names::item(const std::string& item, const Json& fields) const {
  const auto latest = state_.get("item_latest/" + item);
  const auto document = latest ? state_.get("item/" + item + "/" + latest->dump()) : std::nullopt;
  const Json& body = document ? part_of(*document, "body") : Json::object();
  Name name = name_in(body, item);
  if (!fields.is_array() || fields.empty()) return name;
  std::string zh;
  std::string en;
  for (const Json& field : fields) {
    const std::string id = field.is_string() ? field.get<std::string>() : field.dump();
    std::string label = id;
    for (const Json& known : part_of(body, "fields")) {
      if (text_of(known, "id") == id) label = text_of(known, "zh");
    }
    zh += (zh.empty() ? "" : "、") + label;
    en += (en.empty() ? "" : ", ") + id;
  }
  name.zh += "(" + zh + ")";
  name.en += " (" + en + ")";
  return name;
}

Name Names::items(const Json& items) const {
  Name all;
  for (const Json& entry : items) {
    const Name name = item(text_of(entry, "item"), part_of(entry, "fields"));
    all.zh += (all.zh.empty() ? "" : ";") + name.zh;
    all.en += (all.en.empty() ? "" : "; ") + name.en;
  }
  return all;
}

}  // namespace qc::supervision
