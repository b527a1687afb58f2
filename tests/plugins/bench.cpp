#include "tests/plugins/bench.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

#include "samples/population/population.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::bench {
namespace {

/// The bench itself must not fail: say where and stop.
template <typename T>
T must(Result<T> result, const char* what) {
  if (!result.ok()) {
    std::cerr << "bench: " << what << ": " << result.error().code << ' ' << result.error().field
              << ' ' << result.error().message << '\n';
    std::abort();
  }
  return std::move(result).value();
}
void must(const Status& status, const char* what) {
  if (status.ok()) return;
  std::cerr << "bench: " << what << ": " << status.error().code << ' ' << status.error().message
            << '\n';
  std::abort();
}

std::string binding(std::string_view domain, const std::string& salt, const std::string& text) {
  std::string input(domain);
  input.append(1, '\0');
  const Bytes bytes = must(from_base64url(salt), "salt");
  input.append(as_text(bytes)).append(text);
  return to_hex(crypto::sm3(input));
}

std::string owner_of(const std::string& item) { return item.substr(0, item.find('.')); }

const std::map<std::string, std::string> kPluginOf = {
    {"ga", "public_security"}, {"rs", "human_resources"}, {"gjj", "housing_fund"}};

}  // namespace

Bench::Bench(int people) {
  std::string name = (std::filesystem::temp_directory_path() / "qc-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  folder_ = name;
  now_s_ = std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
  must(samples::write_population(folder_, people, 370199), "population");
  people_ = must(read_json_file(folder_ / "people.json"), "people");
  must(write_file(folder_ / "passphrase", "bench passphrase\n", FileMode::kPrivate), "passphrase");
  must(write_file(folder_ / "pseudonym.key", to_hex(random_bytes(32)) + '\n', FileMode::kPrivate),
       "pseudonym key");
  for (const char* owner : {"ga", "rs", "gjj", "citizen_loan", "bank"}) {
    const auto key = crypto::PrivateKey::generate();
    must(crypto::save_key(folder_ / (std::string(owner) + ".pem"), key, "bench passphrase",
                          crypto::PassphraseKind::kRandom),
         "key");
    keys_.emplace(owner, key);
  }
  std::filesystem::create_directory(folder_ / "config");
  write_settings("public_security", "ga", "public_security.db");
  write_settings("human_resources", "rs", "human_resources");
  write_settings("housing_fund", "gjj", "housing_fund.db");
  write_settings("citizen_loan", "citizen_loan", "");

  sign_package("public_security", "ga");
  sign_package("human_resources", "rs");
  sign_package("housing_fund", "gjj");
  sign_package("citizen_loan", "bank");

  const char* wanted = std::getenv("QC_TEST_ISOLATION");
  run_in(plugin::isolation_of_name(wanted == nullptr ? "" : wanted)
             .value_or(plugin::Isolation::kHost));
}

/// A copy of the built package, signed by the key of whoever owns it.
void Bench::sign_package(const std::string& plugin, const std::string& key) {
  const auto folder = folder_ / "plugins" / plugin;
  std::filesystem::create_directories(folder);
  std::filesystem::copy(std::filesystem::path(QC_BENCH_BINARY_DIR) / "plugins" / plugin, folder);
  Json manifest = must(read_json_file(folder / "manifest.json"), "manifest");
  const std::string owner = text_of(manifest, "owner");
  const std::string signature = proof::sign_package(keys_.at(key), {kChain, owner, manifest});
  must(write_file(folder / proof::kPackageSignatureFile, signature, FileMode::kPublic), "sign");
  const Json jwk = keys_.at(key).public_key().to_jwk();
  manifest["publisher"] = {{"account", owner}, {"kid", jwk.at("kid")}, {"jwk", jwk}};
  admitted_[plugin] = std::move(manifest);
}

void Bench::run_in(plugin::Isolation isolation) {
  plugin::ManagerOptions options;
  options.isolation.otherwise = isolation;
  options.plugins_dir = folder_ / "plugins";
  options.config_dir = folder_ / "config";
  options.chain = kChain;
  options.admission = [this](const std::string& plugin, const std::string&) {
    const auto found = admitted_.find(plugin);
    return found == admitted_.end() ? std::nullopt : std::optional<Json>(found->second);
  };
  manager_ = must(plugin::Manager::create(options), "manager");
  must(manager_->discover(), "discover");
  for (const char* plugin :
       {"public_security", "human_resources", "housing_fund", "citizen_loan"}) {
    must(manager_->load(plugin), plugin);
  }
}

Bench::~Bench() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Bench::write_settings(const std::string& plugin, const std::string& owner,
                           const std::string& source) {
  // Relative on purpose: the manager resolves against this file's folder.
  std::string text = "[settings]\nkey = \"../" + owner + ".pem\"\n" +
                     "passphrase_file = \"../passphrase\"\n" +
                     "pseudonym_key_file = \"../pseudonym.key\"\n";
  const char* setting = source.ends_with(".db") ? "database" : "extract_dir";
  if (!source.empty()) text += std::string(setting) + " = \"../" + source + "\"\n";
  must(write_file(folder_ / "config" / (plugin + ".toml"), text, FileMode::kPrivate), "settings");
}

const crypto::PrivateKey& Bench::private_key(const std::string& owner) const {
  return keys_.at(owner);
}

Json Bench::key_of(const std::string& owner) const { return keys_.at(owner).public_key().to_jwk(); }

Json Bench::claim_message(const Json& person, const crypto::PrivateKey& key) const {
  const Json proof = {
      {"chain", kChain}, {"kid", key.kid()}, {"iat", now_s_}, {"nonce", random_id()}};
  Json claim = person;
  claim["jwk"] = key.public_key().to_jwk();
  claim["proof"] = crypto::jws_sign(key, proof.dump(), "qc-identity-proof+jws");
  const std::string jwe =
      must(crypto::jwe_encrypt(keys_.at("ga").public_key(), claim.dump()), "claim");
  return {{"chain", kChain}, {"now", now_s_}, {"claim", jwe}};
}

Result<Wallet> Bench::open_account(std::size_t person) {
  Wallet wallet{people_.at(person), crypto::PrivateKey::generate(), {}, {}};
  QC_ASSIGN(const auto answer, manager_->call("public_security", "prove_identity",
                                              claim_message(wallet.person, wallet.key), 5000));
  wallet.account = answer.message.at("account");
  QC_ASSIGN(const std::string text,
            crypto::jwe_decrypt(wallet.key, answer.message.at("credential").get<std::string>()));
  QC_ASSIGN(const Json credential, parse_json(text));
  wallet.credential = credential.at("sd_jwt");
  return wallet;
}

Json Bench::issue_message(const Wallet& wallet, const std::string& department,
                          const std::string& item, const std::vector<std::string>& fields) const {
  const std::string presentation =
      must(crypto::sdjwt_present(wallet.credential, {"id_no"}, wallet.key, department,
                                 item + '/' + random_id(), now_s_),
           "identity");
  const std::string identity =
      must(crypto::jwe_encrypt(keys_.at(department).public_key(),
                               Json{{"presentation", presentation}}.dump()),
           "identity");
  return {{"chain", kChain},
          {"now", now_s_},
          {"subject", {{"account", wallet.account}, {"jwk", wallet.key.public_key().to_jwk()}}},
          {"item", item},
          {"version", 1},
          {"fields", fields},
          {"identity", identity},
          {"issuers", {{"ga", Json::array({key_of("ga")})}}},
          {"supersedes", ""}};
}

Result<Asset> Bench::issue(const Wallet& wallet, const std::string& item) {
  const std::string department = owner_of(item);
  const std::string plugin = kPluginOf.at(department);
  std::vector<std::string> fields;
  const plugin::PluginInfo info = must(manager_->info(plugin), "info");
  for (const Json& definition : info.description.at("items")) {
    if (definition.at("item") != item) continue;
    for (const Json& field : definition.at("fields")) fields.push_back(field.at("id"));
  }
  QC_ASSIGN(const auto answer,
            manager_->call(plugin, "issue", issue_message(wallet, department, item, fields), 5000));
  const std::string jwe = answer.message.at("jwe");
  QC_ASSIGN(const std::string text, crypto::jwe_decrypt(wallet.key, jwe));
  QC_ASSIGN(const Json content, parse_json(text));
  QC_ASSIGN(proof::Transaction tx,
            proof::parse_transaction(answer.message.at("tx").get<std::string>()));
  QC_TRY(proof::verify_transaction(tx, keys_.at(department).public_key()));
  const std::string sd_jwt = content.at("sd_jwt");
  if (tx.body.at("commitment") != binding("qc-asset-1", content.at("salt"), sd_jwt)) {
    return internal("bench.commitment", "differs");
  }
  if (tx.body.at("ciphertext_sm3") != to_hex(crypto::sm3(jwe))) {
    return internal("bench.ciphertext_sm3", "differs");
  }
  return Asset{content.at("asset"), item, sd_jwt, std::move(tx)};
}

Json Bench::decide_message(const Wallet& wallet, const std::vector<Share>& shares) const {
  const std::string grant_id = random_id();
  const auto& plugin_key = keys_.at("citizen_loan").public_key();
  Json scope = Json::array();
  Json presentations = Json::array();
  for (const Share& share : shares) {
    const std::string text = must(crypto::sdjwt_present(share.asset->sd_jwt, share.fields,
                                                        wallet.key, "qc-bank", grant_id, now_s_),
                                  "presentation");
    const std::string jwe =
        must(crypto::jwe_encrypt(plugin_key, text, "application/dc+sd-jwt"), "presentation");
    scope.push_back({{"item", share.asset->item},
                     {"version", 1},
                     {"fields", share.fields},
                     {"required", share.required},
                     {"range", nullptr},
                     {"reveal", "full"},
                     {"asset", share.asset->asset},
                     {"presentation_sm3", to_hex(crypto::sm3(jwe))}});
    presentations.push_back(
        {{"item", share.asset->item}, {"version", 1}, {"asset", share.asset->asset}, {"jwe", jwe}});
  }
  const Json grant = {
      {"v", 1},
      {"grant", grant_id},
      {"subject", {{"kind", "person"}, {"account", wallet.account}, {"pseudonym", ""}}},
      {"consumer", {{"account", "qc-bank"}, {"product", "citizen_loan"}}},
      {"purpose", {{"code", "credit.assessment"}, {"text", "t"}}},
      {"scope", scope},
      {"valid", {{"from", now_s_ - 60}, {"to", now_s_ + 86400}}},
      {"mode", "once"},
      {"release", "answer"},
      {"key", plugin_key.to_jwk()}};
  return {{"chain", kChain},
          {"now", now_s_},
          {"access", random_id()},
          {"grant", grant},
          {"holder_jwk", wallet.key.public_key().to_jwk()},
          {"issuers",
           {{"ga", Json::array({key_of("ga")})},
            {"rs", Json::array({key_of("rs")})},
            {"gjj", Json::array({key_of("gjj")})}}},
          {"presentations", presentations},
          {"consumer", {{"account", "qc-bank"}, {"jwk", key_of("bank")}}}};
}

Result<Json> Bench::full_message(const Wallet& wallet) {
  const auto info = must(manager_->info("citizen_loan"), "info");
  std::vector<Asset> assets;
  assets.reserve(8);  // shares point into it
  std::vector<Share> shares;
  for (const Json& demand : info.description.at("product").at("scope")) {
    const bool required = !demand.at("required").empty();
    auto asset = issue(wallet, demand.at("item"));
    if (!asset.ok() && !required && asset.error().code == "record.none") continue;
    if (!asset.ok()) return asset.error();
    assets.push_back(std::move(*asset));
    std::vector<std::string> fields = demand.at(required ? "required" : "optional");
    std::vector<std::string> needed;
    if (required) needed = fields;
    shares.push_back({&assets.back(), fields, needed});
  }
  return decide_message(wallet, shares);
}

Result<Json> Bench::open_decision(const Json& answer) const {
  QC_ASSIGN(const std::string text,
            crypto::jwe_decrypt(keys_.at("bank"), answer.at("jwe").get<std::string>()));
  QC_ASSIGN(const Json content, parse_json(text));
  const std::string decision = content.at("decision");
  if (answer.at("commitment") != binding("qc-decision-1", content.at("salt"), decision)) {
    return internal("bench.commitment", "differs");
  }
  return parse_json(decision);
}

}  // namespace qc::bench
