// The right edge of the Merkle log (RFC 9162 with SM3): what appending and roots need, however long
// the log is.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sdk/base/bytes.hpp"

namespace qc::chain {

/// Hashes of the complete subtrees that a log consists of, at most one of each size.
/// Thread contract: one thread.
class MerkleFrontier {
 public:
  /// Leaf hashes; many at once cost a third of one by one.
  void append(std::span<const Hash32> leaves);
  Hash32 root() const;
  std::uint64_t size() const { return size_; }

 private:
  std::array<Hash32, 64> complete_{};  ///< by level; there where size_ has a bit
  std::uint64_t size_ = 0;
};

}  // namespace qc::chain
