// parse_json on bytes from outside.
#include "sdk/base/json.hpp"

#include <random>

#include <gtest/gtest.h>

namespace qc {
namespace {

std::string code_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto result = parse_json(text, limits);
  return result.ok() ? "" : result.error().code;
}

TEST(ParseJson, TakesEveryKindOfValue) {
  for (const std::string text :
       {"null", "true", "false", "0", "-1", "1.5", "1e3", "\"\"", "\"市民\"", "[]", "{}",
        "[1,[2,{\"a\":[]}]]", "{\"a\":{\"a\":{\"a\":1}}}", " \t\r\n1 \n"}) {
    const auto result = parse_json(text);
    ASSERT_TRUE(result.ok()) << text;
    EXPECT_EQ(*result, Json::parse(text)) << text;
  }
}

TEST(ParseJson, RefusesWhatIsNotOneValue) {
  for (const std::string text : {"",
                                 " ",
                                 "nul",
                                 "tru",
                                 "{",
                                 "}",
                                 "[",
                                 "]",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "{\"a\"}",
                                 "{a:1}",
                                 "{'a':1}",
                                 "\"",
                                 "\"a",
                                 "01",
                                 "+1",
                                 ".5",
                                 "1.",
                                 "1e",
                                 "0x1",
                                 "NaN",
                                 "Infinity",
                                 "1 2",
                                 "{} {}",
                                 "[] x",
                                 "null null",
                                 "{}\x01",
                                 "// c\n1",
                                 "/* c */1",
                                 "\"\x01\"",
                                 "\"\t\"",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\\ud800\"",
                                 "\"\\udc00\"",
                                 "\"\\ud800\\u0041\"",
                                 "\xEF\xBB\xBF"}) {
    EXPECT_EQ(code_of(text), "json.invalid") << text;
  }
  EXPECT_EQ(code_of(std::string_view("1\0", 2)), "json.invalid");
  EXPECT_EQ(code_of(std::string_view("{}\0{}", 5)), "json.invalid");
  EXPECT_EQ(code_of(std::string_view("\"a\0b\"", 5)), "json.invalid");
  EXPECT_EQ(*parse_json("\"a\\u0000b\""), Json(std::string("a\0b", 3)));
}

TEST(ParseJson, RefusesInvalidUtf8) {
  for (const std::string bytes :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80", "\xC3", "\xE2\x82", "\xFF", "\xFE"}) {
    EXPECT_EQ(code_of("\"" + bytes + "\""), "json.invalid");
    EXPECT_EQ(code_of("{\"" + bytes + "\":1}"), "json.invalid");
  }
  EXPECT_EQ(code_of("\"\xF0\x9F\x98\x80\""), "");
  EXPECT_EQ(code_of("\"\\ud83d\\ude00\""), "");
}

TEST(ParseJson, RefusesDuplicateMembersAtEveryDepth) {
  for (const std::string text :
       {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"([{"x":[{"a":1,"a":2}]}])",
        R"({"a":{},"a":{}})", R"({"a":1,"\u0061":2})", R"({"":1,"":2})"}) {
    EXPECT_EQ(code_of(text), "json.duplicate_member") << text;
  }
  for (const std::string text :
       {R"({"a":{"a":1},"b":{"a":1}})", R"([{"a":1},{"a":1}])", R"({"a":1,"A":2,"a ":3})"}) {
    EXPECT_EQ(code_of(text), "") << text;
  }
}

TEST(ParseJson, DepthIsLimitedExactly) {
  const auto nested = [](std::size_t depth, bool objects) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += objects ? "{\"a\":" : "[";
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) text += objects ? "}" : "]";
    return text;
  };
  for (const bool objects : {false, true}) {
    EXPECT_EQ(code_of(nested(16, objects)), "");
    EXPECT_EQ(code_of(nested(17, objects)), "json.too_deep");
    EXPECT_EQ(code_of(nested(3, objects), {1024, 3}), "");
    EXPECT_EQ(code_of(nested(4, objects), {1024, 3}), "json.too_deep");
  }
  // A million brackets end at the limit, not at the end of the stack.
  EXPECT_EQ(code_of(std::string(1000000, '[')), "json.too_deep");
}

TEST(ParseJson, SizeIsLimitedExactly) {
  const std::string text = "\"" + std::string(98, 'a') + "\"";
  EXPECT_EQ(code_of(text, {100, 16}), "");
  EXPECT_EQ(code_of(text + " ", {100, 16}), "json.too_large");
  EXPECT_EQ(parse_json(text + " ", {100, 16}).error().kind, ErrorKind::kTooLarge);
}

TEST(ParseJson, HugeNumbersNeverThrow) {
  EXPECT_EQ(*parse_json("9223372036854775807"), Json(INT64_MAX));
  EXPECT_EQ(*parse_json("-9223372036854775808"), Json(INT64_MIN));
  EXPECT_EQ(*parse_json("18446744073709551615"), Json(UINT64_MAX));
  for (const std::string text : {"18446744073709551616", "-9223372036854775809", "1e308"}) {
    const auto result = parse_json(text);
    ASSERT_TRUE(result.ok()) << text;
    EXPECT_TRUE(result->is_number_float()) << text;
  }
  for (const std::string text : {"1e309", "-1e400", "1e99999999999"}) {
    EXPECT_EQ(code_of(text), "json.invalid") << text;
  }
  EXPECT_NO_FATAL_FAILURE((void)code_of(std::string(100000, '9')));
}

TEST(ParseJson, RandomBytesAndDamagedDocumentsNeverCrash) {
  std::mt19937_64 random(7);
  const std::string good = R"({"a":[1,-2.5e3,"市\u0041\n",null,true],"b":{"c":{},"d":[[]]}})";
  ASSERT_EQ(code_of(good), "");
  std::size_t taken = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (std::uint64_t changes = random() % 4 + 1; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, 1);
      } else {
        text[at] = static_cast<char>(random());
      }
    }
    const auto result = parse_json(text);
    if (!result.ok()) {
      EXPECT_FALSE(result.error().code.empty());
      continue;
    }
    ++taken;
    // What is taken can be written again: nothing in it is invalid.
    const std::string written = result->dump();
    EXPECT_EQ(*parse_json(written), *result);
  }
  EXPECT_GT(taken, 100U);
}

}  // namespace
}  // namespace qc
