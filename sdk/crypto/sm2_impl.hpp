// Internal: what stands behind PublicKey and PrivateKey.
#pragma once

#include "sdk/crypto/ossl.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::crypto {

struct PublicKey::Impl {
  ossl::Pkey pkey;
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

/// 1 <= r, s <= n - 1 for both halves of a 64-byte signature.
bool scalars_in_range(ByteView signature);

}  // namespace sm2
}  // namespace qc::crypto
