// Our verifier against OpenSSL and against the reference, at the edges and at random.
// QC_SM2_ROUNDS=250000 turns the random part into a soak of a million comparisons.
#include <algorithm>
#include <cstdlib>

#include <openssl/obj_mac.h>

#include "sdk/crypto/sm2_batch.hpp"
#include "sdk/crypto/sm2_impl.hpp"
#include "sdk/crypto/sm2_verifier.hpp"
#include "tests/sdk/crypto/reference.hpp"
#include "tests/sdk/crypto/sm2_numbers.hpp"

namespace qc::crypto::test {
namespace {

using sm2::Fe;

template <typename F>
void expect_field_agrees() {
  using E = sm2::Elements<F>;
  std::vector<Integer> values = edges(prime());
  for (int i = 0; i < 30; ++i) values.push_back(to_integer(random_bytes(32)) % prime());
  const Fe four = E::from_integer({4, 0, 0, 0});
  const Integer r_inverse = Integer::Power2(256).InverseMod(prime());
  for (const Integer& a : values) {
    const Fe x{to_limbs(a)};
    for (const Integer& b : values) {
      const Fe y{to_limbs(b)};
      ASSERT_EQ(to_integer(F::mul(x, y).v), (a * b * r_inverse) % prime()) << a << ' ' << b;
      ASSERT_EQ(to_integer(F::add(x, y).v), (a + b) % prime()) << a << ' ' << b;
      ASSERT_EQ(to_integer(F::sub(x, y).v), (a + prime() - b) % prime()) << a << ' ' << b;
    }
    ASSERT_EQ(to_integer(F::sqr(x).v), (a * a * r_inverse) % prime()) << a;
    ASSERT_EQ(F::add(E::halve(x), E::halve(x)), x) << a;
    ASSERT_EQ(to_integer(E::to_integer(E::from_integer(to_limbs(a)))), a);
    const auto roots = sm2::Powers<sm2::TwinField<F>>::root({F::sqr(x), four});
    ASSERT_EQ(F::sqr(roots.a), F::sqr(x)) << a;
    ASSERT_EQ(F::sqr(roots.b), four) << a;
    ASSERT_EQ(F::mul(E::invert(x), x), a.IsZero() ? Fe{} : sm2::kOne) << a;
  }
}

TEST(Field, AgreesWithCryptoppAtTheEdgesAndAtRandom) { expect_field_agrees<sm2::PortableField>(); }

#if defined(__x86_64__)
TEST(Field, AssemblerAgreesWithCryptoppAtTheEdgesAndAtRandom) {
  if (!sm2::AdxField::available()) GTEST_SKIP() << "this processor has no ADX";
  expect_field_agrees<sm2::AdxField>();
}
#endif

/// A valid (e, r || s) for any s and t: r = t - s, e = r - x(sG + tP).
struct Triple {
  Hash32 e{};
  Signature64 signature{};
  bool exists = false;
};

Triple make_triple(ByteView xy, const Integer& s, const Integer& t) {
  const Integer r = (t + group_order() - s) % group_order();
  const auto x = reference_x_of_sum(xy, to_bytes(s), to_bytes(t));
  Triple out;
  if (!x || r.IsZero() || s.IsZero() || t.IsZero()) return out;
  const Integer e = (r + group_order() * 2 - to_integer(*x)) % group_order();
  const Bytes e_bytes = to_bytes(e);
  const Bytes r_bytes = to_bytes(r);
  const Bytes s_bytes = to_bytes(s);
  std::copy(e_bytes.begin(), e_bytes.end(), out.e.begin());
  std::copy(r_bytes.begin(), r_bytes.end(), out.signature.begin());
  std::copy(s_bytes.begin(), s_bytes.end(), out.signature.begin() + 32);
  out.exists = true;
  return out;
}

/// Every path of the verifier and OpenSSL; all must say the same.
class Opinions {
 public:
  explicit Opinions(ByteView xy)
      : xy_(xy.begin(), xy.end()),
        plain_(*sm2::read_point(xy)),
        table_(*sm2::read_point(xy)),
        portable_(*sm2::read_point(xy), sm2::FieldChoice::kPortable) {
    table_.add_table();
  }
  const Bytes& xy() const { return xy_; }
  bool ask(const Hash32& e, ByteView signature) const {
    const bool expected = sm2::openssl_verify(xy_, e, signature);
    EXPECT_EQ(plain_.verify(e, signature), expected) << describe(e, signature);
    EXPECT_EQ(table_.verify(e, signature), expected) << describe(e, signature);
    EXPECT_EQ(portable_.verify(e, signature), expected) << describe(e, signature);
    return expected;
  }
  /// Also as one of a batch that is otherwise valid, under its hint, the opposite one and none.
  bool ask_in_batches(const Hash32& e, ByteView signature) {
    const bool expected = ask(e, signature);
    const auto hint = table_.verify_for_hint(e, signature);
    EXPECT_EQ(hint.has_value(), expected) << describe(e, signature);
    auto items = neighbours();
    items.push_back({.signature = signature, .xy = xy_, .digest = e});
    for (const NonceHint given : {NonceHint::kEven, NonceHint::kOdd, NonceHint::kNone}) {
      items.back().hint = given;
      const auto before = batch_.counters();
      const std::vector<bool> valid = batch_.verify(items);
      EXPECT_EQ(valid.back(), expected) << describe(e, signature);
      EXPECT_TRUE(std::all_of(valid.begin(), valid.end() - 1, [](bool v) { return v; }));
      if (hint == given) {
        EXPECT_EQ(batch_.counters().combined, before.combined + items.size());
      }
    }
    return expected;
  }

