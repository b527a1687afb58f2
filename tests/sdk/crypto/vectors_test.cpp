// Published examples of the standards.
#include <cryptopp/sm4.h>

#include "sdk/crypto/sm2_der.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/crypto/sm4_gcm.hpp"
#include "tests/sdk/crypto/reference.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

TEST(Vectors, Sm3ExamplesOfGbt32905) {
  EXPECT_EQ(to_hex(sm3("abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  std::string text;
  for (int i = 0; i < 16; ++i) text += "abcd";
  EXPECT_EQ(to_hex(sm3(text)), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
}

TEST(Vectors, HmacSm3OfGmt0042) {
  const Bytes key =
      hex("0102030405060708090a0b0c0d0e0f10 1112131415161718191a1b1c1d1e1f20 2122232425");
  const std::string text =
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const Bytes short_key = hex("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
  EXPECT_EQ(to_hex(hmac_sm3(short_key, as_bytes(text))),
            "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a");
  EXPECT_EQ(to_hex(hmac_sm3(key, Bytes(50, 0xcd))),
            "220bf579ded555393f0159f66c99877822a3ecf610d1552154b41d44b94db3ae");
}

TEST(Vectors, Sm4BlockOfGbt32907) {
  const Bytes key = hex("0123456789ABCDEFFEDCBA9876543210");
  Bytes block = key;
  CryptoPP::SM4::Encryption sm4(key.data(), key.size());
  sm4.ProcessBlock(block.data());
  EXPECT_EQ(to_hex(block), "681edf34d206965e86b3e94f536e4246");
  for (int i = 1; i < 1'000'000; ++i) sm4.ProcessBlock(block.data());
  EXPECT_EQ(to_hex(block), "595298c7c6fd271f0402f804c33d3f66");
}

TEST(Vectors, Sm4GcmOfRfc8998) {
  const Bytes key = hex("0123456789ABCDEFFEDCBA9876543210");
  const Bytes nonce = hex("00001234567800000000ABCD");
  const Bytes plain =
      hex("AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
          "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA");
  const Bytes aad = hex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2");
  const auto sealed = sm4_gcm_seal(key, nonce, plain, aad);
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->ciphertext,
            hex("17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
                "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"));
  EXPECT_EQ(sealed->tag, hex("83DE3541E4C2B58177E065A9BF7B62EC"));
  const auto opened = sm4_gcm_open(key, nonce, sealed->ciphertext, sealed->tag, aad);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(*opened, plain);
}

// GB/T 32918.5-2017 annex A: signature on the recommended curve.
constexpr std::string_view kMessage = "message digest";

TEST(Vectors, Sm2KeyOfGbt32918Part5) {
  const PrivateKey key = example_key();
  EXPECT_EQ(to_hex(key.public_key().xy()),
            to_hex(hex("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
                       "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")));
  EXPECT_EQ(reference_identity_hash(key.public_key().xy(), kDefaultSm2Id),
            hex("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"));
}

TEST(Vectors, Sm2SignatureOfGbt32918Part5) {
  const Bytes published =
      hex("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
          "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA");
  const PublicKey key = example_key().public_key();
  EXPECT_TRUE(key.verify(as_bytes(kMessage), published));
  EXPECT_TRUE(reference_verify(key.xy(), kDefaultSm2Id, as_bytes(kMessage), published));
  // The reference reproduces it from the published k, so the reference itself is right.
  EXPECT_EQ(reference_sign(hex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"),
                           hex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"),
                           kDefaultSm2Id, as_bytes(kMessage)),
            published);
}

TEST(Vectors, Sm2CiphertextOfGbt32918Part5) {
  der::Ciphertext parts;
  const Bytes point =
      hex("04EBFC718E8D179862043226 8E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
          "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0");
  const Bytes hash = hex("59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766");
  std::copy(point.begin(), point.end(), parts.point.begin());
  std::copy(hash.begin(), hash.end(), parts.hash.begin());
  parts.data = hex("21886CA989CA9C7D58087307CA93092D651EFA");
  const auto plain = example_key().decrypt(der::encode_ciphertext(parts));
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(as_text(*plain), "encryption standard");
  const Bytes again =
      reference_encrypt(example_key().public_key().xy(),
                        hex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"),
                        as_bytes("encryption standard"));
  EXPECT_TRUE(std::equal(point.begin(), point.end(), again.begin()));
  EXPECT_TRUE(std::equal(parts.data.begin(), parts.data.end(), again.begin() + 96));
}

// RFC 7638 with SM3, worked out by hand: SM3 over the canonical text.
TEST(Vectors, KidIsTheThumbprintOfTheCanonicalJwk) {
  const PublicKey key = example_key().public_key();
  const Json jwk = key.to_jwk();
  const std::string canonical = R"({"crv":"SM2-P-256","kty":"EC","x":")" +
                                jwk["x"].get<std::string>() + R"(","y":")" +
                                jwk["y"].get<std::string>() + R"("})";
  EXPECT_EQ(jwk["x"], "CfnfMR5UIaFQ3X0WHkvFxnIXn60YM_wHa7CP81bzUCA");
  EXPECT_EQ(key.kid(), to_base64url(sm3(canonical)));
  EXPECT_EQ(key.kid().size(), 43U);
}

}  // namespace
}  // namespace qc::crypto::test
