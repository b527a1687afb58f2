#include "support.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "host/plugin/call_scope.hpp"
#include "sdk/http/message_signature.hpp"

namespace qc::test {

TempDir::TempDir() : path_(std::filesystem::temp_directory_path() / ("qc-http-" + random_id())) {
  std::filesystem::create_directories(path_);
}
TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {
Json echo(const char* name, const std::string& caller, const std::string& id = {},
          const Json& body = {}) {
  return {{"called", name}, {"caller", caller}, {"id", id}, {"body", body}};
}
}  // namespace

Result<Json> EchoExchange::open_account(const crypto::PublicKey& key, const Json& body) {
  return echo("open_account", key.kid(), {}, body);
}
Result<Json> EchoExchange::recover_account(const crypto::PublicKey& key, const Json& body) {
  return echo("recover_account", key.kid(), {}, body);
}
Result<Json> EchoExchange::prove_account(Text caller, const Json& body) {
  return echo("prove_account", caller, {}, body);
}
Result<Json> EchoExchange::issue_asset(Text caller, const Json& body) {
  return echo("issue_asset", caller, {}, body);
}
Result<Json> EchoExchange::list_assets(Text caller) { return echo("list_assets", caller); }
Result<Json> EchoExchange::get_asset(Text caller, Text asset) {
  return echo("get_asset", caller, asset);
}
Result<Json> EchoExchange::erase_asset(Text caller, Text asset, const Json& body) {
  return echo("erase_asset", caller, asset, body);
}
Result<Json> EchoExchange::list_requests(Text caller) { return echo("list_requests", caller); }
Result<Json> EchoExchange::get_request(Text caller, Text request) {
  return echo("get_request", caller, request);
}
Result<Json> EchoExchange::list_grants(Text caller) { return echo("list_grants", caller); }
Result<Json> EchoExchange::get_grant(Text caller, Text grant) {
  return echo("get_grant", caller, grant);
}
Result<Json> EchoExchange::list_accesses(Text caller) { return echo("list_accesses", caller); }
Result<Json> EchoExchange::get_access(Text caller, Text access) {
  return echo("get_access", caller, access);
}
Result<Json> EchoExchange::create_grant(Text caller, const Json& body) {
  return echo("create_grant", caller, {}, body);
}
Result<Json> EchoExchange::access(Text caller, const Json& body) {
  if (body.contains("hang_ms")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(body.at("hang_ms").get<int>()));
  }
  if (body.contains("ask_plugin")) {
    plugin::CallScope* const scope = plugin::CallScope::current();
    scope->note({"housing_fund", "1.0.0", std::string(64, 'd'), 3});
    scope->note({"citizen_loan", "2.1.0", std::string(64, 'e'), 7});
  }
  if (body.contains("refuse")) {
    Error error = forbidden("grant.revoked", "the grant is revoked");
    error.txn_id = std::string(64, 'a');
    return error;
  }
  return echo("access", caller, {}, body);
}

Result<Json> EchoExchange::product_route(const exchange::RouteRequest& request) {
  if (request.path == "nothing") return not_found("product.no_such_route", "no such path");
  Json out = echo("product_route", request.caller, request.product, request.body);
  out.update({{"kind", request.kind},
              {"member", request.member},
              {"method", request.method},
              {"path", request.path},
              {"query", request.query},
              {"bytes", request.body_bytes}});
  return out;
}

Result<Json> EchoExchange::due_accesses(Text caller, Text product) {
  return echo("due_accesses", caller, product);
}

Result<Json> EchoCentre::members() { return echo("members", ""); }
Result<Json> EchoCentre::member(const std::string& account) { return echo("member", "", account); }
Result<Json> EchoCentre::items() { return echo("items", ""); }
Result<Json> EchoCentre::products() { return echo("products", ""); }
Result<Json> EchoCentre::statistics() { return echo("statistics", ""); }
Result<Json> EchoCentre::flows(std::uint64_t after, std::size_t) {
  return echo("flows", "", std::to_string(after));
}
Json EchoCentre::status() {
  return {{"position", 1}, {"ledger_size", 4}, {"healthy", true}, {"reason", ""}};
}
Status EchoCentre::wait_for(std::uint64_t, int) { return {}; }

