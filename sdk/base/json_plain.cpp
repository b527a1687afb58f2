// The everyday part of JSON, read and written several times as fast as by the library: compact, no
// escapes, whole numbers. Anything else is left to the library, errors included, so that what is
// accepted, and as what, is its decision alone.
#include <array>
#include <charconv>
#include <cstring>

#include "sdk/base/json.hpp"

namespace qc {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

/// Non-zero when a byte ends a plain text or needs a look: a quote, a backslash, a control
/// character, or one outside ASCII. (A borrow may show a byte too many, never one too few.)
constexpr std::uint64_t remarkable(std::uint64_t word) {
  return ((word - kOnes * 0x20U) & ~word & kHighs) | zero_bytes(word ^ (kOnes * '"')) |
         zero_bytes(word ^ (kOnes * '\\')) | (word & kHighs);
}

bool is_continuation(char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) == 0x80U; }

/// Length of the UTF-8 sequence at the front of `text`, which begins outside ASCII, or 0 when it is
/// none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  const std::size_t size = first < 0xE0U ? 2 : (first < 0xF0U ? 3 : 4);
  if (first < 0xC2U || first > 0xF4U || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<std::uint8_t>(text[1]);
  const bool wrong = (first == 0xE0U && second < 0xA0U) || (first == 0xEDU && second > 0x9FU) ||
                     (first == 0xF0U && second < 0x90U) || (first == 0xF4U && second > 0x8FU);
  return wrong ? 0 : size;
}

/// Bytes up to the first that cannot stand in a text as it is: a quote, a backslash, a control
/// character, or what is not UTF-8.
std::size_t plain_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t word = 0;
    if (at + sizeof word <= text.size()) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if (remarkable(word) == 0) {
        at += sizeof word;
        continue;
      }
    }
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x20U || byte == '"' || byte == '\\') return at;
    if (byte < 0x80U) {
      ++at;
      continue;
    }
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

class PlainParser {
 public:
  PlainParser(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::optional<Json> run() {
    Json out;
    if (!value(out) || at_ != text_.size()) return std::nullopt;
    return out;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool value(Json& out) {
    switch (peek()) {
      case '{':
        return object(out);
      case '[':
        return array(out);
      case '"':
        out = std::string();
        return text(out.get_ref<std::string&>());
      case 't':
        out = true;
        return take_word("true");
      case 'f':
        out = false;
        return take_word("false");
      case 'n':
        return take_word("null");
      default:
        return number(out);
    }
  }

  bool text(std::string& out) {
    if (!take('"')) return false;
    const std::string_view rest = text_.substr(at_);
    const std::size_t length = plain_length(rest);
    out.assign(rest.substr(0, length));
    at_ += length;
    return take('"');
  }

  bool number(Json& out) {
    constexpr std::ptrdiff_t kMostDigits = 18;  // fits, signed or not
    const bool negative = take('-');
    const char* const begin = text_.data() + at_;
    const char* const end = text_.data() + text_.size();
    std::int64_t number = 0;
    if (begin == end || *begin < '0' || *begin > '9') return false;
    const auto [stop, failure] = std::from_chars(begin, end, number);
    if (failure != std::errc() || stop - begin > kMostDigits) return false;
    if (*begin == '0' && (negative || stop - begin > 1)) return false;
    at_ += static_cast<std::size_t>(stop - begin);
    const char next = peek();
    if (next == '.' || next == 'e' || next == 'E') return false;
    if (negative) {
      out = -number;
    } else {
      out = static_cast<std::uint64_t>(number);
    }
    return true;
  }

  bool open(char c) { return ++depth_ <= max_depth_ && take(c); }
  bool close(char c) {
    --depth_;
    return take(c);
  }

  bool array(Json& out) {
    out = Json::array();
    if (!open('[')) return false;
    if (peek() == ']') return close(']');
    auto& items = out.get_ref<Json::array_t&>();
    do {
      if (!value(items.emplace_back())) return false;
    } while (take(','));
    return close(']');
  }

  bool object(Json& out) {
    out = Json::object();
    if (!open('{')) return false;
    if (peek() == '}') return close('}');
    auto& members = out.get_ref<Json::object_t&>();
    std::string name;
    do {
      if (!text(name) || !take(':')) return false;
      const std::size_t before = members.size();
      // Documents that we wrote are in order: the end is the right place nearly always.
      const auto member = members.emplace_hint(members.end(), std::move(name), Json());
      if (members.size() == before) return false;  // a name twice
      if (!value(member->second)) return false;
    } while (take(','));
    return close('}');
  }

  std::string_view text_;
  std::size_t at_ = 0;
  const std::size_t max_depth_;
  std::size_t depth_ = 0;
};

bool write_value(const Json& value, std::string& out);

bool write_text(const std::string& text, std::string& out) {
  if (plain_length(text) != text.size()) return false;
  out.push_back('"');
  out.append(text);
  out.push_back('"');
  return true;
}

template <typename Number>
bool write_number(Number number, std::string& out) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
  return true;
}

bool write_array(const Json& value, std::string& out) {
  out.push_back('[');
  for (const Json& item : value.get_ref<const Json::array_t&>()) {
    if (out.back() != '[') out.push_back(',');
    if (!write_value(item, out)) return false;
  }
  out.push_back(']');
  return true;
}

bool write_object(const Json& value, std::string& out) {
  out.push_back('{');
  for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
    if (out.back() != '{') out.push_back(',');
    if (!write_text(name, out)) return false;
    out.push_back(':');
    if (!write_value(member, out)) return false;
  }
  out.push_back('}');
  return true;
}

/// False when something is not of the everyday kind; `out` is of no use then.
bool write_value(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::null:
      out.append("null");
      return true;
    case Json::value_t::boolean:
      out.append(value.get<bool>() ? "true" : "false");
      return true;
    case Json::value_t::number_integer:
      return write_number(value.get<std::int64_t>(), out);
    case Json::value_t::number_unsigned:
      return write_number(value.get<std::uint64_t>(), out);
    case Json::value_t::string:
      return write_text(value.get_ref<const std::string&>(), out);
    case Json::value_t::array:
      return write_array(value, out);
    case Json::value_t::object:
      return write_object(value, out);
    default:
      return false;
  }
}

}  // namespace

std::optional<Json> parse_plain_json(std::string_view text, std::size_t max_depth) {
  return PlainParser(text, max_depth).run();
}

std::string dump_json(const Json& value) {
  constexpr std::size_t kEveryday = 512;  // what most documents fit into
  std::string out;
  if (value.is_structured()) out.reserve(kEveryday);
  if (write_value(value, out)) return out;
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace qc
