#include "tests/bench/chain/fast_signer.hpp"

#include <cassert>

#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2_comb.hpp"
#include "sdk/crypto/sm2_hash.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::chain::test {
namespace {

namespace sm2 = crypto::sm2;
using sm2::U256;

U256 times_mod_n(const U256& a, const U256& b) {
  return sm2::montgomery_mod_n(sm2::montgomery_mod_n(a, b), sm2::kOrderMontgomerySquare);
}

/// By Fermat: a to the power of n - 2.
U256 inverse_mod_n(const U256& a) {
  U256 exponent{};
  sm2::sub_limbs(exponent, sm2::kOrder256, {2, 0, 0, 0});
  U256 out = {1, 0, 0, 0};
  for (unsigned bit = 256; bit-- > 0;) {
    out = times_mod_n(out, out);
    if (((exponent[bit / 64] >> (bit % 64)) & 1U) != 0) out = times_mod_n(out, a);
  }
  return out;
}

void write_number(const U256& value, std::uint8_t* out) {
  for (std::size_t i = 0; i < 32; ++i) {
    out[31 - i] = static_cast<std::uint8_t>(value[i / 8] >> (8 * (i % 8)));
  }
}

struct PlainPoint {
  U256 x;
  U256 y;
};
PlainPoint base_times(const U256& scalar) {
  return sm2::with_field([&]<typename F>(F) {
    const std::array<sm2::Point, 1> point = {sm2::Combs<F>::times_base(scalar)};
    std::array<sm2::Affine, 1> plain{};
    sm2::Curve<F>::normalize(point, plain);
    using E = sm2::Elements<F>;
    return PlainPoint{E::to_integer(plain[0].x), E::to_integer(plain[0].y)};
  });
}

}  // namespace

FastSigner::FastSigner(const std::string& name)
    : secret_(sm2::from_bytes(crypto::sm3("test key " + name))),
      inverse_(inverse_mod_n(sm2::add_mod(secret_, {1, 0, 0, 0}, sm2::kOrder256))) {
  const PlainPoint point = base_times(secret_);
  std::array<std::uint8_t, 64> xy{};
  write_number(point.x, xy.data());
  write_number(point.y, xy.data() + 32);
  auto key = crypto::PublicKey::from_xy(xy);
  assert(key.ok());
  key_ = std::move(key).value();
}

FastSigner::Signed FastSigner::sign(std::string_view payload, const std::string& typ) {
  if (typ != typ_) {
    typ_ = typ;
    const Json header = {{"alg", "SGD_SM3_SM2"}, {"kid", kid()}, {"typ", typ}};
    header_ = to_base64url(as_bytes(header.dump())) + ".";
  }
  Signed out{header_ + to_base64url(as_bytes(payload)), {}};
  const Signature signature = sign_message(as_bytes(out.compact));
  out.compact += "." + to_base64url(signature.bytes);
  out.hint = signature.hint;
  return out;
}

/// GB/T 32918.2 clause 6.1, with s = (k + r) / (1 + d) - r.
FastSigner::Signature FastSigner::sign_message(ByteView message) {
  Hash32 seed{};
  write_number(secret_, seed.data());
  ++counter_;
  for (std::size_t i = 0; i < 8; ++i) seed[i] ^= static_cast<std::uint8_t>(counter_ >> (8 * i));
  const U256 k = sm2::reduce_once(0, sm2::from_bytes(crypto::sm3(seed)), sm2::kOrder256);
  const PlainPoint nonce = base_times(k);
  const Hash32 za = crypto::sm3_public(sm2::IdentityPrefix::standard().input(key_->xy()));
  const Hash32 e = crypto::sm3_public({{za, message, {}, {}}});
  const U256 r = sm2::add_mod(sm2::reduce_once(0, sm2::from_bytes(e), sm2::kOrder256),
                              sm2::reduce_once(0, nonce.x, sm2::kOrder256), sm2::kOrder256);
  const U256 s =
      sm2::sub_mod(times_mod_n(inverse_, sm2::add_mod(k, r, sm2::kOrder256)), r, sm2::kOrder256);
  Signature out{{}, (nonce.y[0] & 1U) != 0 ? crypto::NonceHint::kOdd : crypto::NonceHint::kEven};
  write_number(r, out.bytes.data());
  write_number(s, out.bytes.data() + 32);
  return out;
}

}  // namespace qc::chain::test
