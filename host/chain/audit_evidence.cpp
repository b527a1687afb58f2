#include "host/chain/audit_evidence.hpp"

#include "sdk/crypto/jose.hpp"

namespace qc::chain {

std::string_view evidence_in(const proof::Transaction& tx) {
  const auto found = tx.body.find("evidence");
  if (found == tx.body.end() || !found->is_string()) return {};
  return found->get_ref<const std::string&>();
}

void EvidenceKeys::note(const std::string& kid, const std::array<std::uint8_t, 64>& xy) {
  const ByteView point(xy);
  auto key = std::make_shared<const EvidenceKey>(
      EvidenceKey{xy, to_base64url(point.first(32)), to_base64url(point.subspan(32))});
  const std::lock_guard lock(mutex_);
  if (keys_.size() < kMost) keys_.try_emplace(kid, std::move(key));
}

std::shared_ptr<const EvidenceKey> EvidenceKeys::find(const std::string& kid) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(kid);
  return found == keys_.end() ? nullptr : found->second;
}

void prove_evidence(AuditWindow& window, const EvidenceKeys& known, crypto::KeyCache& keys) {
  for (AuditedTx& audited : window.transactions) {
    if (!audited.tx) continue;
    const std::string_view compact = evidence_in(*audited.tx);
    if (compact.empty()) continue;
    const auto jws = crypto::jws_parse(compact);
    if (!jws) continue;
    auto signer = known.find(jws->kid());
    if (!signer) continue;
    const auto key = keys.get(signer->xy);
    if (key && crypto::jws_verify(*jws, *key)) audited.evidence = std::move(signer);
  }
}

}  // namespace qc::chain
