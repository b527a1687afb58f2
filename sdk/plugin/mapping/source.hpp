// What the mapping engine asks of a data source: the one interface below which each driver is thin.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sdk/plugin/context.hpp"

namespace qc::plugin {

/// A value as the source writes it; nothing where the source has none.
using Cell = std::optional<std::string>;
using Row = std::vector<Cell>;

/// No answer of a source is larger, whatever the department's system holds.
inline constexpr std::size_t kMaxSourceRows = 1000;
inline constexpr std::size_t kMaxSourceBytes = 1U << 20U;

/// One item's question, out of the mapping. Of table, query, file and path one is set.
struct Lookup {
  std::string table;                 ///< sqlite, mysql
  std::string query;                 ///< sqlite, mysql: SQL with `:key` for the subject's number
  std::string file;                  ///< csv: the name below a folder, or empty
  std::string path;                  ///< http: with {key}
  std::string rows;                  ///< http: JSON pointer to the array of records, or empty
  std::string key;                   ///< column of the subject's number, where there is no query
  std::vector<std::string> columns;  ///< the cells of a row, in this order, each once
  std::string where;                 ///< path of the item in the mapping, for messages
};

struct Rows {
  std::vector<Row> rows;
  std::int64_t as_of_s = 0;  ///< when the source was as it says; 0 = now
};

/// Any thread, concurrently. Errors name columns and files, never a value.
class Source {
 public:
  virtual ~Source() = default;
  /// Whether the source has what the lookup names; at configuration. Errors: "mapping.invalid" for
  /// what it lacks. A source that is away is no error here.
  virtual Status check(const Lookup& lookup) = 0;
  /// The rows of a subject, ended by the moment's deadline. Errors: "source.unavailable",
  /// "source.too_large", "mapping.invalid".
  virtual Result<Rows> fetch(const Lookup& lookup, const std::string& key,
                             const Moment& moment) = 0;
  virtual Health health() = 0;
};

/// A source as the mapping names it. The members that a driver has no use for are empty.
struct SourceSpec {
  std::string name;
  std::string driver;     ///< "sqlite", "csv", "http", "mysql"
  std::string setting;    ///< the setting that says where the source is
  std::string secret;     ///< http, mysql: the setting that names the token's or password's file
  std::string authority;  ///< http: the setting that names the file of trusted certificates
  char delimiter = ',';   ///< csv
  std::string encoding;   ///< csv: "utf-8" or "gb18030"
};

/// "source.unavailable" of the department's side, to be tried again.
Error source_away(std::string message);
/// "source.not_granted": a table that the admission does not grant; `where` as Lookup's.
Error table_not_granted(const std::string& table, const std::string& where);
/// "source.too_large" of the department's side.
Error source_too_large(std::string message);

/// Adds up what a row holds. Error: "source.too_large" beyond the two limits above.
class RowBudget {
 public:
  Status add(const Row& row);

 private:
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace qc::plugin
