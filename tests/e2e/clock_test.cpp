// A host whose clock is set ahead by an hour while it runs, and back: nobody but the operator
// notices.
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "sdk/proof/receipt.hpp"
#include "tests/e2e/e2e_test.hpp"
#include "tests/paths.hpp"

namespace qc::tests {
namespace {

constexpr std::int64_t kHourS = 3600;
constexpr double kNearS = 60;

/// A city of its own, whose host has a wall clock that the test sets.
class ClockJump : public testing::Test {
 protected:
  void SetUp() override {
    auto made = LiveCity::make({qc::tests::binary_dir(), qc::tests::source_dir()});
    ASSERT_TRUE(made.ok()) << made.error().message;
    city_ = std::move(made).value();
    set_clock(0);
    ::setenv("LD_PRELOAD", QC_JUMPING_CLOCK, 1);
    ::setenv("QC_CLOCK_OFFSET", offset_file().c_str(), 1);
    const Status started = city().start();
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("QC_CLOCK_OFFSET");
    ASSERT_TRUE(started.ok()) << started.error().message;
  }
  LiveCity& city() const { return *city_; }
  std::filesystem::path offset_file() const { return city().scratch() / "clock-offset"; }
  void set_clock(std::int64_t ahead_s) const {
    // In place: the host has the file mapped.
    std::FILE* const file = std::fopen(offset_file().c_str(), "r+");
    std::FILE* const open = file != nullptr ? file : std::fopen(offset_file().c_str(), "w");
    ASSERT_NE(open, nullptr);
    EXPECT_EQ(std::fwrite(&ahead_s, sizeof ahead_s, 1, open), 1U);
    std::fclose(open);
  }
  Json health() const {
    auto client = city().client("operator");
    EXPECT_TRUE(client.ok());
    const auto answer = (*client)->get("/v1/health");
    EXPECT_TRUE(answer.ok()) << answer.error().code;
    return answer.ok() ? *answer : Json::object();
  }
  bool metric(const std::string& line) const {
    const auto got =
        cli::run_process({"/usr/bin/curl", "-sf", city().url() + "/metrics"}, "", 10000);
    EXPECT_TRUE(got.ok() && got->exit_code == 0);
    return got.ok() && got->out.find("\n" + line + "\n") != std::string::npos;
  }
  /// The last batch's time, from now, in seconds.
  double ledger_is_off_by() const {
    const std::int64_t time_ms =
        city().run_as("operator", {"ledger", "head"}).at("time_ms").get<std::int64_t>();
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    return std::abs(static_cast<double>(time_ms - now)) / 1000;
  }
  /// Accounts, assets, grants, accesses and decisions, with signed requests of the right time.
  void plays_a_story() const {
    int exit_code = -1;
    const Json story = city().story(&exit_code);
    EXPECT_EQ(exit_code, 0) << story.dump(2);
    EXPECT_LT(ledger_is_off_by(), kNearS);
  }
  void operates(const char* what) const {
    int exit_code = -1;
    const Json out = city().run_as(
        "operator", {"operator", what, "qc-bank", "--reason", "after the jump"}, &exit_code);
    EXPECT_EQ(exit_code, 0) << out.dump();
  }

 private:
  std::unique_ptr<LiveCity> city_;
};

TEST_F(ClockJump, ForwardAndBackIsTheOperatorsMatterAlone) {
  EXPECT_EQ(health().at("status"), "ok");
  EXPECT_EQ(health().at("reason"), "");
  EXPECT_TRUE(metric("qc_ledger_clock_followed 1"));
  plays_a_story();

  set_clock(kHourS);
  const Json jumped = health();
  EXPECT_EQ(jumped.at("status"), "degraded");
  EXPECT_NE(jumped.at("reason").get<std::string>().find("clock went forward"), std::string::npos)
      << jumped;
  EXPECT_GT(jumped.at("time_ms").get<std::int64_t>(),
            (std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds(1)) +
                (kHourS - 60) * 1000)
      << "the host does not see the other clock: this test tests nothing";
  EXPECT_TRUE(metric("qc_ledger_clock_followed 0"));
  EXPECT_LT(ledger_is_off_by(), kNearS);
  plays_a_story();
  EXPECT_EQ(health().at("status"), "degraded");

  set_clock(0);
  operates("suspend-member");
  operates("resume-member");
  EXPECT_EQ(health().at("status"), "ok");
  EXPECT_EQ(health().at("reason"), "");
  EXPECT_TRUE(metric("qc_ledger_clock_followed 1"));
  EXPECT_LT(ledger_is_off_by(), kNearS);

  ASSERT_EQ(city().stop(), 0);
  int exit_code = -1;
  const Json report = city().run_json({"ledger", "verify", (city().data() / "ledger").string(),
                                       "--host-key", (city().dir() / "host.jwk.json").string()},
                                      &exit_code);
  EXPECT_EQ(exit_code, 0) << report.dump();
}

}  // namespace
}  // namespace qc::tests
