// Who may call what, over real sockets and the real ledger; replay memory by itself.
#include <gtest/gtest.h>

#include "host/http/replay_cache.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/http/message_signature.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

using Reply = RawConnection::Reply;

std::string code(const Reply& reply) { return reply.json().value("code", ""); }

class Auth : public testing::Test {
 protected:
  Reply call(const crypto::PrivateKey& key, std::string_view method, std::string_view target,
             std::string_view body = {}) {
    return ask(host.port(), signed_request(key, host.port(), method, target, body));
  }
  TestHost host;
};

TEST_F(Auth, MissingSignature) {
  const Reply reply = ask(host.port(), "GET /v1/grants HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(code(reply), "auth.missing_signature");
  EXPECT_FALSE(reply.fields.at("www-authenticate").empty());
  EXPECT_EQ(reply.fields.count("signature"), 0U);
}

TEST_F(Auth, RightSignatureReachesTheServiceAsTheAccount) {
  const Reply reply = call(host.bank_key, "GET", "/v1/grants");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json().at("called"), "list_grants");
  EXPECT_EQ(reply.json().at("caller"), "bank");
}

TEST_F(Auth, TheAnswerIsSignedByTheHostForThisRequest) {
  const std::string nonce = random_id();
  const Reply reply = ask(host.port(), signed_request(host.bank_key, host.port(), "GET",
                                                      "/v1/grants?x=1", "", 0, nonce));
  const auto parsed =
      http::parse_signature(reply.fields.at("signature-input"), reply.fields.at("signature"));
  ASSERT_TRUE(parsed.ok());
  http::MessageParts parts;
  parts.status = reply.status;
  const std::string digest = reply.fields.at("content-digest");
  parts.content_digest = digest;
  EXPECT_TRUE(http::verify_response(*parsed, parts, host.host_key.public_key()).ok());
  EXPECT_TRUE(http::check_content_digest(digest, reply.body).ok());
  EXPECT_EQ(parsed->nonce, nonce);
}

TEST_F(Auth, RefusalsToAKnownCallerAreSignedToo) {
  const Reply reply = call(host.bank_key, "POST", "/v1/accesses", "{\"refuse\":true}");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(code(reply), "grant.revoked");
  EXPECT_EQ(reply.json().at("txn_id"), std::string(64, 'a'));
  EXPECT_EQ(reply.fields.count("signature"), 1U);
}

TEST_F(Auth, UnknownKey) {
  const Reply reply = call(crypto::PrivateKey::generate(), "GET", "/v1/grants");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(code(reply), "auth.unknown_key");
}

TEST_F(Auth, ChangedRequestsAreRefused) {
  const auto changed = [&](std::string_view from, std::string_view to, std::string_view expected) {
    std::string request =
        signed_request(host.bank_key, host.port(), "POST", "/v1/accesses?a=1", "{\"tx\":\"0\"}");
    const auto at = request.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    request.replace(at, from.size(), to);
    const Reply reply = ask(host.port(), request);
    EXPECT_EQ(reply.status, 401) << from << " " << reply.body;
    EXPECT_EQ(code(reply), expected) << from;
  };
  changed("a=1", "a=2", "auth.bad_signature");
  changed("Host: 127.0.0.1", "Host: 127.0.0.2", "auth.bad_signature");
  changed("{\"tx\":\"0\"}", "{\"tx\":\"1\"}", "auth.bad_digest");
  changed("Content-Digest: sm3=", "Content-Digest: sm4=", "auth.bad_signature");
  changed("Content-Digest:", "X-Other:", "auth.bad_signature");
  changed("nonce=\"", "nonce=\"A", "auth.bad_signature");
  changed("POST /v1/accesses", "POST /v1/grants", "auth.bad_signature");
}

TEST_F(Auth, ReplayIsRefused) {
  const std::string request = signed_request(host.bank_key, host.port(), "GET", "/v1/grants");
  EXPECT_EQ(ask(host.port(), request).status, 200);
  const Reply again = ask(host.port(), request);
  EXPECT_EQ(again.status, 401);
  EXPECT_EQ(code(again), "auth.replayed");
  // The nonce is spent for this key only.
  const std::string nonce = random_id();
  EXPECT_EQ(ask(host.port(),
                signed_request(host.bank_key, host.port(), "GET", "/v1/grants", "", 0, nonce))
                .status,
            200);
  EXPECT_EQ(ask(host.port(),
                signed_request(host.regulator_key, host.port(), "GET", "/v1/grants", "", 0, nonce))
                .status,
            200);
}

