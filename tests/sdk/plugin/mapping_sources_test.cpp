// The drivers on real databases and files.
#include <chrono>
#include <fstream>
#include <iconv.h>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "sdk/plugin/mapping/csv_source.hpp"
#include "sdk/plugin/mapping/sqlite_source.hpp"
#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

class SourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "qc-source-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Moment in_ms(std::int64_t ms) {
    return {kNow, std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                          .count() +
                      ms};
  }
  template <typename T>
  static std::string code(const Result<T>& result) {
    return result.ok() ? "ok" : result.error().code;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
};

// ---- SQLite ----

class SqliteSourceTest : public SourceTest {
 protected:
  void SetUp() override {
    SourceTest::SetUp();
    file_ = (folder_ / "d.db").string();
    sqlite3_open(file_.c_str(), &writer_);
    run("CREATE TABLE r(id TEXT, text TEXT, money INTEGER, rate REAL, picture BLOB)");
    run("INSERT INTO r VALUES('one', '泉城', 500, 0.5, NULL)");
    run("INSERT INTO r VALUES('two', 'a', 1, NULL, x'ff')");
    run("INSERT INTO r VALUES('two', 'b', 2, NULL, x'ff')");
    source_ = std::move(SqliteSource::open(file_)).value();
  }
  void TearDown() override {
    source_.reset();
    sqlite3_close(writer_);
    SourceTest::TearDown();
  }
  void run(const std::string& sql) {
    ASSERT_EQ(sqlite3_exec(writer_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }
  static Lookup table(std::vector<std::string> columns) {
    Lookup lookup;
    lookup.table = "r";
    lookup.key = "id";
    lookup.columns = std::move(columns);
    lookup.where = "items.t";
    return lookup;
  }
  static Lookup query(const std::string& sql, std::vector<std::string> columns) {
    Lookup lookup = table(std::move(columns));
    lookup.table.clear();
    lookup.query = sql;
    return lookup;
  }
  Result<Rows> one(Moment moment = {}) { return source_->fetch(table({"money"}), "one", moment); }

  std::string file_;
  sqlite3* writer_ = nullptr;
  std::unique_ptr<SqliteSource> source_;
};

TEST_F(SqliteSourceTest, RowsAreCellsInTheOrderAskedFor) {
  const auto rows = source_->fetch(table({"rate", "text", "money", "picture"}), "one", {});
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ASSERT_EQ(rows->rows.size(), 1U);
  EXPECT_EQ(rows->rows[0], (Row{"0.5", "泉城", "500", std::nullopt}));
  const auto other = source_->fetch(
      query("SELECT money AS m, text FROM r WHERE id = :key AND :key <> ''", {"text", "m"}), "two",
      {});
  ASSERT_TRUE(other.ok()) << other.error().message;
  EXPECT_EQ(other->rows, (std::vector<Row>{{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(source_->fetch(table({"text"}), "' OR '1'='1", {})->rows.empty());
}

TEST_F(SqliteSourceTest, WhatTheDatabaseLacksIsNamedAtConfiguration) {
  EXPECT_TRUE(source_->check(table({"text"})).ok());
  const Status column = source_->check(table({"text", "no_such"}));
  ASSERT_FALSE(column.ok());
  EXPECT_EQ(column.error().code, "mapping.invalid");
  EXPECT_EQ(column.error().message, "expected the table r with the columns id, text, no_such");
  EXPECT_EQ(column.error().field, "items.t");
  EXPECT_EQ(code(source_->check(query("SELEKT :key", {"a"}))), "mapping.invalid");
  EXPECT_EQ(source_->check(query("SELECT text FROM r WHERE id = :key", {"m"})).error().message,
            "expected a query with the column m");
}

TEST_F(SqliteSourceTest, BinaryDataAndTooMuchAreRefused) {
  EXPECT_EQ(source_->fetch(table({"picture"}), "two", {}).error().field, "column.picture");
  EXPECT_EQ(
      code(source_->fetch(query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM "
                                "c LIMIT 2000) SELECT x FROM c WHERE :key <> ''",
                                {"x"}),
                          "one", {})),
      "source.too_large");
  EXPECT_EQ(code(source_->fetch(query("SELECT printf('%2000000d', 1) AS x WHERE :key <> ''", {"x"}),
                                "one", {})),
            "source.too_large");
}

TEST_F(SqliteSourceTest, TheDatabaseCannotBeWritten) {
  EXPECT_EQ(
      code(source_->fetch(
          query("UPDATE r SET money = 0 WHERE id = :key RETURNING money", {"money"}), "one", {})),
      "source.unavailable");
  EXPECT_EQ(one()->rows[0][0], "500");
}

TEST_F(SqliteSourceTest, AQueryEndsWithItsDeadline) {
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(
      code(source_->fetch(query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                                "SELECT max(x) AS money FROM c WHERE :key <> ''",
                                {"money"}),
                          "one", in_ms(100))),
      "source.unavailable");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  EXPECT_TRUE(one().ok());
}

TEST_F(SqliteSourceTest, ALockedDatabaseIsUnavailableAndThenNot) {
  run("BEGIN EXCLUSIVE");
  const auto started = std::chrono::steady_clock::now();
  const auto rows = one(in_ms(50));
  EXPECT_EQ(code(rows), "source.unavailable");
  EXPECT_TRUE(rows.error().retryable);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(3));
  EXPECT_FALSE(source_->health().ok && source_->exists("SELECT 1 FROM r", {}, in_ms(50)).ok());
  run("COMMIT");
  EXPECT_TRUE(one().ok());
}

TEST_F(SqliteSourceTest, WhatIsNoDatabaseIsRefusedAtOpen) {
  EXPECT_FALSE(SqliteSource::open(std::string("/nowhere/x.db")).ok());
  write("text", "this is not a database, and it is long enough to look at");
  EXPECT_FALSE(SqliteSource::open((folder_ / "text").string()).ok());
  const Json settings = {{"database", "/nowhere/x.db"}};
  SourceSpec spec;
  spec.setting = "database";
  const auto opened = SqliteSource::open({spec, JsonReader(settings, "settings"), nullptr});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().field, "settings.database");
}

TEST_F(SqliteSourceTest, ManyThreadsReadAtOnce) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        const auto rows = one();
        if (rows.ok() && rows->rows.size() == 1 && rows->rows[0][0] == "500") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 600);
}

