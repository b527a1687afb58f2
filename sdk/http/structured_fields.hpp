// The parts of Structured Fields (RFC 8941) that signatures need, and nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sdk/base/bytes.hpp"

namespace qc::http::sf {

struct Parameter {
  std::string key;
  std::variant<std::int64_t, std::string> value;  ///< sf-integer or sf-string
};

/// `("a" "b");p=1;q="x"`: strings without parameters of their own.
struct InnerList {
  std::vector<std::string> items;
  std::vector<Parameter> parameters;
};

struct NamedList {
  std::string label;
  InnerList list;
};

struct NamedBytes {
  std::string label;
  Bytes value;
};

/// A dictionary field (RFC 8941 section 3.2) with exactly one member, an inner list of strings.
/// At most 16 items, 16 parameters, 2,048 bytes; no member, item or parameter key twice.
/// Error: "field.invalid" with the byte position. Any thread.
Result<NamedList> parse_named_list(std::string_view text);

/// A dictionary field with exactly one member, a byte sequence of at most 256 bytes.
/// Error: "field.invalid" with the byte position. Any thread.
Result<NamedBytes> parse_named_bytes(std::string_view text);

/// Canonical text (RFC 8941 section 4.1.1.1). Items and strings must be printable ASCII.
std::string serialize(const InnerList& list);

/// `:<base64>:`
std::string serialize(ByteView bytes);

}  // namespace qc::http::sf
