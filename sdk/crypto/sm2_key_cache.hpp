// Public keys ready for verification, the busy ones with tables.
#pragma once

#include <memory>

#include "sdk/crypto/sm2.hpp"

namespace qc::crypto {

/// A bounded cache of public keys. A key that is asked for again and again (a bank, a department,
/// a plugin, the host) gets a table of multiples and then verifies four times as fast; keys seen
/// once or twice cannot push those out, however many there are.
/// Any thread.
class KeyCache {
 public:
  struct Limits {
    std::size_t busy = 1024;  ///< keys with tables, about 18 KB each; the least recently used goes
    std::size_t others = 4096;  ///< keys without, about 2 KB each
  };
  KeyCache();
  explicit KeyCache(Limits limits);  ///< at least one of each
  ~KeyCache();
  KeyCache(const KeyCache&) = delete;
  KeyCache& operator=(const KeyCache&) = delete;

  /// The key with coordinates x || y. Error: "key.invalid", as PublicKey::from_xy().
  /// The third call for a key makes its table, in about the time of three verifications.
  Result<PublicKey> get(ByteView xy);

  struct Counters {
    std::uint64_t busy_hits = 0;  ///< answered with a table
    std::uint64_t other_hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t tables = 0;  ///< made
    std::size_t busy = 0;      ///< keys held now
    std::size_t others = 0;
  };
  Counters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qc::crypto
