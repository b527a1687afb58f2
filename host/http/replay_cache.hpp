// Remembers which (key, nonce) pairs have signed a request.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::http {

/// Bounded memory of used nonces. Entries leave when their signature could no longer be accepted;
/// at the bound new requests are refused rather than old ones forgotten. Any thread.
class ReplayCache {
 public:
  /// `max_per_key` keeps one caller from filling the memory of all.
  explicit ReplayCache(std::size_t max_entries = 1U << 20U, std::size_t max_per_key = 1U << 17U)
      : max_entries_(max_entries), max_per_key_(max_per_key) {}

  /// Records the pair until `expires_s`. Errors: "auth.replayed" (seen before),
  /// "auth.busy" (kRateLimited: too many live nonces, of this key or in all).
  Status remember(std::string_view keyid, std::string_view nonce, std::int64_t now_s,
                  std::int64_t expires_s);
  std::size_t size() const;

 private:
  using Digest = std::array<std::uint64_t, 2>;  // 128 bits of SM3: collisions refuse, never admit
  struct DigestHash {
    std::size_t operator()(const Digest& d) const { return static_cast<std::size_t>(d[0]); }
  };
  struct Slot {
    std::vector<Digest> digests;
    std::map<std::string, std::size_t, std::less<>> keys;
  };
  void forget_before(std::int64_t now_s);

  const std::size_t max_entries_, max_per_key_;
  mutable std::mutex mutex_;
  std::unordered_set<Digest, DigestHash> seen_;  // guarded by mutex_, as below
  std::map<std::int64_t, Slot> slots_;           // by minute of expiry
  std::map<std::string, std::size_t, std::less<>> per_key_;
};

}  // namespace qc::http
