// "route": a product's own paths, and what stands between them and what the product decides on.
#include <gtest/gtest.h>

#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

Json with_routes(const Json& routes) {
  Json description = *parse_json(product_description());
  description["routes"] = routes;
  return description;
}

Json route(const char* method, const char* path, const char* who = "any") {
  return {{"method", method}, {"path", path}, {"who", who}, {"zh", "一"}, {"en", "one"}};
}

const Json kTwo = Json::array({route("GET", "terms"), route("POST", "quote", "owner")});

class RoutesLayerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Service> service() {
    const auto note = [this](const RouteCall& call) -> Result<Json> {
      seen_ = call;
      if (call.body.contains("fail")) return invalid("loan.bad_term", "no such term", "term");
      if (call.body.contains("throw")) throw std::runtime_error("of the author");
      if (call.body.contains("array")) return Json::array();
      return Json{{"seen", call.path}};
    };
    return make_service(std::unique_ptr<Product>(new ScriptedProduct(
        [this](const Request&) -> Result<Decision> {
          ++decided_;
          return Decision{};
        },
        {{"GET", "terms", note}, {"POST", "quote", note}})));
  }
  static Json message(const char* method, const char* path, const Json& body = Json::object()) {
    return {{"now", kNow},           {"caller", {{"kind", "bank"}, {"account", "b"}}},
            {"method", method},      {"path", path},
            {"query", {{"a", "1"}}}, {"body", body}};
  }

  int decided_ = 0;
  RouteCall seen_;
};

TEST_F(RoutesLayerTest, AHandlerSeesWhoCallsAndWhatIsAsked) {
  Rig rig(with_routes(kTwo).dump(), service(), "bank", Rig::Grants::kRoutes);
  const Reply reply = rig.call("route", message("POST", "quote", {{"x", 5}}));
  ASSERT_EQ(reply.status, QC_OK) << reply.text;
  EXPECT_EQ(reply.json, Json({{"body", {{"seen", "quote"}}}}));
  EXPECT_EQ(seen_.method, "POST");
  EXPECT_EQ(seen_.query, Json({{"a", "1"}}));
  EXPECT_EQ(seen_.body, Json({{"x", 5}}));
  EXPECT_EQ(seen_.caller.kind, "bank");
  EXPECT_EQ(seen_.caller.account, "b");
  Json citizen = message("GET", "terms");
  citizen["caller"] = {{"kind", "person"}, {"pseudonym", std::string(64, 'a')}};
  ASSERT_EQ(rig.call("route", citizen).status, QC_OK);
  EXPECT_EQ(seen_.caller.account, "");
  EXPECT_EQ(seen_.caller.pseudonym, std::string(64, 'a'));
}

TEST_F(RoutesLayerTest, WhatServesRoutesHoldsNoKeyAndDecidesNothing) {
  Rig rig(with_routes(kTwo).dump(), service(), "bank", Rig::Grants::kRoutes);
  const DecideParts parts;
  EXPECT_EQ(rig.configure(rig.settings()).code(), "plugin.unknown_method");
  EXPECT_EQ(rig.call("decide", parts.message(rig.key().public_key())).code(),
            "plugin.unknown_method");
  EXPECT_EQ(rig.call("health", Json::object()).code(), "plugin.unknown_method");
  EXPECT_EQ(decided_, 0);
  EXPECT_EQ(rig.call("describe", Json::object()).json.at("routes"), kTwo);
}

TEST_F(RoutesLayerTest, WhatDecidesServesNoRoute) {
  Rig rig(with_routes(kTwo).dump(), service(), "bank");
  EXPECT_EQ(rig.call("route", message("GET", "terms")).code(), "plugin.unknown_method");
  rig.configure();
  EXPECT_EQ(rig.call("route", message("GET", "terms")).code(), "plugin.unknown_method");
}

TEST_F(RoutesLayerTest, WhatIsNoRouteOrNoAnswerIsSaidToBeSo) {
  Rig rig(with_routes(kTwo).dump(), service(), "bank", Rig::Grants::kRoutes);
  const auto code = [&](const Json& asked) { return rig.call("route", asked).code(); };
  EXPECT_EQ(code(message("GET", "quote")), "product.no_such_route");
  EXPECT_EQ(code(message("GET", "other")), "product.no_such_route");
  const Reply refused = rig.call("route", message("POST", "quote", {{"fail", 1}}));
  EXPECT_EQ(refused.status, QC_INVALID);
  EXPECT_EQ(refused.code(), "loan.bad_term");
  EXPECT_EQ(refused.field(), "term");
  EXPECT_EQ(code(message("POST", "quote", {{"throw", 1}})), "plugin.internal");
  EXPECT_EQ(code(message("POST", "quote", {{"array", 1}})), "plugin.internal");
  Json nobody = message("GET", "terms");
  nobody["caller"] = {{"kind", "bank"}};
  EXPECT_EQ(code(nobody), "json.missing_field");
  EXPECT_EQ(rig.call("route", message("GET", "terms"), 1).code(), "plugin.deadline");
}

TEST_F(RoutesLayerTest, PluginJsonAndTheHandlersMustAgree) {
  const auto fault = [&](const Json& routes) {
    const auto description = Description::parse(with_routes(routes).dump());
    if (!description.ok()) return description.error().field;
    const Status fits = service()->fits(*description);
    return fits.ok() ? std::string("fits") : fits.error().message;
  };
  EXPECT_EQ(fault(kTwo), "fits");
  EXPECT_EQ(fault(Json::array({route("GET", "terms")})),
            "a handler answers what plugin.json does not name");
  EXPECT_EQ(fault(Json::array({route("GET", "terms"), route("GET", "quote")})),
            "no handler answers GET quote");
  EXPECT_EQ(fault(Json::array({route("GET", "terms"), route("GET", "terms")})), "routes[1]");
  EXPECT_EQ(fault(Json::array({route("PUT", "terms")})), "routes[0].method");
  EXPECT_EQ(fault(Json::array({route("GET", "a/b")})), "routes[0].path");
  EXPECT_EQ(fault(Json::array({route("GET", "terms", "all")})), "routes[0].who");
}

TEST_F(RoutesLayerTest, WhoHasRoutesAsksForThem) {
  const auto asked = Description::parse(with_routes(kTwo).dump());
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->capabilities(), std::vector<std::string>{"routes"});
  const auto none = Description::parse(product_description());
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->capabilities().empty());
  EXPECT_FALSE(none->answer().contains("routes"));
  Json department = *parse_json(department_description());
  department["routes"] = kTwo;
  const auto refused = Description::parse(department.dump());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().field, "routes");
}

}  // namespace
}  // namespace qc::plugin
