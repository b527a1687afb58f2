// A bench for the real plugins: keys, settings, a generated population, and a manager that loads
// the libraries just built. Plays wallet, host and bank.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "host/plugin/manager.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::bench {

inline constexpr const char* kChain = "test-net";

/// A citizen with a safe box account.
struct Wallet {
  Json person;  ///< id_no, name, card_valid_to
  crypto::PrivateKey key;
  std::string account;
  std::string credential;  ///< SD-JWT
};

/// An asset opened by its holder.
struct Asset {
  std::string asset, item, sd_jwt;
  proof::Transaction tx;
};

class Bench {
 public:
  /// Generates everything under a fresh temporary folder and loads the four plugins, inside this
  /// process unless the environment says QC_TEST_ISOLATION=process.
  explicit Bench(int people = 40);
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  plugin::Manager& manager() { return *manager_; }
  /// Loads the four plugins anew, all in this mode.
  void run_in(plugin::Isolation isolation);
  const Json& people() const { return people_; }
  const std::filesystem::path& folder() const { return folder_; }
  Json key_of(const std::string& owner) const;  ///< public JWK of ga, rs, gjj, citizen_loan, bank
  const crypto::PrivateKey& private_key(const std::string& owner) const;
  std::int64_t now_s() const { return now_s_; }

  Json claim_message(const Json& person, const crypto::PrivateKey& key) const;
  Result<Wallet> open_account(std::size_t person);
  /// The "issue" message as wallet and host make it together.
  Json issue_message(const Wallet& wallet, const std::string& department, const std::string& item,
                     const std::vector<std::string>& fields) const;
  Result<Asset> issue(const Wallet& wallet, const std::string& item);

  /// A "decide" message under a grant of these assets' fields.
  struct Share {
    const Asset* asset;
    std::vector<std::string> fields, required;
  };
  Json decide_message(const Wallet& wallet, const std::vector<Share>& shares) const;
  /// All that citizen_loan asks for, as far as this person has it.
  Result<Json> full_message(const Wallet& wallet);
  /// Opens the answer as the bank; checks the commitment.
  Result<Json> open_decision(const Json& answer) const;

 private:
  void write_settings(const std::string& plugin, const std::string& owner,
                      const std::string& source);
  void sign_package(const std::string& plugin, const std::string& key);

  std::filesystem::path folder_;
  std::map<std::string, crypto::PrivateKey> keys_;
  std::map<std::string, Json> admitted_;
  std::unique_ptr<plugin::Manager> manager_;
  Json people_;
  std::int64_t now_s_ = 0;
};

}  // namespace qc::bench
