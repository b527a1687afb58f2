#include "sdk/plugin/values.hpp"

#include <gtest/gtest.h>

namespace qc::plugin {
namespace {

TEST(ValuesTest, EachTypeTakesItsFormAndNoOther) {
  struct Case {
    const char* type;
    std::vector<Json> good, bad;
  };
  const Case cases[] = {
      {"s", {"", "泉城", std::string(512, 'x')}, {std::string(513, 'x'), 5, "\xC3\x28"}},
      {"c", {"A", std::string(64, 'x')}, {std::string(65, 'x'), true}},
      {"d",
       {"2024-02-29", "1949-10-01"},
       {"2023-02-29", "2024-13-01", "2024-1-1", "2024-00-10", "2024-01-32", "1799-01-01", "",
        "2024/01/01", " 2024-01-01", "2024-01-01 "}},
      {"ym", {"2026-01", "2026-12"}, {"2026-13", "2026-00", "2026-1", "202601", "2026-01-01"}},
      {"dt",
       {"2026-01-01T00:00:00+08:00", "2026-01-01T23:59:59+08:00"},
       {"2026-01-01T24:00:00+08:00", "2026-01-01T00:60:00+08:00", "2026-01-01T00:00:60+08:00",
        "2026-01-01T00:00:00Z", "2026-01-01 00:00:00+08:00", "2026-01-01T00:00:00+09:00"}},
      {"m", {0, 1, -1, 9'007'199'254'740'993}, {1.5, "1", 18'446'744'073'709'551'615ULL}},
      {"i", {0, -7}, {0.0, "0", true}},
      {"dec",
       {"0", "-1", "12.00", "0.5", "123456789012345.123456"},
       {"", "-", ".5", "5.", "1.1234567", "1234567890123456", "01", "1e5", "+1", "1,0", 1.5}},
      {"b", {true, false}, {0, 1, "true"}},
      {"id18",
       {"11010519491231002X", "440524188001010014"},
       {"11010519491231002x", "110105194912310020", "11010519491331002X", "1101051949123100", ""}},
      {"gb2260", {"370199"}, {"37019", "3701999", "37019X"}},
      {"uscc", {"91350100M000100Y43"}, {"91350100M000100Y44", "91350100I000100Y43", "short"}},
  };
  for (const Case& one : cases) {
    const auto type = field_type(one.type);
    ASSERT_TRUE(type) << one.type;
    EXPECT_TRUE(value_fits(*type, nullptr)) << one.type;
    for (const Json& value : one.good) EXPECT_TRUE(value_fits(*type, value)) << one.type << value;
    for (const Json& value : one.bad) {
      EXPECT_FALSE(value_fits(*type, value))
          << one.type << value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    for (const Json& never : {Json::array(), Json::object()}) {
      EXPECT_FALSE(value_fits(*type, never)) << one.type;
    }
    EXPECT_FALSE(field_form(*type).empty());
  }
  EXPECT_FALSE(field_type("x"));
  EXPECT_FALSE(field_type(""));
}

TEST(ValuesTest, Utf8IsStrict) {
  for (const char* good :
       {"", "a", "é", "泉", "😀", "\x7f", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(valid_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xE6\xB3", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80", "\xFF", "a\xE6\xB3z"}) {
    EXPECT_FALSE(valid_utf8(bad));
  }
}

TEST(ValuesTest, DaysAreThoseOfChina) {
  EXPECT_EQ(date_of(0), (Date{1970, 1, 1}));
  EXPECT_EQ(date_of(16 * 3600 - 1), (Date{1970, 1, 1}));
  EXPECT_EQ(date_of(16 * 3600), (Date{1970, 1, 2}));  // midnight in Jinan
  EXPECT_EQ(date_of(-8 * 3600 - 1), (Date{1969, 12, 31}));
  EXPECT_EQ(start_of_day({1970, 1, 2}), 16 * 3600);
  for (const std::int64_t at : {0LL, 951'782'400LL, 1'709'222'399LL, 4'102'444'800LL}) {
    EXPECT_EQ(date_of(start_of_day(date_of(at))), date_of(at));
  }
}

TEST(ValuesTest, AgeIsInCompletedYears) {
  EXPECT_EQ(age_on({2000, 6, 15}, {2018, 6, 14}), 17);
  EXPECT_EQ(age_on({2000, 6, 15}, {2018, 6, 15}), 18);
  EXPECT_EQ(age_on({2000, 2, 29}, {2018, 2, 28}), 17);
  EXPECT_EQ(age_on({2000, 2, 29}, {2018, 3, 1}), 18);
}

}  // namespace
}  // namespace qc::plugin
