#include "sdk/plugin/mapping/mapping.hpp"

#include <algorithm>

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxSources = 16;
constexpr std::size_t kMaxCodes = 4096;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxQueryBytes = 8U << 10U;
constexpr int kMaxScale = 6;

using CodeTables = std::map<std::string, std::shared_ptr<const CodeTable>, std::less<>>;

Error mapping_error(const std::string& expected, std::string path) {
  return invalid("mapping.invalid", "expected " + expected, std::move(path));
}

/// Of a table, a column or a file: what can be quoted without an escape.
bool quotable(std::string_view name) {
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '"' || c == '`' || c == '\\' || c == '\'') return false;
  }
  return !name.empty() && name.size() <= kMaxNameBytes && valid_utf8(name);
}

Result<std::string> quotable_text(const JsonReader& reader, std::string_view member) {
  QC_ASSIGN(std::string name, reader.text(member, kMaxNameBytes));
  if (!quotable(name)) {
    return mapping_error("a name without quotation marks or control characters",
                         reader.field(member));
  }
  return name;
}

// ---- sources ----

struct DriverRow {
  std::string_view driver;
  std::string_view setting;  ///< where nothing else is said
  std::string_view secret;
  std::string_view authority;
};
constexpr DriverRow kDrivers[] = {{"sqlite", "database", "", ""},
                                  {"csv", "extract_dir", "", ""},
                                  {"http", "upstream", "token_file", "ca_file"},
                                  {"mysql", "server", "password_file", ""}};

Result<const DriverRow*> driver_of(const JsonReader& reader) {
  QC_ASSIGN(const std::string name, reader.text("driver", 16));
  for (const DriverRow& row : kDrivers) {
    if (row.driver == name) return &row;
  }
  return mapping_error("sqlite, csv, http or mysql", reader.field("driver"));
}

Result<std::string> setting_or(const JsonReader& reader, std::string_view member,
                               std::string_view otherwise) {
  if (!reader.has(member)) return std::string(otherwise);
  return reader.text(member, 64);
}

Status read_csv_form(const JsonReader& reader, SourceSpec& spec) {
  spec.encoding = "utf-8";
  if (!spec.setting.ends_with("_dir") && !spec.setting.ends_with("_file")) {
    return mapping_error("a setting whose name ends in _dir or _file", reader.field("setting"));
  }
  if (reader.has("encoding")) {
    QC_ASSIGN(spec.encoding, reader.text("encoding", 16));
    if (spec.encoding != "utf-8" && spec.encoding != "gb18030") {
      return mapping_error("utf-8 or gb18030", reader.field("encoding"));
    }
  }
  if (!reader.has("delimiter")) return {};
  QC_ASSIGN(const std::string delimiter, reader.text("delimiter", 16));
  if (delimiter != "," && delimiter != "\t" && delimiter != ";" && delimiter != "|") {
    return mapping_error("one of , ; | and the tab", reader.field("delimiter"));
  }
  spec.delimiter = delimiter.front();
  return {};
}

Result<SourceSpec> read_source(const std::string& name, const Json& json, const std::string& path) {
  const JsonReader reader(json, path);
  QC_TRY(reader.expect_only({"driver", "setting", "delimiter", "encoding", "secret", "trusted"}));
  QC_ASSIGN(const DriverRow* driver, driver_of(reader));
  SourceSpec spec;
  spec.name = name;
  spec.driver = driver->driver;
  QC_ASSIGN(spec.setting, setting_or(reader, "setting", driver->setting));
  if (spec.driver == "csv") {
    QC_TRY(read_csv_form(reader, spec));
  } else if (reader.has("delimiter") || reader.has("encoding")) {
    return mapping_error("no delimiter and no encoding: these are of csv", path);
  }
  if (driver->secret.empty() && reader.has("secret")) {
    return mapping_error("no secret: that is of http and mysql", path);
  }
  if (driver->authority.empty() && reader.has("trusted")) {
    return mapping_error("no trusted: that is of http", path);
  }
  QC_ASSIGN(spec.secret, setting_or(reader, "secret", driver->secret));
  QC_ASSIGN(spec.authority, setting_or(reader, "trusted", driver->authority));
  for (const auto& [member, value] :
       {std::pair{"secret", &spec.secret}, std::pair{"trusted", &spec.authority}}) {
    if (!value->empty() && !value->ends_with("_file")) {
      return mapping_error("a setting whose name ends in _file", reader.field(member));
    }
  }
  return spec;
}

