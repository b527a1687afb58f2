// A small city in memory: accounts, an item catalogue, products, assets, to try the rules on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/chain/rules.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::chain::test {

inline constexpr std::int64_t kStart = 1790000000;  // seconds
inline constexpr std::int64_t kDay = 86400;
inline constexpr const char* kChain = "qc-test";

/// The plainest StateReader: what an Overlay is compared with.
class MemoryState final : public StateReader {
 public:
  Document find(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;
  void absorb(const Overlay::Writes& writes);
  std::map<std::string, Json> entries;
};

/// The same name is the same key in every run.
const crypto::PrivateKey& key_of(const std::string& name);
Json jwk_of(const std::string& name);
/// Identifier number n.
std::string id(std::uint64_t n);
std::string digest(const std::string& text);
std::string uscc(int n);

/// A subject's account name and pseudonym, from a made-up word.
std::string pseudonym_of(const std::string& person);
std::string account_of(const std::string& person);

class World {
 public:
  MemoryState state;
  std::int64_t now_s = kStart;
  std::uint64_t index = 0;
  std::uint64_t counter = 1000;  ///< for nonces

  /// An unsigned transaction: rules are applied after the signature was checked.
  /// `signer` names a key, which is also its account's name until it is replaced.
  Transaction make(const std::string& signer, const std::string& op, const Json& body);
  /// Applies; a refused transaction must leave no write behind, an accepted one moves `index`.
  Result<Effect> apply(const Transaction& tx);
  Result<Effect> apply(const std::string& signer, const std::string& op, const Json& body) {
    return apply(make(signer, op, body));
  }
  /// Applies and expects success.
  Effect must(const std::string& signer, const std::string& op, const Json& body);
  /// Document under `key`; fails the test when there is none.
  Json doc(const std::string& key) const;
  std::string fresh_id() { return id(++counter); }

  std::vector<Transaction> history;  ///< accepted
  std::vector<RuleContext> contexts;
};

// Bodies. Each is valid in the world that the function below it makes; tests break them.
Json found_body();
Json member_body(const std::string& account, const std::string& kind, const std::string& code = "");
Json subject_body(World& world, const std::string& person);
/// The account, the evidence and the opening of an enterprise whose key is `name`'s.
std::string enterprise_of(const std::string& name);
Json enterprise_evidence(const World& world, const std::string& name, const std::string& legal_rep);
Json enterprise_body(const World& world, const std::string& name, const std::string& legal_rep);
/// Of acme, an enterprise that stands open, by its representative to 乙.
Json mandate_body(World& world);
Json evidence_payload(const World& world, const std::string& person);
std::string evidence_jws(const Json& payload, const std::string& signer = "ga");
/// `key` (a name for key_of) takes the place of the account's present key `old`.
std::string key_proof(const std::string& account, const std::string& key, const std::string& old);
/// Body of subject.rebind: the person's account under the key `key`.
Json rebind_body(const World& world, const std::string& person, const std::string& key);
Json item_body(const std::string& item, int sensitivity);
Json product_body(const std::string& product, const std::string& release);
Json plugin_body(const std::string& plugin);
/// `body` with the signature of its owner over a manifest that says the same.
Json signed_plugin(Json body, const std::string& chain = kChain);
Json asset_body(World& world, const std::string& person, const std::string& item);
Json request_body(World& world, const std::string& person, const std::string& release = "answer");
/// The grant that answers `request` wholly, on the subject's live assets.
Json grant_body(World& world, const std::string& person, const Json& request);
Json open_body(World& world, const Json& grant);
/// What the item's department says that it issued for the access.
std::string issue_statement(const World& world, const Json& open, const std::string& item);
/// With "partial" the first item is withheld.
Json release_body(const World& world, const Json& open, const std::string& outcome);

/// Founded: operator "op".
World founded();
/// With registrar "reg", departments "ga" and "rs", banks "bank" and "other", service "svc",
/// regulator "sup"; subjects 甲 "jia" and 乙 "yi"; items ga.hukou (2) and rs.social (3); plugin
/// "loan" and products "citizen_loan" (answer) and "statement" (fields) of the bank; assets of
/// both items for both subjects.
World city();
/// A city with a live grant of jia's; returns the bodies that led there.
struct Granted {
  World world;
  Json request, grant;
};
Granted granted(const std::string& release = "answer");
/// A granted city in which an access was opened.
struct Opened {
  World world;
  Json grant, open;
};
Opened opened(const std::string& release = "answer");

/// Expects this refusal; `field` "" is not looked at.
void expect_refused(const Result<Effect>& result, const std::string& code,
                    const std::string& field = "");

}  // namespace qc::chain::test
