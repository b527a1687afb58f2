// Internal: arithmetic modulo p of the SM2 curve, for public data only (variable time).
#pragma once

#include <array>
#include <cstdint>

#include "sdk/base/bytes.hpp"

namespace qc::crypto::sm2 {

/// 256 bits, least significant limb first.
using U256 = std::array<std::uint64_t, 4>;

__extension__ using U128 = unsigned __int128;

/// p = 2^256 - 2^224 - 2^96 + 2^64 - 1.
inline constexpr U256 kPrime = {0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff,
                                0xfffffffeffffffff};
/// Order of the base point.
inline constexpr U256 kOrder256 = {0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff,
                                   0xfffffffeffffffff};
/// 2^512 mod p: into Montgomery form.
inline constexpr U256 kMontgomerySquare = {0x0000000200000003, 0x00000002ffffffff,
                                           0x0000000100000001, 0x0000000400000002};
/// 2^256 mod p: one in Montgomery form.
inline constexpr U256 kMontgomeryOne = {0x0000000000000001, 0x00000000ffffffff, 0x0000000000000000,
                                        0x0000000100000000};

/// a + b + carry; `carry` becomes the carry out (0 or 1 when it was).
inline std::uint64_t add_carry(std::uint64_t a, std::uint64_t b, std::uint64_t& carry) {
  const U128 sum = static_cast<U128>(a) + b + carry;
  carry = static_cast<std::uint64_t>(sum >> 64U);
  return static_cast<std::uint64_t>(sum);
}

/// a - b - borrow; `borrow` (0 or 1) becomes the borrow out.
inline std::uint64_t sub_borrow(std::uint64_t a, std::uint64_t b, std::uint64_t& borrow) {
  std::uint64_t out = 0;
  const bool first = __builtin_sub_overflow(a, b, &out);
  const bool second = __builtin_sub_overflow(out, borrow, &out);
  borrow = static_cast<std::uint64_t>(first) | static_cast<std::uint64_t>(second);
  return out;
}

/// t + a * b + carry, whose upper half becomes `carry`; it never overflows 128 bits.
inline std::uint64_t multiply_add(std::uint64_t t, std::uint64_t a, std::uint64_t b,
                                  std::uint64_t& carry) {
  const U128 sum = static_cast<U128>(a) * b + t + carry;
  carry = static_cast<std::uint64_t>(sum >> 64U);
  return static_cast<std::uint64_t>(sum);
}

// Limbs are written out one by one below: in loops over arrays g++ 12 keeps them in memory, which
// makes a multiplication twice as slow.

/// a + b and the carry out.
inline std::uint64_t add_limbs(U256& out, const U256& a, const U256& b) {
  std::uint64_t carry = 0;
  const std::uint64_t s0 = add_carry(a[0], b[0], carry);
  const std::uint64_t s1 = add_carry(a[1], b[1], carry);
  const std::uint64_t s2 = add_carry(a[2], b[2], carry);
  const std::uint64_t s3 = add_carry(a[3], b[3], carry);
  out = {s0, s1, s2, s3};
  return carry;
}

/// a - b and the borrow out.
inline std::uint64_t sub_limbs(U256& out, const U256& a, const U256& b) {
  std::uint64_t borrow = 0;
  const std::uint64_t d0 = sub_borrow(a[0], b[0], borrow);
  const std::uint64_t d1 = sub_borrow(a[1], b[1], borrow);
  const std::uint64_t d2 = sub_borrow(a[2], b[2], borrow);
  const std::uint64_t d3 = sub_borrow(a[3], b[3], borrow);
  out = {d0, d1, d2, d3};
  return borrow;
}

inline bool below(const U256& a, const U256& b) {
  U256 ignored;
  return sub_limbs(ignored, a, b) != 0;
}

/// (carry, a) reduced once: a value below 2m becomes one below m.
inline U256 reduce_once(std::uint64_t carry, const U256& a, const U256& m) {
  U256 d;
  const std::uint64_t borrow = sub_limbs(d, a, m);
  const std::uint64_t keep = carry < borrow ? ~std::uint64_t{0} : 0;
  return {(a[0] & keep) | (d[0] & ~keep), (a[1] & keep) | (d[1] & ~keep),
          (a[2] & keep) | (d[2] & ~keep), (a[3] & keep) | (d[3] & ~keep)};
}

inline U256 add_mod(const U256& a, const U256& b, const U256& m) {
  U256 sum;
  const std::uint64_t carry = add_limbs(sum, a, b);
  return reduce_once(carry, sum, m);
}

inline U256 sub_mod(const U256& a, const U256& b, const U256& m) {
  U256 out;
  const std::uint64_t lift = sub_limbs(out, a, b) != 0 ? ~std::uint64_t{0} : 0;
  add_limbs(out, out, {m[0] & lift, m[1] & lift, m[2] & lift, m[3] & lift});
  return out;
}

inline bool is_zero(const U256& a) { return (a[0] | a[1] | a[2] | a[3]) == 0; }

inline U256 from_bytes(ByteView bytes32) {
  U256 out{};
  for (std::size_t i = 0; i < 32; ++i) {
    out[3 - i / 8] = (out[3 - i / 8] << 8U) | bytes32[i];
  }
  return out;
}

/// An element of the field in Montgomery form, always below p.
struct Fe {
  U256 v{};
  bool operator==(const Fe&) const = default;
};

inline constexpr Fe kOne{kMontgomeryOne};

/// The arithmetic of the field on any processor. sm2_field_x86.hpp has the same functions for the
/// common one; what is built on them takes the set as a template parameter.
struct PortableField {
  using Value = Fe;
  static Fe add(const Fe& a, const Fe& b) { return {add_mod(a.v, b.v, kPrime)}; }
  static Fe sub(const Fe& a, const Fe& b) { return {sub_mod(a.v, b.v, kPrime)}; }
  /// Montgomery product a * b / 2^256.
  static Fe mul(const Fe& a, const Fe& b);
  static Fe sqr(const Fe& a) { return mul(a, a); }
};

/// Five limbs of a running Montgomery product.
struct Accumulator {
  std::uint64_t t0 = 0;
  std::uint64_t t1 = 0;
  std::uint64_t t2 = 0;
  std::uint64_t t3 = 0;
  std::uint64_t t4 = 0;

