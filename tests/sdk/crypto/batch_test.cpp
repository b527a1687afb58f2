// Verification in batches: sums of many multiples against one by one, culprits at every place,
// hints that lie, and forgeries made for the equation.
#include <algorithm>
#include <deque>

#include "sdk/crypto/sm2_batch.hpp"
#include "sdk/crypto/sm2_impl.hpp"
#include "sdk/crypto/sm2_msm.hpp"
#include "tests/sdk/crypto/reference.hpp"
#include "tests/sdk/crypto/sm2_numbers.hpp"

namespace qc::crypto::test {
namespace {

// ---- sums of multiples --------------------------------------------------------------------------

template <typename F>
bool same_point(const sm2::Point& a, const sm2::Point& b) {
  if (a.infinity() || b.infinity()) return a.infinity() && b.infinity();
  const sm2::Point minus{b.x, sm2::Elements<F>::negate(b.y), b.z};
  return sm2::Curve<F>::add(a, minus).infinity();
}

template <typename F>
sm2::Point times(const U256& scalar, const sm2::Affine& point) {
  sm2::Point sum;
  for (unsigned bit = 256; bit-- > 0;) {
    sum = sm2::Curve<F>::twice(sum);
    if (sm2::bits_at(scalar, bit, 1) != 0) sum = sm2::Curve<F>::add(sum, point);
  }
  return sum;
}

template <typename F>
class MultiSumTest : public testing::Test {};
#if defined(__x86_64__)
using Fields = testing::Types<sm2::PortableField, sm2::AdxField>;
#else
using Fields = testing::Types<sm2::PortableField>;
#endif
TYPED_TEST_SUITE(MultiSumTest, Fields);

template <typename F>
bool field_is_available() {
#if defined(__x86_64__)
  if (std::is_same_v<F, sm2::AdxField>) return sm2::AdxField::available();
#endif
  return true;
}

/// Sums must come out right whatever meets in a bucket: the same point, opposite points, nothing.
TYPED_TEST(MultiSumTest, AgreesWithOneByOne) {
  using F = TypeParam;
  if (!field_is_available<F>()) GTEST_SKIP() << "not on this processor";
  const std::vector<Integer> special = edges(group_order());
  sm2::MultiSum<F> sum;
  for (const std::size_t count : {1U, 2U, 3U, 24U, 97U, 400U, 1600U}) {
    for (const bool repeat : {false, true}) {
      std::vector<sm2::Affine> points;
      std::vector<U256> scalars;
      const std::size_t first_short = count / 2;
      sm2::Point expected;
      sm2::Point walk = sm2::Combs<F>::times_base({random_bytes(1)[0] + 1U, 5, 6, 7});
      for (std::size_t i = 0; i < count; ++i) {
        walk = sm2::Curve<F>::twice(walk);
        std::array<sm2::Affine, 1> next;
        sm2::Curve<F>::normalize(std::array{walk}, next);
        if (repeat && i % 3 != 0) {
          next[0] = points[i / 2];
          if (i % 2 == 0) next[0].y = sm2::Elements<F>::negate(next[0].y);
        }
        U256 scalar = to_limbs(repeat ? special[i % special.size()]
                                      : to_integer(random_bytes(32)) % group_order());
        if (i >= first_short) scalar[2] = scalar[3] = 0;
        points.push_back(next[0]);
        scalars.push_back(scalar);
        expected = sm2::Curve<F>::add(expected, times<F>(scalar, next[0]));
      }
      ASSERT_TRUE(same_point<F>(sum.run(points, scalars, first_short), expected))
          << count << ' ' << repeat;
    }
  }
}

TYPED_TEST(MultiSumTest, CombsAgreeWithDoubleAndAdd) {
  using F = TypeParam;
  if (!field_is_available<F>()) GTEST_SKIP() << "not on this processor";
  std::vector<Integer> values = edges(group_order());
  for (int i = 0; i < 30; ++i) values.push_back(to_integer(random_bytes(32)) % group_order());
  for (const Integer& value : values) {
    if (value.IsZero()) continue;
    const U256 scalar = to_limbs(value);
    ASSERT_TRUE(
        same_point<F>(sm2::Combs<F>::times_base(scalar), times<F>(scalar, sm2::base_point())))
        << value;
  }
}

TEST(Scalars, MontgomeryProductsModuloTheOrder) {
  const std::vector<Integer> values = edges(group_order());
  const Integer inverse = Integer::Power2(256).InverseMod(group_order());
  for (const Integer& a : values) {
    for (const Integer& b : values) {
      ASSERT_EQ(to_integer(sm2::montgomery_mod_n(to_limbs(a), to_limbs(b))),
                a * b % group_order() * inverse % group_order())
          << a << ' ' << b;
    }
  }
  EXPECT_EQ(to_integer(sm2::kOrderMontgomerySquare), Integer::Power2(512) % group_order());
}

// ---- batches ------------------------------------------------------------------------------------

/// Signatures by keys of their own, with what they refer to.
class Signatures {
 public:
  struct One {
    PrivateKey key;
    Bytes message;
    Signature64 signature;
  };

