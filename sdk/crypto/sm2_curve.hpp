// Internal: points of the SM2 curve, over either set of field functions. Public data only: every
// function here may take a time that depends on the values.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "sdk/crypto/sm2_field.hpp"
#include "sdk/crypto/sm2_field_x86.hpp"

namespace qc::crypto::sm2 {

struct Affine {
  Fe x;
  Fe y;
};

/// Jacobian coordinates: x = X/Z^2, y = Y/Z^3; Z = 0 is the point at infinity.
struct Point {
  Fe x;
  Fe y;
  Fe z;
  bool infinity() const { return is_zero(z.v); }
};

/// Which functions of the field to use. Tests hold the portable ones against the fastest.
enum class FieldChoice : std::uint8_t { kFastest, kPortable };

/// Calls `run(AdxField{})` where this processor has it and it is wanted, else
/// `run(PortableField{})`.
template <typename Run>
auto with_field(FieldChoice choice, Run&& run) {
#if defined(__x86_64__)
  if (choice == FieldChoice::kFastest && AdxField::available()) return run(AdxField{});
#endif
  return run(PortableField{});
}

template <typename Run>
auto with_field(Run&& run) {
  return with_field(FieldChoice::kFastest, std::forward<Run>(run));
}

/// Two elements side by side: a processor works on both at once where one alone would make it wait
/// for each result.
struct Twin {
  Fe a;
  Fe b;
};
template <typename F>
struct TwinField {
  using Value = Twin;
  [[gnu::always_inline]] static Twin mul(const Twin& x, const Twin& y) {
    return {F::mul(x.a, y.a), F::mul(x.b, y.b)};
  }
  [[gnu::always_inline]] static Twin sqr(const Twin& x) { return {F::sqr(x.a), F::sqr(x.b)}; }
};

/// The two long powers. p is fffffffe, four times ffffffff, 00000000, twice ffffffff.
template <typename F>
class Powers {
  using Value = typename F::Value;

 public:
  /// a^(p-2), the inverse of a.
  static Value p_minus_2(const Value& a) {
    const Powers runs(a);
    const Value out = F::mul(square_times(runs.top(), 64), runs.ones32_);
    return F::mul(square_times(F::mul(square_times(out, 30), runs.ones30_), 2), a);
  }

  /// a^((p+1)/4), a square root of `a` if it has one, as p = 3 mod 4.
  static Value root(const Value& a) {
    return square_times(F::mul(square_times(Powers(a).top(), 32), a), 62);
  }

 private:
  explicit Powers(const Value& a) {
    const Value ones2 = F::mul(F::sqr(a), a);
    const Value ones4 = F::mul(square_times(ones2, 2), ones2);
    const Value ones8 = F::mul(square_times(ones4, 4), ones4);
    const Value ones16 = F::mul(square_times(ones8, 8), ones8);
    const Value ones24 = F::mul(square_times(ones16, 8), ones8);
    const Value ones28 = F::mul(square_times(ones24, 4), ones4);
    ones30_ = F::mul(square_times(ones28, 2), ones2);
    ones31_ = F::mul(F::sqr(ones30_), a);
    ones32_ = F::mul(F::sqr(ones31_), a);
  }

  /// a to the top 160 bits of p.
  Value top() const {
    Value out = F::sqr(ones31_);
    for (int i = 0; i < 4; ++i) out = F::mul(square_times(out, 32), ones32_);
    return out;
  }

  static Value square_times(Value a, int times) {
    for (int i = 0; i < times; ++i) a = F::sqr(a);
    return a;
  }

  Value ones30_;  ///< a^(2^30 - 1)
  Value ones31_;
  Value ones32_;
};

/// Elements of the field under F. Montgomery form is the same for every F.
template <typename F>
struct Elements {
  static Fe twice(const Fe& a) { return F::add(a, a); }
  static Fe negate(const Fe& a) { return F::sub(Fe{}, a); }
  /// `value` must be below p.
  static Fe from_integer(const U256& value) { return F::mul(Fe{value}, Fe{kMontgomerySquare}); }
  static U256 to_integer(const Fe& a) { return F::mul(a, Fe{{1, 0, 0, 0}}).v; }

  static Fe halve(const Fe& a) {
    const std::uint64_t odd = 0 - (a.v[0] & 1U);
    U256 sum;
    const std::uint64_t carry =
        add_limbs(sum, a.v, {kPrime[0] & odd, kPrime[1] & odd, kPrime[2] & odd, kPrime[3] & odd});
    return {{(sum[0] >> 1U) | (sum[1] << 63U), (sum[1] >> 1U) | (sum[2] << 63U),
             (sum[2] >> 1U) | (sum[3] << 63U), (sum[3] >> 1U) | (carry << 63U)}};
  }

