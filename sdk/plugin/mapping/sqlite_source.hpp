// Driver "sqlite": a department's SQLite database, read only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sdk/plugin/mapping/mapped_department.hpp"

namespace qc::plugin {

/// A small pool of read-only connections with prepared statements. Any thread, concurrently.
class SqliteSource final : public Source {
 public:
  /// Opens the database of the setting that the mapping names. Errors: "source.unavailable".
  static Result<std::unique_ptr<Source>> open(const SourceOpening& opening);
  /// With `tables`, no statement reads another one, whatever its query says.
  static Result<std::unique_ptr<SqliteSource>> open(
      const std::string& path, std::optional<std::vector<std::string>> tables = std::nullopt);
  ~SqliteSource() override;

  Status check(const Lookup& lookup) override;
  /// A query may yield further columns and in any order. Ends when the moment's time is up.
  Result<Rows> fetch(const Lookup& lookup, const std::string& key, const Moment& moment) override;

  /// True when `sql` (a constant of the author's; values only through `?1` …) yields at least one
  /// row. Errors: "source.unavailable".
  Result<bool> exists(const std::string& sql, const std::vector<std::string>& values,
                      const Moment& moment);

  /// Whether the database answers.
  Health health() override;

 private:
  class Pool;
  explicit SqliteSource(std::unique_ptr<Pool> pool);
  std::unique_ptr<Pool> pool_;
};

/// "SELECT a, b FROM t WHERE key = <parameter>", or the lookup's query with `:key` replaced; names
/// are quoted with `quote`. For every driver that speaks SQL. Any thread.
std::string lookup_sql(const Lookup& lookup, char quote, std::string_view parameter);
/// "mapping.invalid": the database cannot prepare it; says which table and columns were expected.
Error lookup_mismatch(const Lookup& lookup);

}  // namespace qc::plugin
