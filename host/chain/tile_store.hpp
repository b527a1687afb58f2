// The Merkle log on disk (RFC 9162 with SM3): hash tiles of 256, in one file a level that only
// grows. Derived from the chunk files: the same log gives the same bytes on every host.
//
//   tiles/0   leaf hashes, 32 bytes each
//   tiles/1   hashes of complete subtrees of 256 leaves: tile t of tiles/0 hashes to entry t
//   tiles/k   hashes of complete subtrees of 256^k leaves
//
// Tile t of a level is its bytes 8192 t … 8192 (t + 1); the last one of a level may be cut short.
// Only the bottom row of each tile is kept: the seven levels above are hashed when asked for, and
// that hash is compared with the entry above, so that a damaged tile is found where it is used.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "host/chain/append_file.hpp"
#include "host/chain/merkle_log.hpp"

namespace qc::chain {

inline constexpr std::size_t kTileHashes = 256;
inline constexpr unsigned kTileBits = 8;

/// The reading end. Any thread, of what was written before.
class TileFiles {
 public:
  static constexpr std::size_t kLevels = 8;  ///< 256^8 leaves

  /// The files must be there. Error: "ledger.io".
  static Result<TileFiles> open(const std::filesystem::path& folder);
  TileFiles(TileFiles&& other) noexcept;
  TileFiles& operator=(TileFiles&&) = delete;
  ~TileFiles();

  /// Hashes that a level has now.
  std::uint64_t entries(std::size_t level) const;
  /// Leaves that are whole in all levels now.
  std::uint64_t whole() const;
  /// The first `count` hashes of a tile. Errors: "ledger.io", "ledger.corrupt" (it is short).
  Result<std::vector<Hash32>> read(std::size_t level, std::uint64_t tile, std::size_t count) const;
  /// Tiles read so far.
  std::uint64_t reads() const { return reads_; }

 private:
  TileFiles() = default;
  std::array<int, kLevels> fds_{-1, -1, -1, -1, -1, -1, -1, -1};
  mutable std::atomic<std::uint64_t> reads_{0};
};

/// The writing end. Thread contract: one thread; files() is read by any.
class TileStore {
 public:
  /// Opens or creates. What the levels do not agree on at their ends is cut off.
  /// Error: "ledger.io".
  static Result<std::unique_ptr<TileStore>> open(const std::filesystem::path& folder);
  const TileFiles& files() const { return files_; }
  /// Leaves held.
  std::uint64_t size() const { return size_; }
  /// Not synced: what a crash loses is made again from the chunk files. Error: "ledger.io".
  Status append(std::span<const Hash32> leaves);
  /// What was appended is on stable storage when this returns. Error: "ledger.io".
  Status sync();
  /// Keeps the first `size` leaves. Error: "ledger.io".
  Status cut(std::uint64_t size);

 private:
  struct Level {
    std::unique_ptr<AppendFile> file;
    std::vector<Hash32> open_tile;  ///< hashes of the tile that is not full yet
    std::uint64_t synced = 0;       ///< bytes known to be on stable storage
  };
  using Levels = std::array<Level, TileFiles::kLevels>;
  TileStore(Levels levels, TileFiles files)
      : levels_(std::move(levels)), files_(std::move(files)) {}
  Status load_open_tiles();

  Levels levels_;
  TileFiles files_;
  std::uint64_t size_ = 0;
};

/// What a full tile hashes to: the entry above it.
Hash32 tile_hash(std::span<const Hash32> tile);

/// The nodes of the log of a certain size, out of tiles; every full tile is held against the entry
/// above it. Thread contract: one thread per object.
class TileNodes final : public NodeSource {
 public:
  /// Requires size <= tiles.whole().
  TileNodes(const TileFiles& tiles, std::uint64_t size) : tiles_(tiles), size_(size) {}
  /// Errors: "ledger.corrupt" naming the tile, "ledger.io".
  Result<Hash32> node(std::uint8_t level, std::uint64_t index) const override;

 private:
  /// Row k holds the nodes k levels above the tile's hashes.
  using Rows = std::vector<std::vector<Hash32>>;
  Result<const Rows*> rows(std::size_t level, std::uint64_t tile) const;
  Result<Rows> load(std::size_t level, std::uint64_t tile) const;

  const TileFiles& tiles_;
  std::uint64_t size_;
  mutable std::map<std::pair<std::size_t, std::uint64_t>, Rows> cache_;
};

/// Leaf hashes of `count` transactions from `first` on.
using LeafSource =
    std::function<Result<std::vector<Hash32>>(std::uint64_t first, std::size_t count)>;
/// What the tiles shall hold.
struct TileGoal {
  std::uint64_t size = 0;  ///< leaves
  Hash32 root{};
  /// From this leaf on a crash of the machine may have left anything in the files: these tiles are
  /// held against what stands above them.
  std::uint64_t unsynced_from = 0;
};
/// Brings the tiles to the goal, whatever they hold: adds what is missing, and makes anew what does
/// not give the root; syncs what it made. Errors: the source's, "ledger.io", "ledger.corrupt" when
/// the source's leaves do not give the root either.
Status bring_level(TileStore& tiles, const TileGoal& goal, const LeafSource& leaves);

}  // namespace qc::chain
