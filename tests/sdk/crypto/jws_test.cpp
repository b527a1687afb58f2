#include "sdk/crypto/jose.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

std::string encode(std::string_view text) { return to_base64url(as_bytes(text)); }

/// A correctly signed JWS under any header text.
std::string signed_with(const PrivateKey& key, std::string_view header,
                        std::string_view payload = "{}") {
  const std::string input = encode(header) + "." + encode(payload);
  return input + "." + to_base64url(key.sign(as_bytes(input)));
}

std::string header_field(std::string_view header) {
  const auto result = jws_parse(signed_with(example_key(), header));
  return result.ok() ? "ok" : result.error().code + " " + result.error().field;
}

TEST(Jws, RoundTrip) {
  const PrivateKey key = PrivateKey::generate();
  const std::string payload("{\"a\":1}\0\xff", 9);  // any bytes
  const std::string text = jws_sign(key, payload, "qc-tx+jws", Json{{"x", 1}, {"alg", "none"}});
  const auto jws = jws_open(text, key.public_key(), "qc-tx+jws");
  ASSERT_TRUE(jws.ok());
  EXPECT_EQ(jws->payload, payload);
  EXPECT_EQ(jws->kid(), key.kid());
  EXPECT_EQ(jws->typ(), "qc-tx+jws");
  EXPECT_EQ(jws->header["alg"], "SGD_SM3_SM2");
  EXPECT_EQ(jws->header["x"], 1);
  EXPECT_EQ(jws->signature.size(), 64U);
  EXPECT_EQ(std::string(jws->signing_input) + "." + to_base64url(jws->signature), text);
}

TEST(Jws, EmptyPayloadAndNoType) {
  const PrivateKey key = PrivateKey::generate();
  const auto jws = jws_open(jws_sign(key, "", ""), key.public_key(), "");
  ASSERT_TRUE(jws.ok());
  EXPECT_EQ(jws->payload, "");
  EXPECT_FALSE(jws->header.contains("typ"));
}

TEST(Jws, WrongTypeAndWrongKeyAreDistinct) {
  const PrivateKey key = PrivateKey::generate();
  const std::string text = jws_sign(key, "{}", "a");
  EXPECT_EQ(code_of(jws_open(text, key.public_key(), "b")), "jws.wrong_type");
  EXPECT_EQ(code_of(jws_open(text, PrivateKey::generate().public_key(), "a")), "jws.bad_signature");
}

TEST(Jws, EveryChangedCharacterIsNoticed) {
  const PrivateKey key = example_key();
  const std::string good = jws_sign(key, R"({"v":1})", "t");
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(jws_open(bad, key.public_key(), "t").ok()) << at;
    if (good[at] != '.') continue;
    bad[at] = '\n';
    EXPECT_FALSE(jws_open(bad, key.public_key(), "t").ok()) << at;
  }
}

TEST(Jws, EveryTruncationIsInvalid) {
  const std::string good = jws_sign(example_key(), R"({"v":1})", "t");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(code_of(jws_parse(std::string_view(good).substr(0, size))), "jws.invalid") << size;
  }
  for (const char* more : {".", "=", "A", "AAAA", ".AAAA", " ", "\n"}) {
    EXPECT_EQ(code_of(jws_parse(good + more)), "jws.invalid") << more;
  }
  EXPECT_EQ(code_of(jws_parse(" " + good)), "jws.invalid");
}

TEST(Jws, OtherAlgorithmsAreRefused) {
  for (const char* alg :
       {"none", "None", "NONE", "HS256", "ES256", "sgd_sm3_sm2", "SGD_SM2_3", ""}) {
    EXPECT_EQ(header_field(Json{{"alg", alg}}.dump()), "jws.invalid header.alg") << alg;
  }
  EXPECT_EQ(header_field("{}"), "jws.invalid header.alg");
  EXPECT_EQ(header_field(R"({"alg":null})"), "jws.invalid header.alg");
  EXPECT_EQ(header_field(R"({"alg":["SGD_SM3_SM2"]})"), "jws.invalid header.alg");
  // The unsecured form of RFC 7515 appendix A.5.
  EXPECT_EQ(code_of(jws_parse(encode(R"({"alg":"none"})") + ".e30.")), "jws.invalid");
  EXPECT_EQ(code_of(jws_parse(encode(R"({"alg":"SGD_SM3_SM2"})") + ".e30.")), "jws.invalid");
}

