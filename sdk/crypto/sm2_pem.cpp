// PKCS#8 under a passphrase: PBES2 with PBKDF2-HMAC-SM3 and SM4-CBC (GM/T 0091-2020, RFC 8018).
//
// OpenSSL 3.0 has no NID for hmacWithSM3, so PKCS5_pbe2_set_iv and PKCS8_decrypt cannot name this
// PRF; teaching it with EVP_PBE_alg_add_type would change tables of the whole process without a
// lock. So the derivation (EVP_KDF) and the cipher (EVP_CIPHER) are called directly and OpenSSL's
// ASN.1 types make the envelope. OpenSSL 3.0's command line cannot open such a file for the same
// reason; GmSSL 3, Tongsuo and newer OpenSSL releases know the PRF.
#include <algorithm>

#include <climits>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include "sdk/crypto/sm2_impl.hpp"

namespace qc::crypto {
namespace {

constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kKeySize = 16;
constexpr std::size_t kBlockSize = 16;
constexpr std::uint64_t kIterationsChosen = 200'000;
constexpr std::uint64_t kIterationsRandom = 10'000;
constexpr std::int64_t kMinIterations = 1'024;       // GM/T 0091-2020
constexpr std::int64_t kMaxIterations = 10'000'000;  // a hostile file must not stall the reader
constexpr std::size_t kMaxPemSize = std::size_t{16} * 1024;

// GM/T 0006-2023 and annex C of GM/T 0091-2020.
constexpr const char* kHmacSm3Oid = "1.2.156.10197.1.401.2";
// Annex A of GM/T 0091-2020 disagrees with its annex C; OpenSSL before the erratum writes this one.
constexpr const char* kHmacSm3OldOid = "1.2.156.10197.1.401.3.1";

struct Derivation {
  Bytes salt;
  std::uint64_t iterations = 0;
  Bytes iv;
};

ossl::Secret derive_key(std::string_view passphrase, const Derivation& how) {
  const ossl::Kdf kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_PBKDF2, nullptr));
  const ossl::KdfCtx ctx(EVP_KDF_CTX_new(kdf.get()));
  ossl::must(ctx != nullptr);
  static constexpr char kNothing = 0;
  const char* text = passphrase.empty() ? &kNothing : passphrase.data();
  std::uint64_t iterations = how.iterations;
  std::array<char, 4> digest{"SM3"};
  // OSSL_PARAM points to mutable memory although these are only read.
  const std::array<OSSL_PARAM, 5> params = {
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, const_cast<char*>(text),
                                        passphrase.size()),
      OSSL_PARAM_construct_octet_string(
          OSSL_KDF_PARAM_SALT, const_cast<std::uint8_t*>(how.salt.data()), how.salt.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &iterations),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  ossl::Secret key(kKeySize);
  ossl::must(EVP_KDF_derive(ctx.get(), key.data(), key.size(), params.data()) == 1);
  return key;
}

/// SM4-CBC with PKCS#7 padding; nothing when the padding is wrong.
std::optional<ossl::Secret> cbc(bool encrypt, const ossl::Secret& key, ByteView iv, ByteView in) {
  const ossl::CipherCtx ctx(EVP_CIPHER_CTX_new());
  ossl::must(ctx != nullptr && EVP_CipherInit_ex2(ctx.get(), EVP_sm4_cbc(), key.data(), iv.data(),
                                                  encrypt ? 1 : 0, nullptr) == 1);
  ossl::Secret out(in.size() + kBlockSize);
  int head = 0;
  int tail = 0;
  if (EVP_CipherUpdate(ctx.get(), out.data(), &head, in.data(), static_cast<int>(in.size())) != 1 ||
      EVP_CipherFinal_ex(ctx.get(), out.data() + head, &tail) != 1) {
    return std::nullopt;
  }
  out.shrink(static_cast<std::size_t>(head) + static_cast<std::size_t>(tail));
  return out;
}

ossl::OctetString octet_string(ByteView bytes) {
  ossl::OctetString out(ASN1_OCTET_STRING_new());
  ossl::must(out != nullptr &&
             ASN1_OCTET_STRING_set(out.get(), bytes.data(), static_cast<int>(bytes.size())) == 1);
  return out;
}

