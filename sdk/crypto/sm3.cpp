#include "sdk/crypto/sm3.hpp"

#include <algorithm>

#include "sdk/crypto/ossl.hpp"

namespace qc::crypto {
namespace {

constexpr std::size_t kBlock = 64;

void start(EVP_MD_CTX* ctx) { ossl::must(EVP_DigestInit_ex2(ctx, ossl::sm3_md(), nullptr) == 1); }

Hash32 finish_into_hash(EVP_MD_CTX* ctx) {
  Hash32 out{};
  unsigned size = 0;
  ossl::must(EVP_DigestFinal_ex(ctx, out.data(), &size) == 1 && size == out.size());
  return out;
}

/// One context per thread: creating one costs more than hashing a Merkle node.
EVP_MD_CTX* thread_context() {
  thread_local const ossl::MdCtx ctx(EVP_MD_CTX_new());
  ossl::must(ctx != nullptr);
  return ctx.get();
}

}  // namespace

const EVP_MD* ossl::sm3_md() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SM3", nullptr);
  must(md != nullptr);
  return md;
}

struct Sm3::Impl {
  ossl::MdCtx ctx{EVP_MD_CTX_new()};
};

Sm3::Sm3() : impl_(std::make_unique<Impl>()) {
  ossl::must(impl_->ctx != nullptr);
  start(impl_->ctx.get());
}
Sm3::~Sm3() = default;
Sm3::Sm3(Sm3&&) noexcept = default;
Sm3& Sm3::operator=(Sm3&&) noexcept = default;

Sm3& Sm3::update(ByteView data) {
  ossl::must(EVP_DigestUpdate(impl_->ctx.get(), data.data(), data.size()) == 1);
  return *this;
}

Hash32 Sm3::finish() {
  const Hash32 out = finish_into_hash(impl_->ctx.get());
  start(impl_->ctx.get());
  return out;
}

Hash32 sm3(ByteView data) {
  EVP_MD_CTX* ctx = thread_context();
  start(ctx);
  ossl::must(EVP_DigestUpdate(ctx, data.data(), data.size()) == 1);
  return finish_into_hash(ctx);
}

Hash32 hmac_sm3(ByteView key, ByteView data) {
  ossl::Secret pad(kBlock);
  if (key.size() > kBlock) {
    const Hash32 hashed = sm3(key);
    std::copy(hashed.begin(), hashed.end(), pad.data());
  } else {
    std::copy(key.begin(), key.end(), pad.data());
  }
  std::transform(pad.data(), pad.data() + kBlock, pad.data(),
                 [](std::uint8_t b) { return static_cast<std::uint8_t>(b ^ 0x36U); });
  EVP_MD_CTX* ctx = thread_context();
  start(ctx);
  ossl::must(EVP_DigestUpdate(ctx, pad.data(), kBlock) == 1);
  ossl::must(EVP_DigestUpdate(ctx, data.data(), data.size()) == 1);
  const Hash32 inner = finish_into_hash(ctx);
  std::transform(pad.data(), pad.data() + kBlock, pad.data(),
                 [](std::uint8_t b) { return static_cast<std::uint8_t>(b ^ 0x36U ^ 0x5cU); });
  start(ctx);
  ossl::must(EVP_DigestUpdate(ctx, pad.data(), kBlock) == 1);
  ossl::must(EVP_DigestUpdate(ctx, inner.data(), inner.size()) == 1);
  return finish_into_hash(ctx);
}

}  // namespace qc::crypto
