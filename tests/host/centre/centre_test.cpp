// The view follows the ledger through restarts, outages, damage and meddling. On both backends.
#include "host/centre/centre.hpp"

#include <chrono>
#include <fstream>
#include <thread>

#include "host/centre/projection.hpp"
#include "tests/host/centre/support.hpp"
#include "tests/paths.hpp"

namespace qc::centre::test {
namespace {

using chain::test::item_tx;
using chain::test::submit_all;
using database::test::MariaDb;

/// Waits for something that another thread brings about.
template <typename Condition>
bool eventually(const Condition& condition, int seconds = 30) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return condition();
}

class CentreTest : public ViewTest {
 protected:
  void SetUp() override {
    ViewTest::SetUp();
    story_ = full_story();
  }
  void submit_items(unsigned from, unsigned to) {
    for (unsigned i = from; i < to; ++i) {
      const auto applied = ledger_->submit(item_tx(i));
      ASSERT_TRUE(applied.ok()) << applied.error().code;
    }
  }
  bool healthy() { return centre_->status().at("healthy"); }
  Story story_;
};

INSTANTIATE_TEST_SUITE_P(Both, CentreTest, ::testing::Values(Dialect::kSqlite, Dialect::kMysql),
                         [](const auto& parameter) {
                           return std::string(database::name_of(parameter.param));
                         });

TEST_P(CentreTest, AnEmptyLedgerHasAnEmptyView) {
  open_centre();
  level();
  EXPECT_TRUE(must(centre_->members()).at("members").empty());
  const Json status = centre_->status();
  EXPECT_EQ(status.at("position"), 0);
  EXPECT_EQ(status.at("ledger_size"), 0);
  EXPECT_EQ(status.at("healthy"), true);
  EXPECT_EQ(status.at("reason"), "");
  EXPECT_EQ(status.at("backend"), GetParam() == Dialect::kSqlite ? "sqlite" : "mysql");
}

TEST_P(CentreTest, FollowsWhileTheLedgerGrows) {
  open_centre();
  for (std::size_t i = 0; i < story_.transactions.size(); ++i) {
    ASSERT_TRUE(ledger_->submit(story_.transactions[i]).ok());
    if (i % 10 == 0) level();
  }
  level();
  const std::string followed = dump();
  EXPECT_EQ(centre_->status().at("position"), ledger_->size());
  centre_.reset();
  open_centre();
  EXPECT_EQ(centre_->status().at("position"), ledger_->size()) << "a restart begins where it was";
  EXPECT_EQ(dump(), followed);
}

TEST_P(CentreTest, WhatHappenedBetweenRunsIsCaughtUp) {
  const auto half = static_cast<std::ptrdiff_t>(story_.transactions.size() / 2);
  submit_all(*ledger_, {story_.transactions.begin(), story_.transactions.begin() + half});
  open_centre();
  level();
  centre_.reset();
  submit_all(*ledger_, {story_.transactions.begin() + half, story_.transactions.end()});
  open_centre();
  level();
  const std::string caught_up = dump();
  centre_.reset();
  meddle("DELETE FROM projection_position");
  open_centre();
  level();
  EXPECT_EQ(dump(), caught_up) << "in two parts or in one: the same view";
}

TEST_P(CentreTest, AViewOfAnotherNetworkIsDropped) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  const std::string good = dump();
  centre_.reset();
  meddle("UPDATE projection_position SET chain = 'another-network'");
  meddle("UPDATE members SET name_zh = 'x'");
  open_centre();
  level();
  EXPECT_EQ(dump(), good);
}

TEST_P(CentreTest, AViewAheadOfTheLedgerIsDropped) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  centre_.reset();
  ledger_.reset();
  ledger_ = open_ledger("restored from an older backup");
  submit_all(*ledger_, {story_.transactions.begin(), story_.transactions.begin() + 20});
  open_centre();
  level();
  EXPECT_EQ(centre_->status().at("position"), 20);
  const std::string rebuilt = dump();
  centre_.reset();
  meddle("DELETE FROM projection_position");
  open_centre();
  level();
  EXPECT_EQ(dump(), rebuilt);
  EXPECT_EQ(rebuilt.find(story_.jia_grant), std::string::npos);
}

TEST_P(CentreTest, AViewOfAnotherHistoryIsDropped) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  const std::string good = dump();
  centre_.reset();
  meddle(
      "UPDATE projection_position SET tx_id = "
      "'0000000000000000000000000000000000000000000000000000000000000000'");
  meddle("DELETE FROM flows");
  open_centre();
  level();
  EXPECT_EQ(dump(), good);
}

