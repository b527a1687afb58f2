#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/host/plugin/packages.hpp"

namespace qc::plugin {
namespace {

/// Everything that follows holds wherever the plugin runs.
class ManagerLoadTest : public ::testing::TestWithParam<Isolation> {};
INSTANTIATE_TEST_SUITE_P(Modes, ManagerLoadTest,
                         ::testing::Values(Isolation::kHost, Isolation::kProcess), mode_name);

TEST_P(ManagerLoadTest, APlainCPluginBecomesActive) {
  Packages packages(GetParam());
  packages.install("good", "good");
  const auto manager = packages.manager();
  EXPECT_EQ(manager->info("good")->state, State::kDiscovered);
  const auto info = manager->load("good");
  ASSERT_TRUE(info.ok()) << info.error().code << ' ' << info.error().message;
  EXPECT_EQ(info->state, State::kActive);
  EXPECT_EQ(info->generation, 1U);
  EXPECT_EQ(info->items, std::vector<std::string>{"t.item"});
  EXPECT_EQ(info->jwk.at("crv"), "SM2-P-256");
  EXPECT_EQ(info->digest, packages.manifest("good").at("digest"));
  EXPECT_EQ(manager->for_item("t.item").value(), "good");
  EXPECT_EQ(code_of(manager->for_item("t.other")), "plugin.none_for_item");
  EXPECT_EQ(code_of(manager->for_product("t.item")), "plugin.none_for_product");
}

TEST_P(ManagerLoadTest, EveryWayToFailHasItsCodeAndHarmsNobodyElse) {
  struct Case {
    const char* library;
    const char* code;
  };
  const Case cases[] = {
      {"wrong_abi", "plugin.abi_mismatch"},        {"no_symbol", "plugin.load_failed"},
      {"null_table", "plugin.load_failed"},        {"small_table", "plugin.load_failed"},
      {"incomplete", "plugin.load_failed"},        {"no_instance", "plugin.load_failed"},
      {"unconfigured", "plugin.configure_failed"}, {"sick", "plugin.bad_answer"},
      {"other_name", "plugin.bad_manifest"}};
  Packages packages(GetParam());
  packages.install("good", "good");
  for (const Case& one : cases) packages.install(one.library, one.library);
  const auto manager = packages.manager();
  ASSERT_TRUE(manager->load("good").ok());
  for (const Case& one : cases) {
    EXPECT_EQ(code_of(manager->load(one.library)), one.code) << one.library;
    const auto info = manager->info(one.library);
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(info->state, State::kFailed) << one.library;
    EXPECT_TRUE(info->reason.starts_with(one.code)) << info->reason;
    EXPECT_EQ(code_of(manager->call(one.library, "echo", Json::object(), 1000)),
              "plugin.not_active");
  }
  EXPECT_TRUE(manager->call("good", "echo", Json::object(), 5000).ok());
  EXPECT_EQ(code_of(manager->load("absent")), "plugin.not_found");
}

TEST_P(ManagerLoadTest, TheAbiRefusalOfALibraryTellsBothVersions) {
  Packages packages(GetParam());
  packages.install("wrong_abi", "wrong_abi");
  const auto manager = packages.manager();
  const auto loaded = manager->load("wrong_abi");
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("9.0"), std::string::npos) << loaded.error().message;
  EXPECT_NE(loaded.error().message.find("1.0"), std::string::npos);
}

TEST_P(ManagerLoadTest, WhatIsNotALibraryIsRefused) {
  Packages packages(GetParam());
  packages.install("good", "good");
  packages.write("plugins/good/library.so", "#!/bin/sh\n");
  const auto manager = packages.manager();
  const auto mismatch = manager->load("good");
  ASSERT_FALSE(mismatch.ok());
  EXPECT_EQ(mismatch.error().code, "plugin.digest_mismatch");
  const std::string digest = mismatch.error().message.substr(21, 64);
  packages.edit_manifest("good", "digest", digest);
  packages.admit("good");
  EXPECT_EQ(code_of(manager->load("good")), "plugin.load_failed");
}

TEST_P(ManagerLoadTest, OneFlippedByteIsADigestMismatch) {
  Packages packages(GetParam());
  packages.install("good", "good");
  auto bytes = read_file(packages.library("good"));
  ASSERT_TRUE(bytes.ok());
  (*bytes)[bytes->size() / 2] ^= 1;
  packages.write("plugins/good/library.so", *bytes);
  const auto manager = packages.manager();
  EXPECT_EQ(code_of(manager->load("good")), "plugin.digest_mismatch");
}

TEST_P(ManagerLoadTest, OnlyWhatTheLedgerAdmitsIsLoaded) {
  Packages packages(GetParam());
  packages.install("good", "good");
  const auto manager = packages.manager();
  packages.withdraw("good");
  EXPECT_EQ(code_of(manager->load("good")), "plugin.not_admitted");
  for (const char* member : {"digest", "owner", "version", "kind"}) {
    packages.admit("good");
    packages.admission("good")[member] = "another";
    const auto refused = manager->load("good");
    EXPECT_EQ(code_of(refused), "plugin.not_admitted");
    EXPECT_EQ(refused.error().field, member);
  }
  packages.admit("good");
  EXPECT_TRUE(manager->load("good").ok());
}

TEST_P(ManagerLoadTest, NothingRunsThatItsPublisherDidNotSign) {
  Packages packages(GetParam());
  // Its constructors end the process: whatever refuses it must do so before they run.
  packages.install("hostile", "hostile_exit_on_load");
  const auto manager = packages.manager();
  const auto refused = [&](const std::string& code, const std::string& words) {
    const auto info = manager->load("hostile");
    EXPECT_EQ(code_of(info), code);
    if (info.ok()) return;
    EXPECT_NE(info.error().message.find(words), std::string::npos) << info.error().message;
    EXPECT_NE(info.error().message.find("quancheng "), std::string::npos)
        << "what to do: " << info.error().message;
  };
  const auto signature = packages.folder() / "plugins" / "hostile" / "publisher.jws";
  packages.sign("hostile", crypto::PrivateKey::generate());
  refused("plugin.bad_signature", "not the publisher's");
  packages.sign("hostile", packages.publisher(), "another-net");
  refused("plugin.bad_signature", "another-net");
  packages.edit_manifest("hostile", "capabilities", Json::array({"net/1"}));
  const auto wider = read_file(signature);
  packages.edit_manifest("hostile", "capabilities", nullptr);
  packages.write(signature, *wider);
  refused("plugin.bad_signature", "another manifest");
  std::filesystem::remove(signature);
  refused("plugin.not_signed", "t has to sign it");
  packages.sign("hostile", packages.publisher());
  packages.admission("hostile").erase("publisher");
  refused("plugin.not_signed", "names no publisher");
}

TEST_P(ManagerLoadTest, FurtherFilesAreThoseThatWereSigned) {
  Packages packages(GetParam());
  packages.install("good", "good");
  packages.write("plugins/good/mapping.json", "{}");
  const std::string digest = to_hex(crypto::sm3(std::string_view("{}")));
  packages.edit_manifest("good", "files",
                         Json::array({{{"name", "mapping.json"}, {"digest", digest}}}));
  packages.admit("good");
  const auto manager = packages.manager();
  EXPECT_TRUE(manager->load("good").ok());
  packages.write("plugins/good/mapping.json", "{\"a\":1}");
  const auto refused = manager->load("good");
  EXPECT_EQ(code_of(refused), "plugin.digest_mismatch");
  EXPECT_EQ(refused.error().field, "mapping.json");
  packages.edit_manifest("good", "files", Json::array({{{"name", "../x"}, {"digest", digest}}}));
  EXPECT_EQ(code_of(manager->load("good")), "plugin.bad_manifest");
}

TEST_P(ManagerLoadTest, AnAdmittedKeyMustBeTheOneInUse) {
  Packages packages(GetParam());
  packages.install("good", "good");
  packages.admission("good")["jwk"] = crypto::PrivateKey::generate().public_key().to_jwk();
  const auto manager = packages.manager();
  const auto refused = manager->load("good");
  EXPECT_EQ(code_of(refused), "plugin.configure_failed");
  EXPECT_EQ(refused.error().field, "jwk");
}

TEST_P(ManagerLoadTest, ADegradedPluginIsActiveAndSaysSo) {
  Packages packages(GetParam());
  packages.install("degraded", "degraded");
  const auto manager = packages.manager();
  const auto info = manager->load("degraded");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->state, State::kActive);
  EXPECT_EQ(info->reason, "degraded: source away");
}

