// Internal: owning pointers for OpenSSL objects, and memory that is wiped. Not for other rooms.
#pragma once

#include <cstdlib>
#include <memory>
#include <utility>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "sdk/base/bytes.hpp"

namespace qc::crypto::ossl {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <typename T, auto Free>
using Ptr = std::unique_ptr<T, Deleter<Free>>;

using Pkey = Ptr<EVP_PKEY, EVP_PKEY_free>;
using PkeyCtx = Ptr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using MdCtx = Ptr<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherCtx = Ptr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Bn = Ptr<BIGNUM, BN_clear_free>;
using BnCtx = Ptr<BN_CTX, BN_CTX_free>;
using Group = Ptr<EC_GROUP, EC_GROUP_free>;
using Point = Ptr<EC_POINT, EC_POINT_clear_free>;
using ParamBuild = Ptr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Ptr<OSSL_PARAM, OSSL_PARAM_free>;
using Kdf = Ptr<EVP_KDF, EVP_KDF_free>;
using KdfCtx = Ptr<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using Bio = Ptr<BIO, BIO_free_all>;
using Object = Ptr<ASN1_OBJECT, ASN1_OBJECT_free>;
using OctetString = Ptr<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using Algorithm = Ptr<X509_ALGOR, X509_ALGOR_free>;
using EncryptedPkcs8 = Ptr<X509_SIG, X509_SIG_free>;
using Pkcs8 = Ptr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using Pbe2 = Ptr<PBE2PARAM, PBE2PARAM_free>;
using Pbkdf2 = Ptr<PBKDF2PARAM, PBKDF2PARAM_free>;

/// Another owner of the same key.
inline Pkey share(const Pkey& pkey) {
  EVP_PKEY_up_ref(pkey.get());
  return Pkey(pkey.get());
}

/// Keeps what our failures would leave on the thread's OpenSSL error queue away from others.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ~ErrorScope() { ERR_pop_to_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

/// For calls that fail only when memory or entropy is exhausted: nothing made afterwards could be
/// trusted, so the process ends, as in random_bytes().
inline void must(bool ok) {
  if (!ok) std::abort();
}

/// Bytes wiped on destruction.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size) : bytes_(size) {}
  explicit Secret(Bytes bytes) : bytes_(std::move(bytes)) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  std::uint8_t* data() { return bytes_.data(); }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  ByteView view() const { return bytes_; }
  /// Shrinks without moving the bytes; what is cut off is wiped.
  void shrink(std::size_t size) {
    OPENSSL_cleanse(bytes_.data() + size, bytes_.size() - size);
    bytes_.resize(size);
  }
  Bytes release() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// SM3 fetched once per process and never freed, because destructors of other statics may hash.
const EVP_MD* sm3_md();

}  // namespace qc::crypto::ossl
