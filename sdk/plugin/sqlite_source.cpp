#include "sdk/plugin/sqlite_source.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include <sqlite3.h>

namespace qc::plugin {
namespace sqlite_source {  // named, because SqliteSource::Pool is made of it

constexpr std::size_t kMaxIdleConnections = 8;
constexpr int kBusyTimeoutMs = 250;
constexpr int kProgressSteps = 1000;

struct CloseConnection {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// SQLite's own messages may quote values: only the result code is passed on.
Error source_error(int code) {
  return unavailable("source.unavailable",
                     "the database answered with SQLite code " + std::to_string(code),
                     Side::kProvider);
}

Error record_error(std::string message, std::string_view field) {
  Error error = internal("record.invalid", std::move(message));
  error.side = Side::kProvider;
  return error.at("record." + std::string(field));
}

int out_of_time(void* moment) { return static_cast<Moment*>(moment)->left_ms() == 0 ? 1 : 0; }

Result<Json> convert(sqlite3_stmt* row, int column, const Field& field) {
  const int type = sqlite3_column_type(row, column);
  if (type == SQLITE_NULL) return Json();
  Json value;
  const bool number = field.type == FieldType::kMoney || field.type == FieldType::kInteger;
  if (number && type == SQLITE_INTEGER) {
    value = static_cast<std::int64_t>(sqlite3_column_int64(row, column));
  } else if (field.type == FieldType::kBoolean && type == SQLITE_INTEGER) {
    const std::int64_t bit = sqlite3_column_int64(row, column);
    if (bit != 0 && bit != 1) return record_error("expected 0 or 1", field.id);
    value = bit == 1;
  } else if (type == SQLITE_TEXT) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
    value = std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
  }
  if (value.is_null() || !value_fits(field.type, value)) {
    return record_error("expected " + std::string(field_form(field.type)), field.id);
  }
  return value;
}

Result<Record> read_row(sqlite3_stmt* row, const Item& item) {
  Record record;
  const int columns = sqlite3_column_count(row);
  for (int i = 0; i < columns; ++i) {
    const char* name = sqlite3_column_name(row, i);
    const Field* field = name == nullptr ? nullptr : item.find(name);
    if (field == nullptr) {
      return record_error("the column is no field of the item", name == nullptr ? "?" : name);
    }
    QC_ASSIGN(record.fields[field->id], convert(row, i, *field));
  }
  return record;
}

/// One connection, used by one thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path) {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<Connection> connection(new Connection(raw));
    if (code != SQLITE_OK) return source_error(code);
    // The schema comes from a file of another owner: no function in it may have side effects.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    const int checked = sqlite3_exec(raw, "PRAGMA query_only=1; SELECT count(*) FROM sqlite_schema",
                                     nullptr, nullptr, nullptr);
    if (checked != SQLITE_OK) return source_error(checked);
    return connection;
  }

  Result<sqlite3_stmt*> prepared(const std::string& sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second.get();
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK) return source_error(code);
    statements_.emplace(sql, Statement(raw));
    return raw;
  }

  /// The busy wait and the progress handler both end with the call's deadline.
  void limit(Moment* moment) {
    if (moment == nullptr) {
      sqlite3_progress_handler(db_.get(), 0, nullptr, nullptr);
      return;
    }
    const std::int64_t wait_ms = std::min<std::int64_t>(kBusyTimeoutMs, moment->left_ms());
    sqlite3_busy_timeout(db_.get(), static_cast<int>(wait_ms));
    sqlite3_progress_handler(db_.get(), kProgressSteps, &out_of_time, moment);
  }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  std::unique_ptr<sqlite3, CloseConnection> db_;
  std::map<std::string, Statement> statements_;  // destroyed before the connection
};

/// Bound and stepped; reset and unbound whatever happens, so that no value stays in a statement.
class Query {
 public:
  Query(Connection& connection, sqlite3_stmt* statement, Moment& moment)
      : connection_(connection), statement_(statement) {
    connection_.limit(&moment);
  }
  ~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    connection_.limit(nullptr);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Status bind(const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int code = sqlite3_bind_text(statement_, static_cast<int>(i) + 1, values[i].data(),
                                         static_cast<int>(values[i].size()), SQLITE_STATIC);
      if (code != SQLITE_OK) return source_error(code);
    }
    return {};
  }
  Result<bool> step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return source_error(code);
  }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

}  // namespace sqlite_source

using sqlite_source::Connection;
using sqlite_source::Query;

class SqliteSource::Pool {
 public:
  explicit Pool(std::string path) : path_(std::move(path)) {}

  Result<std::unique_ptr<Connection>> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return Connection::open(path_);
  }
  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < sqlite_source::kMaxIdleConnections) idle_.push_back(std::move(connection));
  }

 private:
  const std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

SqliteSource::SqliteSource(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
SqliteSource::~SqliteSource() = default;

Result<std::unique_ptr<SqliteSource>> SqliteSource::open(const JsonReader& settings) {
  QC_ASSIGN(const std::string path, settings.text("database", 4096));
  auto source = open(path);
  if (!source.ok()) return source.error().at("settings.database");
  return source;
}

Result<std::unique_ptr<SqliteSource>> SqliteSource::open(const std::string& path) {
  auto pool = std::make_unique<Pool>(path);
  QC_ASSIGN(std::unique_ptr<Connection> first, pool->take());
  pool->give_back(std::move(first));
  return std::unique_ptr<SqliteSource>(new SqliteSource(std::move(pool)));
}

Result<Record> SqliteSource::fetch(const std::string& sql, const std::vector<std::string>& values,
                                   const Item& item, const Moment& moment) {
  QC_ASSIGN(std::unique_ptr<Connection> connection, pool_->take());
  Moment limit = moment;
  Result<Record> record = [&]() -> Result<Record> {
    QC_ASSIGN(sqlite3_stmt * statement, connection->prepared(sql));
    Query query(*connection, statement, limit);
    QC_TRY(query.bind(values));
    QC_ASSIGN(const bool found, query.step());
    if (!found) return not_found("record.none", "the subject has no such record");
    QC_ASSIGN(Record row, sqlite_source::read_row(statement, item));
    QC_ASSIGN(const bool more, query.step());
    if (more) {
      Error error = internal("record.ambiguous", "the subject has more than one such record");
      error.side = Side::kProvider;
      return error;
    }
    return row;
  }();
  // A connection that failed is closed rather than kept: the next call starts with a fresh one.
  if (record.ok() || record.error().code != "source.unavailable") {
    pool_->give_back(std::move(connection));
  }
  return record;
}

Result<bool> SqliteSource::exists(const std::string& sql, const std::vector<std::string>& values,
                                  const Moment& moment) {
  QC_ASSIGN(std::unique_ptr<Connection> connection, pool_->take());
  Moment limit = moment;
  Result<bool> found = [&]() -> Result<bool> {
    QC_ASSIGN(sqlite3_stmt * statement, connection->prepared(sql));
    Query query(*connection, statement, limit);
    QC_TRY(query.bind(values));
    return query.step();
  }();
  if (found.ok()) pool_->give_back(std::move(connection));
  return found;
}

Health SqliteSource::health() {
  const auto answered = exists("SELECT 1", {}, Moment{});
  return answered.ok() ? Health{} : Health{false, answered.error().message};
}

}  // namespace qc::plugin
