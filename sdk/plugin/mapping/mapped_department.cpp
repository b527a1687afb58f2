#include "sdk/plugin/mapping/mapped_department.hpp"

#include <algorithm>

namespace qc::plugin {
namespace {

/// The one row of a subject. Errors: "record.none", "record.ambiguous".
Result<const Row*> choose_row(const ItemMapping& mapping, const std::vector<Row>& rows) {
  if (rows.empty()) return not_found("record.none", "the subject has no such record");
  if (rows.size() == 1) return &rows.front();
  if (!mapping.latest_by) {
    Error error = internal("record.ambiguous", "the subject has more than one such record");
    error.side = Side::kProvider;
    return error;
  }
  const std::size_t column = *mapping.latest_by;
  // Months and days in the year's order compare as texts; a row without one is the oldest.
  return &*std::max_element(rows.begin(), rows.end(), [&](const Row& one, const Row& other) {
    return one[column] < other[column];
  });
}

}  // namespace

Error source_away(std::string message) {
  return unavailable("source.unavailable", std::move(message), Side::kProvider);
}

Error table_not_granted(const std::string& table, const std::string& where) {
  Error error = forbidden("source.not_granted", "the table " + table +
                                                    " is not granted: have the admission grant the "
                                                    "capability table:" +
                                                    table);
  error.field = where;
  error.side = Side::kProvider;
  return error;
}

Error source_too_large(std::string message) {
  Error error = internal("source.too_large", std::move(message));
  error.side = Side::kProvider;
  return error;
}

Status RowBudget::add(const Row& row) {
  for (const Cell& cell : row) bytes_ += cell ? cell->size() : 0;
  if (++rows_ > kMaxSourceRows)
    return source_too_large("the source has over 1000 rows for a subject");
  if (bytes_ > kMaxSourceBytes) return source_too_large("the source has over 1 MiB for a subject");
  return {};
}

Result<std::unique_ptr<Source>> MappedDepartment::open(const SourceSpec& spec,
                                                       const JsonReader& settings) const {
  for (const Driver& driver : drivers_) {
    if (driver.name == spec.driver) return driver.open({spec, settings, host(), tables()});
  }
  return invalid("mapping.invalid",
                 "expected a driver that this library has: take the stock "
                 "library with network drivers",
                 "sources." + spec.name + ".driver");
}

Status MappedDepartment::configure(const JsonReader& settings) {
  QC_ASSIGN(const Description description, Description::parse(description_));
  QC_ASSIGN(mapping_, Mapping::parse(mapping_text_, description));
  const auto& specs = mapping_->sources();
  for (const auto& [name, spec] : specs) {
    QC_ASSIGN(std::unique_ptr<Source> source, open(spec, settings));
    sources_.emplace(name, std::move(source));
  }
  const auto& items = mapping_->items();
  for (const auto& [id, item] : items) {
    QC_TRY(sources_.find(item.source)->second->check(item.lookup));
  }
  return {};
}

Result<Record> MappedDepartment::fetch(const Subject& subject, const Item& item,
                                       const std::vector<std::string>& fields) {
  const auto found = mapping_->items().find(item.item);
  if (found == mapping_->items().end()) {
    return internal("record.invalid", "the mapping has no item " + item.item);
  }
  const ItemMapping& mapping = found->second;
  Source& source = *sources_.find(mapping.source)->second;
  QC_ASSIGN(const Rows rows, source.fetch(mapping.lookup, subject.id_no, subject.moment));
  QC_ASSIGN(const Row* row, choose_row(mapping, rows.rows));
  Record record;
  record.as_of_s = rows.as_of_s;
  for (const FieldMapping& field : mapping.fields) {
    if (std::find(fields.begin(), fields.end(), field.field) == fields.end()) continue;
    QC_ASSIGN(record.fields[field.field],
              convert_cell(field, field.column ? (*row)[*field.column] : Cell()));
  }
  return record;
}

Health MappedDepartment::health() {
  Health health;
  for (const auto& [name, source] : sources_) {
    const Health one = source->health();
    if (one.ok) continue;
    health.ok = false;
    health.detail += (health.detail.empty() ? "" : "; ") + name + ": " + one.detail;
  }
  return health;
}

}  // namespace qc::plugin