  /// The inverse; zero for zero.
  static Fe invert(const Fe& a) { return Powers<F>::p_minus_2(a); }
};

/// x^3 - 3x + b.
template <typename F>
Fe curve_right_side(const Fe& x) {
  using E = Elements<F>;
  static const Fe b = E::from_integer(
      {0xddbcbd414d940e93, 0xf39789f515ab8f92, 0x4d5a9e4bcf6509a7, 0x28e9fa9e9d9f5e34});
  const Fe three = F::add(E::twice(kOne), kOne);
  return F::add(F::mul(F::sub(F::sqr(x), three), x), b);
}

template <typename F>
bool on_curve(const Affine& p) {
  return F::sqr(p.y) == curve_right_side<F>(p.x);
}

inline Point from_affine(const Affine& a) { return {a.x, a.y, kOne}; }

template <typename F>
struct Curve {
  using E = Elements<F>;

  /// 2p for a = -3 in 4 multiplications and 4 squarings; infinity stays infinity.
  [[gnu::noinline]] static Point twice(const Point& p) {
    const Fe zz = F::sqr(p.z);
    const Fe y2 = E::twice(p.y);
    const Fe yy4 = F::sqr(y2);
    const Fe slope = F::mul(F::sub(p.x, zz), F::add(p.x, zz));
    const Fe alpha = F::add(E::twice(slope), slope);
    const Fe beta4 = F::mul(p.x, yy4);
    Point out;
    out.z = F::mul(y2, p.z);
    out.x = F::sub(F::sqr(alpha), E::twice(beta4));
    out.y = F::sub(F::mul(alpha, F::sub(beta4, out.x)), E::halve(F::sqr(yy4)));
    return out;
  }

  /// p + q, every special case included.
  [[gnu::noinline]] static Point add(const Point& p, const Affine& q) {
    if (p.infinity()) return from_affine(q);
    const Fe zz = F::sqr(p.z);
    const Fe h = F::sub(F::mul(q.x, zz), p.x);
    const Fe r = F::sub(F::mul(q.y, F::mul(zz, p.z)), p.y);
    if (is_zero(h.v)) return is_zero(r.v) ? twice(p) : Point{};
    const Fe hh = F::sqr(h);
    const Fe hhh = F::mul(hh, h);
    const Fe v = F::mul(p.x, hh);
    Point out;
    out.z = F::mul(p.z, h);
    out.x = F::sub(F::sub(F::sqr(r), hhh), E::twice(v));
    out.y = F::sub(F::mul(r, F::sub(v, out.x)), F::mul(p.y, hhh));
    return out;
  }

  static Point add(const Point& p, const Affine& q, bool minus) {
    return minus ? add(p, Affine{q.x, E::negate(q.y)}) : add(p, q);
  }

  /// p + q, every special case included.
  [[gnu::noinline]] static Point add(const Point& p, const Point& q) {
    if (p.infinity()) return q;
    if (q.infinity()) return p;
    const Fe pzz = F::sqr(p.z);
    const Fe qzz = F::sqr(q.z);
    const Fe px = F::mul(p.x, qzz);
    const Fe py = F::mul(p.y, F::mul(qzz, q.z));
    const Fe h = F::sub(F::mul(q.x, pzz), px);
    const Fe r = F::sub(F::mul(q.y, F::mul(pzz, p.z)), py);
    if (is_zero(h.v)) return is_zero(r.v) ? twice(p) : Point{};
    const Fe hh = F::sqr(h);
    const Fe hhh = F::mul(hh, h);
    const Fe v = F::mul(px, hh);
    Point out;
    out.z = F::mul(F::mul(p.z, q.z), h);
    out.x = F::sub(F::sub(F::sqr(r), hhh), E::twice(v));
    out.y = F::sub(F::mul(r, F::sub(v, out.x)), F::mul(py, hhh));
    return out;
  }

  /// Affine forms with one inversion for all (Montgomery's trick); no point may be infinity.
  static void normalize(std::span<const Point> points, std::span<Affine> out) {
    // out[i].x holds the product of the z before point i until it is overwritten.
    Fe product = kOne;
    for (std::size_t i = 0; i < points.size(); ++i) {
      out[i].x = product;
      product = F::mul(product, points[i].z);
    }
    Fe inverse = E::invert(product);
    for (std::size_t i = points.size(); i-- > 0;) {
      const Fe z = F::mul(inverse, out[i].x);
      inverse = F::mul(inverse, points[i].z);
      const Fe zz = F::sqr(z);
      out[i] = {F::mul(points[i].x, zz), F::mul(points[i].y, F::mul(zz, z))};
    }
  }
};

}  // namespace qc::crypto::sm2