TEST_F(Auth, BadSignaturesSpendNoNonce) {
  const std::string nonce = random_id();
  std::string forged =
      signed_request(host.bank_key, host.port(), "GET", "/v1/grants", "", 0, nonce);
  forged.replace(forged.find("/v1/grants"), 10, "/v1/assets");
  EXPECT_EQ(code(ask(host.port(), forged)), "auth.bad_signature");
  EXPECT_EQ(ask(host.port(),
                signed_request(host.bank_key, host.port(), "GET", "/v1/grants", "", 0, nonce))
                .status,
            200);
}

TEST_F(Auth, TimeWindow) {
  for (const int offset : {-400, 400}) {
    const Reply reply = ask(
        host.port(), signed_request(host.bank_key, host.port(), "GET", "/v1/grants", "", offset));
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(code(reply), "auth.expired") << offset;
  }
  // Within the window, but from before this host's memory of nonces began.
  EXPECT_EQ(code(ask(host.port(),
                     signed_request(host.bank_key, host.port(), "GET", "/v1/grants", "", -100))),
            "auth.expired");
  EXPECT_EQ(
      ask(host.port(), signed_request(host.bank_key, host.port(), "GET", "/v1/grants", "", 100))
          .status,
      200);
}

TEST_F(Auth, SuspendedMembersAreOut) {
  host.submit(host.operator_key, "member.suspend", {{"account", "bank"}, {"reason", "test"}});
  const Reply reply = call(host.bank_key, "GET", "/v1/grants");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(code(reply), "auth.suspended");
  host.submit(host.operator_key, "member.resume", {{"account", "bank"}, {"reason", "test"}});
  EXPECT_EQ(call(host.bank_key, "GET", "/v1/grants").status, 200);
}

TEST_F(Auth, KindsOfCallers) {
  const auto status = [&](const crypto::PrivateKey& key, std::string_view method,
                          std::string_view path, std::string_view body = {}) {
    return call(key, method, path, body).status;
  };
  EXPECT_EQ(status(host.bank_key, "GET", "/v1/supervision/flows"), 403);
  EXPECT_EQ(status(host.regulator_key, "GET", "/v1/supervision/flows"), 200);
  EXPECT_EQ(status(host.operator_key, "GET", "/v1/supervision/flows?after=3&limit=2"), 200);
  EXPECT_EQ(status(host.bank_key, "GET", "/v1/subjects/p-1/trace"), 403);
  EXPECT_EQ(status(host.operator_key, "GET", "/v1/subjects/p-1/trace"), 200);
  EXPECT_EQ(status(host.operator_key, "GET", "/v1/subjects/p-1/completeness"), 403);
  EXPECT_EQ(status(host.bank_key, "GET", "/v1/subjects/bank/trace"), 200);  // itself
  EXPECT_EQ(status(host.regulator_key, "POST", "/v1/accesses", "{}"), 403);
  EXPECT_EQ(status(host.bank_key, "POST", "/v1/accesses", "{}"), 201);
  EXPECT_EQ(status(host.bank_key, "POST", "/v1/plugins/public_security:load", "{}"), 403);
  EXPECT_EQ(status(host.operator_key, "POST", "/v1/plugins/public_security:load", "{}"), 200);
  EXPECT_EQ(status(host.operator_key, "POST", "/v1/plugins/public_security:load", "{\"a\":1}"),
            400);
  EXPECT_EQ(status(host.operator_key, "POST", "/v1/plugins/other:load", "{}"), 404);
  const std::string plugin = "/v1/plugins/public_security:";
  for (const char* verb :
       {"upgrade", "downgrade", "reload", "canary", "promote", "rollback", "check"}) {
    EXPECT_EQ(status(host.bank_key, "POST", plugin + verb, "{}"), 403) << verb;
    EXPECT_EQ(status(host.regulator_key, "POST", plugin + verb, "{}"), 403) << verb;
    EXPECT_EQ(status(host.operator_key, "POST", plugin + verb, "{}"), 200) << verb;
    EXPECT_EQ(status(host.operator_key, "POST", plugin + verb, "{\"a\":1}"), 400) << verb;
  }
  const Reply trial = call(host.operator_key, "POST", plugin + "canary",
                           R"({"percent":25,"after_calls":9,"max_failed_percent":0})");
  EXPECT_EQ(trial.json().at("canary").at("percent"), 25);
  EXPECT_EQ(trial.json().at("canary").at("after_calls"), 9);
  EXPECT_EQ(trial.json().at("canary").at("max_failed_percent"), 0);
  EXPECT_EQ(status(host.operator_key, "POST", plugin + "canary", R"({"percent":100})"), 400);
  EXPECT_EQ(status(host.operator_key, "POST", plugin + "canary", R"({"percent":"all"})"), 400);
  EXPECT_EQ(status(host.bank_key, "GET", "/v1/statistics"), 200);
  EXPECT_EQ(status(host.bank_key, "GET", "/v1/accounts/regulator"), 200);
  EXPECT_EQ(status(host.bank_key, "GET", "/v1/accounts/nobody"), 404);
}

