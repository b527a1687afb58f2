// Internal: departments' evidence in registrars' transactions, verified before the rules' turn,
// which goes in order while all else goes over all cores.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "host/chain/audit_window.hpp"
#include "sdk/crypto/sm2_key_cache.hpp"

namespace qc::chain {

/// The JWS that a body holds as "evidence", or "".
std::string_view evidence_in(const proof::Transaction& tx);

/// Keys of members by kid, as the ordered check comes across them. Any thread.
class EvidenceKeys {
 public:
  void note(const std::string& kid, const std::array<std::uint8_t, 64>& xy);
  std::shared_ptr<const EvidenceKey> find(const std::string& kid) const;

 private:
  static constexpr std::size_t kMost = 4096;  ///< members; more are left to the rules
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const EvidenceKey>> keys_;
};

/// Verifies the evidence in a parsed window's transactions where the key is known by now. That the
/// key is the right one, and an active department's, is for the rules to say. Any thread.
void prove_evidence(AuditWindow& window, const EvidenceKeys& known, crypto::KeyCache& keys);

}  // namespace qc::chain
