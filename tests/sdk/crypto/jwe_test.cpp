#include <set>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm4_gcm.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

/// A JWE that is right in everything but the header, which is bound into the tag.
std::string sealed_with(const PublicKey& recipient, const Json& header, const Bytes& cek,
                        std::string_view plaintext) {
  const std::string aad = to_base64url(as_bytes(header.dump()));
  const Bytes nonce = random_bytes(kGcmNonceSize);
  const Bytes content_key(cek.begin(), cek.begin() + 16);
  const auto sealed = sm4_gcm_seal(content_key, nonce, as_bytes(plaintext), as_bytes(aad));
  return join({aad, to_base64url(*recipient.encrypt(cek)), to_base64url(nonce),
               to_base64url(sealed->ciphertext), to_base64url(sealed->tag)});
}

Json header_for(const PrivateKey& key) {
  return {{"alg", "SGD_SM2_3"}, {"enc", "SGD_SM4_GCM"}, {"kid", key.kid()}};
}

TEST(Jwe, RoundTripOfEverySize) {
  const PrivateKey key = PrivateKey::generate();
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 4096U, 500000U}) {
    const std::string plain(size, 'p');
    const auto jwe = jwe_encrypt(key.public_key(), plain);
    ASSERT_TRUE(jwe.ok());
    const auto opened = jwe_decrypt(key, *jwe);
    ASSERT_TRUE(opened.ok()) << size << ' ' << opened.error().code;
    EXPECT_EQ(*opened, plain);
  }
}

TEST(Jwe, HeaderSaysWhatItIs) {
  const PrivateKey key = PrivateKey::generate();
  const std::string jwe = *jwe_encrypt(key.public_key(), "x", "text/plain");
  const auto bytes = from_base64url(split(jwe)[0]);
  EXPECT_EQ(parse_json(as_text(*bytes)).value(), (Json{{"alg", "SGD_SM2_3"},
                                                       {"enc", "SGD_SM4_GCM"},
                                                       {"kid", key.kid()},
                                                       {"cty", "text/plain"}}));
  EXPECT_NE(jwe, *jwe_encrypt(key.public_key(), "x", "text/plain")) << "key and nonce are fresh";
}

TEST(Jwe, OtherRecipient) {
  const PrivateKey key = PrivateKey::generate();
  const std::string jwe = *jwe_encrypt(key.public_key(), "x");
  EXPECT_EQ(code_of(jwe_decrypt(PrivateKey::generate(), jwe)), "jwe.wrong_recipient");
}

TEST(Jwe, AllCausesOfFailedDecryptionLookTheSame) {
  const PrivateKey key = PrivateKey::generate();
  const PrivateKey other = PrivateKey::generate();
  const auto good = split(*jwe_encrypt(key.public_key(), "some plaintext"));
  std::vector<std::string> broken;
  for (std::size_t part = 1; part < 5; ++part) {
    auto bytes = *from_base64url(good[part]);
    bytes.back() = static_cast<std::uint8_t>(bytes.back() ^ 1U);
    auto parts = good;
    parts[part] = to_base64url(bytes);
    broken.push_back(join(parts));
  }
  auto swapped = good;  // another key's valid wrapping
  swapped[1] = to_base64url(*other.public_key().encrypt(random_bytes(16)));
  broken.push_back(join(swapped));
  swapped[1] = to_base64url(*key.public_key().encrypt(random_bytes(16)));
  broken.push_back(join(swapped));
  swapped[1] = "AAAA";
  broken.push_back(join(swapped));
  for (const std::size_t size : {1U, 15U, 17U, 32U}) {  // content key of another length
    Bytes cek = random_bytes(std::max<std::size_t>(size, 16));
    const std::string text = sealed_with(key.public_key(), header_for(key), cek, "x");
    auto parts = split(text);
    cek.resize(size);
    parts[1] = to_base64url(*key.public_key().encrypt(cek));
    broken.push_back(join(parts));
  }
  Json header = header_for(key);  // a header that says the same in other bytes
  auto parts = good;
  header["cty"] = "text/plain";
  parts[0] = to_base64url(as_bytes(header.dump()));
  broken.push_back(join(parts));
  std::set<std::string> answers;
  for (const std::string& text : broken) {
    const auto result = jwe_decrypt(key, text);
    ASSERT_FALSE(result.ok());
    answers.insert(result.error().code + "|" + result.error().message + "|" + result.error().field);
  }
  EXPECT_EQ(answers,
            std::set<std::string>{"jwe.decrypt_failed|cannot be decrypted with this key|"});
}

TEST(Jwe, EveryChangedCharacterIsNoticed) {
  const PrivateKey key = example_key();
  const std::string good = *jwe_encrypt(key.public_key(), "x", "");
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(jwe_decrypt(key, bad).ok()) << at;
  }
}

TEST(Jwe, EveryTruncationIsRefused) {
  const PrivateKey key = example_key();
  const std::string good = *jwe_encrypt(key.public_key(), "x");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(jwe_decrypt(key, std::string_view(good).substr(0, size)).ok()) << size;
  }
  for (const char* more : {".", "=", "A", ".AAAA", "\n"}) {
    EXPECT_EQ(code_of(jwe_decrypt(key, good + more)), "jwe.invalid") << more;
  }
}

