#include "sdk/plugin/description.hpp"

#include <gtest/gtest.h>

#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

TEST(DescriptionTest, TheAnswerHoldsWhatIsDefinedOnTheLedgerAndNoMore) {
  const auto department = Description::parse(department_description());
  ASSERT_TRUE(department.ok());
  EXPECT_EQ(department->answer().at("items").size(), 2U);
  EXPECT_FALSE(department->answer().contains("owner"));
  EXPECT_FALSE(department->answer().contains("valid_days"));
  EXPECT_EQ(department->valid_days(), 10);
  ASSERT_NE(department->find_item("t.all"), nullptr);
  EXPECT_EQ(department->find_item("t.all")->fields.size(), 12U);
  EXPECT_EQ(department->find_item("t.none"), nullptr);
  const auto product = Description::parse(product_description());
  ASSERT_TRUE(product.ok());
  EXPECT_EQ(product->product(), "loan");
  EXPECT_EQ(product->purpose_code(), "credit");
  EXPECT_EQ(product->demands().size(), 2U);
}

TEST(DescriptionTest, WhatIsWrongIsNamed) {
  struct Case {
    const char* pointer;
    Json value;
    const char* field;
  };
  const Case department[] = {
      {"/plugin", "Bad Name", "plugin"},
      {"/plugin", "../up", "plugin"},
      {"/version", "", "version"},
      {"/kind", "other", "kind"},
      {"/owner", 5, "owner"},
      {"/name_zh", nullptr, "name_zh"},
      {"/valid_days", 0, "valid_days"},
      {"/surprise", 1, "surprise"},
      {"/items", Json::array(), "items"},
      {"/items/0/item", "T.ALL", "items[0].item"},
      {"/items/0/version", 0, "items[0].version"},
      {"/items/0/sensitivity", 5, "items[0].sensitivity"},
      {"/items/0/fields", Json::array(), "items[0].fields"},
      {"/items/0/fields/1/type", "float", "items[0].fields[1].type"},
      {"/items/0/fields/1/id", "text", "items[0].fields[1].id"},
      {"/items/0/fields/1/x", 1, "items[0].fields[1].x"},
      {"/items/1/item", "t.all", "items[1]"},
  };
  for (const Case& one : department) {
    Json json = *parse_json(department_description());
    json[Json::json_pointer(one.pointer)] = one.value;
    const auto parsed = Description::parse(json.dump());
    ASSERT_FALSE(parsed.ok()) << one.pointer;
    EXPECT_EQ(parsed.error().field, one.field) << one.pointer << parsed.error().message;
  }
  const Case product[] = {
      {"/product/plugin", "another", "product.plugin"},
      {"/product/scope", Json::array(), "product.scope"},
      {"/product/scope/1/optional", Json::array(), "product.scope[1]"},
      {"/product/purpose", "x", "product.purpose"},
      {"/product/purpose", Json::object(), "product.purpose.code"},
      {"/product/scope/0/version", "1", "product.scope[0].version"},
  };
  for (const Case& one : product) {
    Json json = *parse_json(product_description());
    json[Json::json_pointer(one.pointer)] = one.value;
    const auto parsed = Description::parse(json.dump());
    ASSERT_FALSE(parsed.ok()) << one.pointer;
    EXPECT_EQ(parsed.error().field, one.field) << one.pointer << parsed.error().message;
  }
  for (const char* text : {"", "[]", "{", "null", "{\"plugin\":\"a\",\"plugin\":\"b\"}"}) {
    EXPECT_FALSE(Description::parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace qc::plugin
