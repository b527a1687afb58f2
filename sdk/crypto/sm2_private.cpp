#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>

#include "sdk/crypto/sm2_der.hpp"
#include "sdk/crypto/sm2_impl.hpp"

namespace qc::crypto {
namespace {

constexpr std::size_t kScalar = 32;

/// 1 <= d <= n - 2 (GB/T 32918.1 clause 6.1).
bool private_scalar_in_range(const BIGNUM* d, const EC_GROUP* group) {
  const ossl::Bn limit(BN_dup(EC_GROUP_get0_order(group)));
  ossl::must(limit != nullptr && BN_sub_word(limit.get(), 1) == 1);
  return !BN_is_zero(d) && !BN_is_negative(d) && BN_cmp(d, limit.get()) < 0;
}

std::array<std::uint8_t, 65> multiply_base_point(const EC_GROUP* group, const BIGNUM* d) {
  const ossl::BnCtx ctx(BN_CTX_secure_new());
  const ossl::Point point(EC_POINT_new(group));
  ossl::must(ctx != nullptr && point != nullptr &&
             EC_POINT_mul(group, point.get(), d, nullptr, nullptr, ctx.get()) == 1);
  std::array<std::uint8_t, 65> out{};
  ossl::must(EC_POINT_point2oct(group, point.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(),
                                out.size(), ctx.get()) == out.size());
  return out;
}

ossl::Pkey make_key_pair(const BIGNUM* d, ByteView point) {
  const ossl::ParamBuild build(OSSL_PARAM_BLD_new());
  ossl::must(build != nullptr &&
             OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) ==
                 1 &&
             OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                              point.size()) == 1 &&
             OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, d) == 1);
  const ossl::Params params(OSSL_PARAM_BLD_to_param(build.get()));
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "SM2", nullptr));
  EVP_PKEY* pkey = nullptr;
  ossl::must(params != nullptr && ctx != nullptr && EVP_PKEY_fromdata_init(ctx.get()) == 1 &&
             EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_KEYPAIR, params.get()) == 1);
  OSSL_PARAM* secret = OSSL_PARAM_locate(params.get(), OSSL_PKEY_PARAM_PRIV_KEY);
  OPENSSL_cleanse(secret->data, secret->data_size);
  return ossl::Pkey(pkey);
}

}  // namespace

PrivateKey PrivateKey::generate() {
  const ossl::Group group(EC_GROUP_new_by_curve_name(NID_sm2));
  const ossl::Bn range(group ? BN_dup(EC_GROUP_get0_order(group.get())) : nullptr);
  const ossl::Bn d(BN_secure_new());
  // d = random in [0, n - 3] + 1, so that d is uniform in [1, n - 2].
  ossl::must(range != nullptr && d != nullptr && BN_sub_word(range.get(), 2) == 1 &&
             BN_priv_rand_range_ex(d.get(), range.get(), 256, nullptr) == 1 &&
             BN_add_word(d.get(), 1) == 1);
  ossl::Secret scalar(kScalar);
  ossl::must(BN_bn2binpad(d.get(), scalar.data(), kScalar) == kScalar);
  auto key = from_scalar(scalar.view());
  ossl::must(key.ok());
  return std::move(key).value();
}

Result<PrivateKey> PrivateKey::from_scalar(ByteView scalar) {
  if (scalar.size() != kScalar) return invalid("key.invalid", "a private key has 32 bytes");
  const ossl::ErrorScope scope;
  const ossl::Group group(EC_GROUP_new_by_curve_name(NID_sm2));
  const ossl::Bn d(BN_secure_new());
  ossl::must(group != nullptr && d != nullptr &&
             BN_bin2bn(scalar.data(), kScalar, d.get()) != nullptr);
  BN_set_flags(d.get(), BN_FLG_CONSTTIME);
  if (!private_scalar_in_range(d.get(), group.get())) {
    return invalid("key.invalid", "the private key is outside 1..n-2");
  }
  const auto point = multiply_base_point(group.get(), d.get());
  PrivateKey key;
  key.impl_ = std::make_shared<const Impl>(
      Impl{make_key_pair(d.get(), point), PublicKey::from_curve_point(ByteView(point).subspan(1))});
  return key;
}

const PublicKey& PrivateKey::public_key() const { return impl_->public_key; }

Signature64 PrivateKey::sign(ByteView message, std::string_view id) const {
  const PublicKey::Impl& own = *impl_->public_key.impl_;
  const Hash32 za = id == kDefaultSm2Id ? own.default_za : sm2::identity_hash(own.xy, id);
  const Hash32 digest = sm2::message_hash(za, message);
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, impl_->pkey.get(), nullptr));
  ossl::must(ctx != nullptr && EVP_PKEY_sign_init(ctx.get()) == 1);
  std::array<std::uint8_t, 80> der{};
  std::size_t size = der.size();
  ossl::must(EVP_PKEY_sign(ctx.get(), der.data(), &size, digest.data(), digest.size()) == 1);
  const auto raw = der::decode_signature(ByteView(der).first(size));
  ossl::must(raw.has_value());
  return *raw;
}

Result<Bytes> PrivateKey::decrypt(ByteView ciphertext) const {
  const Error failed = invalid("sm2.decrypt_failed", "not encrypted to this key, or damaged");
  const auto parts = der::decode_ciphertext(ciphertext);
  if (!parts) return failed;
  const ossl::ErrorScope scope;
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, impl_->pkey.get(), nullptr));
  ossl::must(ctx != nullptr && EVP_PKEY_decrypt_init(ctx.get()) == 1);
  std::size_t size = 0;
  if (EVP_PKEY_decrypt(ctx.get(), nullptr, &size, ciphertext.data(), ciphertext.size()) != 1) {
    return failed;
  }
  ossl::Secret plain(size);
  if (EVP_PKEY_decrypt(ctx.get(), plain.data(), &size, ciphertext.data(), ciphertext.size()) != 1 ||
      size != parts->data.size()) {
    return failed;
  }
  plain.shrink(size);
  // GB/T 32918.4 clause 7.1 step B4: an all-zero key stream is an error, which OpenSSL omits.
  if (equal_constant_time(plain.view(), parts->data)) return failed;
  return std::move(plain).release();
}

}  // namespace qc::crypto
