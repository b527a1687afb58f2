#include "sdk/plugin/values.hpp"

#include <array>
#include <chrono>
#include <limits>
#include <utility>

#include "sdk/base/identity_numbers.hpp"

namespace qc::plugin {
namespace {

constexpr std::int64_t kChinaOffsetSeconds = 8LL * 3600;

struct TypeRow {
  std::string_view abbreviation;
  FieldType type;
  std::string_view form;
};
constexpr std::array<TypeRow, 12> kTypes = {{
    {"s", FieldType::kText, "a text of up to 512 bytes"},
    {"c", FieldType::kCode, "a code of up to 64 bytes"},
    {"d", FieldType::kDate, "a date YYYY-MM-DD"},
    {"ym", FieldType::kMonth, "a month YYYY-MM"},
    {"dt", FieldType::kDateTime, "a time YYYY-MM-DDThh:mm:ss+08:00"},
    {"m", FieldType::kMoney, "an amount in whole fen"},
    {"i", FieldType::kInteger, "an integer"},
    {"dec", FieldType::kDecimal, "a decimal number as text"},
    {"b", FieldType::kBoolean, "true or false"},
    {"id18", FieldType::kIdNumber, "an identity number with a valid check digit"},
    {"gb2260", FieldType::kArea, "a six-digit area code"},
    {"uscc", FieldType::kUscc, "a unified social credit code with a valid check character"},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

bool valid_month(std::string_view text) {
  return text.size() == 7 && text[4] == '-' && parse_date(std::string(text) + "-01").has_value();
}

bool valid_date_time(std::string_view text) {
  if (text.size() != 25 || text[10] != 'T' || text[13] != ':' || text[16] != ':') return false;
  if (text.substr(19) != "+08:00" || !parse_date(text.substr(0, 10))) return false;
  for (const auto& [at, limit] : {std::pair{11, 24}, std::pair{14, 60}, std::pair{17, 60}}) {
    const std::string_view part = text.substr(static_cast<std::size_t>(at), 2);
    if (!all_digits(part) || number(part) >= limit) return false;
  }
  return true;
}

bool valid_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!all_digits(whole) || whole.size() > 15) return false;
  if (whole.size() > 1 && whole.front() == '0') return false;
  if (point == std::string_view::npos) return true;
  const std::string_view part = text.substr(point + 1);
  return all_digits(part) && part.size() <= 6;
}

bool text_fits(FieldType type, std::string_view text) {
  if (!valid_utf8(text)) return false;
  switch (type) {
    case FieldType::kText:
      return text.size() <= 512;
    case FieldType::kCode:
      return text.size() <= 64;
    case FieldType::kDate:
      return parse_date(text).has_value();
    case FieldType::kMonth:
      return valid_month(text);
    case FieldType::kDateTime:
      return valid_date_time(text);
    case FieldType::kDecimal:
      return valid_decimal(text);
    case FieldType::kIdNumber:
      return is_valid_id_number(text);
    case FieldType::kArea:
      return text.size() == 6 && all_digits(text);
    case FieldType::kUscc:
      return is_valid_uscc(text);
    default:
      return false;
  }
}

}  // namespace

std::optional<FieldType> field_type(std::string_view abbreviation) {
  for (const TypeRow& row : kTypes) {
    if (row.abbreviation == abbreviation) return row.type;
  }
  return std::nullopt;
}

std::string_view field_form(FieldType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row.form;
  }
  return "a known type";
}

bool value_fits(FieldType type, const Json& value) {
  if (value.is_null()) return true;
  switch (type) {
    case FieldType::kMoney:
    case FieldType::kInteger:
      // An unsigned value beyond int64 would change its sign at the next reader.
      return value.is_number_integer() &&
             (!value.is_number_unsigned() ||
              value.get<std::uint64_t>() <=
                  static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    case FieldType::kBoolean:
      return value.is_boolean();
    default:
      return value.is_string() && text_fits(type, value.get_ref<const std::string&>());
  }
}

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    if (size == 0 || i + size > text.size()) return false;
    std::uint32_t point = size == 1 ? lead : lead & (0xFFU >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) return false;
      point = (point << 6U) | (next & 0x3FU);
    }
    const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
    if (overlong || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return false;
    i += size;
  }
  return true;
}

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::string_view year = text.substr(0, 4);
  const std::string_view month = text.substr(5, 2);
  const std::string_view day = text.substr(8, 2);
  if (!all_digits(year) || !all_digits(month) || !all_digits(day)) return std::nullopt;
  const Date date{number(year), number(month), number(day)};
  const std::chrono::year_month_day check{std::chrono::year(date.year),
                                          std::chrono::month(static_cast<unsigned>(date.month)),
                                          std::chrono::day(static_cast<unsigned>(date.day))};
  if (!check.ok() || date.year < 1800 || date.year > 2999) return std::nullopt;
  return date;
}

Date date_of(std::int64_t epoch_s) {
  const std::int64_t local = epoch_s + kChinaOffsetSeconds;
  const std::int64_t day = local / kDaySeconds - (local % kDaySeconds < 0 ? 1 : 0);
  const std::chrono::year_month_day ymd{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(day)))};
  return {static_cast<int>(ymd.year()), static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day()))};
}

std::int64_t start_of_day(const Date& date) {
  const std::chrono::sys_days day{std::chrono::year_month_day{
      std::chrono::year(date.year), std::chrono::month(static_cast<unsigned>(date.month)),
      std::chrono::day(static_cast<unsigned>(date.day))}};
  return day.time_since_epoch().count() * kDaySeconds - kChinaOffsetSeconds;
}

int age_on(const Date& birth, const Date& today) {
  const bool before_birthday =
      std::pair(today.month, today.day) < std::pair(birth.month, birth.day);
  return today.year - birth.year - (before_birthday ? 1 : 0);
}

}  // namespace qc::plugin
