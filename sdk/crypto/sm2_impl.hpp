// Internal: what stands behind PublicKey and PrivateKey.
#pragma once

#include "sdk/crypto/ossl.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/crypto/sm2_verifier.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::crypto {

struct PublicKey::Impl {
  Impl(ossl::Pkey key, ByteView point) : pkey(std::move(key)), verifier(point) {}

  ossl::Pkey pkey;         ///< for encryption, and the second opinion on signatures
  sm2::Verifier verifier;  ///< for signatures
  std::array<std::uint8_t, 64> xy{};
  std::string kid;
  Hash32 default_za{};  ///< ZA under kDefaultSm2Id: nearly every signature uses it
};

struct PrivateKey::Impl {
  ossl::Pkey pkey;
  PublicKey public_key;
};

namespace sm2 {

/// ZA of GB/T 32918.2 clause 5.5: SM3(ENTL || ID || a || b || G || x || y).
Hash32 identity_hash(ByteView xy, std::string_view id);

/// e = SM3(ZA || M), the 32 bytes that are signed.
Hash32 message_hash(const Hash32& za, ByteView message);

/// OpenSSL's opinion on a 64-byte signature with r, s in 1..n-1: what the tests hold Verifier
/// against, and nothing else uses.
bool openssl_verify(ByteView xy, const Hash32& digest, ByteView signature);

}  // namespace sm2
}  // namespace qc::crypto
