// Internal: tables of multiples and sums of multiples by digits, for public data only.
#pragma once

#include "sdk/crypto/sm2_curve.hpp"
#include "sdk/crypto/sm2_scalar.hpp"

namespace qc::crypto::sm2 {

inline Affine base_point() {
  constexpr U256 kX = {0x715a4589334c74c7, 0x8fe30bbff2660be1, 0x5f9904466a39c994,
                       0x32c4ae2c1f198119};
  constexpr U256 kY = {0x02df32e52139f0a0, 0xd0a9877cc62a4740, 0x59bdcee36b692153,
                       0xbc3736a2f4f6779c};
  using E = Elements<PortableField>;
  return {E::from_integer(kX), E::from_integer(kY)};
}

template <typename F>
struct Combs {
  using C = Curve<F>;

  /// Table i, entry j: 2^(i steps) times (the top tooth, plus or minus the others as bit k of j
  /// says), where tooth k is 2^(k columns) P.
  static std::vector<Affine> make_table(const Affine& p, const CombShape& shape) {
    std::vector<Point> powers;  // 2^(tooth columns + table steps) P, by table and then tooth
    powers.reserve(std::size_t{shape.teeth} * shape.tables);
    for (unsigned table = 0; table < shape.tables; ++table) {
      for (unsigned tooth = 0; tooth < shape.teeth; ++tooth) powers.emplace_back();
    }
    Point power = from_affine(p);
    for (unsigned bit = 0; bit < shape.teeth * shape.columns; ++bit) {
      const unsigned column = bit % shape.columns;
      if (column % shape.steps == 0) {
        powers[std::size_t{column / shape.steps} * shape.teeth + bit / shape.columns] = power;
      }
      power = C::twice(power);
    }
    std::vector<Affine> teeth(powers.size());
    C::normalize(powers, teeth);
    std::vector<Point> points(shape.size());
    for (unsigned table = 0; table < shape.tables; ++table) {
      fill_table(std::span(teeth).subspan(std::size_t{table} * shape.teeth, shape.teeth),
                 std::span(points).subspan(table * shape.entries(), shape.entries()));
    }
    std::vector<Affine> out(points.size());
    C::normalize(points, out);
    return out;
  }

  /// Shared by all keys; made once.
  static std::span<const Affine> base_table() {
    static const std::vector<Affine> table = make_table(base_point(), kBaseComb);
    return table;
  }

  /// Adds what the columns of one step stand for.
  static void add_step(Point& sum, std::span<const CombScalar::Digit> digits, unsigned step,
                       std::span<const Affine> table, const CombShape& shape) {
    for (unsigned i = 0; i < shape.tables; ++i) {
      const unsigned column = i * shape.steps + step;
      if (step >= shape.steps || column >= shape.columns) return;
      const CombScalar::Digit& digit = digits[column];
      sum = C::add(sum, table[i * shape.entries() + digit.entry], digit.minus);
    }
  }

  /// All digits of a scalar; what the table must deliver is asked of the memory ahead of use.
  static void read_digits(const U256& scalar, const CombShape& shape, std::span<const Affine> table,
                          std::span<CombScalar::Digit> out) {
    const CombScalar reader(scalar, shape);
    for (unsigned column = 0; column < shape.columns; ++column) {
      out[column] = reader.column(column);
      __builtin_prefetch(&table[column / shape.steps * shape.entries() + out[column].entry]);
    }
  }

  /// scalar * G for a scalar in 1 … n-1.
  static Point times_base(const U256& scalar) {
    std::array<CombScalar::Digit, kBaseComb.columns> digits;
    read_digits(scalar, kBaseComb, base_table(), digits);
    Point sum;
    for (unsigned step = kBaseComb.steps; step-- > 0;) {
      sum = C::twice(sum);
      add_step(sum, digits, step, base_table(), kBaseComb);
    }
    return sum;
  }

 private:
  static void fill_table(std::span<const Affine> teeth, std::span<Point> out) {
    // Entry 0 has every lower tooth negative; setting bit k adds twice tooth k.
    const std::size_t last = teeth.size() - 1;
    std::vector<Affine> doubled(last);
    std::vector<Point> doubled_points(last);
    out[0] = from_affine(teeth[last]);
    for (std::size_t k = 0; k < last; ++k) {
      out[0] = C::add(out[0], teeth[k], true);
      doubled_points[k] = C::twice(from_affine(teeth[k]));
    }
    C::normalize(doubled_points, doubled);
    for (std::size_t k = 0; k < last; ++k) {
      const std::size_t bit = std::size_t{1} << k;
      for (std::size_t j = 0; j < bit; ++j) out[bit + j] = C::add(out[j], doubled[k]);
    }
  }
};

}  // namespace qc::crypto::sm2
