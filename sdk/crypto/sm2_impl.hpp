// Internal: what stands behind PublicKey and PrivateKey.
#pragma once

#include <mutex>
#include <optional>

#include "sdk/crypto/ossl.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/crypto/sm2_verifier.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::crypto {

/// What is slow to make and not always needed is made at first use. Any thread.
struct PublicKey::Impl {
  explicit Impl(ByteView point);

  /// For encryption, by OpenSSL.
  EVP_PKEY* pkey() const;
  /// For signatures, by our own code (sm2_check.cpp, so that signing does not link to it).
  const sm2::Verifier& verifier() const;

  std::array<std::uint8_t, 64> xy{};
  std::string kid;
  Hash32 default_za{};  ///< ZA under kDefaultSm2Id: nearly every signature uses it
  mutable std::once_flag pkey_once;
  mutable ossl::Pkey made_pkey;
  mutable std::once_flag verifier_once;
  mutable std::optional<sm2::Verifier> made_verifier;
};

struct PrivateKey::Impl {
  ossl::Pkey pkey;
  PublicKey public_key;
};

namespace sm2 {

/// ENTL || ID || a || b || G; nothing for an identity longer than 8191 bytes.
std::optional<Bytes> identity_prefix(std::string_view id);

/// ZA of GB/T 32918.2 clause 5.5: SM3(ENTL || ID || a || b || G || x || y). The identity must not
/// be longer than 8191 bytes.
Hash32 identity_hash(ByteView xy, std::string_view id);

/// e = SM3(ZA || M), the 32 bytes that are signed.
Hash32 message_hash(const Hash32& za, ByteView message);

/// OpenSSL's opinion on a 64-byte signature with r, s in 1..n-1: what the tests hold Verifier
/// against, and nothing else uses.
bool openssl_verify(ByteView xy, const Hash32& digest, ByteView signature);

}  // namespace sm2
}  // namespace qc::crypto
