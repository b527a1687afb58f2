// The client against a real host, and against hosts that lie.
#include "sdk/client/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"
#include "sdk/http/message_signature.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

using client::Client;
using client::ClientOptions;

std::unique_ptr<Client> must_connect(ClientOptions options) {
  auto connected = Client::connect(std::move(options));
  if (!connected.ok()) {
    ADD_FAILURE() << connected.error().code << ": " << connected.error().message;
    std::abort();
  }
  return std::move(*connected);
}

std::string connect_error(ClientOptions options) {
  const auto connected = Client::connect(std::move(options));
  return connected.ok() ? "ok" : connected.error().code;
}

TEST(Client, LearnsChainAndHostKey) {
  TestHost host;
  const auto client = must_connect({.url = host.url()});
  EXPECT_EQ(client->chain(), kChain);
  EXPECT_TRUE(client->host_key() == host.host_key.public_key());
  const auto health = client->get("/v1/health");
  ASSERT_TRUE(health.ok());
  EXPECT_EQ(health->at("chain"), kChain);
}

TEST(Client, HoldsWhatIsPinned) {
  TestHost host;
  EXPECT_EQ(connect_error({.url = host.url(),
                           .trusted_host = host.host_key.public_key(),
                           .trusted_chain = std::string(kChain)}),
            "ok");
  EXPECT_EQ(connect_error(
                {.url = host.url(), .trusted_host = crypto::PrivateKey::generate().public_key()}),
            "client.wrong_host_key");
  EXPECT_EQ(connect_error({.url = host.url(), .trusted_chain = "other"}), "client.wrong_chain");
}

TEST(Client, SaysWhyItCannotConnect) {
  EXPECT_EQ(connect_error({.url = "http://127.0.0.1:1", .timeout_ms = 500}), "client.unreachable");
  for (const char* url : {"", "127.0.0.1", "ftp://x", "http://", "http://x:0", "http://x:99999",
                          "http://x/path", "http://u@x", "http://x:1a"}) {
    EXPECT_EQ(connect_error({.url = url}), "client.bad_url") << url;
  }
}

TEST(Client, SignsAndChecksAnswers) {
  TestHost host;
  const auto client = must_connect({.url = host.url(), .key = host.bank_key});
  for (int i = 0; i < 3; ++i) {
    const auto grants = client->get("/v1/grants");
    ASSERT_TRUE(grants.ok()) << grants.error().code;
    EXPECT_EQ(grants->at("caller"), "bank");
  }
  const auto created = client->post("/v1/accesses?a=b", {{"tx", "x"}});
  ASSERT_TRUE(created.ok()) << created.error().code;
  EXPECT_EQ(created->at("body").at("tx"), "x");
  const auto erased = client->del("/v1/assets/abc", {{"tx", "x"}});
  ASSERT_TRUE(erased.ok()) << erased.error().code;
  EXPECT_EQ(erased->at("called"), "erase_asset");
  EXPECT_EQ(erased->at("id"), "abc");
}

TEST(Client, ProblemsBecomeErrors) {
  TestHost host;
  const auto client = must_connect({.url = host.url(), .key = host.bank_key});
  const auto refused = client->post("/v1/accesses", {{"refuse", true}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "grant.revoked");
  EXPECT_EQ(refused.error().kind, ErrorKind::kForbidden);
  EXPECT_EQ(refused.error().txn_id, std::string(64, 'a'));
  const auto stranger =
      must_connect({.url = host.url(), .key = crypto::PrivateKey::generate()})->get("/v1/grants");
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code, "auth.unknown_key");
  EXPECT_EQ(must_connect({.url = host.url()})->get("/v1/grants").error().code,
            "auth.missing_signature");
  EXPECT_EQ(client->get("v1/health").error().code, "client.bad_path");
  EXPECT_EQ(client->get("/v1/health x").error().code, "client.bad_path");
  EXPECT_EQ(client->get("/v1/nothing").error().code, "http.not_found");
  const Json no_text{{"a", std::string("\xff")}};
  EXPECT_EQ(client->post("/v1/accesses", no_text).error().code, "client.bad_body");
  EXPECT_EQ(client->submit("grant.delete", no_text).error().code, "client.bad_body");
}

TEST(Client, SubmitsAndVerifiesReceipts) {
  TestHost host;
  const auto client = must_connect({.url = host.url(), .key = host.operator_key});
  const auto submitted =
      client->submit("member.suspend", {{"account", "bank"}, {"reason", "test"}});
  ASSERT_TRUE(submitted.ok()) << submitted.error().code << " " << submitted.error().message;
  EXPECT_EQ(submitted->index, 3U);
  EXPECT_EQ(submitted->tx, to_hex(crypto::sm3(submitted->bytes)));
  const auto again = client->submit("member.suspend", {{"account", "bank"}, {"reason", "test"}});
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().kind, ErrorKind::kInternal) << again.error().code;
  EXPECT_EQ(must_connect({.url = host.url()})->submit("x", {}).error().code, "client.no_key");
}

