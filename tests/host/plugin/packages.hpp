// Puts plugin packages together under a temporary folder.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include <gtest/gtest.h>

#include "host/plugin/manager.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::plugin {

/// A plugins folder, a config folder, and a ledger that admits what the test says.
class Packages {
 public:
  explicit Packages(Isolation isolation = Isolation::kHost);
  ~Packages();
  Packages(const Packages&) = delete;
  Packages& operator=(const Packages&) = delete;

  /// Installs <library>.so as the package `plugin`, with a right manifest, and admits it.
  void install(const std::string& plugin, const std::string& library,
               const std::string& version = "1.0.0");
  /// Changes a manifest member (null removes it); the publisher signs the change.
  void edit_manifest(const std::string& plugin, const std::string& member, const Json& value);
  /// As its publisher does: over the manifest as it is now.
  void sign(const std::string& plugin, const crypto::PrivateKey& key,
            const std::string& chain = kChain);
  const crypto::PrivateKey& publisher() const { return publisher_; }
  void admit(const std::string& plugin);
  /// Of every package of the plugin.
  void withdraw(const std::string& plugin);
  /// To be changed: from now on the ledger knows nothing else of the plugin.
  Json& admission(const std::string& plugin);
  void write(const std::filesystem::path& relative, const std::string& text) const;

  std::filesystem::path folder() const { return folder_; }
  std::filesystem::path library(const std::string& plugin) const;
  Json manifest(const std::string& plugin) const;
  static constexpr const char* kChain = "test-net";

  ManagerOptions options();
  std::unique_ptr<Manager> manager();
  std::unique_ptr<Manager> manager(ManagerOptions options);

 private:
  const Isolation isolation_;
  const crypto::PrivateKey publisher_ = crypto::PrivateKey::generate();
  std::filesystem::path folder_;
  mutable std::mutex mutex_;              // the ledger is asked on many threads
  std::map<std::string, Json> admitted_;  ///< the newest of each plugin
  std::map<std::string, Json> history_;   ///< by plugin and digest
};

/// Names the instances of a test that runs in both modes.
inline std::string mode_name(const ::testing::TestParamInfo<Isolation>& info) {
  return std::string(isolation_name(info.param));
}

/// The code of a result's error, or "ok".
template <typename T>
std::string code_of(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().code;
}

}  // namespace qc::plugin
