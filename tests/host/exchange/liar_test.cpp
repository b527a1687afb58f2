// A department that lies about what it was asked: refused, named in words for the operator, and
// nothing of it in the safe box or on the ledger. Real library, real process, ledger and vault.
#include <gtest/gtest.h>

#include "host/exchange/exchange.hpp"
#include "host/plugin/admission.hpp"
#include "host/safebox/vault.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/fresh_issue.hpp"
#include "sdk/proof/package_signature.hpp"
#include "sdk/proof/pseudonym.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

namespace fs = std::filesystem;

class LiarTest : public testing::Test {
 protected:
  void SetUp() override {
    admit_members();
    define("ga.hukou", ga_);
    define("ga.other", ga_);
    jia_ = open_subject(jia_key_);
    yi_ = open_subject(yi_key_);
    install_plugin();
    auto vault = safebox::Vault::open(host_.directory.path() / "vault");
    ASSERT_TRUE(vault.ok());
    vault_ = std::move(*vault);
    auto made = exchange::Exchange::create({"liar", 5000, {}},
                                           {*host_.ledger, *manager_, *vault_, registrar_});
    ASSERT_TRUE(made.ok()) << made.error().message;
    exchange_ = std::move(*made);
  }
  void admit(const std::string& account, const std::string& kind, const std::string& code,
             const crypto::PrivateKey& key) {
    host_.submit(host_.operator_key, "member.admit",
                 {{"account", account},
                  {"kind", kind},
                  {"code", code},
                  {"name_zh", "成员"},
                  {"name_en", "Member"},
                  {"uscc", "91370100MA3C0HXX1Y"},
                  {"contact", "contact@example.test"},
                  {"jwk", key.public_key().to_jwk()}});
  }
  void admit_members() {
    admit("ga", "department", "ga", ga_);
    admit("rs", "department", "rs", rs_);
    admit("registrar", "registrar", "", registrar_);
  }
  void define(const std::string& item, const crypto::PrivateKey& department) {
    const Json fields = Json::array({{{"id", "name"}, {"zh", "姓名"}, {"type", "s"}},
                                     {{"id", "birth"}, {"zh", "出生"}, {"type", "d"}}});
    host_.submit(department, "item.define",
                 {{"item", item},
                  {"version", 1},
                  {"name_zh", "项"},
                  {"name_en", "Item"},
                  {"kind", "record"},
                  {"sensitivity", 2},
                  {"subjects", {"person"}},
                  {"fields", fields}});
  }
  std::string open_subject(const crypto::PrivateKey& key) {
    const std::string pseudonym = to_hex(crypto::sm3(key.kid()));
    const std::string account = "p-" + pseudonym.substr(0, 32);
    const Json evidence = {
        {"v", 1},           {"chain", kChain}, {"account", account}, {"pseudonym", pseudonym},
        {"kid", key.kid()}, {"method", "id"},  {"iat", now_s()}};
    host_.submit(
        registrar_, "subject.open",
        {{"account", account},
         {"kind", "person"},
         {"pseudonym", pseudonym},
         {"jwk", key.public_key().to_jwk()},
         {"evidence", crypto::jws_sign(ga_, evidence.dump(), "qc-identity-evidence+jws")}});
    return account;
  }
  void install_plugin() {
    const fs::path root = host_.directory.path();
    const fs::path folder = root / "plugins" / "liar";
    fs::create_directories(folder);
    fs::create_directories(root / "config");
    const auto bytes = read_file(fs::path(QC_EXCHANGE_PLUGINS) / "liar.so", 256U << 20U);
    ASSERT_TRUE(bytes.ok());
    ASSERT_TRUE(write_file(folder / "liar.so", *bytes, FileMode::kPublic).ok());
    const Json manifest = {{"plugin", "liar"},
                           {"version", "1.0.0"},
                           {"kind", "department"},
                           {"abi", "1.0"},
                           {"owner", "ga"},
                           {"library", "liar.so"},
                           {"digest", to_hex(crypto::sm3(*bytes))}};
    const std::string signature = proof::sign_package(ga_, {std::string(kChain), "ga", manifest});
    ASSERT_TRUE(write_file(folder / "manifest.json", manifest.dump(), FileMode::kPublic).ok());
    ASSERT_TRUE(
        write_file(folder / proof::kPackageSignatureFile, signature, FileMode::kPublic).ok());
    ASSERT_TRUE(
        crypto::save_key(root / "config" / "ga.pem", ga_, "liar", crypto::PassphraseKind::kRandom)
            .ok());
    ASSERT_TRUE(write_file(root / "config" / "passphrase", "liar\n", FileMode::kPrivate).ok());
    ASSERT_TRUE(write_file(root / "config" / "liar.toml",
                           "key = \"ga.pem\"\n"
                           "passphrase_file = \"passphrase\"\n",
                           FileMode::kPrivate)
                    .ok());
    host_.submit(host_.operator_key, "plugin.admit",
                 {{"plugin", "liar"},
                  {"version", "1.0.0"},
                  {"kind", "department"},
                  {"owner", "ga"},
                  {"digest", manifest.at("digest")},
                  {"jwk", ga_.public_key().to_jwk()},
                  {"capabilities", Json::array()},
                  {"signature", signature}});
    plugin::ManagerOptions options;
    options.plugins_dir = root / "plugins";
    options.config_dir = root / "config";
    options.chain = std::string(kChain);
    options.isolation.otherwise = plugin::Isolation::kProcess;
    options.admission = [this](const std::string& plugin, const std::string& digest) {
      return plugin::admission_on(*host_.ledger, plugin, digest);
    };
    auto manager = plugin::Manager::create(std::move(options));
    ASSERT_TRUE(manager.ok());
    manager_ = std::move(*manager);
    ASSERT_TRUE(manager_->discover().ok());
    const auto loaded = manager_->load("liar");
    ASSERT_TRUE(loaded.ok()) << loaded.error().code << ' ' << loaded.error().message;
  }
  Result<Json> issue(const std::string& lie) {
    return exchange_->issue_asset(jia_, {{"item", "ga.hukou"}, {"identity", lie}});
  }
  /// The lie must be refused for this reason, and leave nothing behind.
  void expect_refused(const std::string& lie, const std::string& code, const std::string& words) {
    const std::uint64_t size = host_.ledger->size();
    const auto answer = issue(lie);
    ASSERT_FALSE(answer.ok()) << lie;
    EXPECT_EQ(answer.error().code, code) << lie;
    EXPECT_EQ(answer.error().side, Side::kProvider) << lie;
    EXPECT_NE(answer.error().message.find(words), std::string::npos)
        << lie << ": " << answer.error().message;
    EXPECT_EQ(host_.ledger->size(), size) << lie;
    for (const std::string& account : {jia_, yi_}) {
      EXPECT_EQ(exchange_->list_assets(account)->at("assets").size(), 0U) << lie;
    }
    std::size_t kept = 0;
    const auto count = [&](const std::string&) {
      ++kept;
      return true;
    };
    ASSERT_TRUE(vault_->sweep(count, [] { return true; }).ok());
    EXPECT_EQ(kept, 0U) << lie << " is in the safe box";
    // The operator reads it where the plugin is listed.
    const auto info = manager_->info("liar");
    EXPECT_NE(info->reason.find(words), std::string::npos) << lie << ": " << info->reason;
    EXPECT_EQ(info->failures[static_cast<std::size_t>(plugin::Failure::kBadAnswer)], ++refused_);
  }

