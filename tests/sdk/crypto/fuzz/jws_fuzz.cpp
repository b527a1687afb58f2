// Any text as a JWS; besides, any header and payload correctly framed, to get past the base64url.
#include <cstdlib>

#include "sdk/crypto/jose.hpp"

namespace {

void check(std::string_view text) {
  const auto jws = qc::crypto::jws_parse(text);
  if (!jws.ok()) return;
  // One text per value: what was parsed encodes to what was read.
  const std::string again =
      std::string(jws->signing_input) + "." + qc::to_base64url(jws->signature);
  if (again != text || jws->signature.size() != 64) std::abort();
  static const auto key = qc::crypto::PrivateKey::generate();
  if (qc::crypto::jws_verify(*jws, key.public_key()).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const qc::ByteView bytes(data, size);
  check(qc::as_text(bytes));
  const std::size_t cut = size / 2;
  check(qc::to_base64url(bytes) + "." + qc::to_base64url(bytes.first(cut)) + "." +
        qc::to_base64url(qc::Bytes(64, 1)));
  return 0;
}
