// host.toml: what is read, and what is refused by name.
#include "host/config.hpp"

#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

constexpr const char* kGood = R"([network]
chain = "net-1"
genesis = "genesis.jws"
[host]
data = "host"
key = "keys/host.pem"
passphrase_file = "keys/passphrase"
[registrar]
key = "keys/registrar.pem"
passphrase_file = "/abs/passphrase"
[http]
port = 0
workers = 3
[plugins]
directory = "plugins"
config = "config/plugins"
identity = "public_security"
[sql]
url = "sqlite:host/view.db"
migrations = "sql"
)";

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::path(::testing::TempDir()) /
           ("qc-config-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "-" +
            std::to_string(getpid()));
    fs::create_directories(dir_);
  }
  void TearDown() override { fs::remove_all(dir_); }

  qc::Result<qc::HostConfig> load(const std::string& text) {
    std::ofstream(dir_ / "host.toml") << text;
    return qc::load_host_config(dir_ / "host.toml");
  }
  static std::string replaced(const std::string& from, const std::string& to) {
    std::string text = kGood;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  fs::path dir_;
};

TEST_F(ConfigTest, ReadsEverythingAndResolvesPathsAgainstTheFile) {
  const auto config = load(kGood);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->chain, "net-1");
  EXPECT_EQ(config->genesis, dir_ / "genesis.jws");
  EXPECT_EQ(config->registrar_passphrase, "/abs/passphrase");
  EXPECT_EQ(config->port, 0);
  EXPECT_EQ(config->workers, 3);
  EXPECT_EQ(config->listen, "127.0.0.1");
  EXPECT_EQ(config->sql_url, "sqlite:" + (dir_ / "host/view.db").string());
  EXPECT_TRUE(config->tls_key.empty());
  EXPECT_EQ(config->plugin_isolation, "process");
  EXPECT_TRUE(config->plugin_places.empty());
}

TEST_F(ConfigTest, SaysPerPluginWhereItRuns) {
  const auto config = load(replaced(
      "[plugins]\n", "[plugins.housing_fund]\nisolation = \"host\"\n[plugins]\nmemory_mib = 96\n"));
  ASSERT_TRUE(config.ok()) << config.error().message << config.error().field;
  EXPECT_EQ(config->plugin_isolation, "process");
  EXPECT_EQ(config->plugin_places.at("housing_fund").isolation, "host");
  EXPECT_EQ(config->plugin_memory_mib, 96);
  const auto inside = load(replaced("[plugins]\n", "[plugins]\nisolation = \"host\"\n"));
  ASSERT_TRUE(inside.ok());
  EXPECT_EQ(inside->plugin_isolation, "host");
}

TEST_F(ConfigTest, SaysWhatAPluginMayBeGrantedAtMost) {
  const auto usual = load(replaced("[plugins]\n", "[plugins]\n"));
  ASSERT_TRUE(usual.ok());
  EXPECT_EQ(usual->plugin_max_memory_mib, 2048);
  EXPECT_EQ(usual->plugin_max_cpu_percent, 100);
  EXPECT_EQ(usual->plugin_max_time_ms, 10'000);
  EXPECT_EQ(usual->plugin_max_message_kib, 16'384);
  const auto config = load(replaced("[plugins]\n",
                                    "[plugins]\nmax_memory_mib = 4096\nmax_cpu_percent = 200\n"
                                    "max_time_ms = 60000\nmax_message_kib = 512\n"));
  ASSERT_TRUE(config.ok()) << config.error().message << config.error().field;
  EXPECT_EQ(config->plugin_max_memory_mib, 4096);
  EXPECT_EQ(config->plugin_max_cpu_percent, 200);
  EXPECT_EQ(config->plugin_max_time_ms, 60'000);
  EXPECT_EQ(config->plugin_max_message_kib, 512);
}

TEST_F(ConfigTest, SaysHowOftenAProductsRouteMayBeCalled) {
  const auto usual = load(replaced("[plugins]\n", "[plugins]\n"));
  ASSERT_TRUE(usual.ok());
  EXPECT_EQ(usual->plugin_routes_per_second, 10);
  EXPECT_EQ(usual->plugin_routes_burst, 20);
  const auto config =
      load(replaced("[plugins]\n", "[plugins]\nroutes_per_second = 100\nroutes_burst = 1\n"));
  ASSERT_TRUE(config.ok()) << config.error().message << config.error().field;
  EXPECT_EQ(config->plugin_routes_per_second, 100);
  EXPECT_EQ(config->plugin_routes_burst, 1);
}

TEST_F(ConfigTest, NamesWhatIsWrong) {
  const struct {
    std::string text, code, field;
  } cases[] = {
      {replaced("chain = \"net-1\"\n", ""), "config.missing", "network.chain"},
      {replaced("chain = \"net-1\"", "chain = \"\""), "config.missing", "network.chain"},
      {replaced("port = 0", "port = 70000"), "config.out_of_range", "http.port"},
      {replaced("port = 0", "port = \"x\""), "config.invalid", "http.port"},
      {replaced("port = 0", "prot = 0"), "config.unknown", "http.prot"},
      {replaced("workers = 3", "workers = 0"), "config.out_of_range", "http.workers"},
      {replaced("[sql]", "[sqll]"), "config.unknown", "sqll.migrations"},
      {replaced("[plugins]", "[plugins]\nisolation = \"vm\""), "config.invalid",
       "plugins.isolation"},
      {replaced("[plugins]", "[plugins]\nmemory_mib = 1"), "config.out_of_range",
       "plugins.memory_mib"},
      {replaced("[plugins]", "[plugins]\nroutes_burst = 0"), "config.out_of_range",
       "plugins.routes_burst"},
      {replaced("[plugins]", "[plugins]\nmax_time_ms = 60001"), "config.out_of_range",
       "plugins.max_time_ms"},
      {replaced("[sql]", "[plugins.a]\nisolation = \"vm\"\n[sql]"), "config.invalid",
       "plugins.a.isolation"},
      {replaced("[sql]", "[plugins.a]\nisolation = 1\n[sql]"), "config.invalid",
       "plugins.a.isolation"},
      {replaced("[sql]", "[plugins.a]\nisolaton = \"host\"\n[sql]"), "config.unknown",
       "plugins.a.isolaton"},
      {replaced("port = 0", "port = "), "config.invalid", "line 12"},
      {replaced("port = 0", "port = 0\ntls_key = \"k.pem\""), "config.missing", "http.tls_key"},
  };
  for (const auto& one : cases) {
    const auto config = load(one.text);
    ASSERT_FALSE(config.ok()) << one.text;
    EXPECT_EQ(config.error().code, one.code) << one.text;
    EXPECT_EQ(config.error().field, one.field) << one.text;
  }
  EXPECT_EQ(qc::load_host_config(dir_ / "none.toml").error().code, "config.unreadable");
}

}  // namespace
