// Any bytes as an encrypted key file; besides, any DER under the PEM frame.
#include <cstdlib>

#include "sdk/crypto/sm2.hpp"

namespace {

/// Key derivation costs time by design; inputs that reach it once are enough, so a count above the
/// smallest is not tried here.
bool asks_for_much_work(std::string_view der) {
  // INTEGER of three octets or more inside: an iteration count from 32,768 on.
  return der.find("\x02\x03") != std::string_view::npos ||
         der.find("\x02\x04") != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const qc::ByteView bytes(data, size);
  if (asks_for_much_work(qc::as_text(bytes))) return 0;
  (void)qc::crypto::PrivateKey::from_encrypted_pem(qc::as_text(bytes), "pw");
  std::string base64 = qc::to_base64(bytes);
  std::string pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < base64.size(); at += 64) pem += base64.substr(at, 64) + "\n";
  pem += "-----END ENCRYPTED PRIVATE KEY-----\n";
  (void)qc::crypto::PrivateKey::from_encrypted_pem(pem, "pw");
  return 0;
}
