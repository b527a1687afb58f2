#include "sdk/proof/commitment.hpp"

#include "sdk/crypto/sm3.hpp"

namespace qc::proof {

std::string commitment(std::string_view domain, ByteView salt, std::string_view text) {
  constexpr std::uint8_t kZero = 0;
  crypto::Sm3 hash;
  hash.update(as_bytes(domain)).update({&kZero, 1}).update(salt).update(as_bytes(text));
  return to_hex(hash.finish());
}

}  // namespace qc::proof
