// The MariaDB and MySQL backend, on MySQL Connector/C++ 1.1 (its JDBC-like interface).
#include <cassert>
#include <mutex>
#include <unordered_map>

#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>

#include "host/database/database.hpp"

namespace qc::database {
namespace {

// Client and server error numbers: MySQL 8.0 Error Message Reference.
bool connection_lost(int code) {
  switch (code) {
    case 1053:  // server shutdown in progress
    case 1152:  // aborted connection
    case 1927:  // connection was killed
    case 2002:  // cannot connect (socket)
    case 2003:  // cannot connect (TCP)
    case 2006:  // server has gone away
    case 2012:  // error in server handshake
    case 2013:  // lost connection during query
    case 2014:  // commands out of sync: this session is of no more use
    case 2055:  // lost connection, with system error
      return true;
    default:
      return false;
  }
}

bool worth_retrying(int code) {
  return connection_lost(code) || code == 1021 /* disk full */ || code == 1040 /* connections */ ||
         code == 1041 /* memory */ || code == 1114 /* table full */ ||
         code == 1205 /* lock wait */ || code == 1213 /* deadlock */ ||
         code == 1290 /* read-only server */ || code == 1836 /* read-only mode */;
}

/// Only messages that cannot quote a bound value are passed on: "duplicate entry" and
/// "incorrect value" do quote it.
bool message_is_safe(int code) {
  return (code >= 2000 && code < 3000) || code == 1044 || code == 1045 || code == 1049 ||
         code == 1054 || code == 1064 || code == 1146 || worth_retrying(code);
}

Error to_error(int code, const std::string& text, std::string_view what) {
  std::string message = std::string(what) + ": MySQL error " + std::to_string(code);
  if (message_is_safe(code)) message += ", " + text;
  if (worth_retrying(code)) return unavailable("database.unavailable", std::move(message));
  return internal("database.failed", std::move(message));
}

/// The driver object lives as long as the process; creating it is not thread-safe in the library.
sql::Driver* driver() {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  return get_driver_instance();
}

class MysqlRow final : public Row {
 public:
  explicit MysqlRow(const sql::ResultSet& rows) : rows_(rows) {}
  bool is_null(unsigned column) const override { return rows_.isNull(column + 1); }
  std::int64_t integer(unsigned column) const override { return rows_.getInt64(column + 1); }
  std::string text(unsigned column) const override {
    if (is_null(column)) return {};
    return rows_.getString(column + 1).asStdString();
  }

 private:
  const sql::ResultSet& rows_;
};

class MysqlConnection final : public Connection {
 public:
  explicit MysqlConnection(MysqlOptions options) : options_(std::move(options)) {}
  ~MysqlConnection() override { drop(); }

  Dialect dialect() const override { return Dialect::kMysql; }

  Status reconnect() {
    drop();
    return guarded("cannot connect", [&]() -> Status {
      sql::ConnectOptionsMap map;
      map["hostName"] = "tcp://" + options_.host + ":" + std::to_string(options_.port);
      map["userName"] = options_.user;
      map["password"] = options_.password;
      map["schema"] = options_.database;
      map["OPT_CONNECT_TIMEOUT"] = options_.connect_timeout_s;
      map["OPT_READ_TIMEOUT"] = options_.io_timeout_s;
      map["OPT_WRITE_TIMEOUT"] = options_.io_timeout_s;
      map["OPT_CHARSET_NAME"] = std::string("utf8mb4");
      std::unique_ptr<sql::Connection> fresh(driver()->connect(map));
      const std::unique_ptr<sql::Statement> statement(fresh->createStatement());
      statement->execute("SET NAMES utf8mb4 COLLATE utf8mb4_bin");
      statement->execute(
          "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
          "NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout=5");
      connection_ = std::move(fresh);
      return {};
    });
  }

  Result<std::int64_t> execute(std::string_view sql, const Values& values) override {
    QC_TRY(alive());
    std::int64_t changed = 0;
    QC_TRY(guarded("cannot write", [&]() -> Status {
      changed = bound(sql, values).executeUpdate();
      return {};
    }));
    return changed;
  }

