// POST /v1/transactions:batch over real sockets.
#include <set>

#include <gtest/gtest.h>

#include "sdk/client/client.hpp"
#include "sdk/proof/receipt.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

using Reply = RawConnection::Reply;

std::string post_batch(std::string_view body, std::string_view type = "application/json") {
  return "POST /v1/transactions:batch HTTP/1.1\r\nHost: x\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string body_of(const std::vector<std::string>& transactions) {
  return Json{{"transactions", transactions}}.dump();
}

/// Admits service number n.
std::string service_tx(const TestHost& host, int n) {
  const auto key = crypto::PrivateKey::generate();
  return proof::make_transaction(host.operator_key, kChain, "member.admit",
                                 {{"account", "service-" + std::to_string(n)},
                                  {"kind", "service"},
                                  {"code", ""},
                                  {"name_zh", "服务"},
                                  {"name_en", "Service"},
                                  {"uscc", "91370100MA3C0HXX1Y"},
                                  {"contact", "c@example.test"},
                                  {"jwk", key.public_key().to_jwk()}},
                                 now_s());
}

std::string forged(const std::string& tx, const std::string& other) {
  return tx.substr(0, tx.rfind('.')) + other.substr(other.rfind('.'));
}

std::string code_of(const Reply& reply) { return reply.json().value("code", ""); }

TEST(Batch, EachTransactionHasItsOwnOutcomeInOrder) {
  TestHost host;
  const std::uint64_t first = host.ledger->size();
  const std::string good = service_tx(host, 1);
  const std::vector<std::string> sent{good,
                                      forged(service_tx(host, 2), service_tx(host, 3)),
                                      good,
                                      "not a transaction",
                                      service_tx(host, 4),
                                      std::string(70000, 'a'),
                                      service_tx(host, 4)};
  const Reply reply = ask(host.port(), post_batch(body_of(sent)));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.fields.at("content-type"), "application/json");
  EXPECT_FALSE(reply.fields.contains("retry-after"));
  const Json answer = reply.json();
  const Json& results = answer.at("results");
  ASSERT_EQ(results.size(), sent.size());
  std::uint64_t index = first;
  for (const std::size_t i : {0U, 4U}) {
    EXPECT_EQ(results[i].at("index"), index++);
    const auto receipt = proof::receipt_from_json(results[i].at("receipt"));
    ASSERT_TRUE(receipt.ok()) << results[i];
    EXPECT_EQ(receipt->tx, results[i].at("tx"));
    EXPECT_TRUE(proof::verify_receipt(sent[i], *receipt, host.host_key.public_key(), kChain).ok());
  }
  const std::vector<std::tuple<std::size_t, std::string, int>> refused{
      {1, "tx.bad_signature", 401},
      {2, "tx.duplicate", 409},
      {3, "tx.invalid", 400},
      {5, "tx.too_large", 413},
      {6, "identity.account_exists", 409}};
  for (const auto& [i, code, status] : refused) {
    EXPECT_FALSE(results[i].contains("tx"));
    const Json& problem = results[i].at("problem");
    EXPECT_EQ(problem.at("status"), problem.at("code") == code ? status : -1) << problem;
  }
  EXPECT_EQ(host.ledger->size(), first + 2);
}

TEST(Batch, MalformedRequestsAreRefusedWhole) {
  TestHost host;
  const std::uint64_t size = host.ledger->size();
  const std::string good = service_tx(host, 1);
  const std::vector<std::string> hundred_and_one(101, good);
  const auto refuse = [&](const std::string& request, int status, const std::string& code,
                          const std::string& field) {
    const Reply reply = ask(host.port(), request);
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(code_of(reply), code);
    EXPECT_EQ(reply.json().value("field", ""), field);
  };
  refuse(post_batch(body_of({good}), "application/jose"), 415, "http.unsupported_media_type",
         "Content-Type");
  refuse(post_batch("{\"transactions\":[\"a\""), 400, "json.invalid", "");
  refuse(post_batch("[]"), 400, "json.wrong_type", "");
  refuse(post_batch("{}"), 400, "json.missing_field", "transactions");
  refuse(post_batch(R"({"transactions":"a"})"), 400, "json.wrong_type", "transactions");
  refuse(post_batch(Json{{"transactions", {good}}, {"more", 1}}.dump()), 400, "json.unknown_field",
         "more");
  refuse(post_batch(Json{{"transactions", {good, 1}}}.dump()), 400, "json.wrong_type",
         "transactions[1]");
  refuse(post_batch(body_of({})), 400, "json.out_of_range", "transactions");
  refuse(post_batch(body_of(hundred_and_one)), 400, "json.out_of_range", "transactions");
  EXPECT_EQ(host.ledger->size(), size) << "nothing of a refused request is taken";
}

TEST(Batch, ABodyBeyondTheLimitIsRefusedWithTheLimit) {
  TestHost host;
  RawConnection connection(host.port());
  connection.send(
      "POST /v1/transactions:batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Content-Length: 6553600\r\n\r\n");
  const Reply reply = connection.read_reply();
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(code_of(reply), "http.body_too_large");
  EXPECT_NE(reply.json().value("detail", "").find("1048576"), std::string::npos) << reply.body;
}

