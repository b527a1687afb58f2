// A department whose items are one query each on its SQLite database: nothing is left to write but
// the queries.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sdk/plugin/sqlite_source.hpp"

namespace qc::plugin {

/// Serves each item of plugin.json by its query. Thread contract: as Department.
class SqliteDepartment : public Department {
 public:
  /// Item to query. The subject's identity number is `?1`; each column is a field of the item; the
  /// query yields one row or none (SqliteSource::fetch).
  using Queries = std::map<std::string, std::string, std::less<>>;
  explicit SqliteDepartment(Queries queries) : queries_(std::move(queries)) {}

  /// Opens the database of the setting `database`. Error: "source.unavailable".
  Status configure(const JsonReader& settings) override {
    QC_ASSIGN(source_, SqliteSource::open(settings));
    return {};
  }
  /// Errors: those of SqliteSource::fetch; "record.invalid" for an item without a query.
  Result<Record> fetch(const Subject& subject, const Item& item,
                       const std::vector<std::string>&) override {
    const auto query = queries_.find(item.item);
    if (query == queries_.end()) {
      return internal("record.invalid", "the plugin has no query for " + item.item);
    }
    return source_->fetch(query->second, {subject.id_no}, item, subject.moment);
  }
  Health health() override { return source_->health(); }

 protected:
  /// After configure().
  SqliteSource& source() { return *source_; }

 private:
  Queries queries_;
  std::unique_ptr<SqliteSource> source_;
};

}  // namespace qc::plugin
