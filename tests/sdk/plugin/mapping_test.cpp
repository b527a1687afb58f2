// The mapping file: its form, its errors, and what becomes of a cell.
#include <gtest/gtest.h>

#include "sdk/plugin/mapping/mapped_department.hpp"
#include "sdk/plugin/mapping/stock_slot.hpp"
#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

/// Answers with the rows that a test gives it.
class ScriptedSource final : public Source {
 public:
  explicit ScriptedSource(std::vector<Row> rows) : rows_(std::move(rows)) {}
  Status check(const Lookup&) override { return {}; }
  Result<Rows> fetch(const Lookup& lookup, const std::string& key, const Moment&) override {
    EXPECT_EQ(key, kIdNo);
    EXPECT_EQ(lookup.columns.size(), rows_.empty() ? lookup.columns.size() : rows_[0].size());
    return Rows{rows_, 0};
  }
  Health health() override { return {}; }

 private:
  const std::vector<Row> rows_;
};

const Description& described() {
  static const Description description = *Description::parse(department_description());
  return description;
}

Json good_mapping() {
  return parse_json(R"({
    "sources": {"s": {"driver": "sqlite"}},
    "code_tables": {"kinds": {"1": "A1", "2": "B2"}},
    "items": {
      "t.all": {"source": "s", "table": "r", "key": "id", "fields": {
        "text": {"column": "text", "mask": {"first": 1, "last": 1}},
        "code": {"column": "kind", "codes": "kinds"},
        "day": {"column": "day", "format": "YYYYMMDD"},
        "month": "month",
        "time": {"column": "time", "format": "YYYY/MM/DD hh:mm:ss"},
        "money": {"column": "yuan", "type": "decimal", "scale": 2},
        "count": {"column": "count", "default": 7},
        "rate": {"column": "percent", "scale": -2},
        "flag": {"column": "flag", "codes": {"是": "true", "否": "false"}},
        "id_no": {"column": "id", "required": true},
        "area": {"default": "370199"},
        "uscc": "uscc"}},
      "t.other": {"source": "s", "query": "SELECT text FROM o WHERE id = :key",
                  "latest_by": "since", "fields": {"text": "text"}}}})")
      .value();
}

Result<Mapping> parsed(const Json& json) { return Mapping::parse(json.dump(), described()); }

TEST(MappingTest, AGoodOneIsRead) {
  const auto mapping = parsed(good_mapping());
  ASSERT_TRUE(mapping.ok()) << mapping.error().field << ' ' << mapping.error().message;
  const ItemMapping& item = mapping->items().at("t.all");
  EXPECT_EQ(item.lookup.columns.size(), 11U);
  EXPECT_EQ(item.lookup.key, "id");
  EXPECT_EQ(mapping->sources().at("s").setting, "database");
  const ItemMapping& other = mapping->items().at("t.other");
  EXPECT_EQ(other.lookup.columns, (std::vector<std::string>{"text", "since"}));
  EXPECT_EQ(other.latest_by, 1U);
}

struct Fault {
  const char* at;     ///< JSON pointer
  const char* value;  ///< JSON; empty = removed
  const char* field;
  const char* message;
};

