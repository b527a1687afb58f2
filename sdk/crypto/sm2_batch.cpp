#include "sdk/crypto/sm2_batch.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "sdk/crypto/sm2_hash.hpp"
#include "sdk/crypto/sm2_key_hash.hpp"
#include "sdk/crypto/sm2_msm.hpp"
#include "sdk/crypto/sm2_verifier.hpp"

namespace qc::crypto {
namespace {

using sm2::Affine;
using sm2::Fe;
using sm2::U256;

constexpr std::size_t kChunk = 1024;  ///< items in one sum: bounds memory, and what a failure costs
constexpr std::size_t kSumAtLeast = 12;  ///< items; below, one by one is as fast

bool well_formed(const SignedItem& item) {
  return item.signature.size() == 64 && item.xy.size() == 64 &&
         (item.digest || item.id.size() <= kMaxSm2Id);
}

std::optional<Hash32> digest_of(const SignedItem& item) {
  if (item.digest) return item.digest;
  return sm2::public_digest(sm2::public_identity_hash(item.xy, item.id), item.message);
}

/// An item on its way through a chunk.
struct Candidate {
  std::size_t item;  ///< its place in the caller's list
  Hash32 e;
  Affine key;
  std::size_t key_number;  ///< the same for items of the same key
  sm2::SignatureScalars scalars;
  Affine minus_nonce;  ///< -R
};

/// The verification of one chunk under one set of field functions, with its working memory.
template <typename F>
class ChunkVerifier {
  using E = sm2::Elements<F>;
  using C = sm2::Curve<F>;

 public:
  void run(std::span<const SignedItem> items, std::size_t first, std::vector<bool>& valid,
           BatchVerifier::Counters& counters) {
    items_ = items;
    first_ = first;
    valid_ = &valid;
    counters_ = &counters;
    hash();
    collect();
    find_nonces();
    decide(candidates_);
  }

 private:
  void accept(const Candidate& candidate, bool is_valid) {
    (*valid_)[first_ + candidate.item] = is_valid;
  }

  /// e of every well-formed item: all ZA together, then all e.
  void hash() {
    inputs_.clear();
    hashed_.clear();
    digests_.resize(items_.size());
    const auto& standard = sm2::IdentityPrefix::standard();
    za_.resize(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const SignedItem& item = items_[i];
      if (!well_formed(item)) continue;
      if (item.digest) {
        digests_[i] = *item.digest;
      } else if (item.id == kDefaultSm2Id) {
        hashed_.push_back(i);
        inputs_.push_back(standard.input(item.xy));
      } else {
        digests_[i] = *digest_of(item);
      }
    }
    sm3_public_many(inputs_, std::span(za_).first(inputs_.size()));
    for (std::size_t k = 0; k < hashed_.size(); ++k) {
      inputs_[k] = {{za_[k], items_[hashed_[k]].message, {}, {}}, nullptr};
    }
    e_.resize(inputs_.size());
    sm3_public_many(inputs_, e_);
    for (std::size_t k = 0; k < hashed_.size(); ++k) digests_[hashed_[k]] = e_[k];
  }

  /// Items that are well formed and under a key of the curve; the others are not valid.
  void collect() {
    candidates_.clear();
    keys_.clear();
    std::unordered_map<std::string_view, std::size_t, sm2::KeyHash> numbers(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const SignedItem& item = items_[i];
      if (!well_formed(item)) continue;
      const auto scalars = sm2::read_signature(item.signature);
      if (!scalars) continue;
      const auto [known, is_new] = numbers.try_emplace(as_text(item.xy), keys_.size());
      if (is_new) keys_.push_back(sm2::read_point(item.xy));
      const auto& key = keys_[known->second];
      if (!key) continue;
      candidates_.push_back({i, digests_[i], *key, known->second, *scalars, {}});
    }
    counters_->refused += items_.size() - candidates_.size();
  }

