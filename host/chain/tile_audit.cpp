#include "host/chain/tile_audit.hpp"

#include <algorithm>

namespace qc::chain {

TileAudit::TileAudit(const std::filesystem::path& folder) {
  if (auto files = TileFiles::open(folder)) files_.emplace(std::move(files).value());
}

std::optional<AuditDefect> TileAudit::take(std::span<const Hash32> leaves) {
  if (!files_) return std::nullopt;
  while (!leaves.empty()) {
    std::vector<Hash32>& tile = levels_[0].made;
    const std::size_t fits = std::min(kTileHashes - tile.size(), leaves.size());
    tile.insert(tile.end(), leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(fits));
    leaves = leaves.subspan(fits);
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      if (auto defect = compare(level)) return defect;
      if (levels_[level].made.size() != kTileHashes) break;
      const Hash32 hash = tile_hash(levels_[level].made);
      levels_[level].made.clear();
      if (level + 1 < levels_.size()) levels_[level + 1].made.push_back(hash);
    }
  }
  return std::nullopt;
}

/// What was made of the tile in hand since the last comparison.
std::optional<AuditDefect> TileAudit::compare(std::size_t number) {
  Level& level = levels_[number];
  const std::uint64_t tile = level.compared / kTileHashes;
  const auto from = static_cast<std::size_t>(level.compared % kTileHashes);
  const std::uint64_t stored = files_->entries(number);
  const std::uint64_t there =
      stored < tile * kTileHashes
          ? 0
          : std::min<std::uint64_t>(stored - tile * kTileHashes, level.made.size());
  level.compared = tile * kTileHashes + level.made.size();
  if (there <= from) return std::nullopt;
  const auto defect = [&](std::size_t entry, const std::string& why) {
    return AuditDefect{"audit.tile", why, "tiles/" + std::to_string(number),
                       (tile * kTileHashes + entry) * sizeof(Hash32)};
  };
  const auto read = files_->read(number, tile, static_cast<std::size_t>(there));
  if (!read) return defect(from, read.error().message);
  const auto [made, wrong] = std::mismatch(level.made.begin() + static_cast<std::ptrdiff_t>(from),
                                           level.made.begin() + static_cast<std::ptrdiff_t>(there),
                                           read->begin() + static_cast<std::ptrdiff_t>(from));
  if (wrong == read->end()) return std::nullopt;
  return defect(static_cast<std::size_t>(wrong - read->begin()),
                "a hash of the Merkle log's tiles is not that of the transactions: these may be "
                "whole; remove the folder tiles/ and restart the host to rebuild it");
}

}  // namespace qc::chain
