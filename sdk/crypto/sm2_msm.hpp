// Internal: the sum of many multiples of many points (Pippenger's buckets, filled by additions in
// affine coordinates that share their inversions), for public data only.
#pragma once

#include <algorithm>

#include "sdk/crypto/sm2_comb.hpp"

namespace qc::crypto::sm2 {

/// The sum over i of scalars[i] * points[i]. Points from `first_short` on have scalars below
/// 2^kShortBits; no point is infinity. Keeps its memory from one sum to the next.
template <typename F>
class MultiSum {
  using C = Curve<F>;
  using E = Elements<F>;

 public:
  static constexpr unsigned kShortBits = 128;

  Point run(std::span<const Affine> points, std::span<const U256> scalars,
            std::size_t first_short) {
    points_ = points;
    first_short_ = first_short;
    window_ = best_window(points.size());
    buckets_ = std::size_t{1} << (window_ - 1);
    recode(scalars);
    const unsigned windows = kScalarBits / window_ + 1;
    Point sum;
    for (unsigned top = windows; top > 0;) {
      const unsigned low = top - windows_at_once(top);
      sort(low, top);
      halve_buckets();
      for (unsigned window = top; window-- > low;) {
        for (unsigned i = 0; i < window_ && !sum.infinity(); ++i) sum = C::twice(sum);
        sum = C::add(sum, sum_of_buckets((window - low) * buckets_));
      }
      top = low;
    }
    return sum;
  }

 private:
  /// A point of a bucket by its place in points_, with the sign in the lowest bit.
  using Entry = std::uint32_t;

  static unsigned best_window(std::size_t points) {
    // Measured: more buckets than points to fill them cost more than they save.
    constexpr std::array<std::size_t, 4> kFrom = {24, 96, 384, 1536};
    unsigned window = 4;
    for (const std::size_t from : kFrom) window += points >= from ? 1U : 0U;
    return window;
  }

  /// How many points have digits in a window: short scalars end early (one window later, for the
  /// carry of signed digits).
  std::size_t points_in(unsigned window) const {
    return window > kShortBits / window_ ? first_short_ : points_.size();
  }

  /// Windows handled together share inversions; bounded by what the second-level cache holds.
  unsigned windows_at_once(unsigned top) const {
    constexpr std::size_t kEntries = 4096;
    unsigned count = 0;
    std::size_t entries = 0;
    do {
      entries += points_in(top - 1 - count);
      ++count;
    } while (count < top && entries + points_in(top - 1 - count) <= kEntries);
    return count;
  }

  /// Signed digits, -2^(w-1) … 2^(w-1), by window and then point.
  void recode(std::span<const U256> scalars) {
    const unsigned windows = kScalarBits / window_ + 1;
    digits_.resize(windows * points_.size());
    const int half = 1 << (window_ - 1);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      int carry = 0;
      for (unsigned window = 0; window < windows && i < points_in(window); ++window) {
        int digit = static_cast<int>(bits_at(scalars[i], window * window_, window_)) + carry;
        carry = digit > half ? 1 : 0;
        digit -= carry << window_;
        digits_[window * points_.size() + i] = static_cast<std::int16_t>(digit);
      }
    }
  }

  /// Fills the buckets of windows low … top-1 by counting.
  void sort(unsigned low, unsigned top) {
    const std::size_t count = (top - low) * buckets_;
    begins_.assign(count + 1, 0);
    for (unsigned window = low; window < top; ++window) {
      const std::int16_t* digits = &digits_[window * points_.size()];
      const std::size_t first = (window - low) * buckets_;
      for (std::size_t i = 0; i < points_in(window); ++i) {
        if (digits[i] != 0) ++begins_[first + bucket_of(digits[i]) + 1];
      }
    }
    for (std::size_t i = 1; i <= count; ++i) begins_[i] += begins_[i - 1];
    fill_.assign(begins_.begin(), begins_.end() - 1);
    entries_.resize(begins_.back());
    for (unsigned window = low; window < top; ++window) {
      const std::int16_t* digits = &digits_[window * points_.size()];
      const std::size_t first = (window - low) * buckets_;
      for (std::size_t i = 0; i < points_in(window); ++i) {
        if (digits[i] == 0) continue;
        entries_[fill_[first + bucket_of(digits[i])]++] =
            static_cast<Entry>(i << 1U) | (digits[i] < 0 ? 1U : 0U);
      }
    }
    ends_.assign(begins_.begin() + 1, begins_.end());
  }

