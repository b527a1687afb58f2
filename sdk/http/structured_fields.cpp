#include "sdk/http/structured_fields.hpp"

#include <algorithm>

namespace qc::http::sf {
namespace {

constexpr std::size_t kMaxText = 2048;
constexpr std::size_t kMaxItems = 16;
constexpr std::size_t kMaxBytes = 256;
constexpr std::size_t kMaxKey = 64;
constexpr std::size_t kMaxIntegerDigits = 15;  // RFC 8941 section 3.3.1

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

/// Reads from the front; every failure names the byte where it stopped.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return position_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  bool take(char expected) {
    if (at_end() || text_[position_] != expected) return false;
    ++position_;
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }
  void trim_end() {
    while (!text_.empty() && text_.back() == ' ') text_.remove_suffix(1);
  }
  Error fail(std::string_view what) const {
    return invalid("field.invalid",
                   std::string(what) + " at byte " + std::to_string(position_ + 1));
  }

  Result<std::string> key() {
    const std::size_t start = position_;
    if (!lower(peek()) && peek() != '*') return fail("expected a lower-case name");
    while (!at_end() && key_char(peek())) ++position_;
    if (position_ - start > kMaxKey) return fail("name too long");
    return std::string(text_.substr(start, position_ - start));
  }

  Result<std::string> string() {
    if (!take('"')) return fail("expected a quoted string");
    std::string out;
    while (!at_end()) {
      const char c = text_[position_++];
      if (c == '"') return out;
      if (c < 0x20 || c > 0x7e) return fail("character not allowed in a string");
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      const char escaped = peek();
      if (escaped != '"' && escaped != '\\') return fail("bad escape in a string");
      out.push_back(escaped);
      ++position_;
    }
    return fail("string without an end");
  }

  Result<std::int64_t> integer() {
    const bool negative = take('-');
    const std::size_t start = position_;
    std::int64_t value = 0;
    while (digit(peek())) {
      if (position_ - start == kMaxIntegerDigits) return fail("integer too long");
      value = value * 10 + (text_[position_++] - '0');
    }
    if (position_ == start) return fail("expected an integer");
    if (peek() == '.') return fail("decimals are not accepted");
    return negative ? -value : value;
  }

  Result<Bytes> bytes() {
    if (!take(':')) return fail("expected a byte sequence between colons");
    const auto end = text_.find(':', position_);
    if (end == std::string_view::npos) return fail("byte sequence without an end");
    auto decoded = from_base64(text_.substr(position_, end - position_));
    if (!decoded.ok()) return fail("byte sequence is not base64");
    if (decoded->size() > kMaxBytes) return fail("byte sequence too long");
    position_ = end + 1;
    return decoded;
  }

 private:
  static bool key_char(char c) {
    return lower(c) || digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

Result<std::vector<Parameter>> read_parameters(Cursor& cursor) {
  std::vector<Parameter> out;
  while (cursor.take(';')) {
    cursor.skip_spaces();
    if (out.size() == kMaxItems) return cursor.fail("too many parameters");
    Parameter parameter;
    QC_ASSIGN(parameter.key, cursor.key());
    const auto same = [&](const Parameter& other) { return other.key == parameter.key; };
    if (std::any_of(out.begin(), out.end(), same)) return cursor.fail("parameter given twice");
    if (!cursor.take('=')) return cursor.fail("parameter without a value");
    if (cursor.peek() == '"') {
      QC_ASSIGN(parameter.value, cursor.string());
    } else {
      QC_ASSIGN(parameter.value, cursor.integer());
    }
    out.push_back(std::move(parameter));
  }
  return out;
}

Result<InnerList> read_inner_list(Cursor& cursor) {
  if (!cursor.take('(')) return cursor.fail("expected '('");
  InnerList list;
  for (;;) {
    cursor.skip_spaces();
    if (cursor.take(')')) break;
    if (list.items.size() == kMaxItems) return cursor.fail("too many items");
    QC_ASSIGN(std::string item, cursor.string());
    if (std::find(list.items.begin(), list.items.end(), item) != list.items.end()) {
      return cursor.fail("item given twice");
    }
    list.items.push_back(std::move(item));
    if (cursor.peek() == ';') return cursor.fail("items with parameters are not accepted");
    if (cursor.peek() != ' ' && cursor.peek() != ')') return cursor.fail("expected ' ' or ')'");
  }
  QC_ASSIGN(list.parameters, read_parameters(cursor));
  return list;
}

/// Reads `label=` and leaves the cursor at the value.
Result<std::string> read_label(Cursor& cursor, std::string_view text) {
  if (text.size() > kMaxText) return cursor.fail("field too long");
  cursor.trim_end();
  cursor.skip_spaces();
  QC_ASSIGN(std::string label, cursor.key());
  if (!cursor.take('=')) return cursor.fail("expected '='");
  return label;
}

Status expect_end(const Cursor& cursor) {
  if (cursor.at_end()) return {};
  return cursor.fail(cursor.peek() == ',' ? "exactly one member is accepted" : "unexpected text");
}

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace

Result<NamedList> parse_named_list(std::string_view text) {
  Cursor cursor(text);
  NamedList out;
  QC_ASSIGN(out.label, read_label(cursor, text));
  QC_ASSIGN(out.list, read_inner_list(cursor));
  QC_TRY(expect_end(cursor));
  return out;
}

Result<NamedBytes> parse_named_bytes(std::string_view text) {
  Cursor cursor(text);
  NamedBytes out;
  QC_ASSIGN(out.label, read_label(cursor, text));
  QC_ASSIGN(out.value, cursor.bytes());
  QC_TRY(expect_end(cursor));
  return out;
}

std::string serialize(const InnerList& list) {
  std::string out = "(";
  for (const auto& item : list.items) {
    if (out.size() > 1) out.push_back(' ');
    append_string(out, item);
  }
  out.push_back(')');
  for (const auto& parameter : list.parameters) {
    out.append(";").append(parameter.key).append("=");
    if (const auto* text = std::get_if<std::string>(&parameter.value)) {
      append_string(out, *text);
    } else {
      out.append(std::to_string(std::get<std::int64_t>(parameter.value)));
    }
  }
  return out;
}

std::string serialize(ByteView bytes) { return ":" + to_base64(bytes) + ":"; }

}  // namespace qc::http::sf
