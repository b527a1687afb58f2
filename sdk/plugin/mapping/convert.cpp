// From a cell to a value of the dictionary.
#include <algorithm>
#include <charconv>

#include "sdk/plugin/mapping/mapping.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxDigits = 40;  ///< of a number before it is judged; no source has more

Error cell_error(const FieldMapping& field, std::string message) {
  Error error = internal("record.invalid", std::move(message));
  error.side = Side::kProvider;
  return error.at("record." + field.field);
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

bool digits_only(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A decimal number multiplied by ten to the power of `scale`, without superfluous zeros: done on
/// the digits, because a cent must not depend on binary fractions. Empty when it is none.
std::string scaled(std::string_view text, int scale) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string whole(text.substr(0, point));
  std::string part(point == std::string_view::npos ? std::string_view() : text.substr(point + 1));
  if (whole.empty() || whole.size() + part.size() > kMaxDigits || !digits_only(whole) ||
      !digits_only(part) || (point != std::string_view::npos && part.empty())) {
    return {};
  }
  for (; scale > 0; --scale) {
    whole.push_back(part.empty() ? '0' : part.front());
    if (!part.empty()) part.erase(0, 1);
  }
  for (; scale < 0; ++scale) {
    part.insert(part.begin(), whole.empty() ? '0' : whole.back());
    if (!whole.empty()) whole.pop_back();
  }
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  while (!part.empty() && part.back() == '0') part.pop_back();
  if (whole.empty()) whole = "0";
  const bool zero = whole == "0" && part.empty();
  return (negative && !zero ? "-" : "") + whole + (part.empty() ? "" : "." + part);
}

Result<Json> number_of(const FieldMapping& field, std::string_view text) {
  const bool whole_wanted = field.reads == CellType::kInteger;
  const std::string number = scaled(text, field.scale);
  if (number.empty() || (whole_wanted && text.find('.') != std::string_view::npos)) {
    return cell_error(field, whole_wanted ? "expected a whole number in its column"
                                          : "expected a decimal number in its column");
  }
  if (field.type == FieldType::kDecimal) return Json(number);
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (failure != std::errc() || end != number.data() + number.size()) {
    return cell_error(
        field, "expected " + std::string(field_form(field.type)) + " after its scale is applied");
  }
  return Json(value);
}

// ---- dates ----

constexpr std::string_view kTokens[] = {"YYYY", "MM", "DD", "hh", "mm", "ss"};
constexpr std::size_t kYear = 0, kMonth = 1, kDay = 2, kHour = 3;

/// Which of kTokens stands at the beginning of `format`, or their number when none does.
std::size_t token_at(std::string_view format) {
  const auto* found =
      std::find_if(std::begin(kTokens), std::end(kTokens),
                   [&](std::string_view token) { return format.starts_with(token); });
  return static_cast<std::size_t>(found - std::begin(kTokens));
}

std::string_view default_format(FieldType type) {
  if (type == FieldType::kMonth) return "YYYY-MM";
  if (type == FieldType::kDateTime) return "YYYY-MM-DDThh:mm:ss+08:00";
  return "YYYY-MM-DD";
}

/// The six parts as texts, "00" where the format has none; nothing when the text does not follow
/// it.
std::optional<std::vector<std::string>> read_parts(std::string_view text, std::string_view format) {
  std::vector<std::string> parts = {"0000", "00", "00", "00", "00", "00"};
  while (!format.empty()) {
    const std::size_t token = token_at(format);
    const std::size_t size = token < std::size(kTokens) ? kTokens[token].size() : 1;
    const std::string_view read = text.substr(0, size);
    if (token < std::size(kTokens)) {
      if (read.size() != size || !digits_only(read)) return std::nullopt;
      parts[token] = read;
    } else if (read != format.substr(0, 1)) {
      return std::nullopt;
    }
    text.remove_prefix(size);
    format.remove_prefix(size);
  }
  if (!text.empty()) return std::nullopt;
  return parts;
}

Result<Json> date_of_cell(const FieldMapping& field, std::string_view text) {
  const std::string_view format =
      field.format.empty() ? default_format(field.type) : std::string_view(field.format);
  const auto parts = read_parts(text, format);
  if (!parts) return cell_error(field, "expected a date written " + std::string(format));
  std::string date = (*parts)[kYear] + '-' + (*parts)[kMonth];
  if (field.type != FieldType::kMonth) date += '-' + (*parts)[kDay];
  if (field.type == FieldType::kDateTime) {
    date +=
        'T' + (*parts)[kHour] + ':' + (*parts)[kHour + 1] + ':' + (*parts)[kHour + 2] + "+08:00";
  }
  return Json(std::move(date));
}

// ---- texts ----

Result<Json> boolean_of(const FieldMapping& field, std::string_view text) {
  if (text == "1" || text == "true" || text == "TRUE") return Json(true);
  if (text == "0" || text == "false" || text == "FALSE") return Json(false);
  return cell_error(field, "expected 1, 0, true or false, or a code of its table");
}

std::string masked(std::string_view text, const Mask& mask) {
  std::vector<std::string_view> characters;
  while (!text.empty()) {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
    characters.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  std::string out;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const bool kept = i < mask.first || characters.size() - i <= mask.last;
    // Nothing would be hidden of a text that is as short as what stays: then nothing is shown.
    out += kept && characters.size() > mask.first + mask.last ? characters[i] : "*";
  }
  return out;
}

}  // namespace

bool date_format_fits(FieldType type, std::string_view format) {
  int seen[std::size(kTokens)] = {};
  while (!format.empty()) {
    const std::size_t token = token_at(format);
    if (token < std::size(kTokens)) ++seen[token];
    format.remove_prefix(token < std::size(kTokens) ? kTokens[token].size() : 1);
  }
  const bool once = std::all_of(std::begin(seen), std::end(seen), [](int n) { return n <= 1; });
  const bool day = seen[kDay] == 1 || type == FieldType::kMonth;
  return once && seen[kYear] == 1 && seen[kMonth] == 1 && day;
}

Result<Json> convert_cell(const FieldMapping& field, const Cell& cell) {
  std::string_view text = cell ? trimmed(*cell) : std::string_view();
  if (text.empty()) {  // a file cannot tell an empty text from none, so no source does
    if (field.required) return cell_error(field, "a value is required and the source has none");
    return field.otherwise;
  }
  if (field.codes) {
    const auto found = field.codes->find(text);
    if (found == field.codes->end()) {
      return cell_error(field, "the source's code is not in its code table");
    }
    text = found->second;
  }
  Json value;
  switch (field.reads) {
    case CellType::kInteger:
    case CellType::kDecimal: {
      QC_ASSIGN(value, number_of(field, text));
      break;
    }
    case CellType::kDate: {
      QC_ASSIGN(value, date_of_cell(field, text));
      break;
    }
    case CellType::kBoolean: {
      QC_ASSIGN(value, boolean_of(field, text));
      break;
    }
    case CellType::kText:
      value = field.mask ? masked(text, *field.mask) : std::string(text);
  }
  if (!value_fits(field.type, value)) {
    return cell_error(field, "expected " + std::string(field_form(field.type)));
  }
  return value;
}

}  // namespace qc::plugin
