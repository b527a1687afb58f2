#include "sdk/base/bytes.hpp"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace qc {
namespace {

Bytes random_of(std::mt19937_64& random, std::size_t size) {
  Bytes out(size);
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

TEST(Hex, RoundTripsEveryLength) {
  std::mt19937_64 random(1);
  for (std::size_t size = 0; size <= 200; ++size) {
    const Bytes bytes = random_of(random, size);
    const std::string text = to_hex(bytes);
    EXPECT_EQ(text.size(), 2 * size);
    const auto back = from_hex(text);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, bytes);
  }
}

TEST(Hex, EveryByteHasOneText) {
  for (int value = 0; value < 256; ++value) {
    const Bytes byte{static_cast<std::uint8_t>(value)};
    ASSERT_EQ(*from_hex(to_hex(byte)), byte);
  }
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xf0, 0xab}), "000ff0ab");
}

TEST(Hex, RefusesOtherTexts) {
  for (const std::string text : {"a", "abc", "AB", "aB", "0x", "g0", " 00", "00 ", "é0"}) {
    const auto result = from_hex(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "hex.invalid");
  }
  EXPECT_FALSE(from_hex(std::string("0\0", 2)).ok());
}

TEST(Hex, HashIsThirtyTwoBytes) {
  const std::string text(64, 'a');
  ASSERT_TRUE(hash_from_hex(text).ok());
  EXPECT_EQ(to_hex(*hash_from_hex(text)), text);
  for (const std::size_t size : {0U, 2U, 62U, 63U, 65U, 66U, 128U}) {
    EXPECT_EQ(hash_from_hex(std::string(size, 'a')).error().code, "hex.invalid");
  }
}

// RFC 4648 section 10.
TEST(Base64, PublishedVectors) {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
    ASSERT_TRUE(from_base64(encoded).ok()) << encoded;
    EXPECT_EQ(as_text(*from_base64(encoded)), plain);
    const std::string url = encoded.substr(0, encoded.find('='));
    EXPECT_EQ(to_base64url(as_bytes(plain)), url);
    EXPECT_EQ(as_text(*from_base64url(url)), plain);
  }
  EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff, 0xbf}), "-_-_");
  EXPECT_EQ(to_base64(Bytes{0xfb, 0xff, 0xbf}), "+/+/");
}

TEST(Base64, RoundTripsEveryLength) {
  std::mt19937_64 random(2);
  for (std::size_t size = 0; size <= 200; ++size) {
    const Bytes bytes = random_of(random, size);
    ASSERT_EQ(*from_base64url(to_base64url(bytes)), bytes);
    ASSERT_EQ(*from_base64(to_base64(bytes)), bytes);
  }
}

TEST(Base64Url, RefusesEveryTextButTheOne) {
  for (const std::string text :
       {"Zg==", "Zm8=", "Z", "Zm9vY", "+/+/", "Zm 9", "Zm9v\n", "Zh", "Zm9", "Zm-"}) {
    const auto result = from_base64url(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "base64url.invalid");
  }
  EXPECT_FALSE(from_base64url(std::string("Zm9\0", 4)).ok());
}

// Whatever decodes is exactly what encoding its bytes gives: there is no second text for a value.
TEST(Base64Url, IsCanonicalForEveryShortText) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::size_t decoded = 0;
  for (const char a : alphabet) {
    for (const char b : alphabet) {
      const std::string two{a, b};
      for (const std::string& text : {two, two + "A", two + "Q", two + "_"}) {
        const auto bytes = from_base64url(text);
        if (!bytes.ok()) continue;
        ++decoded;
        ASSERT_EQ(to_base64url(*bytes), text);
      }
    }
  }
  EXPECT_EQ(decoded, 64U * 4U + 2U * 64U * 64U);  // "..A" and "..Q" end in zero bits
}

TEST(Base64, RefusesMissingMisplacedAndExcessPadding) {
  for (const std::string text : {"Zg", "Zg=", "Zm8", "Zg===", "=", "====", "Z===", "Zm9v====",
                                 "Zg==Zg==", "Zm=v", "Zh==", "Zm9=", "-_-_", "Zg==\n"}) {
    const auto result = from_base64(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "base64.invalid") << text;
  }
}

TEST(ConstantTime, ComparesLikeEquality) {
  const Bytes a{1, 2, 3};
  EXPECT_TRUE(equal_constant_time(a, Bytes{1, 2, 3}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2, 4}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{0, 2, 3}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2}));
  EXPECT_TRUE(equal_constant_time(Bytes{}, Bytes{}));
}

TEST(Random, IdentifiersAreLongDistinctAndDecodable) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const std::string id = random_id();
    ASSERT_EQ(id.size(), 22U);
    ASSERT_NE(id.front(), '-');
    ASSERT_TRUE(from_base64url(id).ok());
    ASSERT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(random_bytes(0).size(), 0U);
  EXPECT_EQ(random_bytes(70000).size(), 70000U);
  EXPECT_NE(random_bytes(32), random_bytes(32));
}

}  // namespace
}  // namespace qc
