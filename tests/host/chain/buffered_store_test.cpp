#include "host/chain/buffered_store.hpp"

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/host/chain/fixture.hpp"

namespace qc::chain {
namespace {

using test::TempDir;

using Rows = std::vector<std::pair<std::string, std::string>>;
using Model = std::map<std::string, std::string>;

constexpr std::size_t kTiny = 8U << 10U;  // a buffer is full after a few batches

Rows all_of(const KvReader& reader, std::string_view prefix, std::string_view start,
            std::size_t at_most = SIZE_MAX) {
  Rows out;
  reader.scan(prefix, start, [&](std::string_view key, std::string_view value) {
    out.emplace_back(key, value);
    return out.size() < at_most;
  });
  return out;
}

Rows all_of(const Model& model, std::string_view prefix, std::string_view start,
            std::size_t at_most = SIZE_MAX) {
  Rows out;
  for (const auto& [key, value] : model) {
    if (!key.starts_with(prefix) || key < start || out.size() >= at_most) continue;
    out.emplace_back(key, value);
  }
  return out;
}

class Writer {
 public:
  explicit Writer(std::uint32_t seed) : random_(seed) {}
  std::string any_key() {
    static const std::vector<std::string> kFamilies{"sgrant/", "snonce/", "m", "e\xff", "l"};
    return kFamilies[random_() % kFamilies.size()] + std::to_string(random_() % 60);
  }
  /// Rows with erasures and a key twice now and then; `model` follows.
  KvBatch batch(Model& model) {
    KvBatch rows;
    for (int n = 0; n < 12; ++n) {
      const std::string key = any_key();
      if (random_() % 4 == 0) {
        rows.emplace_back(key, std::nullopt);
        model.erase(key);
      } else {
        rows.emplace_back(key, std::to_string(random_()));
        model[key] = *rows.back().second;
      }
    }
    return rows;
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::mt19937 random_;
};

void expect_same(const KvReader& reader, const Model& model, Writer& any) {
  std::vector<std::string> keys;
  for (int n = 0; n < 10; ++n) keys.push_back(any.any_key());
  keys.push_back(keys.front());
  const auto values = reader.get_many(std::vector<std::string_view>(keys.begin(), keys.end()));
  ASSERT_EQ(values.size(), keys.size());
  for (std::size_t n = 0; n < keys.size(); ++n) {
    const auto it = model.find(keys[n]);
    const auto right = it == model.end() ? std::nullopt : std::optional<std::string>(it->second);
    ASSERT_EQ(reader.get(keys[n]), right) << keys[n];
    ASSERT_EQ(values[n], right) << keys[n];
  }
  ASSERT_EQ(all_of(reader, "", ""), all_of(model, "", ""));
  const std::string from = any.any_key();
  for (const std::string_view prefix : {"s", "sgrant/", "m", "e"}) {
    ASSERT_EQ(all_of(reader, prefix, from), all_of(model, prefix, from)) << prefix << " " << from;
    ASSERT_EQ(all_of(reader, prefix, "", 3), all_of(model, prefix, "", 3)) << prefix;
  }
}

// Rows in the young buffer, in the one that is handed over and in the table, in every mixture, as
// every snapshot saw them.
TEST(BufferedStore, ShowsEveryBatchAsItWas) {
  const TempDir dir;
  const auto store = open_rocks_sized(dir.path() / "state", kTiny);
  ASSERT_TRUE(store.ok());
  Writer any(11);
  Model model;
  std::vector<std::pair<std::shared_ptr<const KvReader>, Model>> before;
  for (int round = 0; round < 300; ++round) {
    ASSERT_TRUE((*store)->write(any.batch(model)).ok());
    expect_same(**store, model, any);
    if (round % 7 == 0) before.emplace_back((*store)->snapshot(), model);
    if (before.size() > 12) before.erase(before.begin() + static_cast<long>(any.below(12)));
    if (!before.empty()) {
      const auto& [snapshot, then] = before[any.below(before.size())];
      expect_same(*snapshot, then, any);
    }
    if (round % 60 == 59) {
      ASSERT_TRUE((*store)->flush().ok());
    }
  }
  EXPECT_EQ((*store)->failure(), "");
}

TEST(BufferedStore, OpensWithWhatWasWrittenBeforeItClosed) {
  const TempDir dir;
  Writer any(3);
  Model model;
  for (int round = 0; round < 4; ++round) {
    const auto store = open_rocks_sized(dir.path() / "state", round % 2 == 0 ? kTiny : kTiny << 6U);
    ASSERT_TRUE(store.ok());
    expect_same(**store, model, any);
    for (int n = 0; n < 40; ++n) ASSERT_TRUE((*store)->write(any.batch(model)).ok());
  }
}

// Readers beside the writer: each batch writes its number to every key of a family, and whoever
// reads in one snapshot meets one number only.
TEST(BufferedStore, ABatchIsSeenWholeOrNotAtAll) {
  const TempDir dir;
  const auto opened = open_rocks_sized(dir.path() / "state", kTiny);
  ASSERT_TRUE(opened.ok());
  KvStore& store = **opened;
  constexpr int kKeys = 20;
  constexpr int kBatches = 1500;
  const auto key = [](int n) { return "k" + std::to_string(100 + n); };
  const auto write = [&](int number) {
    KvBatch rows;
    for (int n = 0; n < kKeys; ++n) rows.emplace_back(key(n), std::to_string(number));
    ASSERT_TRUE(store.write(std::move(rows)).ok());
  };
  write(0);
  std::atomic<bool> done{false};
  std::atomic<int> looked{0};
  const auto look = [&] {
    int last = 0;
    while (!done) {
      const auto snapshot = store.snapshot();
      const std::string first = snapshot->get(key(0)).value_or("none");
      for (int n = 1; n < kKeys; ++n) ASSERT_EQ(snapshot->get(key(n)).value_or("none"), first);
      const Rows rows = all_of(*snapshot, "k", "");
      ASSERT_EQ(rows.size(), static_cast<std::size_t>(kKeys));
      for (const auto& row : rows) ASSERT_EQ(row.second, first);
      ASSERT_GE(std::stoi(first), last);  // nothing goes back
      last = std::stoi(first);
      ++looked;
    }
  };
  std::thread one(look);
  std::thread other(look);
  for (int number = 1; number <= kBatches; ++number) write(number);
  while (looked < 20) std::this_thread::yield();
  done = true;
  one.join();
  other.join();
  EXPECT_EQ(store.get(key(7)), std::to_string(kBatches));
}

/// A table that can be held up, and that fails when told to.
class SlowTable final : public RowTable {
 public:
  explicit SlowTable(std::shared_ptr<std::atomic<int>> allowed) : allowed_(std::move(allowed)) {}
  Status take(RowCursor rows, const RowPace&) override {
    while (*allowed_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (*allowed_ < 0) return unavailable("ledger.io", "the disk is full");
    --*allowed_;
    KvBatch batch;
    for (; rows.at_row(); rows.next()) batch.emplace_back(std::string(rows.key()), rows.value());
    return store_->write(std::move(batch));
  }
  std::shared_ptr<const KvReader> snapshot() const override {
    const auto copy = std::shared_ptr<KvStore>(open_memory());
    store_->scan("", "", [&](std::string_view key, std::string_view value) {
      return copy->write({{std::string(key), std::string(value)}}).ok();
    });
    return copy;
  }
  std::string failure() const override { return *allowed_ < 0 ? "the disk is full" : ""; }

 private:
  const std::shared_ptr<std::atomic<int>> allowed_;
  const std::unique_ptr<KvStore> store_ = open_memory();
};

TEST(BufferedStore, WhoFillsBothBuffersWaitsForTheTable) {
  const auto allowed = std::make_shared<std::atomic<int>>(0);
  BufferedStore store(std::make_unique<SlowTable>(allowed), kTiny);
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int n = 0; n < 40; ++n) {
      ASSERT_TRUE(store.write({{std::to_string(n), std::string(1000, 'x')}}).ok());
      ++written;
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_GE(written, 8);
  EXPECT_LT(written, 20);  // two buffers of seven or so
  EXPECT_EQ(all_of(store, "", "").size(), static_cast<std::size_t>(written));
  *allowed = 100;
  writer.join();
  EXPECT_EQ(all_of(store, "", "").size(), 40U);
}

/// Asks for its pace before the first row and notes what became of it.
class PacedTable final : public RowTable {
 public:
  explicit PacedTable(std::shared_ptr<std::atomic<int>> taken) : taken_(std::move(taken)) {}
  Status take(RowCursor rows, const RowPace& pace) override {
    pace(0.9);
    ++*taken_;
    KvBatch batch;
    for (; rows.at_row(); rows.next()) batch.emplace_back(std::string(rows.key()), rows.value());
    return store_->write(std::move(batch));
  }
  std::shared_ptr<const KvReader> snapshot() const override { return store_->snapshot(); }
  std::string failure() const override { return ""; }