// ---- code tables ----

Result<std::shared_ptr<const CodeTable>> read_codes(const Json& json, const std::string& path) {
  if (!json.is_object() || json.empty() || json.size() > kMaxCodes) {
    return mapping_error("an object of source code to dictionary code", path);
  }
  auto table = std::make_shared<CodeTable>();
  for (const auto& [code, value] : json.items()) {
    if (!value.is_string()) {
      return mapping_error("a text: the dictionary's code", path + '.' + code);
    }
    table->emplace(code, value.get<std::string>());
  }
  return std::shared_ptr<const CodeTable>(std::move(table));
}

// ---- fields ----

/// Where columns are found and what is known about names: one item at a time.
struct ItemContext {
  const Item& item;
  const CodeTables& tables;
  bool pointers;  ///< columns are JSON pointers (http)
  Lookup& lookup;
};

Result<std::size_t> column_index(const std::string& column, const std::string& path,
                                 ItemContext& context) {
  const bool fits = context.pointers ? column.starts_with('/') && column.size() <= kMaxNameBytes
                                     : quotable(column);
  if (!fits) {
    return mapping_error(
        context.pointers ? "a JSON pointer, such as /data/name" : "the name of a column", path);
  }
  auto& columns = context.lookup.columns;
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  columns.push_back(column);
  return columns.size() - 1;
}

struct CellTypeRow {
  FieldType type;
  CellType by_default;
  std::string_view also;  ///< names of the cell types that it can be read from
};
constexpr CellTypeRow kCellTypeRows[] = {
    {FieldType::kText, CellType::kText, "text"},
    {FieldType::kCode, CellType::kText, "text"},
    {FieldType::kIdNumber, CellType::kText, "text"},
    {FieldType::kArea, CellType::kText, "text"},
    {FieldType::kUscc, CellType::kText, "text"},
    {FieldType::kDate, CellType::kDate, "date"},
    {FieldType::kMonth, CellType::kDate, "date"},
    {FieldType::kDateTime, CellType::kDate, "date"},
    {FieldType::kMoney, CellType::kInteger, "integer, decimal"},
    {FieldType::kInteger, CellType::kInteger, "integer, decimal"},
    {FieldType::kDecimal, CellType::kDecimal, "decimal, integer"},
    {FieldType::kBoolean, CellType::kBoolean, "boolean"},
};
constexpr std::pair<std::string_view, CellType> kCellTypes[] = {{"text", CellType::kText},
                                                                {"integer", CellType::kInteger},
                                                                {"decimal", CellType::kDecimal},
                                                                {"date", CellType::kDate},
                                                                {"boolean", CellType::kBoolean}};

Status read_type(const JsonReader& reader, FieldMapping& field) {
  const CellTypeRow& row =
      *std::find_if(std::begin(kCellTypeRows), std::end(kCellTypeRows),
                    [&](const CellTypeRow& one) { return one.type == field.type; });
  field.reads = row.by_default;
  if (!reader.has("type")) return {};
  QC_ASSIGN(const std::string name, reader.text("type", 16));
  for (const auto& [known, type] : kCellTypes) {
    if (known == name &&
        (", " + std::string(row.also) + ',').find(", " + name + ',') != std::string::npos) {
      field.reads = type;
      return {};
    }
  }
  return mapping_error(
      std::string(row.also) + " for a field that is " + std::string(field_form(field.type)),
      reader.field("type"));
}

