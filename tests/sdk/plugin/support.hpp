// The authoring layer without a library around it: authors that a test scripts, and the wallet's
// and host's side of each message.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/plugin/core.hpp"
#include "sdk/plugin/department.hpp"
#include "sdk/plugin/product.hpp"

namespace qc::plugin {

inline constexpr std::int64_t kNow = 1'790'000'000;  // September 2026
inline constexpr const char* kChain = "test-net";
inline constexpr const char* kIdNo = "11010519491231002X";
inline constexpr const char* kAccount = "p-0123456789abcdef0123456789abcdef";

/// What came back over the C border.
struct Reply {
  int status = 0;
  std::string text;
  Json json;  ///< null when the text is no JSON
  std::string code() const { return text_of(json, "code"); }
  std::string field() const { return text_of(json, "field"); }
};

/// A plugin in this process: keys in a temporary folder, calls through Core as the host makes them.
class Rig {
 public:
  /// What the host grants the instance.
  enum class Grants { kNothing, kRoutes };
  Rig(std::string_view description, std::unique_ptr<Service> service, std::string owner,
      Grants grants = Grants::kNothing);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// Settings that work; a test may spoil them.
  Json settings() const;
  Reply configure(const Json& settings);
  /// With the good settings; must succeed.
  void configure();

  Reply call(const std::string& method, const Json& message, std::int64_t deadline_ms = 0);
  Reply call_raw(const std::string& method, std::string_view message, std::int64_t deadline_ms = 0);

  Core& core() { return *core_; }
  const crypto::PrivateKey& key() const { return key_; }
  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<std::string>& log() const { return log_; }

 private:
  static void write_log(void* context, int level, const char* text, std::size_t size);

  std::filesystem::path folder_;
  crypto::PrivateKey key_;
  std::string owner_;
  std::vector<std::string> log_;
  qc_host host_{};
  std::unique_ptr<Core> core_;
};

/// A department that answers what the test says.
class ScriptedDepartment final : public Department {
 public:
  struct Script {
    std::function<Result<Record>(const Subject&, const Item&)> fetch;
    std::function<Result<bool>(const IdentityClaim&)> prove;
    Health health;
    Status configured;
    std::atomic<int> fetches{0};
  };
  explicit ScriptedDepartment(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Status configure(const JsonReader&) override { return script_->configured; }
  Result<Record> fetch(const Subject& subject, const Item& item,
                       const std::vector<std::string>&) override {
    ++script_->fetches;
    return script_->fetch(subject, item);
  }
  bool proves_identity() const override { return script_->prove != nullptr; }
  Result<bool> prove_identity(const IdentityClaim& claim) override { return script_->prove(claim); }
  Health health() override { return script_->health; }

 private:
  std::shared_ptr<Script> script_;
};

class ScriptedProduct final : public Product {
 public:
  using Script = std::function<Result<Decision>(const Request&)>;
  explicit ScriptedProduct(Script script, std::vector<RouteHandler> routes = {})
      : script_(std::move(script)), routes_(std::move(routes)) {}
  Result<Decision> decide(const Request& request) override { return script_(request); }
  std::vector<RouteHandler> routes() override { return routes_; }

 private:
  Script script_;
  std::vector<RouteHandler> routes_;
};

/// plugin.json of a department "t" with items t.all (one field of each type) and t.other.
const std::string& department_description();
/// plugin.json of a product "loan": t.all {money, day} required, t.other {text} optional.
const std::string& product_description();
/// A record that fits t.all.
Json good_record();

/// The holder's side of an "issue" message; each part can be bent before it is sealed.
struct IssueParts {
  crypto::PrivateKey identity_key = crypto::PrivateKey::generate();
  crypto::PrivateKey holder = crypto::PrivateKey::generate();
  crypto::PrivateKey presenter = holder;  ///< who signs the key binding
  std::string issuer = "ga", vct = "qc:identity:1", subject = kAccount, chain = kChain;
  std::string id_no = kIdNo, audience = "t", item = "t.all", nonce = "t.all/" + random_id();
  std::int64_t signed_at = kNow, expires = kNow + 1000;
  std::vector<std::string> disclosed = {"id_no"};
  bool key_binding = true;

  std::string presentation() const;
  Json message(const crypto::PublicKey& plugin) const;
};

/// The parts of a "decide" message.
struct DecideParts {
  crypto::PrivateKey department = crypto::PrivateKey::generate();
  crypto::PrivateKey holder = crypto::PrivateKey::generate();
  crypto::PrivateKey bank = crypto::PrivateKey::generate();
  Json record = {{"money", 500}, {"day", "2026-01-02"}, {"text", "t"}};
  std::vector<std::string> fields = {"money", "day"};
  std::string grant = random_id();
  std::int64_t expires = kNow + 1000;

  Json message(const crypto::PublicKey& plugin) const;
};

}  // namespace qc::plugin
