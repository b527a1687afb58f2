// JsonReader: typed access with errors that name the field.
#include <gtest/gtest.h>

#include "sdk/base/json.hpp"

namespace qc {
namespace {

template <typename T>
void expect_error(const Result<T>& result, const std::string& code, const std::string& field) {
  ASSERT_FALSE(result.ok()) << "expected " << code << " at " << field;
  EXPECT_EQ(result.error().code, code);
  EXPECT_EQ(result.error().field, field);
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
}

TEST(JsonReader, NamesFieldsWithThePath) {
  const Json object = Json::object();
  EXPECT_EQ(JsonReader(object).field("x"), "x");
  EXPECT_EQ(JsonReader(object, "body").field("x"), "body.x");
  EXPECT_EQ(JsonReader(object, "body.scope[0]").field("x"), "body.scope[0].x");
}

TEST(JsonReader, ExpectOnly) {
  const Json object{{"a", 1}, {"b", 2}};
  EXPECT_TRUE(JsonReader(object).expect_only({"a", "b", "c"}).ok());
  expect_error(JsonReader(object, "body").expect_only({"a"}), "json.unknown_field", "body.b");
  const Json longest{{std::string(5000, 'x'), 1}};
  const auto result = JsonReader(longest, "body").expect_only({"a"});
  ASSERT_FALSE(result.ok());
  EXPECT_LE(result.error().field.size(), 80U);  // an attacker's name is not echoed at length
  for (const Json& other : {Json(nullptr), Json(1), Json("x"), Json::array(), Json(true)}) {
    expect_error(JsonReader(other, "body").expect_only({"a"}), "json.wrong_type", "body");
  }
}

TEST(JsonReader, EveryReaderNamesMissingFieldsAndWrongTypes) {
  const Json wrong{
      {"t", 1},   {"i", "1"}, {"b", 0},      {"o", Json::array()}, {"a", Json::object()},
      {"l", "x"}, {"f", 1.0}, {"n", nullptr}};
  const JsonReader reader(wrong, "body");
  expect_error(reader.text("t"), "json.wrong_type", "body.t");
  expect_error(reader.text("n"), "json.wrong_type", "body.n");
  expect_error(reader.text_or_empty("t"), "json.wrong_type", "body.t");
  expect_error(reader.text_or_empty("n"), "json.wrong_type", "body.n");
  expect_error(reader.integer("i", 0, 9), "json.wrong_type", "body.i");
  expect_error(reader.integer("f", 0, 9), "json.wrong_type", "body.f");
  expect_error(reader.boolean("b"), "json.wrong_type", "body.b");
  expect_error(reader.object("o"), "json.wrong_type", "body.o");
  expect_error(reader.array("a"), "json.wrong_type", "body.a");
  expect_error(reader.texts("l"), "json.wrong_type", "body.l");
  expect_error(reader.text("x"), "json.missing_field", "body.x");
  expect_error(reader.integer("x", 0, 9), "json.missing_field", "body.x");
  expect_error(reader.boolean("x"), "json.missing_field", "body.x");
  expect_error(reader.object("x"), "json.missing_field", "body.x");
  expect_error(reader.array("x"), "json.missing_field", "body.x");
  expect_error(reader.texts("x"), "json.missing_field", "body.x");
  EXPECT_EQ(*reader.text_or_empty("x"), "");
  EXPECT_TRUE(reader.has("n"));
  EXPECT_FALSE(reader.has("x"));
}

TEST(JsonReader, ReadingFromWhatIsNoObjectIsAMissingField) {
  for (const Json& value : {Json(nullptr), Json(1), Json("x"), Json::array({1})}) {
    expect_error(JsonReader(value, "body").text("x"), "json.missing_field", "body.x");
    EXPECT_FALSE(JsonReader(value).has("x"));
  }
}

TEST(JsonReader, TextsAreBoundedInBytes) {
  const Json object{{"t", "市民"}, {"e", ""}};
  const JsonReader reader(object, "body");
  EXPECT_EQ(*reader.text("t", 6), "市民");
  expect_error(reader.text("t", 5), "json.out_of_range", "body.t");
  expect_error(reader.text("t", 9, 7), "json.out_of_range", "body.t");
  expect_error(reader.text("e"), "json.out_of_range", "body.e");
  EXPECT_EQ(*reader.text("e", 10, 0), "");
}

TEST(JsonReader, IntegersAreBoundedAndNeverWrap) {
  const Json object{{"max", INT64_MAX},
                    {"min", INT64_MIN},
                    {"huge", UINT64_MAX},
                    {"over", static_cast<std::uint64_t>(INT64_MAX) + 1},
                    {"n", -5}};
  const JsonReader reader(object, "body");
  EXPECT_EQ(*reader.integer("max", INT64_MIN, INT64_MAX), INT64_MAX);
  EXPECT_EQ(*reader.integer("min", INT64_MIN, INT64_MAX), INT64_MIN);
  expect_error(reader.integer("huge", INT64_MIN, INT64_MAX), "json.out_of_range", "body.huge");
  expect_error(reader.integer("over", INT64_MIN, INT64_MAX), "json.out_of_range", "body.over");
  expect_error(reader.integer("n", -4, 9), "json.out_of_range", "body.n");
  expect_error(reader.integer("n", -9, -6), "json.out_of_range", "body.n");
  EXPECT_EQ(*reader.integer("n", -5, -5), -5);
}

TEST(JsonReader, ListsAreBoundedTypedAndWithoutDuplicates) {
  const Json object{{"ok", {"a", "b"}},   {"twice", {"a", "b", "a"}}, {"mixed", {"a", 1}},
                    {"empty", {"a", ""}}, {"long", {"a", "bbbb"}},    {"none", Json::array()}};
  const JsonReader reader(object, "body");
  EXPECT_EQ(*reader.texts("ok"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(reader.texts("none")->empty());
  expect_error(reader.texts("twice"), "json.duplicate_value", "body.twice[2]");
  expect_error(reader.texts("mixed"), "json.wrong_type", "body.mixed[1]");
  expect_error(reader.texts("empty"), "json.out_of_range", "body.empty[1]");
  expect_error(reader.texts("long", 64, 3), "json.out_of_range", "body.long[1]");
  expect_error(reader.texts("ok", 1), "json.out_of_range", "body.ok");
  expect_error(reader.array("ok", 1), "json.out_of_range", "body.ok");
  EXPECT_EQ((*reader.array("ok", 2))->size(), 2U);
}

TEST(JsonReader, ObjectsAreReadInPlace) {
  const Json object{{"o", {{"a", 1}}}, {"b", true}};
  const JsonReader reader(object, "body");
  const auto inner = reader.object("o");
  ASSERT_TRUE(inner.ok());
  EXPECT_EQ(*inner, &object.at("o"));
  EXPECT_EQ(*reader.boolean("b"), true);
}

TEST(Error, AtKeepsTheDeeperField) {
  const Error plain = conflict("x", "y");
  EXPECT_EQ(plain.at("body.a").field, "body.a");
  EXPECT_EQ(plain.at("body.a").at("body").field, "body.a");
}

}  // namespace
}  // namespace qc
