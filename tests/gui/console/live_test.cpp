// quancheng-console, the program itself, on a virtual display against a live host: a sample city
// with the story played.
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "tests/e2e/live_city.hpp"
#include "tests/gui/console/virtual_display.hpp"
#include "tests/paths.hpp"

namespace qc::console::test {
namespace {

class Live : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string why;
    display_ = VirtualDisplay::start(why);
    ASSERT_TRUE(display_) << why;
    auto city = tests::LiveCity::make(
        {.binary_dir = qc::tests::binary_dir(), .source_dir = qc::tests::source_dir()});
    ASSERT_TRUE(city.ok()) << city.error().message;
    city_ = std::move(city).value();
    const Status started = city_->start();
    ASSERT_TRUE(started.ok()) << started.error().message;
    int status = -1;
    story_ = city_->story(&status);
    ASSERT_EQ(status, 0) << "the story failed";
    subject_ = story_.at("steps").at(3).at("facts").at("account").get<std::string>();
  }
  static void TearDownTestSuite() {
    city_.reset();
    display_.reset();
  }

  /// Plays `script` ("@" stands for the folder) as a member, with further arguments.
  Ended play(const std::string& account, const std::string& script,
             std::vector<std::string> more = {}) {
    std::string text;
    for (const char c : script) text += c == '@' ? folder_.path().string() + "/" : std::string{c};
    std::ofstream(folder_ / "script") << text;
    std::vector<std::string> command = {
        QC_CONSOLE,       "--no-config", "--profile", city_->profile(account).string(),
        "--url",          city_->url(),  "--script",  (folder_ / "script").string(),
        "--step-timeout", "60"};
    command.insert(command.end(), more.begin(), more.end());
    return run_program(command, {"DISPLAY=" + display_->name(), "LIBGL_ALWAYS_SOFTWARE=1"}, 180);
  }
  Json dump(const std::string& name) {
    std::ifstream in(folder_ / name);
    std::stringstream text;
    text << in.rdbuf();
    const auto json = parse_json(text.str());
    EXPECT_TRUE(json.ok()) << name;
    return json.ok() ? *json : Json();
  }
  /// The plugin's state as the host tells it, past the console.
  static std::string state_of(const std::string& plugin) {
    const auto client = city_->client("jrj");
    if (!client.ok()) return client.error().code;
    const auto answer = (*client)->get("/v1/plugins");
    if (!answer.ok()) return answer.error().code;
    for (const Json& entry : answer->at("plugins")) {
      if (entry.at("plugin") == plugin) return entry.at("state").get<std::string>();
    }
    return "absent";
  }

  static inline std::unique_ptr<VirtualDisplay> display_;
  static inline std::unique_ptr<tests::LiveCity> city_;
  static inline Json story_;
  static inline std::string subject_;
  Folder folder_;
};

TEST_F(Live, TheOperatorSeesTheNetworkInBothLanguages) {
  for (const char* lang : {"zh", "en"}) {
    const Ended ended = play("operator",
                             "wait signed-in\nview overview\nwait ready\nscreenshot @overview.png\n"
                             "dump @overview.json\nview members\ndump @members.json\n"
                             "view plugins\ndump @plugins.json\nview trace\nwait ready\n"
                             "dump @flows.json\n",
                             {"--lang", lang});
    ASSERT_EQ(ended.status, 0) << ended.output;
    const Json overview = dump("overview.json");
    EXPECT_EQ(overview["identity"]["kind"], "operator");
    EXPECT_EQ(overview["identity"]["chain"], city_->chain());
    EXPECT_TRUE(overview["identity"]["pinned"].get<bool>());
    EXPECT_TRUE(overview["overview"]["head"]["verified"].get<bool>());
    EXPECT_EQ(overview["overview"]["members"]["department"], 3);
    EXPECT_EQ(overview["overview"]["refused"], 1) << "the bank's try after the withdrawal";
    EXPECT_EQ(dump("members.json")["table"]["rows"].size(), 7U);
    const Json plugins = dump("plugins.json")["table"]["rows"];
    ASSERT_EQ(plugins.size(), 5U);
    for (const Json& row : plugins) EXPECT_EQ(row["cells"][1], *lang == 'z' ? "运行中" : "Active");
    EXPECT_GE(dump("flows.json")["table"]["rows"].size(), 6U);
    EXPECT_GT(read_picture(folder_ / "overview.png").colours, 100U);
  }
}

