// Source adapter: a department's SQLite database, read only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sdk/plugin/department.hpp"

namespace qc::plugin {

/// A small pool of read-only connections with prepared statements. Any thread, concurrently.
class SqliteSource {
 public:
  /// Opens the database of the setting `database`. Errors: "source.unavailable".
  static Result<std::unique_ptr<SqliteSource>> open(const JsonReader& settings);
  static Result<std::unique_ptr<SqliteSource>> open(const std::string& path);
  ~SqliteSource();

  /// Runs `sql` (a constant of the author's; values only through `?1` …) and returns the one row
  /// as a record: each column is a field of `item` by name, each value converted to the field's
  /// type. A column that is no field of the item is an error. Ends when the subject's time is up.
  /// Errors: "record.none" (kNotFound), "record.ambiguous" (more than one row),
  /// "record.invalid" (column or value does not fit), "source.unavailable" (busy, gone).
  Result<Record> fetch(const std::string& sql, const std::vector<std::string>& values,
                       const Item& item, const Moment& moment);

  /// True when `sql` yields at least one row. Errors: "source.unavailable".
  Result<bool> exists(const std::string& sql, const std::vector<std::string>& values,
                      const Moment& moment);

  /// Whether the database answers.
  Health health();

 private:
  class Pool;
  explicit SqliteSource(std::unique_ptr<Pool> pool);
  std::unique_ptr<Pool> pool_;
};

}  // namespace qc::plugin
