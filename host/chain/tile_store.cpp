#include "host/chain/tile_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "host/chain/log.hpp"
#include "sdk/proof/many_hashes.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kHashBytes = sizeof(Hash32);
constexpr std::size_t kLeavesAtOnce = 10000;  ///< leaves asked of a source at once
constexpr std::size_t kTilesKept = 256;       ///< with what they hash to, 16 KiB each

std::string tile_name(std::size_t level, std::uint64_t tile) {
  return "tiles/" + std::to_string(level) + ", tile " + std::to_string(tile);
}

Error damaged_tile(std::size_t level, std::uint64_t tile, const char* how) {
  return internal("ledger.corrupt", tile_name(level, tile) + ": " + how +
                                        "; remove the folder tiles/ and restart to rebuild it");
}

std::string bytes_of(std::span<const Hash32> hashes) {
  std::string out;
  out.reserve(hashes.size() * kHashBytes);
  for (const Hash32& hash : hashes) out.append(as_text(hash));
  return out;
}

/// The tile's hashes and what they hash to, level by level, as far as pairs are whole.
std::vector<std::vector<Hash32>> pyramid(std::vector<Hash32> bottom) {
  std::vector<std::vector<Hash32>> rows;
  rows.push_back(std::move(bottom));
  while (rows.back().size() > 1) {
    const std::vector<Hash32>& below = rows.back();
    rows.push_back(proof::parent_hashes(std::span(below).first(below.size() / 2 * 2)));
  }
  return rows;
}

}  // namespace

Hash32 tile_hash(std::span<const Hash32> tile) {
  return pyramid(std::vector<Hash32>(tile.begin(), tile.end())).back().front();
}

Result<TileFiles> TileFiles::open(const std::filesystem::path& folder) {
  TileFiles files;
  for (std::size_t i = 0; i < kLevels; ++i) {
    const auto path = folder / std::to_string(i);
    files.fds_[i] = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (files.fds_[i] < 0) {
      return unavailable("ledger.io", "cannot open " + path.string() + ": " + std::strerror(errno));
    }
  }
  return files;
}

TileFiles::TileFiles(TileFiles&& other) noexcept : fds_(other.fds_), reads_(other.reads_.load()) {
  other.fds_.fill(-1);
}

TileFiles::~TileFiles() {
  for (const int fd : fds_) {
    if (fd >= 0) ::close(fd);
  }
}

std::uint64_t TileFiles::entries(std::size_t level) const {
  struct stat status {};
  if (::fstat(fds_[level], &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_size) / kHashBytes;
}

std::uint64_t TileFiles::whole() const {
  std::uint64_t whole = entries(0);
  for (std::size_t i = 1; i < kLevels; ++i) {
    const std::uint64_t bits = kTileBits * i;
    const std::uint64_t have = entries(i);
    if (have < whole >> bits) whole = ((have + 1) << bits) - 1;
  }
  return whole;
}

Result<std::unique_ptr<TileStore>> TileStore::open(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return unavailable("ledger.io", "cannot create tiles/: " + error.message());
  Levels levels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    QC_ASSIGN(levels[i].file, open_derived_file(folder / std::to_string(i)));
  }
  QC_ASSIGN(TileFiles files, TileFiles::open(folder));
  std::unique_ptr<TileStore> store(new TileStore(std::move(levels), std::move(files)));
  store->size_ = store->files_.whole();
  QC_TRY(store->cut(store->size_));
  return store;
}

Status TileStore::cut(std::uint64_t size) {
  size_ = std::min(size, size_);
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const std::uint64_t bytes = (size_ >> (kTileBits * i)) * kHashBytes;
    Level& level = levels_[i];
    if (level.file->size() > bytes) QC_TRY(level.file->truncate(bytes));
    level.synced = std::min(level.synced, bytes);
  }
  return load_open_tiles();
}

Status TileStore::load_open_tiles() {
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const std::uint64_t count = size_ >> (kTileBits * i);
    levels_[i].open_tile.clear();
    if (count % kTileHashes == 0) continue;
    QC_ASSIGN(levels_[i].open_tile, files_.read(i, count / kTileHashes, count % kTileHashes));
  }
  return {};
}

Status TileStore::append(std::span<const Hash32> leaves) {
  std::vector<Hash32> entries(leaves.begin(), leaves.end());
  for (std::size_t i = 0; i < levels_.size() && !entries.empty(); ++i) {
    Level& level = levels_[i];
    QC_TRY(level.file->append(bytes_of(entries)));
    std::vector<Hash32>& tile = level.open_tile;
    tile.insert(tile.end(), entries.begin(), entries.end());
    entries.clear();
    std::size_t done = 0;
    for (; tile.size() - done >= kTileHashes; done += kTileHashes) {
      entries.push_back(tile_hash(std::span(tile).subspan(done, kTileHashes)));
    }
    tile.erase(tile.begin(), tile.begin() + static_cast<std::ptrdiff_t>(done));
  }
  size_ += leaves.size();
  return {};
}