  Status query(std::string_view sql, const Values& values,
               const std::function<bool(const Row&)>& visit) override {
    QC_TRY(alive());
    bool visited = false;
    const auto read = [&]() -> Status {
      const std::unique_ptr<sql::ResultSet> rows(bound(sql, values).executeQuery());
      const MysqlRow row(*rows);
      while (rows->next()) {
        visited = true;
        if (!visit(row)) break;
      }
      return {};
    };
    Status status = guarded("cannot read", read);
    // Rows already shown cannot be taken back, so only a query that showed none is asked again.
    if (status.ok() || connection_ || in_transaction_ || visited) return status;
    QC_TRY(reconnect());
    return guarded("cannot read", read);
  }

  Status run_script(std::string_view script) override {
    QC_TRY(alive());
    return guarded("cannot run a script", [&]() -> Status {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      for (const std::string& part : split(script)) statement->execute(part);
      return {};
    });
  }

  Status begin() override {
    assert(!in_transaction_);
    QC_TRY(alive());
    Status status = simple("START TRANSACTION");
    if (!status.ok() && !connection_) {
      QC_TRY(reconnect());
      status = simple("START TRANSACTION");
    }
    in_transaction_ = status.ok();
    return status;
  }

  Status commit() override {
    QC_TRY(alive());
    QC_TRY(simple("COMMIT"));
    in_transaction_ = false;
    return {};
  }

  void rollback() override {
    if (!in_transaction_) return;
    in_transaction_ = false;
    // A session that cannot even roll back is given up; the server then rolls back by itself.
    if (connection_ && !simple("ROLLBACK").ok()) drop();
  }

 private:
  /// A transaction dies with its session: the next statement must not land in a fresh one.
  Status alive() {
    if (connection_) return {};
    if (in_transaction_) {
      return unavailable("database.unavailable", "the connection was lost in a transaction");
    }
    return reconnect();
  }

  Status simple(const char* sql) {
    return guarded("cannot control a transaction", [&]() -> Status {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      statement->execute(sql);
      return {};
    });
  }

  template <typename Work>
  Status guarded(std::string_view what, const Work& work) {
    try {
      return work();
    } catch (const sql::SQLException& error) {
      if (connection_lost(error.getErrorCode())) drop();
      return to_error(error.getErrorCode(), error.what(), what);
    } catch (const std::exception&) {
      drop();
      return internal("database.failed", std::string(what) + ": the connector failed");
    }
  }

  sql::PreparedStatement& bound(std::string_view sql, const Values& values) {
    std::string key(sql);
    auto found = statements_.find(key);
    if (found == statements_.end()) {
      if (statements_.size() >= kMaxCachedStatements) statements_.clear();
      std::unique_ptr<sql::PreparedStatement> fresh(connection_->prepareStatement(key));
      found = statements_.emplace(std::move(key), std::move(fresh)).first;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      bind(*found->second, static_cast<unsigned>(i) + 1, values[i]);
    }
    return *found->second;
  }

  static void bind(sql::PreparedStatement& statement, unsigned index, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      statement.setInt64(index, *integer);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      statement.setString(index, *text);
    } else {
      statement.setNull(index, 0);
    }
  }

  static std::vector<std::string> split(std::string_view script) {
    std::vector<std::string> parts;
    std::string part;
    std::size_t at = 0;
    while (at < script.size()) {
      const std::size_t end = std::min(script.find('\n', at), script.size());
      const std::string_view line = script.substr(at, end - at);
      at = end + 1;
      if (line.empty() || line.starts_with("--")) continue;
      part.append(line).push_back('\n');
      if (!line.ends_with(';')) continue;
      part.resize(part.size() - 2);
      parts.push_back(std::move(part));
      part.clear();
    }
    if (!part.empty()) parts.push_back(std::move(part));
    return parts;
  }

  void drop() {
    statements_.clear();
    connection_.reset();
  }

  MysqlOptions options_;
  std::unique_ptr<sql::Connection> connection_;
  std::unordered_map<std::string, std::unique_ptr<sql::PreparedStatement>> statements_;
  bool in_transaction_ = false;
};

}  // namespace

Result<std::unique_ptr<Connection>> open_mysql(const MysqlOptions& options) {
  auto connection = std::make_unique<MysqlConnection>(options);
  QC_TRY(connection->reconnect());
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace qc::database