  /// -R from x = r - e and the hint. That x can also be r - e + n, once in 2^129 times, which no
  /// hint tells: it is left to single verification, as are x without a point and items without a
  /// hint.
  void find_nonces() {
    const auto without = std::stable_partition(
        candidates_.begin(), candidates_.end(),
        [&](const Candidate& c) { return items_[c.item].hint != NonceHint::kNone; });
    for (auto it = without; it != candidates_.end(); ++it) verify_single(*it);
    candidates_.erase(without, candidates_.end());
    right_sides_.resize(candidates_.size());
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      Candidate& c = candidates_[i];
      c.minus_nonce.x = E::from_integer(sm2::nonce_x(c.scalars, c.e));
      right_sides_[i] = sm2::curve_right_side<F>(c.minus_nonce.x);
    }
    for (std::size_t i = 0; i < candidates_.size(); i += 2) {
      const std::size_t other = std::min(i + 1, candidates_.size() - 1);
      const auto roots =
          sm2::Powers<sm2::TwinField<F>>::root({right_sides_[i], right_sides_[other]});
      candidates_[i].minus_nonce.y = roots.a;
      candidates_[other].minus_nonce.y = roots.b;
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      Candidate& c = candidates_[i];
      if (!(F::sqr(c.minus_nonce.y) == right_sides_[i])) {
        verify_single(c);
        continue;
      }
      const bool odd = (E::to_integer(c.minus_nonce.y)[0] & 1U) != 0;
      const bool wanted = items_[c.item].hint == NonceHint::kEven;  // of -R: the other parity
      if (odd != wanted) c.minus_nonce.y = E::negate(c.minus_nonce.y);
      candidates_[kept++] = c;
    }
    candidates_.resize(kept);
  }

  void verify_single(const Candidate& c) {
    ++counters_->single;
    accept(c, sm2::Verifier(c.key).verify(c.e, items_[c.item].signature));
  }

  void decide(std::span<const Candidate> group) {
    if (group.size() < kSumAtLeast) return verify_singly(group);
    if (!accept_sum(group)) split(group);
  }

  bool accept_sum(std::span<const Candidate> group) {
    ++counters_->sums;
    if (!sum_is_infinity(group)) {
      ++counters_->failed_sums;
      return false;
    }
    counters_->combined += group.size();
    for (const Candidate& candidate : group) accept(candidate, true);
    return true;
  }

  void verify_singly(std::span<const Candidate> group) {
    for (const Candidate& candidate : group) verify_single(candidate);
  }

  /// For a group whose sum failed. When most parts fail too there is no culprit to be cornered, and
  /// more sums would only add to the price of verifying singly.
  void split(std::span<const Candidate> group) {
    constexpr std::size_t kParts = 8;
    if (group.size() < 2 * kSumAtLeast) return verify_singly(group);
    const std::size_t size = std::max(kSumAtLeast, (group.size() + kParts - 1) / kParts);
    std::vector<std::span<const Candidate>> failed;
    std::size_t parts = 0;
    for (std::size_t at = 0; at < group.size(); at += size, ++parts) {
      const auto part = group.subspan(at, std::min(size, group.size() - at));
      const bool only_culprit = at + size >= group.size() && failed.empty();
      if (only_culprit || !accept_sum(part)) failed.push_back(part);
    }
    const bool cornered = failed.size() <= parts / 2;
    for (const auto part : failed) {
      if (cornered) {
        split(part);
      } else {
        verify_singly(part);
      }
    }
  }