TEST_P(ManagerLoadTest, TwoPluginsCannotServeOneItem) {
  Packages packages(GetParam());
  packages.install("good", "good");
  packages.install("rival", "rival");
  const auto manager = packages.manager();
  ASSERT_TRUE(manager->load("good").ok());
  EXPECT_EQ(code_of(manager->load("rival")), "plugin.item_conflict");
  EXPECT_EQ(manager->info("rival")->state, State::kFailed);
  ASSERT_TRUE(manager->stop("good").ok());
  EXPECT_TRUE(manager->load("rival").ok());
}

TEST_P(ManagerLoadTest, BrokenPackagesAreListedWithTheReason) {
  Packages packages(GetParam());
  packages.install("good", "good");
  packages.install("broken", "rival");
  packages.write("plugins/broken/manifest.json", "{not json");
  std::filesystem::create_directory(packages.folder() / "plugins" / "no_package");
  const auto manager = packages.manager();
  const auto list = manager->list();
  ASSERT_EQ(list.size(), 2U);  // a folder without a manifest is no package
  EXPECT_EQ(list[0].plugin, "broken");
  EXPECT_EQ(list[0].state, State::kFailed);
  EXPECT_TRUE(list[0].reason.starts_with("plugin.bad_manifest")) << list[0].reason;
  EXPECT_EQ(list[1].plugin, "good");
  packages.install("broken", "rival");
  packages.edit_manifest("broken", "plugin", "broken");
  ASSERT_TRUE(manager->discover().ok());
  EXPECT_EQ(manager->info("broken")->state, State::kDiscovered);
  EXPECT_EQ(manager->info("broken")->reason, "");
  std::filesystem::remove_all(packages.folder() / "plugins" / "broken");
  ASSERT_TRUE(manager->discover().ok());
  EXPECT_EQ(manager->list().size(), 1U);
}