TEST_P(CentreTest, AMissingRowIsFoundAndTheViewRebuilt) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  meddle("DELETE FROM members WHERE account = 'other'");
  ASSERT_TRUE(ledger_
                  ->submit(chain::test::sign("op", "member.resume",
                                             {{"account", "other"}, {"reason", "复业"}}))
                  .ok());
  ASSERT_TRUE(eventually([&] { return centre_->status().at("position") == ledger_->size(); }));
  EXPECT_EQ(must(centre_->member("other")).at("status"), "active");
}

TEST_P(CentreTest, SomebodyElsesWriteIsNoticed) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  const std::string good = dump();
  meddle("UPDATE projection_position SET position = 5");
  ASSERT_TRUE(eventually([&] { return dump() == good; })) << "within a probe or two";
  submit_items(1, 4);
  level();
  EXPECT_TRUE(healthy());
}

TEST_P(CentreTest, ManyReadersBesideTheWriter) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  std::vector<std::thread> readers;
  std::atomic<int> answers = 0;
  for (int t = 0; t < 8; ++t) {
    readers.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (centre_->members().ok() && centre_->flows(0, 100).ok() && centre_->statistics().ok()) {
          ++answers;
        }
      }
    });
  }
  submit_items(1, 100);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(answers, 160);
  level();
  EXPECT_EQ(must(centre_->items()).at("items").size(), 3U + 99U);
}

TEST_P(CentreTest, WaitingHasAnEnd) {
  open_centre();
  const auto begun = std::chrono::steady_clock::now();
  const Status status = centre_->wait_for(1, 100);
  EXPECT_EQ(status.error().code, "view.timeout");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_P(CentreTest, ABadConfigurationIsRefusedAtOnce) {
  options_.migrations_dir = "/nonexistent";
  const auto refused = Centre::open(options_, *ledger_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "migration.unreadable");
  options_.url = "nonsense";
  EXPECT_EQ(Centre::open(options_, *ledger_).error().code, "database.invalid_url");
}

TEST_P(CentreTest, NoTableIsKeyedByAHash) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  for (const std::string& table : view_tables()) {
    // Nobody acts for another in this story.
    if (table == "mandates" || table == "grant_actors") continue;
    const auto found = rows("SELECT position FROM " + table + " ORDER BY position DESC LIMIT 1", 1);
    ASSERT_EQ(found.size(), 1U) << table;
    EXPECT_LT(std::stoull(found[0][0]), ledger_->size()) << table;
  }
}

class SqliteCentreTest : public CentreTest {};
INSTANTIATE_TEST_SUITE_P(One, SqliteCentreTest, ::testing::Values(Dialect::kSqlite));

TEST_P(SqliteCentreTest, ADeletedFileIsMadeAgainTheSame) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  const std::string good = dump();
  centre_.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(location_.sqlite.file.string() + suffix);
  }
  open_centre();
  level();
  EXPECT_EQ(dump(), good);
}

TEST_P(SqliteCentreTest, AFileDeletedUnderTheRunningHostIsMadeAgainTheSame) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  const std::string good = dump();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(location_.sqlite.file.string() + suffix);
  }
  ASSERT_TRUE(eventually([&] { return centre_->members().ok(); }));
  // Until the centre has noticed, members and position are those of the file that is gone.
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(location_.sqlite.file); }));
  // Rows and position come together: before that the new file has not even all of its tables.
  ASSERT_TRUE(eventually([&] {
    const auto file = database::connect(location_);
    std::uint64_t position = 0;
    return file.ok() &&
           (*file)
               ->query("SELECT position FROM projection_position", {},
                       [&](const database::Row& row) {
                         position = static_cast<std::uint64_t>(row.integer(0));
                         return false;
                       })
               .ok() &&
           position == ledger_->size();
  }));
  EXPECT_EQ(dump(), good);
}

TEST_P(SqliteCentreTest, ADamagedFileIsMadeAgainTheSame) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  const std::string good = dump();
  centre_.reset();
  std::ofstream(location_.sqlite.file) << std::string(20000, 'x');
  open_centre();
  level();
  EXPECT_EQ(dump(), good);
}