TEST(Jws, ExtensionsAreRefused) {
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2"})"), "ok");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","crit":["exp"],"exp":1})"),
            "jws.invalid header.crit");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","crit":[]})"), "jws.invalid header.crit");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","crit":null})"), "jws.invalid header.crit");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","b64":false})"), "jws.invalid header.b64");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","b64":0})"), "jws.invalid header.b64");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","b64":true})"), "ok");
}

TEST(Jws, HeadersThatAreNoneAreRefused) {
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","alg":"SGD_SM3_SM2"})"), "jws.invalid header");
  EXPECT_EQ(header_field(R"({"alg":"none","alg":"SGD_SM3_SM2"})"), "jws.invalid header");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","x":{"y":1,"y":2}})"), "jws.invalid header");
  EXPECT_EQ(header_field(R"(["alg"])"), "jws.invalid header");
  EXPECT_EQ(header_field("null"), "jws.invalid header");
  EXPECT_EQ(header_field(""), "jws.invalid header");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2"} x)"), "jws.invalid header");
  EXPECT_EQ(header_field("{\"alg\":\"SGD_SM3_SM2\",\"x\":\"\xff\"}"), "jws.invalid header");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","x":[[[[[[[[[[1]]]]]]]]]]})"),
            "jws.invalid header");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","kid":7})"), "jws.invalid header.kid");
  EXPECT_EQ(header_field(R"({"alg":"SGD_SM3_SM2","typ":{}})"), "jws.invalid header.typ");
  EXPECT_EQ(header_field(Json{{"alg", "SGD_SM3_SM2"}, {"x", std::string(9000, 'x')}}.dump()),
            "jws.invalid header");
}

TEST(Jws, OnlyCanonicalBase64url) {
  const PrivateKey key = example_key();
  // Each text below decodes leniently to what was signed; strictly it is another text.
  const std::string header = encode(R"({"alg":"SGD_SM3_SM2","typ":"t"})");
  for (const char* payload : {"e31", "e30=", "e3 0", "e30\n", "e+/0", "e"}) {
    const std::string input = header + "." + payload;
    const std::string text = input + "." + to_base64url(key.sign(as_bytes(input)));
    const auto result = jws_parse(text);
    EXPECT_EQ(code_of(result), "jws.invalid") << payload;
    EXPECT_EQ(field_of(result), "payload") << payload;
  }
  const std::string good = jws_sign(key, "{}", "t");
  std::string trailing = good;
  // 64 bytes take 86 characters, the last of which carries 4 unused bits.
  trailing.back() = static_cast<char>(trailing.back() + 1);
  EXPECT_EQ(field_of(jws_parse(trailing)), "signature");
}

TEST(Jws, SizeIsBounded) {
  const std::string text = jws_sign(example_key(), std::string(2000, 'x'), "t");
  EXPECT_TRUE(jws_parse(text, text.size()).ok());
  const auto refused = jws_parse(text, text.size() - 1);
  EXPECT_EQ(code_of(refused), "jws.invalid");
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
}

TEST(Jws, SignatureOfAnotherLengthIsRefused) {
  const std::string input = encode(R"({"alg":"SGD_SM3_SM2"})") + ".e30";
  const Signature64 good = example_key().sign(as_bytes(input));
  for (const std::size_t size : {0U, 1U, 32U, 63U, 65U, 70U}) {
    Bytes signature(good.begin(), good.end());
    signature.resize(size);
    const auto result = jws_parse(input + "." + to_base64url(signature));
    EXPECT_EQ(code_of(result), "jws.invalid") << size;
    EXPECT_EQ(field_of(result), "signature") << size;
  }
}

}  // namespace
}  // namespace qc::crypto::test
