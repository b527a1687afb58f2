#include "sdk/proof/key_proof.hpp"

#include "sdk/crypto/jose.hpp"

namespace qc::proof {
namespace {

constexpr std::string_view kKeyProofTyp = "qc-key-proof+jws";

Json claims_of(const crypto::PublicKey& key, const KeyChange& change) {
  return {{"chain", change.chain},
          {"account", change.account},
          {"kid", key.kid()},
          {"replaces", change.replaces}};
}

}  // namespace

std::string make_key_proof(const crypto::PrivateKey& key, const KeyChange& change) {
  return crypto::jws_sign(key, claims_of(key.public_key(), change).dump(), kKeyProofTyp);
}

Status check_key_proof(std::string_view compact, const crypto::PublicKey& key,
                       const KeyChange& change) {
  const auto opened = crypto::jws_open(compact, key, kKeyProofTyp, kMaxKeyProofBytes);
  if (!opened.ok()) return invalid("key.bad_proof", opened.error().message);
  const auto payload = parse_json(opened->payload);
  if (!payload.ok() || *payload != claims_of(key, change)) {
    return invalid("key.bad_proof", "made for another network, account or key");
  }
  return {};
}

}  // namespace qc::proof
