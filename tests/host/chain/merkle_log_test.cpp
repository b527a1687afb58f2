// Stored Merkle log: roots and proofs of every size, out of tiles, batch by batch.
#include "host/chain/merkle_log.hpp"

#include <random>

#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/merkle.hpp"

namespace qc::chain::test {
namespace {

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

/// Appends in batches of these sizes, cycling.
std::unique_ptr<KvStore> store_of(const std::vector<Hash32>& all, std::vector<std::size_t> sizes) {
  auto store = open_memory();
  std::size_t done = 0;
  for (std::size_t b = 0; done < all.size(); ++b) {
    MerkleAppender appender(*store, done);
    for (std::size_t i = 0; i < sizes[b % sizes.size()] && done < all.size(); ++i) {
      EXPECT_TRUE(appender.append(all[done++]).ok());
    }
    EXPECT_EQ(appender.size(), done);
    EXPECT_EQ(*merkle_root(appender, done), mth(all.data(), done));
    KvBatch batch;
    appender.write_to(batch);
    EXPECT_TRUE(store->write(batch).ok());
  }
  return store;
}

TEST(MerkleLog, GivesEveryRootAndInclusionOfEverySize) {
  const auto all = leaves(150);
  const auto store = store_of(all, {1, 7, 64, 3});
  const StoredNodes nodes(*store);
  EXPECT_EQ(*merkle_root(nodes, 0), proof::empty_root());
  for (std::size_t n = 1; n <= all.size(); ++n) {
    const Hash32 root = mth(all.data(), n);
    ASSERT_EQ(*merkle_root(nodes, n), root) << n;
    for (std::size_t m = 0; m < n; ++m) {
      const auto path = merkle_inclusion(nodes, m, n);
      ASSERT_TRUE(path.ok());
      ASSERT_EQ(*proof::root_from_inclusion(all[m], m, n, *path), root) << m << " of " << n;
    }
  }
}

TEST(MerkleLog, GivesEveryConsistencyProof) {
  const auto all = leaves(100);
  const auto store = store_of(all, {5});
  const StoredNodes nodes(*store);
  for (std::size_t n = 0; n <= all.size(); ++n) {
    for (std::size_t m = 0; m <= n; ++m) {
      const auto path = merkle_consistency(nodes, m, n);
      ASSERT_TRUE(path.ok());
      ASSERT_TRUE(proof::verify_consistency(m, mth(all.data(), m), n, mth(all.data(), n), *path))
          << m << " " << n;
    }
  }
}

TEST(MerkleLog, HoldsAcrossTileGroups) {
  // 64 * 64 leaves fill a tile of the second group; go beyond it.
  const auto all = leaves(4096 + 4096 / 2 + 77);
  const auto store = store_of(all, {1000, 1, 333});
  const StoredNodes nodes(*store);
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    const std::size_t n = 1 + random() % all.size();
    const std::size_t m = random() % n;
    ASSERT_EQ(*proof::root_from_inclusion(all[m], m, n, *merkle_inclusion(nodes, m, n)),
              mth(all.data(), n));
    ASSERT_TRUE(proof::verify_consistency(m, mth(all.data(), m), n, mth(all.data(), n),
                                          *merkle_consistency(nodes, m, n)));
  }
}

TEST(MerkleLog, TheStoreDoesNotDependOnHowBatchesWereCut) {
  const auto all = leaves(777);
  const auto a = store_of(all, {1});
  const auto b = store_of(all, {100, 13});
  std::vector<std::string> rows_a;
  a->scan("", "", [&](std::string_view key, std::string_view value) {
    rows_a.push_back(std::string(key) + std::string(value));
    return true;
  });
  std::size_t i = 0;
  b->scan("", "", [&](std::string_view key, std::string_view value) {
    EXPECT_EQ(rows_a.at(i++), std::string(key) + std::string(value));
    return true;
  });
  EXPECT_EQ(i, rows_a.size());
}

TEST(MerkleLog, SaysWhenATileIsMissing) {
  const auto all = leaves(200);
  const auto store = store_of(all, {200});
  ASSERT_TRUE(store->write({{keys::tile(0, 1), std::nullopt}}).ok());
  const StoredNodes nodes(*store);
  EXPECT_EQ(merkle_inclusion(nodes, 70, 200).error().code, "ledger.corrupt");
  EXPECT_EQ(merkle_inclusion(nodes, 199, 201).error().code, "ledger.corrupt");
  MerkleAppender appender(*store, 100);
  EXPECT_EQ(appender.append(all[0]).error().code, "ledger.corrupt");
}

}  // namespace
}  // namespace qc::chain::test