  SignedItem make(std::string_view id = kDefaultSm2Id) { return make(PrivateKey::generate(), id); }
  SignedItem make(const PrivateKey& key, std::string_view id = kDefaultSm2Id) {
    Bytes message = random_bytes(1 + kept_.size() % 150);
    const Signature64 signature = key.sign(message, id);
    kept_.push_back({key, std::move(message), signature});
    const One& one = kept_.back();
    SignedItem item{.message = one.message,
                    .signature = one.signature,
                    .xy = one.key.public_key().xy(),
                    .id = id};
    item.hint = sm2_verify_for_hint(item).value_or(NonceHint::kNone);
    EXPECT_NE(item.hint, NonceHint::kNone);
    return item;
  }
  std::vector<SignedItem> make_many(std::size_t count) {
    std::vector<SignedItem> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(make());
    return out;
  }
  ByteView keep(Bytes bytes) { return bytes_.emplace_back(std::move(bytes)); }

  /// `item` with one bit of r or s turned.
  SignedItem spoil(SignedItem item, std::size_t bit) {
    Bytes signature(item.signature.begin(), item.signature.end());
    signature[bit / 8] = static_cast<std::uint8_t>(signature[bit / 8] ^ (1U << (bit % 8)));
    item.signature = keep(std::move(signature));
    return item;
  }

