#include "tests/e2e/leaks.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>

#include "sdk/base/bytes.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxNesting = 4;
constexpr std::size_t kMinRun = 16;

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A number among the letters of a hash is no amount: digits must stand alone.
bool stands_in(std::string_view text, const std::string& value) {
  const bool number = digits(value);
  for (std::size_t at = text.find(value); at != std::string_view::npos;
       at = text.find(value, at + 1)) {
    const std::size_t end = at + value.size();
    const bool alone = (at == 0 || !word(text[at - 1])) && (end == text.size() || !word(text[end]));
    if (!number || alone) return true;
  }
  return false;
}

bool base64_char(char c) { return word(c) || c == '-' || c == '_' || c == '+' || c == '/'; }

std::string decoded(std::string_view run) {
  std::string text(run);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  if (text.size() % 4 == 1) text.pop_back();
  // Cut to whole groups: trailing bits of a foreign encoding would be refused.
  if (const auto whole = from_base64url(text); whole.ok()) return std::string(as_text(*whole));
  text.resize(text.size() / 4 * 4);
  const auto cut = from_base64url(text);
  return cut.ok() ? std::string(as_text(*cut)) : std::string();
}

std::string search(std::string_view text, const std::set<std::string>& values, int depth) {
  for (const std::string& value : values) {
    if (stands_in(text, value)) return value;
  }
  if (depth == kMaxNesting) return {};
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && base64_char(text[end])) ++end;
    if (end - at >= kMinRun) {
      const std::string inside = decoded(text.substr(at, end - at));
      if (const std::string hit = search(inside, values, depth + 1); !hit.empty()) return hit;
    }
    at = end + 1;
  }
  return {};
}

}  // namespace

std::set<std::string> values_of(const Json& shown, const Json& items) {
  std::map<std::string, std::string> types;
  for (const Json& item : items) {
    for (const Json& field : item.at("fields")) {
      types[item.at("item").get<std::string>() + "." + field.at("id").get<std::string>()] =
          field.at("type");
    }
  }
  std::set<std::string> values;
  for (const Json& asset : shown.at("assets")) {
    for (const auto& [name, value] : asset.at("fields").items()) {
      const std::string type = types[asset.at("item").get<std::string>() + "." + name];
      const bool text = value.is_string() && (type == "s" || type == "id18" || type == "uscc");
      const bool amount = value.is_number_integer() && type == "m";
      const std::string plain = text ? value.get<std::string>() : amount ? value.dump() : "";
      if (plain.size() >= 6) values.insert(plain);
    }
  }
  return values;
}

std::string find_value(std::string_view text, const std::set<std::string>& values) {
  return search(text, values, 0);
}

std::string find_value_in(const fs::path& folder, const std::set<std::string>& values) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (const std::string hit = find_value(text, values); !hit.empty()) {
      return entry.path().string() + ": " + hit;
    }
  }
  return {};
}

}  // namespace qc::tests
