#include "sdk/plugin/mapping/sqlite_source.hpp"

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

int out_of_time(void* moment) { return static_cast<Moment*>(moment)->left_ms() == 0 ? 1 : 0; }

Result<Cell> read_cell(sqlite3_stmt* row, int column, const std::string& name) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
      return Cell();
    case SQLITE_BLOB: {
      Error error = internal("record.invalid", "expected a text or a number, found binary data");
      error.side = Side::kProvider;
      return error.at("column." + name);
    }
    default: {  // numbers become text without a change of their value
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
      if (text == nullptr) return source_error(SQLITE_NOMEM);
      return Cell(std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, column))));
    }
  }
}

/// Where in the statement's rows each column of the lookup stands.
Result<std::vector<int>> places_of(sqlite3_stmt* statement, const Lookup& lookup) {
  std::vector<int> places;
  for (const std::string& column : lookup.columns) {
    int place = 0;
    const int count = sqlite3_column_count(statement);
    while (place < count && column != sqlite3_column_name(statement, place)) ++place;
    if (place == count) {
      return invalid("mapping.invalid", "expected a query with the column " + column, lookup.where);
    }
    places.push_back(place);
  }
  return places;
}

/// One connection, used by one thread at a time.
class Connection {
 public:
  /// `tables`: those that may be read; null = any. Must outlive the connection.
  static Result<std::unique_ptr<Connection>> open(const std::string& path,
                                                  const std::vector<std::string>* tables) {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<Connection> connection(new Connection(raw));
    if (code != SQLITE_OK) return source_error(code);
    // The schema comes from a file of another owner: no function in it may have side effects.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    // Otherwise a column that does not exist, in quotation marks, is taken for a text.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    const int checked = sqlite3_exec(raw, "PRAGMA query_only=1; SELECT count(*) FROM sqlite_schema",
                                     nullptr, nullptr, nullptr);
    if (checked != SQLITE_OK) return source_error(checked);
    connection->tables_ = tables;
    if (tables != nullptr) sqlite3_set_authorizer(raw, &authorize, connection.get());
    return connection;
  }

  Result<sqlite3_stmt*> prepared(const std::string& sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second.get();
    sqlite3_stmt* raw = nullptr;
    refused_.clear();
    const int code = sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK && !refused_.empty()) return table_not_granted(refused_, {});
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

  bool may_read(const char* table) const {
    return table != nullptr &&
           std::any_of(tables_->begin(), tables_->end(), [&](const std::string& one) {
             return sqlite3_stricmp(one.c_str(), table) == 0;
           });
  }
  /// Asked by SQLite while it prepares, of each table that is read, through a view too: the name of
  /// the view is not enough, since a query can call a part of itself by any name (WITH).
  static int authorize(void* self_, int action, const char* table, const char*, const char*,
                       const char*) {
    auto& self = *static_cast<Connection*>(self_);
    if (action == SQLITE_SELECT || action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE) {
      return SQLITE_OK;
    }
    if (action == SQLITE_READ && self.may_read(table)) return SQLITE_OK;
    self.refused_ =
        action == SQLITE_READ && table != nullptr ? table : "other than one that it reads";
    return SQLITE_DENY;
  }

  std::unique_ptr<sqlite3, CloseConnection> db_;
  const std::vector<std::string>* tables_ = nullptr;
  std::string refused_;                          ///< of a table, while a statement is prepared
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
  Pool(std::string path, std::optional<std::vector<std::string>> tables)
      : path_(std::move(path)), tables_(std::move(tables)) {}

  Result<std::unique_ptr<Connection>> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return Connection::open(path_, tables_ ? &*tables_ : nullptr);
  }
  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < sqlite_source::kMaxIdleConnections) idle_.push_back(std::move(connection));
  }

 private:
  const std::string path_;
  const std::optional<std::vector<std::string>> tables_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