  TestHost host_;
  crypto::PrivateKey ga_ = crypto::PrivateKey::generate();
  crypto::PrivateKey rs_ = crypto::PrivateKey::generate();
  crypto::PrivateKey registrar_ = crypto::PrivateKey::generate();
  crypto::PrivateKey jia_key_ = crypto::PrivateKey::generate();
  crypto::PrivateKey yi_key_ = crypto::PrivateKey::generate();
  std::string jia_, yi_;
  std::uint64_t refused_ = 0;
  std::unique_ptr<plugin::Manager> manager_;
  std::unique_ptr<safebox::Vault> vault_;
  std::unique_ptr<exchange::Exchange> exchange_;
};

/// Jia's standing grant to the bank on an asset of a department that will lie at an access.
class FreshLiarTest : public LiarTest {
 protected:
  void SetUp() override {
    LiarTest::SetUp();
    host_.submit(host_.bank_key, "product.define", product());
    host_.submit(host_.operator_key, "product.approve", {{"product", "care"}, {"version", 1}});
  }
  static Json product() {
    const Json scope = Json::array({{{"item", "ga.hukou"},
                                     {"version", 1},
                                     {"required", {"name"}},
                                     {"optional", Json::array()}}});
    return {{"product", "care"},
            {"version", 1},
            {"name_zh", "品"},
            {"name_en", "Care"},
            {"purpose", {{"code", "care"}, {"text_zh", "管"}, {"text_en", "care"}}},
            {"scope", scope},
            {"release", "fields"},
            {"plugin", ""},
            {"max_valid_days", 30},
            {"max_uses", 9},
            {"data_life_days", 1}};
  }
  /// What request and grant say alike.
  Json terms() const {
    return {{"purpose", {{"code", "care"}, {"text", "t"}, {"necessity", "n"}, {"impact", "i"}}},
            {"valid", {{"from", now_s() - 10}, {"to", now_s() + 86400}}},
            {"max_uses", 9},
            {"mode", "standing"},
            {"release", "fields"},
            {"data_life_days", 1},
            {"onward", "none"},
            {"key", host_.bank_key.public_key().to_jwk()}};
  }
  std::string grant(const std::string& asset) {
    const std::string notice = std::string(64, 'd');
    const Json agreed = terms();  // once: a second later they would end a second later
    Json request = agreed;
    request.update({{"request", random_id()},
                    {"product", "care"},
                    {"product_version", 1},
                    {"subject", jia_},
                    {"scope", product().at("scope")},
                    {"notice", {{"id", "n"}, {"lang", "zh"}, {"sm3", notice}}},
                    {"expires", now_s() + 3600}});
    host_.submit(host_.bank_key, "request.create", request);
    host_.submit(jia_key_, "request.open",
                 {{"request", request.at("request")}, {"notice_sm3", notice}});
    Json body = agreed;
    const Json scope = {{"item", "ga.hukou"},   {"version", 1},          {"fields", {"name"}},
                        {"required", {"name"}}, {"range", nullptr},      {"reveal", "full"},
                        {"asset", asset},       {"presentation_sm3", ""}};
    const std::string pseudonym = to_hex(crypto::sm3(jia_key_.kid()));
    body.update(
        {{"v", 1},
         {"grant", random_id()},
         {"request", request.at("request")},
         {"supersedes", ""},
         {"subject",
          {{"kind", "person"},
           {"account", jia_},
           {"pseudonym", proof::pairwise_pseudonym(pseudonym, "bank")}}},
         {"actor", {{"role", "self"}, {"account", jia_}, {"mandate", ""}}},
         {"consumer",
          {{"uscc", "91370100MA3C0HXX1Y"},
           {"name", "成员"},
           {"contact", "contact@example.test"},
           {"account", "bank"},
           {"product", "care"}}},
         {"scope", Json::array({scope})},
         {"frequency", ""},
         {"separate",
          {{"third_party", true},
           {"sensitive", true},
           {"adverse_credit_notice", true},
           {"automated_decision", true},
           {"minor", false}}},
         {"notice", {{"id", "n"}, {"lang", "zh"}, {"sm3", notice}, {"shown_at", now_s()}}}});
    const std::string tx = proof::make_transaction(jia_key_, kChain, "grant.create", body, now_s());
    const auto created =
        exchange_->create_grant(jia_, {{"tx", tx}, {"presentations", Json::array()}});
    EXPECT_TRUE(created.ok()) << created.error().code << ' ' << created.error().field;
    return body.at("grant");
  }
  Result<Json> access(const std::string& grant) {
    const Json open{{"access", random_id()},
                    {"grant", grant},
                    {"product", "care"},
                    {"purpose", "care"},
                    {"items", Json::array({{{"item", "ga.hukou"}, {"fields", {"name"}}}})}};
    return exchange_->access(
        "bank",
        {{"tx", proof::make_transaction(host_.bank_key, kChain, "access.open", open, now_s())}});
  }
  Json last_release() {
    const auto stored = host_.ledger->transaction(host_.ledger->size() - 1);
    return proof::parse_transaction(stored->bytes)->body;
  }
  /// Opened, refused for this reason, recorded as failed, and nothing else.
  void expect_nothing_released(const std::string& lie, const std::string& code) {
    const auto issued = issue("fresh:" + lie);
    ASSERT_TRUE(issued.ok()) << lie << issued.error().code;
    const std::string given = grant(issued->at("asset"));
    const std::uint64_t size = host_.ledger->size();
    const auto got = access(given);
    ASSERT_FALSE(got.ok()) << lie;
    EXPECT_EQ(got.error().code, code) << lie;
    EXPECT_EQ(got.error().side, Side::kProvider) << lie;
    EXPECT_EQ(host_.ledger->size(), size + 2) << lie;
    const Json release = last_release();
    EXPECT_EQ(release.at("outcome"), "failed") << lie;
    EXPECT_EQ(release.at("withheld")[0].at("code"), code) << lie;
    EXPECT_FALSE(release.contains("issued")) << lie;
  }
};

