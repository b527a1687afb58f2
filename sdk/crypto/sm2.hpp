// SM2 keys, signature (GB/T 32918.2) and public-key encryption (GB/T 32918.4).
// Secrets are handled by OpenSSL alone; signatures, which are public, are verified by our own code
// (sm2_verifier.hpp), many times as fast. Many signatures at once: sm2_batch.hpp.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sdk/base/bytes.hpp"
#include "sdk/base/json.hpp"

namespace qc::crypto {

/// Default signer identity of GM/T 0009-2012 section 10, used for ZA unless said otherwise.
inline constexpr std::string_view kDefaultSm2Id = "1234567812345678";

/// The longest identity: ENTL counts its bits in 16 bits.
inline constexpr std::size_t kMaxSm2Id = 8191;

using Signature64 = std::array<std::uint8_t, 64>;  ///< r || s, big-endian

/// The parity of the y of a signature's nonce point k G. r tells x but not which of the two points
/// with that x it was; with the parity beside them, many signatures can be verified at once
/// (sm2_batch.hpp). It is no part of what is signed and need not be trusted: a wrong one costs
/// time.
enum class NonceHint : std::uint8_t { kEven = 0, kOdd = 1, kNone = 2 };

struct KeyedSignature;

/// A point on the curve; immutable, cheap to copy. Any thread.
class PublicKey {
 public:
  /// 64 bytes x || y. Errors: "key.invalid" (off the curve, infinity, coordinate >= p).
  static Result<PublicKey> from_xy(ByteView xy);
  /// JWK kty=EC crv=SM2-P-256 (GM/T 0125.4); extra members are ignored. Error: "key.invalid".
  static Result<PublicKey> from_jwk(const Json& jwk);

  ByteView xy() const;
  /// {"crv":"SM2-P-256","kid":…,"kty":"EC","x":…,"y":…}
  Json to_jwk() const;
  /// base64url SM3 thumbprint (RFC 7638 with SM3), 43 characters.
  const std::string& kid() const;

  /// True when `signature` is valid for `message` under ZA(id). Any thread.
  bool verify(ByteView message, ByteView signature, std::string_view id = kDefaultSm2Id) const;

  /// verify() that also finds the hint for later verification in batches; nothing for an invalid
  /// signature. It takes about a tenth longer. Any thread.
  std::optional<NonceHint> verify_for_hint(ByteView message, ByteView signature,
                                           std::string_view id = kDefaultSm2Id) const;

  /// The same key with 16 KB of precomputed multiples: verify() takes a quarter of the time, once
  /// building them has taken about two verifications. For keys that sign often and are kept
  /// (sm2_key_cache.hpp keeps them).
  PublicKey with_table() const;
  bool has_table() const;

  /// SM2 encryption, ciphertext in GM/T 0009 DER. `plaintext` 1..1024 bytes (keys, not documents).
  Result<Bytes> encrypt(ByteView plaintext) const;

  bool operator==(const PublicKey& other) const;

 private:
  struct Impl;
  /// For a point that OpenSSL computed: the check of from_xy() is left out.
  static PublicKey from_curve_point(ByteView xy);
  std::shared_ptr<const Impl> impl_;
  friend class PrivateKey;
  friend std::vector<std::optional<NonceHint>> verify_for_hints(
      std::span<const KeyedSignature> items);
};

/// A signature under a key that is at hand. It refers to what the caller keeps.
struct KeyedSignature {
  const PublicKey* key;
  ByteView message;
  ByteView signature;  ///< r || s
};
/// For each what verify_for_hint() says, under kDefaultSm2Id; together they take a quarter less, as
/// messages are hashed side by side and one inversion serves all. For keys with tables; without,
/// see sm2_batch.hpp. Any thread.
std::vector<std::optional<NonceHint>> verify_for_hints(std::span<const KeyedSignature> items);
/// How much work opening a key file shall cost whoever guesses: a passphrase that a person chose
/// is stretched (200,000 rounds, some 0.15 s), one drawn at random (128 bits or more) cannot be
/// guessed at any cost, and a host opens fifty of those at once (10,000 rounds).
enum class PassphraseKind { kChosen, kRandom };

/// A private key held inside OpenSSL. Copy shares it. Any thread.
class PrivateKey {
 public:
  static PrivateKey generate();
  /// 32-byte scalar, for published test vectors and imports. Error: "key.invalid".
  static Result<PrivateKey> from_scalar(ByteView scalar);

  const PublicKey& public_key() const;
  const std::string& kid() const { return public_key().kid(); }

  Signature64 sign(ByteView message, std::string_view id = kDefaultSm2Id) const;
  /// `ciphertext` in GM/T 0009 DER. Error: "sm2.decrypt_failed" (one error for every cause).
  Result<Bytes> decrypt(ByteView ciphertext) const;

  /// PKCS#8 PEM encrypted under `passphrase` (PBES2). Never writes a key in the clear.
  std::string to_encrypted_pem(std::string_view passphrase,
                               PassphraseKind kind = PassphraseKind::kChosen) const;
  /// Errors: "key.wrong_passphrase", "key.invalid".
  static Result<PrivateKey> from_encrypted_pem(std::string_view pem, std::string_view passphrase);

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace qc::crypto
