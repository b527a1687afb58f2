#include "sdk/proof/pseudonym.hpp"

#include "sdk/crypto/sm3.hpp"

namespace qc::proof {

std::string pairwise_pseudonym(std::string_view ledger_pseudonym, std::string_view consumer) {
  const std::string message = std::string("qc-pairwise-1") + '\0' + std::string(consumer);
  return to_hex(crypto::hmac_sm3(as_bytes(ledger_pseudonym), as_bytes(message)));
}

}  // namespace qc::proof
