// The worker thread, signing in, polling and actions, over a fake city with real receipts.
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "gui/console/model/app_model.hpp"
#include "tests/gui/console/fake_host.hpp"

namespace qc::console {
namespace {

using namespace std::chrono_literals;

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// A session and its interface, with a wait that ends as soon as something is so.
class Console {
 public:
  explicit Console(test::FakeCity& city, const std::string& account = "jn-data",
                   std::int64_t poll_ms = 0)
      : session_({.connect = test::connect_to(city, account),
                  .wake = [this] { woken(); },
                  .now_ms = wall_ms,
                  .poll_ms = poll_ms}),
        app_(session_, {}) {
    app_.form.request.url = "http://127.0.0.1:1";
    app_.form.request.key_file = "operator.pem";
    app_.form.request.passphrase = "correct";
  }
  AppModel& app() { return app_; }

  template <typename F>
  bool wait_for(F so) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (true) {
      app_.update(wall_ms());
      if (so(app_.snapshot())) return true;
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, end, [this] { return news_ > seen_; })) return false;
      seen_ = news_;
    }
  }
  bool sign_in() {
    app_.sign_in();
    return wait_for([](const Snapshot& s) { return s.flows.data != nullptr; });
  }

 private:
  void woken() {
    {
      const std::lock_guard lock(mutex_);
      ++news_;
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t news_ = 0, seen_ = 0;
  Session session_;
  AppModel app_;
};

bool refused(const Snapshot& s) {
  return s.phase == Phase::kSignedOut && s.sign_in_error.has_value();
}

TEST(SignIn, TheFormSaysWhatIsMissing) {
  test::FakeCity city;
  Console console(city);
  AppModel& app = console.app();
  app.form.request.url = "127.0.0.1:8440";
  app.sign_in();
  EXPECT_EQ(app.form.missing, Text::kBadUrl);
  app.form.request.url = "http://127.0.0.1:8440";
  app.form.request.passphrase = "";
  app.sign_in();
  EXPECT_EQ(app.form.missing, Text::kMissingPassphrase);
  app.form.by_file = true;
  app.sign_in();
  EXPECT_EQ(app.form.missing, Text::kMissingPassphraseFile);
  EXPECT_EQ(city.calls, 0);
}

TEST(SignIn, RefusalsAreToldApart) {
  test::FakeCity city;
  struct Case {
    const char* account;
    const char* passphrase;
    bool down;
    const char* code;
    Text text;
  };
  const Case cases[] = {
      {"jn-data", "wrong", false, "key.wrong_passphrase", Text::kErrPassphrase},
      {"jn-data", "correct", true, "client.unreachable", Text::kErrUnreachable},
      {"", "correct", false, "console.not_member", Text::kErrNotMember},
  };
  for (const Case& c : cases) {
    city.down = c.down;
    Console console(city, c.account);
    console.app().form.request.passphrase = c.passphrase;
    console.app().sign_in();
    ASSERT_TRUE(console.wait_for(refused)) << c.code;
    EXPECT_EQ(console.app().snapshot().sign_in_error->code, c.code);
    EXPECT_EQ(sign_in_error_text(console.app().snapshot(), Lang::kZh), tr(c.text, Lang::kZh));
  }
  city.down = false;
  Console bank(city, "qilu-bank");
  bank.app().sign_in();
  ASSERT_TRUE(bank.wait_for(refused));
  EXPECT_EQ(bank.app().snapshot().sign_in_error->code, "console.not_operator");
  EXPECT_NE(sign_in_error_text(bank.app().snapshot(), Lang::kEn).find("Qilu Sample Bank"),
            std::string::npos);
  city.suspend("jn-data");
  Console suspended(city);
  suspended.app().sign_in();
  ASSERT_TRUE(suspended.wait_for(refused));
  EXPECT_EQ(suspended.app().snapshot().sign_in_error->code, "console.suspended");
}

TEST(Session, ReadsEverythingAndChecksTheHead) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  const Snapshot& s = console.app().snapshot();
  EXPECT_EQ(s.identity.account, "jn-data");
  EXPECT_EQ(s.identity.kind, "operator");
  EXPECT_EQ(s.members.data->size(), 7U);
  EXPECT_EQ(s.plugins.data->size(), 4U);
  EXPECT_EQ(s.flows.data->size(), 6U);
  EXPECT_TRUE(s.overview.data->head.verified);
  EXPECT_EQ(s.overview.data->head.size, city.size());
  EXPECT_TRUE(s.glyphs->test(0x6CC9)) << "泉, from a member's name";
  EXPECT_EQ(console.app().state(), ViewState::kReady);
}

