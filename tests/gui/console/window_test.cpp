// The real window on a virtual display, driven by scripts, over the fake city.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "sdk/base/json.hpp"
#include "tests/gui/console/virtual_display.hpp"

namespace qc::console::test {
namespace {

class WindowTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string why;
    display_ = VirtualDisplay::start(why);
    ASSERT_TRUE(display_) << why;
  }
  static void TearDownTestSuite() { display_.reset(); }

  /// Plays `script`, in which "@" stands for the folder.
  Ended play(const std::string& scenario, const std::string& script, const char* lang = "zh",
             const char* theme = "light", const char* width = "1280", const char* height = "800",
             const char* scale = "1") {
    std::string text;
    for (const char c : script) text += c == '@' ? folder_.path().string() + "/" : std::string{c};
    std::ofstream(folder_ / "script") << text;
    return run_program({std::string(QC_CONSOLE_FIXTURE), scenario, (folder_ / "script").string(),
                        width, height, scale, lang, theme},
                       {"DISPLAY=" + display_->name(), "LIBGL_ALWAYS_SOFTWARE=1"}, 90);
  }
  Json dump(const std::string& name) {
    std::ifstream in(folder_ / name);
    std::stringstream text;
    text << in.rdbuf();
    const auto json = parse_json(text.str());
    EXPECT_TRUE(json.ok()) << name;
    return json.ok() ? *json : Json();
  }
  static inline std::unique_ptr<VirtualDisplay> display_;
  Folder folder_;
};

TEST_F(WindowTest, EachViewDrawsInBothLanguagesThemesAndScales) {
  const std::string script =
      "wait signed-in\nview overview\nwait ready\nscreenshot @overview.png\n"
      "view members\nselect ga\nscreenshot @members.png\n"
      "view plugins\nselect citizen_loan\nscreenshot @plugins.png\n"
      "view trace\nwait ready\nscreenshot @trace.png\n";
  struct Case {
    const char *lang, *theme, *width, *height, *scale;
    int pixels;
  };
  for (const Case& c :
       {Case{"zh", "light", "1280", "800", "1", 1280}, Case{"en", "dark", "1024", "640", "1", 1024},
        Case{"zh", "dark", "1600", "900", "2", 3200}}) {
    const Ended ended = play("city", script, c.lang, c.theme, c.width, c.height, c.scale);
    ASSERT_EQ(ended.status, 0) << ended.output;
    for (const char* name : {"overview.png", "members.png", "plugins.png", "trace.png"}) {
      const Picture picture = read_picture(folder_ / name);
      EXPECT_EQ(picture.width, c.pixels);
      EXPECT_GT(picture.colours, 100U) << name << " is nearly empty";
    }
  }
}

TEST_F(WindowTest, APluginIsDrainedAndLoadedWithThePointer) {
  const Ended ended = play("city",
                           "wait signed-in\nview plugins\nselect housing_fund\n"
                           "action drain\nwait 100\ndump @ask.json\ncancel\nwait idle\n"
                           "dump @cancelled.json\naction drain\nconfirm\nwait state stopped\n"
                           "dump @stopped.json\naction load\nconfirm\nwait state active\n"
                           "dump @active.json\n",
                           "en");
  ASSERT_EQ(ended.status, 0) << ended.output;
  EXPECT_EQ(dump("ask.json")["question"]["title"], "Drain the plugin \"housing_fund\"?");
  EXPECT_FALSE(dump("cancelled.json").contains("question"));
  const Json stopped = dump("stopped.json");
  EXPECT_FALSE(stopped["actions"]["drain"]["enabled"].get<bool>());
  EXPECT_EQ(stopped["actions"]["drain"]["why"], "The plugin is not running");
  EXPECT_EQ(dump("active.json")["message"], "Loaded the plugin \"housing_fund\"");
}

