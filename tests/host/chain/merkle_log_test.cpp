// The Merkle log: roots and proofs of every size, out of the right edge and out of tiles on disk.
#include "host/chain/merkle_log.hpp"

#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "host/chain/tile_store.hpp"
#include "sdk/proof/merkle.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

std::vector<Hash32> leaves(std::size_t n) {
  std::vector<Hash32> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(proof::leaf_hash(as_bytes(std::to_string(i))));
  return out;
}

/// RFC 9162 section 2.1.1, word for word.
Hash32 mth(const Hash32* d, std::size_t n) {
  if (n == 0) return proof::empty_root();
  if (n == 1) return *d;
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return proof::node_hash(mth(d, k), mth(d + k, n - k));
}

/// Appends in batches of these sizes, cycling; every batch's root and its own paths must be right.
void append_all(TileStore& tiles, const std::vector<Hash32>& all,
                const std::vector<std::size_t>& sizes) {
  const auto store = open_memory();
  std::size_t done = 0;
  for (std::size_t b = 0; done < all.size(); ++b) {
    const std::size_t before = done;
    MerkleAppender appender(*store, done);
    for (std::size_t i = 0; i < sizes[b % sizes.size()] && done < all.size(); ++i) {
      ASSERT_TRUE(appender.append(all[done++]).ok());
    }
    ASSERT_EQ(appender.size(), done);
    const Hash32 root = *merkle_root(appender, done);
    if (done < 300) {
      ASSERT_EQ(root, mth(all.data(), done));
    }
    for (const std::size_t index : {before, (before + done) / 2, done - 1}) {
      ASSERT_EQ(*proof::root_from_inclusion(all[index], index, done,
                                            *merkle_inclusion(appender, index, done)),
                root);
    }
    ASSERT_TRUE(tiles.append(appender.leaves()).ok());
    KvBatch batch;
    appender.write_to(batch);
    ASSERT_EQ(batch.size(), 1U);
    ASSERT_TRUE(store->write(batch).ok());
  }
  EXPECT_EQ(tiles.size(), all.size());
}

struct Tiles {
  explicit Tiles(const std::vector<Hash32>& all, const std::vector<std::size_t>& sizes) {
    store = TileStore::open(dir.path() / "tiles").value();
    append_all(*store, all, sizes);
  }
  fs::path file(std::size_t level) const { return dir.path() / "tiles" / std::to_string(level); }
  TempDir dir;
  std::unique_ptr<TileStore> store;
};

TEST(MerkleLog, GivesEveryRootAndInclusionOfEverySize) {
  const auto all = leaves(300);
  const Tiles tiles(all, {1, 7, 64, 3});
  for (std::size_t n = 1; n <= all.size(); ++n) {
    const TileNodes nodes(tiles.store->files(), n);
    const Hash32 root = mth(all.data(), n);
    ASSERT_EQ(*merkle_root(nodes, n), root) << n;
    for (std::size_t m = 0; m < n; ++m) {
      const auto path = merkle_inclusion(nodes, m, n);
      ASSERT_TRUE(path.ok()) << path.error().message;
      ASSERT_EQ(*proof::root_from_inclusion(all[m], m, n, *path), root) << m << " of " << n;
    }
  }
  EXPECT_EQ(*merkle_root(TileNodes(tiles.store->files(), 0), 0), proof::empty_root());
}

TEST(MerkleLog, GivesEveryConsistencyProof) {
  const auto all = leaves(290);
  const Tiles tiles(all, {5});
  const TileNodes nodes(tiles.store->files(), all.size());
  std::vector<Hash32> roots;
  for (std::size_t n = 0; n <= all.size(); ++n) roots.push_back(mth(all.data(), n));
  for (std::size_t n = 0; n <= all.size(); ++n) {
    for (std::size_t m = 0; m <= n; m += 1 + n % 7) {
      const auto path = merkle_consistency(nodes, m, n);
      ASSERT_TRUE(path.ok());
      ASSERT_TRUE(proof::verify_consistency(m, roots[m], n, roots[n], *path)) << m << " " << n;
    }
  }
}

TEST(MerkleLog, ReadsFewTilesOfALongLog) {
  // 256 * 256 leaves fill a tile of the second level; go beyond it.
  const auto all = leaves(256 * 256 * 2 + 256 * 3 + 77);
  const Tiles tiles(all, {20000, 1, 333});
  const std::size_t size = all.size();
  const Hash32 root = mth(all.data(), size);
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    const std::size_t m = random() % size;
    const std::size_t n = m + 1 + random() % (size - m);
    // Three levels: the leaf's tiles and those of the right edge; a consistency proof has a second
    // edge.
    const std::uint64_t before = tiles.store->files().reads();
    const TileNodes nodes(tiles.store->files(), size);
    const auto path = merkle_inclusion(nodes, m, size);
    ASSERT_TRUE(path.ok());
    ASSERT_EQ(*proof::root_from_inclusion(all[m], m, size, *path), root);
    EXPECT_LE(tiles.store->files().reads() - before, 2U * 3);
    const std::uint64_t between = tiles.store->files().reads();
    const TileNodes fresh(tiles.store->files(), size);
    const auto consistency = merkle_consistency(fresh, m, n);
    ASSERT_TRUE(consistency.ok());
    EXPECT_LE(tiles.store->files().reads() - between, 3U * 3);
    if (i >= 10) continue;
    ASSERT_TRUE(
        proof::verify_consistency(m, mth(all.data(), m), n, mth(all.data(), n), *consistency));
  }
}