TEST(Session, NewFlowsAreAppended) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  city.add_flow("access.release", "delivered");
  console.app().go(View::kTrace);
  ASSERT_TRUE(console.wait_for([](const Snapshot& s) { return s.flows.data->size() == 7; }));
  const auto& flows = *console.app().snapshot().flows.data;
  EXPECT_LT(flows[5].index, flows[6].index);
}

TEST(Session, PollsTheWatchedViewByItself) {
  test::FakeCity city;
  Console console(city, "jn-data", 20);
  ASSERT_TRUE(console.sign_in());
  city.set_plugin("housing_fund", "calls", 99'999);
  EXPECT_TRUE(console.wait_for([](const Snapshot& s) {
    return s.plugins.data && std::any_of(s.plugins.data->begin(), s.plugins.data->end(),
                                         [](const Plugin& p) { return p.calls == 99'999; });
  }));
}

TEST(Session, AFailedRefreshKeepsTheDataAndCallsItStale) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  city.down = true;
  console.app().refresh();
  ASSERT_TRUE(console.wait_for([](const Snapshot& s) { return s.overview.error.has_value(); }));
  EXPECT_NE(console.app().snapshot().overview.data, nullptr);
  EXPECT_FALSE(console.app().snapshot().reachable);
  EXPECT_EQ(console.app().state(), ViewState::kStale);
  city.down = false;
  console.app().refresh();
  ASSERT_TRUE(console.wait_for([](const Snapshot& s) { return !s.overview.error; }));
  EXPECT_TRUE(console.app().snapshot().reachable);
  EXPECT_EQ(console.app().state(), ViewState::kReady);
}

TEST(Session, TheDrawingThreadNeverWaitsForTheHost) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  city.delay_ms = 2000;
  console.app().refresh();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    console.app().update(wall_ms());
    console.app().go(static_cast<View>(i % kViews));
    (void)console.app().trace(city.subject());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1500ms);
  city.delay_ms = 0;
}

const Plugin* plugin_in(const Snapshot& s, const std::string& id) {
  for (const Plugin& p : *s.plugins.data) {
    if (p.plugin == id) return &p;
  }
  return nullptr;
}

TEST(Session, AnActionIsAskedConfirmedDoneAndReported) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  AppModel& app = console.app();
  app.go(View::kPlugins);
  app.ask("housing_fund", Verb::kLoad);
  EXPECT_FALSE(app.asking()) << "an active plugin cannot be loaded";
  app.ask("housing_fund", Verb::kDrain);
  ASSERT_TRUE(app.question());
  app.answer(false);
  EXPECT_EQ(plugin_in(app.snapshot(), "housing_fund")->state, "active");
  app.ask("housing_fund", Verb::kDrain);
  app.answer(true);
  ASSERT_TRUE(console.wait_for(
      [](const Snapshot& s) { return plugin_in(s, "housing_fund")->state == "stopped"; }));
  ASSERT_TRUE(app.message());
  EXPECT_EQ(app.message()->tone, Tone::kOk);
  // The state on screen is old: the host refuses, and its reason is shown.
  city.set_plugin("public_security", "state", "stopped");
  app.ask("public_security", Verb::kStop);
  app.answer(true);
  ASSERT_TRUE(console.wait_for(
      [](const Snapshot& s) { return s.last_action && s.last_action->error.has_value(); }));
  ASSERT_TRUE(app.message());
  EXPECT_EQ(app.message()->tone, Tone::kBad);
}

TEST(Session, ARegulatorLooksOnly) {
  test::FakeCity city;
  Console console(city, "pbc-jn");
  ASSERT_TRUE(console.sign_in());
  console.app().ask("housing_fund", Verb::kStop);
  EXPECT_FALSE(console.app().asking());
}