  static std::size_t bucket_of(int digit) {
    return static_cast<std::size_t>(digit < 0 ? -digit : digit) - 1;
  }

  Affine point_of(Entry entry) const {
    const Affine& point = points_[entry >> 1U];
    return (entry & 1U) != 0 ? Affine{point.x, E::negate(point.y)} : point;
  }

  /// Adds the points of each bucket in pairs, all pairs with one inversion, until few are left.
  void halve_buckets() {
    held_.resize(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) held_[i] = point_of(entries_[i]);
    constexpr std::size_t kWorthAnInversion = 48;  // pairs; below, single additions cost less
    while (count_pairs() >= kWorthAnInversion) {
      if (!prepare_pairs()) return;  // what is in the buckets stays there for sum_of_buckets()
      add_pairs();
    }
  }

  std::size_t count_pairs() const {
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < ends_.size(); ++i) pairs += (ends_[i] - begins_[i]) / 2;
    return pairs;
  }

  /// The denominators of all slopes, and the products of those before each. False if two points of
  /// a pair have the same x, which no slope through two points serves.
  bool prepare_pairs() {
    pairs_.clear();
    Fe product = kOne;
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      for (std::size_t at = begins_[i]; at + 1 < ends_[i]; at += 2) {
        const Fe run = F::sub(held_[at + 1].x, held_[at].x);
        if (is_zero(run.v)) return false;
        pairs_.push_back({at, run, product});
        product = F::mul(product, run);
      }
    }
    inverse_ = E::invert(product);
    return true;
  }

  /// Sums replace the first halves of their buckets; an odd point out closes up.
  void add_pairs() {
    for (std::size_t k = pairs_.size(); k-- > 0;) {
      const Pair& pair = pairs_[k];
      Affine& a = held_[pair.at];
      const Affine& b = held_[pair.at + 1];
      const Fe slope = F::mul(F::sub(b.y, a.y), F::mul(inverse_, pair.before));
      inverse_ = F::mul(inverse_, pair.run);
      const Fe x = F::sub(F::sub(F::sqr(slope), a.x), b.x);
      a.y = F::sub(F::mul(slope, F::sub(a.x, x)), a.y);
      a.x = x;
    }
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      const std::size_t size = ends_[i] - begins_[i];
      for (std::size_t k = 1; k < (size + 1) / 2; ++k) {
        held_[begins_[i] + k] = held_[begins_[i] + 2 * k];
      }
      ends_[i] = begins_[i] + (size + 1) / 2;
    }
  }

  /// 1 times the first bucket's sum + 2 times the second's + …
  Point sum_of_buckets(std::size_t first) const {
    Point running;
    Point total;
    for (std::size_t i = buckets_; i-- > 0;) {
      for (std::size_t at = begins_[first + i]; at < ends_[first + i]; ++at) {
        running = C::add(running, held_[at]);
      }
      total = C::add(total, running);
    }
    return total;
  }

  struct Pair {
    std::size_t at;  ///< of the first point in held_; the second follows
    Fe run;          ///< difference of their x
    Fe before;       ///< product of the runs of all pairs before
  };

  std::span<const Affine> points_;
  std::size_t first_short_ = 0;
  unsigned window_ = 0;
  std::size_t buckets_ = 0;  ///< in one window
  std::vector<std::int16_t> digits_;
  std::vector<std::size_t> begins_;
  std::vector<std::size_t> ends_;
  std::vector<std::size_t> fill_;
  std::vector<Entry> entries_;
  std::vector<Affine> held_;
  std::vector<Pair> pairs_;
  Fe inverse_;
};

}  // namespace qc::crypto::sm2
