#include <algorithm>
#include <set>

#include "sdk/crypto/sm2_der.hpp"
#include "tests/sdk/crypto/reference.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

Bytes join(ByteView a, ByteView b) {
  Bytes out(a.begin(), a.end());
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

Bytes small(std::uint8_t value) {
  Bytes out(32);
  out.back() = value;
  return out;
}

Bytes order_minus(std::uint8_t value) {
  Bytes out = order();
  out.back() = static_cast<std::uint8_t>(out.back() - value);  // 0x23: no borrow below 36
  return out;
}

TEST(Sm2, SignsAndVerifies) {
  const PrivateKey key = PrivateKey::generate();
  for (const std::string message : {"", "a", "泉城链"}) {
    const Signature64 signature = key.sign(as_bytes(message));
    EXPECT_TRUE(key.public_key().verify(as_bytes(message), signature));
    EXPECT_FALSE(key.public_key().verify(as_bytes(message + " "), signature));
    EXPECT_FALSE(PrivateKey::generate().public_key().verify(as_bytes(message), signature));
  }
  EXPECT_NE(key.sign(as_bytes("a")), key.sign(as_bytes("a"))) << "k must be fresh";
}

TEST(Sm2, EveryFlippedBitBreaksTheSignature) {
  const PrivateKey key = example_key();
  const Signature64 good = key.sign(as_bytes("message"));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Signature64 bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(key.public_key().verify(as_bytes("message"), bad)) << bit;
  }
}

TEST(Sm2, EmptyAndDefaultIdentityDiffer) {
  const PrivateKey key = example_key();
  const Signature64 with_default = key.sign(as_bytes("m"));
  const Signature64 with_empty = key.sign(as_bytes("m"), "");
  EXPECT_TRUE(key.public_key().verify(as_bytes("m"), with_default));
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), with_default, ""));
  EXPECT_TRUE(key.public_key().verify(as_bytes("m"), with_empty, ""));
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), with_empty));
}

TEST(Sm2, IdentityTooLongForItsLengthFieldNeverVerifies) {
  const PrivateKey key = example_key();
  const std::string longest(8191, 'i');
  EXPECT_TRUE(key.public_key().verify({}, key.sign({}, longest), longest));
  EXPECT_FALSE(key.public_key().verify({}, key.sign({}, longest), longest + "i"));
}

TEST(Sm2, EdgeValuesOfTheSignatureAreRefusedAsTheReferenceDoes) {
  const PublicKey key = example_key().public_key();
  const std::vector<Bytes> edges = {small(0),       small(1),       small(2),      order_minus(1),
                                    order_minus(2), order_minus(0), Bytes(32, 255)};
  for (const Bytes& r : edges) {
    for (const Bytes& s : edges) {
      const Bytes signature = join(r, s);
      EXPECT_FALSE(reference_verify(key.xy(), kDefaultSm2Id, as_bytes("m"), signature));
      EXPECT_FALSE(key.verify(as_bytes("m"), signature)) << to_hex(signature);
    }
  }
}

TEST(Sm2, SignatureOfAnotherLengthIsRefused) {
  const PrivateKey key = example_key();
  const Signature64 good = key.sign(as_bytes("m"));
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), {}));
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), ByteView(good).first(63)));
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), join(good, Bytes{0})));
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), der::encode_signature(good)));
}

TEST(Sm2, ScalarsAtTheEdges) {
  EXPECT_EQ(code_of(PrivateKey::from_scalar(small(0))), "key.invalid");
  EXPECT_TRUE(PrivateKey::from_scalar(small(1)).ok());
  EXPECT_TRUE(PrivateKey::from_scalar(order_minus(2)).ok());
  EXPECT_EQ(code_of(PrivateKey::from_scalar(order_minus(1))), "key.invalid")
      << "d = n - 1 makes 1 + d not invertible";
  EXPECT_EQ(code_of(PrivateKey::from_scalar(order())), "key.invalid");
  EXPECT_EQ(code_of(PrivateKey::from_scalar(Bytes(32, 255))), "key.invalid");
  EXPECT_EQ(code_of(PrivateKey::from_scalar(Bytes(31, 1))), "key.invalid");
  EXPECT_EQ(code_of(PrivateKey::from_scalar(Bytes(33, 1))), "key.invalid");
  for (const auto& scalar : {small(1), order_minus(2)}) {
    const PrivateKey key = *PrivateKey::from_scalar(scalar);
    EXPECT_TRUE(key.public_key().verify(as_bytes("m"), key.sign(as_bytes("m"))));
  }
}

TEST(Sm2, PointsThatAreNoneAreRefused) {
  const PublicKey key = example_key().public_key();
  Bytes xy(key.xy().begin(), key.xy().end());
  EXPECT_TRUE(PublicKey::from_xy(xy).ok());
  for (const std::size_t at : {0U, 31U, 32U, 63U}) {
    Bytes off = xy;
    off[at] = static_cast<std::uint8_t>(off[at] ^ 1U);
    EXPECT_EQ(code_of(PublicKey::from_xy(off)), "key.invalid") << at;
  }
  EXPECT_EQ(code_of(PublicKey::from_xy(Bytes(64))), "key.invalid");
  EXPECT_EQ(code_of(PublicKey::from_xy(Bytes(64, 255))), "key.invalid");
  EXPECT_EQ(code_of(PublicKey::from_xy(ByteView(xy).first(63))), "key.invalid");
  EXPECT_EQ(code_of(PublicKey::from_xy({})), "key.invalid");
}

