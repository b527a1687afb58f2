// Internal: holds a ledger's tiles against its transactions, as the audit meets them.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "host/chain/audit_window.hpp"
#include "host/chain/tile_store.hpp"

namespace qc::chain {

/// Makes every level's hashes anew and compares them with the files, as far as these go: tiles are
/// brought level by the host when it starts. Thread contract: one thread.
class TileAudit {
 public:
  /// Without the folder there is nothing to compare, and nothing to find.
  explicit TileAudit(const std::filesystem::path& folder);
  /// The next leaves of the log. A defect "audit.tile" names the file and the byte.
  std::optional<AuditDefect> take(std::span<const Hash32> leaves);

 private:
  std::optional<AuditDefect> compare(std::size_t level);

  std::optional<TileFiles> files_;
  struct Level {
    std::uint64_t compared = 0;  ///< hashes
    std::vector<Hash32> made;    ///< of the tile in hand, from compared / 256 * 256 on
  };
  std::array<Level, TileFiles::kLevels> levels_;
};

}  // namespace qc::chain