TEST(MerkleLog, TheFilesDoNotDependOnHowBatchesWereCut) {
  const auto all = leaves(70000);
  const Tiles a(all, {40000});
  const Tiles b(all, {100, 13, 256, 1000});
  const Tiles c(leaves(69990), {256});
  for (std::size_t level = 0; level < TileFiles::kLevels; ++level) {
    const std::string bytes = read_text(a.file(level));
    EXPECT_EQ(bytes, read_text(b.file(level))) << level;
    EXPECT_EQ(bytes.size(), (all.size() >> (8 * level)) * 32);
    // And a shorter log's are their beginnings.
    EXPECT_TRUE(bytes.starts_with(read_text(c.file(level))));
  }
}

TEST(MerkleLog, NamesADamagedTile) {
  const auto all = leaves(256 * 256 + 256 * 5 + 9);
  const Tiles tiles(all, {30000});
  const auto damage = [&](std::size_t level, std::size_t hash) {
    std::string bytes = read_text(tiles.file(level));
    bytes[hash * 32 + 5] ^= 1;
    write_text(tiles.file(level), bytes);
  };
  const auto proof_of = [&](std::size_t index) {
    return merkle_inclusion(TileNodes(tiles.store->files(), all.size()), index, all.size());
  };
  ASSERT_TRUE(proof_of(700).ok());
  damage(0, 701);
  EXPECT_NE(proof_of(700).error().message.find("tiles/0, tile 2"), std::string::npos);
  EXPECT_TRUE(proof_of(2000).ok());  // other tiles are as they were
  damage(0, 701);
  damage(1, 40);
  EXPECT_NE(proof_of(700).error().message.find("tiles/1, tile 0"), std::string::npos);
  damage(1, 40);
  fs::resize_file(tiles.file(0), 32 * 100);
  EXPECT_EQ(proof_of(700).error().code, "ledger.corrupt");
}

TEST(MerkleLog, IsBroughtLevelWhateverTheFilesHold) {
  const auto all = leaves(256 * 256 + 256 * 70 + 9);
  const Hash32 root = mth(all.data(), all.size());
  std::uint64_t asked = 0;
  const LeafSource source = [&](std::uint64_t first, std::size_t count) {
    asked += count;
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    return Result<std::vector<Hash32>>(
        std::vector<Hash32>(begin, begin + static_cast<std::ptrdiff_t>(count)));
  };
  std::vector<std::string> good;
  const Tiles tiles(all, {30000});
  TileGoal goal{all.size(), root, all.size() - 10000};
  for (std::size_t i = 0; i < TileFiles::kLevels; ++i) good.push_back(read_text(tiles.file(i)));
  const auto reopened = [&](std::size_t level, const std::string& bytes) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      write_text(tiles.file(i), i == level ? bytes : good[i]);
    }
    asked = 0;
    const auto store = TileStore::open(tiles.dir.path() / "tiles");
    EXPECT_TRUE(store.ok());
    const Status level_again = bring_level(**store, goal, source);
    EXPECT_TRUE(level_again.ok()) << level_again.error().message;
    for (std::size_t i = 0; i < good.size(); ++i) EXPECT_EQ(read_text(tiles.file(i)), good[i]);
  };
  reopened(0, good[0]);
  EXPECT_EQ(asked, 0U);
  reopened(0, good[0] + std::string(32 * 700, 'x'));  // ahead of the state
  reopened(0, good[0].substr(0, good[0].size() - 32 * 1000 - 5));
  EXPECT_EQ(asked, 1001U);
  reopened(1, good[1].substr(0, good[1].size() - 40));
  EXPECT_LT(asked, 1000U);
  reopened(2, "");
  reopened(0, "");
  EXPECT_EQ(asked, all.size());
  std::string torn = good[0];  // as a file system may leave the end of a file
  std::fill(torn.end() - 3000, torn.end(), '\0');
  reopened(0, torn);
  EXPECT_EQ(asked, 10000U);
  // A hole a little before the end: the root does not show it.
  torn = good[0];
  const auto hole = torn.begin() + static_cast<std::ptrdiff_t>((all.size() - 5000) * 32);
  std::fill(hole, hole + 4096, '\0');
  reopened(0, torn);
  EXPECT_EQ(asked, 10000U);
  // And one in what is taken as synced: that is found where it is used, and by the audit.
  goal.unsynced_from = all.size();
  reopened(0, good[0]);
  EXPECT_EQ(asked, 0U);
  // Another ledger's root is not given, whatever is tried.
  EXPECT_EQ(bring_level(*tiles.store, {all.size(), Hash32{}, 0}, source).error().code,
            "ledger.corrupt");
}

TEST(MerkleLog, SaysWhenTheEdgeIsMissing) {
  const auto store = open_memory();
  MerkleAppender appender(*store, 100);
  EXPECT_EQ(appender.append(Hash32{}).error().code, "ledger.corrupt");
}

}  // namespace
}  // namespace qc::chain::test