 private:
  const std::shared_ptr<std::atomic<int>> taken_;
  const std::unique_ptr<KvStore> store_ = open_memory();
};

TEST(BufferedStore, TheTableIsWrittenAtThePaceOfTheOtherBufferUnlessSomebodyWaits) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  const auto taken = std::make_shared<std::atomic<int>>(0);
  const auto wait_for = [&](int count) {
    while (*taken < count) std::this_thread::sleep_for(milliseconds(1));
  };
  BufferedStore store(std::make_unique<PacedTable>(taken), kTiny);
  const auto write = [&](const std::string& key, std::size_t bytes) {
    ASSERT_TRUE(store.write({{key, std::string(bytes, 'x')}}).ok());
  };
  write("a", kTiny);
  write("b", 100);  // into the other buffer: the first one begins to be handed over
  const auto begun = steady_clock::now();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(*taken, 0);
  write("c", kTiny / 2);  // half filled, all is due
  wait_for(1);
  EXPECT_LT(steady_clock::now() - begun, milliseconds(1700));  // the longest time is 2 s

  write("d", kTiny);
  write("e", 100);
  const auto again = steady_clock::now();
  ASSERT_TRUE(store.flush().ok());
  EXPECT_LT(steady_clock::now() - again, milliseconds(1700));

  write("f", kTiny);
  write("g", 100);
  const auto idle = steady_clock::now();
  wait_for(4);  // two by the flush
  EXPECT_GE(steady_clock::now() - idle, milliseconds(1700));
}

TEST(BufferedStore, ATableThatFailsRefusesWritesAndLosesNothingThatIsRead) {
  const auto allowed = std::make_shared<std::atomic<int>>(-1);
  BufferedStore store(std::make_unique<SlowTable>(allowed), kTiny);
  int written = 0;
  Status last;
  while (last && written < 1000) {
    last = store.write({{"k" + std::to_string(1000 + written), std::string(1000, 'x')}});
    if (last) ++written;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, "ledger.io");
  EXPECT_EQ(all_of(store, "k", "").size(), static_cast<std::size_t>(written));
  EXPECT_FALSE(store.flush());
  EXPECT_NE(store.failure(), "");
}

}  // namespace
}  // namespace qc::chain