 private:
  std::deque<One> kept_;
  std::deque<Bytes> bytes_;
};

NonceHint opposite(NonceHint hint) {
  return hint == NonceHint::kOdd ? NonceHint::kEven : NonceHint::kOdd;
}

TEST(Batch, ValidOnesAreOneSum) {
  Signatures signatures;
  const auto items = signatures.make_many(200);
  BatchVerifier batch;
  EXPECT_EQ(batch.verify(items), std::vector<bool>(200, true));
  EXPECT_EQ(batch.counters().sums, 1U);
  EXPECT_EQ(batch.counters().combined, 200U);
  EXPECT_EQ(batch.counters().single, 0U);
  EXPECT_TRUE(batch.verify({}).empty());
}

TEST(Batch, EachCulpritIsFound) {
  Signatures signatures;
  const auto good = signatures.make_many(64);
  BatchVerifier batch;
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto items = good;
    items[at] = signatures.spoil(good[at], 13 + 7 * at);
    std::vector<bool> expected(good.size(), true);
    expected[at] = false;
    ASSERT_EQ(batch.verify(items), expected) << at;
  }
  EXPECT_GT(batch.counters().combined, good.size() * good.size() / 2);
  for (std::size_t wrong = 2; wrong <= good.size(); wrong += 5) {
    auto items = good;
    std::vector<bool> expected(good.size(), true);
    for (std::size_t i = 0; i < wrong; ++i) {
      const std::size_t at = i * 29 % good.size();
      items[at] = signatures.spoil(good[at], 300 + i);
      expected[at] = false;
    }
    ASSERT_EQ(batch.verify(items), expected) << wrong;
  }
}

TEST(Batch, MoreThanOneChunkOfFewKeys) {
  Signatures signatures;
  const std::vector<PrivateKey> keys = {PrivateKey::generate(), PrivateKey::generate()};
  std::vector<SignedItem> items;
  for (std::size_t i = 0; i < 1100; ++i) items.push_back(signatures.make(keys[i % 2]));
  items[1050] = signatures.spoil(items[1050], 500);
  std::vector<bool> expected(items.size(), true);
  expected[1050] = false;
  BatchVerifier batch;
  EXPECT_EQ(batch.verify(items), expected);
  EXPECT_GE(batch.counters().combined, 1024U);
}

TEST(Batch, WrongHintsCostTimeOnly) {
  Signatures signatures;
  const auto good = signatures.make_many(100);
  BatchVerifier batch;
  for (const std::size_t every : {1U, 2U, 10U, 99U}) {
    auto items = good;
    for (std::size_t i = 0; i < items.size(); i += every) items[i].hint = opposite(items[i].hint);
    EXPECT_EQ(batch.verify(items), std::vector<bool>(100, true)) << every;
  }
  EXPECT_GT(batch.counters().failed_sums, 0U);
  auto none = good;
  for (auto& item : none) item.hint = NonceHint::kNone;
  const auto sums = batch.counters().sums;
  EXPECT_EQ(batch.verify(none), std::vector<bool>(100, true));
  EXPECT_EQ(batch.counters().sums, sums);
  // A hint from outside may be no hint at all.
  auto strange = good;
  for (auto& item : strange) item.hint = static_cast<NonceHint>(77);
  EXPECT_EQ(batch.verify(strange), std::vector<bool>(100, true));
}

TEST(Batch, MalformedItemsAreRefusedAlone) {
  Signatures signatures;
  auto items = signatures.make_many(40);
  std::vector<bool> expected(items.size(), true);
  const auto replace = [&](std::size_t at, auto change) {
    change(items[at]);
    expected[at] = false;
  };
  const Bytes n = order();
  const Bytes p = to_bytes(prime());
  replace(1, [&](SignedItem& i) { i.signature = i.signature.first(63); });
  replace(2, [&](SignedItem& i) { i.signature = {}; });
  replace(3, [&](SignedItem& i) { i.xy = i.xy.first(32); });
  replace(4, [&](SignedItem& i) { i.xy = signatures.keep(Bytes(64, 0)); });
  replace(5, [&](SignedItem& i) { i.xy = signatures.keep(Bytes(64, 255)); });
  replace(6, [&](SignedItem& i) {
    Bytes xy(i.xy.begin(), i.xy.end());
    xy[63] ^= 1;
    i.xy = signatures.keep(xy);
  });
  replace(7, [&](SignedItem& i) { i.signature = signatures.keep(Bytes(64, 0)); });
  for (const std::size_t half : {0U, 32U}) {
    replace(8 + half / 32, [&](SignedItem& i) {
      Bytes signature(i.signature.begin(), i.signature.end());
      std::copy(n.begin(), n.end(), signature.begin() + static_cast<std::ptrdiff_t>(half));
      i.signature = signatures.keep(signature);
    });
  }
  replace(10, [&](SignedItem& i) {  // r + s = n
    const Integer r = to_integer(i.signature.first(32));
    Bytes signature = to_bytes(r);
    const Bytes s = to_bytes(group_order() - r);
    signature.insert(signature.end(), s.begin(), s.end());
    i.signature = signatures.keep(signature);
  });
  replace(11, [&](SignedItem& i) {  // the same point with a coordinate not below p
    Bytes xy = p;
    xy.insert(xy.end(), i.xy.begin() + 32, i.xy.end());
    i.xy = signatures.keep(xy);
  });
  static const std::string too_long(kMaxSm2Id + 1, 'i');
  replace(12, [&](SignedItem& i) { i.id = too_long; });
  BatchVerifier batch;
  EXPECT_EQ(batch.verify(items), expected);
  EXPECT_EQ(batch.counters().refused, 12U);
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(sm2_verify(items[i]), expected[i]) << i;
    EXPECT_EQ(sm2_verify_for_hint(items[i]).has_value(), expected[i]) << i;
  }
}

