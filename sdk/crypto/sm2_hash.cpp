#include "sdk/crypto/sm2_hash.hpp"

#include "sdk/crypto/sm2_impl.hpp"

namespace qc::crypto::sm2 {

IdentityPrefix::IdentityPrefix(std::string_view id) {
  const auto prefix = identity_prefix(id);
  ossl::must(prefix.has_value());
  const std::size_t whole = prefix->size() / 64 * 64;
  hashed_ = sm3_absorb({}, ByteView(*prefix).first(whole));
  rest_.assign(prefix->begin() + static_cast<std::ptrdiff_t>(whole), prefix->end());
}

const IdentityPrefix& IdentityPrefix::standard() {
  static const IdentityPrefix prefix{kDefaultSm2Id};
  return prefix;
}

std::optional<Hash32> public_identity_hash(ByteView xy, std::string_view id) {
  if (id == kDefaultSm2Id) return sm3_public(IdentityPrefix::standard().input(xy));
  if (id.size() > kMaxSm2Id) return std::nullopt;
  return sm3_public(IdentityPrefix(id).input(xy));
}

}  // namespace qc::crypto::sm2
