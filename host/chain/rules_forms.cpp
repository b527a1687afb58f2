// Checked reading of bodies: forms, bounds, keys, scopes.
#include <algorithm>

#include "host/chain/rules_internal.hpp"

namespace qc::chain::rules {
namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

template <typename Allowed>
bool all_of(std::string_view text, Allowed allowed) {
  return std::all_of(text.begin(), text.end(), allowed);
}

// Beginnings that are a person's or an enterprise's account alone.
bool is_reserved(std::string_view text) {
  return text.substr(0, 2) == "p-" || text.substr(0, 2) == "e-";
}

bool is_subject_account(std::string_view text) {
  return text.size() == 34 && is_reserved(text) &&
         all_of(text.substr(2), [](char c) { return digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_member_account(std::string_view text) {
  return text.size() >= 2 && text.size() <= 32 && lower(text[0]) && !is_reserved(text) &&
         all_of(text, [](char c) { return lower(c) || digit(c) || c == '-'; });
}

// U+202A..U+202E and U+2066..U+2069, as UTF-8: E2 80 AA..AE and E2 81 A6..A9.
bool has_direction_override(std::string_view text) {
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] != '\xE2') continue;
    const auto second = static_cast<unsigned char>(text[i + 1]);
    const auto third = static_cast<unsigned char>(text[i + 2]);
    if (second == 0x80 && third >= 0xAA && third <= 0xAE) return true;
    if (second == 0x81 && third >= 0xA6 && third <= 0xA9) return true;
  }
  return false;
}

}  // namespace

bool is_id(std::string_view text) {
  if (text.size() != 22) return false;
  const auto bytes = from_base64url(text);
  return bytes.ok() && bytes->size() == 16;
}

bool is_digest(std::string_view text) { return text.size() == 64 && from_hex(text).ok(); }

bool is_account(std::string_view text) {
  return is_subject_account(text) || is_member_account(text);
}

bool is_item(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot > 16 || text.size() > 64) return false;
  const std::string_view name = text.substr(dot + 1);
  return !name.empty() && all_of(text.substr(0, dot), lower) &&
         all_of(name, [](char c) { return lower(c) || digit(c) || c == '_'; });
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && lower(text[0]) && all_of(text, [](char c) {
    return lower(c) || digit(c) || c == '.' || c == '_' || c == '-';
  });
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && lower(text[0]) &&
         all_of(text, [](char c) { return lower(c) || digit(c) || c == '_'; });
}

Error bad_form(std::string what, std::string field) {
  return invalid("json.bad_form", "expected " + std::move(what), std::move(field));
}

Result<std::string> read_form(const JsonReader& reader, std::string_view name, Form form,
                              std::string_view what) {
  QC_ASSIGN(std::string text, reader.text(name, 128));
  if (!form(text)) return bad_form(std::string(what), reader.field(name));
  return text;
}

Result<std::string> read_id(const JsonReader& reader, std::string_view name) {
  return read_form(reader, name, is_id, "an identifier (22 characters of base64url)");
}

Result<std::string> read_digest(const JsonReader& reader, std::string_view name) {
  return read_form(reader, name, is_digest, "64 lower-case hexadecimal digits");
}

Result<std::string> read_account(const JsonReader& reader, std::string_view name) {
  return read_form(reader, name, is_account, "an account name");
}

Result<std::string> read_item(const JsonReader& reader, std::string_view name) {
  return read_form(reader, name, is_item, "an item (code.name)");
}

Result<std::string> read_name(const JsonReader& reader, std::string_view name) {
  return read_form(reader, name, is_name, "a name ([a-z][a-z0-9._-]*, at most 64)");
}

Result<std::string> read_prose(const JsonReader& reader, std::string_view name, std::size_t max,
                               std::size_t min) {
  QC_ASSIGN(std::string text, reader.text(name, max, min));
  const bool control = !all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7F;
  });
  if (control || has_direction_override(text)) {
    return bad_form("text without control characters or direction overrides", reader.field(name));
  }
  return text;
}

Result<std::string> read_choice(const JsonReader& reader, std::string_view name,
                                std::initializer_list<std::string_view> choices) {
  QC_ASSIGN(std::string text, reader.text(name, 64));
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
  std::string list;
  for (const std::string_view choice : choices) {
    list += list.empty() ? "" : ", ";
    list += choice;
  }
  return bad_form("one of " + list, reader.field(name));
}

