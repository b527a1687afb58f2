// The audit's state holds what a plain map holds, also when most of it lies in a temporary store.
#include "host/chain/replay_state.hpp"

#include <random>

#include <gtest/gtest.h>

#include "host/chain/keys.hpp"
#include "host/chain/state_digest.hpp"
#include "host/chain/state_store.hpp"
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

/// Rows of the forms that are kept apart, some of them beside those forms.
struct ApartRows {
  bool odd = false;

  std::string key(std::mt19937& random) const {
    const std::string some = std::to_string(random() % 9);
    if (odd && random() % 40 == 0) return random() % 2 == 0 ? "nonce/" + some : "of/p-" + some;
    if (random() % 2 == 0) {
      return "nonce/000000000" + std::to_string(random() % 3) + "/" + std::string(42, 'k') +
             std::to_string(random() % 3) + "/" + std::string(21, 'n') + some;
    }
    return "of/p-" + std::to_string(random() % 3) + (random() % 2 == 0 ? "/asset/" : "/grant/") +
           some;
  }
  Document value(const std::string& key, int step) const {
    if (odd && step % 50 == 0) return document("another");
    return key.starts_with("of/") ? document(true) : document(step);
  }
};

void compare_with_map(std::size_t memory_bytes, bool spills,
                      std::size_t hot_bytes = ReplayState::kHotBytes, ApartRows apart = {}) {
  MemoryState model;
  ReplayState state(memory_bytes, hot_bytes);
  std::vector<Cooling> cooling;
  std::mt19937 random(7);
  const char* families[] = {"a/", "b/", "b/x/", "c"};
  const auto some_key = [&] {
    return random() % 2 == 0 ? apart.key(random)
                             : families[random() % 4] + std::to_string(random() % 60);
  };
  for (int step = 0; step < 3000; ++step) {
    Overlay::Writes writes;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) {
      const std::string key = some_key();
      const bool is_apart = key.starts_with("nonce/") || key.starts_with("of/");
      writes[key] =
          random() % 3 == 0 ? nullptr
          : is_apart
              ? apart.value(key, step)
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
    const char* prefixes[] = {"",
                              "",
                              "a/",
                              "b/",
                              "c",
                              "n",
                              "nonce/",
                              "nonce/0000000001/",
                              "o",
                              "of/",
                              "of/p-1/",
                              "of/p-1/grant/",
                              "of/p-1/grant/3"};
    const std::string prefix = prefixes[random() % std::size(prefixes)];
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
TEST(ReplayState, HoldsRowsOfOtherFormsWithTheOthers) {
  compare_with_map(1U << 30U, true, ReplayState::kHotBytes, {.odd = true});
}

std::size_t bytes_for(std::size_t rows, const std::function<std::string(std::size_t)>& key,
                      const Json& value) {
  ReplayState state(1U << 30U);
  for (std::size_t i = 0; i < rows; ++i) {
    Overlay::Writes writes;
    writes[key(i)] = document(value);
    EXPECT_TRUE(state.absorb(std::move(writes)).ok());
  }
  return state.bytes();
}

TEST(ReplayState, KeepsNoncesAndListsInFewBytes) {
  const auto nonce = [](std::size_t i) {
    return "nonce/0000000001/" + std::string(43, 'k') + "/" + id(i);
  };
  EXPECT_LT(bytes_for(20000, nonce, 1700000000), 90 * 20000);
  const auto list = [](std::size_t i) { return "of/p-1/asset/" + id(i); };
  EXPECT_LT(bytes_for(20000, list, true), 40 * 20000);
}

/// A state with "request/1" that lends.
ReplayState& with_a_request(ReplayState& state) {
  Overlay::Writes writes;
  writes["request/1"] = document(Json{{"state", "REQUESTED"}});
  EXPECT_TRUE(state.absorb(std::move(writes)).ok());
  state.lend(true);
  return state;
}

TEST(ReplayState, LendsADocumentThatComesBack) {
  ReplayState state(1U << 30U);
  with_a_request(state);
  const void* const place = &(*state.find("request/1"))["state"].get_ref<const std::string&>();
  auto lent = state.get("request/1");
  ASSERT_TRUE(lent);
  EXPECT_EQ(&(*lent)["state"].get_ref<const std::string&>(), place);  // itself, not a copy
  (*lent)["state"] = "PRESENTED";
  Overlay::Writes writes;
  writes["request/1"] = document(std::move(*lent));
  ASSERT_TRUE(state.absorb(std::move(writes)).ok());
  EXPECT_EQ((*state.find("request/1"))["state"], "PRESENTED");
  EXPECT_EQ(state.failure(), "");
}

TEST(ReplayState, LendsACopyOfWhatSomebodyElseHolds) {
  ReplayState state(1U << 30U);
  with_a_request(state);
  const Document held = state.find("request/1");
  EXPECT_EQ(state.get("request/1"), *held);
  EXPECT_EQ((*held)["state"], "REQUESTED");
  EXPECT_TRUE(state.absorb({}).ok());
}

TEST(ReplayState, LendsNothingThatRulesOnlyLookAt) {
  ReplayState state(1U << 30U);
  Overlay::Writes writes;
  writes["mandate/1"] = document(Json{{"state", "ACTIVE"}});
  ASSERT_TRUE(state.absorb(std::move(writes)).ok());
  state.lend(true);
  EXPECT_TRUE(state.get("mandate/1"));
  EXPECT_TRUE(state.get("mandate/1"));
  EXPECT_TRUE(state.absorb({}).ok());
  EXPECT_EQ(state.failure(), "");
}

TEST(ReplayState, SaysWhenALentDocumentIsLostOrAskedForAgain) {
  ReplayState losing(1U << 30U);
  EXPECT_TRUE(with_a_request(losing).get("request/1"));
  const Status lost = losing.absorb({});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, "audit.state");
  ReplayState asking(1U << 30U);
  EXPECT_TRUE(with_a_request(asking).get("request/1"));
  EXPECT_FALSE(asking.find("request/1"));
  EXPECT_NE(asking.failure(), "");
}

TEST(ReplayState, DigestsWhatAStoreWithTheSameRowsWouldGive) {
  MemoryState model;
  ReplayState state(1U << 30U);
  std::mt19937 random(3);
  for (int step = 0; step < 500; ++step) {
    const std::string key =
        random() % 2 == 0 ? ApartRows().key(random) : "m/" + std::to_string(random() % 50);
    const std::string above = "z" + key;
    Overlay::Writes writes;
    writes[key] = ApartRows().value(key, step);
    writes[above] = document(Json{{"n", step}});
    model.absorb(writes);
    ASSERT_TRUE(state.absorb(std::move(writes)).ok());
  }
  const auto store = open_memory();
  KvBatch rows;
  for (const auto& [key, value] : model.entries) {
    rows.emplace_back(keys::state(key), state_text(value));
  }
  ASSERT_TRUE(store->write(rows).ok());
  for (int time = 0; time < 2; ++time) {
    const auto digest = state.digest("chain", initial_position());
    ASSERT_TRUE(digest.ok());
    EXPECT_EQ(*digest, snapshot_digest(*store, "chain", initial_position()));
  }
}

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
      // Now and then many of one batch about the same few.
      const std::string account = "p-" + std::to_string(random() % (batch % 3 == 0 ? 5 : 500));
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
