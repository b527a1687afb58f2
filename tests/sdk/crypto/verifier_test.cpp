// Our verifier against OpenSSL and against the reference, at the edges and at random.
// QC_SM2_ROUNDS=250000 turns the random part into a soak of a million comparisons.
#include <cstdlib>

#include <cryptopp/integer.h>
#include <cryptopp/nbtheory.h>

#include "sdk/crypto/sm2_impl.hpp"
#include "sdk/crypto/sm2_verifier.hpp"
#include "tests/sdk/crypto/reference.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

using CryptoPP::Integer;
using sm2::Fe;
using sm2::U256;

const Integer& prime() {
  static const Integer p("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFFh");
  return p;
}
const Integer& group_order() {
  static const Bytes n = order();
  static const Integer value(n.data(), n.size());
  return value;
}

Bytes to_bytes(const Integer& value) {
  Bytes out(32);
  value.Encode(out.data(), out.size());
  return out;
}
Integer to_integer(ByteView bytes) { return {bytes.data(), bytes.size()}; }
Integer to_integer(const U256& value) {
  Integer out;
  for (std::size_t i = 4; i-- > 0;) out = (out << 64) + Integer(Integer::POSITIVE, value[i]);
  return out;
}
U256 to_limbs(const Integer& value) { return sm2::from_bytes(to_bytes(value)); }

/// Values around which carries, borrows and window borders lie, below `modulus`.
std::vector<Integer> edges(const Integer& modulus) {
  std::vector<Integer> out;
  for (int i = 0; i < 20; ++i) {
    out.push_back(Integer(i));
    out.push_back(modulus - 1 - i);
  }
  for (unsigned bit = 1; bit < 256; bit += bit < 8 ? 1 : 7) {
    for (int delta = -1; delta <= 1; ++delta) out.push_back(Integer::Power2(bit) + delta);
  }
  for (unsigned bit : {32U, 64U, 96U, 128U, 160U, 192U, 224U, 255U}) {
    out.push_back(Integer::Power2(bit) - 1);
    out.push_back(modulus - Integer::Power2(bit));
  }
  out.push_back(to_integer(Bytes(32, 0x55)));
  out.push_back(to_integer(Bytes(32, 0xaa)) % modulus);
  out.push_back((Integer::Power2(256) - 1) % modulus);
  for (Integer& value : out) value %= modulus;
  return out;
}

template <typename F>
void expect_field_agrees() {
  using E = sm2::Elements<F>;
  std::vector<Integer> values = edges(prime());
  for (int i = 0; i < 30; ++i) values.push_back(to_integer(random_bytes(32)) % prime());
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
    ASSERT_EQ(F::sqr(E::root(F::sqr(x))), F::sqr(x)) << a;
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

/// Both paths of the verifier and OpenSSL; all must say the same.
class Opinions {
 public:
  explicit Opinions(ByteView xy)
      : xy_(xy.begin(), xy.end()), plain_(*sm2::read_point(xy)), table_(*sm2::read_point(xy)) {
    table_.add_table();
  }
  const Bytes& xy() const { return xy_; }
  bool ask(const Hash32& e, ByteView signature) const {
    const bool expected = sm2::openssl_verify(xy_, e, signature);
    EXPECT_EQ(plain_.verify(e, signature), expected) << describe(e, signature);
    EXPECT_EQ(table_.verify(e, signature), expected) << describe(e, signature);
    return expected;
  }

 private:
  std::string describe(const Hash32& e, ByteView signature) const {
    return to_hex(xy_) + " " + to_hex(e) + " " + to_hex(signature);
  }
  Bytes xy_;
  sm2::Verifier plain_;
  sm2::Verifier table_;
};

Bytes small_scalar(std::uint8_t value) {
  Bytes out(32);
  out.back() = value;
  return out;
}

TEST(Verifier, ValidSignaturesWithEveryEdgeScalar) {
  const Opinions opinions(PrivateKey::generate().public_key().xy());
  const std::vector<Integer> values = edges(group_order());
  const Integer other = to_integer(random_bytes(31)) + 1;
  int valid = 0;
  for (const Integer& value : values) {
    for (const auto& [s, t] : {std::pair(value, other), {other, value}, {value, value * 3}}) {
      const Triple triple = make_triple(opinions.xy(), s % group_order(), t % group_order());
      if (!triple.exists) continue;
      ASSERT_TRUE(opinions.ask(triple.e, triple.signature)) << s << ' ' << t;
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
      const Opinions opinions(xy);
      int valid = 0;
      for (int s = 1; s <= 20; ++s) {
        for (const Integer& t : {Integer(s), Integer(s) + 1, Integer(s) * d, group_order() - s,
                                 group_order() - Integer(s) * d, Integer(1), Integer(d) * 16}) {
          const Triple triple = make_triple(xy, Integer(s), t % group_order());
          if (!triple.exists) continue;
          ASSERT_TRUE(opinions.ask(triple.e, triple.signature)) << int{d} << ' ' << s << ' ' << t;
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
  const Opinions opinions(xy);
  for (const int s : {1, 2, 77, 1000}) {
    const Integer t = group_order() - s;
    const Integer r = (t + group_order() - s) % group_order();
    Bytes signature = to_bytes(r);
    const Bytes tail = to_bytes(Integer(s));
    signature.insert(signature.end(), tail.begin(), tail.end());
    Hash32 e{};
    std::copy(signature.begin(), signature.begin() + 32, e.begin());  // e = r, as if x were 0
    EXPECT_FALSE(opinions.ask(e, signature));
  }
}

TEST(Verifier, ForgedEdgesAreRefused) {
  const Opinions opinions(example_key().public_key().xy());
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
        EXPECT_FALSE(opinions.ask(e, signature));
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
  const Opinions opinions(reference_public_key(to_bytes(d)));
  const Integer room = Integer::Power2(256) - group_order();
  for (const Integer& e : {Integer(), Integer(1), Integer(77), room / 2, room - 1}) {
    const Signature64 signature = sign_digest(d, to_integer(random_bytes(31)) + 1, e);
    for (const Integer& spelling : {e, e + group_order()}) {
      const Bytes bytes = to_bytes(spelling);
      Hash32 digest{};
      std::copy(bytes.begin(), bytes.end(), digest.begin());
      EXPECT_TRUE(opinions.ask(digest, signature)) << spelling;
    }
  }
}

TEST(Verifier, RandomSignaturesAndMutations) {
  const char* wanted = std::getenv("QC_SM2_ROUNDS");
  const long rounds = wanted != nullptr ? std::atol(wanted) : 400;
  long valid = 0;
  PrivateKey key = PrivateKey::generate();
  Opinions opinions(key.public_key().xy());
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
    if (HasFailure()) break;
  }
  EXPECT_EQ(valid, rounds);
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
