// The audit's state holds what a plain map holds, also when most of it lies in a temporary store.
#include "host/chain/replay_state.hpp"

#include <random>

#include <gtest/gtest.h>

#include "host/chain/subject_map.hpp"
#include "host/chain/subject_tree.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

using Seen = std::vector<std::pair<std::string, Json>>;

Seen scan_all(const StateReader& state, const std::string& prefix, const std::string& start,
              std::size_t most) {
  Seen seen;
  state.scan(prefix, start, [&](const std::string& key, const Json& value) {
    seen.emplace_back(key, value);
    return seen.size() < most;
  });
  return seen;
}

void compare_with_map(std::size_t memory_bytes, bool spills,
                      std::size_t hot_bytes = ReplayState::kHotBytes) {
  MemoryState model;
  ReplayState state(memory_bytes, hot_bytes);
  std::vector<Cooling> cooling;
  std::mt19937 random(7);
  const char* families[] = {"a/", "b/", "b/x/", "c"};
  const auto some_key = [&] { return families[random() % 4] + std::to_string(random() % 60); };
  for (int step = 0; step < 3000; ++step) {
    Overlay::Writes writes;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) {
      writes[some_key()] =
          random() % 3 == 0
              ? nullptr
              : document(Json{{"n", step}, {"text", step % 2 == 0 ? "value" : "a \"quoted\" one"}});
    }
    model.absorb(writes);
    ASSERT_TRUE(state.absorb(std::move(writes)).ok());
    cooling.push_back(state.take_cooling());
    if (random() % 3 == 0) {  // some later than others, with writes in between
      for (Cooling& one : cooling) {
        one.run();
        state.settle(std::move(one));
      }
      cooling.clear();
    }
    for (int i = 0; i < 4; ++i) {
      const std::string key = some_key();
      ASSERT_EQ(state.get(key), model.get(key)) << key;
    }
    const std::string prefix = random() % 2 == 0 ? families[random() % 4] : "";
    const std::string start = random() % 2 == 0 ? some_key() : "";
    const std::size_t most = 1 + random() % 50;
    ASSERT_EQ(scan_all(state, prefix, start, most), scan_all(model, prefix, start, most))
        << step << " " << prefix << " from " << start;
  }
  EXPECT_EQ(state.spills() > 0, spills);
  EXPECT_EQ(state.failure(), "");
}

TEST(ReplayState, HoldsWhatAMapHolds) { compare_with_map(1U << 30U, false); }
TEST(ReplayState, HoldsWhatAMapHoldsInText) { compare_with_map(1U << 30U, false, 3000); }
TEST(ReplayState, HoldsWhatAMapHoldsBesideATemporaryStore) { compare_with_map(9000, true); }

TEST(SubjectTree, GivesTheRootsOfTheStoredMap) {
  const auto store = open_memory();
  SubjectTree tree;
  std::map<std::string, proof::SubjectValue> values;
  std::mt19937 random(5);
  Hash32 root{};
  EXPECT_EQ(tree.root(), root);
  for (std::uint64_t batch = 0; batch < 200; ++batch) {
    std::map<Hash32, proof::SubjectValue> changed;
    for (unsigned i = 0; i < 1 + random() % 20; ++i) {
      const std::string account = "p-" + std::to_string(random() % 500);
      const Hash32 tx = proof::subject_key(std::to_string(random()));
      proof::SubjectValue& value = values[account];
      value.head = proof::next_event_head(value.head, tx, batch);
      ++value.count;
      changed[proof::subject_key(account)] = value;
      tree.add_event(account, tx, batch);
    }
    SubjectMapUpdate update(*store);
    root = *update.apply(changed);
    KvBatch rows;
    update.write_to(rows);
    ASSERT_TRUE(store->write(rows).ok());
    ASSERT_EQ(tree.root(), root) << batch;
  }
  EXPECT_EQ(tree.subjects(), values.size());
}

}  // namespace
}  // namespace qc::chain::test
