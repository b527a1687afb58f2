// Any JSON as a JWK: refused or a key that describes itself the same way again.
#include <cstdlib>

#include "sdk/crypto/sm2.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = qc::parse_json(qc::as_text({data, size}));
  if (!json.ok()) return 0;
  const auto key = qc::crypto::PublicKey::from_jwk(*json);
  if (!key.ok()) return 0;
  const auto again = qc::crypto::PublicKey::from_jwk(key->to_jwk());
  if (!again.ok() || !(*again == *key) || again->kid() != key->kid()) std::abort();
  return 0;
}
