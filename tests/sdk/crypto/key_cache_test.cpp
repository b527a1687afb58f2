// The cache of public keys: what gets a table, what goes first, what is never let in.
#include <atomic>
#include <thread>
#include <vector>

#include "sdk/crypto/sm2_key_cache.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

TEST(KeyCache, ThirdCallMakesTheTable) {
  const PrivateKey key = PrivateKey::generate();
  const ByteView xy = key.public_key().xy();
  const Signature64 signature = key.sign(as_bytes("m"));
  KeyCache cache;
  for (int call = 1; call <= 4; ++call) {
    const auto found = cache.get(xy);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->has_table(), call >= 3) << call;
    EXPECT_TRUE(*found == key.public_key());
    EXPECT_TRUE(found->verify(as_bytes("m"), signature));
    EXPECT_FALSE(found->verify(as_bytes("n"), signature));
  }
  const auto counters = cache.counters();
  EXPECT_EQ(counters.misses, 1U);
  EXPECT_EQ(counters.other_hits, 2U);
  EXPECT_EQ(counters.busy_hits, 1U);
  EXPECT_EQ(counters.tables, 1U);
  EXPECT_EQ(counters.busy, 1U);
  EXPECT_EQ(counters.others, 0U);
}

TEST(KeyCache, StrangersDoNotPushOutTheBusy) {
  const PrivateKey bank = PrivateKey::generate();
  KeyCache cache({.busy = 2, .others = 3});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.get(bank.public_key().xy()).ok());
  for (int i = 0; i < 20; ++i) {
    const PublicKey stranger = PrivateKey::generate().public_key();
    ASSERT_TRUE(cache.get(stranger.xy()).ok());
    ASSERT_TRUE(cache.get(stranger.xy()).ok());
    EXPECT_LE(cache.counters().others, 3U);
  }
  EXPECT_TRUE(cache.get(bank.public_key().xy())->has_table());
  EXPECT_EQ(cache.counters().tables, 1U);
}

TEST(KeyCache, TheLeastRecentlyUsedGoes) {
  std::vector<PublicKey> keys;
  for (int i = 0; i < 3; ++i) keys.push_back(PrivateKey::generate().public_key());
  KeyCache cache({.busy = 2, .others = 2});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.get(keys[0].xy()).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.get(keys[1].xy()).ok());
  ASSERT_TRUE(cache.get(keys[0].xy())->has_table());  // now more recent than keys[1]
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.get(keys[2].xy()).ok());
  EXPECT_EQ(cache.counters().busy, 2U);
  EXPECT_TRUE(cache.get(keys[0].xy())->has_table());
  EXPECT_TRUE(cache.get(keys[2].xy())->has_table());
  EXPECT_FALSE(cache.get(keys[1].xy())->has_table());
}

TEST(KeyCache, WhatIsNoKeyIsNotKept) {
  KeyCache cache;
  EXPECT_EQ(code_of(cache.get(Bytes(64, 1))), "key.invalid");
  EXPECT_EQ(code_of(cache.get(Bytes(63, 1))), "key.invalid");
  EXPECT_EQ(code_of(cache.get({})), "key.invalid");
  EXPECT_EQ(cache.counters().busy + cache.counters().others, 0U);
}

TEST(KeyCache, ManyThreads) {
  std::vector<PrivateKey> keys;
  std::vector<Signature64> signatures;
  for (int i = 0; i < 6; ++i) {
    keys.push_back(PrivateKey::generate());
    signatures.push_back(keys.back().sign(as_bytes("m")));
  }
  KeyCache cache({.busy = 2, .others = 2});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < 60; ++i) {
        const std::size_t at = (i / 4 + thread) % keys.size();
        const auto key = cache.get(keys[at].public_key().xy());
        if (!key.ok() || !key->verify(as_bytes("m"), signatures[at])) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.counters().busy, 2U);
  EXPECT_GT(cache.counters().tables, 0U);
}

}  // namespace
}  // namespace qc::crypto::test