TEST_P(SqliteCentreTest, AViewThatCannotBeWrittenHarmsNobody) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  auto blocker = database::connect(location_);
  ASSERT_TRUE(blocker.ok());
  ASSERT_TRUE((*blocker)->begin().ok());
  submit_items(1, 3);
  ASSERT_TRUE(eventually([&] { return !healthy(); })) << "the lock is not had in time";
  EXPECT_NE(centre_->status().at("reason").get<std::string>().find("database.unavailable"),
            std::string::npos);
  submit_items(3, 6);
  (*blocker)->rollback();
  ASSERT_TRUE(eventually([&] { return centre_->status().at("position") == ledger_->size(); }));
  EXPECT_TRUE(healthy());
}

class MariaCentreTest : public CentreTest {
 protected:
  // A server of its own: it is killed here.
  void SetUp() override {
    story_ = full_story();
    options_.migrations_dir = qc::tests::source_dir() + "/sql";
    location_.dialect = Dialect::kMysql;
    location_.mysql = server_.fresh_database();
    options_.url = server_.url(location_.mysql);
    options_.password_file = server_.password_file().string();
    ledger_ = open_ledger("ledger");
  }
  MariaDb server_;
};
INSTANTIATE_TEST_SUITE_P(One, MariaCentreTest, ::testing::Values(Dialect::kMysql));

TEST_P(MariaCentreTest, KilledInMidStreamItCatchesUpAndTheLedgerNeverNotices) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  std::atomic<bool> stop = false;
  std::atomic<unsigned> next = 1;
  std::atomic<std::int64_t> slowest_ms = 0;
  std::thread writer([&] {
    while (!stop) {
      const auto begun = std::chrono::steady_clock::now();
      ASSERT_TRUE(ledger_->submit(item_tx(next++)).ok());
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::steady_clock::now() - begun)
                            .count();
      slowest_ms = std::max<std::int64_t>(slowest_ms, took);
    }
  });
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    server_.kill();
    EXPECT_TRUE(eventually([&] { return !healthy(); }));
    const unsigned before = next;
    EXPECT_TRUE(eventually([&] { return next > before + 20; })) << "the ledger goes on";
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(centre_->members().error().code, "view.unavailable");
    EXPECT_EQ(centre_->wait_for(ledger_->size() + 1, 5000).error().code, "view.timeout");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2))
        << "nobody waits for a database that is known to be away";
    EXPECT_FALSE(centre_->status().at("reason").get<std::string>().empty());
    server_.start();
    EXPECT_TRUE(eventually([&] { return healthy(); }));
  }
  stop = true;
  writer.join();
  ASSERT_TRUE(eventually([&] { return centre_->status().at("position") == ledger_->size(); }, 60));
  RecordProperty("slowest_submit_ms", static_cast<int>(slowest_ms));
  EXPECT_LT(slowest_ms, 5000);
  const std::string survived = dump();
  centre_.reset();
  meddle("DELETE FROM projection_position");
  open_centre();
  level();
  EXPECT_EQ(dump(), survived) << "nothing twice, nothing left out";
}

TEST_P(MariaCentreTest, AHostStartsWhileItsDatabaseIsAway) {
  submit_all(*ledger_, story_.transactions);
  server_.kill();
  open_centre();
  EXPECT_FALSE(healthy());
  EXPECT_EQ(centre_->statistics().error().code, "view.unavailable");
  server_.start();
  ASSERT_TRUE(eventually([&] { return centre_->status().at("position") == ledger_->size(); }));
  EXPECT_EQ(must(centre_->members()).at("members").size(), 8U);
}

TEST_P(MariaCentreTest, AServerThatStandsStillHoldsUpOnlyWhoAsksItFirst) {
  submit_all(*ledger_, story_.transactions);
  open_centre();
  level();
  server_.freeze();
  submit_items(1, 4);
  EXPECT_TRUE(eventually([&] { return !healthy(); }));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(centre_->members().ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(1900));
  server_.thaw();
  ASSERT_TRUE(eventually([&] { return centre_->status().at("position") == ledger_->size(); }));
}

TEST_P(MariaCentreTest, AWrongPasswordIsSaidAtStart) {
  std::ofstream(folder_.path() / "wrong") << "not the password\n";
  std::filesystem::permissions(folder_.path() / "wrong", std::filesystem::perms(0600));
  options_.password_file = (folder_.path() / "wrong").string();
  const auto refused = Centre::open(options_, *ledger_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "database.failed");
  EXPECT_EQ(refused.error().message.find("not the password"), std::string::npos);
}

}  // namespace
}  // namespace qc::centre::test