TEST(Jwe, HeadersAreChecked) {
  const PrivateKey key = example_key();
  const auto field = [&key](const char* name, const Json& value) {
    Json header = header_for(key);
    header[name] = value;
    if (value.is_discarded()) header.erase(name);
    const auto result =
        jwe_decrypt(key, sealed_with(key.public_key(), header, random_bytes(16), "x"));
    return result.ok() ? "ok" : result.error().code + " " + result.error().field;
  };
  EXPECT_EQ(field("x", 1), "ok");
  EXPECT_EQ(field("alg", "none"), "jwe.invalid header.alg");
  EXPECT_EQ(field("alg", "dir"), "jwe.invalid header.alg");
  EXPECT_EQ(field("alg", "SGD_SM3_SM2"), "jwe.invalid header.alg");
  EXPECT_EQ(field("enc", "A128GCM"), "jwe.invalid header.enc");
  EXPECT_EQ(field("enc", nullptr), "jwe.invalid header.enc");
  EXPECT_EQ(field("zip", "DEF"), "jwe.invalid header.zip");
  EXPECT_EQ(field("crit", Json::array({"x"})), "jwe.invalid header.crit");
  EXPECT_EQ(field("kid", 3), "jwe.invalid header.kid");
  EXPECT_EQ(field("kid", "other"), "jwe.wrong_recipient header.kid");
  Json no_kid = header_for(key);
  no_kid.erase("kid");
  const auto result =
      jwe_decrypt(key, sealed_with(key.public_key(), no_kid, random_bytes(16), "x"));
  EXPECT_EQ(field_of(result), "header.kid");
}

TEST(Jwe, PartsOfAnotherSizeAreInvalid) {
  const PrivateKey key = example_key();
  const auto good = split(*jwe_encrypt(key.public_key(), "x"));
  const auto refuse = [&](std::size_t part, const std::string& text) {
    auto parts = good;
    parts[part] = text;
    return field_of(jwe_decrypt(key, join(parts)));
  };
  EXPECT_EQ(refuse(1, ""), "encrypted_key");
  EXPECT_EQ(refuse(2, to_base64url(Bytes(11))), "iv");
  EXPECT_EQ(refuse(2, to_base64url(Bytes(16))), "iv");
  EXPECT_EQ(refuse(3, "A"), "ciphertext");
  EXPECT_EQ(refuse(4, to_base64url(Bytes(15))), "tag");
  EXPECT_EQ(refuse(4, to_base64url(Bytes(4))), "tag") << "a short tag is easy to guess";
}

TEST(Jwe, SizeIsBounded) {
  const PrivateKey key = example_key();
  const std::string jwe = *jwe_encrypt(key.public_key(), "x");
  EXPECT_TRUE(jwe_decrypt(key, jwe, jwe.size()).ok());
  EXPECT_EQ(jwe_decrypt(key, jwe, jwe.size() - 1).error().kind, ErrorKind::kTooLarge);
}

TEST(Sm4Gcm, RefusesWrongSizes) {
  EXPECT_EQ(code_of(sm4_gcm_seal(Bytes(15), Bytes(12), {}, {})), "sm4.invalid_key");
  EXPECT_EQ(code_of(sm4_gcm_seal(Bytes(16), Bytes(16), {}, {})), "sm4.invalid_nonce");
  EXPECT_EQ(code_of(sm4_gcm_open(Bytes(32), Bytes(12), {}, Bytes(16), {})), "sm4.invalid_key");
  EXPECT_EQ(code_of(sm4_gcm_open(Bytes(16), {}, {}, Bytes(16), {})), "sm4.invalid_nonce");
}

TEST(Sm4Gcm, EveryChangedBitIsNoticed) {
  const Bytes key = random_bytes(16);
  const Bytes nonce = random_bytes(12);
  const Bytes aad = random_bytes(5);
  const Bytes plain = random_bytes(21);
  const Sealed good = *sm4_gcm_seal(key, nonce, plain, aad);
  const std::string code = "sm4.authentication_failed";
  const auto flip = [](Bytes bytes, std::size_t bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
    return bytes;
  };
  EXPECT_EQ(*sm4_gcm_open(key, nonce, good.ciphertext, good.tag, aad), plain);
  for (std::size_t bit = 0; bit < 21 * 8; ++bit) {
    EXPECT_EQ(code_of(sm4_gcm_open(key, nonce, flip(good.ciphertext, bit), good.tag, aad)), code);
  }
  for (std::size_t bit = 0; bit < 16 * 8; ++bit) {
    EXPECT_EQ(code_of(sm4_gcm_open(key, nonce, good.ciphertext, flip(good.tag, bit), aad)), code);
    EXPECT_EQ(code_of(sm4_gcm_open(flip(key, bit), nonce, good.ciphertext, good.tag, aad)), code);
  }
  for (std::size_t bit = 0; bit < 12 * 8; ++bit) {
    EXPECT_EQ(code_of(sm4_gcm_open(key, flip(nonce, bit), good.ciphertext, good.tag, aad)), code);
  }
  for (std::size_t bit = 0; bit < 5 * 8; ++bit) {
    EXPECT_EQ(code_of(sm4_gcm_open(key, nonce, good.ciphertext, good.tag, flip(aad, bit))), code);
  }
  EXPECT_EQ(code_of(sm4_gcm_open(key, nonce, good.ciphertext, ByteView(good.tag).first(15), aad)),
            code);
  EXPECT_EQ(code_of(sm4_gcm_open(key, nonce, {}, {}, {})), code);
}

}  // namespace
}  // namespace qc::crypto::test
