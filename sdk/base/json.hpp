// Strict JSON for bytes from outside, and typed field access with errors that name the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sdk/base/result.hpp"

namespace qc {

using Json = nlohmann::json;

struct JsonLimits {
  std::size_t max_bytes = 1U << 20U;
  std::size_t max_depth = 16;
};

/// Parses one JSON value: valid UTF-8, no duplicate member names, no trailing bytes, depth and size
/// limited. Errors: "json.invalid", "json.duplicate_member", "json.too_deep", "json.too_large".
/// Never throws. Thread contract: any thread.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The text member `name` of an object, or "" when it is absent or no text. For what was checked
/// before or is only shown: where absence must be told from "", use JsonReader. Never throws.
std::string text_of(const Json& object, std::string_view name);

/// The value, if `text` is of the everyday kind: compact, no escapes, numbers whole and of at most
/// 18 digits, no member name twice. Nullopt says nothing about the text but that the caller has to
/// parse it otherwise. Several times as fast as the library. Any thread.
std::optional<Json> parse_plain_json(std::string_view text, std::size_t max_depth = 64);

/// Compact text, the same as Json::dump() gives; invalid UTF-8 is replaced instead of thrown about.
/// Any thread.
std::string dump_json(const Json& value);

/// Reads members of one object; `path` prefixes field names in errors ("body.valid").
/// Errors: "json.missing_field", "json.wrong_type", "json.out_of_range"; each names the field.
class JsonReader {
 public:
  explicit JsonReader(const Json& object, std::string path = {});

  /// Fails unless the value is an object and every member name is in `allowed`
  /// ("json.unknown_field").
  Status expect_only(std::initializer_list<std::string_view> allowed) const;

  /// Text of min..max bytes.
  Result<std::string> text(std::string_view name, std::size_t max = 1024,
                           std::size_t min = 1) const;
  /// Text, or "" when the member is absent.
  Result<std::string> text_or_empty(std::string_view name, std::size_t max = 1024) const;
  /// Integer within [min, max].
  Result<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max) const;
  Result<bool> boolean(std::string_view name) const;
  /// Object or array; the pointer lives as long as the object read from.
  Result<const Json*> object(std::string_view name) const;
  Result<const Json*> array(std::string_view name, std::size_t max_items = 256) const;
  /// Array of texts, each 1..max_each bytes, without duplicates.
  Result<std::vector<std::string>> texts(std::string_view name, std::size_t max_items = 64,
                                         std::size_t max_each = 128) const;
  bool has(std::string_view name) const;
  std::string field(std::string_view name) const;

 private:
  const Json* find(std::string_view name) const;
  const Json& object_;
  std::string path_;
};

}  // namespace qc
