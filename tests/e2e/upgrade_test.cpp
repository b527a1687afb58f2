// A department's package is replaced, tried, taken back and withdrawn while the host serves.
#include <thread>

#include "sdk/crypto/sm3.hpp"
#include "tests/e2e/e2e_test.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlugin = "housing_fund";

/// Changes a package of the city and puts it back.
class Upgrade : public E2e {
 protected:
  void SetUp() override {
    E2e::SetUp();
    const auto city_file = read_json_file(city().dir() / "city.json");
    ASSERT_TRUE(city_file.ok());
    package_ = fs::path(text_of(*city_file, "plugins_dir")) / kPlugin;
    fs::copy(package_, before_, fs::copy_options::recursive);
  }
  void TearDown() override {
    fs::remove_all(package_);
    fs::rename(before_, package_);
  }

  /// The same code in other bytes, as a package of its own: what follows an ELF file is not loaded.
  void make_another_package() const {
    auto manifest = read_json_file(package_ / "manifest.json");
    ASSERT_TRUE(manifest.ok());
    const fs::path library = package_ / text_of(*manifest, "library");
    auto bytes = read_file(library, 64U << 20U);
    ASSERT_TRUE(bytes.ok());
    *bytes += '\0';
    (*manifest)["digest"] = to_hex(crypto::sm3(*bytes));
    ASSERT_TRUE(write_file(library, *bytes, FileMode::kPublic).ok());
    ASSERT_TRUE(write_file(package_ / "manifest.json", manifest->dump(), FileMode::kPublic).ok());
    int exit_code = -1;
    const Json made = city().run_json({"plugin", "sign", package_.string(), "--profile",
                                       city().profile("gjj").string(), "--chain", city().chain()},
                                      &exit_code);
    ASSERT_EQ(exit_code, 0) << made.dump();
  }
  static Json operate(std::vector<std::string> words) {
    words.insert(words.begin(), "operator");
    int exit_code = 0;
    Json out = city().run_as("operator", words, &exit_code);
    EXPECT_EQ(exit_code, 0) << words[1] << ": " << out.dump();
    return out;
  }
  static Json run_plugin(const std::string& verb, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"plugin", verb, kPlugin};
    words.insert(words.end(), more.begin(), more.end());
    return operate(words);
  }
  /// A citizen asks for the fund's item: "" or the code of what went wrong.
  static std::string fetch() {
    int exit_code = 0;
    std::vector<std::string> words{"wallet", "fetch"};
    for (const std::string& option : wallet_options(city(), first_story())) words.push_back(option);
    words.emplace_back("gjj.account");
    const Json out = city().run_json(words, &exit_code);
    if (exit_code == 0) return "";
    Json items = out.value("items", Json::array());
    return items.empty() ? text_of(out, "code") : text_of(items[0]["problem"], "code");
  }

  fs::path package_;
  const fs::path before_ = city().scratch() / "package-before";
};

TEST_F(Upgrade, ByCanaryByHandBackAndOutWhileCitizensAsk) {
  const Json before = run_plugin("show");
  ASSERT_EQ(before.at("state"), "active");
  EXPECT_EQ(fetch(), "");
  make_another_package();
  int refused = 0;
  const Json unadmitted =
      city().run_as("operator", {"operator", "plugin", "upgrade", kPlugin}, &refused);
  EXPECT_EQ(unadmitted.value("code", ""), "plugin.not_admitted");
  EXPECT_EQ(fetch(), "");
  operate({"admit-plugin", package_.string()});

  const Json trial = run_plugin("canary", {"--percent", "50"});
  EXPECT_EQ(trial.at("digest"), before.at("digest"));
  const std::string fresh = trial.at("canary").at("digest");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(fetch(), "") << i;
  const Json tried = run_plugin("show");
  EXPECT_GT(tried.at("canary").at("calls"), 0);
  EXPECT_EQ(tried.at("canary").at("faults"), 0);
  EXPECT_EQ(run_plugin("promote").at("digest"), fresh);
  EXPECT_EQ(fetch(), "");

  EXPECT_EQ(run_plugin("downgrade").at("digest"), before.at("digest"));
  EXPECT_EQ(fetch(), "");
  EXPECT_EQ(run_plugin("upgrade").at("digest"), fresh);
  EXPECT_EQ(run_plugin("reload").at("digest"), fresh);
  EXPECT_EQ(run_plugin("check").at("status"), "ok");
  EXPECT_EQ(fetch(), "");
  const Json after = run_plugin("show");
  EXPECT_GT(after.at("latency_us").at("p99"), 0);
  EXPECT_EQ(after.at("failures").at("crashed"), 0);

  // The ledger's word stops what runs, with nobody touching the host.
  operate({"withdraw-plugin", kPlugin, "--reason", "a defect"});
  Json shown;
  for (int i = 0; i < 200; ++i) {
    shown = run_plugin("show");
    if (shown.at("state") == "stopped") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(shown.at("state"), "stopped");
  EXPECT_EQ(shown.at("reason"), "stopped: the ledger withdrew this package: a defect");
  EXPECT_EQ(fetch(), "plugin.none_for_item");
  EXPECT_EQ(run_plugin("downgrade").at("digest"), before.at("digest"));
  EXPECT_EQ(fetch(), "");
}

}  // namespace
}  // namespace qc::tests
