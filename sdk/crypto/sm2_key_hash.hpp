// Internal: hashing of public keys for tables in memory. Keys come from outside: a secret of this
// process keeps them from being chosen so that they all meet in one bucket.
#pragma once

#include <cstring>

#include "sdk/crypto/sm2_field.hpp"

namespace qc::crypto::sm2 {

class KeyHash {
 public:
  KeyHash() : secret_(from_bytes(random_bytes(32))) {}

  /// `xy` has at least 32 bytes: x is enough, as only two keys share one.
  template <typename Xy>
  std::size_t operator()(const Xy& xy) const {
    std::array<std::uint64_t, 4> words{};
    std::memcpy(words.data(), xy.data(), 32);
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const U128 product = static_cast<U128>(words[i] ^ out) * (secret_[i] | 1U);
      out = static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product);
    }
    return static_cast<std::size_t>(out ^ secret_[0]);
  }

 private:
  U256 secret_;
};

}  // namespace qc::crypto::sm2
