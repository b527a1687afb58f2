// Any text as a JWE; besides, the parts of the input under a header that is right.
#include <cstdlib>

#include "sdk/crypto/jose.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto key = qc::crypto::PrivateKey::generate();
  static const std::string header = qc::to_base64url(qc::as_bytes(
      qc::Json{{"alg", "SGD_SM2_3"}, {"enc", "SGD_SM4_GCM"}, {"kid", key.kid()}}.dump()));
  const qc::ByteView bytes(data, size);
  if (qc::crypto::jwe_decrypt(key, qc::as_text(bytes)).ok()) std::abort();
  if (size < 28) return 0;
  const std::string framed = header + "." + qc::to_base64url(bytes.subspan(28)) + "." +
                             qc::to_base64url(bytes.first(12)) + "." + qc::to_base64url(bytes) +
                             "." + qc::to_base64url(bytes.subspan(12, 16));
  if (qc::crypto::jwe_decrypt(key, framed).ok()) std::abort();
  return 0;
}
