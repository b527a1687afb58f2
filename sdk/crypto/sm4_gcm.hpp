// SM4 (GB/T 32907-2016) in GCM (GB/T 36624), by Crypto++.
#pragma once

#include "sdk/base/bytes.hpp"

namespace qc::crypto {

inline constexpr std::size_t kSm4KeySize = 16;
inline constexpr std::size_t kGcmNonceSize = 12;
inline constexpr std::size_t kGcmTagSize = 16;

struct Sealed {
  Bytes ciphertext;  ///< as long as the plaintext
  Bytes tag;         ///< 16 bytes
};

/// `key` 16 bytes, `nonce` 12 bytes and never used twice with one key. Any thread.
Result<Sealed> sm4_gcm_seal(ByteView key, ByteView nonce, ByteView plaintext, ByteView aad);

/// Error: "sm4.authentication_failed"; no plaintext is returned then. Any thread.
Result<Bytes> sm4_gcm_open(ByteView key, ByteView nonce, ByteView ciphertext, ByteView tag,
                           ByteView aad);

}  // namespace qc::crypto