TEST_F(FreshLiarTest, ATrueStatementStandsOnTheLedgerEachTime) {
  const std::string given = grant(issue("truth")->at("asset"));
  for (int i = 0; i < 2; ++i) {
    const auto got = access(given);
    ASSERT_TRUE(got.ok()) << got.error().code << ' ' << got.error().message;
    EXPECT_EQ(got->at("outcome"), "delivered");
    const Json issued = last_release().at("issued");
    ASSERT_EQ(issued.size(), 1U);
    const auto said = proof::open_issue_statement(issued[0].get<std::string>(), ga_.public_key());
    ASSERT_TRUE(said.ok());
    EXPECT_EQ(said->access, got->at("access"));
    EXPECT_EQ(said->ciphertext_sm3,
              to_hex(crypto::sm3(got->at("presentations")[0].at("jwe").get<std::string>())));
  }
}

TEST_F(FreshLiarTest, WhoIssuesSomethingElseIsBlamedAndNothingLeaves) {
  for (const char* lie :
       {"item", "version", "access", "grant", "chain", "ciphertext", "stranger", "nothing"}) {
    expect_nothing_released(lie, "plugin.bad_answer");
  }
  EXPECT_EQ(manager_->info("liar")->failures[static_cast<std::size_t>(plugin::Failure::kBadAnswer)],
            8U);
}