TEST(Batch, AHundredFit) {
  TestHost host;
  const std::uint64_t first = host.ledger->size();
  std::vector<std::string> sent;
  for (int n = 0; n < 100; ++n) sent.push_back(service_tx(host, n));
  const Json results = ask(host.port(), post_batch(body_of(sent))).json().at("results");
  ASSERT_EQ(results.size(), 100U);
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].at("index"), first + i);
}

TEST(Batch, BackPressureInTheMiddleTakesABeginning) {
  TestHost host({}, 16000);
  const std::uint64_t first = host.ledger->size();
  std::vector<std::string> sent;
  for (int n = 0; n < 40; ++n) sent.push_back(service_tx(host, n));
  const Reply reply = ask(host.port(), post_batch(body_of(sent)));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.fields.at("retry-after"), "1");
  const Json answer = reply.json();
  const Json& results = answer.at("results");
  std::size_t taken = 0;
  while (taken < results.size() && results[taken].contains("tx")) ++taken;
  EXPECT_GT(taken, 2U);
  EXPECT_LT(taken, 16U);
  EXPECT_EQ(host.ledger->size(), first + taken);
  for (std::size_t i = taken; i < results.size(); ++i) {
    const Json& problem = results[i].at("problem");
    EXPECT_EQ(problem.at("code"), "ledger.busy") << i;
    EXPECT_EQ(problem.at("status"), 429);
    EXPECT_TRUE(problem.at("retryable"));
  }
  // A transaction alone that finds the queue full is answered 429 with Retry-After.
  TestHost tiny({}, 4000);
  const std::string big =
      proof::make_transaction(tiny.operator_key, kChain, "member.suspend",
                              {{"account", "bank"}, {"reason", std::string(4000, 'x')}}, now_s());
  const Reply busy = ask(tiny.port(),
                         "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: "
                         "application/jose\r\nContent-Length: " +
                             std::to_string(big.size()) + "\r\n\r\n" + big);
  EXPECT_EQ(busy.status, 429) << busy.body;
  EXPECT_EQ(code_of(busy), "ledger.busy");
  EXPECT_EQ(busy.fields.at("retry-after"), "1");
}

TEST(Batch, WaitsForTheLedgerWithoutAWorker) {
  http::ServerOptions options;
  options.workers = 1;
  TestHost host(options);
  const std::uint64_t batches = host.ledger->health().batches;
  std::vector<std::string> requests;
  for (int i = 0; i < 40; ++i) {
    requests.push_back(post_batch(body_of({service_tx(host, 2 * i), service_tx(host, 2 * i + 1)})));
  }
  std::vector<std::unique_ptr<RawConnection>> callers;
  for (const std::string& request : requests) {
    callers.push_back(std::make_unique<RawConnection>(host.port()));
    callers.back()->send(request);
  }
  std::set<std::uint64_t> indexes;
  for (auto& caller : callers) {
    const Reply reply = caller->read_reply();
    ASSERT_EQ(reply.status, 200) << reply.body;
    const Json answer = reply.json();
    for (const Json& result : answer.at("results")) {
      indexes.insert(result.at("index").get<std::uint64_t>());
    }
  }
  EXPECT_EQ(indexes.size(), 80U);
  EXPECT_LT(host.ledger->health().batches - batches, 35U) << "one at a time: the worker waited";
}

TEST(Batch, TheClientVerifiesEveryReceipt) {
  TestHost host;
  auto connected = client::Client::connect({.url = host.url(), .key = host.operator_key});
  ASSERT_TRUE(connected.ok());
  const Json suspend{{"account", "bank"}, {"reason", "test"}};
  const auto submitted = (*connected)
                             ->submit_batch({{"member.suspend", suspend},
                                             {"member.suspend", suspend},
                                             {"member.resume", suspend},
                                             {"no.such_operation", suspend}});
  ASSERT_TRUE(submitted.ok()) << submitted.error().code << submitted.error().message;
  ASSERT_EQ(submitted->size(), 4U);
  ASSERT_TRUE((*submitted)[0].ok());
  EXPECT_EQ((*submitted)[0]->index, 3U);
  EXPECT_EQ((*submitted)[1].error().code, "member.wrong_state");
  EXPECT_EQ((*submitted)[1].error().kind, ErrorKind::kConflict);
  ASSERT_TRUE((*submitted)[2].ok());
  EXPECT_EQ((*submitted)[2]->index, 4U);
  EXPECT_EQ((*submitted)[3].error().code, "tx.unknown_op");
  EXPECT_EQ((*connected)->submit_batch({}).error().code, "json.out_of_range");
  auto nobody = client::Client::connect({.url = host.url()});
  ASSERT_TRUE(nobody.ok());
  EXPECT_EQ((*nobody)->submit_batch({{"member.suspend", suspend}}).error().code, "client.no_key");
}

}  // namespace
}  // namespace qc::test
