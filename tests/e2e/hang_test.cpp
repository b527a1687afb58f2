// A plugin inside the host whose call never comes back, in a real host: over HTTP, and at a stop.
#include <chrono>

#include "sdk/crypto/sm3.hpp"
#include "tests/e2e/e2e_test.hpp"
#include "tests/paths.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr const char* kHanging = "loan_hang";

/// The bank has a product whose library hangs when it is told to, and the operator lets it run
/// inside the host.
class Hang : public E2e {
 protected:
  void SetUp() override {
    E2e::SetUp();
    (void)first_story();
    const auto city_file = read_json_file(city().dir() / "city.json");
    ASSERT_TRUE(city_file.ok());
    package_ = fs::path(text_of(*city_file, "plugins_dir")) / kHanging;
    make_package();
    define_product();
    const auto config = read_file(config_file());
    ASSERT_TRUE(config.ok());
    config_before_ = *config;
    ASSERT_TRUE(write_file(config_file(), *config + "\n[plugins.loan_hang]\nisolation = \"host\"\n",
                           FileMode::kPublic)
                    .ok());
    const fs::path jwk = city().scratch() / "hang.jwk.json";
    // Of the base point, as the library says: it decrypts nothing here.
    ASSERT_TRUE(write_file(jwk,
                           R"({"kty":"EC","crv":"SM2-P-256",)"
                           R"("x":"MsSuLB8ZgRlfmQRGajnJlI_jC7_yZgvhcVpFiTNMdMc",)"
                           R"("y":"vDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA"})",
                           FileMode::kPublic)
                    .ok());
    done_as("operator", {"operator", "admit-plugin", package_.string(), "--jwk", jwk.string(),
                         "--capability", "routes"});
    restart();
    const Json shown = done_as("operator", {"operator", "plugin", "show", kHanging});
    ASSERT_EQ(text_of(shown, "state"), "active") << shown.dump(1);
    ASSERT_EQ(text_of(shown, "isolation"), "host");
  }
  void TearDown() override {
    fs::remove_all(package_);
    if (config_before_.empty()) return;
    EXPECT_TRUE(write_file(config_file(), config_before_, FileMode::kPublic).ok());
    restart();
  }
  static fs::path config_file() { return city().dir() / "host.toml"; }
  static void restart() {
    if (city().running()) {
      ASSERT_EQ(city().stop(), 0);
    }
    ASSERT_TRUE(city().start().ok());
  }
  void make_package() const {
    fs::create_directories(package_);
    const auto bytes = read_file(QC_HANGING_LIBRARY);
    ASSERT_TRUE(bytes.ok());
    ASSERT_TRUE(write_file(package_ / "library.so", *bytes, FileMode::kPublic).ok());
    const Json manifest = {{"plugin", kHanging},         {"version", "1.0.0"},
                           {"kind", "product"},          {"abi", "1.0"},
                           {"owner", "qc-bank"},         {"library", "library.so"},
                           {"capabilities", {"routes"}}, {"digest", to_hex(crypto::sm3(*bytes))}};
    ASSERT_TRUE(write_file(package_ / "manifest.json", manifest.dump(), FileMode::kPublic).ok());
    done({"plugin", "sign", package_.string(), "--profile", city().profile("qc-bank").string(),
          "--chain", city().chain()});
  }
  /// The bank's other product under another name.
  static void define_product() {
    auto bank = city().client("qc-bank");
    ASSERT_TRUE(bank.ok());
    const auto known = read_json_file(fs::path(source_dir()) / "plugins" / "products" /
                                      "citizen_loan" / "plugin.json");
    ASSERT_TRUE(known.ok());
    Json body = known->at("product");
    body["product"] = body["plugin"] = kHanging;
    body["version"] = 1;
    const auto defined = (*bank)->submit("product.define", body);
    ASSERT_TRUE(defined.ok()) << defined.error().code << ' ' << defined.error().field;
    const Json proposed = done_as("operator", {"operator", "approve-product", kHanging});
    if (proposed.value("decision", "") == "OPEN") {
      done_as("jrj", {"governance", "vote", "--approve", text_of(proposed, "tx")});
    }
  }

  fs::path package_;
  std::string config_before_;
};

TEST_F(Hang, CallersAreToldOthersAreServedAndTheHostEnds) {
  auto bank = city().client("qc-bank");
  ASSERT_TRUE(bank.ok());
  EXPECT_TRUE((*bank)->get("/v1/products/loan_hang/terms").ok());
  // Each call that hangs takes its time and no more; four are enough for the plugin to be given up.
  std::vector<std::string> codes;
  for (int i = 0; i < 6; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const auto answer = (*bank)->post("/v1/products/loan_hang/quote", {{"how", "hang"}});
    ASSERT_FALSE(answer.ok());
    codes.push_back(answer.error().code);
    EXPECT_EQ(answer.error().side, Side::kProvider);
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5));
  }
  EXPECT_EQ(codes, (std::vector<std::string>{"plugin.timeout", "plugin.timeout", "plugin.timeout",
                                             "plugin.timeout", "plugin.hung", "plugin.hung"}));
  // Everybody else is served, by plugins too, and by the same plugin where it decides.
  EXPECT_TRUE((*bank)->get("/v1/products/citizen_loan/terms").ok());
  for (const char* plugin : {"public_security", kHanging}) {
    const Json health = done_as("operator", {"operator", "plugin", "check", plugin});
    EXPECT_EQ(health.at("status"), "ok");
  }
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(city().stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(20));
}

}  // namespace
}  // namespace qc::tests
