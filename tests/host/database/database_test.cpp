// The same tests on both backends.
#include "host/database/database.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "host/database/migrations.hpp"
#include "sdk/base/bytes.hpp"
#include "tests/host/database/mariadb.hpp"

namespace qc::database {
namespace {

using test::MariaDb;

class TempDir {
 public:
  TempDir() : path_(std::filesystem::temp_directory_path() / ("qc-database-" + random_id())) {
    std::filesystem::create_directories(path_);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class DatabaseTest : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    location_.dialect = GetParam();
    location_.sqlite.file = folder_.path() / "test.db";
    if (GetParam() == Dialect::kMysql) location_.mysql = MariaDb::shared().fresh_database();
    db_ = open();
    must(
        db_->run_script("CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(64), "
                        "body VARCHAR(15000));"));
  }
  std::unique_ptr<Connection> open() {
    auto connection = connect(location_);
    if (!connection.ok()) ADD_FAILURE() << connection.error().message;
    return std::move(connection).value();
  }
  static void must(const Status& status) { ASSERT_TRUE(status.ok()) << status.error().message; }
  std::int64_t changed(std::string_view sql, const Values& values) {
    const auto rows = db_->execute(sql, values);
    if (!rows.ok()) ADD_FAILURE() << rows.error().message;
    return rows.ok() ? *rows : -1;
  }
  std::int64_t count(Connection& connection) {
    std::int64_t n = -1;
    must(connection.query("SELECT COUNT(*) FROM t", {}, [&](const Row& row) {
      n = row.integer(0);
      return true;
    }));
    return n;
  }
  void write_migration(const std::string& name, const std::string& text) {
    const auto folder = folder_.path() / "sql" / std::string(name_of(GetParam()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / name) << text;
  }
  Result<Migrated> run_migrations() { return migrate(*db_, folder_.path() / "sql"); }

  TempDir folder_;
  Location location_;
  std::unique_ptr<Connection> db_;
};

INSTANTIATE_TEST_SUITE_P(Both, DatabaseTest, ::testing::Values(Dialect::kSqlite, Dialect::kMysql),
                         [](const auto& parameter) {
                           return std::string(name_of(parameter.param));
                         });

TEST_P(DatabaseTest, ReadsBackWhatWasBound) {
  const std::string long_text(15000, 'x');
  const std::string words = "泉城链 'quoted\" \\ ; -- 😀";
  EXPECT_EQ(changed("INSERT INTO t VALUES (?, ?, ?)", {INT64_MAX, words, long_text}), 1);
  EXPECT_EQ(changed("INSERT INTO t VALUES (?, ?, ?)", {INT64_MIN, nullptr, std::string()}), 1);
  int rows = 0;
  must(db_->query("SELECT id, name, body FROM t WHERE id > ? OR name IS NULL ORDER BY id DESC",
                  {std::int64_t{0}}, [&](const Row& row) {
                    if (rows++ == 0) {
                      EXPECT_EQ(row.integer(0), INT64_MAX);
                      EXPECT_EQ(row.text(1), words);
                      EXPECT_EQ(row.text(2), long_text);
                      EXPECT_FALSE(row.is_null(1));
                    } else {
                      EXPECT_EQ(row.integer(0), INT64_MIN);
                      EXPECT_TRUE(row.is_null(1));
                      EXPECT_EQ(row.text(1), "");
                      EXPECT_FALSE(row.is_null(2));
                      EXPECT_EQ(row.text(2), "");
                    }
                    return true;
                  }));
  EXPECT_EQ(rows, 2);
}

TEST_P(DatabaseTest, TheVisitorCanStop) {
  for (std::int64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(db_->execute("INSERT INTO t (id) VALUES (?)", {i}).ok());
  }
  int seen = 0;
  must(db_->query("SELECT id FROM t ORDER BY id", {}, [&](const Row&) { return ++seen < 3; }));
  EXPECT_EQ(seen, 3);
  seen = 0;  // and the statement is usable again
  must(db_->query("SELECT id FROM t ORDER BY id", {}, [&](const Row&) { return ++seen < 100; }));
  EXPECT_EQ(seen, 10);
}

TEST_P(DatabaseTest, ATransactionIsAllOrNothing) {
  {
    auto transaction = Transaction::begin(*db_);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(db_->execute("INSERT INTO t (id) VALUES (1)").ok());
  }
  EXPECT_EQ(count(*db_), 0);
  {
    auto transaction = Transaction::begin(*db_);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(db_->execute("INSERT INTO t (id) VALUES (1)").ok());
    EXPECT_EQ(count(*open()), 0) << "nobody else sees it before the commit";
    must(transaction->commit());
  }
  EXPECT_EQ(count(*open()), 1);
}

TEST_P(DatabaseTest, FailuresAreValuesAndQuoteNothing) {
  const std::string secret = "370199194912310021";
  ASSERT_TRUE(db_->run_script("CREATE TABLE u (name VARCHAR(64) NOT NULL PRIMARY KEY);").ok());
  ASSERT_TRUE(db_->execute("INSERT INTO u VALUES (?)", {secret}).ok());
  const auto twice = db_->execute("INSERT INTO u VALUES (?)", {secret});
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().code, "database.failed");
  EXPECT_EQ(twice.error().message.find(secret), std::string::npos) << twice.error().message;
  const auto nonsense = db_->execute("SELEC 1");
  ASSERT_FALSE(nonsense.ok());
  EXPECT_EQ(nonsense.error().code, "database.failed");
  EXPECT_EQ(count(*db_), 0) << "the connection lives on";
}

TEST_P(DatabaseTest, MigrationsAreAppliedOnce) {
  write_migration("001_first.sql", "-- a comment\nCREATE TABLE IF NOT EXISTS a (x BIGINT);\n");
  auto first = run_migrations();
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->applied, 1);
  EXPECT_EQ(first->version, 1);
  write_migration("002_second.sql",
                  "CREATE TABLE IF NOT EXISTS b (x BIGINT);\nINSERT INTO b\nVALUES (7);\n");
  EXPECT_EQ(run_migrations()->applied, 1);
  EXPECT_EQ(run_migrations()->applied, 0);
  std::int64_t rows = 0;
  must(db_->query("SELECT x FROM b", {}, [&](const Row& row) {
    EXPECT_EQ(row.integer(0), 7);
    ++rows;
    return true;
  }));
  EXPECT_EQ(rows, 1);
}

TEST_P(DatabaseTest, AChangedMigrationIsRefused) {
  write_migration("001_first.sql", "CREATE TABLE IF NOT EXISTS a (x BIGINT);\n");
  ASSERT_TRUE(run_migrations().ok());
  write_migration("001_first.sql", "CREATE TABLE IF NOT EXISTS a (x BIGINT, y BIGINT);\n");
  const auto changed = run_migrations();
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().code, "migration.changed");
  EXPECT_NE(changed.error().message.find("001_first.sql"), std::string::npos);

