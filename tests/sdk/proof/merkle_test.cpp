// Proof checking against a naive recursive tree, word for word from RFC 9162 section 2.1.
#include "sdk/proof/merkle.hpp"

#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"

namespace qc::proof {
namespace {

using Leaves = std::vector<Hash32>;  // leaf hashes

std::size_t split_of(std::size_t n) {  // the largest power of two smaller than n
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

Hash32 node(const Hash32& left, const Hash32& right) {
  std::string input(1, '\1');
  input.append(as_text(left)).append(as_text(right));
  return crypto::sm3(input);
}

Hash32 mth(const Leaves& d) {
  if (d.empty()) return crypto::sm3(std::string_view());
  if (d.size() == 1) return d[0];
  const auto k = static_cast<std::ptrdiff_t>(split_of(d.size()));
  return node(mth({d.begin(), d.begin() + k}), mth({d.begin() + k, d.end()}));
}

std::vector<Hash32> path(std::size_t m, const Leaves& d) {
  if (d.size() == 1) return {};
  const std::size_t k = split_of(d.size());
  const Leaves left(d.begin(), d.begin() + static_cast<std::ptrdiff_t>(k));
  const Leaves right(d.begin() + static_cast<std::ptrdiff_t>(k), d.end());
  std::vector<Hash32> out = m < k ? path(m, left) : path(m - k, right);
  out.push_back(m < k ? mth(right) : mth(left));
  return out;
}

std::vector<Hash32> subproof(std::size_t m, const Leaves& d, bool whole) {
  if (m == d.size()) return whole ? std::vector<Hash32>{} : std::vector<Hash32>{mth(d)};
  const std::size_t k = split_of(d.size());
  const Leaves left(d.begin(), d.begin() + static_cast<std::ptrdiff_t>(k));
  const Leaves right(d.begin() + static_cast<std::ptrdiff_t>(k), d.end());
  std::vector<Hash32> out = m <= k ? subproof(m, left, whole) : subproof(m - k, right, false);
  out.push_back(m <= k ? mth(right) : mth(left));
  return out;
}

Leaves leaves(std::size_t n) {
  Leaves out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(leaf_hash(as_bytes(std::to_string(i))));
  return out;
}

constexpr std::size_t kMost = 70;

TEST(Merkle, HashesWithDomainSeparation) {
  EXPECT_EQ(leaf_hash(as_bytes("abc")), crypto::sm3(std::string_view("\0abc", 4)));
  EXPECT_EQ(node_hash(leaf_hash({}), empty_root()), node(leaf_hash({}), empty_root()));
  // SM3 of nothing.
  EXPECT_EQ(to_hex(empty_root()),
            "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b");
}

TEST(Merkle, InclusionFollowsTheRfcAtEverySize) {
  const Leaves all = leaves(kMost);
  for (std::size_t n = 1; n <= kMost; ++n) {
    const Leaves d(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    const Hash32 root = mth(d);
    for (std::size_t m = 0; m < n; ++m) {
      const auto implied = root_from_inclusion(d[m], m, n, path(m, d));
      ASSERT_TRUE(implied.ok()) << m << " of " << n;
      ASSERT_EQ(*implied, root) << m << " of " << n;
    }
  }
}

TEST(Merkle, InclusionRefusesEveryOtherPlaceAndPath) {
  for (const std::size_t n : {1UL, 2UL, 3UL, 7UL, 8UL, 13UL}) {
    const Leaves d = leaves(n);
    const Hash32 root = mth(d);
    for (std::size_t m = 0; m < n; ++m) {
      const auto good = path(m, d);
      for (std::size_t other = 0; other < n; ++other) {
        if (other == m) continue;
        const auto implied = root_from_inclusion(d[m], other, n, good);
        ASSERT_TRUE(!implied.ok() || *implied != root) << m << other << n;
      }
      for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i][i % 32] ^= 1;
        const auto implied = root_from_inclusion(d[m], m, n, bad);
        ASSERT_TRUE(!implied.ok() || *implied != root);
      }
      auto longer = good;
      longer.push_back(root);
      EXPECT_EQ(root_from_inclusion(d[m], m, n, longer).error().code, "proof.invalid");
      if (!good.empty()) {
        auto shorter = good;
        shorter.pop_back();
        EXPECT_EQ(root_from_inclusion(d[m], m, n, shorter).error().code, "proof.invalid");
      }
    }
    EXPECT_EQ(root_from_inclusion(d[0], n, n, {}).error().code, "proof.invalid");
  }
  EXPECT_EQ(root_from_inclusion({}, 0, 0, {}).error().code, "proof.invalid");
}

TEST(Merkle, ConsistencyFollowsTheRfcForEveryPair) {
  const Leaves all = leaves(kMost);
  std::vector<Hash32> roots;
  for (std::size_t n = 0; n <= kMost; ++n) {
    roots.push_back(mth({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)}));
  }
  for (std::size_t n = 1; n <= kMost; ++n) {
    const Leaves d(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    for (std::size_t m = 1; m <= n; ++m) {
      const auto proof = subproof(m, d, true);
      ASSERT_TRUE(verify_consistency(m, roots[m], n, roots[n], proof).ok()) << m << " " << n;
      // Another older root, another newer root, and every changed step are refused.
      ASSERT_FALSE(verify_consistency(m, roots[m - 1], n, roots[n], proof).ok());
      ASSERT_FALSE(verify_consistency(m, roots[m], n, roots[n - 1], proof).ok());
      for (std::size_t i = 0; i < proof.size(); ++i) {
        auto bad = proof;
        bad[i][(m + i) % 32] ^= 0x80;
        ASSERT_EQ(verify_consistency(m, roots[m], n, roots[n], bad).error().code,
                  "proof.inconsistent");
      }
      auto longer = proof;
      longer.push_back(roots[1]);
      ASSERT_FALSE(verify_consistency(m, roots[m], n, roots[n], longer).ok());
      if (!proof.empty()) {
        auto shorter = proof;
        shorter.pop_back();
        ASSERT_FALSE(verify_consistency(m, roots[m], n, roots[n], shorter).ok());
      }
    }
  }
}

TEST(Merkle, EveryTreeExtendsTheEmptyOne) {
  const Hash32 root = mth(leaves(3));
  EXPECT_TRUE(verify_consistency(0, empty_root(), 3, root, {}).ok());
  EXPECT_TRUE(verify_consistency(0, empty_root(), 0, empty_root(), {}).ok());
  EXPECT_FALSE(verify_consistency(0, root, 3, root, {}).ok());
  EXPECT_FALSE(verify_consistency(0, empty_root(), 3, root, {root}).ok());
  EXPECT_FALSE(verify_consistency(3, root, 2, root, {}).ok());
}

}  // namespace
}  // namespace qc::proof
