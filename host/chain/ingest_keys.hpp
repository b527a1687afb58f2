// The keys that signatures are verified against, ready for use.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "host/chain/rules.hpp"
#include "sdk/crypto/sm2_key_cache.hpp"

namespace qc::chain {

/// Finds who must have signed. A name (kid) is the digest of the key itself, so what is remembered
/// under it stays right whatever happens to accounts; whether the key's account may sign now is the
/// rules' business, in the batch (find_signer).
///
/// Policy. Members, plugins and the host sign all day: their keys are remembered and the busy ones
/// get tables (crypto::KeyCache, 1,024 of them at most). A person signs a few times a year: a table
/// would cost more than it saves and push out a bank's, so persons are looked up each time and
/// verified without (TxVerifier).
/// Any thread.
class IngestKeys {
 public:
  struct Signer {
    std::optional<crypto::PublicKey> key;  ///< of who is remembered
    std::array<std::uint8_t, 64> xy{};     ///< else the point, not yet checked to be one
  };
  /// Errors: "tx.unknown_key", "tx.invalid", as signer_key().
  Result<Signer> find(const Transaction& tx, const StateReader& state);

  crypto::KeyCache::Counters counters() const { return cache_.counters(); }

 private:
  using Xy = std::array<std::uint8_t, 64>;
  static constexpr std::size_t kMaxNames = 16384;  ///< about 200 bytes each

  std::optional<Xy> remembered(const std::string& kid);

  crypto::KeyCache cache_;
  std::mutex mutex_;
  std::unordered_map<std::string, Xy> names_;  ///< guarded by mutex_
};

}  // namespace qc::chain