  write_migration("001_first.sql", "CREATE TABLE IF NOT EXISTS a (x BIGINT);\n");
  write_migration("002_second.sql", "CREATE TABLE IF NOT EXISTS b (x BIGINT);\n");
  ASSERT_TRUE(run_migrations().ok());
  std::filesystem::remove(folder_.path() / "sql" / std::string(name_of(GetParam())) /
                          "002_second.sql");
  const auto older = run_migrations();
  ASSERT_FALSE(older.ok()) << "an older program must not work on a newer schema";
  EXPECT_EQ(older.error().code, "migration.changed");
}

TEST_P(DatabaseTest, BadMigrationsAreNamed) {
  EXPECT_EQ(run_migrations().error().code, "migration.unreadable");
  write_migration("001_first.sql", "CREATE TABLE IF NOT EXISTS a (x BIGINT);\n");
  write_migration("003_third.sql", "CREATE TABLE IF NOT EXISTS c (x BIGINT);\n");
  EXPECT_EQ(run_migrations().error().field, "003_third.sql");
  write_migration("002_second.sql", "CREATE NONSENSE;\n");
  const auto failed = run_migrations();
  EXPECT_EQ(failed.error().code, "migration.failed");
  EXPECT_NE(failed.error().message.find("002_second.sql"), std::string::npos);
  write_migration("002_second.sql", "CREATE TABLE IF NOT EXISTS b (x BIGINT);\n");
  EXPECT_EQ(run_migrations()->version, 3) << "mended and run again";
}

TEST(MysqlTest, ALostSessionIsMadeAgainButATransactionIsNot) {
  MariaDb server;
  auto opened = open_mysql(server.fresh_database());
  ASSERT_TRUE(opened.ok());
  Connection& db = **opened;
  ASSERT_TRUE(db.run_script("CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY);").ok());
  const auto count = [&]() -> Result<std::int64_t> {
    std::int64_t n = -1;
    QC_TRY(db.query("SELECT COUNT(*) FROM t", {}, [&](const Row& row) {
      n = row.integer(0);
      return true;
    }));
    return n;
  };
  ASSERT_EQ(*count(), 0);
  server.kill();
  const auto away = count();
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.error().code, "database.unavailable");
  EXPECT_TRUE(away.error().retryable);
  server.start();
  EXPECT_EQ(*count(), 0) << "a query alone finds its way back";

  server.kill();
  server.start();
  EXPECT_EQ(*count(), 0) << "also in one go, when the server is back already";

  auto transaction = Transaction::begin(db);
  ASSERT_TRUE(transaction.ok());
  ASSERT_TRUE(db.execute("INSERT INTO t VALUES (1)").ok());
  server.kill();
  server.start();
  EXPECT_EQ(db.execute("INSERT INTO t VALUES (2)").error().code, "database.unavailable");
  EXPECT_EQ(db.execute("INSERT INTO t VALUES (3)").error().code, "database.unavailable")
      << "nothing of a broken transaction may land outside of it";
  EXPECT_EQ(transaction->commit().error().code, "database.unavailable");
  db.rollback();
  EXPECT_EQ(*count(), 0);
}

