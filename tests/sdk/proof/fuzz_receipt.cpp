// Any JSON as a receipt: refused, or the same after another round; it never verifies.
#include <cstdlib>

#include "sdk/proof/receipt.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = qc::parse_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  const auto receipt = qc::proof::receipt_from_json(*json);
  if (!receipt) {
    if (receipt.error().code != "receipt.invalid") std::abort();
    return 0;
  }
  if (qc::proof::to_json(*receipt) != *json) std::abort();
  static const auto kKey = qc::crypto::PrivateKey::generate();
  if (qc::proof::verify_receipt("tx", *receipt, kKey.public_key(), "net")) std::abort();
  // Without the signature: only bounds and termination.
  (void)qc::proof::root_from_inclusion({}, receipt->index, receipt->size, receipt->path);
  (void)qc::proof::verify_consistency(receipt->index, {}, receipt->size, {}, receipt->path);
  return 0;
}
