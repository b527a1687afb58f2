// The server over real sockets: requests right and wrong, limits, connections.
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "host/http/static_files.hpp"
#include "sdk/http/message_signature.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

using Reply = RawConnection::Reply;

std::string get(std::string_view path, std::string_view extra = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(extra) + "\r\n";
}

void expect_problem(const Reply& reply, int status, std::string_view code) {
  EXPECT_EQ(reply.status, status) << reply.body;
  ASSERT_EQ(reply.fields.count("content-type"), 1U);
  EXPECT_EQ(reply.fields.at("content-type"), "application/problem+json");
  const Json problem = reply.json();
  EXPECT_EQ(problem.value("code", ""), code) << reply.body;
  EXPECT_EQ(problem.value("status", 0), status);
  EXPECT_EQ(problem.value("type", ""), "urn:quancheng:problem:" + std::string(code));
}

TEST(Server, HealthTellsChainAndHostKey) {
  TestHost host;
  const Reply reply = ask(host.port(), get("/v1/health"));
  EXPECT_EQ(reply.status, 200);
  const Json health = reply.json();
  EXPECT_EQ(health.at("status"), "ok");
  EXPECT_EQ(health.at("chain"), kChain);
  EXPECT_EQ(health.at("host_kid"), host.host_key.kid());
  EXPECT_EQ(health.at("size"), host.ledger->size());
  EXPECT_FALSE(reply.fields.at("x-request-id").empty());
  EXPECT_EQ(reply.fields.at("cache-control"), "no-store");
}

TEST(Server, RequestIdIsRepeatedOnlyWhenHarmless) {
  TestHost host;
  EXPECT_EQ(ask(host.port(), get("/v1/health", "X-Request-Id: abc-1\r\n")).fields["x-request-id"],
            "abc-1");
  EXPECT_NE(ask(host.port(), get("/v1/health", "X-Request-Id: a b\r\n")).fields["x-request-id"],
            "a b");
}

TEST(Server, UnknownPathsAndMethods) {
  TestHost host;
  expect_problem(ask(host.port(), get("/v1/nothing")), 404, "http.not_found");
  expect_problem(ask(host.port(), get("/v1/transactions/a%2fb")), 404, "http.not_found");
  const Reply wrong = ask(host.port(), "PUT /v1/members HTTP/1.1\r\nHost: x\r\n\r\n");
  expect_problem(wrong, 405, "http.method_not_allowed");
  EXPECT_EQ(wrong.fields.at("allow"), "GET, HEAD");
  EXPECT_EQ(ask(host.port(), "BREW /v1/health HTTP/1.1\r\nHost: x\r\n\r\n").status, 501);
}

TEST(Server, MalformedHeadsAreAnsweredAndClosed) {
  TestHost host;
  const std::vector<std::pair<std::string, int>> cases{
      {"nonsense\r\n\r\n", 400},
      {"GET  /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /v1/health HTTP/1.1\r\n\r\n", 400},
      {"GET /v1/health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"GET /v1/health HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"GET /v1/health HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400},
      {"GET /v1/health HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400},
      {"GET /v1/health HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", 400},
      {"GET http://x/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /v1/health HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\n", 505},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n", 400},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", 400},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: "
       "1\r\n\r\n",
       400},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
       413},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413},
      {"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nExpect: a-favour\r\n\r\n", 417},
      {"GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
  };
  for (const auto& [request, status] : cases) {
    RawConnection connection(host.port());
    const Reply reply = connection.exchange(request);
    EXPECT_EQ(reply.status, status) << request.substr(0, 80);
    EXPECT_FALSE(reply.json().value("code", "").empty()) << request.substr(0, 80);
    EXPECT_TRUE(connection.closes()) << request.substr(0, 80);
  }
  EXPECT_EQ(ask(host.port(), get("/v1/health")).status, 200);
}