ByteView bytes_of(const ASN1_STRING* text) {
  return {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// PBKDF2-params of RFC 8018 with the SM3 PRF.
ossl::Pbkdf2 make_kdf_params(const Derivation& how) {
  ossl::Pbkdf2 params(PBKDF2PARAM_new());
  ossl::Algorithm prf(X509_ALGOR_new());
  ossl::must(params != nullptr && prf != nullptr &&
             ASN1_INTEGER_set_uint64(params->iter, how.iterations) == 1 &&
             X509_ALGOR_set0(prf.get(), OBJ_txt2obj(kHmacSm3Oid, 1), V_ASN1_NULL, nullptr) == 1);
  params->salt->type = V_ASN1_OCTET_STRING;
  params->salt->value.octet_string = octet_string(how.salt).release();
  X509_ALGOR_free(params->prf);
  params->prf = prf.release();
  return params;
}

/// AlgorithmIdentifier id-PBES2 { PBKDF2, sm4-cbc }.
ossl::Algorithm make_algorithm(const Derivation& how) {
  const ossl::Pbkdf2 kdf = make_kdf_params(how);
  ASN1_STRING* packed_kdf = nullptr;
  ASN1_STRING* packed_pbe = nullptr;
  const ossl::Pbe2 pbe(PBE2PARAM_new());
  ossl::Algorithm out(X509_ALGOR_new());
  ossl::must(pbe != nullptr && out != nullptr);
  packed_kdf = ASN1_item_pack(kdf.get(), ASN1_ITEM_rptr(PBKDF2PARAM), nullptr);
  ossl::must(
      packed_kdf != nullptr &&
      X509_ALGOR_set0(pbe->keyfunc, OBJ_nid2obj(NID_id_pbkdf2), V_ASN1_SEQUENCE, packed_kdf) == 1 &&
      X509_ALGOR_set0(pbe->encryption, OBJ_nid2obj(NID_sm4_cbc), V_ASN1_OCTET_STRING,
                      octet_string(how.iv).release()) == 1);
  packed_pbe = ASN1_item_pack(pbe.get(), ASN1_ITEM_rptr(PBE2PARAM), nullptr);
  ossl::must(packed_pbe != nullptr &&
             X509_ALGOR_set0(out.get(), OBJ_nid2obj(NID_pbes2), V_ASN1_SEQUENCE, packed_pbe) == 1);
  return out;
}

bool is_oid(const ASN1_OBJECT* object, const char* dotted) {
  std::array<char, 64> text{};
  const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return size > 0 && std::string_view(text.data()) == dotted;
}

/// The parameters of `algorithm` as a T, when its identifier is `nid`.
template <typename Owner>
Owner unpack(const X509_ALGOR* algorithm, int nid, const ASN1_ITEM* item) {
  const ASN1_OBJECT* object = nullptr;
  const void* value = nullptr;
  int type = 0;
  X509_ALGOR_get0(&object, &type, &value, algorithm);
  if (OBJ_obj2nid(object) != nid || type != V_ASN1_SEQUENCE) return nullptr;
  return Owner(static_cast<typename Owner::pointer>(
      ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), item)));
}

std::optional<Derivation> read_algorithm(const X509_ALGOR* algorithm) {
  const auto pbe = unpack<ossl::Pbe2>(algorithm, NID_pbes2, ASN1_ITEM_rptr(PBE2PARAM));
  if (pbe == nullptr) return std::nullopt;
  const auto kdf = unpack<ossl::Pbkdf2>(pbe->keyfunc, NID_id_pbkdf2, ASN1_ITEM_rptr(PBKDF2PARAM));
  if (kdf == nullptr || kdf->prf == nullptr || kdf->salt->type != V_ASN1_OCTET_STRING) {
    return std::nullopt;
  }
  const ASN1_OBJECT* prf = nullptr;
  X509_ALGOR_get0(&prf, nullptr, nullptr, kdf->prf);
  if (!is_oid(prf, kHmacSm3Oid) && !is_oid(prf, kHmacSm3OldOid)) return std::nullopt;
  std::int64_t iterations = 0;
  std::int64_t key_size = kKeySize;
  if (ASN1_INTEGER_get_int64(&iterations, kdf->iter) != 1 || iterations < kMinIterations ||
      iterations > kMaxIterations) {
    return std::nullopt;
  }
  if (kdf->keylength != nullptr &&
      (ASN1_INTEGER_get_int64(&key_size, kdf->keylength) != 1 || key_size != kKeySize)) {
    return std::nullopt;
  }
  const ASN1_OBJECT* cipher = nullptr;
  const void* iv = nullptr;
  int iv_type = 0;
  X509_ALGOR_get0(&cipher, &iv_type, &iv, pbe->encryption);
  if (OBJ_obj2nid(cipher) != NID_sm4_cbc || iv_type != V_ASN1_OCTET_STRING) return std::nullopt;
  const ByteView salt = bytes_of(kdf->salt->value.octet_string);
  const ByteView iv_bytes = bytes_of(static_cast<const ASN1_STRING*>(iv));
  if (salt.size() < 8 || iv_bytes.size() != kBlockSize) return std::nullopt;
  return Derivation{Bytes(salt.begin(), salt.end()), static_cast<std::uint64_t>(iterations),
                    Bytes(iv_bytes.begin(), iv_bytes.end())};
}

