// Signs fast and carelessly, for ledgers of a hundred thousand and more transactions: twenty times
// as fast as OpenSSL, in variable time and with nonces that anyone could foretell. Tests only.
#pragma once

#include <string>

#include "sdk/crypto/sm2.hpp"
#include "sdk/crypto/sm2_field.hpp"

namespace qc::chain::test {

/// The key that key_of(name) has too (tests/host/chain_rules/world.hpp). Thread contract: one
/// thread.
class FastSigner {
 public:
  explicit FastSigner(const std::string& name);
  const crypto::PublicKey& public_key() const { return *key_; }
  const std::string& kid() const { return key_->kid(); }

  struct Signed {
    std::string compact;
    crypto::NonceHint hint;
  };
  /// A JWS as crypto::jws_sign makes it.
  Signed sign(std::string_view payload, const std::string& typ);

 private:
  struct Signature {
    crypto::Signature64 bytes;
    crypto::NonceHint hint;
  };
  Signature sign_message(ByteView message);

  crypto::sm2::U256 secret_;
  crypto::sm2::U256 inverse_;  ///< of 1 + secret
  std::optional<crypto::PublicKey> key_;
  std::string typ_;
  std::string header_;  ///< encoded, for typ_
  std::uint64_t counter_ = 0;
};

}  // namespace qc::chain::test