// ---- CSV ----

std::string gb18030(std::string text) {
  const iconv_t converter = iconv_open("GB18030", "UTF-8");
  std::string out(text.size() * 2, '\0');
  char* in = text.data();
  char* to = out.data();
  std::size_t in_left = text.size();
  std::size_t left = out.size();
  EXPECT_EQ(iconv(converter, &in, &in_left, &to, &left), 0U);
  iconv_close(converter);
  out.resize(out.size() - left);
  return out;
}

class CsvSourceTest : public SourceTest {
 protected:
  std::unique_ptr<Source> open(char delimiter = ',', const std::string& encoding = "utf-8") const {
    SourceSpec spec;
    spec.setting = "extract_dir";
    spec.delimiter = delimiter;
    spec.encoding = encoding;
    const Json settings = {{"extract_dir", folder_.string()}};
    return std::move(CsvSource::open({spec, JsonReader(settings, "settings"), nullptr})).value();
  }
  static Lookup lookup(std::vector<std::string> columns = {"name", "note"}) {
    Lookup lookup;
    lookup.file = "p.csv";
    lookup.key = "id";
    lookup.columns = std::move(columns);
    lookup.where = "items.t";
    return lookup;
  }
  /// Puts another file in the place of p.csv, as an extract is put there.
  void replace(const std::string& text) const {
    write("p.new", text);
    std::filesystem::rename(folder_ / "p.new", folder_ / "p.csv");
  }
  /// What is wrong with such a file.
  std::string fault(const std::string& text) const {
    replace(text);
    const auto rows = open()->fetch(lookup(), "1", {kNow, 0});
    return rows.ok() ? "ok" : rows.error().code + ": " + rows.error().message;
  }
};

TEST_F(CsvSourceTest, CellsAreReadAsRfc4180WritesThem) {
  replace(
      "\xEF\xBB\xBFid,name,note\r\n"
      "1,\"泉城, 市中\",\"he said \"\"yes\"\"\nand went\"\r\n"
      "\r\n"
      "2,,\r\n"
      "1,second,\"\"");
  const auto source = open();
  const auto rows = source->fetch(lookup(), "1", {kNow, 0});
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(rows->rows,
            (std::vector<Row>{{"泉城, 市中", "he said \"yes\"\nand went"}, {"second", ""}}));
  EXPECT_EQ(source->fetch(lookup({"note", "name"}), "2", {kNow, 0})->rows,
            (std::vector<Row>{{"", ""}}));
  EXPECT_TRUE(source->fetch(lookup(), "3", {kNow, 0})->rows.empty());
}

