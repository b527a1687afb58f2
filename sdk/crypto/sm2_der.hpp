// Internal: DER forms of SM2 signatures and ciphertexts (GM/T 0009-2012 clause 7), strictly.
#pragma once

#include <optional>

#include "sdk/crypto/sm2.hpp"

namespace qc::crypto::der {

/// SEQUENCE { r INTEGER, s INTEGER } from r || s (64 bytes).
Bytes encode_signature(ByteView raw);
/// Nothing unless `der` is the one DER encoding of two non-negative integers below 2^256.
std::optional<Signature64> decode_signature(ByteView der);

/// SEQUENCE { x INTEGER, y INTEGER, C3 OCTET STRING (32), C2 OCTET STRING }.
struct Ciphertext {
  std::array<std::uint8_t, 64> point{};  ///< C1 without the 0x04: x || y
  Hash32 hash{};                         ///< C3
  Bytes data;                            ///< C2, at least 1 byte
};
Bytes encode_ciphertext(const Ciphertext& parts);
std::optional<Ciphertext> decode_ciphertext(ByteView der);

}  // namespace qc::crypto::der
