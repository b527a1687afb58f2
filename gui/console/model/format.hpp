// How figures, times and identifiers are written. Any thread, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gui/console/model/strings.hpp"

namespace qc::console {

/// 1234567 -> "1,234,567" (both languages group by three, as the GB/T 15835 practice for tables).
std::string grouped(std::uint64_t number);
/// "0.153 ms" from microseconds; "–" for 0.
std::string milliseconds_text(double micros);
/// The first 8 and last 6 characters of an identifier longer than `limit`: "3f2a91bc…07de1f".
std::string shortened(std::string_view identifier, std::size_t limit = 18);
/// Local time, "2026-01-31 09:05:07"; "–" for 0.
std::string date_time(std::int64_t time_ms);
/// Local time of day, "09:05".
std::string clock_time(std::int64_t time_ms);
/// "3 天 4 时", "5 min".
std::string duration(std::int64_t seconds, Lang lang);
/// "刚刚更新", "12 s ago".
std::string age(std::int64_t age_ms, Lang lang);

/// One row of tab-separated values; tabs and line ends inside a cell become spaces.
std::string tsv_row(const std::vector<std::string>& cells);
/// Lower case for ASCII; other characters unchanged.
std::string folded(std::string_view text);

}  // namespace qc::console