Status TileStore::sync() {
  for (Level& level : levels_) {
    if (level.file->size() == level.synced) continue;
    QC_TRY(level.file->sync());
    level.synced = level.file->size();
  }
  return {};
}

Result<std::vector<Hash32>> TileFiles::read(std::size_t level, std::uint64_t tile,
                                            std::size_t count) const {
  ++reads_;
  std::vector<Hash32> out(count);
  auto* bytes = reinterpret_cast<char*>(out.data());
  std::size_t done = 0;
  while (done < count * kHashBytes) {
    const auto at = static_cast<off_t>(tile * kTileHashes * kHashBytes + done);
    const ssize_t got = ::pread(fds_[level], bytes + done, count * kHashBytes - done, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return unavailable("ledger.io",
                         "cannot read " + tile_name(level, tile) + ": " + std::strerror(errno));
    }
    if (got == 0) return damaged_tile(level, tile, "it ends too early");
    done += static_cast<std::size_t>(got);
  }
  return out;
}

Result<Hash32> TileNodes::node(std::uint8_t level, std::uint64_t index) const {
  const std::size_t tile_level = level / kTileBits;
  const unsigned row = level % kTileBits;
  const std::uint64_t tile = index >> (kTileBits - row);
  QC_ASSIGN(const Rows* const found, rows(tile_level, tile));
  const std::uint64_t first = tile << (kTileBits - row);
  if (row >= found->size() || index - first >= (*found)[row].size()) {
    return damaged_tile(tile_level, tile, "a node that is not complete was asked for");
  }
  return (*found)[row][index - first];
}

Result<const TileNodes::Rows*> TileNodes::rows(std::size_t level, std::uint64_t tile) const {
  const std::pair key{level, tile};
  auto it = cache_.find(key);
  if (it == cache_.end()) {
    QC_ASSIGN(Rows loaded, load(level, tile));
    if (cache_.size() >= kTilesKept) cache_.clear();
    it = cache_.emplace(key, std::move(loaded)).first;
  }
  return &it->second;
}

Result<TileNodes::Rows> TileNodes::load(std::size_t level, std::uint64_t tile) const {
  const std::uint64_t entries = size_ >> (kTileBits * level);
  const std::uint64_t first = tile * kTileHashes;
  if (first >= entries) return damaged_tile(level, tile, "beyond the end of the log");
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(kTileHashes, entries - first));
  QC_ASSIGN(std::vector<Hash32> bottom, tiles_.read(level, tile, count));
  Rows made = pyramid(std::move(bottom));
  if (count < kTileHashes) return made;
  QC_ASSIGN(const Rows* const above, rows(level + 1, tile / kTileHashes));
  if ((*above)[0][tile % kTileHashes] != made.back().front()) {
    return damaged_tile(level, tile, "it does not hash to the entry above it");
  }
  return made;
}

namespace {

Status add_missing(TileStore& tiles, std::uint64_t size, const LeafSource& leaves) {
  while (tiles.size() < size) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(kLeavesAtOnce, size - tiles.size()));
    QC_ASSIGN(const std::vector<Hash32> more, leaves(tiles.size(), count));
    QC_TRY(tiles.append(more));
  }
  return {};
}

/// The root, and every tile that may not have reached the disk.
bool holds(const TileStore& tiles, const TileGoal& goal, std::uint64_t held) {
  const TileNodes nodes(tiles.files(), goal.size);
  const auto found = merkle_root(nodes, goal.size);
  if (!found || *found != goal.root) return false;
  const std::uint64_t first = goal.unsynced_from / kTileHashes * kTileHashes;
  for (std::uint64_t leaf = first; leaf < held; leaf += kTileHashes) {
    if (!nodes.node(0, leaf)) return false;
  }
  return true;
}

}  // namespace

Status bring_level(TileStore& tiles, const TileGoal& goal, const LeafSource& leaves) {
  QC_TRY(tiles.cut(goal.size));
  const std::uint64_t held = tiles.size();
  QC_TRY(add_missing(tiles, goal.size, leaves));
  if (holds(tiles, goal, held)) return held < goal.size ? tiles.sync() : Status();
  for (const std::uint64_t keep : {std::min(held, goal.unsynced_from), std::uint64_t{0}}) {
    log_warning(
        "the Merkle log's tiles do not give the ledger's root; they are made again from "
        "transaction " +
        std::to_string(keep) + " on");
    QC_TRY(tiles.cut(keep));
    QC_TRY(add_missing(tiles, goal.size, leaves));
    if (holds(tiles, goal, 0)) return tiles.sync();
  }
  return internal("ledger.corrupt", "the chunk files do not give the ledger's log root");
}

}  // namespace qc::chain
