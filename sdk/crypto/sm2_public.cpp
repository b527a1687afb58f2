#include <algorithm>

#include <openssl/core_names.h>

#include "sdk/crypto/sm2_der.hpp"
#include "sdk/crypto/sm2_impl.hpp"

namespace qc::crypto {
namespace {

constexpr std::size_t kCoordinate = 32;
constexpr std::size_t kMaxPlaintext = 1024;

/// a || b || xG || yG of the recommended curve (GB/T 32918.5 clause 2).
constexpr std::array<std::uint8_t, 128> kCurveForZa = {
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
    0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7,
    0xf3, 0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
    0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94,
    0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
    0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53,
    0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0};

ossl::Pkey make_public_pkey(ByteView xy) {
  Bytes point{POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), xy.begin(), xy.end());
  const ossl::ErrorScope scope;
  std::array<char, 4> group{"SM2"};
  const std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "SM2", nullptr));
  ossl::must(ctx != nullptr && EVP_PKEY_fromdata_init(ctx.get()) == 1);
  EVP_PKEY* pkey = nullptr;
  // OpenSSL's own parameters are not const, though it only reads them here.
  if (EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(params.data())) != 1) {
    return nullptr;
  }
  return ossl::Pkey(pkey);
}

std::string thumbprint(ByteView xy) {
  // RFC 7638: required members only, in lexicographic order, no white space.
  const std::string canonical = R"({"crv":"SM2-P-256","kty":"EC","x":")" +
                                to_base64url(xy.first(kCoordinate)) + R"(","y":")" +
                                to_base64url(xy.subspan(kCoordinate)) + R"("})";
  return to_base64url(sm3(canonical));
}

}  // namespace

std::optional<Bytes> sm2::identity_prefix(std::string_view id) {
  if (id.size() > kMaxSm2Id) return std::nullopt;
  const std::size_t bits = id.size() * 8;
  Bytes out = {static_cast<std::uint8_t>(bits >> 8U), static_cast<std::uint8_t>(bits & 255U)};
  out.insert(out.end(), id.begin(), id.end());
  out.insert(out.end(), kCurveForZa.begin(), kCurveForZa.end());
  return out;
}

Hash32 sm2::identity_hash(ByteView xy, std::string_view id) {
  const auto prefix = identity_prefix(id);
  ossl::must(prefix.has_value());
  Sm3 hash;
  return hash.update(*prefix).update(xy).finish();
}

Hash32 sm2::message_hash(const Hash32& za, ByteView message) {
  Sm3 hash;
  return hash.update(za).update(message).finish();
}

bool sm2::openssl_verify(ByteView xy, const Hash32& digest, ByteView signature) {
  const ossl::ErrorScope scope;
  const ossl::Pkey pkey = make_public_pkey(xy);
  const Bytes der = der::encode_signature(signature);
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
  ossl::must(ctx != nullptr && EVP_PKEY_verify_init(ctx.get()) == 1);
  return EVP_PKEY_verify(ctx.get(), der.data(), der.size(), digest.data(), digest.size()) == 1;
}

PublicKey::Impl::Impl(ByteView point)
    : kid(thumbprint(point)), default_za(sm2::identity_hash(point, kDefaultSm2Id)) {
  std::copy(point.begin(), point.end(), xy.begin());
}

EVP_PKEY* PublicKey::Impl::pkey() const {
  std::call_once(pkey_once, [this] {
    made_pkey = make_public_pkey(xy);
    ossl::must(made_pkey != nullptr);
  });
  return made_pkey.get();
}

PublicKey PublicKey::from_curve_point(ByteView xy) {
  PublicKey key;
  key.impl_ = std::make_shared<const Impl>(xy);
  return key;
}

ByteView PublicKey::xy() const { return impl_->xy; }

const std::string& PublicKey::kid() const { return impl_->kid; }

Json PublicKey::to_jwk() const {
  const ByteView point = impl_->xy;
  return Json{{"kty", "EC"},
              {"crv", "SM2-P-256"},
              {"kid", impl_->kid},
              {"x", to_base64url(point.first(kCoordinate))},
              {"y", to_base64url(point.subspan(kCoordinate))}};
}

Result<Bytes> PublicKey::encrypt(ByteView plaintext) const {
  if (plaintext.empty() || plaintext.size() > kMaxPlaintext) {
    return invalid("sm2.plaintext_size", "SM2 encrypts 1 to 1024 bytes");
  }
  const ossl::ErrorScope scope;
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, impl_->pkey(), nullptr));
  ossl::must(ctx != nullptr && EVP_PKEY_encrypt_init(ctx.get()) == 1);
  while (true) {
    std::size_t size = 0;
    ossl::must(EVP_PKEY_encrypt(ctx.get(), nullptr, &size, plaintext.data(), plaintext.size()) ==
               1);
    Bytes out(size);
    ossl::must(EVP_PKEY_encrypt(ctx.get(), out.data(), &size, plaintext.data(), plaintext.size()) ==
               1);
    out.resize(size);
    const auto parts = der::decode_ciphertext(out);
    ossl::must(parts.has_value());
    // GB/T 32918.4 clause 6.1 step A5: choose anew when the key stream is all zero, which OpenSSL
    // omits. It shows as C2 equal to the plaintext (once in 256 for a single byte).
    if (!std::equal(parts->data.begin(), parts->data.end(), plaintext.begin(), plaintext.end())) {
      return out;
    }
  }
}

bool PublicKey::operator==(const PublicKey& other) const {
  return impl_ == other.impl_ ||
         (impl_ != nullptr && other.impl_ != nullptr && impl_->xy == other.impl_->xy);
}

}  // namespace qc::crypto