SqliteSource::SqliteSource(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
SqliteSource::~SqliteSource() = default;

std::string lookup_sql(const Lookup& lookup, char quote, std::string_view parameter) {
  std::string sql = lookup.query;
  if (!sql.empty()) {
    constexpr std::string_view kKey = ":key";
    for (std::size_t at = sql.find(kKey); at != std::string::npos;
         at = sql.find(kKey, at + parameter.size())) {
      sql.replace(at, kKey.size(), parameter);
    }
    return sql;
  }
  const auto quoted = [&](const std::string& name) { return quote + name + quote; };
  for (const std::string& column : lookup.columns) {
    sql += (sql.empty() ? "SELECT " : ", ") + quoted(column);
  }
  return sql + " FROM " + quoted(lookup.table) + " WHERE " + quoted(lookup.key) + " = " +
         std::string(parameter) + " LIMIT " + std::to_string(kMaxSourceRows + 1);
}

Error lookup_mismatch(const Lookup& lookup) {
  std::string what = "a query that the database can prepare";
  if (lookup.query.empty()) {
    what = "the table " + lookup.table + " with the columns " + lookup.key;
    for (const std::string& column : lookup.columns) what += ", " + column;
  }
  return invalid("mapping.invalid", "expected " + what, lookup.where);
}

Result<std::unique_ptr<Source>> SqliteSource::open(const SourceOpening& opening) {
  QC_ASSIGN(const std::string path, opening.settings.text(opening.spec.setting, 4096));
  auto source =
      open(path, opening.tables == nullptr ? std::nullopt : std::optional(*opening.tables));
  if (!source.ok()) return source.error().at(opening.settings.field(opening.spec.setting));
  return std::unique_ptr<Source>(std::move(source).value());
}

Result<std::unique_ptr<SqliteSource>> SqliteSource::open(
    const std::string& path, std::optional<std::vector<std::string>> tables) {
  auto pool = std::make_unique<Pool>(path, std::move(tables));
  QC_ASSIGN(std::unique_ptr<Connection> first, pool->take());
  pool->give_back(std::move(first));
  return std::unique_ptr<SqliteSource>(new SqliteSource(std::move(pool)));
}

Status SqliteSource::check(const Lookup& lookup) {
  QC_ASSIGN(std::unique_ptr<Connection> connection, pool_->take());
  const auto statement = connection->prepared(lookup_sql(lookup, '"', "?1"));
  if (!statement.ok() && statement.error().code == "source.not_granted") {
    return statement.error().at(lookup.where);
  }
  if (!statement.ok()) return lookup_mismatch(lookup);
  QC_TRY(sqlite_source::places_of(*statement, lookup));
  pool_->give_back(std::move(connection));
  return {};
}

Result<Rows> SqliteSource::fetch(const Lookup& lookup, const std::string& key,
                                 const Moment& moment) {
  QC_ASSIGN(std::unique_ptr<Connection> connection, pool_->take());
  const std::vector<std::string> values = {key};  // bound by address until the last row is read
  Moment limit = moment;
  Result<Rows> rows = [&]() -> Result<Rows> {
    QC_ASSIGN(sqlite3_stmt * statement, connection->prepared(lookup_sql(lookup, '"', "?1")));
    QC_ASSIGN(const std::vector<int> places, sqlite_source::places_of(statement, lookup));
    Query query(*connection, statement, limit);
    QC_TRY(query.bind(values));
    Rows read;
    RowBudget budget;
    for (;;) {
      QC_ASSIGN(const bool found, query.step());
      if (!found) return read;
      Row row;
      for (std::size_t i = 0; i < places.size(); ++i) {
        QC_ASSIGN(Cell cell, sqlite_source::read_cell(statement, places[i], lookup.columns[i]));
        row.push_back(std::move(cell));
      }
      QC_TRY(budget.add(row));
      read.rows.push_back(std::move(row));
    }
  }();
  // A connection that failed is closed rather than kept: the next call starts with a fresh one.
  if (rows.ok() || rows.error().code != "source.unavailable") {
    pool_->give_back(std::move(connection));
  }
  return rows;
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
