// Any bytes, and any header and payload well framed, to get past the base64url: parsed or refused;
// what parses is what came in.
#include <cstdlib>

#include "sdk/proof/transaction.hpp"

namespace {

void check_text(const std::string& text) {
  const auto tx = qc::proof::parse_transaction(text);
  if (!tx) {
    if (tx.error().code.rfind("tx.", 0) != 0) std::abort();
    return;
  }
  if (tx->bytes != text || tx->nonce.size() != 22 || !tx->body.is_object()) std::abort();
  // Nobody holds the fuzzer's key: it cannot sign.
  static const auto kKey = qc::crypto::PrivateKey::generate();
  if (qc::proof::verify_transaction(*tx, kKey.public_key())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string kHeader = qc::to_base64url(qc::as_bytes(qc::Json{
      {"alg", "SGD_SM3_SM2"},
      {"kid", qc::crypto::PrivateKey::generate().kid()},
      {"typ", "qc-tx+jws"}}.dump()));
  const std::string signature = "." + qc::to_base64url(qc::Bytes(64, 1));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_text(std::string(text));
  check_text(kHeader + "." + qc::to_base64url(qc::as_bytes(text)) + signature);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  check_text(qc::to_base64url(qc::as_bytes(text.substr(0, end))) + "." +
             qc::to_base64url(qc::as_bytes(text.substr(end + 1))) + signature);
  return 0;
}
