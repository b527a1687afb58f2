// The quick way through JSON against the library: what it takes, the library takes as the same;
// what it writes, the library writes too.
#include <random>

#include <gtest/gtest.h>

#include "sdk/base/json.hpp"

namespace qc {
namespace {

/// Whole documents with every kind of value and text, often beyond the everyday.
class Documents {
 public:
  explicit Documents(unsigned seed) : random_(seed) {}

  std::string text() {
    static const std::vector<std::string> kParts{
        "a",    "grant", "0123456789", " ",        "济南", "é",           "\xF0\x9F\x98\x80",
        "\x7F", "/",     "'",          "reason: ", "{",    "\xEF\xBF\xBF"};
    static const std::vector<std::string> kUnusual{"\"", "\\",   "\n",          "\x01",
                                                   "\b", "\xC3", "\xED\xA0\x80"};
    std::string out;
    for (unsigned n = random_() % 6; n > 0; --n) out += kParts[random_() % kParts.size()];
    if (unusual && random_() % 8 == 0) out += kUnusual[random_() % kUnusual.size()];
    return out;
  }

  Json value(unsigned depth = 0) {
    switch (random_() % (depth < 5 ? 9 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return random_() % 2 == 0;
      case 2:
        return static_cast<std::uint64_t>(random_()) * random_() >> (random_() % 64);
      case 3:
        return -static_cast<std::int64_t>(random_() % 1000 == 0 ? 0 : random_());
      case 4:
        if (unusual && random_() % 10 == 0) return 1.5;
        return text();
      case 5:
        return text();
      case 6: {
        Json out = Json::array();
        for (unsigned n = random_() % 4; n > 0; --n) out.push_back(value(depth + 1));
        return out;
      }
      default: {
        Json out = Json::object();
        for (unsigned n = random_() % 6; n > 0; --n) out[text()] = value(depth + 1);
        return out;
      }
    }
  }
  unsigned pick(unsigned below) { return random_() % below; }

  bool unusual = false;

 private:
  std::mt19937 random_;
};

std::string by_library(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TEST(PlainJson, TakesEverydayDocumentsAsTheLibraryDoes) {
  Documents documents(1);
  std::size_t taken = 0;
  for (int round = 0; round < 5000; ++round) {
    const std::string text = by_library(documents.value());
    const auto plain = parse_plain_json(text);
    if (!plain) continue;  // a number of more than 18 digits
    ++taken;
    const Json expected = Json::parse(text);
    ASSERT_EQ(*plain, expected) << text;
    ASSERT_EQ(by_library(*plain), text);
    ASSERT_EQ(plain->type(), expected.type());
  }
  EXPECT_GT(taken, 4000U);
}

TEST(PlainJson, WritesWhatTheLibraryWrites) {
  Documents documents(2);
  documents.unusual = true;
  for (int round = 0; round < 5000; ++round) {
    const Json value = documents.value();
    ASSERT_EQ(dump_json(value), by_library(value));
  }
}

TEST(PlainJson, TakesNothingDamagedThatTheLibraryRefuses) {
  Documents documents(3);
  documents.unusual = true;
  std::size_t taken = 0;
  for (int round = 0; round < 30000; ++round) {
    std::string text = by_library(documents.value());
    for (unsigned n = documents.pick(3); n > 0 && !text.empty(); --n) {
      const unsigned at = documents.pick(static_cast<unsigned>(text.size()));
      constexpr std::string_view kBytes = "{}[],:\"\\0-.eE+tn \x80\xC3\xE4\x01z";
      if (documents.pick(3) == 0) {
        text.erase(at, 1);
      } else {
        text[at] = kBytes[documents.pick(static_cast<unsigned>(kBytes.size()))];
      }
    }
    const auto plain = parse_plain_json(text);
    if (!plain) continue;
    ++taken;
    const Json expected = Json::parse(text, nullptr, false);
    ASSERT_FALSE(expected.is_discarded()) << text;
    ASSERT_EQ(*plain, expected) << text;
  }
  EXPECT_GT(taken, 1000U);
}

TEST(PlainJson, LeavesTheUnusualToTheLibrary) {
  for (const char* text : {"",
                           " 1",
                           "1 ",
                           "{ }",
                           "{\"a\": 1}",
                           "[1, 2]",
                           "\"\\n\"",
                           "\"\\u0041\"",
                           "1.0",
                           "1e3",
                           "-0",
                           "01",
                           "-01",
                           "-",
                           "+1",
                           "1234567890123456789",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":1,}",
                           "[1,]",
                           "[,1]",
                           "{\"a\"}",
                           "{a:1}",
                           "tru",
                           "nul",
                           "truely",
                           "[1",
                           "{\"a\":1",
                           "\"a",
                           "\"\x1F\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xE4\xB8\"",
                           "1]",
                           "[]]",
                           "{}{}"}) {
    EXPECT_FALSE(parse_plain_json(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_plain_json(std::string_view("1\0", 2)).has_value());
  for (const char* text : {"0", "-1", "123456789012345678", "\"\"", "[]", "{}", "[[],{}]", "null",
                           "{\"b\":1,\"a\":[true,false,null]}", "\"\x7F\xC2\x80\""}) {
    const auto plain = parse_plain_json(text);
    ASSERT_TRUE(plain.has_value()) << text;
    EXPECT_EQ(*plain, Json::parse(text));
  }
}

TEST(PlainJson, DepthIsLimitedExactly) {
  for (const std::size_t depth : {1U, 5U, 16U}) {
    const std::string deep = std::string(depth, '[') + std::string(depth, ']');
    EXPECT_TRUE(parse_plain_json(deep, depth).has_value());
    EXPECT_FALSE(parse_plain_json(deep, depth - 1).has_value());
    // Side by side is not deep.
    EXPECT_TRUE(parse_plain_json("[" + std::string("[],[],{},[]") + "]", 2).has_value());
  }
}

}  // namespace
}  // namespace qc