TEST(Sm2, CoordinateNotBelowThePrimeIsRefused) {
  // x = p + 0 stands for the same field element as 0, for which y exists; a second spelling of one
  // point would have a second kid.
  const Bytes p = hex("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF");
  const Bytes y_of_zero = hex("63BD3B01C5CE749636C8D2BB8F8BC3F9B0A4F79A0C5FD2F2F1CF0B0B5C6F5D2B");
  EXPECT_EQ(code_of(PublicKey::from_xy(join(p, y_of_zero))), "key.invalid");
}

TEST(Sm2, JwkRoundTrip) {
  const PublicKey key = PrivateKey::generate().public_key();
  Json jwk = key.to_jwk();
  EXPECT_EQ(jwk["kty"], "EC");
  EXPECT_EQ(jwk["crv"], "SM2-P-256");
  EXPECT_EQ(jwk["kid"], key.kid());
  jwk["use"] = "sig";
  jwk["kid"] = "someone else's name for it";
  const auto again = PublicKey::from_jwk(jwk);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(*again == key);
  EXPECT_EQ(again->kid(), key.kid()) << "kid is computed, never taken over";
  EXPECT_FALSE(*again == PrivateKey::generate().public_key());
}

TEST(Sm2, BadJwksNameTheMember) {
  const Json good = example_key().public_key().to_jwk();
  const auto with = [&good](const char* name, Json value) {
    Json jwk = good;
    jwk[name] = std::move(value);
    return PublicKey::from_jwk(jwk);
  };
  const auto expect = [](const Result<PublicKey>& result, const std::string& field) {
    EXPECT_EQ(code_of(result), "key.invalid");
    EXPECT_EQ(field_of(result), field);
  };
  expect(with("kty", "RSA"), "kty");
  expect(with("kty", nullptr), "kty");
  expect(with("crv", "P-256"), "crv");
  expect(with("x", 7), "x");
  expect(with("x", good["x"].get<std::string>() + "="), "x");
  expect(with("x", good["x"].get<std::string>() + "AA"), "x");
  expect(with("y", good["y"].get<std::string>().substr(1)), "y");
  std::string trailing_bits = good["x"];
  trailing_bits.back() = 'B';  // 'A' + the lowest bit, which belongs to no byte
  expect(with("x", trailing_bits), "x");
  expect(PublicKey::from_jwk(Json("text")), "");
  expect(PublicKey::from_jwk(Json()), "");
  Json missing = good;
  missing.erase("y");
  expect(PublicKey::from_jwk(missing), "y");
}

TEST(Sm2, EncryptsAndDecrypts) {
  const PrivateKey key = PrivateKey::generate();
  // One byte meets the all-zero key stream once in 256 times: the loop has to get past it.
  for (int i = 0; i < 300; ++i) {
    const Bytes plain = {static_cast<std::uint8_t>(i)};
    const auto cipher = key.public_key().encrypt(plain);
    ASSERT_TRUE(cipher.ok());
    const auto opened = key.decrypt(*cipher);
    ASSERT_TRUE(opened.ok()) << i;
    EXPECT_EQ(*opened, plain);
  }
  EXPECT_EQ(code_of(key.public_key().encrypt({})), "sm2.plaintext_size");
  EXPECT_EQ(code_of(key.public_key().encrypt(Bytes(1025))), "sm2.plaintext_size");
}

TEST(Sm2, DamagedCiphertextHasOneError) {
  const PrivateKey key = PrivateKey::generate();
  const Bytes good = *key.public_key().encrypt(as_bytes("sixteen byte key"));
  std::set<std::string> messages;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const unsigned flip : {1U, 0x80U}) {
      Bytes bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ flip);
      const auto opened = key.decrypt(bad);
      ASSERT_EQ(code_of(opened), "sm2.decrypt_failed") << at;
      messages.insert(opened.error().message);
    }
    ASSERT_EQ(code_of(key.decrypt(ByteView(good).first(at))), "sm2.decrypt_failed");
  }
  messages.insert(PrivateKey::generate().decrypt(good).error().message);
  messages.insert(key.decrypt(join(good, Bytes{0})).error().message);
  EXPECT_EQ(messages.size(), 1U);
}

TEST(Sm2, SignatureDerIsStrict) {
  const Bytes raw = join(small(1), small(0x80));
  const Bytes good = der::encode_signature(raw);
  EXPECT_EQ(to_hex(good), "300702010102020080");
  ASSERT_TRUE(der::decode_signature(good).has_value());
  EXPECT_EQ(to_hex(*der::decode_signature(good)), to_hex(raw));
  for (const std::string bad : {
           "", "30",
           "3080020101020200800000",   // indefinite length
           "308107020101020200 80",    // long form where short does
           "30080201010203000080",     // padded integer
           "300602010102018 0",        // negative
           "3006020101020 080",        // garbage
           "300702010102020080ff",     // trailing bytes outside
           "300902010102020080050 0",  // trailing element inside
           "3007020101020200",         // truncated
           "3104020101020101",         // SET
           "3005020002 0101",          // empty integer
       }) {
    EXPECT_FALSE(der::decode_signature(hex(bad)).has_value()) << bad;
  }
  const Bytes wide =
      hex("3026022101000000000000000000000000000000000000000000000000000000000000"
          "0000020101");
  EXPECT_FALSE(der::decode_signature(wide).has_value()) << "33 bytes";
}

}  // namespace
}  // namespace qc::crypto::test
