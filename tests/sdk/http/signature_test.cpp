// RFC 9421 with SM2: bases written out by hand, and every way to break one.
#include <gtest/gtest.h>

#include "sdk/http/message_signature.hpp"
#include "sdk/http/problem.hpp"
#include "sdk/http/structured_fields.hpp"

namespace qc::http {
namespace {

constexpr std::int64_t kCreated = 1618884473;
constexpr std::string_view kNonce = "b3k2pp5k7z-50gnwp.yemd";

crypto::PrivateKey test_key() {
  // A published scalar: GB/T 32918.5 annex A.2.
  return *crypto::PrivateKey::from_scalar(
      *from_hex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"));
}

MessageParts request_parts(std::string_view digest) {
  MessageParts parts;
  parts.method = "POST";
  parts.authority = "example.com";
  parts.path = "/foo";
  parts.query = "param=Value&Pet=dog";
  parts.content_digest = digest;
  return parts;
}

TEST(SignatureBase, FollowsTheStructureOfRfc9421Section25) {
  const auto base = signature_base(
      request_parts("sm3=:AAAA:"), {"@method", "@authority", "@path", "@query", "content-digest"},
      "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1618884473");
  ASSERT_TRUE(base.ok());
  EXPECT_EQ(*base,
            "\"@method\": POST\n"
            "\"@authority\": example.com\n"
            "\"@path\": /foo\n"
            "\"@query\": ?param=Value&Pet=dog\n"
            "\"content-digest\": sm3=:AAAA:\n"
            "\"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"@query\" "
            "\"content-digest\");created=1618884473");
}

TEST(SignatureBase, AbsentQueryIsAQuestionMarkAndEmptyPathASlash) {
  // RFC 9421 sections 2.2.6 and 2.2.7.
  MessageParts parts;
  parts.method = "GET";
  parts.authority = "example.com";
  const auto base = signature_base(parts, {"@path", "@query"}, "()");
  ASSERT_TRUE(base.ok());
  EXPECT_EQ(*base, "\"@path\": /\n\"@query\": ?\n\"@signature-params\": ()");
}

TEST(SignatureBase, ResponseCoversStatus) {
  MessageParts parts;
  parts.status = 503;
  parts.content_digest = "sm3=:AAAA:";
  const auto base = signature_base(parts, {"@status", "content-digest"}, "p");
  ASSERT_TRUE(base.ok());
  EXPECT_EQ(*base, "\"@status\": 503\n\"content-digest\": sm3=:AAAA:\n\"@signature-params\": p");
  EXPECT_FALSE(signature_base(parts, {"@method"}, "p").ok());
}

TEST(SignatureBase, ComponentsThatTheMessageLacksAreRefused) {
  for (const char* name :
       {"@status", "@target-uri", "date", "content-digest", "@signature-params", "@Method", ""}) {
    EXPECT_FALSE(signature_base(request_parts(""), {name}, "p").ok()) << name;
  }
}

TEST(Authority, IsNormalised) {
  // RFC 9421 section 2.2.3.
  EXPECT_EQ(normal_authority("WWW.Example.COM", false), "www.example.com");
  EXPECT_EQ(normal_authority("example.com:80", false), "example.com");
  EXPECT_EQ(normal_authority("example.com:80", true), "example.com:80");
  EXPECT_EQ(normal_authority("example.com:443", true), "example.com");
  EXPECT_EQ(normal_authority("example.com:8440", false), "example.com:8440");
  EXPECT_EQ(normal_authority("[::1]:80", false), "[::1]");
}

TEST(ContentDigest, KnownValueOfSm3) {
  // SM3("abc"), GB/T 32905 annex A.1.
  const Bytes expected =
      *from_hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  EXPECT_EQ(content_digest("abc"), "sm3=:" + to_base64(expected) + ":");
  EXPECT_TRUE(check_content_digest(content_digest("abc"), "abc").ok());
}

TEST(ContentDigest, RefusesEverythingElse) {
  const std::string right = content_digest("abc");
  const std::vector<std::string> wrong{"",
                                       "sm3",
                                       "sm3=",
                                       "sm3=::",
                                       right + "x",
                                       right + ", sm3=:AAAA:",
                                       "sha-256=" + right.substr(4),
                                       "sm3=" + right.substr(5),
                                       "SM3" + right.substr(3),
                                       right + ";a=1",
                                       "sm3=:====:",
                                       content_digest("abd"),
                                       "sm3=\"" + right.substr(5)};
  for (const auto& field : wrong) {
    const auto checked = check_content_digest(field, "abc");
    ASSERT_FALSE(checked.ok()) << field;
    EXPECT_EQ(checked.error().code, "auth.bad_digest");
    EXPECT_EQ(checked.error().field, "Content-Digest");
  }
}

class Signed : public testing::Test {
 protected:
  crypto::PrivateKey key = test_key();
  std::string digest = content_digest("{\"hello\": \"world\"}");
  MessageParts parts = request_parts(digest);
  SignatureFields fields = sign_request(key, parts, kCreated, kNonce);

  Status verify(const MessageParts& message, bool has_content = true) {
    auto parsed = parse_signature(fields.input, fields.signature);
    if (!parsed.ok()) return parsed.error();
    return verify_request(*parsed, message, has_content, key.public_key());
  }
};

TEST_F(Signed, TextIsWhatTheFormatSays) {
  EXPECT_EQ(fields.input,
            "sig1=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\")"
            ";created=1618884473;nonce=\"b3k2pp5k7z-50gnwp.yemd\";keyid=\"" +
                key.kid() + "\";alg=\"sm2-sm3\"");
  EXPECT_TRUE(fields.signature.starts_with("sig1=:"));
  const auto parsed = parse_signature(fields.input, fields.signature);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->created, kCreated);
  EXPECT_EQ(parsed->nonce, kNonce);
  EXPECT_EQ(parsed->keyid, key.kid());
  EXPECT_EQ(parsed->components.size(), 5U);
  EXPECT_TRUE(verify(parts).ok());
}

TEST_F(Signed, SignatureIsOverTheBaseWrittenByHand) {
  const std::string base =
      "\"@method\": POST\n\"@authority\": example.com\n\"@path\": /foo\n"
      "\"@query\": ?param=Value&Pet=dog\n\"content-digest\": " +
      digest + "\n\"@signature-params\": " + fields.input.substr(5);
  const auto parsed = parse_signature(fields.input, fields.signature);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(key.public_key().verify(as_bytes(base), parsed->signature));
}

TEST_F(Signed, EachCoveredPartIsProtected) {
  const auto broken = [&](auto change) {
    MessageParts other = parts;
    change(other);
    const auto verified = verify(other);
    ASSERT_FALSE(verified.ok());
    EXPECT_EQ(verified.error().code, "auth.bad_signature");
  };
  const std::string other_digest = content_digest("other");
  broken([](MessageParts& p) { p.method = "PUT"; });
  broken([](MessageParts& p) { p.authority = "example.org"; });
  broken([](MessageParts& p) { p.path = "/Foo"; });
  broken([](MessageParts& p) { p.query = "param=Value&Pet=cat"; });
  broken([](MessageParts& p) { p.query = ""; });
  broken([&](MessageParts& p) { p.content_digest = other_digest; });
  broken([](MessageParts& p) { p.content_digest = ""; });
}

TEST_F(Signed, EachParameterIsProtected) {
  const auto replaced = [&](std::string_view from, std::string_view to) {
    SignatureFields changed = fields;
    changed.input.replace(changed.input.find(from), from.size(), to);
    const auto parsed = parse_signature(changed.input, changed.signature);
    if (!parsed.ok()) return;  // refused even earlier
    EXPECT_FALSE(verify_request(*parsed, parts, true, key.public_key()).ok()) << to;
  };
  replaced("1618884473", "1618884474");
  replaced(kNonce, "b3k2pp5k7z-50gnwp.yeme");
  replaced(key.kid(), std::string(43, 'A'));
  replaced("\"@method\" \"@authority\"", "\"@authority\" \"@method\"");
  replaced(";alg=\"sm2-sm3\"", "");
}

TEST_F(Signed, AnotherKeyDoesNotVerify) {
  const auto parsed = parse_signature(fields.input, fields.signature);
  ASSERT_TRUE(parsed.ok());
  EXPECT_FALSE(
      verify_request(*parsed, parts, true, crypto::PrivateKey::generate().public_key()).ok());
}

TEST_F(Signed, RequiredComponentsMustBeCovered) {
  // A right signature over too little: made by hand, because sign_request() would not.
  const sf::InnerList all{{"@method", "@authority", "@path", "@query", "content-digest"},
                          {{"created", kCreated},
                           {"nonce", std::string(kNonce)},
                           {"keyid", key.kid()},
                           {"alg", std::string(kSignatureAlg)}}};
  for (const auto& left_out : all.items) {
    sf::InnerList list = all;
    std::erase(list.items, left_out);
    const std::string params = sf::serialize(list);
    const auto base = signature_base(parts, list.items, params);
    ASSERT_TRUE(base.ok());
    const auto signature = key.sign(as_bytes(*base));
    const auto parsed =
        parse_signature("sig1=" + params, "sig1=" + sf::serialize(ByteView(signature)));
    ASSERT_TRUE(parsed.ok());
    const auto verified = verify_request(*parsed, parts, true, key.public_key());
    ASSERT_FALSE(verified.ok()) << left_out;
    EXPECT_NE(verified.error().message.find(left_out), std::string::npos);
    if (left_out == "content-digest") {
      EXPECT_TRUE(verify_request(*parsed, parts, false, key.public_key()).ok());
    }
  }
}

TEST_F(Signed, MissingAndMalformedFields) {
  const auto code = [&](const std::string& input, const std::string& signature) {
    const auto parsed = parse_signature(input, signature);
    return parsed.ok() ? std::string("ok") : parsed.error().code;
  };
  EXPECT_EQ(code("", fields.signature), "auth.missing_signature");
  EXPECT_EQ(code(fields.input, ""), "auth.missing_signature");
  const std::string in = fields.input;
  const std::vector<std::string> bad_inputs{
      "sig1",
      "sig1=",
      "sig1=()",
      "sig2" + in.substr(4),
      in + ";created=1",
      in + ";expires=1",
      in + ";tag=\"x\"",
      in + ", sig2=()",
      in + " x",
      "sig1=(\"@method\";req \"@path\")" + in.substr(in.find(";created")),
      "sig1=(\"@method\" \"@method\")" + in.substr(in.find(";created")),
      "sig1=(\"@method\"\"@path\")" + in.substr(in.find(";created")),
      "sig1=(@method)" + in.substr(in.find(";created")),
      "sig1=\"@method\"",
      "sig1=(\"@method\" ",
      "sig1=(\"@method",
      "SIG1" + in.substr(4),
      in + ";alg=sm2-sm3",
      std::string(4000, 'a'),
  };
  for (const auto& input : bad_inputs) {
    EXPECT_EQ(code(input, fields.signature), "auth.bad_signature") << input.substr(0, 80);
  }
  for (const char* name : {"created", "nonce", "keyid", "alg"}) {
    std::string without = in;
    const auto at = without.find(std::string(";") + name);
    without.erase(at, without.find(';', at + 1) - at);
    EXPECT_EQ(code(without, fields.signature), "auth.bad_signature") << without;
  }
  std::string decimal = in;
  decimal.insert(decimal.find("473") + 3, ".5");
  EXPECT_EQ(code(decimal, fields.signature), "auth.bad_signature");
  for (const std::string signature :
       {"sig1=:AAAA:", "sig1=AAAA", "sig1=:A:", "sig1", "x", "sig2=:AAAA:"}) {
    EXPECT_EQ(code(in, signature), "auth.bad_signature") << signature;
  }
}

TEST(ResponseSignature, CoversStatusContentAndTheRequestsNonce) {
  const auto key = test_key();
  const std::string digest = content_digest("body");
  MessageParts parts;
  parts.status = 200;
  parts.content_digest = digest;
  const auto fields = sign_response(key, parts, kCreated, kNonce);
  const auto parsed = parse_signature(fields.input, fields.signature);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->nonce, kNonce);
  EXPECT_TRUE(verify_response(*parsed, parts, key.public_key()).ok());
  MessageParts other = parts;
  other.status = 201;
  EXPECT_FALSE(verify_response(*parsed, other, key.public_key()).ok());
  const std::string other_digest = content_digest("other");
  other = parts;
  other.content_digest = other_digest;
  EXPECT_FALSE(verify_response(*parsed, other, key.public_key()).ok());
  EXPECT_FALSE(verify_response(*parsed, parts, crypto::PrivateKey::generate().public_key()).ok());
}

TEST(ResponseSignature, ARequestsSignatureIsNotAResponses) {
  const auto key = test_key();
  const auto fields = sign_request(key, request_parts("sm3=:AAAA:"), kCreated, kNonce);
  const auto parsed = parse_signature(fields.input, fields.signature);
  MessageParts parts;
  parts.status = 200;
  parts.content_digest = "sm3=:AAAA:";
  EXPECT_FALSE(verify_response(*parsed, parts, key.public_key()).ok());
}

TEST(StructuredFields, RoundTripIsCanonical) {
  const auto parsed = sf::parse_named_list(" sig1=( \"a\"  \"b\\\"c\" ); x=-12; y=\"q\\\\\" ");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(sf::serialize(parsed->list), "(\"a\" \"b\\\"c\");x=-12;y=\"q\\\\\"");
  EXPECT_EQ(sf::parse_named_list("a=()")->list.items.size(), 0U);
  EXPECT_FALSE(sf::parse_named_list("a=();x=1234567890123456").ok());
  EXPECT_FALSE(sf::parse_named_list("a=();x=-").ok());
  EXPECT_FALSE(sf::parse_named_list("a=();x").ok());
  EXPECT_FALSE(sf::parse_named_list(std::string_view("a=(\"\0\")", 7)).ok());
  EXPECT_FALSE(sf::parse_named_list("a=(\"\xc3\xa4\")").ok());
}

TEST(Problem, KindsAndStatusesAreOneTable) {
  for (const ErrorKind kind :
       {ErrorKind::kInvalid, ErrorKind::kUnauthenticated, ErrorKind::kForbidden,
        ErrorKind::kNotFound, ErrorKind::kConflict, ErrorKind::kTooLarge, ErrorKind::kRateLimited,
        ErrorKind::kUnavailable, ErrorKind::kTimeout, ErrorKind::kInternal}) {
    EXPECT_EQ(kind_of(status_of(kind)), kind);
  }
  EXPECT_EQ(status_of(ErrorKind::kTimeout), 504);
  EXPECT_EQ(kind_of(418), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of(599), ErrorKind::kInternal);
}

TEST(Problem, RoundTrip) {
  Error error = forbidden("grant.revoked", "the grant is revoked");
  error.field = "body.grant";
  error.side = Side::kPlatform;
  error.retryable = true;
  error.txn_id = "ab";
  const Json problem = to_problem(error);
  EXPECT_EQ(problem.at("type"), "urn:quancheng:problem:grant.revoked");
  EXPECT_EQ(problem.at("status"), 403);
  const Error back = from_problem(403, problem.dump());
  EXPECT_EQ(back.kind, error.kind);
  EXPECT_EQ(back.code, error.code);
  EXPECT_EQ(back.message, error.message);
  EXPECT_EQ(back.field, error.field);
  EXPECT_EQ(back.side, error.side);
  EXPECT_EQ(back.retryable, error.retryable);
  EXPECT_EQ(back.txn_id, error.txn_id);
}

TEST(Problem, WhatIsNoProblemDocumentStillBecomesAnError) {
  for (const char* body : {"", "<html>", "[]", "{}", "{\"code\":1}", "{\"code\":\"\"}"}) {
    const Error error = from_problem(503, body);
    EXPECT_EQ(error.code, "http.status_503");
    EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
    EXPECT_TRUE(error.retryable);
  }
}

}  // namespace
}  // namespace qc::http
