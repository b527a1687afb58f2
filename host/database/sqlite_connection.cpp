// The SQLite backend, on the C interface.
#include <cassert>
#include <system_error>
#include <unordered_map>

#include <sqlite3.h>

#include "host/database/database.hpp"

namespace qc::database {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// SQLite's messages name tables, columns and files, never bound values.
Error to_error(sqlite3* db, int code, std::string_view what) {
  const std::string detail = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const std::string message = std::string(what) + ": " + detail;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
      return unavailable("database.unavailable", message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return internal("database.corrupt", message);
    default:
      return internal("database.failed", message);
  }
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(unsigned column) const override {
    return sqlite3_column_type(statement_, static_cast<int>(column)) == SQLITE_NULL;
  }
  std::int64_t integer(unsigned column) const override {
    return sqlite3_column_int64(statement_, static_cast<int>(column));
  }
  std::string text(unsigned column) const override {
    const int index = static_cast<int>(column);
    const unsigned char* data = sqlite3_column_text(statement_, index);
    const int size = sqlite3_column_bytes(statement_, index);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
  }

 private:
  sqlite3_stmt* statement_;
};

/// Leaves a cached statement ready for its next use, with no values held.
class Reset {
 public:
  explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;
  ~Reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(std::unique_ptr<sqlite3, CloseDatabase> db) : db_(std::move(db)) {}

  Status configure(const SqliteOptions& options) {
    sqlite3_busy_timeout(db_.get(), options.busy_timeout_ms);
    sqlite3_extended_result_codes(db_.get(), 1);
    QC_TRY(run_script("PRAGMA journal_mode=WAL"));
    QC_TRY(run_script("PRAGMA synchronous=FULL"));
    QC_TRY(run_script("PRAGMA foreign_keys=ON"));
    QC_TRY(run_script("PRAGMA temp_store=MEMORY"));
    QC_TRY(
        run_script(options.secure_delete ? "PRAGMA secure_delete=ON" : "PRAGMA secure_delete=OFF"));
    // A file that is no database is found here and not in the middle of the work.
    return query("SELECT COUNT(*) FROM sqlite_master", {}, [](const Row&) { return true; });
  }

  Dialect dialect() const override { return Dialect::kSqlite; }

  Result<std::int64_t> execute(std::string_view sql, const Values& values) override {
    QC_ASSIGN(sqlite3_stmt * statement, prepared(sql, values));
    const Reset reset(statement);
    int code = sqlite3_step(statement);
    while (code == SQLITE_ROW) code = sqlite3_step(statement);  // a PRAGMA may answer
    if (code != SQLITE_DONE) return to_error(db_.get(), code, "cannot write");
    return static_cast<std::int64_t>(sqlite3_changes64(db_.get()));
  }

  Status query(std::string_view sql, const Values& values,
               const std::function<bool(const Row&)>& visit) override {
    QC_ASSIGN(sqlite3_stmt * statement, prepared(sql, values));
    const Reset reset(statement);
    const SqliteRow row(statement);
    for (;;) {
      const int code = sqlite3_step(statement);
      if (code == SQLITE_DONE) return {};
      if (code != SQLITE_ROW) return to_error(db_.get(), code, "cannot read");
      if (!visit(row)) return {};
    }
  }

  Status run_script(std::string_view script) override {
    const std::string text(script);
    const int code = sqlite3_exec(db_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return to_error(db_.get(), code, "cannot run a script");
    return {};
  }

  // IMMEDIATE: taking the write lock here, where waiting is possible, and not at the first write,
  // where SQLite must refuse a reader that lags behind.
  Status begin() override { return run_script("BEGIN IMMEDIATE"); }
  Status commit() override { return run_script("COMMIT"); }
  void rollback() override {
    if (sqlite3_get_autocommit(db_.get()) != 0) return;
    // Fails only when SQLite has rolled back by itself already.
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

 private:
  Result<sqlite3_stmt*> prepared(std::string_view sql, const Values& values) {
    QC_ASSIGN(sqlite3_stmt * statement, find_or_prepare(sql));
    assert(sqlite3_bind_parameter_count(statement) == static_cast<int>(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int code = bind(statement, static_cast<int>(i) + 1, values[i]);
      if (code != SQLITE_OK) return to_error(db_.get(), code, "cannot bind a value");
    }
    return statement;
  }

  Result<sqlite3_stmt*> find_or_prepare(std::string_view sql) {
    std::string key(sql);
    if (const auto found = statements_.find(key); found != statements_.end()) {
      return found->second.get();
    }
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), key.c_str(), static_cast<int>(key.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    StatementHandle statement(raw);
    if (code != SQLITE_OK) return to_error(db_.get(), code, "cannot prepare a statement");
    if (raw == nullptr) return internal("database.failed", "the statement is empty");
    if (statements_.size() >= kMaxCachedStatements) statements_.clear();
    statements_.emplace(std::move(key), std::move(statement));
    return raw;
  }

  static int bind(sqlite3_stmt* statement, int index, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      return sqlite3_bind_int64(statement, index, *integer);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      // Not copied: the values outlive the step, and Reset lets go of them afterwards.
      return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    }
    return sqlite3_bind_null(statement, index);
  }

  // Declared first: destroyed last, after the statements.
  std::unique_ptr<sqlite3, CloseDatabase> db_;
  std::unordered_map<std::string, StatementHandle> statements_;
};

}  // namespace

Result<std::unique_ptr<Connection>> open_sqlite(const SqliteOptions& options) {
  const std::filesystem::path folder = options.file.parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) {
    return unavailable("database.unavailable",
                       "cannot create " + folder.string() + ": " + error.message());
  }
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      options.file.c_str(), &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
      nullptr);
  std::unique_ptr<sqlite3, CloseDatabase> db(raw);
  if (code != SQLITE_OK) return to_error(raw, code, "cannot open " + options.file.string());
  std::filesystem::permissions(
      options.file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
      error);
  auto connection = std::make_unique<SqliteConnection>(std::move(db));
  QC_TRY(connection->configure(options));
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace qc::database