TEST(Trace, EachReceiptIsCheckedAgainstTheHostKey) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  ASSERT_TRUE(console.app().trace(" " + city.subject() + " "));
  const auto there = [](const Snapshot& s) { return s.trace.data && !s.trace.loading; };
  ASSERT_TRUE(console.wait_for(there));
  const Trace& good = *console.app().snapshot().trace.data;
  EXPECT_EQ(good.events.size(), 9U);
  EXPECT_EQ(good.failed(), 0U);
  EXPECT_EQ(trace_verdict(good, Lang::kZh).tone, Tone::kOk);
  EXPECT_EQ(Json::parse(receipt_file(good.events[0]))["transaction"], good.events[0].transaction);

  city.forge_receipt = true;
  const auto before = console.app().snapshot().trace.data;
  console.app().refresh();
  ASSERT_TRUE(
      console.wait_for([&](const Snapshot& s) { return s.trace.data && s.trace.data != before; }));
  const Trace& bad = *console.app().snapshot().trace.data;
  EXPECT_EQ(bad.failed(), 1U);
  EXPECT_EQ(bad.events[2].check.error_code, "receipt.wrong_transaction");
  EXPECT_EQ(trace_verdict(bad, Lang::kEn).tone, Tone::kBad);
}

TEST(Trace, AnUnknownSubjectIsAnErrorNotAnEmptyPage) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  ASSERT_TRUE(console.app().trace("p-00000000000000000000000000000000"));
  ASSERT_TRUE(console.wait_for([](const Snapshot& s) { return s.trace.error.has_value(); }));
  EXPECT_EQ(console.app().state(), ViewState::kError);
  EXPECT_FALSE(console.app().trace("../../metrics"));
}

TEST(Session, SignOutForgetsEverything) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  console.app().sign_out();
  ASSERT_TRUE(console.wait_for([](const Snapshot& s) { return s.phase == Phase::kSignedOut; }));
  EXPECT_EQ(console.app().snapshot().members.data, nullptr);
  EXPECT_EQ(console.app().snapshot().identity.account, "");
  EXPECT_EQ(console.app().form.request.passphrase, "");
}

TEST(Commands, TheSnapshotDecidesWhatIsOffered) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  const Snapshot& s = console.app().snapshot();
  const auto drain = find_commands(s, "排空 housing", Lang::kZh);
  ASSERT_EQ(drain.size(), 1U);
  EXPECT_EQ(drain[0].kind, Command::Kind::kDrain);
  EXPECT_TRUE(find_commands(s, "加载 housing", Lang::kZh).empty()) << "it is active";
  const auto trace = find_commands(s, city.subject(), Lang::kEn);
  ASSERT_FALSE(trace.empty());
  EXPECT_EQ(trace[0].kind, Command::Kind::kTrace);
  EXPECT_EQ(find_commands(s, "ctrl+2", Lang::kEn)[0].argument, "members");
  console.app().run(drain[0]);
  EXPECT_EQ(console.app().view(), View::kPlugins);
  ASSERT_TRUE(console.app().asking());
  const auto member = find_commands(s, "公安局", Lang::kZh);
  ASSERT_EQ(member.size(), 1U);
  console.app().answer(false);
  console.app().run(member[0]);
  EXPECT_EQ(console.app().members.selected(), "ga");
}

TEST(Dump, ShowsWhatTheViewShows) {
  test::FakeCity city;
  Console console(city);
  ASSERT_TRUE(console.sign_in());
  AppModel& app = console.app();
  app.go(View::kMembers);
  app.set_filter("qilu");
  app.update(wall_ms());
  Json seen = app.dump();
  EXPECT_EQ(seen["table"]["rows"].size(), 1U);
  app.go(View::kPlugins);
  EXPECT_TRUE(app.select("citizen_loan"));
  EXPECT_FALSE(app.select("no_such_plugin"));
  seen = app.dump();
  EXPECT_TRUE(seen["actions"]["drain"]["enabled"].get<bool>());
  EXPECT_FALSE(seen["actions"]["load"]["enabled"].get<bool>());
  EXPECT_NE(seen["actions"]["load"]["why"], "");
}

}  // namespace
}  // namespace qc::console
