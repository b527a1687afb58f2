// The right edge alone gives the roots that the stored log gives, however it was appended to.
#include "host/chain/merkle_frontier.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "host/chain/merkle_log.hpp"
#include "sdk/proof/merkle.hpp"

namespace qc::chain::test {
namespace {

TEST(MerkleFrontier, GivesTheRootOfEverySize) {
  std::vector<Hash32> leaves;
  for (int i = 0; i < 700; ++i) leaves.push_back(proof::leaf_hash(as_bytes(std::to_string(i))));
  const auto store = open_memory();
  MerkleAppender log(*store, 0);
  for (const Hash32& leaf : leaves) ASSERT_TRUE(log.append(leaf).ok());
  std::mt19937 random(11);
  for (int round = 0; round < 30; ++round) {
    MerkleFrontier frontier;
    EXPECT_EQ(frontier.root(), proof::empty_root());
    while (frontier.size() < leaves.size()) {
      const std::size_t left = leaves.size() - frontier.size();
      // Round 0 goes leaf by leaf.
      const std::size_t step = round == 0 ? 1 : std::min<std::size_t>(left, random() % 90);
      frontier.append(std::span(leaves).subspan(frontier.size(), step));
      ASSERT_EQ(frontier.root(), *merkle_root(log, frontier.size())) << frontier.size();
    }
  }
}

}  // namespace
}  // namespace qc::chain::test