Result<Json> EchoSupervision::trace(const std::string& account) {
  return echo("trace", "", account);
}
Result<Json> EchoSupervision::completeness(const std::string& account) {
  return echo("completeness", "", account);
}
Result<Json> EchoSupervision::flows(std::uint64_t after, std::size_t limit) {
  return echo("flows", std::to_string(limit), std::to_string(after));
}

Result<plugin::PluginInfo> OnePlugin::info(const std::string& plugin) const {
  if (plugin != "public_security") return not_found("plugin.not_found", "no such plugin");
  plugin::PluginInfo out;
  out.plugin = plugin;
  out.version = "1.0.0";
  out.kind = "department";
  out.state = state_;
  out.calls = 7;
  out.failures[static_cast<std::size_t>(plugin::Failure::kTimeout)] = 2;
  out.errors = 2;
  out.latency = {7, 1400, 150, 300, 500};
  return out;
}
Result<plugin::PluginInfo> OnePlugin::load(const std::string& plugin) {
  state_ = plugin::State::kActive;
  return info(plugin);
}
Result<plugin::PluginInfo> OnePlugin::downgrade(const std::string& plugin,
                                                const std::string& digest) {
  QC_ASSIGN(plugin::PluginInfo out, info(plugin));
  out.pinned = digest;
  return out;
}
Result<plugin::PluginInfo> OnePlugin::canary(const std::string& plugin,
                                             const plugin::CanaryOptions& options) {
  QC_ASSIGN(plugin::PluginInfo out, info(plugin));
  out.canary = plugin::CanaryInfo{"2.0.0", std::string(64, 'b'), 2, 10, 1, options};
  return out;
}
Result<Json> OnePlugin::health(const std::string& plugin) {
  QC_ASSIGN(const plugin::PluginInfo out, info(plugin));
  return Json{{"status", "ok"},
              {"detail", ""},
              {"version", out.version},
              {"digest", out.digest},
              {"generation", out.generation}};
}
Result<plugin::PluginInfo> OnePlugin::drain(const std::string& plugin, int) {
  state_ = plugin::State::kStopped;
  return info(plugin);
}
Result<plugin::PluginInfo> OnePlugin::stop(const std::string& plugin) {
  state_ = plugin::State::kStopped;
  return info(plugin);
}
std::vector<plugin::PluginInfo> OnePlugin::list() const { return {*info("public_security")}; }
Result<plugin::Manager::Answer> OnePlugin::call(const std::string&, const std::string&, const Json&,
                                                int) {
  return unavailable("plugin.not_active", "not in this test");
}
Result<std::string> OnePlugin::for_item(const std::string&) const {
  return not_found("plugin.none_for_item", "none");
}
Result<plugin::ProductRoute> OnePlugin::route_of(const std::string&, const std::string&,
                                                 const std::string&) const {
  return not_found("product.no_such_route", "no such path");
}
Result<std::string> OnePlugin::for_product(const std::string&) const {
  return not_found("plugin.none_for_product", "none");
}

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void TestHost::open(std::size_t queue_bytes) {
  spdlog::set_level(spdlog::level::warn);
  chain::LedgerOptions ledger_options;
  ledger_options.directory = directory.path() / "ledger";
  ledger_options.chain = kChain;
  ledger_options.fsync = false;
  ledger_options.queue_bytes = queue_bytes;
  auto opened = chain::Ledger::open(ledger_options, host_key);
  if (!opened.ok()) {
    ADD_FAILURE() << opened.error().code << ": " << opened.error().message;
    std::abort();
  }
  ledger = std::move(*opened);
  witnesses = *chain::Witnesses::open(*ledger, ledger_options.directory / "chunks");
}

void TestHost::serve(const http::ServerOptions& options) {
  auto started = http::Server::start(options, services(), host_key);
  if (!started.ok()) {
    ADD_FAILURE() << started.error().code << ": " << started.error().message;
    std::abort();
  }
  server = std::move(*started);
}

TestHost::TestHost(http::ServerOptions options, std::size_t queue_bytes) {
  open(queue_bytes);
  submit(operator_key, "network.found",
         {{"name", "test"},
          {"host_jwk", host_key.public_key().to_jwk()},
          {"operator",
           {{"account", "operator"},
            {"name_zh", "运营方"},
            {"name_en", "Operator"},
            {"uscc", "91370100MA3C0HXX1Y"},
            {"jwk", operator_key.public_key().to_jwk()}}}});
  admit("regulator", "regulator", regulator_key);
  admit("bank", "bank", bank_key);
  serve(options);
}