Status read_number_and_date(const JsonReader& reader, FieldMapping& field) {
  const bool number = field.reads == CellType::kInteger || field.reads == CellType::kDecimal;
  if (reader.has("scale")) {
    if (!number) return mapping_error("a scale for numbers only", reader.field("scale"));
    QC_ASSIGN(const std::int64_t scale, reader.integer("scale", -kMaxScale, kMaxScale));
    field.scale = static_cast<int>(scale);
  }
  if (!reader.has("format")) return {};
  if (field.reads != CellType::kDate) {
    return mapping_error("a format for dates only", reader.field("format"));
  }
  QC_ASSIGN(field.format, reader.text("format", 64));
  if (!date_format_fits(field.type, field.format)) {
    return mapping_error(
        "YYYY, MM and DD (a month: YYYY and MM), each once, with hh, mm and ss "
        "where there is a time",
        reader.field("format"));
  }
  return {};
}

Status read_field_codes(const JsonReader& reader, const Json& json, const ItemContext& context,
                        FieldMapping& field) {
  if (!reader.has("codes")) return {};
  const std::string path = reader.field("codes");
  if (field.reads != CellType::kText && field.reads != CellType::kBoolean) {
    return mapping_error("codes for texts, codes and booleans only", path);
  }
  const Json& codes = json.at("codes");
  if (codes.is_string()) {
    const auto found = context.tables.find(codes.get<std::string>());
    if (found == context.tables.end()) return mapping_error("a name in code_tables", path);
    field.codes = found->second;
  } else {
    QC_ASSIGN(field.codes, read_codes(codes, path));
  }
  for (const auto& [code, value] : *field.codes) {
    const bool fits = field.reads == CellType::kBoolean ? value == "true" || value == "false"
                                                        : value_fits(field.type, Json(value));
    if (!fits) {
      return mapping_error(field.reads == CellType::kBoolean ? "true or false as a text"
                                                             : std::string(field_form(field.type)),
                           path + '.' + code);
    }
  }
  return {};
}

