#include "sdk/plugin/context.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "sdk/crypto/sdjwt.hpp"

namespace qc::plugin {

std::int64_t own_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t Moment::left_ms() const {
  if (deadline_ms == 0) return std::numeric_limits<std::int32_t>::max();
  return std::max<std::int64_t>(0, deadline_ms - own_clock_ms());
}

Status Moment::check() const {
  if (left_ms() > 0) return {};
  return Error{ErrorKind::kTimeout,
               "plugin.deadline",
               "no time is left for this call",
               {},
               Side::kProvider,
               true};
}

Result<crypto::PublicKey> issuer_key(const Json& issuers, const std::string& account,
                                     std::string_view sdjwt) {
  const auto found = issuers.find(account);
  if (found == issuers.end() || !found->is_array() || found->empty()) {
    return unauthenticated("issuer.unknown", "the issuer is not among those the host vouches for")
        .at("issuers");
  }
  QC_ASSIGN(const std::string kid, crypto::sdjwt_peek_kid(sdjwt));
  const auto named = std::find_if(found->begin(), found->end(),
                                  [&](const Json& jwk) { return text_of(jwk, "kid") == kid; });
  auto key = crypto::PublicKey::from_jwk(named != found->end() ? *named : found->front());
  if (!key.ok()) return key.error().at("issuers");
  return key;
}

bool bound_to(const Json& claims, const crypto::PublicKey& holder) {
  const auto cnf = claims.find("cnf");
  if (cnf == claims.end() || !cnf->is_object()) return false;
  const auto jwk = cnf->find("jwk");
  if (jwk == cnf->end()) return false;
  const auto key = crypto::PublicKey::from_jwk(*jwk);
  return key.ok() && *key == holder;
}

Status check_fresh(const Json& claims, std::int64_t now_s, const std::string& path) {
  QC_ASSIGN(const std::int64_t iat, JsonReader(claims, path).integer("iat", 0, kMaxEpochSeconds));
  if (iat < now_s - kProofWindowSeconds || iat > now_s + kProofWindowSeconds) {
    return unauthenticated("proof.stale", "must be made within 300 s of now").at(path + ".iat");
  }
  return {};
}

}  // namespace qc::plugin