TEST(MappingTest, EachFaultNamesTheKeyAndWhatWasExpected) {
  for (const Fault& one : {
           Fault{"/items/t.all/fields/money/scale", "9", "items.t.all.fields.money.scale", "-6"},
           {"/items/t.all/fields/money/type", "\"text\"", "items.t.all.fields.money.type",
            "expected integer, decimal for a field that is an amount in whole fen"},
           {"/items/t.all/fields/code/codes", "\"sorts\"", "items.t.all.fields.code.codes",
            "expected a name in code_tables"},
           {"/items/t.all/fields/flag/codes", R"({"是": "ja"})", "items.t.all.fields.flag.codes.是",
            "expected true or false as a text"},
           {"/items/t.all/fields/count/codes", R"({"a": "1"})", "items.t.all.fields.count.codes",
            "expected codes for texts, codes and booleans only"},
           {"/items/t.all/fields/day/format", "\"DD.MM.\"", "items.t.all.fields.day.format",
            "expected YYYY, MM and DD"},
           {"/items/t.all/fields/count/default", "\"seven\"", "items.t.all.fields.count.default",
            "expected an integer"},
           {"/items/t.all/fields/count/required", "true", "items.t.all.fields.count",
            "expected no default where it is required"},
           {"/items/t.all/fields/uscc", "{}", "items.t.all.fields.uscc",
            "expected a column, or a default alone"},
           {"/items/t.all/fields/uscc", "", "items.t.all.fields.uscc",
            "expected the field to be mapped"},
           {"/items/t.all/fields/stranger", "\"x\"", "items.t.all.fields.stranger",
            "expected a field of the item in plugin.json"},
           {"/items/t.all/fields/month", R"("a\"b")", "items.t.all.fields.month.column",
            "expected the name of a column"},
           {"/items/t.all/fields/id_no/mask", R"({"first": 1, "last": 1})",
            "items.t.all.fields.id_no.mask", "expected a mask for texts (type s) only"},
           {"/items/t.all/fields/text/colour", "1", "items.t.all.fields.text.colour", ""},
           {"/items/t.all/table", "", "items.t.all",
            "expected table and key, or a query with :key for sqlite"},
           {"/items/t.all/path", "\"/x/{key}\"", "items.t.all", "for sqlite"},
           {"/items/t.other/query", "\"SELECT 1\"", "items.t.other.query",
            "expected a query with :key"},
           {"/items/t.all/source", "\"q\"", "items.t.all.source", "expected a name in sources"},
           {"/items/t.other", "", "items.t.other", "expected the item to be mapped"},
           {"/items/t.third", "{}", "items.t.third", "expected an item of plugin.json"},
           {"/sources/s/driver", "\"oracle\"", "sources.s.driver",
            "expected sqlite, csv, http or mysql"},
           {"/sources/s/delimiter", "\",\"", "sources.s", "expected no delimiter"},
           {"/sources/s", R"({"driver": "csv", "setting": "extract"})", "sources.s.setting",
            "expected a setting whose name ends in _dir or _file"},
           {"/sources/s", R"({"driver": "csv", "encoding": "big5"})", "sources.s.encoding",
            "expected utf-8 or gb18030"},
           {"/sources/s", R"({"driver": "http", "secret": "token"})", "sources.s.secret",
            "expected a setting whose name ends in _file"},
           {"/code_tables/kinds/1", "1", "code_tables.kinds.1", "expected a text"},
       }) {
    Json json = good_mapping();
    const Json::json_pointer at(one.at);
    if (*one.value == '\0') {
      json.at(at.parent_pointer()).erase(at.back());
    } else {
      json[at] = Json::parse(one.value);
    }
    const auto mapping = parsed(json);
    ASSERT_FALSE(mapping.ok()) << one.at;
    EXPECT_EQ(mapping.error().field, one.field) << one.at << ' ' << mapping.error().message;
    EXPECT_NE(mapping.error().message.find(one.message), std::string::npos)
        << one.at << ' ' << mapping.error().message;
    EXPECT_EQ(mapping.error().kind, ErrorKind::kInvalid);
  }
  EXPECT_EQ(Mapping::parse("{", described()).error().code, "json.invalid");
}

/// A rig whose source answers with these rows.
struct MappedRig {
  explicit MappedRig(std::vector<Row> rows, Json mapping = good_mapping()) : text(mapping.dump()) {
    static std::vector<Row> scripted;  // a driver is a plain function
    scripted = std::move(rows);
    static constexpr Driver kDrivers[] = {
        {"sqlite", [](const SourceOpening&) -> Result<std::unique_ptr<Source>> {
           return std::unique_ptr<Source>(std::make_unique<ScriptedSource>(scripted));
         }}};
    department = std::make_unique<MappedDepartment>(department_description(), text, kDrivers);
    static const Json kSettings = Json::object();
    EXPECT_TRUE(department->configure(JsonReader(kSettings, "settings")).ok());
  }
  Result<Record> fetch(const std::string& item, const std::vector<std::string>& fields) {
    return department->fetch({kIdNo, {}}, *described().find_item(item), fields);
  }