TEST_F(WindowTest, TheKeyboardReachesEverything) {
  const Ended ended = play("city",
                           "wait signed-in\nwait ready\n"
                           "key ctrl+2\nkey down\nkey down\ndump @members.json\n"
                           "key ctrl+f\ntype 公安\nwait idle\ndump @filtered.json\n"
                           "key esc\nkey esc\nwait idle\n"
                           "key ctrl+k\ntype housing\nwait 100\nkey enter\nwait 100\n"
                           "dump @asked.json\nkey esc\nwait idle\n"
                           // The focus is on "cancel" first; one Tab further is the action.
                           "action drain\nwait 200\nkey tab\nkey enter\nwait state stopped\n"
                           "key ctrl+l\nwait idle\ndump @english.json\n");
  ASSERT_EQ(ended.status, 0) << ended.output;
  const Json members = dump("members.json");
  EXPECT_EQ(members["view"], "members");
  EXPECT_EQ(members["table"]["selected"], "registry");
  EXPECT_EQ(dump("filtered.json")["table"]["rows"].size(), 1U);
  EXPECT_TRUE(dump("asked.json").contains("question"));
  EXPECT_EQ(dump("english.json")["lang"], "en");
}

TEST_F(WindowTest, ATraceShowsReceiptsAndAForgedOneFails) {
  const std::string script =
      "wait signed-in\ntrace p-4c1f0b7d92e64a80b35d7f21c9e8a604\nwait ready\n"
      "dump @trace.json\nscreenshot @trace.png\n";
  ASSERT_EQ(play("city", script).status, 0);
  EXPECT_EQ(dump("trace.json")["verified"], 9);
  EXPECT_EQ(dump("trace.json")["failed"], 0);
  ASSERT_EQ(play("forged", script).status, 0);
  EXPECT_EQ(dump("trace.json")["failed"], 1);
  EXPECT_EQ(dump("trace.json")["table"]["rows"][2]["cells"][6], "失败");
}

TEST_F(WindowTest, SignInByHandAndItsRefusals) {
  const Ended typed = play("form",
                           "click sign-in\nwait 100\ndump @missing.json\n"
                           "click passphrase\ntype correct\nkey enter\nwait signed-in\n"
                           "dump @in.json\nclick sign-out\nwait 200\ndump @out.json\n");
  ASSERT_EQ(typed.status, 0) << typed.output;
  EXPECT_EQ(dump("missing.json")["sign_in_message"], "请填写口令");
  EXPECT_TRUE(dump("in.json")["signed_in"].get<bool>());
  EXPECT_FALSE(dump("out.json")["signed_in"].get<bool>());
  const Ended wrong = play("wrong", "wait failed\ndump @wrong.json\nscreenshot @wrong.png\n");
  ASSERT_EQ(wrong.status, 0) << wrong.output;
  EXPECT_EQ(dump("wrong.json")["sign_in_message"], "口令不正确。");
  ASSERT_EQ(play("down", "wait failed\ndump @down.json\n", "en").status, 0);
  EXPECT_EQ(dump("down.json")["sign_in_error"], "client.unreachable");
  ASSERT_EQ(play("bank", "wait failed\ndump @bank.json\n", "en").status, 0);
  EXPECT_EQ(dump("bank.json")["sign_in_error"], "console.not_operator");
}

TEST_F(WindowTest, AFailingStepEndsWithItsLine) {
  const Ended ended = play("regulator",
                           "wait signed-in\nview plugins\nselect citizen_loan\n"
                           "action stop\n");
  EXPECT_EQ(ended.status, 3);
  EXPECT_NE(ended.output.find("line 4: action stop"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("the control action.stop is disabled"), std::string::npos)
      << ended.output;
}

TEST_F(WindowTest, AnIdleWindowCostsNothing) {
  const Ended ended = play("city", "wait signed-in\nwait ready\nwait 100\nwait 6000\n");
  ASSERT_EQ(ended.status, 0) << ended.output;
  const auto at = ended.output.find("processor ");
  ASSERT_NE(at, std::string::npos) << ended.output;
  RecordProperty("figures", ended.output);
}

}  // namespace
}  // namespace qc::console::test