TEST(MysqlTest, AServerThatStandsStillIsGivenUp) {
  MariaDb server;
  MysqlOptions options = server.fresh_database();
  options.io_timeout_s = 1;
  options.connect_timeout_s = 1;
  auto db = open_mysql(options);
  ASSERT_TRUE(db.ok());
  server.freeze();
  const auto begun = std::chrono::steady_clock::now();
  const auto status = (*db)->query("SELECT 1", {}, [](const Row&) { return true; });
  const auto took = std::chrono::steady_clock::now() - begun;
  server.thaw();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "database.unavailable");
  EXPECT_LT(took, std::chrono::seconds(6));
}

TEST(MysqlTest, WrongCredentialsAreSaidWithoutThem) {
  MysqlOptions options = MariaDb::shared().fresh_database();
  options.password = "certainly-not-this-one";
  const auto refused = open_mysql(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "database.failed");
  EXPECT_EQ(refused.error().message.find(options.password), std::string::npos);
}

TEST(SqliteTest, AFileThatIsNoDatabaseIsCorrupt) {
  const TempDir folder;
  std::ofstream(folder.path() / "x.db") << std::string(4096, 'x');
  const auto opened = open_sqlite({folder.path() / "x.db"});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "database.corrupt");
}

TEST(SqliteTest, AWriterThatWaitsTooLongIsUnavailable) {
  const TempDir folder;
  SqliteOptions options{folder.path() / "x.db"};
  options.busy_timeout_ms = 50;
  auto first = open_sqlite(options);
  auto second = open_sqlite(options);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE((*first)->begin().ok());
  const auto refused = (*second)->begin();
  EXPECT_EQ(refused.error().code, "database.unavailable");
  (*first)->rollback();
  EXPECT_TRUE((*second)->begin().ok());
}

TEST(LocateTest, ReadsBothForms) {
  const auto sqlite = locate("sqlite:/var/lib/q/view.db", "");
  ASSERT_TRUE(sqlite.ok());
  EXPECT_EQ(sqlite->dialect, Dialect::kSqlite);
  EXPECT_EQ(sqlite->sqlite.file, "/var/lib/q/view.db");
  const auto mysql = locate("mysql://qc@db.example:3307/quancheng", "");
  ASSERT_TRUE(mysql.ok());
  EXPECT_EQ(mysql->mysql.user, "qc");
  EXPECT_EQ(mysql->mysql.host, "db.example");
  EXPECT_EQ(mysql->mysql.port, 3307);
  EXPECT_EQ(mysql->mysql.database, "quancheng");
  EXPECT_EQ(locate("mysql://qc@db/quancheng", "")->mysql.port, 3306);
}

TEST(LocateTest, RefusesTheRest) {
  for (const char* url :
       {"", "sqlite:", "postgres://a@b/c", "mysql://b/c", "mysql://a@b", "mysql://a@b:0/c",
        "mysql://a@b:70000/c", "mysql://a@b:x/c", "mysql://a@/c", "mysql://a@b/", "mysql://@b/c",
        "mysql://a:secret@b/c", "mysql://a@b/c;drop", "mysql://a@b/c?d=e"}) {
    const auto refused = locate(url, "");
    ASSERT_FALSE(refused.ok()) << url;
    EXPECT_EQ(refused.error().code, "database.invalid_url") << url;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
}

TEST(LocateTest, ThePasswordFileMustBePrivate) {
  const TempDir folder;
  const auto file = folder.path() / "password";
  std::ofstream(file) << "s3cret\n";
  ::chmod(file.c_str(), 0640);
  const auto refused = locate("mysql://a@b/c", file);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "database.password_file");
  EXPECT_EQ(refused.error().message.find("s3cret"), std::string::npos);
  ::chmod(file.c_str(), 0600);
  const auto location = locate("mysql://a@b/c", file);
  ASSERT_TRUE(location.ok());
  EXPECT_EQ(location->mysql.password, "s3cret");
  EXPECT_EQ(location->display().find("s3cret"), std::string::npos);
  EXPECT_EQ(locate("mysql://a@b/c", folder.path() / "none").error().code, "database.password_file");
  EXPECT_EQ(locate("mysql://a@b/c", folder.path()).error().code, "database.password_file");
}

}  // namespace
}  // namespace qc::database
