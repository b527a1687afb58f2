#include "sdk/base/identity_numbers.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace qc {
namespace {

TEST(IdNumber, PublishedNumbers) {
  EXPECT_TRUE(is_valid_id_number("11010519491231002X"));
  EXPECT_TRUE(is_valid_id_number("440524188001010014"));
  EXPECT_EQ(id_number_check("11010519491231002"), 'X');
  EXPECT_EQ(id_number_check("44052418800101001"), '4');
}

// The check finds every wrong digit and every swap of neighbours (what it was designed for).
TEST(IdNumber, FindsEveryWrongDigitAndEverySwap) {
  const std::string good = "370199199001010012";
  const std::string base = good.substr(0, 17);
  const std::string valid = base + id_number_check(base);
  ASSERT_TRUE(is_valid_id_number(valid));
  for (std::size_t i = 0; i < 17; ++i) {
    for (char c = '0'; c <= '9'; ++c) {
      std::string wrong = valid;
      wrong[i] = c;
      EXPECT_EQ(is_valid_id_number(wrong), wrong == valid) << wrong;
    }
    std::string swapped = valid;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_EQ(is_valid_id_number(swapped), swapped == valid) << swapped;
  }
}

TEST(IdNumber, RefusesOtherForms) {
  for (const std::string text :
       {"", "11010519491231002", "11010519491231002x", "11010519491231002X ", "1101051949123100X2",
        "A1010519491231002X", "11010519491231002XX", "１1010519491231002X"}) {
    EXPECT_FALSE(is_valid_id_number(text)) << text;
  }
  EXPECT_EQ(id_number_check("1101051949123100"), '\0');
  EXPECT_EQ(id_number_check("1101051949123100A"), '\0');
}

TEST(IdNumber, TheDateExists) {
  const auto with_date = [](const std::string& date) {
    const std::string base = "370199" + date + "001";
    return is_valid_id_number(base + id_number_check(base));
  };
  EXPECT_TRUE(with_date("20000229"));
  EXPECT_TRUE(with_date("20240229"));
  EXPECT_TRUE(with_date("19991231"));
  for (const char* date : {"19000229", "20230229", "20230230", "20230431", "20231301", "20230001",
                           "20230100", "20230132", "17991231", "30000101"}) {
    EXPECT_FALSE(with_date(date)) << date;
  }
  const std::string zero = "07019919900101001";
  EXPECT_FALSE(is_valid_id_number(zero + id_number_check(zero)));
}

TEST(Uscc, PublishedCode) {
  EXPECT_TRUE(is_valid_uscc("91350100M000100Y43"));
  EXPECT_EQ(uscc_check("91350100M000100Y4"), '3');
}

// 31 - (sum mod 31) would be 31, outside the alphabet, where the sum is 0 mod 31.
TEST(Uscc, SumZeroGivesZero) {
  EXPECT_EQ(uscc_check("00000000000000000"), '0');
  std::set<char> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string base = "91370100" + std::to_string(100000000 + i);
    const char check = uscc_check(base);
    seen.insert(check);
    EXPECT_TRUE(is_valid_uscc(base + check));
  }
  EXPECT_EQ(seen.size(), 31U);
}

TEST(Uscc, FindsEveryWrongCharacter) {
  const std::string alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  const std::string good = "91350100M000100Y43";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : alphabet) {
      std::string wrong = good;
      wrong[i] = c;
      EXPECT_EQ(is_valid_uscc(wrong), wrong == good) << wrong;
    }
  }
}

TEST(Uscc, RefusesOtherForms) {
  for (const std::string text : {"", "91350100M000100Y4", "91350100m000100y43",
                                 "91350100M000100Y433", "91350100M000100Y4 "}) {
    EXPECT_FALSE(is_valid_uscc(text)) << text;
  }
  for (const char c : std::string("IOSVZ")) {
    std::string text = "91350100M000100Y4";
    text[8] = c;
    EXPECT_EQ(uscc_check(text), '\0') << c;
  }
}

TEST(Areas, AreJinansTwelveInOrder) {
  const auto areas = jinan_areas();
  ASSERT_EQ(areas.size(), 12U);
  for (std::size_t i = 0; i < areas.size(); ++i) {
    EXPECT_EQ(areas[i].code.substr(0, 4), "3701");
    EXPECT_FALSE(areas[i].name_zh.empty());
    EXPECT_FALSE(areas[i].name_en.empty());
    if (i > 0) {
      EXPECT_LT(areas[i - 1].code, areas[i].code);
    }
  }
  ASSERT_NE(find_jinan_area("370102"), nullptr);
  EXPECT_EQ(find_jinan_area("370102")->name_zh, "历下区");
  EXPECT_EQ(find_jinan_area("370116")->name_zh, "莱芜区");
  EXPECT_EQ(find_jinan_area("370126")->name_en, "Shanghe");
  EXPECT_EQ(find_jinan_area("37010"), nullptr);
  EXPECT_EQ(find_jinan_area(""), nullptr);
  // Synthetic people live where nobody does.
  EXPECT_EQ(find_jinan_area(kSyntheticArea), nullptr);
}

}  // namespace
}  // namespace qc
