// A plugin "hostile" that means harm, beside one called "good".
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/host/plugin/packages.hpp"

namespace qc::plugin {

/// What tests with it share. The manager is the test's to make.
class WithHostile {
 protected:
  explicit WithHostile(Isolation isolation) : packages_(isolation) {}

  Result<Manager::Answer> call(const std::string& method, const Json& message = Json::object(),
                               int timeout_ms = 5000) {
    return manager_->call("hostile", method, message, timeout_ms);
  }
  PluginInfo info() { return *manager_->info("hostile"); }
  void wait_until(const std::function<bool()>& true_at_last,
                  std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!true_at_last() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_TRUE(true_at_last()) << state_name(info().state) << ": " << info().reason;
  }
  void wait_for(State state) {
    wait_until([&] { return info().state == state; });
  }

  Packages packages_;
  std::unique_ptr<Manager> manager_;
};

/// In a process of its own, with files that it may and may not read.
class HostileTest : public ::testing::Test, protected WithHostile {
 protected:
  HostileTest() : WithHostile(Isolation::kProcess) {}
  void SetUp() override {
    packages_.install("good", "good");
    packages_.write("secret", "not for plugins");
    packages_.write("granted", "for this plugin");
    packages_.write("config/hostile.toml", "[settings]\ndata_file = \"../granted\"\n");
  }
  /// A manager with an active neighbour and the library as the plugin "hostile".
  Result<PluginInfo> load(const std::string& library, ManagerOptions options) {
    packages_.install("hostile", library);
    options.isolation.restart.first_delay = std::chrono::milliseconds(10);
    manager_ = packages_.manager(std::move(options));
    EXPECT_TRUE(manager_->load("good").ok());
    return manager_->load("hostile");
  }
  void load_hostile() {
    const auto loaded = load("hostile", packages_.options());
    ASSERT_TRUE(loaded.ok()) << loaded.error().code << ' ' << loaded.error().message;
  }
  /// The neighbour serves as if nothing had happened.
  void expect_neighbour_well() {
    EXPECT_TRUE(manager_->call("good", "echo", Json::object(), 5000).ok());
    EXPECT_EQ(manager_->info("good")->runner.restarts, 0U);
    EXPECT_EQ(manager_->info("good")->state, State::kActive);
  }
  /// What a plugin is not let do is told in its order, beside the answers: the last word stays, and
  /// the words of what it tried before may still be read when its answer is there.
  void wait_for_words(const std::string& words) {
    wait_until([&] { return info().reason.find(words) != std::string::npos; });
  }
  std::string path(const std::string& name) const { return (packages_.folder() / name).string(); }
};

}  // namespace qc::plugin
