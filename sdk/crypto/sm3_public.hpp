// Internal: SM3 (GB/T 32905-2016) of public data, what signature verification spends its hashing
// on: no context to allocate, and many messages at once in the lanes of a vector. What may hold a
// secret goes through sm3.hpp.
#pragma once

#include <span>

#include "sdk/base/bytes.hpp"

namespace qc::crypto {

/// The state after a whole number of blocks.
struct Sm3Midstate {
  std::array<std::uint32_t, 8> words{0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                                     0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};
  std::uint64_t bytes = 0;  ///< hashed so far, a multiple of 64
};

/// One message: what `start` has hashed, then the parts one after the other.
struct Sm3Input {
  std::array<ByteView, 4> parts{};
  const Sm3Midstate* start = nullptr;  ///< null: a message's beginning
};

/// Absorbs whole blocks; `blocks` is a multiple of 64 bytes long.
Sm3Midstate sm3_absorb(const Sm3Midstate& start, ByteView blocks);

/// Any thread.
Hash32 sm3_public(const Sm3Input& input);

/// out[i] = sm3_public(inputs[i]), for as many. Any thread.
void sm3_public_many(std::span<const Sm3Input> inputs, std::span<Hash32> out);

/// The ways of hashing many, for tests: each gives the same. 1 lane always exists, 4 are the
/// baseline vectors, 8 need AVX2 and 16 AVX-512F.
bool sm3_has_lanes(unsigned lanes);
void sm3_public_many_by(unsigned lanes, std::span<const Sm3Input> inputs, std::span<Hash32> out);

}  // namespace qc::crypto