TEST_F(CsvSourceTest, Gb18030AndTabsGiveTheSameCells) {
  replace(gb18030("id\tname\tnote\n1\t泉城𠮷\t缴存\n"));
  const auto rows = open('\t', "gb18030")->fetch(lookup(), "1", {kNow, 0});
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(rows->rows, (std::vector<Row>{{"泉城𠮷", "缴存"}}));
  const auto as_utf8 = open('\t')->fetch(lookup(), "1", {kNow, 0});
  EXPECT_EQ(as_utf8.error().message, "p.csv, line 2: is no UTF-8");
  replace("id\tname\tnote\n1\ta\tb\n2\t\xFF\xFF\tb\n");
  EXPECT_EQ(open('\t', "gb18030")->fetch(lookup(), "1", {kNow, 0}).error().message,
            "p.csv, line 3: is no GB18030");
}

TEST_F(CsvSourceTest, ABadLineIsNamedByItsNumber) {
  EXPECT_EQ(fault("id,name,note\n1,a,b\n2,a\n"),
            "source.unavailable: p.csv, line 3: has 2 cells, the header has 3");
  EXPECT_EQ(fault("id,name,note\n1,\"a\nb\",c\n2,a\"b,c\n"),
            "source.unavailable: p.csv, line 4: a quotation mark inside an unquoted cell");
  EXPECT_EQ(fault("id,name,note\n1,\"a\"b,c\n"),
            "source.unavailable: p.csv, line 2: text after the closing quotation mark of a cell");
  EXPECT_EQ(fault("id,name,note\n1,a,\"b\n"),
            "source.unavailable: p.csv, line 2: a quotation mark is never closed");
  EXPECT_EQ(fault("id,name,name\n"), "source.unavailable: p.csv, line 1: names a column twice");
  EXPECT_EQ(fault(""), "source.unavailable: p.csv, line 1: has no header");
}

TEST_F(CsvSourceTest, AMissingColumnIsTheMappingsFault) {
  EXPECT_EQ(fault("nr,name,note\n"), "mapping.invalid: expected the column id in p.csv");
  EXPECT_EQ(fault("id,name\n"), "mapping.invalid: expected the column note in p.csv");
  EXPECT_EQ(code(open()->check(lookup())), "mapping.invalid");
}

TEST_F(CsvSourceTest, AnotherFileInItsPlaceIsRead) {
  const auto source = open();
  EXPECT_TRUE(source->check(lookup()).ok());  // no file yet: health, not configuration
  EXPECT_EQ(source->health().detail, "p.csv is not there");
  replace("id,name,note\n1,old,\n");
  EXPECT_EQ(source->fetch(lookup(), "1", {kNow, 0})->rows[0][0], "old");
  EXPECT_TRUE(source->health().ok);
  replace("id,name,note\n1,new,\n");
  const auto rows = source->fetch(lookup(), "1", {kNow, 0});
  EXPECT_EQ(rows->rows[0][0], "new");
  EXPECT_GT(rows->as_of_s, 0);
  EXPECT_LE(rows->as_of_s, kNow);
  // A bad one is not answered from the one before it.
  replace("id,name,note\n1\n");
  EXPECT_EQ(code(source->fetch(lookup(), "1", {kNow, 0})), "source.unavailable");
  EXPECT_EQ(source->health().detail, "p.csv, line 2: has 1 cells, the header has 3");
  std::filesystem::remove(folder_ / "p.csv");
  EXPECT_EQ(code(source->fetch(lookup(), "1", {kNow, 0})), "source.unavailable");
  replace("id,name,note\n1,again,\n");
  EXPECT_EQ(source->fetch(lookup(), "1", {kNow, 0})->rows[0][0], "again");
}

TEST_F(CsvSourceTest, ManyRowsOfOneSubjectAreTooMuch) {
  std::string text = "id,name,note\n";
  for (int i = 0; i < 1500; ++i) text += "1,a,b\n";
  replace(text + "2,a,b\n");
  EXPECT_EQ(code(open()->fetch(lookup(), "1", {kNow, 0})), "source.too_large");
  EXPECT_EQ(open()->fetch(lookup(), "2", {kNow, 0})->rows.size(), 1U);
}

}  // namespace
}  // namespace qc::plugin
