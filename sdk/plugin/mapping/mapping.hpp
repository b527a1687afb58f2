// The mapping file: which column of which source becomes which field of which item. Format:
// docs/plugin-guide.md, "A department without a programmer".
#pragma once

#include <map>

#include "sdk/plugin/mapping/source.hpp"

namespace qc::plugin {

/// How a cell is read before it becomes a value of the dictionary.
enum class CellType { kText, kInteger, kDecimal, kDate, kBoolean };

/// Source code to dictionary code.
using CodeTable = std::map<std::string, std::string, std::less<>>;

/// Characters that stay at either end; each between them becomes '*'.
struct Mask {
  std::size_t first = 0;
  std::size_t last = 0;
};

struct FieldMapping {
  std::string field;
  FieldType type = FieldType::kText;
  std::optional<std::size_t> column;  ///< into Lookup::columns; nothing = always the default
  CellType reads = CellType::kText;
  std::string format;  ///< of a date: YYYY MM DD hh mm ss and what stands between
  int scale = 0;       ///< the number is multiplied by ten to this power
  std::shared_ptr<const CodeTable> codes;
  bool required = false;
  Json otherwise;  ///< the value where the source has none; null by default
  std::optional<Mask> mask;
};

struct ItemMapping {
  std::string source;
  Lookup lookup;
  std::vector<FieldMapping> fields;
  std::optional<std::size_t> latest_by;  ///< of several rows the one greatest in this column
};

/// Immutable, any thread.
class Mapping {
 public:
  /// Checked in form and against plugin.json: every item and field is mapped, once, to its type.
  /// Errors: "mapping.invalid" and those of parse_json; the field is the path in the file, the
  /// message says what was expected.
  static Result<Mapping> parse(std::string_view text, const Description& description);

  const std::map<std::string, SourceSpec, std::less<>>& sources() const { return sources_; }
  const std::map<std::string, ItemMapping, std::less<>>& items() const { return items_; }

 private:
  std::map<std::string, SourceSpec, std::less<>> sources_;
  std::map<std::string, ItemMapping, std::less<>> items_;
};

/// The value of a field out of its cell. Error: "record.invalid" naming the field and what was
/// expected, never the cell. Any thread.
Result<Json> convert_cell(const FieldMapping& field, const Cell& cell);

/// Whether `format` says what a value of this dictionary type needs. Any thread.
bool date_format_fits(FieldType type, std::string_view format);

/// Holds the items of plugin.json that the data dictionary (samples/dictionary.json) knows against
/// it: version, and fields with their types. Errors: "description.invalid", "json.…".
Status check_dictionary(const Description& description, const Json& dictionary);

}  // namespace qc::plugin