  /// (t + a * b + m * p) / 2^64 with m chosen so that it divides: as p = -1 mod 2^64, m is the
  /// lowest limb itself, and m times the lowest limb of p plus that limb is m * 2^64.
  void step(const U256& a, std::uint64_t b) {
    std::uint64_t carry = 0;
    t0 = multiply_add(t0, a[0], b, carry);
    t1 = multiply_add(t1, a[1], b, carry);
    t2 = multiply_add(t2, a[2], b, carry);
    t3 = multiply_add(t3, a[3], b, carry);
    std::uint64_t top = 0;
    t4 = add_carry(t4, carry, top);
    const std::uint64_t m = t0;
    carry = m;
    t0 = multiply_add(t1, m, kPrime[1], carry);
    t1 = multiply_add(t2, m, kPrime[2], carry);
    t2 = multiply_add(t3, m, kPrime[3], carry);
    std::uint64_t more = 0;
    t3 = add_carry(t4, carry, more);
    t4 = top + more;
  }
};

inline Fe PortableField::mul(const Fe& a, const Fe& b) {
  Accumulator sum;
  sum.step(a.v, b.v[0]);
  sum.step(a.v, b.v[1]);
  sum.step(a.v, b.v[2]);
  sum.step(a.v, b.v[3]);
  return {reduce_once(sum.t4, {sum.t0, sum.t1, sum.t2, sum.t3}, kPrime)};
}

}  // namespace qc::crypto::sm2