TEST_F(Live, EveryReceiptOfTheTraceVerifiesHere) {
  const Ended ended = play("operator", "wait signed-in\ntrace " + subject_ +
                                           "\nwait ready\ndump @trace.json\n"
                                           "screenshot @trace.png\n");
  ASSERT_EQ(ended.status, 0) << ended.output;
  const Json trace = dump("trace.json");
  EXPECT_GE(trace["verified"], 14);
  EXPECT_EQ(trace["failed"], 0);
  EXPECT_EQ(trace["verified"], trace["table"]["rows"].size());
}

TEST_F(Live, APluginIsDrainedAndLoadedOnTheHost) {
  ASSERT_EQ(state_of("housing_fund"), "active");
  const Ended drained = play("operator",
                             "wait signed-in\nview plugins\nselect housing_fund\naction drain\n"
                             "confirm\nwait state stopped\ndump @stopped.json\n",
                             {"--lang", "en"});
  ASSERT_EQ(drained.status, 0) << drained.output;
  EXPECT_EQ(state_of("housing_fund"), "stopped");
  EXPECT_EQ(dump("stopped.json")["message"], "Drained the plugin \"housing_fund\"");
  const Ended loaded = play("operator",
                            "wait signed-in\nview plugins\nselect housing_fund\naction load\n"
                            "confirm\nwait state active\n");
  ASSERT_EQ(loaded.status, 0) << loaded.output;
  EXPECT_EQ(state_of("housing_fund"), "active");
}

TEST_F(Live, TheRegulatorSeesTheSameAndMayNotAct) {
  const Ended ended = play("jrj",
                           "wait signed-in\nview plugins\nselect housing_fund\ndump @plugins.json\n"
                           "trace " +
                               subject_ + "\nwait ready\ndump @trace.json\n");
  ASSERT_EQ(ended.status, 0) << ended.output;
  const Json plugins = dump("plugins.json");
  EXPECT_FALSE(plugins["actions"]["stop"]["enabled"].get<bool>());
  EXPECT_NE(plugins["actions"]["stop"]["why"], "");
  EXPECT_EQ(dump("trace.json")["failed"], 0);
}

TEST_F(Live, WhoMayNotSignInIsToldWhy) {
  const std::string script = "wait failed\ndump @refused.json\nscreenshot @refused.png\n";
  ASSERT_EQ(play("qc-bank", script).status, 0);
  EXPECT_EQ(dump("refused.json")["sign_in_error"], "console.not_operator");

  // Another host's key is trusted: this one is refused before anything is asked of it.
  const auto trust = folder_ / "trust.json";
  const Json other = {{"chain", city_->chain()},
                      {"host_jwk", crypto::PrivateKey::generate().public_key().to_jwk()}};
  std::ofstream(trust) << other.dump();
  ASSERT_EQ(play("operator", script, {"--trust", trust.string()}).status, 0);
  EXPECT_EQ(dump("refused.json")["sign_in_error"], "client.wrong_host_key");

  const auto passphrase = folder_ / "passphrase";
  std::ofstream(passphrase) << "not the passphrase\n";
  std::filesystem::permissions(
      passphrase, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ASSERT_EQ(play("operator", script, {"--passphrase-file", passphrase.string()}).status, 0);
  EXPECT_EQ(dump("refused.json")["sign_in_error"], "key.wrong_passphrase");
}

TEST_F(Live, AHostThatGoesAwayLeavesStaleDataAndComesBack) {
  Ended ended;
  std::thread console([&] {
    ended = play("operator",
                 "wait signed-in\nwait ready\ndump @before.json\nwait state stale\n"
                 "dump @stale.json\nscreenshot @stale.png\n");
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!std::filesystem::exists(folder_ / "before.json") &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(city_->stop(), 0);
  console.join();
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_FALSE(dump("stale.json")["reachable"].get<bool>());
  EXPECT_EQ(dump("stale.json")["overview"]["size"], dump("before.json")["overview"]["size"]);
  const Status again = city_->start();
  ASSERT_TRUE(again.ok()) << again.error().message;
  ASSERT_EQ(play("operator", "wait signed-in\nwait ready\n").status, 0);
}

}  // namespace
}  // namespace qc::console::test
