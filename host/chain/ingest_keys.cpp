#include "host/chain/ingest_keys.hpp"

#include <algorithm>

namespace qc::chain {
namespace {

/// Half of a point, from a JWK that the rules have checked when they took it.
bool read_coordinate(const Json& jwk, const char* name, std::uint8_t* out) {
  const auto it = jwk.find(name);
  if (it == jwk.end() || !it->is_string()) return false;
  const auto bytes = from_base64url(it->get_ref<const std::string&>());
  if (!bytes || bytes->size() != 32) return false;
  std::copy(bytes->begin(), bytes->end(), out);
  return true;
}

bool read_point(const Json& jwk, std::array<std::uint8_t, 64>& xy) {
  return read_coordinate(jwk, "x", xy.data()) && read_coordinate(jwk, "y", xy.data() + 32);
}

}  // namespace

std::optional<IngestKeys::Xy> IngestKeys::remembered(const std::string& kid) {
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(kid);
  if (it == names_.end()) return std::nullopt;
  return it->second;
}

Result<IngestKeys::Signer> IngestKeys::find(const Transaction& tx, const StateReader& state) {
  Signer out;
  if (tx.op == "network.found") {  // the key is in the body
    QC_ASSIGN(out.key, signer_key(tx, state));
    return out;
  }
  if (const auto xy = remembered(tx.kid)) {
    QC_ASSIGN(out.key, cache_.get(*xy));
    return out;
  }
  QC_ASSIGN(const SignerOnRecord signer, signer_on_record(tx, state));
  if (!read_point(*signer.jwk, out.xy)) {
    return internal("tx.invalid", "the account's key cannot be read");
  }
  if (signer.person) return out;
  QC_ASSIGN(out.key, cache_.get(out.xy));
  // Trusting the document for its own name would make one wrong entry outlive a repair.
  if (out.key->kid() != tx.kid) {
    return unauthenticated("tx.unknown_key", "the account has another key").at("kid");
  }
  const std::lock_guard lock(mutex_);
  if (names_.size() >= kMaxNames) names_.clear();  // more members than expected: learn anew
  names_.emplace(tx.kid, out.xy);
  return out;
}

}  // namespace qc::chain
