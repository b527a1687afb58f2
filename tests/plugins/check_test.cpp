// The conformance tool with messages that the sample plugins answer, as their author would record
// them.
#include <cstdlib>

#include <gtest/gtest.h>

#include "sdk/base/files.hpp"
#include "tests/paths.hpp"
#include "tests/plugins/bench.hpp"

namespace qc::bench {
namespace {

class CheckTest : public ::testing::Test {
 protected:
  /// In a process of its own: the tool forks, and the bench has threads.
  Json check(const std::string& plugin, const std::string& method, const Json& message) {
    const auto file = bench_.folder() / (plugin + "-fixture.json");
    const Json fixture = {{"chain", kChain},
                          {"calls", {{{"method", method}, {"message", message}}}}};
    EXPECT_TRUE(write_file(file, fixture.dump(), FileMode::kPrivate).ok());
    const auto report = bench_.folder() / "report.json";
    const std::filesystem::path build = tests::binary_dir();
    const std::string command = (build / "bin" / "quancheng").string() + " --json plugin check " +
                                (build / "plugins" / plugin).string() + " --settings " +
                                (bench_.folder() / "config" / (plugin + ".toml")).string() +
                                " --fixture " + file.string() +
                                " --cycles 200 --max-load-ms 10000 >" + report.string();
    static_cast<void>(std::system(command.c_str()));
    const auto read = read_json_file(report);
    EXPECT_TRUE(read.ok());
    return read.ok() ? *read : Json();
  }
  static std::string failures(const Json& report) {
    std::string out;
    const Json checks = report.value("checks", Json::array());
    for (const Json& one : checks) {
      const bool fixture = one.at("name") == "fixture";
      if (fixture) {
        EXPECT_EQ(one.at("detail"), "1 calls answered");
      }
      if (one.at("outcome") != "passed") out += one.dump() + "\n";
    }
    return out;
  }
  Bench bench_{10};
};

TEST_F(CheckTest, ADepartmentsOwnCodeIsReachedAndKeepsItsPromises) {
  for (std::size_t person = 0; person < bench_.people().size(); ++person) {
    const auto wallet = bench_.open_account(person);
    if (!wallet.ok()) continue;
    const Json message = bench_.issue_message(*wallet, "gjj", "gjj.account", {"balance"});
    if (!bench_.manager().call("housing_fund", "issue", message, 5000).ok()) continue;
    const Json report = check("housing_fund", "issue", message);
    EXPECT_EQ(report.value("failed", 99), 0) << failures(report);
    EXPECT_EQ(failures(report), "");
    return;
  }
  FAIL() << "nobody has an account with the housing fund";
}

TEST_F(CheckTest, AProductsOwnCodeIsReachedAndKeepsItsPromises) {
  for (std::size_t person = 0; person < bench_.people().size(); ++person) {
    const auto wallet = bench_.open_account(person);
    if (!wallet.ok()) continue;
    const auto message = bench_.full_message(*wallet);
    if (!message.ok()) continue;
    if (!bench_.manager().call("citizen_loan", "decide", *message, 5000).ok()) continue;
    const Json report = check("citizen_loan", "decide", *message);
    EXPECT_EQ(report.value("failed", 99), 0) << failures(report);
    EXPECT_EQ(failures(report), "");
    return;
  }
  FAIL() << "nobody can be decided about";
}

}  // namespace
}  // namespace qc::bench
