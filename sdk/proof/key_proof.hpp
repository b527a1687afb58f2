// Proof that whoever asks for a key to replace another one holds it (docs/formats.md, Keys).
#pragma once

#include <string>
#include <string_view>

#include "sdk/crypto/sm2.hpp"

namespace qc::proof {

/// What the new key signs. It names the key that it replaces, so that it serves once: no key comes
/// back on the ledger.
struct KeyChange {
  std::string chain, account;
  std::string replaces;  ///< kid of the account's key until now
};

inline constexpr std::size_t kMaxKeyProofBytes = 4096;

/// JWS, typ `qc-key-proof+jws`, by the new key over {"chain","account","kid","replaces"}.
/// Any thread.
std::string make_key_proof(const crypto::PrivateKey& key, const KeyChange& change);

/// Error: "key.bad_proof". Any thread.
Status check_key_proof(std::string_view compact, const crypto::PublicKey& key,
                       const KeyChange& change);

}  // namespace qc::proof
