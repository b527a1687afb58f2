// Numbers that the tests of SM2 arithmetic share, on Crypto++'s integers.
#pragma once

#include <vector>

#include <cryptopp/integer.h>
#include <cryptopp/nbtheory.h>

#include "sdk/crypto/sm2_field.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {

using CryptoPP::Integer;
using sm2::U256;

inline const Integer& prime() {
  static const Integer p("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFFh");
  return p;
}
inline const Integer& group_order() {
  static const Bytes n = order();
  static const Integer value(n.data(), n.size());
  return value;
}

inline Bytes to_bytes(const Integer& value) {
  Bytes out(32);
  value.Encode(out.data(), out.size());
  return out;
}
inline Integer to_integer(ByteView bytes) { return {bytes.data(), bytes.size()}; }
inline Integer to_integer(const U256& value) {
  Integer out;
  for (std::size_t i = 4; i-- > 0;) out = (out << 64) + Integer(Integer::POSITIVE, value[i]);
  return out;
}
inline U256 to_limbs(const Integer& value) { return sm2::from_bytes(to_bytes(value)); }

/// Values around which carries, borrows and window borders lie, below `modulus`.
inline std::vector<Integer> edges(const Integer& modulus) {
  std::vector<Integer> out;
  for (int i = 0; i < 20; ++i) {
    out.push_back(Integer(i));
    out.push_back(modulus - 1 - i);
  }
  for (unsigned bit = 1; bit < 256; bit += bit < 8 ? 1 : 7) {
    for (int delta = -1; delta <= 1; ++delta) out.push_back(Integer::Power2(bit) + delta);
  }
  for (unsigned bit : {32U, 64U, 96U, 128U, 160U, 192U, 224U, 255U}) {
    out.push_back(Integer::Power2(bit) - 1);
    out.push_back(modulus - Integer::Power2(bit));
  }
  out.push_back(to_integer(Bytes(32, 0x55)));
  out.push_back(to_integer(Bytes(32, 0xaa)) % modulus);
  out.push_back((Integer::Power2(256) - 1) % modulus);
  for (Integer& value : out) value %= modulus;
  return out;
}

}  // namespace qc::crypto::test
