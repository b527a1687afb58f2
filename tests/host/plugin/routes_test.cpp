// A product's own routes: served by an instance that never decides, and only when granted.
#include <thread>

#include "tests/host/plugin/packages.hpp"

namespace qc::plugin {
namespace {

class RoutesTest : public ::testing::TestWithParam<Isolation> {
 protected:
  RoutesTest() {
    packages_.install("router", "router");
    packages_.edit_manifest("router", "kind", "product");
    packages_.edit_manifest("router", "capabilities", Json::array({"routes"}));
    packages_.write("config/router.toml", "extract_file = \"/etc/hostname\"\n");
    packages_.admit("router");
  }
  static Json message(const std::string& what = "terms") {
    return {{"path", what}, {"body", Json::object()}};
  }
  void load() {
    manager_ = packages_.manager();
    const auto loaded = manager_->load("router");
    ASSERT_TRUE(loaded.ok()) << loaded.error().code << ' ' << loaded.error().message;
  }
  Result<Json> ask(const std::string& what, int timeout_ms = 2000) {
    QC_ASSIGN(const auto answer, manager_->call("router", kRouteMethod, message(what), timeout_ms));
    return answer.message.at("body");
  }

  bool comes_up() {
    for (int i = 0; i < 200; ++i) {
      if (ask("terms").ok()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    return false;
  }

  Packages packages_{GetParam()};
  std::unique_ptr<Manager> manager_;
};

class RoutesProcessTest : public RoutesTest {};

TEST_P(RoutesTest, AreServedWhenGrantedAndListedThen) {
  load();
  const auto answer = ask("terms");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->at("routes"), 1);
  const auto info = manager_->info("router");
  ASSERT_EQ(info->routes.size(), 2U);
  EXPECT_EQ(info->routes[1].who, "owner");
  ASSERT_TRUE(manager_->route_of("router", "POST", "quote").ok());
  EXPECT_EQ(code_of(manager_->route_of("router", "GET", "quote")), "product.no_such_route");
  EXPECT_EQ(code_of(manager_->route_of("other", "GET", "terms")), "product.no_such_route");
}

TEST_P(RoutesTest, AreNotServedWithoutTheGrant) {
  packages_.admission("router")["capabilities"] = Json::array();
  load();
  EXPECT_EQ(code_of(ask("terms")), "product.no_such_route");
  EXPECT_EQ(code_of(manager_->route_of("router", "GET", "terms")), "product.no_such_route");
  EXPECT_TRUE(manager_->info("router")->routes.empty());
  EXPECT_TRUE(manager_->call("router", "decide", Json::object(), 2000).ok());
}

TEST_P(RoutesTest, WhatDecidedIsNotWhatAnswers) {
  load();
  ASSERT_TRUE(manager_->call("router", "decide", Json::object(), 2000).ok());
  const auto answer = ask("terms");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->at("configured"), 0);
  EXPECT_EQ(answer->at("seen"), "");
  // A static of the library: another process has another. Inside the host it is good will.
  if (GetParam() == Isolation::kProcess) {
    EXPECT_EQ(answer->at("kept"), "");
  }
}

TEST_P(RoutesTest, AnAnswerBeyondTheBoundIsNone) {
  load();
  EXPECT_EQ(code_of(ask("flood")), "plugin.bad_answer");
  EXPECT_TRUE(ask("terms").ok());
}

TEST_P(RoutesTest, GoWithThePlugin) {
  load();
  ASSERT_TRUE(manager_->stop("router").ok());
  EXPECT_EQ(code_of(ask("terms")), "plugin.not_active");
  EXPECT_EQ(code_of(manager_->route_of("router", "GET", "terms")), "product.no_such_route");
}

TEST_P(RoutesProcessTest, TheirProcessReadsNotEvenWhatTheSettingsName) {
  load();
  const auto answer = ask("open");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->at("opened"), false);
}

TEST_P(RoutesProcessTest, WhoBreaksThemTakesNoDecisionFromAnybody) {
  load();
  EXPECT_EQ(code_of(ask("die")), "plugin.crashed");
  EXPECT_TRUE(manager_->call("router", "decide", Json::object(), 2000).ok());
  EXPECT_EQ(manager_->info("router")->state, State::kActive);
  EXPECT_TRUE(comes_up());
  EXPECT_EQ(code_of(ask("hang", 100)), "plugin.timeout");
  EXPECT_TRUE(comes_up());
  // The third: down until it is loaded anew, and the operator can read why.
  EXPECT_EQ(code_of(ask("die")), "plugin.crashed");
  EXPECT_EQ(code_of(ask("terms")), "plugin.crashed");
  EXPECT_NE(manager_->info("router")->reason.find("routes"), std::string::npos);
  EXPECT_TRUE(manager_->call("router", "decide", Json::object(), 2000).ok());
  ASSERT_TRUE(manager_->load("router").ok());
  EXPECT_TRUE(ask("terms").ok());
  EXPECT_EQ(manager_->info("router")->reason, "");
}

INSTANTIATE_TEST_SUITE_P(Modes, RoutesTest,
                         ::testing::Values(Isolation::kHost, Isolation::kProcess), mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, RoutesProcessTest, ::testing::Values(Isolation::kProcess),
                         mode_name);

}  // namespace
}  // namespace qc::plugin
