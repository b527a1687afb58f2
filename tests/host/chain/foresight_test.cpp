// What was read ahead is used only as long as it is so.
#include "host/chain/foresight.hpp"

#include <random>

#include <gtest/gtest.h>

#include "host/chain/recent_documents.hpp"
#include "host/chain/state_store.hpp"

namespace qc::chain {
namespace {

proof::Transaction naming(const std::string& request, const std::string& subject) {
  proof::Transaction tx;
  tx.op = "request.refuse";
  tx.kid = "a-key";
  tx.nonce = "a-nonce";
  tx.iat = 1'700'000'000;
  tx.body = {{"request", request}, {"subject", subject}, {"reason", ""}};
  return tx;
}

Foreseen foresee_one(const proof::Transaction& tx, const GroupReader& state,
                     std::uint64_t batches) {
  const proof::Transaction* const group[] = {&tx};
  return std::move(foresee(group, state, batches).front());
}

void write(KvStore& store, const Overlay& batch) {
  KvBatch rows;
  write_state(batch, rows);
  ASSERT_TRUE(store.write(rows).ok());
}

TEST(Foresight, GivesWhatTheStateHasHoweverOldItIs) {
  const auto store = open_memory();
  const StoredState truth(*store);
  const RecentDocuments documents(truth);
  Foresight foresight(documents, 0);
  std::mt19937 random(11);
  const auto any = [&](std::size_t of) { return std::to_string(random() % of); };
  std::deque<Foreseen> waiting;
  std::uint64_t used = 0;
  for (std::uint64_t batch_no = 0; batch_no < 600; ++batch_no) {
    std::vector<proof::Transaction> transactions;
    for (int n = 0; n < 4; ++n) transactions.push_back(naming("r" + any(30), "p-" + any(30)));
    std::vector<const proof::Transaction*> group;
    for (const auto& tx : transactions) group.push_back(&tx);
    const GroupReader reader(*store);
    for (Foreseen& one : foresee(group, reader, batch_no)) {  // used up to nine batches later
      waiting.push_back(std::move(one));
    }
    Overlay batch(static_cast<const StateReader&>(foresight));
    while (waiting.size() > random() % 36) {
      Foreseen& oldest = waiting.front();
      foresight.look_at(&oldest);
      for (const std::string family : {"request/r", "subject/p-"}) {
        for (int n = 0; n < 3; ++n) {
          const std::string key = family + any(30);
          if (random() % 2 == 0) {
            const Document found = foresight.find(key);
            ASSERT_EQ(found ? std::optional<Json>(*found) : std::nullopt, truth.get(key)) << key;
          } else {
            ASSERT_EQ(foresight.get(key), truth.get(key)) << key;
          }
        }
      }
      foresight.look_at(nullptr);
      waiting.pop_front();
      ++used;
    }
    for (int n = 0; n < 3; ++n) {
      const std::string key = random() % 2 == 0 ? "request/r" + any(30) : "subject/p-" + any(30);
      if (random() % 4 == 0) {
        batch.erase(key);
      } else {
        batch.put(key, Json{{"subject", "p-" + any(30)}, {"n", random()}});
      }
    }
    write(*store, batch);
    foresight.wrote(batch.writes(), {});
  }
  EXPECT_GT(used, 2000U);
  EXPECT_GT(foresight.counters().answered, 300U);
  EXPECT_GT(foresight.counters().left, 300U);
}

TEST(Foresight, ADocumentIsGivenAwayOnce) {
  const auto store = open_memory();
  const StoredState state(*store);
  Overlay batch(static_cast<const StateReader&>(state));
  batch.put("request/r", Json{{"state", "REQUESTED"}});
  write(*store, batch);
  Foresight foresight(state, 1);
  const GroupReader group(*store);
  Foreseen foreseen = foresee_one(naming("r", "p-1"), group, 1);
  foresight.look_at(&foreseen);
  const auto first = foresight.get("request/r");
  const auto again = foresight.get("request/r");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(*first, *again);
  EXPECT_EQ(foresight.counters().answered, 1U);
  // Whoever has seen the document keeps it when another wants to change it.
  Foreseen shared = foresee_one(naming("r", "p-1"), group, 1);
  foresight.look_at(&shared);
  const Document seen = foresight.find("request/r");
  const auto own = foresight.get("request/r");
  ASSERT_TRUE(seen && own);
  EXPECT_EQ(seen->at("state"), "REQUESTED");
  EXPECT_EQ(*own, *seen);
}

TEST(Foresight, WhatIsMissingIsForeseenToo) {
  const auto store = open_memory();
  const StoredState state(*store);
  Foresight foresight(state, 0);
  const GroupReader group(*store);
  Foreseen foreseen = foresee_one(naming("r", "p-1"), group, 0);
  Overlay batch(static_cast<const StateReader&>(state));
  batch.put("request/r", Json{{"state", "REQUESTED"}});
  foresight.look_at(&foreseen);
  EXPECT_EQ(foresight.find("request/r"), nullptr);
  EXPECT_EQ(foresight.counters().answered, 1U);
  write(*store, batch);
  foresight.wrote(batch.writes(), {});
  EXPECT_NE(foresight.find("request/r"), nullptr);  // no longer what was foreseen
}

TEST(Foresight, SubjectsAreForeseenUntilAnEventAboutThem) {
  const auto store = open_memory();
  const StoredState state(*store);
  Foresight foresight(state, 0);
  const GroupReader group(*store);
  Foreseen foreseen = foresee_one(naming("r", "p-1"), group, 0);
  foresight.look_at(&foreseen);
  ASSERT_NE(foresight.subject("p-1"), nullptr);
  EXPECT_FALSE(foresight.subject("p-1")->value);
  EXPECT_EQ(foresight.subject("p-2"), nullptr);
  foresight.wrote({}, {{"p-1", {}}});
  EXPECT_EQ(foresight.subject("p-1"), nullptr);
}

TEST(Foresight, ItsMemoryIsBoundedAndGivenBack) {
  const auto store = open_memory();
  const StoredState state(*store);
  Overlay batch(static_cast<const StateReader&>(state));
  batch.put("request/r", Json{{"text", std::string(1000, 'x')}});
  write(*store, batch);
  const GroupReader group(*store);
  ByteBudget budget(5000);
  std::vector<Foreseen> held;
  for (int n = 0; n < 20; ++n) {
    Foreseen one = foresee_one(naming("r", "p-1"), group, 1);
    one.charge(budget);
    held.push_back(std::move(one));
  }
  EXPECT_LE(budget.used(), 5000U);
  EXPECT_FALSE(held.front().documents.empty());
  EXPECT_TRUE(held.back().documents.empty());
  held.clear();
  EXPECT_EQ(budget.used(), 0U);
}

TEST(RecentWrites, ForgetsTheOldestAndTrustsNothingOlder) {
  RecentWrites writes(7);
  EXPECT_FALSE(writes.unchanged(1, 6));
  EXPECT_TRUE(writes.unchanged(1, 7));
  std::string key = "request/";
  for (std::uint64_t batch = 0; batch < 300; ++batch) {
    Overlay::Writes rows;
    for (int n = 0; n < 1000; ++n) {
      rows.emplace(key + std::to_string(batch * 1000 + static_cast<std::uint64_t>(n)), nullptr);
    }
    writes.note(rows, {});
  }
  EXPECT_FALSE(writes.unchanged(1, 7));  // 300,000 keys ago: not noted any more
  EXPECT_TRUE(writes.unchanged(1, 300));
  EXPECT_FALSE(writes.unchanged(std::hash<std::string_view>()("request/299999"), 306));
  EXPECT_TRUE(writes.unchanged(std::hash<std::string_view>()("request/299999"), 307));
}

}  // namespace
}  // namespace qc::chain
