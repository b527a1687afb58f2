#include "sdk/base/json.hpp"

#include <algorithm>
#include <set>

namespace qc {
namespace {

/// SAX consumer that builds a value and stops at the first broken limit.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit StrictBuilder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return put(Json()); }
  bool boolean(bool value) override { return put(Json(value)); }
  bool number_integer(number_integer_t value) override { return put(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(Json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return put(Json(value)); }
  bool string(string_t& value) override { return put(Json(std::move(value))); }
  bool binary(binary_t&) override { return fail("json.invalid", "binary values are not JSON"); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    auto& members = stack_.back()->get_ref<Json::object_t&>();
    const auto [member, is_new] = members.try_emplace(std::move(name));
    if (!is_new) return fail("json.duplicate_member", "member name appears twice");
    member_ = &member->second;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return fail("json.invalid", "not valid JSON at byte " + std::to_string(position));
  }

  Json root;
  Error error;

 private:
  bool fail(const char* code, std::string message) {
    error = invalid(code, std::move(message));
    return false;
  }
  Json* place(Json&& value) {
    if (stack_.empty()) {
      root = std::move(value);
      return &root;
    }
    Json& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    *member_ = std::move(value);
    return member_;
  }
  bool put(Json&& value) {
    place(std::move(value));
    return true;
  }
  bool open(Json&& container) {
    if (stack_.size() >= max_depth_) return fail("json.too_deep", "nested too deeply");
    stack_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  std::size_t max_depth_;
  std::vector<Json*> stack_;  // stable: a container grows only while it is on top
  Json* member_ = nullptr;    // whose value comes next, in the object on top
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return Error{ErrorKind::kTooLarge,
                 "json.too_large",
                 "at most " + std::to_string(limits.max_bytes) + " bytes",
                 {}};
  }
  if (auto plain = parse_plain_json(text, limits.max_depth)) return std::move(*plain);
  // The library takes a NUL byte for the end of input and would ignore what follows it.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return invalid("json.invalid", "not valid JSON at byte " + std::to_string(nul));
  }
  StrictBuilder builder(limits.max_depth);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    if (builder.error.code.empty()) return invalid("json.invalid", "not valid JSON");
    return builder.error;
  }
  return std::move(builder.root);
}

std::string text_of(const Json& object, std::string_view name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

JsonReader::JsonReader(const Json& object, std::string path)
    : object_(object), path_(std::move(path)) {}

std::string JsonReader::field(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const Json* JsonReader::find(std::string_view name) const {
  if (!object_.is_object()) return nullptr;
  const auto it = object_.find(name);
  return it == object_.end() ? nullptr : &*it;
}

bool JsonReader::has(std::string_view name) const { return find(name) != nullptr; }

namespace {

/// Most pairs differ in length or in their first byte: no call for these.
bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || a.front() == b.front()) && a == b;
}

}  // namespace

Status JsonReader::expect_only(std::initializer_list<std::string_view> allowed) const {
  if (!object_.is_object()) return invalid("json.wrong_type", "expected an object", path_);
  for (const auto& [name, value] : object_.get_ref<const Json::object_t&>()) {
    const auto is_name = [&name = name](std::string_view other) { return same_name(name, other); };
    if (std::none_of(allowed.begin(), allowed.end(), is_name)) {
      return invalid("json.unknown_field", "unknown field", field(name.substr(0, 64)));
    }
  }
  return {};
}

Result<std::string> JsonReader::text(std::string_view name, std::size_t max,
                                     std::size_t min) const {
  const Json* value = find(name);
  if (value == nullptr)
    return invalid("json.missing_field", "required field is missing", field(name));
  if (!value->is_string()) return invalid("json.wrong_type", "expected a string", field(name));
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() < min || text.size() > max) {
    return invalid("json.out_of_range",
                   "expected " + std::to_string(min) + " to " + std::to_string(max) + " bytes",
                   field(name));
  }
  return text;
}

Result<std::string> JsonReader::text_or_empty(std::string_view name, std::size_t max) const {
  if (!has(name)) return std::string();
  return text(name, max, 0);
}

Result<std::int64_t> JsonReader::integer(std::string_view name, std::int64_t min,
                                         std::int64_t max) const {
  const Json* value = find(name);
  if (value == nullptr)
    return invalid("json.missing_field", "required field is missing", field(name));
  if (!value->is_number_integer())
    return invalid("json.wrong_type", "expected an integer", field(name));
  const bool huge = value->is_number_unsigned() &&
                    value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  const std::int64_t number = huge ? INT64_MAX : value->get<std::int64_t>();
  if (huge || number < min || number > max) {
    return invalid("json.out_of_range",
                   "expected " + std::to_string(min) + " to " + std::to_string(max), field(name));
  }
  return number;
}

Result<bool> JsonReader::boolean(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr)
    return invalid("json.missing_field", "required field is missing", field(name));
  if (!value->is_boolean())
    return invalid("json.wrong_type", "expected true or false", field(name));
  return value->get<bool>();
}

Result<const Json*> JsonReader::object(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr)
    return invalid("json.missing_field", "required field is missing", field(name));
  if (!value->is_object()) return invalid("json.wrong_type", "expected an object", field(name));
  return value;
}

Result<const Json*> JsonReader::array(std::string_view name, std::size_t max_items) const {
  const Json* value = find(name);
  if (value == nullptr)
    return invalid("json.missing_field", "required field is missing", field(name));
  if (!value->is_array()) return invalid("json.wrong_type", "expected an array", field(name));
  if (value->size() > max_items) {
    return invalid("json.out_of_range", "at most " + std::to_string(max_items) + " items",
                   field(name));
  }
  return value;
}

Result<std::vector<std::string>> JsonReader::texts(std::string_view name, std::size_t max_items,
                                                   std::size_t max_each) const {
  QC_ASSIGN(const Json* items, array(name, max_items));
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Json& item = (*items)[i];
    const auto where = [&] { return field(name) + "[" + std::to_string(i) + "]"; };
    if (!item.is_string()) return invalid("json.wrong_type", "expected a string", where());
    const auto& value = item.get_ref<const std::string&>();
    if (value.empty() || value.size() > max_each) {
      return invalid("json.out_of_range", "expected 1 to " + std::to_string(max_each) + " bytes",
                     where());
    }
    if (!seen.insert(value).second)
      return invalid("json.duplicate_value", "value appears twice", where());
    out.push_back(value);
  }
  return out;
}

}  // namespace qc