/// The SM2 key pair inside a PrivateKeyInfo.
struct KeyPair {
  ossl::Secret scalar;
  std::array<std::uint8_t, 64> xy{};
};

bool read_number(const EVP_PKEY* pkey, const char* name, std::uint8_t* out32) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(pkey, name, &value) != 1) return false;
  const ossl::Bn owned(value);
  return BN_bn2binpad(value, out32, 32) == 32;
}

std::optional<KeyPair> read_key_pair(const PKCS8_PRIV_KEY_INFO* info) {
  const ossl::Pkey pkey(EVP_PKCS82PKEY(info));
  if (pkey == nullptr || EVP_PKEY_is_a(pkey.get(), "SM2") != 1) return std::nullopt;
  KeyPair out{ossl::Secret(32)};
  if (!read_number(pkey.get(), OSSL_PKEY_PARAM_PRIV_KEY, out.scalar.data()) ||
      !read_number(pkey.get(), OSSL_PKEY_PARAM_EC_PUB_X, out.xy.data()) ||
      !read_number(pkey.get(), OSSL_PKEY_PARAM_EC_PUB_Y, out.xy.data() + 32)) {
    return std::nullopt;
  }
  return out;
}

/// A file with the old "Proc-Type" header would make OpenSSL ask on the terminal.
int no_prompt(char*, int, int, void*) { return -1; }

}  // namespace

std::string PrivateKey::to_encrypted_pem(std::string_view passphrase, PassphraseKind kind) const {
  const Derivation how{random_bytes(kSaltSize),
                       kind == PassphraseKind::kRandom ? kIterationsRandom : kIterationsChosen,
                       random_bytes(kBlockSize)};
  const ossl::Pkcs8 info(EVP_PKEY2PKCS8(impl_->pkey.get()));
  std::uint8_t* der = nullptr;
  const int der_size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : -1;
  ossl::must(der_size > 0);
  const auto sealed = cbc(true, derive_key(passphrase, how), how.iv,
                          ByteView(der, static_cast<std::size_t>(der_size)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(der_size));
  ossl::must(sealed.has_value());

  const ossl::EncryptedPkcs8 envelope(X509_SIG_new());
  ossl::must(envelope != nullptr);
  X509_ALGOR* algorithm = nullptr;
  ASN1_OCTET_STRING* content = nullptr;
  X509_SIG_getm(envelope.get(), &algorithm, &content);
  ossl::must(X509_ALGOR_copy(algorithm, make_algorithm(how).get()) == 1 &&
             ASN1_OCTET_STRING_set(content, sealed->data(), static_cast<int>(sealed->size())) == 1);

  const ossl::Bio out(BIO_new(BIO_s_mem()));
  ossl::must(out != nullptr && PEM_write_bio_PKCS8(out.get(), envelope.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Result<PrivateKey> PrivateKey::from_encrypted_pem(std::string_view pem,
                                                  std::string_view passphrase) {
  const ossl::ErrorScope scope;
  // OpenSSL makes no memory BIO from nothing, so an empty file is turned away here.
  if (pem.empty() || pem.size() > kMaxPemSize) {
    return invalid("key.invalid", "empty, or too large for one key");
  }
  const ossl::Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  ossl::must(in != nullptr);
  const ossl::EncryptedPkcs8 envelope(PEM_read_bio_PKCS8(in.get(), nullptr, no_prompt, nullptr));
  if (envelope == nullptr) return invalid("key.invalid", "no ENCRYPTED PRIVATE KEY in PEM form");
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* content = nullptr;
  X509_SIG_get0(envelope.get(), &algorithm, &content);
  const auto how = read_algorithm(algorithm);
  if (!how) {
    return invalid("key.invalid", "expected PBES2 with PBKDF2-HMAC-SM3 and SM4-CBC");
  }
  const auto plain = cbc(false, derive_key(passphrase, *how), how->iv, bytes_of(content));
  // A wrong passphrase gives correct padding once in 256 times, so what follows must look the
  // same; only a whole PrivateKeyInfo of another kind is told apart.
  const Error wrong =
      unauthenticated("key.wrong_passphrase", "wrong passphrase, or the file is damaged");
  if (!plain) return wrong;
  const std::uint8_t* cursor = plain->data();
  const ossl::Pkcs8 info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &cursor, static_cast<long>(plain->size())));
  if (info == nullptr || cursor != plain->data() + plain->size()) return wrong;
  const auto pair = read_key_pair(info.get());
  if (!pair) return invalid("key.invalid", "not an SM2 private key");
  QC_ASSIGN(PrivateKey key, from_scalar(pair->scalar.view()));
  // CBC has no tag: a damaged scalar shows in that the stored point is not its multiple.
  if (!equal_constant_time(key.public_key().xy(), pair->xy)) return wrong;
  return key;
}

}  // namespace qc::crypto
