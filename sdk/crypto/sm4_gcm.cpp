#include "sdk/crypto/sm4_gcm.hpp"

#include <cryptopp/gcm.h>
#include <cryptopp/sm4.h>
#include <openssl/crypto.h>

namespace qc::crypto {
namespace {

using Gcm = CryptoPP::GCM<CryptoPP::SM4>;

/// Empty spans may carry a null pointer, which Crypto++ passes on to memcpy.
const std::uint8_t* pointer(ByteView bytes) {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

Status check_sizes(ByteView key, ByteView nonce) {
  if (key.size() != kSm4KeySize) return invalid("sm4.invalid_key", "an SM4 key has 16 bytes");
  if (nonce.size() != kGcmNonceSize) return invalid("sm4.invalid_nonce", "a nonce has 12 bytes");
  return {};
}

}  // namespace

Result<Sealed> sm4_gcm_seal(ByteView key, ByteView nonce, ByteView plaintext, ByteView aad) {
  QC_TRY(check_sizes(key, nonce));
  try {
    Gcm::Encryption gcm;
    gcm.SetKeyWithIV(key.data(), key.size(), nonce.data(), nonce.size());
    Sealed out{Bytes(plaintext.size()), Bytes(kGcmTagSize)};
    std::uint8_t nothing = 0;
    gcm.EncryptAndAuthenticate(plaintext.empty() ? &nothing : out.ciphertext.data(), out.tag.data(),
                               out.tag.size(), nonce.data(), static_cast<int>(nonce.size()),
                               pointer(aad), aad.size(), pointer(plaintext), plaintext.size());
    return out;
  } catch (const CryptoPP::Exception&) {
    return invalid("sm4.too_large", "longer than one GCM message may be");
  }
}

Result<Bytes> sm4_gcm_open(ByteView key, ByteView nonce, ByteView ciphertext, ByteView tag,
                           ByteView aad) {
  QC_TRY(check_sizes(key, nonce));
  const Error failed = invalid("sm4.authentication_failed", "the data is not what was sealed");
  if (tag.size() != kGcmTagSize) return failed;
  try {
    Gcm::Decryption gcm;
    gcm.SetKeyWithIV(key.data(), key.size(), nonce.data(), nonce.size());
    Bytes out(ciphertext.size());
    std::uint8_t nothing = 0;
    if (!gcm.DecryptAndVerify(ciphertext.empty() ? &nothing : out.data(), tag.data(), tag.size(),
                              nonce.data(), static_cast<int>(nonce.size()), pointer(aad),
                              aad.size(), pointer(ciphertext), ciphertext.size())) {
      OPENSSL_cleanse(out.data(), out.size());  // unauthenticated plaintext must not linger
      return failed;
    }
    return out;
  } catch (const CryptoPP::Exception&) {
    return failed;
  }
}

}  // namespace qc::crypto
