#include "sdk/plugin/sqlite_source.hpp"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

class SqliteSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "qc-source-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = (folder_ / "d.db").string();
    sqlite3_open(file_.c_str(), &writer_);
    run("CREATE TABLE r(id TEXT, text TEXT, money INTEGER, flag INTEGER, day TEXT, rate TEXT)");
    run("INSERT INTO r VALUES('one', '泉城', 500, 1, '2026-01-02', '0.08')");
    run("INSERT INTO r VALUES('two', 'a', 1, 0, NULL, NULL)");
    run("INSERT INTO r VALUES('two', 'b', 2, 0, NULL, NULL)");
    description_ = std::make_unique<Description>(*Description::parse(department_description()));
    source_ = std::move(SqliteSource::open(file_)).value();
  }
  void TearDown() override {
    source_.reset();
    sqlite3_close(writer_);
    std::filesystem::remove_all(folder_);
  }
  void run(const std::string& sql) {
    ASSERT_EQ(sqlite3_exec(writer_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }
  const Item& item() const { return *description_->find_item("t.all"); }
  Result<Record> fetch(const std::string& sql, const std::vector<std::string>& values = {},
                       Moment moment = {}) {
    return source_->fetch(sql, values, item(), moment);
  }
  static Moment in_ms(std::int64_t ms) {
    return {0, std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                       .count() +
                   ms};
  }
  static std::string code(const Result<Record>& result) {
    return result.ok() ? "ok" : result.error().code;
  }

  std::filesystem::path folder_;
  std::string file_;
  sqlite3* writer_ = nullptr;
  std::unique_ptr<Description> description_;
  std::unique_ptr<SqliteSource> source_;
};

constexpr const char* kQuery = "SELECT text, money, flag, day, rate FROM r WHERE id = ?1";

TEST_F(SqliteSourceTest, ARowBecomesARecordOfTheRightTypes) {
  const auto record = fetch(kQuery, {"one"});
  ASSERT_TRUE(record.ok()) << record.error().message << record.error().field;
  EXPECT_EQ(record->fields, Json({{"text", "泉城"},
                                  {"money", 500},
                                  {"flag", true},
                                  {"day", "2026-01-02"},
                                  {"rate", "0.08"}}));
}

TEST_F(SqliteSourceTest, NoneAndManyAreTold) {
  EXPECT_EQ(code(fetch(kQuery, {"nobody"})), "record.none");
  EXPECT_EQ(code(fetch(kQuery, {"two"})), "record.ambiguous");
  EXPECT_EQ(code(fetch(kQuery, {"' OR '1'='1"})), "record.none");
}

TEST_F(SqliteSourceTest, ValuesThatDoNotFitAreNamedWithoutTheValue) {
  struct Case {
    const char* sql;
    const char* field;
  };
  for (const Case& one : {Case{"SELECT 'secret' AS money", "record.money"},
                          {"SELECT 2 AS flag", "record.flag"},
                          {"SELECT 1.5 AS money", "record.money"},
                          {"SELECT 7 AS text", "record.text"},
                          {"SELECT x'ff' AS text", "record.text"},
                          {"SELECT '2026-02-30' AS day", "record.day"},
                          {"SELECT 'secret' AS stranger", "record.stranger"},
                          {"SELECT 0.5 AS rate", "record.rate"},
                          {"SELECT CAST(x'ff' AS TEXT) AS text", "record.text"}}) {
    const auto record = fetch(one.sql);
    ASSERT_FALSE(record.ok()) << one.sql;
    EXPECT_EQ(record.error().code, "record.invalid") << one.sql;
    EXPECT_EQ(record.error().field, one.field);
    EXPECT_EQ(record.error().side, Side::kProvider);
    EXPECT_EQ(record.error().message.find("secret"), std::string::npos);
  }
}

TEST_F(SqliteSourceTest, TheDatabaseCannotBeWritten) {
  EXPECT_EQ(code(fetch("UPDATE r SET money = 0")), "source.unavailable");
  EXPECT_EQ(code(fetch("DELETE FROM r")), "source.unavailable");
  EXPECT_EQ(fetch(kQuery, {"one"})->fields.at("money"), 500);
}

TEST_F(SqliteSourceTest, AQueryEndsWithItsDeadline) {
  const auto started = std::chrono::steady_clock::now();
  const auto record = fetch(
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
      "SELECT max(x) AS money FROM c",
      {}, in_ms(100));
  EXPECT_EQ(code(record), "source.unavailable");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  EXPECT_TRUE(fetch(kQuery, {"one"}).ok());
}

TEST_F(SqliteSourceTest, ALockedDatabaseIsUnavailableAndThenNot) {
  run("BEGIN EXCLUSIVE");
  const auto started = std::chrono::steady_clock::now();
  const auto record = fetch(kQuery, {"one"}, in_ms(50));
  EXPECT_EQ(code(record), "source.unavailable");
  EXPECT_TRUE(record.error().retryable);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(3));
  EXPECT_FALSE(source_->health().ok && source_->exists("SELECT 1 FROM r", {}, in_ms(50)).ok());
  run("COMMIT");
  EXPECT_TRUE(fetch(kQuery, {"one"}).ok());
}

TEST_F(SqliteSourceTest, WhatIsNoDatabaseIsRefusedAtOpen) {
  EXPECT_FALSE(SqliteSource::open(std::string("/nowhere/x.db")).ok());
  FILE* file = std::fopen((folder_ / "text").c_str(), "w");
  std::fputs("this is not a database, and it is long enough to look at", file);
  std::fclose(file);
  EXPECT_FALSE(SqliteSource::open((folder_ / "text").string()).ok());
  const Json settings = {{"database", "/nowhere/x.db"}};
  const auto opened = SqliteSource::open(JsonReader(settings, "settings"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().field, "settings.database");
}

TEST_F(SqliteSourceTest, ManyThreadsReadAtOnce) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        const auto record = fetch(kQuery, {"one"});
        if (record.ok() && record->fields.at("money") == 500) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 600);
}

}  // namespace
}  // namespace qc::plugin