  const std::string text;
  std::unique_ptr<MappedDepartment> department;
};

const std::vector<std::string> kAllFields = {"text",  "code", "day",  "month", "time", "money",
                                             "count", "rate", "flag", "id_no", "area", "uscc"};

/// In the order of good_mapping()'s columns.
Row good_row() {
  return {"张三丰",     "1",   "20240229", "2026-09", "2026/09/01 08:30:00", "1234.5",
          std::nullopt, "8.0", "是",       kIdNo,     "91350100M000100Y43"};
}

TEST(MappingTest, CellsBecomeValuesOfTheirTypes) {
  MappedRig rig({good_row()});
  const auto record = rig.fetch("t.all", kAllFields);
  ASSERT_TRUE(record.ok()) << record.error().field << ' ' << record.error().message;
  EXPECT_EQ(record->fields, Json({{"text", "张*丰"},
                                  {"code", "A1"},
                                  {"day", "2024-02-29"},
                                  {"month", "2026-09"},
                                  {"time", "2026-09-01T08:30:00+08:00"},
                                  {"money", 123450},
                                  {"count", 7},
                                  {"rate", "0.08"},
                                  {"flag", true},
                                  {"id_no", kIdNo},
                                  {"area", "370199"},
                                  {"uscc", "91350100M000100Y43"}}));
  // Only what is asked for is read: a bad cell elsewhere does no harm.
  Row row = good_row();
  row[5] = "secret";
  EXPECT_EQ(MappedRig({row}).fetch("t.all", {"code"})->fields, Json({{"code", "A1"}}));
}

TEST(MappingTest, WhatDoesNotFitIsNamedWithoutTheValue) {
  struct Case {
    std::size_t column;
    Cell cell;
    const char* field;
    const char* message;
  };
  for (const Case& one : std::vector<Case>{
           {1, "secret", "record.code", "the source's code is not in its code table"},
           {2, "2024-02-29", "record.day", "expected a date written YYYYMMDD"},
           {2, "20240230", "record.day", "expected a date YYYY-MM-DD"},
           {2, "2024022", "record.day", "expected a date written YYYYMMDD"},
           {2, "202402299", "record.day", "expected a date written YYYYMMDD"},
           {4, "2026/09/01 25:30:00", "record.time", "expected a time"},
           {5, "secret", "record.money", "expected a decimal number in its column"},
           {5, "1.005", "record.money", "after its scale is applied"},
           {5, "1e3", "record.money", "expected a decimal number in its column"},
           {5, "99999999999999999999", "record.money", "after its scale is applied"},
           {5, ".", "record.money", "expected a decimal number in its column"},
           {6, "1.5", "record.count", "expected a whole number in its column"},
           {7, "0.00001", "record.rate", "expected a decimal number as text"},
           {8, "vielleicht", "record.flag", "the source's code is not in its code table"},
           {9, std::nullopt, "record.id_no", "a value is required and the source has none"},
           {9, " ", "record.id_no", "a value is required and the source has none"},
           {9, "110105194912310021", "record.id_no", "expected an identity number"},
           {10, "91350100M000100Y44", "record.uscc", "expected a unified social credit code"}}) {
    Row row = good_row();
    row[one.column] = one.cell;
    const auto record = MappedRig({row}).fetch("t.all", kAllFields);
    ASSERT_FALSE(record.ok()) << one.field << ' ' << one.cell.value_or("none");
    EXPECT_EQ(record.error().code, "record.invalid");
    EXPECT_EQ(record.error().field, one.field) << record.error().message;
    EXPECT_NE(record.error().message.find(one.message), std::string::npos)
        << record.error().message;
    EXPECT_EQ(record.error().message.find("secret"), std::string::npos);
    EXPECT_EQ(record.error().side, Side::kProvider);
  }
}

