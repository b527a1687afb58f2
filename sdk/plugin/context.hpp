// What every call of a plugin needs: who it is, when it is, until when it may work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sdk/crypto/sm2.hpp"
#include "sdk/plugin/description.hpp"
#include "sdk/proof/commitment.hpp"

namespace qc::plugin {

/// The plugin's own identity, fixed by "configure". Immutable afterwards, any thread.
struct Own {
  std::shared_ptr<const Description> description;
  std::string chain;
  std::string account;  ///< the owner's account: the `iss` and `aud` of this plugin
  crypto::PrivateKey key;
  /// Granted of the tables that plugin.json asks for; nothing where it asks for none in particular.
  std::optional<std::vector<std::string>> tables = {};
  /// Whose signed tree heads are believed; none where the host names none.
  std::optional<crypto::PublicKey> host = {};
  /// The key before this one, which opens what was sealed to it.
  std::optional<crypto::PrivateKey> former = {};
};

/// The plugin's own clock, milliseconds since the epoch.
std::int64_t own_clock_ms();

/// One call. Seconds since the epoch are the host's word (`now`), so that the rules of a batch and
/// the plugin agree; the deadline is measured on the plugin's own clock.
struct Moment {
  std::int64_t now_s = 0;
  std::int64_t deadline_ms = 0;  ///< milliseconds since the epoch, 0 = none

  /// Milliseconds left, at least 0; a large number without a deadline.
  std::int64_t left_ms() const;
  /// Error "plugin.deadline" (kTimeout) when no time is left.
  Status check() const;
};

struct Health {
  bool ok = true;
  std::string detail;  ///< shown to operators: no personal value
};

/// How old a proof of possession may be, and how far ahead of us its clock; seconds.
inline constexpr std::int64_t kProofWindowSeconds = 300;
inline constexpr std::int64_t kMaxEpochSeconds = 32'503'680'000;  // the year 3000

/// The key of `account` that `sdjwt` names, out of a message's {account: [jwk…]}: an issuer's
/// earlier keys stay good for what they signed. The present key, the first, when it names none of
/// them. Errors: "issuer.unknown", "key.invalid", "sdjwt.invalid".
Result<crypto::PublicKey> issuer_key(const Json& issuers, const std::string& account,
                                     std::string_view sdjwt);

/// True when a credential's `cnf.jwk` is exactly this key.
bool bound_to(const Json& claims, const crypto::PublicKey& holder);

using proof::commitment;

/// `iat` within kProofWindowSeconds of now. Error: "proof.stale" naming the field.
Status check_fresh(const Json& claims, std::int64_t now_s, const std::string& path);

}  // namespace qc::plugin
