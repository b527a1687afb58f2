#include "sdk/crypto/sm2_verifier.hpp"

#include <span>

#include "sdk/crypto/sm2_comb.hpp"

namespace qc::crypto::sm2 {
namespace {

constexpr unsigned kKeyWindow = 5;  ///< for the odd multiples of a key without a table

/// P, 3P, 5P, … with one inversion: on the isomorphic curve where 2P has Z = 1, adding 2P is a
/// mixed addition (the formulas of addition do not contain the curve's coefficients).
template <typename F>
void fill_odd_multiples(const Affine& p, std::array<Affine, 8>& out) {
  using C = Curve<F>;
  const Point doubled = C::twice(from_affine(p));
  const Affine step = {doubled.x, doubled.y};
  const Fe zz = F::sqr(doubled.z);
  std::array<Point, 8> points;
  points[0] = from_affine({F::mul(p.x, zz), F::mul(p.y, F::mul(zz, doubled.z))});
  for (std::size_t i = 1; i < points.size(); ++i) points[i] = C::add(points[i - 1], step);
  for (Point& point : points) point.z = F::mul(point.z, doubled.z);
  C::normalize(points, out);
}

/// s G + t P: doublings for the digits of t, in the last of which the comb of s joins.
template <typename F>
Point sum_by_odd_multiples(const SignatureScalars& scalars, const std::array<Affine, 8>& odd) {
  using C = Curve<F>;
  using K = Combs<F>;
  std::array<CombScalar::Digit, kBaseComb.columns> base_digits;
  K::read_digits(scalars.s, kBaseComb, K::base_table(), base_digits);
  const Naf digits = recode_naf(scalars.t, kKeyWindow);
  Point sum;
  for (unsigned i = digits.size(); i-- > 0;) {
    if (!sum.infinity()) sum = C::twice(sum);
    const int digit{digits[i]};  // wNAF digits are signed
    if (digit != 0) {
      const auto index = static_cast<std::size_t>((digit < 0 ? -digit : digit) / 2);
      sum = C::add(sum, odd[index], digit < 0);
    }
    K::add_step(sum, base_digits, i, K::base_table(), kBaseComb);
  }
  return sum;
}

template <typename F>
Point sum_by_tables(const SignatureScalars& scalars, std::span<const Affine> table) {
  using C = Curve<F>;
  using K = Combs<F>;
  std::array<CombScalar::Digit, kKeyComb.columns> key_digits;
  std::array<CombScalar::Digit, kBaseComb.columns> base_digits;
  K::read_digits(scalars.t, kKeyComb, table, key_digits);
  K::read_digits(scalars.s, kBaseComb, K::base_table(), base_digits);
  Point sum;
  for (unsigned step = kKeyComb.steps; step-- > 0;) {
    if (!sum.infinity()) sum = C::twice(sum);
    K::add_step(sum, key_digits, step, table, kKeyComb);
    K::add_step(sum, base_digits, step, K::base_table(), kBaseComb);
  }
  return sum;
}

/// True when x mod n of the point is `expected` (below n). x = X/Z^2 is compared without dividing:
/// it is `expected`, or `expected` + n if that is still below p.
template <typename F>
bool x_is(const Point& point, const U256& expected) {
  using E = Elements<F>;
  const Fe zz = F::sqr(point.z);
  if (F::mul(E::from_integer(expected), zz) == point.x) return true;
  U256 other;
  if (add_limbs(other, expected, kOrder256) != 0 || !below(other, kPrime)) return false;
  return F::mul(E::from_integer(other), zz) == point.x;
}

}  // namespace

std::optional<Affine> read_point(ByteView xy) {
  const U256 x = from_bytes(xy.first(32));
  const U256 y = from_bytes(xy.subspan(32));
  if (!below(x, kPrime) || !below(y, kPrime)) return std::nullopt;
  return with_field([&]<typename F>(F) -> std::optional<Affine> {
    const Affine point = {Elements<F>::from_integer(x), Elements<F>::from_integer(y)};
    if (!on_curve<F>(point)) return std::nullopt;
    return point;
  });
}

std::optional<SignatureScalars> read_signature(ByteView signature64) {
  SignatureScalars out{from_bytes(signature64.first(32)), from_bytes(signature64.subspan(32)), {}};
  if (is_zero(out.r) || is_zero(out.s) || !below(out.r, kOrder256) || !below(out.s, kOrder256)) {
    return std::nullopt;
  }
  out.t = add_mod(out.r, out.s, kOrder256);
  if (is_zero(out.t)) return std::nullopt;
  return out;
}

U256 nonce_x(const SignatureScalars& scalars, const Hash32& e) {
  // e is below 2^256 and so below 2n.
  return sub_mod(scalars.r, reduce_once(0, from_bytes(e), kOrder256), kOrder256);
}

Verifier::Verifier(const Affine& point, FieldChoice field) : field_(field) {
  with_field(field_, [&]<typename F>(F) { fill_odd_multiples<F>(point, odd_multiples_); });
}

void Verifier::add_table() {
  table_ = with_field(
      field_, [&]<typename F>(F) { return Combs<F>::make_table(odd_multiples_[0], kKeyComb); });
}

Point Verifier::sum(const SignatureScalars& scalars) const {
  return with_field(field_, [&]<typename F>(F) {
    return table_.empty() ? sum_by_odd_multiples<F>(scalars, odd_multiples_)
                          : sum_by_tables<F>(scalars, table_);
  });
}

std::optional<Point> Verifier::verify_to_point(const Hash32& e, ByteView signature64) const {
  const auto scalars = read_signature(signature64);
  if (!scalars) return std::nullopt;
  const Point point = sum(*scalars);
  if (point.infinity()) return std::nullopt;
  const bool valid =
      with_field(field_, [&]<typename F>(F) { return x_is<F>(point, nonce_x(*scalars, e)); });
  return valid ? std::optional<Point>(point) : std::nullopt;
}

bool Verifier::verify(const Hash32& e, ByteView signature64) const {
  return verify_to_point(e, signature64).has_value();
}

std::optional<NonceHint> Verifier::verify_for_hint(const Hash32& e, ByteView signature64) const {
  const auto point = verify_to_point(e, signature64);
  if (!point) return std::nullopt;
  return hints_of({&*point, 1}).front();
}

std::vector<NonceHint> hints_of(std::span<const Point> points) {
  std::vector<NonceHint> out;
  if (points.empty()) return out;
  out.reserve(points.size());
  with_field([&]<typename F>(F) {
    std::vector<Affine> affine(points.size());
    Curve<F>::normalize(points, affine);
    for (const Affine& point : affine) {
      const bool odd = (Elements<F>::to_integer(point.y)[0] & 1U) != 0;
      out.push_back(odd ? NonceHint::kOdd : NonceHint::kEven);
    }
  });
  return out;
}

}  // namespace qc::crypto::sm2
