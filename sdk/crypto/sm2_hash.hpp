// Internal: ZA and e for verification, over public data (sm3_public.hpp).
#pragma once

#include <optional>
#include <vector>

#include "sdk/crypto/sm2.hpp"
#include "sdk/crypto/sm3_public.hpp"

namespace qc::crypto::sm2 {

/// ENTL || ID || a || b || G of one identity, with its whole blocks hashed. Any thread.
class IdentityPrefix {
 public:
  /// `id` must not be longer than kMaxSm2Id.
  explicit IdentityPrefix(std::string_view id);
  /// The one of kDefaultSm2Id.
  static const IdentityPrefix& standard();

  /// The input whose digest is ZA of GB/T 32918.2 clause 5.5. Refers to this and to `xy`.
  Sm3Input input(ByteView xy) const { return {{rest_, xy, {}, {}}, &hashed_}; }

 private:
  Sm3Midstate hashed_;
  Bytes rest_;
};

/// ZA under any identity; nothing if that is longer than ENTL can say.
std::optional<Hash32> public_identity_hash(ByteView xy, std::string_view id);

/// e = SM3(ZA || M); nothing without a ZA.
inline std::optional<Hash32> public_digest(const std::optional<Hash32>& za, ByteView message) {
  if (!za) return std::nullopt;
  return sm3_public({{*za, message, {}, {}}});
}

}  // namespace qc::crypto::sm2
