// One way to speak SQL, whatever database is behind it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::database {

enum class Dialect { kSqlite, kMysql };
/// "sqlite" or "mysql": also the name of the folder of migrations.
std::string_view name_of(Dialect dialect);

/// NULL, a 64-bit integer or a UTF-8 text.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string>;
using Values = std::vector<Value>;

/// Unsigned positions and counters become SQL's signed 64 bits; nothing here reaches 2^63.
inline Value number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

/// The row that a query stands on; valid inside the visitor only. Columns count from 0.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(unsigned column) const = 0;
  /// 0 for NULL.
  virtual std::int64_t integer(unsigned column) const = 0;
  /// "" for NULL.
  virtual std::string text(unsigned column) const = 0;
};

/// One session with a database. Statements are prepared once and kept, keyed by their text, so
/// `sql` must be one of a fixed set of texts: values go into `values` and never into `sql`.
/// Errors: "database.unavailable" (kUnavailable, retryable: the server is away, the disk is full, a
/// lock was not had in time), "database.corrupt" (the SQLite file is damaged or is no database),
/// "database.failed" (everything else). Messages hold no bound value. Nothing throws.
/// Thread contract: one thread at a time.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Dialect dialect() const = 0;

  /// Runs a statement that returns no rows; the result is the number of rows changed.
  virtual Result<std::int64_t> execute(std::string_view sql, const Values& values = {}) = 0;
  /// Visits rows until the visitor returns false. The visitor must not use this connection.
  virtual Status query(std::string_view sql, const Values& values,
                       const std::function<bool(const Row&)>& visit) = 0;
  /// Runs statements separated by ";" at a line's end, without values and outside the cache.
  virtual Status run_script(std::string_view script) = 0;

  virtual Status begin() = 0;
  virtual Status commit() = 0;
  /// Never fails: a transaction that the server lost is rolled back as well.
  virtual void rollback() = 0;
};

/// Rolls back unless commit() succeeded. The connection must outlive it.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept : connection_(other.connection_) {
    other.connection_ = nullptr;
  }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

/// Prepared statements that a connection keeps.
inline constexpr std::size_t kMaxCachedStatements = 128;

struct SqliteOptions {
  std::filesystem::path file;
  int busy_timeout_ms = 5000;
  bool secure_delete = false;  ///< overwrite deleted content with zeros
};
/// WAL journal, synchronous=FULL: a committed transaction survives a power cut.
Result<std::unique_ptr<Connection>> open_sqlite(const SqliteOptions& options);

struct MysqlOptions {
  std::string host;
  int port = 3306;
  std::string user;
  std::string password;
  std::string database;
  int connect_timeout_s = 2;
  int io_timeout_s = 5;
};
/// utf8mb4, bounded waits. A connection that the server dropped is made again once, at begin() or
/// at a query outside a transaction; a write is never repeated, for it may have happened.
Result<std::unique_ptr<Connection>> open_mysql(const MysqlOptions& options);

/// Where a database is, as the configuration says it.
struct Location {
  Dialect dialect = Dialect::kSqlite;
  SqliteOptions sqlite;
  MysqlOptions mysql;
  /// For people: no password in it.
  std::string display() const;
};

/// "sqlite:<path>" or "mysql://user@host[:port]/database"; `password_file` for mysql ("" = none)
/// must be a regular file that only its owner can read. A password inside the URL is refused,
/// because URLs end up in logs. Errors: "database.invalid_url", "database.password_file".
Result<Location> locate(std::string_view url, const std::filesystem::path& password_file);

Result<std::unique_ptr<Connection>> connect(const Location& location);

}  // namespace qc::database
