// A product's own paths as the API has them: who may come, what is passed on, how it is answered.
#include <gtest/gtest.h>

#include "support.hpp"

namespace qc::test {
namespace {

class ProductsApi : public testing::Test {
 protected:
  RawConnection::Reply send(std::string_view method, std::string_view target,
                            std::string_view body = {}) {
    return ask(host.port(), signed_request(host.bank_key, host.port(), method, target, body));
  }
  TestHost host;
};

TEST_F(ProductsApi, PassOnWhoAsksWhat) {
  const auto read = send("GET", "/v1/products/loan/terms?year=2026&x=a%20b");
  ASSERT_EQ(read.status, 200) << read.body;
  EXPECT_EQ(read.json().at("caller"), "bank");
  EXPECT_EQ(read.json().at("kind"), "bank");
  EXPECT_EQ(read.json().at("member"), true);
  EXPECT_EQ(read.json().at("id"), "loan");
  EXPECT_EQ(read.json().at("method"), "GET");
  EXPECT_EQ(read.json().at("path"), "terms");
  EXPECT_EQ(read.json().at("query"), Json({{"year", "2026"}, {"x", "a b"}}));
  EXPECT_EQ(read.json().at("body"), Json::object());
  const auto sent = send("POST", "/v1/products/loan/quote", R"({"amount_fen":5})");
  ASSERT_EQ(sent.status, 200) << sent.body;
  EXPECT_EQ(sent.json().at("method"), "POST");
  EXPECT_EQ(sent.json().at("body"), Json({{"amount_fen", 5}}));
  EXPECT_EQ(sent.json().at("bytes"), 16);
}

TEST_F(ProductsApi, AnswersAreSignedAndKeptByNobody) {
  for (const char* path : {"/v1/products/loan/terms", "/v1/products/loan/nothing"}) {
    const auto reply = send("GET", path);
    EXPECT_TRUE(reply.fields.contains("signature")) << path;
    EXPECT_TRUE(reply.fields.contains("content-digest")) << path;
    EXPECT_EQ(reply.fields.at("cache-control"), "no-store");
  }
  const auto missing = send("GET", "/v1/products/loan/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.fields.at("content-type"), "application/problem+json");
  EXPECT_EQ(missing.json().at("code"), "product.no_such_route");
}

TEST_F(ProductsApi, WhatIsDueIsAPathOfTheHosts) {
  const auto due = send("GET", "/v1/products/loan:due");
  ASSERT_EQ(due.status, 200) << due.body;
  EXPECT_EQ(due.json().at("called"), "due_accesses");
  EXPECT_EQ(due.json().at("id"), "loan");
  const auto other = ask(
      host.port(), signed_request(host.regulator_key, host.port(), "GET", "/v1/products/loan:due"));
  EXPECT_EQ(other.json().at("code"), "auth.forbidden");
}

TEST_F(ProductsApi, NobodyComesWithoutASignatureOrWithAnotherForm) {
  const auto unsigned_call =
      ask(host.port(), "GET /v1/products/loan/terms HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(unsigned_call.status, 401);
  EXPECT_EQ(unsigned_call.json().at("code"), "auth.missing_signature");
  EXPECT_EQ(send("POST", "/v1/products/loan/quote", "[1]").json().at("code"), "json.wrong_type");
  EXPECT_EQ(send("DELETE", "/v1/products/loan/quote").status, 405);
  EXPECT_EQ(send("GET", "/v1/products/loan/a/b").status, 404);
  EXPECT_EQ(send("GET", "/v1/products/loan/a%2Fb").status, 404);
}

}  // namespace
}  // namespace qc::test