std::unique_ptr<TestHost> TestHost::copy_of(const TestHost& other) {
  std::unique_ptr<TestHost> copy(new TestHost(Unstarted{}));
  copy->host_key = other.host_key;
  copy->operator_key = other.operator_key;
  copy->regulator_key = other.regulator_key;
  copy->bank_key = other.bank_key;
  // The state is rebuilt from the chunks.
  std::filesystem::create_directories(copy->directory.path() / "ledger");
  std::filesystem::copy(other.directory.path() / "ledger" / "chunks",
                        copy->directory.path() / "ledger" / "chunks");
  copy->open(64U << 20U);
  copy->serve({});
  return copy;
}

TestHost::~TestHost() { server.reset(); }

http::Services TestHost::services() {
  return {*ledger, exchange, plugins, centre, supervision, *witnesses};
}

chain::Applied TestHost::submit(const crypto::PrivateKey& key, std::string_view op,
                                const Json& body) {
  auto applied = ledger->submit(proof::make_transaction(key, kChain, op, body, now_s()));
  if (!applied.ok()) {
    ADD_FAILURE() << op << ": " << applied.error().code << ": " << applied.error().message << " "
                  << applied.error().field;
    std::abort();
  }
  return *applied;
}

void TestHost::admit(const std::string& account, const std::string& kind,
                     const crypto::PrivateKey& key) {
  submit(operator_key, "member.admit",
         {{"account", account},
          {"kind", kind},
          {"code", ""},
          {"name_zh", "成员"},
          {"name_en", "Member"},
          {"uscc", "91370100MA3C0HXX1Y"},
          {"contact", "contact@example.test"},
          {"jwk", key.public_key().to_jwk()}});
}

RawConnection::RawConnection(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

RawConnection::~RawConnection() { ::close(fd_); }

void RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return;  // the peer closed: the reply tells
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void RawConnection::finish_sending() { ::shutdown(fd_, SHUT_WR); }

bool RawConnection::fill() {
  pollfd waiting{fd_, POLLIN, 0};
  if (::poll(&waiting, 1, 10000) <= 0) return false;
  std::array<char, 65536> chunk{};
  const auto got = ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (got <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

Json RawConnection::Reply::json() const {
  auto parsed = parse_json(body);
  return parsed.ok() ? *parsed : Json();
}

RawConnection::Reply RawConnection::read_reply(bool has_body) {
  Reply out;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return out;
  }
  std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  out.status = std::atoi(head.substr(9, 3).c_str());
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const auto stop = head.find("\r\n", at);
    const auto colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.fields[name] = head.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  const std::size_t length = has_body && out.fields.contains("content-length")
                                 ? std::strtoul(out.fields["content-length"].c_str(), nullptr, 10)
                                 : 0;
  while (buffer_.size() < length) {
    if (!fill()) return out;
  }
  out.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return out;
}

bool RawConnection::closes(int timeout_ms) {
  pollfd waiting{fd_, POLLIN, 0};
  if (::poll(&waiting, 1, timeout_ms) <= 0) return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, 0) <= 0;
}

RawConnection::Reply ask(int port, std::string_view request) {
  RawConnection connection(port);
  return connection.exchange(request);
}

std::string signed_request(const crypto::PrivateKey& key, int port, std::string_view method,
                           std::string_view target, std::string_view body,
                           std::int64_t created_offset_s, std::string nonce) {
  const std::string authority = "127.0.0.1:" + std::to_string(port);
  const std::string digest = body.empty() ? "" : http::content_digest(body);
  const auto split = http::split_target(target);
  http::MessageParts parts;
  parts.method = method;
  parts.authority = authority;
  parts.path = split.path;
  parts.query = split.query;
  parts.content_digest = digest;
  if (nonce.empty()) nonce = random_id();
  const auto fields = http::sign_request(key, parts, now_s() + created_offset_s, nonce);
  std::string out = std::string(method) + " " + std::string(target) +
                    " HTTP/1.1\r\nHost: " + authority + "\r\nSignature-Input: " + fields.input +
                    "\r\nSignature: " + fields.signature + "\r\n";
  if (!body.empty()) {
    out += "Content-Type: application/json\r\nContent-Digest: " + digest +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return out + "\r\n" + std::string(body);
}

}  // namespace qc::test