TEST(Batch, IdentitiesAndDigests) {
  Signatures signatures;
  const std::string longest(kMaxSm2Id, 'x');
  std::vector<SignedItem> items;
  for (const std::string_view id :
       {kDefaultSm2Id, std::string_view(), std::string_view("a"), std::string_view(longest)}) {
    for (int i = 0; i < 10; ++i) items.push_back(signatures.make(id));
  }
  BatchVerifier batch;
  EXPECT_EQ(batch.verify(items), std::vector<bool>(40, true));
  EXPECT_EQ(batch.counters().combined, 40U);
  auto by_digest = items;
  for (auto& item : by_digest) {
    item.digest = sm2::message_hash(sm2::identity_hash(item.xy, item.id), item.message);
    item.message = as_bytes("not read");
    item.id = "nor this";
  }
  EXPECT_EQ(batch.verify(by_digest), std::vector<bool>(40, true));
  // The two conventions for a missing identity are different signatures.
  auto swapped = items;
  for (auto& item : swapped) item.id = item.id.empty() ? kDefaultSm2Id : std::string_view();
  EXPECT_EQ(batch.verify(swapped), std::vector<bool>(40, false));
}

TEST(Batch, RepeatedItemsAndSharedNonces) {
  Signatures signatures;
  const SignedItem one = signatures.make();
  const SignedItem wrong = signatures.spoil(one, 400);
  BatchVerifier batch;
  EXPECT_EQ(batch.verify(std::vector(100, one)), std::vector<bool>(100, true));
  EXPECT_EQ(batch.verify(std::vector(100, wrong)), std::vector<bool>(100, false));
  std::vector<SignedItem> mixed;
  std::vector<bool> expected;
  for (int i = 0; i < 60; ++i) {
    mixed.push_back(i % 7 == 3 ? wrong : one);
    expected.push_back(i % 7 != 3);
  }
  EXPECT_EQ(batch.verify(mixed), expected);
  // Keys d and n - d, nonces k and n - k: points and their opposites meet everywhere.
  std::vector<SignedItem> items;
  const Integer d(1234567);
  const Integer k = to_integer(random_bytes(31)) + 1;
  for (int i = 0; i < 32; ++i) {
    const Bytes scalar = to_bytes(i % 2 == 0 ? d : group_order() - d);
    const Bytes nonce = to_bytes(i % 4 < 2 ? k : group_order() - k);
    const Bytes xy = reference_public_key(scalar);
    const Bytes signature =
        reference_sign(scalar, nonce, kDefaultSm2Id, as_bytes("message " + std::to_string(i)));
    items.push_back({.message = signatures.keep(Bytes{}),
                     .signature = signatures.keep(signature),
                     .xy = signatures.keep(xy)});
    const std::string text = "message " + std::to_string(i);
    items.back().message = signatures.keep(Bytes(text.begin(), text.end()));
    items.back().hint = *sm2_verify_for_hint(items.back());
  }
  const auto before = batch.counters().combined;
  EXPECT_EQ(batch.verify(items), std::vector<bool>(32, true));
  EXPECT_EQ(batch.counters().combined, before + 32);
}

/// s + a under one message and s - a under another, of the same key: without random factors the two
/// errors would cancel in the sum.
TEST(Batch, ErrorsThatCancelAreFound) {
  Signatures signatures;
  const PrivateKey key = PrivateKey::generate();
  auto items = signatures.make_many(30);
  std::vector<bool> expected(items.size(), true);
  const Integer shift = to_integer(random_bytes(16)) + 1;
  for (const std::size_t at : {4U, 21U}) {
    const SignedItem good = signatures.make(key);
    // r stays, so e and R stay; t = r + s moves with s.
    const Integer s = (to_integer(good.signature.subspan(32)) + group_order() +
                       (at == 4 ? shift : group_order() - shift)) %
                      group_order();
    Bytes signature(good.signature.begin(), good.signature.begin() + 32);
    const Bytes tail = to_bytes(s);
    signature.insert(signature.end(), tail.begin(), tail.end());
    items[at] = good;
    items[at].signature = signatures.keep(signature);
    expected[at] = false;
  }
  BatchVerifier batch;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(batch.verify(items), expected);
}

}  // namespace
}  // namespace qc::crypto::test
