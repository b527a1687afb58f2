// OpenSSL (our implementation) against Crypto++ and against OpenSSL's other interfaces.
#include <cryptopp/cryptlib.h>
#include <cryptopp/hmac.h>
#include <cryptopp/modes.h>
#include <cryptopp/sm3.h>
#include <cryptopp/sm4.h>
#include <openssl/evp.h>

#include "sdk/crypto/sm2_der.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/crypto/sm4_gcm.hpp"
#include "tests/sdk/crypto/reference.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 3, 31, 32, 55, 56, 63, 64, 65, 119, 127, 128, 1000, 100000};

TEST(Agreement, Sm3OfEverySizeClass) {
  for (const std::size_t size : kSizes) {
    const Bytes data = random_bytes(size);
    Hash32 expected{};
    CryptoPP::SM3().CalculateDigest(expected.data(), data.data(), data.size());
    EXPECT_EQ(sm3(data), expected) << size;
    Sm3 pieces;
    for (std::size_t at = 0; at < size; at += 7) {
      pieces.update(ByteView(data).subspan(at, std::min<std::size_t>(7, size - at)));
    }
    EXPECT_EQ(pieces.finish(), expected) << size;
    EXPECT_EQ(pieces.update(as_bytes("abc")).finish(), sm3("abc")) << "finish starts anew";
  }
}

TEST(Agreement, HmacSm3OfEveryKeySizeClass) {
  for (const std::size_t key_size : {0, 1, 16, 32, 63, 64, 65, 200}) {
    for (const std::size_t size : {0, 1, 64, 1000}) {
      const Bytes key = random_bytes(key_size);
      const Bytes data = random_bytes(size);
      Hash32 expected{};
      CryptoPP::HMAC<CryptoPP::SM3>(key.data(), key.size())
          .CalculateDigest(expected.data(), data.data(), data.size());
      EXPECT_EQ(hmac_sm3(key, data), expected) << key_size << ' ' << size;
    }
  }
}

TEST(Agreement, GcmKeyStreamIsOpenSslsSm4Ctr) {
  for (const std::size_t size : {1, 15, 16, 17, 1000, 70000}) {
    const Bytes key = random_bytes(kSm4KeySize);
    const Bytes nonce = random_bytes(kGcmNonceSize);
    const Bytes plain = random_bytes(size);
    const auto sealed = sm4_gcm_seal(key, nonce, plain, {});
    ASSERT_TRUE(sealed.ok());
    Bytes counter = nonce;  // GCM encrypts from counter 2 on; 1 is for the tag
    counter.insert(counter.end(), {0, 0, 0, 2});
    Bytes expected(size);
    int written = 0;
    EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex2(ctx, EVP_sm4_ctr(), key.data(), counter.data(), nullptr);
    EVP_EncryptUpdate(ctx, expected.data(), &written, plain.data(), static_cast<int>(size));
    EVP_CIPHER_CTX_free(ctx);
    EXPECT_EQ(sealed->ciphertext, expected);
  }
}

TEST(Agreement, PublicKeysAreTheReferencesMultiples) {
  for (int i = 0; i < 20; ++i) {
    Bytes scalar = random_bytes(32);
    scalar[0] &= 0x7fU;
    const auto key = PrivateKey::from_scalar(scalar);
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(to_hex(key->public_key().xy()), to_hex(reference_public_key(scalar)));
  }
}

TEST(Agreement, SignaturesBothWays) {
  for (int i = 0; i < 20; ++i) {
    Bytes scalar = random_bytes(32);
    scalar[0] &= 0x7fU;
    const PrivateKey key = *PrivateKey::from_scalar(scalar);
    const Bytes message = random_bytes(static_cast<std::size_t>(i) * 13);
    const std::string id = i % 3 == 0   ? std::string()
                           : i % 3 == 1 ? "ALICE123@YAHOO.COM"
                                        : std::string(kDefaultSm2Id);
    const Signature64 ours = key.sign(message, id);
    EXPECT_TRUE(reference_verify(key.public_key().xy(), id, message, ours));
    Bytes k = random_bytes(32);
    k[0] &= 0x7fU;
    const Bytes theirs = reference_sign(scalar, k, id, message);
    EXPECT_TRUE(key.public_key().verify(message, theirs, id));
    EXPECT_FALSE(key.public_key().verify(message, theirs, id + "x"));
  }
}

TEST(Agreement, EncryptionBothWays) {
  for (const std::size_t size : {1, 2, 16, 31, 32, 33, 200, 1024}) {
    Bytes scalar = random_bytes(32);
    scalar[0] &= 0x7fU;
    const PrivateKey key = *PrivateKey::from_scalar(scalar);
    const Bytes plain = random_bytes(size);
    const auto ours = key.public_key().encrypt(plain);
    ASSERT_TRUE(ours.ok());
    const auto parts = der::decode_ciphertext(*ours);
    ASSERT_TRUE(parts.has_value());
    Bytes raw(parts->point.begin(), parts->point.end());
    raw.insert(raw.end(), parts->hash.begin(), parts->hash.end());
    raw.insert(raw.end(), parts->data.begin(), parts->data.end());
    EXPECT_EQ(reference_decrypt(scalar, raw), plain);

    Bytes k = random_bytes(32);
    k[0] &= 0x7fU;
    const Bytes theirs = reference_encrypt(key.public_key().xy(), k, plain);
    der::Ciphertext packed;
    std::copy_n(theirs.begin(), 64, packed.point.begin());
    std::copy_n(theirs.begin() + 64, 32, packed.hash.begin());
    packed.data.assign(theirs.begin() + 96, theirs.end());
    const auto opened = key.decrypt(der::encode_ciphertext(packed));
    if (packed.data == plain) continue;  // all-zero key stream, refused by the standard
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, plain);
  }
}

}  // namespace
}  // namespace qc::crypto::test