TEST_F(Auth, AnAnswerSaysWhichPluginsHadAHandInIt) {
  const std::string expected =
      "\"housing_fund\";version=\"1.0.0\";generation=3;digest=\"" + std::string(64, 'd') +
      "\", \"citizen_loan\";version=\"2.1.0\";generation=7;digest=\"" + std::string(64, 'e') + "\"";
  const Reply good = call(host.bank_key, "POST", "/v1/accesses", R"({"ask_plugin":true})");
  EXPECT_EQ(good.status, 201);
  EXPECT_EQ(good.fields.at("quancheng-plugin"), expected);
  const Reply bad =
      call(host.bank_key, "POST", "/v1/accesses", R"({"ask_plugin":true,"refuse":true})");
  EXPECT_EQ(bad.status, 403);
  EXPECT_EQ(bad.fields.at("quancheng-plugin"), expected);
  EXPECT_FALSE(
      call(host.bank_key, "POST", "/v1/accesses", "{}").fields.contains("quancheng-plugin"));
}

TEST_F(Auth, HangingPluginsDelayNobodyElse) {
  std::vector<std::unique_ptr<RawConnection>> hanging;
  for (int i = 0; i < 24; ++i) {
    hanging.push_back(std::make_unique<RawConnection>(host.port()));
    hanging.back()->send(
        signed_request(host.bank_key, host.port(), "POST", "/v1/accesses", "{\"hang_ms\":1500}"));
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(host.port(), "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  EXPECT_EQ(call(host.bank_key, "GET", "/v1/grants").status, 200);
  EXPECT_EQ(call(host.operator_key, "POST", "/v1/plugins/public_security:stop", "{}").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1400));
  for (auto& connection : hanging) EXPECT_EQ(connection->read_reply().status, 201);
}

TEST_F(Auth, BadQueries) {
  for (const char* target :
       {"/v1/supervision/flows?after=-1", "/v1/supervision/flows?after=x",
        "/v1/supervision/flows?limit=0", "/v1/supervision/flows?limit=1001",
        "/v1/supervision/flows?after=1&after=2", "/v1/supervision/flows?after=%zz"}) {
    const Reply reply = call(host.regulator_key, "GET", target);
    EXPECT_EQ(reply.status, 400) << target;
    EXPECT_EQ(code(reply), "http.bad_query") << target;
  }
}

TEST_F(Auth, NewKeyOpensAnAccount) {
  const auto key = crypto::PrivateKey::generate();
  const Json body{{"jwk", key.public_key().to_jwk()}, {"claim", "x"}};
  const Reply reply = call(key, "POST", "/v1/accounts:open", body.dump());
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.json().at("caller"), key.kid());
  EXPECT_EQ(reply.fields.count("signature"), 1U);
  // Signed by another key than the one in the body.
  const Reply other =
      call(crypto::PrivateKey::generate(), "POST", "/v1/accounts:open", body.dump());
  EXPECT_EQ(other.status, 401);
  EXPECT_EQ(code(other), "auth.unknown_key");
  EXPECT_EQ(call(key, "POST", "/v1/accounts:open", "{\"claim\":\"x\"}").status, 400);
  EXPECT_EQ(call(key, "POST", "/v1/accounts:open", "[]").status, 400);
  EXPECT_EQ(call(key, "POST", "/v1/accounts:open", "{\"jwk\":{}}").status, 400);
}

