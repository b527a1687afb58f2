#include "host/database/migrations.hpp"

#include <algorithm>
#include <system_error>

#include "sdk/base/bytes.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::database {
namespace {

constexpr std::size_t kMaxMigrationBytes = 256U * 1024U;
constexpr std::size_t kMaxMigrations = 999;

struct Migration {
  int number = 0;
  std::string name;  ///< file name
  std::string script;
  std::string sm3;
};

struct Recorded {
  int number = 0;
  std::string name;
  std::string sm3;
};

Result<int> number_of(const std::string& name) {
  const auto digit = [&](std::size_t i) { return name[i] >= '0' && name[i] <= '9'; };
  if (name.size() < 5 || !digit(0) || !digit(1) || !digit(2) || name[3] != '_') {
    return invalid("migration.bad_name", "expected NNN_name.sql", name);
  }
  return (name[0] - '0') * 100 + (name[1] - '0') * 10 + (name[2] - '0');
}

Result<std::vector<Migration>> read_migrations(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<Migration> migrations;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() != ".sql" || migrations.size() == kMaxMigrations) continue;
    Migration migration;
    migration.name = it->path().filename().string();
    QC_ASSIGN(migration.number, number_of(migration.name));
    auto script = read_file(it->path(), kMaxMigrationBytes);
    if (!script.ok()) {
      return invalid("migration.unreadable", it->path().string() + ": " + script.error().message);
    }
    migration.script = std::move(script).value();
    migration.sm3 = to_hex(crypto::sm3(migration.script));
    migrations.push_back(std::move(migration));
  }
  if (error) {
    return invalid("migration.unreadable", folder.string() + ": " + error.message());
  }
  std::sort(migrations.begin(), migrations.end(),
            [](const Migration& a, const Migration& b) { return a.number < b.number; });
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].number != static_cast<int>(i) + 1) {
      return invalid("migration.bad_name", "numbers must go from 001 without gap or repetition",
                     migrations[i].name);
    }
  }
  if (migrations.empty()) {
    return invalid("migration.unreadable", folder.string() + ": holds no migration");
  }
  return migrations;
}

Result<std::vector<Recorded>> read_recorded(Connection& connection) {
  QC_TRY(connection.run_script(
      "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER NOT NULL PRIMARY KEY, "
      "name VARCHAR(255) NOT NULL, sm3 CHAR(64) NOT NULL);"));
  std::vector<Recorded> recorded;
  QC_TRY(connection.query(
      "SELECT number, name, sm3 FROM schema_migrations ORDER BY number", {}, [&](const Row& row) {
        recorded.push_back({static_cast<int>(row.integer(0)), row.text(1), row.text(2)});
        return true;
      }));
  return recorded;
}

Status check_unchanged(const std::vector<Migration>& migrations,
                       const std::vector<Recorded>& recorded) {
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    if (i >= migrations.size() || recorded[i].number != migrations[i].number) {
      return conflict("migration.changed",
                      "the database has migration " + recorded[i].name +
                          ", which this program does not know: it was made by a newer version");
    }
    if (recorded[i].name != migrations[i].name || recorded[i].sm3 != migrations[i].sm3) {
      return conflict("migration.changed",
                      "migration " + migrations[i].name +
                          " differs from the one that was applied (SM3 " + recorded[i].sm3 +
                          "): restore the file, or start with an empty database");
    }
  }
  return {};
}

Status apply(Connection& connection, const Migration& migration) {
  const auto failed = [&](const Error& cause) {
    Error error = cause;
    if (error.code == "database.failed") error.code = "migration.failed";
    error.message = migration.name + ": " + error.message;
    return error;
  };
  auto transaction = Transaction::begin(connection);
  if (!transaction.ok()) return failed(transaction.error());
  const Status run = connection.run_script(migration.script);
  if (!run.ok()) return failed(run.error());
  const auto recorded = connection.execute(
      "INSERT INTO schema_migrations (number, name, sm3) VALUES (?, ?, ?)",
      {static_cast<std::int64_t>(migration.number), migration.name, migration.sm3});
  if (!recorded.ok()) return failed(recorded.error());
  const Status committed = transaction->commit();
  if (!committed.ok()) return failed(committed.error());
  return {};
}

}  // namespace

Result<Migrated> migrate(Connection& connection, const std::filesystem::path& directory) {
  QC_ASSIGN(const auto migrations,
            read_migrations(directory / std::string(name_of(connection.dialect()))));
  QC_ASSIGN(const auto recorded, read_recorded(connection));
  QC_TRY(check_unchanged(migrations, recorded));
  Migrated result;
  result.version = static_cast<int>(migrations.size());
  for (std::size_t i = recorded.size(); i < migrations.size(); ++i) {
    QC_TRY(apply(connection, migrations[i]));
    ++result.applied;
  }
  return result;
}

}  // namespace qc::database