TEST(MappingTest, NumbersAreScaledOnTheirDigits) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"0.07", 7},     {"-0.07", -7}, {"-0", 0},     {"+12", 1200},
      {"007.50", 750}, {"0.29", 29},  {"1.10", 110}, {"90071992547409.93", 9007199254740993}};
  for (const auto& [text, fen] : cases) {
    Row row = good_row();
    row[5] = text;
    const auto record = MappedRig({row}).fetch("t.all", {"money"});
    ASSERT_TRUE(record.ok()) << text;
    EXPECT_EQ(record->fields.at("money"), fen) << text;
  }
}

TEST(MappingTest, NothingOfAShortTextIsShown) {
  for (const auto& [text, shown] : {std::pair{"张", "*"}, {"张三", "**"}, {"张三丰", "张*丰"}}) {
    Row row = good_row();
    row[0] = text;
    EXPECT_EQ(MappedRig({row}).fetch("t.all", {"text"})->fields.at("text"), shown);
  }
}

TEST(MappingTest, OneRowIsChosenOrRefused) {
  EXPECT_EQ(MappedRig({}).fetch("t.all", {"code"}).error().code, "record.none");
  EXPECT_EQ(MappedRig({good_row(), good_row()}).fetch("t.all", {"code"}).error().code,
            "record.ambiguous");
  MappedRig rig({{"older", "2025-11"}, {"latest", "2026-01"}, {"none", std::nullopt}});
  EXPECT_EQ(rig.fetch("t.other", {"text"})->fields.at("text"), "latest");
}

TEST(MappingTest, ADriverThatTheLibraryHasNotIsNamed) {
  Json json = good_mapping();
  json["sources"]["s"]["driver"] = "mysql";
  const std::string text = json.dump();
  MappedDepartment department(department_description(), text, {});
  const Json settings = Json::object();
  const Status status = department.configure(JsonReader(settings, "settings"));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().field, "sources.s.driver");
}

TEST(MappingTest, TheDictionaryIsHeldAgainstTheDescription) {
  Json entry = {
      {"item_id", "t.other"}, {"version", 2}, {"fields", {{{"id", "text"}, {"type", "s"}}}}};
  EXPECT_TRUE(check_dictionary(described(), Json::array({entry})).ok());
  EXPECT_TRUE(check_dictionary(described(), Json::array({{{"item_id", "unknown"}}})).ok());
  Json other = entry;
  other["fields"][0]["type"] = "c";
  EXPECT_EQ(check_dictionary(described(), Json::array({other})).error().field,
            "t.other.fields.text");
  other = entry;
  other["version"] = 3;
  EXPECT_EQ(check_dictionary(described(), Json::array({other})).error().field, "t.other.version");
  other = entry;
  other["fields"].push_back({{"id", "more"}, {"type", "s"}});
  EXPECT_EQ(check_dictionary(described(), Json::array({other})).error().field, "t.other.fields");
}

TEST(MappingTest, OnlyAStockLibraryIsFilled) {
  const std::string mapping = good_mapping().dump();
  EXPECT_EQ(fill_stock("no library", department_description(), mapping).error().code,
            "stock.invalid");
  auto slot = std::make_unique<StockSlot>();
  const std::string mark = std::string(kStockMarkHead) + std::string(kStockMarkTail);
  mark.copy(slot->mark, mark.size());
  std::string("sqlite csv").copy(slot->drivers, 10);
  const std::string bytes =
      "before" + std::string(reinterpret_cast<const char*>(slot.get()), sizeof(StockSlot)) +
      "after";
  const auto filled = fill_stock(bytes, department_description(), mapping);
  ASSERT_TRUE(filled.ok()) << filled.error().message;
  EXPECT_EQ(filled->size(), bytes.size());
  EXPECT_NE(filled->find(mapping), std::string::npos);
  // Another text in its place leaves nothing of the first behind.
  Json other = good_mapping();
  other["code_tables"].erase("kinds");
  other["items"]["t.all"]["fields"]["code"] = "kind";
  EXPECT_EQ(fill_stock(*filled, department_description(), other.dump())->find("code_tables\":{\"k"),
            std::string::npos);
  other["sources"]["s"]["driver"] = "mysql";
  const auto refused = fill_stock(bytes, department_description(), other.dump());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().field, "sources.s.driver");
}

}  // namespace
}  // namespace qc::plugin
