// A host for HTTP tests: the real ledger, small stand-ins for the rooms above it.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "host/chain/ledger.hpp"
#include "host/http/server.hpp"

namespace qc::test {

/// Removes itself.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Answers every call with {"called": name, "caller", "id", "body"}, so that a test sees what the
/// route passed on.
class EchoExchange final : public exchange::Exchange {
 public:
  using Text = const std::string&;
  Result<Json> open_account(const crypto::PublicKey& key, const Json& body) override;
  Result<Json> recover_account(const crypto::PublicKey& key, const Json& body) override;
  Result<Json> prove_account(Text caller, const Json& body) override;
  Result<Json> issue_asset(Text caller, const Json& body) override;
  Result<Json> list_assets(Text caller) override;
  Result<Json> get_asset(Text caller, Text asset) override;
  Result<Json> erase_asset(Text caller, Text asset, const Json& body) override;
  Result<Json> list_requests(Text caller) override;
  Result<Json> get_request(Text caller, Text request) override;
  Result<Json> list_grants(Text caller) override;
  Result<Json> get_grant(Text caller, Text grant) override;
  Result<Json> list_accesses(Text caller) override;
  Result<Json> get_access(Text caller, Text access) override;
  Result<Json> create_grant(Text caller, const Json& body) override;
  Result<Json> access(Text caller, const Json& body) override;
  Result<Json> product_route(const exchange::RouteRequest& request) override;
  Result<Json> due_accesses(Text caller, Text product) override;
};

class EchoCentre final : public centre::Centre {
 public:
  Result<Json> members() override;
  Result<Json> member(const std::string& account) override;
  Result<Json> items() override;
  Result<Json> products() override;
  Result<Json> statistics() override;
  Result<Json> flows(std::uint64_t after, std::size_t limit) override;
  Json status() override;
  Status wait_for(std::uint64_t size, int timeout_ms) override;
};

class EchoSupervision final : public supervision::Supervision {
 public:
  Result<Json> trace(const std::string& account) override;
  Result<Json> completeness(const std::string& account) override;
  Result<Json> flows(std::uint64_t after, std::size_t limit) override;
};

class OnePlugin final : public plugin::Manager {
 public:
  Status discover() override { return {}; }
  Result<plugin::PluginInfo> load(const std::string& plugin) override;
  Result<plugin::PluginInfo> start(const std::string& plugin) override { return load(plugin); }
  Result<plugin::PluginInfo> upgrade(const std::string& plugin) override { return load(plugin); }
  Result<plugin::PluginInfo> downgrade(const std::string& plugin,
                                       const std::string& digest) override;
  Result<plugin::PluginInfo> reload(const std::string& plugin) override { return load(plugin); }
  Result<plugin::PluginInfo> canary(const std::string& plugin,
                                    const plugin::CanaryOptions& options) override;
  Result<plugin::PluginInfo> promote(const std::string& plugin) override { return load(plugin); }
  Result<plugin::PluginInfo> rollback(const std::string& plugin) override { return load(plugin); }
  void review() override {}
  Result<Json> health(const std::string& plugin) override;
  Result<plugin::PluginInfo> drain(const std::string& plugin, int wait_ms) override;
  Result<plugin::PluginInfo> stop(const std::string& plugin) override;
  std::vector<plugin::PluginInfo> list() const override;
  Result<plugin::PluginInfo> info(const std::string& plugin) const override;
  Result<Answer> call(const std::string& plugin, const std::string& method, const Json& message,
                      int timeout_ms) override;
  void blame(const std::string&, const std::string&) override {}
  Status may_sign(const std::string&, const std::string&) const override { return {}; }
  Result<std::string> for_item(const std::string& item) const override;
  Result<std::string> for_product(const std::string& product) const override;
  Result<plugin::ProductRoute> route_of(const std::string& plugin, const std::string& method,
                                        const std::string& path) const override;

 private:
  std::atomic<plugin::State> state_{plugin::State::kActive};
};

/// A founded network with an operator, a regulator and a bank, served over HTTP.
class TestHost {
 public:
  /// `queue_bytes` of the ledger: small to meet its back-pressure.
  explicit TestHost(http::ServerOptions options = {}, std::size_t queue_bytes = 64U << 20U);
  /// Another host with the same keys, which goes on from a copy of `other`'s ledger as it is now.
  static std::unique_ptr<TestHost> copy_of(const TestHost& other);
  ~TestHost();

  int port() const { return server->port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  http::Services services();
  /// Submits and expects success.
  chain::Applied submit(const crypto::PrivateKey& key, std::string_view op, const Json& body);
  void admit(const std::string& account, const std::string& kind, const crypto::PrivateKey& key);

  TempDir directory;
  crypto::PrivateKey host_key = crypto::PrivateKey::generate();
  crypto::PrivateKey operator_key = crypto::PrivateKey::generate();
  crypto::PrivateKey regulator_key = crypto::PrivateKey::generate();
  crypto::PrivateKey bank_key = crypto::PrivateKey::generate();
  std::unique_ptr<chain::Ledger> ledger;
  std::unique_ptr<chain::Witnesses> witnesses;
  EchoExchange exchange;
  EchoCentre centre;
  EchoSupervision supervision;
  OnePlugin plugins;
  std::unique_ptr<http::Server> server;

 private:
  struct Unstarted {};
  explicit TestHost(Unstarted) {}
  void open(std::size_t queue_bytes);
  void serve(const http::ServerOptions& options);
};

inline constexpr std::string_view kChain = "test-chain";

/// A socket to 127.0.0.1 that a test drives byte by byte.
class RawConnection {
 public:
  explicit RawConnection(int port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  int fd() const { return fd_; }
  void send(std::string_view bytes);
  void finish_sending();
  struct Reply {
    int status = 0;                             ///< 0: the peer closed without an answer
    std::map<std::string, std::string> fields;  ///< lower-case names
    std::string body;
    Json json() const;
  };
  /// Reads exactly one response. `has_body` false for HEAD.
  Reply read_reply(bool has_body = true);
  /// True when the peer closes within `timeout_ms` without sending more.
  bool closes(int timeout_ms = 3000);
  Reply exchange(std::string_view request, bool has_body = true) {
    send(request);
    return read_reply(has_body);
  }

 private:
  bool fill();
  int fd_ = -1;
  std::string buffer_;
};

/// Sends one request on a fresh connection.
RawConnection::Reply ask(int port, std::string_view request);

/// A request with correct signature fields, as text; `edit` may change the finished text.
std::string signed_request(const crypto::PrivateKey& key, int port, std::string_view method,
                           std::string_view target, std::string_view body = {},
                           std::int64_t created_offset_s = 0, std::string nonce = {});

std::int64_t now_s();

}  // namespace qc::test
