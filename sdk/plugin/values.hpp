// Values of the data dictionary: which text, number or date a field may hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sdk/base/json.hpp"

namespace qc::plugin {

inline constexpr std::int64_t kDaySeconds = 24LL * 3600;

/// Dictionary types. JSON form of each: docs/formats.md, Asset.
enum class FieldType {
  kText,      ///< "s": up to 512 bytes
  kCode,      ///< "c": up to 64 bytes
  kDate,      ///< "d": YYYY-MM-DD
  kMonth,     ///< "ym": YYYY-MM
  kDateTime,  ///< "dt": YYYY-MM-DDThh:mm:ss+08:00
  kMoney,     ///< "m": integer fen
  kInteger,   ///< "i"
  kDecimal,   ///< "dec": text, up to 15 digits before and 6 after the point
  kBoolean,   ///< "b"
  kIdNumber,  ///< "id18": GB 11643-1999
  kArea,      ///< "gb2260": six digits
  kUscc,      ///< "uscc": GB 32100-2015
};

/// The type a dictionary abbreviation names, or nothing. Any thread.
std::optional<FieldType> field_type(std::string_view abbreviation);

/// What a value of this type looks like, for error messages ("a date YYYY-MM-DD").
std::string_view field_form(FieldType type);

/// True when `value` is null or a well-formed value of the type. Any thread.
bool value_fits(FieldType type, const Json& value);

/// RFC 3629: what JSON may carry. Any thread.
bool valid_utf8(std::string_view text);

/// A day of the Gregorian calendar from 1800 to 2999, or nothing.
struct Date {
  int year = 0, month = 0, day = 0;
  bool operator==(const Date&) const = default;
};
std::optional<Date> parse_date(std::string_view text);
/// Day in China standard time (UTC+8) of seconds since the epoch.
Date date_of(std::int64_t epoch_s);
/// Seconds since the epoch at which that day begins in China standard time.
std::int64_t start_of_day(const Date& date);
/// Completed years from `birth` to `today` (PIPL, Civil Code article 17: by completed years).
int age_on(const Date& birth, const Date& today);

}  // namespace qc::plugin
