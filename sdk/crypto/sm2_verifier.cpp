#include "sdk/crypto/sm2_verifier.hpp"

#include <algorithm>
#include <span>

namespace qc::crypto::sm2 {
namespace {

constexpr unsigned kScalarBits = 256;
constexpr unsigned kKeyWindow = 5;   ///< for a key's own multiples
constexpr unsigned kBaseWindow = 8;  ///< for multiples of G, shared by all keys

/// Jacobian coordinates: x = X/Z^2, y = Y/Z^3; Z = 0 is the point at infinity.
struct Point {
  Fe x;
  Fe y;
  Fe z;
  bool infinity() const { return is_zero(z.v); }
};

Point from_affine(const Affine& a) { return {a.x, a.y, Fe{kMontgomeryOne}}; }

/// dbl-2001-b for a = -3 (Explicit-Formulas Database); infinity stays infinity.
Point twice(const Point& p) {
  const Fe delta = square(p.z);
  const Fe gamma = square(p.y);
  const Fe beta = p.x * gamma;
  const Fe slope = (p.x - delta) * (p.x + delta);
  const Fe alpha = sm2::twice(slope) + slope;
  const Fe beta4 = sm2::twice(sm2::twice(beta));
  Point out;
  out.x = square(alpha) - sm2::twice(beta4);
  out.z = square(p.y + p.z) - gamma - delta;
  const Fe gamma8 = sm2::twice(sm2::twice(sm2::twice(square(gamma))));
  out.y = alpha * (beta4 - out.x) - gamma8;
  return out;
}

/// p + q, every special case included.
Point add(const Point& p, const Affine& q) {
  if (p.infinity()) return from_affine(q);
  const Fe zz = square(p.z);
  const Fe h = q.x * zz - p.x;
  const Fe r = q.y * (zz * p.z) - p.y;
  if (is_zero(h.v)) return is_zero(r.v) ? twice(p) : Point{};
  const Fe hh = square(h);
  const Fe hhh = hh * h;
  const Fe v = p.x * hh;
  Point out;
  out.x = square(r) - hhh - sm2::twice(v);
  out.y = r * (v - out.x) - p.y * hhh;
  out.z = p.z * h;
  return out;
}

Point add_signed(const Point& p, const Affine& q, bool minus) {
  return minus ? add(p, {q.x, negate(q.y)}) : add(p, q);
}

/// Affine forms with one inversion for all (Montgomery's trick); no point may be infinity.
void normalize(std::span<const Point> points, std::span<Affine> out) {
  std::vector<Fe> products(points.size());
  Fe product{kMontgomeryOne};
  for (std::size_t i = 0; i < points.size(); ++i) {
    products[i] = product;
    product = product * points[i].z;
  }
  Fe inverse = invert(product);
  for (std::size_t i = points.size(); i-- > 0;) {
    const Fe z = inverse * products[i];
    inverse = inverse * points[i].z;
    const Fe zz = square(z);
    out[i] = {points[i].x * zz, points[i].y * (zz * z)};
  }
}

Affine base_point() {
  constexpr U256 kX = {0x715a4589334c74c7, 0x8fe30bbff2660be1, 0x5f9904466a39c994,
                       0x32c4ae2c1f198119};
  constexpr U256 kY = {0x02df32e52139f0a0, 0xd0a9877cc62a4740, 0x59bdcee36b692153,
                       0xbc3736a2f4f6779c};
  return {to_field(kX), to_field(kY)};
}

/// P, 3P, 5P, … with one inversion: on the isomorphic curve where 2P has Z = 1, adding 2P is a
/// mixed addition (the formulas of addition do not contain the curve's coefficients).
void fill_odd_multiples(const Affine& p, std::span<Affine> out) {
  const Point doubled = twice(from_affine(p));
  const Affine step = {doubled.x, doubled.y};
  const Fe zz = square(doubled.z);
  std::vector<Point> points = {from_affine({p.x * zz, p.y * (zz * doubled.z)})};
  while (points.size() < out.size()) points.push_back(add(points.back(), step));
  for (Point& point : points) point.z = point.z * doubled.z;
  normalize(points, out);
}

/// Row i holds 1 … 2^(w-1) times 2^(w i) P, so that a signed digit is one addition.
std::vector<Affine> make_rows(const Affine& p, unsigned window) {
  const unsigned rows = kScalarBits / window + 1;
  const std::size_t width = std::size_t{1} << (window - 1);
  std::vector<Point> points(rows);
  points[0] = from_affine(p);
  for (unsigned row = 1; row < rows; ++row) {
    points[row] = points[row - 1];
    for (unsigned i = 0; i < window; ++i) points[row] = twice(points[row]);
  }
  std::vector<Affine> firsts(rows);
  normalize(points, firsts);
  points.clear();
  for (const Affine& first : firsts) {
    points.push_back(from_affine(first));
    for (std::size_t i = 1; i < width; ++i) points.push_back(add(points.back(), first));
  }
  std::vector<Affine> out(points.size());
  normalize(points, out);
  return out;
}

/// `count` bits of the scalar from bit `at`; beyond the top they are zero.
unsigned bits_at(const U256& scalar, unsigned at, unsigned count) {
  const unsigned limb = at / 64;
  const unsigned shift = at % 64;
  if (limb > 3) return 0;
  std::uint64_t value = scalar[limb] >> shift;
  if (shift + count > 64 && limb < 3) value |= scalar[limb + 1] << (64 - shift);
  return static_cast<unsigned>(value & ((std::uint64_t{1} << count) - 1));
}

/// Width-w non-adjacent form: odd digits below 2^(w-1) in size, at least w - 1 zeros between them.
using Naf = std::array<std::int16_t, kScalarBits + 1>;
Naf recode_naf(const U256& scalar, unsigned window) {
  Naf out{};
  unsigned carry = 0;
  for (unsigned at = 0; at <= kScalarBits;) {
    if (bits_at(scalar, at, 1) == carry) {
      ++at;
      continue;
    }
    const unsigned word = bits_at(scalar, at, window) + carry;
    carry = (word >> (window - 1)) & 1U;
    out[at] = static_cast<std::int16_t>(static_cast<int>(word) - static_cast<int>(carry << window));
    at += window;
  }
  return out;
}

/// Adds scalar * P to `sum` with the rows of make_rows(P).
void add_multiple(Point& sum, const U256& scalar, std::span<const Affine> rows, unsigned window) {
  const std::size_t width = std::size_t{1} << (window - 1);
  unsigned carry = 0;
  for (unsigned row = 0; row * window <= kScalarBits; ++row) {
    const unsigned word = bits_at(scalar, row * window, window) + carry;
    carry = word > width ? 1 : 0;
    const std::size_t size = carry != 0 ? (width * 2) - word : word;
    if (size != 0) sum = add_signed(sum, rows[row * width + size - 1], carry != 0);
  }
}

void add_digit(Point& sum, int digit, std::span<const Affine> odd_multiples) {
  if (digit == 0) return;
  const auto index = static_cast<std::size_t>((digit < 0 ? -digit : digit) / 2);
  sum = add_signed(sum, odd_multiples[index], digit < 0);
}

/// s G + t P by Shamir's trick over both non-adjacent forms.
Point add_multiples(const U256& s, const U256& t, std::span<const Affine> odd_multiples) {
  static const auto base = [] {
    std::array<Affine, 1U << (kBaseWindow - 2)> out;
    fill_odd_multiples(base_point(), out);
    return out;
  }();
  const Naf s_digits = recode_naf(s, kBaseWindow);
  const Naf t_digits = recode_naf(t, kKeyWindow);
  Point sum;
  for (std::size_t i = s_digits.size(); i-- > 0;) {
    if (!sum.infinity()) sum = twice(sum);
    add_digit(sum, s_digits[i], base);
    add_digit(sum, t_digits[i], odd_multiples);
  }
  return sum;
}

Point add_multiples_by_tables(const U256& s, const U256& t, std::span<const Affine> rows) {
  static const std::vector<Affine> base = make_rows(base_point(), kBaseWindow);
  Point sum;
  add_multiple(sum, s, base, kBaseWindow);
  add_multiple(sum, t, rows, kKeyWindow);
  return sum;
}

bool below(const U256& a, const U256& b) {
  U256 ignored;
  return sub_limbs(ignored, a, b) != 0;
}

/// True when x mod n of the point is `expected` (below n). x = X/Z^2 is compared without dividing:
/// it is `expected`, or `expected` + n if that is still below p.
bool x_is(const Point& point, const U256& expected) {
  const Fe zz = square(point.z);
  if (to_field(expected) * zz == point.x) return true;
  U256 other;
  if (add_limbs(other, expected, kOrder256) != 0 || !below(other, kPrime)) return false;
  return to_field(other) * zz == point.x;
}

}  // namespace

Verifier::Verifier(ByteView xy) {
  const Affine point = {to_field(from_bytes(xy.first(32))), to_field(from_bytes(xy.subspan(32)))};
  fill_odd_multiples(point, odd_multiples_);
}

void Verifier::add_table() { table_ = make_rows(odd_multiples_[0], kKeyWindow); }

bool Verifier::verify(const Hash32& e, ByteView signature64) const {
  const U256 r = from_bytes(signature64.first(32));
  const U256 s = from_bytes(signature64.subspan(32));
  if (is_zero(r) || is_zero(s) || !below(r, kOrder256) || !below(s, kOrder256)) return false;
  const U256 t = add_mod(r, s, kOrder256);
  if (is_zero(t)) return false;
  const Point sum =
      table_.empty() ? add_multiples(s, t, odd_multiples_) : add_multiples_by_tables(s, t, table_);
  if (sum.infinity()) return false;
  // r = e + x mod n, turned into x = r - e; e is below 2^256 and so below 2n.
  return x_is(sum, sub_mod(r, reduce_once(0, from_bytes(e), kOrder256), kOrder256));
}

}  // namespace qc::crypto::sm2
