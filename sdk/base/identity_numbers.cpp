#include "sdk/base/identity_numbers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace qc {
namespace {

constexpr std::array<int, 17> kIdWeights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
constexpr std::string_view kIdChecks = "10X98765432";
constexpr std::string_view kUsccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

constexpr std::array kJinan{
    Area{"370102", "历下区", "Lixia"},    Area{"370103", "市中区", "Shizhong"},
    Area{"370104", "槐荫区", "Huaiyin"},  Area{"370105", "天桥区", "Tianqiao"},
    Area{"370112", "历城区", "Licheng"},  Area{"370113", "长清区", "Changqing"},
    Area{"370114", "章丘区", "Zhangqiu"}, Area{"370115", "济阳区", "Jiyang"},
    Area{"370116", "莱芜区", "Laiwu"},    Area{"370117", "钢城区", "Gangcheng"},
    Area{"370124", "平阴县", "Pingyin"},  Area{"370126", "商河县", "Shanghe"},
};

bool digit(char c) { return c >= '0' && c <= '9'; }

int number(std::string_view digits) {
  int out = 0;
  for (const char c : digits) out = out * 10 + (c - '0');
  return out;
}

bool date_exists(std::string_view yyyymmdd) {
  const int year = number(yyyymmdd.substr(0, 4));
  const int month = number(yyyymmdd.substr(4, 2));
  const int day = number(yyyymmdd.substr(6, 2));
  if (year < 1800 || year > 2999 || month < 1 || month > 12) return false;
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int last = kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
  return day >= 1 && day <= last;
}

}  // namespace

char id_number_check(std::string_view digits17) {
  if (digits17.size() != 17 || !std::all_of(digits17.begin(), digits17.end(), digit)) return '\0';
  int sum = 0;
  for (std::size_t i = 0; i < kIdWeights.size(); ++i) sum += (digits17[i] - '0') * kIdWeights[i];
  return kIdChecks[static_cast<std::size_t>(sum % 11)];
}

bool is_valid_id_number(std::string_view text) {
  if (text.size() != 18) return false;
  const char check = id_number_check(text.substr(0, 17));
  return check != '\0' && check == text[17] && text[0] != '0' && date_exists(text.substr(6, 8));
}

char uscc_check(std::string_view text17) {
  if (text17.size() != 17) return '\0';
  std::size_t sum = 0;
  std::size_t weight = 1;
  for (const char c : text17) {
    const std::size_t value = kUsccAlphabet.find(c);
    if (value == std::string_view::npos) return '\0';
    sum += value * weight;
    weight = weight * 3 % 31;
  }
  return kUsccAlphabet[(31 - sum % 31) % 31];
}

// Form of GB 32100 section 4: department and category, six digits of area, nine of organisation.
bool is_valid_uscc(std::string_view text) {
  if (text.size() != 18) return false;
  const std::string_view area = text.substr(2, 6);
  if (!std::all_of(area.begin(), area.end(), digit)) return false;
  const char check = uscc_check(text.substr(0, 17));
  return check != '\0' && check == text[17];
}

std::span<const Area> jinan_areas() { return kJinan; }

const Area* find_jinan_area(std::string_view code) {
  const auto it = std::find_if(kJinan.begin(), kJinan.end(),
                               [&](const Area& area) { return area.code == code; });
  return it == kJinan.end() ? nullptr : &*it;
}

}  // namespace qc
