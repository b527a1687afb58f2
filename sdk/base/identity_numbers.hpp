// Numbers that identify people, organisations and areas, with their check digits.
#pragma once

#include <span>
#include <string_view>

#include "sdk/base/result.hpp"

namespace qc {

/// Check character of a citizen identification number from its first 17 digits (GB 11643-1999
/// section 5). Returns '\0' unless `digits17` is 17 digits. Any thread.
char id_number_check(std::string_view digits17);

/// True for 18 characters in the form of GB 11643: area, a date that exists (1800..2999), sequence
/// and check character ('X' in upper case only: one text form for each number). Any thread.
bool is_valid_id_number(std::string_view text);

/// Check character of a unified social credit code from its first 17 characters (GB 32100-2015
/// appendix A). Returns '\0' when a character is outside the alphabet. Any thread.
char uscc_check(std::string_view text17);

/// True for 18 characters in the form of GB 32100, check character included. Any thread.
bool is_valid_uscc(std::string_view text);

/// A county-level division (GB/T 2260).
struct Area {
  std::string_view code;  ///< six digits
  std::string_view name_zh;
  std::string_view name_en;
};

/// The divisions of Jinan, in order of code. Any thread.
std::span<const Area> jinan_areas();

/// The entry, or nullptr when the code is not Jinan's. Any thread.
const Area* find_jinan_area(std::string_view code);

/// Area code of synthetic people: assigned to nobody, so that no real number can match.
inline constexpr std::string_view kSyntheticArea = "370199";

}  // namespace qc