TEST(Client, SurvivesAHostThatClosesIdleConnections) {
  http::ServerOptions options;
  options.idle_timeout_ms = 100;
  TestHost host(options);
  const auto client = must_connect({.url = host.url(), .key = host.bank_key});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_TRUE(client->get("/v1/grants").ok());
}

TEST(Client, ManyThreadsShareOne) {
  TestHost host;
  const auto client = must_connect({.url = host.url(), .key = host.bank_key});
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) good += client->get("/v1/grants").ok() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 40);
}

/// Answers every request with what `reply` makes of it; one connection after the other.
class LyingHost {
 public:
  using Reply = std::function<std::string(const std::string& request)>;
  explicit LyingHost(Reply reply) : reply_(std::move(reply)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LyingHost() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() {
    for (;;) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      std::string in;
      std::array<char, 65536> chunk{};
      while (in.find("\r\n\r\n") == std::string::npos) {
        const auto got = ::recv(fd, chunk.data(), chunk.size(), 0);
        if (got <= 0) break;
        in.append(chunk.data(), static_cast<std::size_t>(got));
      }
      const std::string out = reply_(in);
      (void)::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
      ::shutdown(fd, SHUT_WR);
      (void)::recv(fd, chunk.data(), chunk.size(), 0);
      ::close(fd);
    }
  }
  Reply reply_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

std::string response(const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string signed_fields(const crypto::PrivateKey& key, const std::string& body, int status,
                          const std::string& nonce) {
  const std::string digest = http::content_digest(body);
  http::MessageParts parts;
  parts.status = status;
  parts.content_digest = digest;
  const auto fields = http::sign_response(key, parts, now_s(), nonce);
  return "Content-Digest: " + digest + "\r\nSignature-Input: " + fields.input +
         "\r\nSignature: " + fields.signature + "\r\n";
}

TEST(Client, AnswersMustBeSignedByTheHostForThisRequest) {
  const auto host_key = crypto::PrivateKey::generate();
  const std::string network =
      Json{{"chain", "c"}, {"genesis", ""}, {"host_jwk", host_key.public_key().to_jwk()}}.dump();
  std::string fields;  // what the lying host adds; "NONCE" asks for a right signature
  bool right = false;
  LyingHost host([&](const std::string& request) {
    if (request.starts_with("GET /v1/network")) return response(network);
    if (!right) return response("{\"a\":1}", fields);
    const auto at = request.find("nonce=\"") + 7;
    const std::string nonce = request.substr(at, request.find('"', at) - at);
    return response("{\"a\":1}", signed_fields(host_key, "{\"a\":1}", 200, nonce));
  });
  const auto client = must_connect({.url = host.url(), .key = crypto::PrivateKey::generate()});
  const auto expect_refused = [&](const char* what) {
    const auto got = client->get("/v1/grants");
    ASSERT_FALSE(got.ok()) << what;
    EXPECT_EQ(got.error().code, "client.bad_response_signature") << what;
  };
  expect_refused("unsigned");
  fields = signed_fields(crypto::PrivateKey::generate(), "{\"a\":1}", 200, random_id());
  expect_refused("another key");
  fields = signed_fields(host_key, "{\"a\":1}", 200, random_id());
  expect_refused("an answer to another request");
  fields = signed_fields(host_key, "{\"a\":2}", 200, random_id());
  expect_refused("another body");
  fields = signed_fields(host_key, "{\"a\":1}", 201, random_id());
  expect_refused("another status");
  right = true;
  EXPECT_TRUE(client->get("/v1/grants").ok());
}

TEST(Client, RefusesNonsense) {
  std::string body = "not json";
  LyingHost host([&](const std::string&) { return response(body); });
  EXPECT_EQ(connect_error({.url = host.url()}), "client.bad_answer");
  body = "{}";
  EXPECT_EQ(connect_error({.url = host.url()}), "json.missing_field");
  body = Json{{"chain", "c"}, {"genesis", ""}, {"host_jwk", Json::object()}}.dump();
  EXPECT_EQ(connect_error({.url = host.url()}), "client.bad_answer");
  body = Json{{"chain", "c"},
              {"genesis", "a.b.c"},
              {"host_jwk", crypto::PrivateKey::generate().public_key().to_jwk()}}
             .dump();
  EXPECT_EQ(connect_error({.url = host.url()}), "client.bad_answer");
}

TEST(Client, AFoundingTransactionOfAnotherHostIsNoticed) {
  TestHost real;
  const std::string genesis = real.ledger->transaction(std::uint64_t{0})->bytes;
  const auto other = crypto::PrivateKey::generate();
  LyingHost host([&](const std::string&) {
    return response(
        Json{{"chain", kChain}, {"genesis", genesis}, {"host_jwk", other.public_key().to_jwk()}}
            .dump());
  });
  EXPECT_EQ(connect_error({.url = host.url()}), "client.wrong_host_key");
}

}  // namespace
}  // namespace qc::test