 private:
  std::vector<SignedItem> neighbours() const {
    struct Neighbour {
      PrivateKey key = PrivateKey::generate();
      Signature64 signature = key.sign(as_bytes("neighbour"));
      NonceHint hint = *key.public_key().verify_for_hint(as_bytes("neighbour"), signature);
    };
    static const std::vector<Neighbour> all(16);
    std::vector<SignedItem> out;
    for (const Neighbour& one : all) {
      out.push_back({.message = as_bytes("neighbour"),
                     .signature = one.signature,
                     .xy = one.key.public_key().xy(),
                     .hint = one.hint});
    }
    return out;
  }
  std::string describe(const Hash32& e, ByteView signature) const {
    return to_hex(xy_) + " " + to_hex(e) + " " + to_hex(signature);
  }
  Bytes xy_;
  sm2::Verifier plain_;
  sm2::Verifier table_;
  sm2::Verifier portable_;
  BatchVerifier batch_;
};

/// Puts what has been judged singly into batches: the valid ones of 500 rounds with one of them
/// made wrong, and the wrong ones. Hints of wrong signatures are anything.
class Recheck {
 public:
  void add(const Bytes& xy, const Hash32& e, const Signature64& signature, bool valid) {
    (valid ? valid_ : wrong_).push_back({xy, e, signature});
    if (valid_.size() == 500) finish();
  }
  void finish() {
    if (valid_.empty()) return;
    EXPECT_EQ(ask(valid_), std::vector<bool>(valid_.size(), true));
    EXPECT_EQ(ask(wrong_), std::vector<bool>(wrong_.size(), false));
    std::vector<bool> expected(valid_.size(), true);
    const std::size_t at = random_bytes(1)[0] % valid_.size();
    valid_[at] = wrong_[at];
    expected[at] = false;
    EXPECT_EQ(ask(valid_), expected);
    if (valid_.size() > 100) {
      EXPECT_GE(batch_.counters().combined, valid_.size() + valid_.size() / 2);
    }
    valid_.clear();
    wrong_.clear();
  }

