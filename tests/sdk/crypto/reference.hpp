// SM2 written out from the standard on Crypto++'s curve arithmetic: a second opinion for the tests.
// Slow, not constant time, never for production.
#pragma once

#include <optional>

#include "sdk/base/bytes.hpp"

namespace qc::crypto::test {

/// [d]G as x || y.
Bytes reference_public_key(ByteView scalar);

/// GB/T 32918.2 clause 7.1, steps B1 to B7, with e computed by Crypto++'s SM3.
bool reference_verify(ByteView xy, std::string_view id, ByteView message, ByteView signature);

/// GB/T 32918.2 clause 6.1 with a given k.
Bytes reference_sign(ByteView scalar, ByteView k, std::string_view id, ByteView message);

/// GB/T 32918.4: C1 (64 bytes, without 04) || C3 || C2 with a given k.
Bytes reference_encrypt(ByteView xy, ByteView k, ByteView plaintext);
std::optional<Bytes> reference_decrypt(ByteView scalar, ByteView c1c3c2);

/// x of [s]G + [t]P; nothing for the point at infinity.
std::optional<Bytes> reference_x_of_sum(ByteView xy, ByteView s, ByteView t);

/// ZA.
Bytes reference_identity_hash(ByteView xy, std::string_view id);

}  // namespace qc::crypto::test
