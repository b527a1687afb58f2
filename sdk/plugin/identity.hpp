// Internal: who is asking (docs/formats.md, Identity).
#pragma once

#include <filesystem>

#include "sdk/plugin/department.hpp"

namespace qc::plugin {

/// Credential type of a proved identity.
inline constexpr std::string_view kIdentityVct = "qc:identity:1";

/// The keyed pseudonym of an identity number. Holds the key, wipes it at the end. Any thread.
class Pseudonyms {
 public:
  /// File of mode 0600, first line 64 hexadecimal digits. Errors: "keystore.io",
  /// "keystore.permissions", "pseudonym_key.invalid".
  static Result<std::unique_ptr<Pseudonyms>> load(const std::filesystem::path& file);
  ~Pseudonyms();
  Pseudonyms(const Pseudonyms&) = delete;
  Pseudonyms& operator=(const Pseudonyms&) = delete;

  /// Hexadecimal HMAC-SM3.
  std::string of(std::string_view chain, std::string_view id_no) const;

 private:
  explicit Pseudonyms(Bytes key) : key_(std::move(key)) {}
  Bytes key_;
};

/// "p-" and the first 32 digits of the pseudonym.
std::string account_of(std::string_view pseudonym);

/// Who may vouch for identity, and for whom an asset is asked.
struct IdentityQuery {
  const Json* issuers = nullptr;
  std::string identity_issuer;  ///< "" = the only one in `issuers`
  std::string account;
  crypto::PublicKey holder;
  std::string item;
};

/// Opens `identity` of an "issue" message and returns the proved identity number. Checks:
/// recipient, issuer's signature, type, chain, expiry, audience (this department), nonce
/// "<item>/<id>", age, binding to the holder's key and account. Errors: "identity.…" naming the
/// field, those of sdk/crypto.
Result<std::string> open_identity(const Own& own, const IdentityQuery& query, std::string_view jwe,
                                  std::int64_t now_s);

/// A claim after decryption and proof of possession of its key.
struct OpenedClaim {
  IdentityClaim claim;
  crypto::PublicKey holder;
};
Result<OpenedClaim> open_claim(const Own& own, std::string_view jwe, const Moment& moment);

/// The answer to "prove_identity": account, pseudonym, evidence, credential.
Result<Json> identity_answer(const Own& own, const Pseudonyms& pseudonyms,
                             const OpenedClaim& opened, std::int64_t valid_days);

}  // namespace qc::plugin
