// Any bytes: parsed or refused; what parses is what came in.
#include <cstdlib>

#include "sdk/proof/transaction.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto tx = qc::proof::parse_transaction(text);
  if (!tx) {
    if (tx.error().code.rfind("tx.", 0) != 0) std::abort();
    return 0;
  }
  if (tx->bytes != text || tx->nonce.size() != 22 || !tx->body.is_object()) std::abort();
  // Nobody holds the fuzzer's key: it cannot sign.
  static const auto kKey = qc::crypto::PrivateKey::generate();
  if (qc::proof::verify_transaction(*tx, kKey.public_key())) std::abort();
  return 0;
}