Status read_mask(const JsonReader& reader, FieldMapping& field) {
  if (!reader.has("mask")) return {};
  if (field.type != FieldType::kText) {
    return mapping_error("a mask for texts (type s) only", reader.field("mask"));
  }
  QC_ASSIGN(const Json* json, reader.object("mask"));
  const JsonReader mask(*json, reader.field("mask"));
  QC_TRY(mask.expect_only({"first", "last"}));
  QC_ASSIGN(const std::int64_t first, mask.integer("first", 0, 64));
  QC_ASSIGN(const std::int64_t last, mask.integer("last", 0, 64));
  field.mask = Mask{static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
  return {};
}

Result<FieldMapping> read_field_mapping(const Field& wanted, const Json& json,
                                        const std::string& path, ItemContext& context) {
  FieldMapping field;
  field.field = wanted.id;
  field.type = wanted.type;
  // The short form: the column's name alone.
  const Json object = json.is_string() ? Json{{"column", json}} : json;
  const JsonReader reader(object, path);
  QC_TRY(reader.expect_only(
      {"column", "type", "format", "scale", "codes", "required", "default", "mask"}));
  QC_TRY(read_type(reader, field));
  QC_TRY(read_number_and_date(reader, field));
  QC_TRY(read_field_codes(reader, object, context, field));
  QC_TRY(read_mask(reader, field));
  if (reader.has("required")) {
    QC_ASSIGN(field.required, reader.boolean("required"));
  }
  if (reader.has("default")) {
    field.otherwise = object.at("default");
    if (!value_fits(field.type, field.otherwise)) {
      return mapping_error(std::string(field_form(field.type)), reader.field("default"));
    }
    if (field.required) return mapping_error("no default where it is required", path);
  }
  if (!reader.has("column")) {
    if (!reader.has("default")) return mapping_error("a column, or a default alone", path);
    return field;
  }
  QC_ASSIGN(const std::string column, reader.text("column", kMaxNameBytes));
  QC_ASSIGN(field.column, column_index(column, reader.field("column"), context));
  return field;
}

// ---- items ----

struct PlaceRow {
  std::string_view driver;
  std::string_view members;  ///< for the message
  bool table, query, file, path;
};
constexpr PlaceRow kPlaces[] = {
    {"sqlite", "table and key, or a query with :key", true, true, false, false},
    {"mysql", "table and key, or a query with :key", true, true, false, false},
    {"csv", "key, and file where the setting is a folder", false, false, true, false},
    {"http", "path with {key}", false, false, false, true}};

Status read_place(const JsonReader& reader, const SourceSpec& source, Lookup& lookup) {
  const PlaceRow& row =
      *std::find_if(std::begin(kPlaces), std::end(kPlaces),
                    [&](const PlaceRow& one) { return one.driver == source.driver; });
  const Error wrong =
      mapping_error(std::string(row.members) + " for " + source.driver, lookup.where);
  if ((reader.has("table") && !row.table) || (reader.has("query") && !row.query) ||
      (reader.has("file") && !row.file) || (reader.has("path") && !row.path) ||
      (reader.has("rows") && !row.path)) {
    return wrong;
  }
  if (reader.has("query")) {
    if (reader.has("table") || reader.has("key")) return wrong;
    QC_ASSIGN(lookup.query, reader.text("query", kMaxQueryBytes));
    if (lookup.query.find(":key") == std::string::npos) {
      return mapping_error("a query with :key for the subject's number", reader.field("query"));
    }
    return {};
  }
  if (row.path) {
    if (reader.has("key")) return wrong;
    QC_ASSIGN(lookup.path, reader.text("path", 1024));
    if (!lookup.path.starts_with('/') || lookup.path.find("{key}") == std::string::npos) {
      return mapping_error("a path that begins with / and holds {key}", reader.field("path"));
    }
    QC_ASSIGN(lookup.rows, reader.text_or_empty("rows", kMaxNameBytes));
    return {};
  }
  if (!reader.has("key")) return wrong;
  QC_ASSIGN(lookup.key, quotable_text(reader, "key"));
  if (row.table) {
    if (!reader.has("table")) return wrong;
    QC_ASSIGN(lookup.table, quotable_text(reader, "table"));
    return {};
  }
  if (source.setting.ends_with("_dir") != reader.has("file")) return wrong;
  if (!reader.has("file")) return {};
  QC_ASSIGN(lookup.file, quotable_text(reader, "file"));
  if (lookup.file.find('/') != std::string::npos || lookup.file.starts_with('.')) {
    return mapping_error("the name of a file in the folder", reader.field("file"));
  }
  return {};
}

Status read_fields(const JsonReader& reader, const std::string& path, ItemContext& context,
                   std::vector<FieldMapping>& out) {
  QC_ASSIGN(const Json* fields, reader.object("fields"));
  for (const auto& [id, json] : fields->items()) {
    if (context.item.find(id) == nullptr) {
      return mapping_error("a field of the item in plugin.json", path + ".fields." + id);
    }
  }
  for (const Field& wanted : context.item.fields) {
    const std::string where = path + ".fields." + wanted.id;
    const auto found = fields->find(wanted.id);
    if (found == fields->end()) return mapping_error("the field to be mapped", where);
    QC_ASSIGN(FieldMapping field, read_field_mapping(wanted, *found, where, context));
    out.push_back(std::move(field));
  }
  return {};
}

Result<ItemMapping> read_item_mapping(const Json& json, const std::string& path, const Item& item,
                                      const SourceSpec& source, const CodeTables& tables) {
  const JsonReader reader(json, path);
  ItemMapping mapping;
  mapping.source = source.name;
  mapping.lookup.where = path;
  QC_TRY(read_place(reader, source, mapping.lookup));
  ItemContext context{item, tables, source.driver == "http", mapping.lookup};
  QC_TRY(read_fields(reader, path, context, mapping.fields));
  if (reader.has("latest_by")) {
    QC_ASSIGN(const std::string column, reader.text("latest_by", kMaxNameBytes));
    QC_ASSIGN(mapping.latest_by, column_index(column, reader.field("latest_by"), context));
  }
  if (mapping.lookup.columns.empty()) return mapping_error("at least one column", path + ".fields");
  return mapping;
}

Result<std::map<std::string, SourceSpec, std::less<>>> read_sources(const JsonReader& root) {
  QC_ASSIGN(const Json* json, root.object("sources"));
  if (json->empty() || json->size() > kMaxSources) {
    return mapping_error("1 to 16 sources", "sources");
  }
  std::map<std::string, SourceSpec, std::less<>> sources;
  for (const auto& [name, source] : json->items()) {
    QC_ASSIGN(SourceSpec spec, read_source(name, source, "sources." + name));
    sources.emplace(name, std::move(spec));
  }
  return sources;
}

Result<CodeTables> read_code_tables(const JsonReader& root) {
  CodeTables tables;
  if (!root.has("code_tables")) return tables;
  QC_ASSIGN(const Json* json, root.object("code_tables"));
  for (const auto& [name, codes] : json->items()) {
    QC_ASSIGN(auto table, read_codes(codes, "code_tables." + name));
    tables.emplace(name, std::move(table));
  }
  return tables;
}

}  // namespace