TEST_F(FreshLiarTest, ADepartmentThatDiesLeavesAFailedAccess) {
  expect_nothing_released("crash", "plugin.crashed");
}

TEST_F(FreshLiarTest, AnErasedAssetIsNotIssuedAnyMore) {
  const std::string asset = issue("truth")->at("asset");
  const std::string given = grant(asset);
  ASSERT_TRUE(vault_->get_handle(asset).ok());
  const std::string tx = proof::make_transaction(jia_key_, kChain, "asset.erase",
                                                 {{"asset", asset}, {"reason", ""}}, now_s());
  ASSERT_TRUE(exchange_->erase_asset(jia_, asset, {{"tx", tx}}).ok());
  EXPECT_EQ(vault_->get_handle(asset).error().code, "vault.not_found");
  EXPECT_EQ(access(given).error().code, "asset.erased");
  EXPECT_EQ(last_release().at("withheld")[0].at("code"), "asset.erased");
}

TEST_F(FreshLiarTest, AStandingGrantTakesNoPresentation) {
  const std::string given = grant(issue("truth")->at("asset"));
  EXPECT_TRUE(vault_->get_presentations(given)->empty());
}

TEST_F(LiarTest, WhoTellsTheTruthIsBelieved) {
  const auto issued = issue("truth");
  ASSERT_TRUE(issued.ok()) << issued.error().code << ' ' << issued.error().message;
  EXPECT_EQ(exchange_->list_assets(jia_)->at("assets").size(), 1U);
  EXPECT_EQ(manager_->info("liar")->reason, "");
}

TEST_F(LiarTest, AnotherSubjectAnotherItemOrVersion) {
  expect_refused("subject=\"" + yi_ + "\"", "plugin.bad_answer", "about another subject");
  expect_refused("subject=null", "plugin.bad_answer", "about another subject");
  expect_refused("item=\"ga.other\"", "plugin.bad_answer", "another item");
  expect_refused("item=\"rs.social\"", "plugin.bad_answer", "another item");
  expect_refused("version=2", "plugin.bad_answer", "another version");
}

TEST_F(LiarTest, FieldsThatNobodyAskedForOrTooFew) {
  expect_refused(R"(fields=["name","birth","id_no"])", "plugin.bad_answer",
                 "a field that nobody asked for: id_no");
  expect_refused(R"(fields=["name","birth","张三 110105"])", "plugin.bad_answer",
                 "a field that nobody asked for");
  expect_refused(R"(fields=["name"])", "plugin.bad_answer", "left out: birth");
  expect_refused("fields=[]", "plugin.bad_answer", "left out: name");
  expect_refused("fields=\"name\"", "plugin.bad_answer", "no list of fields");
}

TEST_F(LiarTest, AnotherCiphertextThanTheOneItCommitsTo) {
  expect_refused("jwe", "plugin.bad_answer", "another ciphertext");
  expect_refused("ciphertext_sm3=\"" + std::string(64, '0') + "\"", "plugin.bad_answer",
                 "another ciphertext");
  expect_refused("asset", "plugin.bad_answer", "another asset");
  expect_refused("plain", "plugin.bad_answer", "another ciphertext");
}

TEST_F(LiarTest, AnotherAssetReplacedAnotherDeedOrNoTransaction) {
  expect_refused("supersedes=\"" + random_id() + "\"", "plugin.bad_answer",
                 "replaces another asset");
  expect_refused("op", "plugin.bad_answer", "another transaction");
  expect_refused("no_tx", "plugin.bad_answer", "no transaction");
}

TEST_F(LiarTest, WhatTheLedgerRefusesIsTheDepartmentsFaultToo) {
  expect_refused("stranger", "plugin.bad_answer", "the ledger refuses what it issued");
  expect_refused("commitment=\"x\"", "plugin.bad_answer", "the ledger refuses what it issued");
  expect_refused("expires=1", "plugin.bad_answer", "the ledger refuses what it issued");
}

}  // namespace
}  // namespace qc::test
