// /openapi.json against the routes that are really answered.
#include "host/http/openapi.hpp"

#include <set>

#include <gtest/gtest.h>

#include "sdk/http/public_routes.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

/// Every "$ref" below `node`.
void collect_refs(const Json& node, std::set<std::string>& out) {
  if (node.is_object() && node.contains("$ref")) out.insert(node.at("$ref").get<std::string>());
  if (!node.is_structured()) return;
  for (const auto& child : node) collect_refs(child, out);
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// "/v1/plugins/{id}:load" with something in place of the braces.
std::string filled(std::string path) {
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{')) {
    path.replace(open, path.find('}') - open + 1, "x");
  }
  return path;
}

class OpenApi : public testing::Test {
 protected:
  OpenApi() { document = ask(host.port(), "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n").json(); }
  TestHost host;
  Json document;
};

TEST_F(OpenApi, HasTheStructureOfVersion31) {
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  EXPECT_TRUE(document.at("info").at("title").is_string());
  EXPECT_TRUE(document.at("info").at("version").is_string());
  ASSERT_TRUE(document.at("paths").is_object());
  EXPECT_GE(document.at("paths").size(), 25U);
  std::set<std::string> ids;
  for (const auto& [path, item] : document.at("paths").items()) {
    EXPECT_TRUE(path.starts_with("/")) << path;
    for (const auto& [method, operation] : item.items()) {
      const std::string where = method + " " + path;
      EXPECT_TRUE(method == "get" || method == "post" || method == "delete") << where;
      EXPECT_TRUE(ids.insert(operation.at("operationId").get<std::string>()).second) << where;
      EXPECT_FALSE(operation.at("summary").get<std::string>().empty()) << where;
      EXPECT_TRUE(operation.at("tags").is_array()) << where;
      EXPECT_TRUE(operation.at("responses").contains("default")) << where;
      EXPECT_GE(operation.at("responses").size(), 2U) << where;
      for (const auto& [status, response] : operation.at("responses").items()) {
        EXPECT_TRUE(response.at("description").is_string()) << where << " " << status;
      }
      std::size_t braces = 0;
      for (const auto& parameter : operation.value("parameters", Json::array())) {
        if (parameter.at("in") != "path") continue;
        ++braces;
        EXPECT_TRUE(parameter.at("required").get<bool>()) << where;
        EXPECT_NE(path.find("{" + parameter.at("name").get<std::string>() + "}"), std::string::npos)
            << where;
      }
      EXPECT_EQ(braces, static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')));
    }
  }
}

TEST_F(OpenApi, EveryReferenceLeadsSomewhere) {
  std::set<std::string> refs;
  collect_refs(document, refs);
  EXPECT_FALSE(refs.empty());
  for (const auto& ref : refs) {
    ASSERT_TRUE(ref.starts_with("#/")) << ref;
    EXPECT_TRUE(document.contains(Json::json_pointer(ref.substr(1)))) << ref;
  }
}

TEST_F(OpenApi, EveryDocumentedRouteIsAnswered) {
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      const auto reply =
          ask(host.port(), upper(method) + " " + filled(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
      const std::string code = reply.status >= 400 ? reply.json().value("code", "") : "";
      EXPECT_NE(code, "http.not_found") << method << " " << path;
      EXPECT_NE(reply.status, 405) << method << " " << path;
      EXPECT_NE(reply.status, 500) << method << " " << path;
      // What needs a signature says so, and nothing else does.
      const bool secured = !operation.at("security").empty();
      if (secured && !operation.contains("requestBody")) {
        EXPECT_EQ(code, "auth.missing_signature") << method << " " << path;
      }
      if (!secured) {
        EXPECT_NE(reply.status, 401) << method << " " << path;
      }
      EXPECT_EQ(http::is_public_route(upper(method), filled(path)), !secured) << path;
      if (reply.status < 300) {
        EXPECT_TRUE(operation.at("responses").contains(std::to_string(reply.status))) << path;
      }
    }
  }
}

TEST_F(OpenApi, UndocumentedMethodsAndPathsAreRefused) {
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const char* method : {"get", "post", "put", "delete", "patch", "options"}) {
      if (item.contains(method)) continue;
      const auto reply =
          ask(host.port(), upper(method) + " " + filled(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
      EXPECT_EQ(reply.status, 405) << method << " " << path;
      for (const auto& [documented, unused] : item.items()) {
        EXPECT_NE(reply.fields.at("allow").find(upper(documented)), std::string::npos) << path;
      }
    }
    for (const std::string& other :
         {filled(path) + "x/y/z/w", filled(path) + "/", "/v1" + filled(path)}) {
      EXPECT_EQ(ask(host.port(), "GET " + other + " HTTP/1.1\r\nHost: x\r\n\r\n").status, 404)
          << other;
    }
  }
}

}  // namespace
}  // namespace qc::test