Result<Mapping> Mapping::parse(std::string_view text, const Description& description) {
  QC_ASSIGN(const Json json, parse_json(text));
  const JsonReader root(json);
  QC_TRY(root.expect_only({"sources", "items", "code_tables"}));
  Mapping mapping;
  QC_ASSIGN(mapping.sources_, read_sources(root));
  QC_ASSIGN(const CodeTables tables, read_code_tables(root));
  QC_ASSIGN(const Json* items, root.object("items"));
  for (const auto& [id, item] : items->items()) {
    const std::string path = "items." + id;
    const Item* known = description.find_item(id);
    if (known == nullptr) return mapping_error("an item of plugin.json", path);
    const JsonReader reader(item, path);
    QC_TRY(reader.expect_only(
        {"source", "table", "query", "file", "path", "rows", "key", "latest_by", "fields"}));
    QC_ASSIGN(const std::string name, reader.text("source", 64));
    const auto source = mapping.sources_.find(name);
    if (source == mapping.sources_.end()) {
      return mapping_error("a name in sources", reader.field("source"));
    }
    QC_ASSIGN(ItemMapping one, read_item_mapping(item, path, *known, source->second, tables));
    mapping.items_.emplace(id, std::move(one));
  }
  for (const auto& [id, item] : description.items()) {
    if (!mapping.items_.contains(id)) return mapping_error("the item to be mapped", "items." + id);
  }
  return mapping;
}

Status check_dictionary(const Description& description, const Json& dictionary) {
  if (!dictionary.is_array()) return invalid("json.wrong_type", "expected an array", "dictionary");
  for (const Json& entry : dictionary) {
    const Item* item = description.find_item(text_of(entry, "item_id"));
    if (item == nullptr) continue;
    const JsonReader reader(entry, item->item);
    QC_ASSIGN(const std::int64_t version, reader.integer("version", 1, 1'000'000));
    if (item->version != version) {
      return invalid("description.invalid",
                     "expected version " + std::to_string(version) + " as in the dictionary",
                     item->item + ".version");
    }
    QC_ASSIGN(const Json* fields, reader.array("fields"));
    if (fields->size() != item->fields.size()) {
      return invalid("description.invalid", "expected the fields that the dictionary has",
                     item->item + ".fields");
    }
    for (const Json& wanted : *fields) {
      const Field* field = item->find(text_of(wanted, "id"));
      if (field == nullptr || field_type(text_of(wanted, "type")) != field->type) {
        return invalid("description.invalid",
                       "expected type " + text_of(wanted, "type") + " as in the dictionary",
                       item->item + ".fields." + text_of(wanted, "id"));
      }
    }
  }
  return {};
}

}  // namespace qc::plugin
