#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/jose_parts.hpp"
#include "sdk/crypto/ossl.hpp"
#include "sdk/crypto/sm4_gcm.hpp"

namespace qc::crypto {
namespace {

constexpr const char* kJweCode = "jwe.invalid";

/// The parts of a compact JWE after all structural checks.
struct Jwe {
  std::string_view aad;  ///< the encoded protected header, as received
  Json header;
  Bytes encrypted_key;
  Bytes nonce;
  Bytes ciphertext;
  Bytes tag;
};

Status decode_into(Bytes& out, std::string_view text, const char* field) {
  auto bytes = from_base64url(text);
  if (!bytes.ok()) return invalid(kJweCode, bytes.error().message, field);
  out = std::move(bytes).value();
  return {};
}

Result<Jwe> parse(std::string_view compact) {
  std::array<std::string_view, 5> parts;
  QC_TRY(jose::split(compact, parts, kJweCode));
  Jwe out;
  out.aad = parts[0];
  QC_ASSIGN(out.header, jose::read_header(parts[0], kJweAlg, kJweCode));
  const auto enc = out.header.find("enc");
  if (enc == out.header.end() || *enc != Json(kJweEnc)) {
    return invalid(kJweCode, "expected \"" + std::string(kJweEnc) + "\"", "header.enc");
  }
  // Compression before encryption leaks lengths, and a bomb would unpack here.
  if (out.header.contains("zip")) return invalid(kJweCode, "no compression", "header.zip");
  if (!out.header.contains("kid")) return invalid(kJweCode, "recipient is missing", "header.kid");
  QC_TRY(decode_into(out.encrypted_key, parts[1], "encrypted_key"));
  QC_TRY(decode_into(out.nonce, parts[2], "iv"));
  QC_TRY(decode_into(out.ciphertext, parts[3], "ciphertext"));
  QC_TRY(decode_into(out.tag, parts[4], "tag"));
  if (out.encrypted_key.empty()) return invalid(kJweCode, "is missing", "encrypted_key");
  if (out.nonce.size() != kGcmNonceSize) return invalid(kJweCode, "expected 12 bytes", "iv");
  if (out.tag.size() != kGcmTagSize) return invalid(kJweCode, "expected 16 bytes", "tag");
  return out;
}

/// The content key; random bytes when it cannot be had, so that a wrong key and a wrong tag end in
/// the same place (RFC 7516 section 11.5).
ossl::Secret unwrap(const PrivateKey& key, const Bytes& encrypted_key) {
  ossl::Secret substitute(random_bytes(kSm4KeySize));
  auto opened = key.decrypt(encrypted_key);
  if (!opened.ok()) return substitute;
  ossl::Secret cek(std::move(opened).value());
  return cek.size() == kSm4KeySize ? std::move(cek) : std::move(substitute);
}

}  // namespace

Result<std::string> jwe_encrypt(const PublicKey& recipient, std::string_view plaintext,
                                std::string_view cty) {
  Json header = {{"alg", kJweAlg}, {"enc", kJweEnc}, {"kid", recipient.kid()}};
  if (!cty.empty()) header["cty"] = cty;
  std::string out = to_base64url(as_bytes(jose::dump(header)));
  const ossl::Secret cek(random_bytes(kSm4KeySize));
  const Bytes nonce = random_bytes(kGcmNonceSize);
  QC_ASSIGN(const Bytes encrypted_key, recipient.encrypt(cek.view()));
  QC_ASSIGN(const Sealed sealed,
            sm4_gcm_seal(cek.view(), nonce, as_bytes(plaintext), as_bytes(out)));
  for (const Bytes* part : {&encrypted_key, &nonce, &sealed.ciphertext, &sealed.tag}) {
    out += '.';
    out += to_base64url(*part);
  }
  return out;
}

Result<std::string> jwe_decrypt(const PrivateKey& key, std::string_view compact,
                                std::size_t max_bytes) {
  if (compact.size() > max_bytes) {
    return Error{
        ErrorKind::kTooLarge, kJweCode, "at most " + std::to_string(max_bytes) + " bytes", {}};
  }
  QC_ASSIGN(const Jwe jwe, parse(compact));
  if (jwe.header["kid"] != Json(key.kid())) {
    return invalid("jwe.wrong_recipient", "encrypted to another key", "header.kid");
  }
  const ossl::Secret cek = unwrap(key, jwe.encrypted_key);
  auto opened = sm4_gcm_open(cek.view(), jwe.nonce, jwe.ciphertext, jwe.tag, as_bytes(jwe.aad));
  if (!opened.ok()) return invalid("jwe.decrypt_failed", "cannot be decrypted with this key");
  const ossl::Secret plain(std::move(opened).value());
  return std::string(as_text(plain.view()));
}

}  // namespace qc::crypto
