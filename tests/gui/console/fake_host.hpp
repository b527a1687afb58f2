// A small city behind the Api interface: its own key, its own log, receipts that verify.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "gui/console/model/api.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::console::test {

/// What the fake host holds; shared by the connections to it. Thread contract: any thread.
class FakeCity {
 public:
  FakeCity();

  /// Answers as docs/formats.md says. Errors: "client.unreachable" when down, "plugin.wrong_state",
  /// "http.not_found".
  Result<Json> get(const std::string& path);
  Result<Json> post(const std::string& path, const Json& body);

  const crypto::PrivateKey& host_key() const { return host_; }
  const crypto::PrivateKey& key_of(const std::string& account) const { return keys_.at(account); }
  const std::string& chain() const { return chain_; }
  const std::string& subject() const { return subject_; }
  std::size_t size() const { return log_.size(); }

  std::atomic<bool> down{false};           ///< every call fails
  std::atomic<bool> empty{false};          ///< lists are empty
  std::atomic<int> delay_ms{0};            ///< before each answer
  std::atomic<bool> forge_receipt{false};  ///< the third receipt of a trace is another's
  std::atomic<int> calls{0};

  void set_plugin(const std::string& plugin, const char* member, const Json& value);
  void suspend(const std::string& account);
  /// One more flow, as from another bank's access.
  void add_flow(const std::string& op, const std::string& outcome);

 private:
  void add_member(const Json& member);
  void append(const std::string& signer, const std::string& op, Json body, Json flow,
              bool about_subject);
  Json receipt_of(std::size_t index) const;
  Json trace() const;
  Json head() const;
  Json* plugin(const std::string& id);

  struct Entry {
    std::string bytes, op, actor;
    std::int64_t time_ms = 0;
    Json summary;
    bool about_subject = false;
  };
  mutable std::mutex mutex_;
  crypto::PrivateKey host_;
  std::string chain_, subject_;
  std::map<std::string, crypto::PrivateKey> keys_;
  std::vector<Entry> log_;
  Json members_ = Json::array(), plugins_ = Json::array(), flows_ = Json::array();
};

/// Connects to `city` as `account`; the passphrase must be "correct" (or come from a file).
Connect connect_to(FakeCity& city, std::string account);

}  // namespace qc::console::test