TEST_P(ManagerLoadTest, AReplacedFileDoesNotTouchWhatRuns) {
  Packages packages(GetParam());
  packages.install("good", "good");
  const auto manager = packages.manager();
  ASSERT_TRUE(manager->load("good").ok());
  packages.write("plugins/good/library.so", "overwritten in place");
  EXPECT_TRUE(manager->call("good", "echo", Json::object(), 5000).ok());
  // Loading again sees the new bytes, refuses them, and leaves the old generation at work.
  EXPECT_EQ(code_of(manager->load("good")), "plugin.digest_mismatch");
  const auto info = manager->info("good");
  EXPECT_EQ(info->state, State::kActive);
  EXPECT_TRUE(info->reason.starts_with("upgrade failed: plugin.digest_mismatch")) << info->reason;
  EXPECT_TRUE(manager->call("good", "echo", Json::object(), 5000).ok());
}

TEST_P(ManagerLoadTest, AnUpgradeIsANewGenerationAtTheSamePath) {
  Packages packages(GetParam());
  packages.install("good", "good");
  const auto manager = packages.manager();
  ASSERT_TRUE(manager->load("good").ok());
  EXPECT_EQ(manager->call("good", "version", Json::object(), 5000)->message.at("version"), "1.0.0");
  packages.install("good", "good_2", "2.0.0");
  const auto info = manager->load("good");
  ASSERT_TRUE(info.ok()) << info.error().code << info.error().message;
  EXPECT_EQ(info->version, "2.0.0");
  EXPECT_EQ(info->generation, 2U);
  const auto answer = manager->call("good", "version", Json::object(), 5000);
  EXPECT_EQ(answer->message.at("version"), "2.0.0");
  EXPECT_EQ(answer->version, "2.0.0");
  EXPECT_EQ(answer->generation, 2U);
  EXPECT_EQ(answer->digest, info->digest);
}

TEST_P(ManagerLoadTest, TwoVersionsLoadedAtOnceDoNotShareStatics) {
  Packages packages(GetParam());
  packages.install("careless", "careless");
  const auto manager = packages.manager();
  ASSERT_TRUE(manager->load("careless").ok());
  for (int i = 1; i <= 3; ++i) {
    const auto answer = manager->call("careless", "count", Json::object(), 5000);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->message, Json({{"version", "1.0.0"}, {"template", i}, {"local", i}}));
  }
  packages.install("careless", "careless_2", "2.0.0");
  ASSERT_TRUE(manager->load("careless").ok());
  const auto answer = manager->call("careless", "count", Json::object(), 5000);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->message, Json({{"version", "2.0.0"}, {"template", 1}, {"local", 1}}));
}

TEST(ManagerLoadInHostTest, StoppedPluginsCanBeLoadedAgainManyTimes) {
  Packages packages;
  packages.install("good", "good");
  ManagerOptions options = packages.options();
  options.max_libraries = 1;  // the same bytes are mapped once
  const auto manager = packages.manager(options);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(manager->load("good").ok()) << i;
    ASSERT_TRUE(manager->stop("good").ok());
    EXPECT_EQ(manager->info("good")->state, State::kStopped);
  }
  EXPECT_EQ(code_of(manager->stop("good")), "plugin.wrong_state");
  EXPECT_EQ(code_of(manager->drain("good", 0)), "plugin.wrong_state");
  packages.install("good", "good_2", "2.0.0");
  EXPECT_EQ(code_of(manager->load("good")), "plugin.load_failed");
}

TEST(ManagerOptionsTest, BadOptionsAndFoldersAreRefused) {
  Packages packages;
  ManagerOptions options = packages.options();
  options.chain = "";
  EXPECT_FALSE(Manager::create(options).ok());
  options = packages.options();
  options.workers = 0;
  EXPECT_FALSE(Manager::create(options).ok());
  options = packages.options();
  options.plugins_dir = packages.folder() / "nowhere";
  const auto manager = Manager::create(options);
  ASSERT_TRUE(manager.ok());
  EXPECT_FALSE((*manager)->discover().ok());
}

}  // namespace
}  // namespace qc::plugin