Result<std::int64_t> read_version(const JsonReader& reader, std::string_view name) {
  return reader.integer(name, 1, 1000000);
}

Result<std::set<std::string>> read_words(const JsonReader& reader, std::string_view name,
                                         std::size_t max_items) {
  QC_ASSIGN(const std::vector<std::string> list, reader.texts(name, max_items, 64));
  std::set<std::string> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!is_word(list[i])) {
      return bad_form("a field name", reader.field(name) + "[" + std::to_string(i) + "]");
    }
    out.insert(list[i]);
  }
  return out;
}

Result<crypto::PublicKey> read_jwk(const JsonReader& reader, std::string_view name) {
  QC_ASSIGN(const Json* object, reader.object(name));
  const JsonReader jwk(*object, reader.field(name));
  QC_TRY(jwk.expect_only({"kty", "crv", "x", "y", "kid"}));
  for (const std::string_view member : {"kty", "crv", "x", "y"}) QC_TRY(jwk.text(member, 64));
  QC_ASSIGN(const std::string kid, jwk.text("kid", 64));
  auto key = crypto::PublicKey::from_jwk(*object);
  if (!key.ok()) {
    Error error = key.error();
    error.field = error.field.empty() ? reader.field(name) : jwk.field(error.field);
    return error;
  }
  if (key->kid() != kid) {
    return invalid("key.invalid", "kid is not the key's SM3 thumbprint", jwk.field("kid"));
  }
  return key;
}

Result<Window> read_window(const JsonReader& reader, std::string_view name) {
  QC_ASSIGN(const Json* object, reader.object(name));
  const JsonReader window(*object, reader.field(name));
  QC_TRY(window.expect_only({"from", "to"}));
  Window out;
  QC_ASSIGN(out.from, window.integer("from", 0, kMaxTimeS));
  QC_ASSIGN(out.to, window.integer("to", 0, kMaxTimeS));
  if (out.from >= out.to) {
    return invalid("json.out_of_range", "expected a time after from", window.field("to"));
  }
  return out;
}

std::set<std::string> ScopeEntry::all() const {
  std::set<std::string> out = required;
  out.insert(optional.begin(), optional.end());
  return out;
}

namespace {

Result<ScopeEntry> read_scope_entry(const Json& value, const std::string& where) {
  const JsonReader reader(value, where);
  QC_TRY(reader.expect_only({"item", "version", "required", "optional"}));
  ScopeEntry entry;
  entry.where = where;
  QC_ASSIGN(entry.item, read_item(reader, "item"));
  QC_ASSIGN(entry.version, read_version(reader, "version"));
  QC_ASSIGN(entry.required, read_words(reader, "required"));
  QC_ASSIGN(entry.optional, read_words(reader, "optional"));
  for (const std::string& field : entry.required) {
    if (entry.optional.contains(field)) {
      return invalid("scope.overlap", "a field is either required or optional: " + field,
                     reader.field("optional"));
    }
  }
  if (entry.required.empty() && entry.optional.empty()) {
    return invalid("scope.empty", "names no field", where);
  }
  return entry;
}

}  // namespace

Result<std::vector<ScopeEntry>> read_scope(const JsonReader& reader) {
  QC_ASSIGN(const Json* list, reader.array("scope", 64));
  std::vector<ScopeEntry> scope;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = reader.field("scope") + "[" + std::to_string(i) + "]";
    QC_ASSIGN(ScopeEntry entry, read_scope_entry((*list)[i], where));
    if (find_scope(scope, entry.item) != nullptr) {
      return invalid("json.duplicate_value", "item appears twice", where + ".item");
    }
    scope.push_back(std::move(entry));
  }
  if (scope.empty()) return invalid("scope.empty", "names no item", reader.field("scope"));
  return scope;
}

const ScopeEntry* find_scope(const std::vector<ScopeEntry>& scope, const std::string& item) {
  const auto it = std::find_if(scope.begin(), scope.end(),
                               [&](const ScopeEntry& entry) { return entry.item == item; });
  return it == scope.end() ? nullptr : &*it;
}

std::string first_outside(const std::set<std::string>& part, const std::set<std::string>& whole) {
  for (const std::string& name : part) {
    if (!whole.contains(name)) return name;
  }
  return {};
}

}  // namespace qc::chain::rules