 private:
  struct Judged {
    Bytes xy;
    Hash32 e;
    Signature64 signature;
  };
  std::vector<bool> ask(const std::vector<Judged>& all) {
    std::vector<SignedItem> items;
    for (const Judged& one : all) {
      items.push_back({.signature = one.signature, .xy = one.xy, .digest = one.e});
      const auto any = (one.signature[0] & 1U) != 0 ? NonceHint::kOdd : NonceHint::kEven;
      items.back().hint = sm2_verify_for_hint(items.back()).value_or(any);
    }
    return batch_.verify(items);
  }
  std::vector<Judged> valid_;
  std::vector<Judged> wrong_;
  BatchVerifier batch_;
};

Bytes small_scalar(std::uint8_t value) {
  Bytes out(32);
  out.back() = value;
  return out;
}

TEST(Verifier, ValidSignaturesWithEveryEdgeScalar) {
  Opinions opinions(PrivateKey::generate().public_key().xy());
  const std::vector<Integer> values = edges(group_order());
  const Integer other = to_integer(random_bytes(31)) + 1;
  int valid = 0;
  for (const Integer& value : values) {
    for (const auto& [s, t] : {std::pair(value, other), {other, value}, {value, value * 3}}) {
      const Triple triple = make_triple(opinions.xy(), s % group_order(), t % group_order());
      if (!triple.exists) continue;
      ASSERT_TRUE(valid % 4 == 0 ? opinions.ask_in_batches(triple.e, triple.signature)
                                 : opinions.ask(triple.e, triple.signature))
          << s << ' ' << t;
      ++valid;
    }
  }
  EXPECT_GT(valid, 250);
}

TEST(Verifier, PointsThatMeetTheBasePoint) {
  // P = ±dG for small d: both sums run into doubling, cancelling and infinity on the way.
  for (const std::uint8_t d : {1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 127, 128, 129}) {
    const Bytes plus = reference_public_key(small_scalar(d));
    const Bytes minus = reference_public_key(to_bytes(group_order() - d));
    for (const Bytes& xy : {plus, minus}) {
      Opinions opinions(xy);
      int valid = 0;
      for (int s = 1; s <= 20; ++s) {
        for (const Integer& t : {Integer(s), Integer(s) + 1, Integer(s) * d, group_order() - s,
                                 group_order() - Integer(s) * d, Integer(1), Integer(d) * 16}) {
          const Triple triple = make_triple(xy, Integer(s), t % group_order());
          if (!triple.exists) continue;
          ASSERT_TRUE(opinions.ask_in_batches(triple.e, triple.signature))
              << int{d} << ' ' << s << ' ' << t;
          ++valid;
        }
      }
      EXPECT_GT(valid, 50) << int{d};
    }
  }
}

TEST(Verifier, SumAtInfinityIsRefused) {
  // With P = G, s + t = n gives the point at infinity, whose x a careless verifier takes for 0.
  const Bytes xy = reference_public_key(small_scalar(1));
  Opinions opinions(xy);
  for (const int s : {1, 2, 77, 1000}) {
    const Integer t = group_order() - s;
    const Integer r = (t + group_order() - s) % group_order();
    Bytes signature = to_bytes(r);
    const Bytes tail = to_bytes(Integer(s));
    signature.insert(signature.end(), tail.begin(), tail.end());
    Hash32 e{};
    std::copy(signature.begin(), signature.begin() + 32, e.begin());  // e = r, as if x were 0
    EXPECT_FALSE(opinions.ask_in_batches(e, signature));
  }
}

TEST(Verifier, ForgedEdgesAreRefused) {
  Opinions opinions(example_key().public_key().xy());
  std::vector<Bytes> values;
  for (const int i : {0, 1, 2}) {
    values.push_back(to_bytes(Integer(i)));
    values.push_back(to_bytes(group_order() - i));
    values.push_back(to_bytes(group_order() + i));
    values.push_back(to_bytes(prime() - i));
  }
  values.push_back(Bytes(32, 255));
  for (const Bytes& r : values) {
    for (const Bytes& s : values) {
      Bytes signature = r;
      signature.insert(signature.end(), s.begin(), s.end());
      for (const Bytes& digest : values) {
        Hash32 e{};
        std::copy(digest.begin(), digest.end(), e.begin());
        EXPECT_FALSE(digest == r ? opinions.ask_in_batches(e, signature)
                                 : opinions.ask(e, signature));
      }
    }
  }
}

/// Signs a chosen e with a chosen k: s = (k - r d) / (1 + d).
Signature64 sign_digest(const Integer& d, const Integer& k, const Integer& e) {
  const Integer& n = group_order();
  const Integer r = (e + to_integer(ByteView(reference_public_key(to_bytes(k))).first(32))) % n;
  const Integer s = (k + n - (r * d) % n) * (d + 1).InverseMod(n) % n;
  const Bytes r_bytes = to_bytes(r);
  const Bytes s_bytes = to_bytes(s);
  Signature64 out{};
  std::copy(r_bytes.begin(), r_bytes.end(), out.begin());
  std::copy(s_bytes.begin(), s_bytes.end(), out.begin() + 32);
  return out;
}

TEST(Verifier, DigestsNotBelowTheOrderCount) {
  // e and e + n are the same to the equation; the second fits 32 bytes for e < 2^256 - n only.
  const Integer d = to_integer(random_bytes(31)) + 1;
  Opinions opinions(reference_public_key(to_bytes(d)));
  const Integer room = Integer::Power2(256) - group_order();
  for (const Integer& e : {Integer(), Integer(1), Integer(77), room / 2, room - 1}) {
    const Signature64 signature = sign_digest(d, to_integer(random_bytes(31)) + 1, e);
    for (const Integer& spelling : {e, e + group_order()}) {
      const Bytes bytes = to_bytes(spelling);
      Hash32 digest{};
      std::copy(bytes.begin(), bytes.end(), digest.begin());
      EXPECT_TRUE(opinions.ask_in_batches(digest, signature)) << spelling;
    }
  }
}

/// A point whose x is not below n, and a key and signature that have it as nonce point: then r - e
/// is x - n. No one who must know the private key can make such a signature.
TEST(Verifier, NonceXNotBelowTheOrder) {
  const ossl::Group group(EC_GROUP_new_by_curve_name(NID_sm2));
  const ossl::BnCtx ctx(BN_CTX_new());
  const auto number = [](const Integer& value) {
    const Bytes bytes = to_bytes(value);
    return ossl::Bn(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  };
  int made = 0;
  for (int above = 0; made < 4; ++above) {
    const Integer x = group_order() + above;
    const ossl::Point nonce(EC_POINT_new(group.get()));
    const ossl::ErrorScope scope;
    if (EC_POINT_set_compressed_coordinates(group.get(), nonce.get(), number(x).get(), made % 2,
                                            ctx.get()) != 1) {
      continue;
    }
    ++made;
    const Integer s = to_integer(random_bytes(31)) + 1;
    const Integer t = to_integer(random_bytes(31)) + 1;
    const Integer t_inverse = t.InverseMod(group_order());
    const ossl::Point key(EC_POINT_new(group.get()));  // (R - s G) / t
    ASSERT_EQ(EC_POINT_mul(group.get(), key.get(),
                           number(group_order() - (s * t_inverse) % group_order()).get(),
                           nonce.get(), number(t_inverse).get(), ctx.get()),
              1);
    std::array<std::uint8_t, 65> xy{};
    EC_POINT_point2oct(group.get(), key.get(), POINT_CONVERSION_UNCOMPRESSED, xy.data(), xy.size(),
                       ctx.get());
    const Triple triple = make_triple(ByteView(xy).subspan(1), s, t);
    ASSERT_TRUE(triple.exists);
    Opinions opinions(ByteView(xy).subspan(1));
    EXPECT_TRUE(opinions.ask(triple.e, triple.signature));
    // In a batch it is taken for a wrong hint, and found to be valid singly.
    BatchVerifier batch;
    const SignedItem item{.signature = triple.signature,
                          .xy = opinions.xy(),
                          .hint = NonceHint::kOdd,
                          .digest = triple.e};
    EXPECT_EQ(batch.verify(std::vector(20, item)), std::vector<bool>(20, true));
    EXPECT_EQ(batch.counters().combined, 0U);
  }
}

/// QC_SM2_ROUNDS=250000 makes it a million comparisons.
TEST(Verifier, RandomSignaturesAndMutations) {
  const char* wanted = std::getenv("QC_SM2_ROUNDS");
  const long rounds = wanted != nullptr ? std::atol(wanted) : 400;
  long valid = 0;
  PrivateKey key = PrivateKey::generate();
  Opinions opinions(key.public_key().xy());
  Recheck recheck;
  for (long i = 0; i < rounds; ++i) {
    if (i % 50 == 49) {
      key = PrivateKey::generate();
      opinions = Opinions(key.public_key().xy());
    }
    const Bytes message = random_bytes(static_cast<std::size_t>(i % 100));
    const Hash32 za = sm2::identity_hash(key.public_key().xy(), kDefaultSm2Id);
    const Hash32 e = sm2::message_hash(za, message);
    const Signature64 good = key.sign(message);
    if (opinions.ask(e, good)) ++valid;
    const auto bit = static_cast<std::size_t>(i) % 256;
    const auto flip = static_cast<std::uint8_t>(1U << (bit % 8));
    Signature64 bad_r = good;
    bad_r[bit / 8] = static_cast<std::uint8_t>(bad_r[bit / 8] ^ flip);
    Signature64 bad_s = good;
    bad_s[32 + bit / 8] = static_cast<std::uint8_t>(bad_s[32 + bit / 8] ^ flip);
    Hash32 bad_e = e;
    bad_e[bit / 8] = static_cast<std::uint8_t>(bad_e[bit / 8] ^ flip);
    EXPECT_FALSE(opinions.ask(e, bad_r));
    EXPECT_FALSE(opinions.ask(e, bad_s));
    EXPECT_FALSE(opinions.ask(bad_e, good));
    recheck.add(opinions.xy(), e, good, true);
    recheck.add(opinions.xy(), e, bad_r, false);
    recheck.add(opinions.xy(), e, bad_s, false);
    recheck.add(opinions.xy(), bad_e, good, false);
    if (HasFailure()) break;
  }
  recheck.finish();
  EXPECT_EQ(valid, rounds);
}

TEST(Verifier, ManyUnderKeysAtHandAreJudgedAsOneByOne) {
  std::vector<PublicKey> keys;
  std::vector<Bytes> messages;
  std::vector<Bytes> signatures;
  for (std::size_t i = 0; i < 60; ++i) {
    const PrivateKey key = PrivateKey::generate();
    keys.push_back(i % 2 == 0 ? key.public_key().with_table() : key.public_key());
    messages.push_back(random_bytes(i * 7));
    const Signature64 signature = key.sign(messages.back());
    signatures.emplace_back(signature.begin(), signature.end());
    if (i % 5 == 1) signatures.back()[i] ^= 1U;
    if (i % 7 == 2) signatures.back().assign(64, i % 2 == 0 ? 0 : 0xFF);
    if (i % 11 == 3) signatures.back().pop_back();
    if (i % 13 == 4) messages.back().push_back('x');
  }
  for (const std::size_t count : {0U, 1U, 2U, 60U}) {
    std::vector<KeyedSignature> items;
    for (std::size_t i = 0; i < count; ++i) items.push_back({&keys[i], messages[i], signatures[i]});
    const auto hints = verify_for_hints(items);
    ASSERT_EQ(hints.size(), count);
    std::size_t valid = 0;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(hints[i], keys[i].verify_for_hint(messages[i], signatures[i])) << i;
      EXPECT_EQ(hints[i].has_value(), keys[i].verify(messages[i], signatures[i])) << i;
      valid += hints[i] ? 1 : 0;
    }
    if (count == 60) {
      EXPECT_GT(valid, 20U);
      EXPECT_LT(valid, 50U);
    }
  }
}

TEST(Verifier, KeyWithTableIsTheSameKey) {
  const PrivateKey key = PrivateKey::generate();
  const PublicKey fast = key.public_key().with_table();
  EXPECT_TRUE(fast == key.public_key());
  EXPECT_EQ(fast.kid(), key.kid());
  EXPECT_TRUE(fast.with_table() == fast);
  const Signature64 signature = key.sign(as_bytes("m"));
  EXPECT_TRUE(fast.verify(as_bytes("m"), signature));
  EXPECT_FALSE(fast.verify(as_bytes("n"), signature));
  EXPECT_TRUE(fast.verify(as_bytes("m"), key.sign(as_bytes("m"), "id"), "id"));
  const auto cipher = fast.encrypt(as_bytes("x"));
  ASSERT_TRUE(cipher.ok());
  EXPECT_EQ(*key.decrypt(*cipher), Bytes{'x'});
}

}  // namespace
}  // namespace qc::crypto::test