  bool sum_is_infinity(std::span<const Candidate> group) {
    const Bytes random = random_bytes(group.size() * 16);
    points_.clear();
    scalars_.clear();
    places_.assign(keys_.size(), kNowhere);
    U256 base_scalar{};
    // Montgomery products carry a factor of 2^-256 until the end.
    for (std::size_t i = 0; i < group.size(); ++i) {
      const Candidate& c = group[i];
      U256 factor{};
      std::memcpy(factor.data(), random.data() + 16 * i, 16);
      std::size_t& place = places_[c.key_number];
      if (place == kNowhere) {
        place = points_.size();
        points_.push_back(c.key);
        scalars_.push_back({});
      }
      U256& sum = scalars_[place];
      sum = sm2::add_mod(sum, sm2::montgomery_mod_n(factor, c.scalars.t), sm2::kOrder256);
      base_scalar =
          sm2::add_mod(base_scalar, sm2::montgomery_mod_n(factor, c.scalars.s), sm2::kOrder256);
    }
    const std::size_t keys = points_.size();
    for (U256& scalar : scalars_) {
      scalar = sm2::montgomery_mod_n(scalar, sm2::kOrderMontgomerySquare);
    }
    base_scalar = sm2::montgomery_mod_n(base_scalar, sm2::kOrderMontgomerySquare);
    for (std::size_t i = 0; i < group.size(); ++i) {
      points_.push_back(group[i].minus_nonce);
      U256 factor{};
      std::memcpy(factor.data(), random.data() + 16 * i, 16);
      scalars_.push_back(factor);
    }
    sm2::Point sum = sum_.run(points_, scalars_, keys);
    if (!sm2::is_zero(base_scalar)) sum = C::add(sum, sm2::Combs<F>::times_base(base_scalar));
    return sum.infinity();
  }

  static constexpr std::size_t kNowhere = ~std::size_t{0};

  std::span<const SignedItem> items_;
  std::size_t first_ = 0;
  std::vector<bool>* valid_ = nullptr;
  BatchVerifier::Counters* counters_ = nullptr;
  std::vector<Sm3Input> inputs_;
  std::vector<std::size_t> hashed_;  ///< items whose message is hashed, by place in inputs_
  std::vector<Hash32> za_;
  std::vector<Hash32> e_;
  std::vector<Hash32> digests_;  ///< by item
  std::vector<Candidate> candidates_;
  std::vector<std::optional<Affine>> keys_;
  std::vector<Fe> right_sides_;
  std::vector<std::size_t> places_;  ///< of a key in points_
  std::vector<Affine> points_;
  std::vector<U256> scalars_;
  sm2::MultiSum<F> sum_;
};

}  // namespace

bool sm2_verify(const SignedItem& item) {
  if (!well_formed(item)) return false;
  const auto key = sm2::read_point(item.xy);
  if (!key) return false;
  return sm2::Verifier(*key).verify(*digest_of(item), item.signature);
}

std::optional<NonceHint> sm2_verify_for_hint(const SignedItem& item) {
  if (!well_formed(item)) return std::nullopt;
  const auto key = sm2::read_point(item.xy);
  if (!key) return std::nullopt;
  return sm2::Verifier(*key).verify_for_hint(*digest_of(item), item.signature);
}

struct BatchVerifier::Impl {
  Counters counters;
  ChunkVerifier<sm2::PortableField> portable;
#if defined(__x86_64__)
  ChunkVerifier<sm2::AdxField> adx;
  ChunkVerifier<sm2::AdxField>& for_field(sm2::AdxField) { return adx; }
#endif
  ChunkVerifier<sm2::PortableField>& for_field(sm2::PortableField) { return portable; }
};

BatchVerifier::BatchVerifier() : impl_(std::make_unique<Impl>()) {}
BatchVerifier::~BatchVerifier() = default;
BatchVerifier::BatchVerifier(BatchVerifier&&) noexcept = default;
BatchVerifier& BatchVerifier::operator=(BatchVerifier&&) noexcept = default;

std::vector<bool> BatchVerifier::verify(std::span<const SignedItem> items) {
  std::vector<bool> valid(items.size());
  sm2::with_field([&]<typename F>(F field) {
    for (std::size_t at = 0; at < items.size(); at += kChunk) {
      const auto chunk = items.subspan(at, std::min(kChunk, items.size() - at));
      impl_->for_field(field).run(chunk, at, valid, impl_->counters);
    }
  });
  return valid;
}

const BatchVerifier::Counters& BatchVerifier::counters() const { return impl_->counters; }

}  // namespace qc::crypto
