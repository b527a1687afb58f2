// Who is calling: signature -> key -> account.
#pragma once

#include <functional>
#include <optional>

#include "host/chain/ledger.hpp"
#include "host/http/message.hpp"
#include "host/http/replay_cache.hpp"

namespace qc::http {

/// A caller whose signature was right.
struct Caller {
  std::string account;  ///< empty for a key that has no account yet
  std::string kind;     ///< "operator", "bank", …, "person", "host"
  std::string nonce;    ///< of the request; the response repeats it
  bool member = false;
  std::optional<crypto::PublicKey> key;
};

/// Any thread.
class Authenticator {
 public:
  /// `clock_s`: seconds since the epoch; empty: the ledger's clock.
  explicit Authenticator(const chain::Ledger& ledger, std::function<std::int64_t()> clock_s = {});

  /// The account whose registered key signed the request. Errors: "auth.missing_signature",
  /// "auth.bad_signature", "auth.bad_digest", "auth.expired" (`created` more than 300 s off, or
  /// before this host started and so perhaps used before), "auth.unknown_key", "auth.suspended",
  /// "auth.replayed", "auth.busy".
  Result<Caller> authenticate(const Request& request);

  /// The request is signed by `key`, which need not have an account. Same errors.
  Result<Caller> authenticate_key(const Request& request, const crypto::PublicKey& key);

  std::size_t remembered() const { return replays_.size(); }

 private:
  struct Claim;
  Result<Claim> read_claim(const Request& request) const;
  Status accept(const Request& request, const Claim& claim, const crypto::PublicKey& key);

  const chain::Ledger& ledger_;
  std::function<std::int64_t()> clock_s_;
  const std::int64_t started_s_;
  ReplayCache replays_;
};

}  // namespace qc::http