TEST_F(Auth, TransactionsAreSeenByTheirParties) {
  const auto member_key = crypto::PrivateKey::generate();
  host.admit("registrar", "registrar", member_key);
  const std::string id = host.ledger->receipt(host.ledger->size() - 1)->tx;
  const std::string path = "/v1/transactions/" + id;
  const Reply seen = call(host.operator_key, "GET", path);
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(to_hex(crypto::sm3(seen.json().at("transaction").get<std::string>())), id);
  EXPECT_EQ(call(host.regulator_key, "GET", path).status, 200);
  EXPECT_EQ(call(member_key, "GET", path).status, 200);  // it names the account
  const Reply stranger = call(host.bank_key, "GET", path);
  EXPECT_EQ(stranger.status, 404);
  EXPECT_EQ(code(stranger), "tx.not_found");
  EXPECT_EQ(call(host.operator_key, "GET", "/v1/transactions/" + std::string(64, '0')).status, 404);
  EXPECT_EQ(call(host.operator_key, "GET", "/v1/transactions/xyz").status, 400);
}

TEST_F(Auth, TransactionsAreSubmittedWithTheSignatureInside) {
  const auto tx = proof::make_transaction(host.operator_key, kChain, "member.suspend",
                                          {{"account", "bank"}, {"reason", "r"}}, now_s());
  const auto post = [&](const std::string& type) {
    return ask(host.port(), "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: " + type +
                                "\r\nContent-Length: " + std::to_string(tx.size()) + "\r\n\r\n" +
                                tx);
  };
  EXPECT_EQ(post("application/json").status, 415);
  const Reply reply = post("application/jose");
  ASSERT_EQ(reply.status, 201) << reply.body;
  const auto receipt = proof::receipt_from_json(reply.json().at("receipt"));
  ASSERT_TRUE(receipt.ok());
  EXPECT_TRUE(proof::verify_receipt(tx, *receipt, host.host_key.public_key(), kChain).ok());
  const Reply again = post("application/jose");
  EXPECT_EQ(again.status, 409) << again.body;
}

TEST_F(Auth, PublicRoutesSignTheirAnswersToThoseWhoSign) {
  EXPECT_EQ(call(host.bank_key, "GET", "/v1/members").fields.count("signature"), 1U);
  const Reply stranger = call(crypto::PrivateKey::generate(), "GET", "/v1/members");
  EXPECT_EQ(stranger.status, 200);
  EXPECT_EQ(stranger.fields.count("signature"), 0U);
  const std::string request =
      signed_request(host.bank_key, host.port(), "POST", "/v1/transactions", "no transaction");
  std::string as_jose = request;
  as_jose.replace(as_jose.find("application/json"), 16, "application/jose");
  const Reply submitted = ask(host.port(), as_jose);
  EXPECT_EQ(submitted.status, 400) << submitted.body;
  EXPECT_EQ(submitted.fields.count("signature"), 1U);
  // A spent nonce is no reason to refuse what needs no signature; the answer is unsigned.
  EXPECT_EQ(ask(host.port(), as_jose).fields.count("signature"), 0U);
}

TEST(ReplayCache, ForgetsOnlyWhatCannotComeBack) {
  http::ReplayCache cache(4, 3);
  EXPECT_TRUE(cache.remember("a", "1", 1000, 1300).ok());
  EXPECT_EQ(cache.remember("a", "1", 1299, 1600).error().code, "auth.replayed");
  EXPECT_EQ(cache.remember("a", "1", 1300, 1600).error().code, "auth.replayed");
  EXPECT_TRUE(cache.remember("a", "1", 1400, 1700).ok());
  EXPECT_EQ(cache.size(), 1U);
}

TEST(ReplayCache, IsBoundedPerKeyAndInAll) {
  http::ReplayCache cache(4, 3);
  for (const char* nonce : {"1", "2", "3"}) EXPECT_TRUE(cache.remember("a", nonce, 0, 300).ok());
  const auto full = cache.remember("a", "4", 0, 300);
  EXPECT_EQ(full.error().code, "auth.busy");
  EXPECT_EQ(full.error().kind, ErrorKind::kRateLimited);
  EXPECT_TRUE(cache.remember("b", "1", 0, 300).ok());
  EXPECT_EQ(cache.remember("b", "2", 0, 300).error().code, "auth.busy");
  EXPECT_EQ(cache.size(), 4U);
  EXPECT_TRUE(cache.remember("a", "4", 1000, 1300).ok());
  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace qc::test