TEST(Server, HeadersAndBodiesAreBounded) {
  TestHost host;
  {
    RawConnection connection(host.port());
    connection.send("GET /v1/health HTTP/1.1\r\nHost: x\r\nA: ");
    connection.send(std::string(64 << 10, 'a'));
    const Reply reply = connection.read_reply();
    expect_problem(reply, 431, "http.headers_too_large");
    EXPECT_TRUE(connection.closes());
  }
  std::string many = "GET /v1/health HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 100; ++i) many += "A" + std::to_string(i) + ": b\r\n";
  expect_problem(ask(host.port(), many + "\r\n"), 431, "http.headers_too_large");
  // The whole oversized body is sent before the answer is read: it must still arrive.
  RawConnection big(host.port());
  big.send("POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
  big.send(std::string(2000000, 'x'));
  expect_problem(big.read_reply(), 413, "http.body_too_large");
}

TEST(Server, SlowHeadsAndBodiesAreCutAndIdleConnectionsClosed) {
  http::ServerOptions options;
  options.header_timeout_ms = 300;
  options.body_timeout_ms = 300;
  options.idle_timeout_ms = 400;
  TestHost host(options);
  RawConnection head(host.port());
  RawConnection body(host.port());
  RawConnection idle(host.port());
  head.send("GET /v1/health HT");
  body.send("POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  expect_problem(head.read_reply(), 408, "http.timeout");
  expect_problem(body.read_reply(), 408, "http.timeout");
  EXPECT_TRUE(head.closes());
  EXPECT_TRUE(body.closes());
  EXPECT_TRUE(idle.closes());
}

TEST(Server, HalfSentHeadsHoldNoWorker) {
  http::ServerOptions options;
  options.workers = 2;
  TestHost host(options);
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<RawConnection>(host.port()));
    slow.back()->send("GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(host.port(), get("/v1/health")).status, 200);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took, std::chrono::milliseconds(options.header_timeout_ms / 2));
  for (auto& connection : slow) connection->send("end\r\n\r\n");
  for (auto& connection : slow) EXPECT_EQ(connection->read_reply().status, 200);
}

TEST(Server, ByteByByteAndPipelined) {
  TestHost host;
  RawConnection slow(host.port());
  for (const char c : get("/v1/health")) slow.send(std::string_view(&c, 1));
  EXPECT_EQ(slow.read_reply().status, 200);

  RawConnection pipelined(host.port());
  pipelined.send("\r\n" + get("/v1/health") + get("/v1/nothing") +
                 "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\n"
                 "Content-Length: 3\r\n\r\nabc" +
                 get("/v1/health"));
  EXPECT_EQ(pipelined.read_reply().status, 200);
  EXPECT_EQ(pipelined.read_reply().status, 404);
  const Reply third = pipelined.read_reply();
  EXPECT_EQ(third.status, 400) << third.body;
  EXPECT_EQ(pipelined.read_reply().status, 200);
}

TEST(Server, OldClientsHeadAndConnectionClose) {
  TestHost host;
  RawConnection old(host.port());
  EXPECT_EQ(old.exchange("GET /v1/health HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(old.closes());

  RawConnection kept(host.port());
  const std::string keep = "GET /v1/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(kept.exchange(keep).status, 200);
  EXPECT_EQ(kept.exchange(keep).status, 200);

  RawConnection head(host.port());
  const Reply answer =
      head.exchange("HEAD /v1/health HTTP/1.1\r\nHost: x\r\n\r\n" + get("/v1/health"), false);
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(std::stoi(answer.fields.at("content-length")), 0);
  EXPECT_EQ(head.read_reply().json().at("chain"), kChain);  // no body stood between

  RawConnection closing(host.port());
  EXPECT_EQ(closing.exchange(get("/v1/health", "Connection: close\r\n")).status, 200);
  EXPECT_TRUE(closing.closes());

  RawConnection half(host.port());
  half.send(get("/v1/health"));
  half.finish_sending();
  EXPECT_EQ(half.read_reply().status, 200);
}

TEST(Server, ExpectContinueIsGranted) {
  TestHost host;
  RawConnection connection(host.port());
  connection.send(
      "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Type: application/jose\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(connection.read_reply(false).status, 100);
  connection.send("abc");
  EXPECT_EQ(connection.read_reply().status, 400);
}

TEST(Server, CompressionAndRangesDoNotTouchTheBody) {
  TestHost host;
  const Reply reply =
      ask(host.port(), get("/openapi.json", "Accept-Encoding: gzip, br\r\nRange: bytes=0-9\r\n"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.fields.count("content-encoding"), 0U);
  EXPECT_EQ(reply.json().value("openapi", ""), "3.1.0");
}

TEST(Server, ConnectionsOverTheBoundAreRefusedAndIdleOnesMakeRoom) {
  http::ServerOptions options;
  options.max_connections = 4;
  TestHost host(options);
  std::vector<std::unique_ptr<RawConnection>> busy;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(std::make_unique<RawConnection>(host.port()));
    busy.back()->send("GET /v1/health HT");
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  RawConnection refused(host.port());
  expect_problem(refused.read_reply(), 503, "http.too_many_connections");
  busy.clear();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));

  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(std::make_unique<RawConnection>(host.port()));
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  EXPECT_EQ(ask(host.port(), get("/v1/health")).status, 200);
  EXPECT_TRUE(idle.front()->closes());
}

TEST(Server, BufferedBytesAreBounded) {
  http::ServerOptions options;
  options.max_buffered_bytes = 400 << 10;
  TestHost host(options);
  const std::string head =
      "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
  RawConnection first(host.port());
  first.send(head + std::string(150000, 'x'));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  for (int i = 0; i < 3; ++i) {
    RawConnection over(host.port());
    over.send(head + std::string(199999, 'x'));
    expect_problem(over.read_reply(), 503, "http.overloaded");
  }
  // The first one was within the bound and still gets its answer.
  first.send(std::string(50000, 'x'));
  expect_problem(first.read_reply(), 415, "http.unsupported_media_type");
  EXPECT_EQ(ask(host.port(), get("/v1/health")).status, 200);
}

TEST(Server, SlowReadersHoldNoWorker) {
  http::ServerOptions options;
  options.workers = 1;
  TestHost host(options);
  std::vector<std::unique_ptr<RawConnection>> deaf;
  for (int i = 0; i < 20; ++i) {
    deaf.push_back(std::make_unique<RawConnection>(host.port()));
    for (int n = 0; n < 200; ++n) deaf.back()->send(get("/openapi.json"));
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(host.port(), get("/v1/health")).status, 200);
}

TEST(Server, TransactionsWaitForTheLedgerWithoutAWorker) {
  http::ServerOptions options;
  options.workers = 1;
  TestHost host(options);
  std::vector<std::string> requests;
  for (int i = 0; i < 64; ++i) {
    const auto key = crypto::PrivateKey::generate();
    const Json body{{"account", "service-" + std::to_string(i)},
                    {"kind", "service"},
                    {"code", ""},
                    {"name_zh", "服务"},
                    {"name_en", "Service"},
                    {"uscc", "91370100MA3C0HXX1Y"},
                    {"contact", "c@example.test"},
                    {"jwk", key.public_key().to_jwk()}};
    const std::string tx =
        proof::make_transaction(host.operator_key, kChain, "member.admit", body, now_s());
    requests.push_back(
        "POST /v1/transactions HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/jose\r\nContent-Length: " +
        std::to_string(tx.size()) + "\r\n\r\n" + tx);
  }
  std::vector<std::unique_ptr<RawConnection>> callers;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    callers.push_back(std::make_unique<RawConnection>(host.port()));
  }
  for (std::size_t i = 0; i < requests.size(); ++i) callers[i]->send(requests[i]);
  std::set<std::uint64_t> indexes;
  for (auto& caller : callers) {
    const Reply reply = caller->read_reply();
    ASSERT_EQ(reply.status, 201) << reply.body;
    indexes.insert(reply.json().at("index").get<std::uint64_t>());
  }
  EXPECT_EQ(indexes.size(), 64U);
  EXPECT_LT(host.ledger->health().batches, 40U) << "one at a time: the worker waited";
}

TEST(Server, RandomBytesNeverKillIt) {
  TestHost host;
  std::mt19937 random(20260101);
  const std::string seed = get("/v1/members/a?b=c", "Content-Length: 3\r\nConnection: x\r\n");
  for (int round = 0; round < 400; ++round) {
    std::string bytes;
    if (round % 2 == 0) {
      bytes.resize(random() % 300);
      for (char& c : bytes) c = static_cast<char>(random());
    } else {
      bytes = seed;
      for (int n = 0; n < 3; ++n) bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    RawConnection connection(host.port());
    connection.send(bytes);
    connection.finish_sending();
    if (round % 7 == 0) continue;  // closed in the middle
    const Reply reply = connection.read_reply();
    EXPECT_TRUE(reply.status == 0 || (reply.status >= 200 && reply.status < 600));
  }
  EXPECT_EQ(ask(host.port(), get("/v1/health")).status, 200);
}

TEST(Server, StopFinishesWhatIsInFlight) {
  auto host = std::make_unique<TestHost>();
  RawConnection idle(host->port());
  RawConnection connection(host->port());
  connection.send(get("/v1/health"));
  EXPECT_EQ(connection.read_reply().status, 200);
  const auto begin = std::chrono::steady_clock::now();
  host->server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_TRUE(idle.closes());
  EXPECT_TRUE(connection.closes());
}

TEST(Server, RefusesToListenBeyondTheMachineWithoutCertificate) {
  TestHost host;
  http::ServerOptions options;
  options.listen = "0.0.0.0";
  const auto started = http::Server::start(options, host.services(), host.host_key);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, "http.tls_required");
  options.tls_certificate = "/nonexistent";
  options.tls_key = "/nonexistent";
  const auto missing = http::Server::start(options, host.services(), host.host_key);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, "http.tls_invalid");
  options = {};
  options.port = host.port();
  const auto taken = http::Server::start(options, host.services(), host.host_key);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, "http.bind_failed");
}

TEST(Server, OwnNamesOnlyWhenConfigured) {
  http::ServerOptions options;
  options.authorities = {"host.example"};
  TestHost host(options);
  expect_problem(ask(host.port(), get("/v1/health")), 421, "http.misdirected");
  EXPECT_EQ(ask(host.port(), "GET /v1/health HTTP/1.1\r\nHost: Host.Example:80\r\n\r\n").status,
            200);
}

TEST(Server, ServesThePageAndNothingBesideIt) {
  TempDir directory;
  const auto page = directory.path() / "page";
  std::filesystem::create_directories(page / "sub");
  std::ofstream(directory.path() / "secret.txt") << "secret";
  std::ofstream(page / "index.html") << "<!doctype html>";
  std::ofstream(page / "sub" / "a.js") << "1";
  std::ofstream(page / ".hidden.txt") << "hidden";
  std::ofstream(page / "key.pem") << "unknown type";
  std::filesystem::create_symlink(directory.path() / "secret.txt", page / "link.txt");
  http::ServerOptions options;
  options.page_dir = page.string();
  TestHost host(options);
  const Reply index = ask(host.port(), get("/"));
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(index.body, "<!doctype html>");
  EXPECT_EQ(index.fields.at("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(index.fields.at("content-security-policy").find("default-src 'none'"),
            std::string::npos);
  EXPECT_EQ(index.fields.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(ask(host.port(), get("/", "If-None-Match: " + index.fields.at("etag") + "\r\n")).status,
            304);
  EXPECT_EQ(ask(host.port(), get("/sub/a.js")).fields.at("content-type"),
            "text/javascript; charset=utf-8");
  for (const char* path :
       {"/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/link.txt",
        "/.hidden.txt", "/key.pem", "/sub", "//index.html", "/index.html/..", "/..%5csecret.txt"}) {
    EXPECT_EQ(ask(host.port(), get(path)).status, 404) << path;
  }
}

TEST(Server, MetricsCountRequests) {
  TestHost host;
  for (int i = 0; i < 3; ++i) ask(host.port(), get("/v1/health"));
  const Reply reply = ask(host.port(), get("/metrics"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.fields.at("content-type").starts_with("text/plain"));
  const auto has = [&](const std::string& line) {
    EXPECT_NE(reply.body.find(line), std::string::npos) << line << "\n" << reply.body;
  };
  has("qc_http_requests_total{route=\"GET /v1/health\",status=\"200\"} 3\n");
  has("qc_ledger_size 3\n");
  has("qc_view_lag 2\n");
  has("qc_plugin_calls_total{plugin=\"public_security\"} 7\n");
  has("qc_plugin_errors_total{plugin=\"public_security\",kind=\"timeout\"} 2\n");
  has("qc_plugin_errors_total{plugin=\"public_security\",kind=\"crashed\"} 0\n");
  has("qc_plugin_call_seconds{plugin=\"public_security\",quantile=\"0.5\"} 0.00015\n");
  has("qc_plugin_call_seconds{plugin=\"public_security\",quantile=\"0.99\"} 0.0005\n");
  has("qc_plugin_call_seconds_sum{plugin=\"public_security\"} 0.0014\n");
  has("qc_plugin_call_seconds_count{plugin=\"public_security\"} 7\n");
  has("qc_plugin_state{plugin=\"public_security\",state=\"active\"} 1\n");
  has("qc_http_request_seconds_bucket{le=\"+Inf\"} 3\n");
}

}  // namespace
}  // namespace qc::test
