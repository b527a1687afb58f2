// Internal: scalars modulo the group order n and their digit forms, for public data only.
#pragma once

#include "sdk/crypto/sm2_field.hpp"

namespace qc::crypto::sm2 {

inline constexpr unsigned kScalarBits = 256;

/// 2^512 mod n.
inline constexpr U256 kOrderMontgomerySquare = {0x901192af7c114f20, 0x3464504ade6fa2fa,
                                                0x620fc84c3affe0d4, 0x1eb5e412a22b3d3b};

/// a * b / 2^256 mod n, for a, b below 2^256 with a * b below 2^256 n.
inline U256 montgomery_mod_n(const U256& a, const U256& b) {
  constexpr std::uint64_t kFactor = 0x327f9e8872350975;  // -1/n mod 2^64
  std::array<std::uint64_t, 6> t{};
  for (const std::uint64_t limb : b) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < 4; ++j) t[j] = multiply_add(t[j], a[j], limb, carry);
    t[5] = 0;
    t[4] = add_carry(t[4], carry, t[5]);
    const std::uint64_t m = t[0] * kFactor;
    carry = 0;
    multiply_add(t[0], m, kOrder256[0], carry);
    for (std::size_t j = 1; j < 4; ++j) t[j - 1] = multiply_add(t[j], m, kOrder256[j], carry);
    std::uint64_t more = 0;
    t[3] = add_carry(t[4], carry, more);
    t[4] = t[5] + more;
  }
  return reduce_once(t[4], {t[0], t[1], t[2], t[3]}, kOrder256);
}

/// `count` bits (at most 32) of the scalar from bit `at`; beyond the top they are zero.
inline unsigned bits_at(const U256& scalar, unsigned at, unsigned count) {
  const unsigned limb = at / 64;
  const unsigned shift = at % 64;
  if (limb > 3) return 0;
  std::uint64_t value = scalar[limb] >> shift;
  if (shift + count > 64 && limb < 3) value |= scalar[limb + 1] << (64 - shift);
  return static_cast<unsigned>(value & ((std::uint64_t{1} << count) - 1));
}

/// Width-w non-adjacent form: odd digits below 2^(w-1) in size, at least w - 1 zeros between them.
using Naf = std::array<std::int8_t, kScalarBits + 1>;
inline Naf recode_naf(const U256& scalar, unsigned window) {
  Naf out{};
  unsigned carry = 0;
  for (unsigned at = 0; at <= kScalarBits;) {
    if (bits_at(scalar, at, 1) == carry) {
      ++at;
      continue;
    }
    const unsigned word = bits_at(scalar, at, window) + carry;
    carry = (word >> (window - 1)) & 1U;
    out[at] = static_cast<std::int8_t>(static_cast<int>(word) - static_cast<int>(carry << window));
    at += window;
  }
  return out;
}

/// A comb: the scalar's bits, each read as +1 or -1, in `teeth` rows of `columns`; a column is one
/// table entry. Columns are dealt to `tables` tables of `steps` columns each (the last may have
/// fewer), table i being that of 2^(i steps) P, so that only `steps` - 1 doublings remain.
struct CombShape {
  unsigned teeth;
  unsigned columns;
  unsigned tables;
  unsigned steps;
  constexpr std::size_t entries() const { return std::size_t{1} << (teeth - 1); }
  constexpr std::size_t size() const { return entries() * tables; }
  constexpr bool holds_every_scalar() const {
    return teeth * columns >= kScalarBits && tables * steps >= columns;
  }
};

/// 256 points, 16 KB: 37 additions.
inline constexpr CombShape kKeyComb = {7, 37, 4, 10};
/// 1,536 points, 96 KB, shared by all keys: 26 additions.
inline constexpr CombShape kBaseComb = {10, 26, 3, 9};
static_assert(kKeyComb.holds_every_scalar() && kBaseComb.holds_every_scalar());

/// A scalar ready to be read by columns.
class CombScalar {
 public:
  /// `scalar` in 1 … n-1. Only odd numbers have digits ±1 throughout: for an even one those of
  /// n - scalar are taken and every sign is turned.
  CombScalar(const U256& scalar, const CombShape& shape)
      : shape_(shape), turned_((scalar[0] & 1U) == 0), k_(scalar) {
    if (turned_) sub_limbs(k_, kOrder256, scalar);
    // Digit i of an odd k below 2^m is +1 if bit i + 1 is set, and the top digit is +1.
    k_ = {(k_[0] >> 1U) | (k_[1] << 63U), (k_[1] >> 1U) | (k_[2] << 63U),
          (k_[2] >> 1U) | (k_[3] << 63U), k_[3] >> 1U};
  }

  struct Digit {
    std::size_t entry;  ///< within its table
    bool minus;
  };
  /// Entry bits tell which teeth have the sign of the top tooth.
  Digit column(unsigned at) const {
    const unsigned last = shape_.teeth - 1;
    const bool top = is_plus(at + last * shape_.columns);
    std::size_t entry = 0;
    for (unsigned tooth = 0; tooth < last; ++tooth) {
      entry |= static_cast<std::size_t>(is_plus(at + tooth * shape_.columns)) << tooth;
    }
    if (!top) entry ^= shape_.entries() - 1;
    return {entry, top == turned_};
  }

 private:
  bool is_plus(unsigned digit) const {
    if (digit == shape_.teeth * shape_.columns - 1) return true;
    return digit < kScalarBits && ((k_[digit / 64] >> (digit % 64)) & 1U) != 0;
  }

  CombShape shape_;
  bool turned_;
  U256 k_;
};

}  // namespace qc::crypto::sm2
