// Plugins that mean harm, each in its process: the harm is not done, the operator is told in words,
// and a plugin beside them goes on.
#include "tests/host/plugin/hostile.hpp"

#include <fstream>
#include <functional>
#include <sched.h>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "host/plugin/lane.hpp"
#include "host/plugin/priority.hpp"
#include "sdk/base/files.hpp"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;

std::vector<pid_t> thread_ids(pid_t process) {
  std::vector<pid_t> threads;
  const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& one : std::filesystem::directory_iterator(tasks)) {
    threads.push_back(std::stoi(one.path().filename().string()));
  }
  return threads;
}

std::size_t threads_of(pid_t process) { return thread_ids(process).size(); }

std::size_t threads_behind(pid_t process) {
  const std::vector<pid_t> threads = thread_ids(process);
  return static_cast<std::size_t>(std::count_if(threads.begin(), threads.end(), [](pid_t thread) {
    return sched_getscheduler(thread) == SCHED_IDLE;
  }));
}

struct Death {
  const char* method;
  const char* code;    ///< of the call
  const char* reason;  ///< a part of what the operator reads
};

class HostileDeathTest : public HostileTest, public ::testing::WithParamInterface<Death> {};

TEST_P(HostileDeathTest, EndsItsOwnProcessOnlyAndComesBack) {
  load_hostile();
  const int patience = std::string(GetParam().code) == "plugin.timeout" ? 150 : 20'000;
  const auto answer = call(GetParam().method, Json::object(), patience);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, GetParam().code) << answer.error().message;
  EXPECT_EQ(answer.error().side, Side::kProvider);
  EXPECT_TRUE(answer.error().retryable);
  expect_neighbour_well();
  wait_until([&] { return info().runner.restarts > 0; });
  wait_for(State::kActive);
  EXPECT_NE(info().reason.find(GetParam().reason), std::string::npos) << info().reason;
  EXPECT_TRUE(call("echo").ok());
  EXPECT_EQ(info().runner.restarts, 1U);
  EXPECT_FALSE(std::filesystem::exists("/tmp/quancheng-hostile-was-here"));
}

INSTANTIATE_TEST_SUITE_P(
    Deaths, HostileDeathTest,
    ::testing::Values(
        Death{"segfault", "plugin.crashed",
              "it touched memory that is not its own (SIGSEGV) during its call \"segfault\""},
        Death{"jump", "plugin.crashed", "(SIGSEGV) during its call \"jump\""},
        Death{"abort", "plugin.crashed", "it aborted itself (SIGABRT) during its call \"abort\""},
        Death{"heap", "plugin.crashed", "(SIGABRT) during its call \"heap\""},
        Death{"stack", "plugin.crashed", "(SIGSEGV) during its call \"stack\""},
        Death{"exit", "plugin.crashed", "it ended its process, with status 0"},
        Death{"loop", "plugin.timeout",
              "its call \"loop\" took longer than the 150 ms it was given"},
        Death{"sleep", "plugin.timeout", "its call \"sleep\" took longer than the 150 ms"},
        Death{"suspend", "plugin.timeout", "its call \"suspend\" took longer than the 150 ms"},
        Death{"grow", "plugin.crashed", "of the 512 MiB of memory that it may"},
        Death{"reserve", "plugin.crashed", "(SIGABRT) during its call \"reserve\""},
        Death{"garbage", "plugin.crashed", "it sent what is no answer to its call \"garbage\""},
        Death{"flood", "plugin.crashed",
              "it went on writing an answer that was too large, though it was refused 64 times"},
        Death{"gigabyte", "plugin.crashed", "it sent what is no answer to its call \"gigabyte\""},
        Death{"hang_up", "plugin.crashed", "it closed its channel to the host"},
        Death{"run", "plugin.crashed", "such as starting a process (SIGSYS)"},
        Death{"spawn_raw", "plugin.crashed", "such as starting a process (SIGSYS)"}),
    [](const auto& one) { return std::string(one.param.method); });

struct Refusal {
  const char* method;
  const char* target;  ///< a file under the test's folder, or a path of the system
  const char* told;    ///< after "it tried to "
};

class HostileRefusalTest : public HostileTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(HostileRefusalTest, IsRefusedAndTold) {
  load_hostile();
  const std::string target = GetParam().target;
  const std::string full = target.starts_with("/") ? target : path(target);
  const auto answer = call(GetParam().method, {{"path", full}});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->message.at("done"), false);
  EXPECT_GT(answer->message.at("errno"), 0);
  EXPECT_EQ(read_file(packages_.folder() / "secret").value(), "not for plugins");
  EXPECT_EQ(read_file(packages_.folder() / "granted").value(), "for this plugin");
  EXPECT_FALSE(std::filesystem::exists(packages_.folder() / "new"));
  wait_for_words(std::string("it tried to ") + GetParam().told);
  EXPECT_GE(info().runner.refusals, 1U);
  EXPECT_EQ(info().state, State::kActive);
  EXPECT_EQ(info().runner.restarts, 0U);
  expect_neighbour_well();
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, HostileRefusalTest,
    ::testing::Values(
        Refusal{"read", "/etc/passwd", "read /etc/passwd"}, Refusal{"read", "secret", "read /"},
        Refusal{"read", "config/hostile.toml", "read /"}, Refusal{"list", "/etc", "read /etc"},
        Refusal{"list", "", "read /"}, Refusal{"create", "new", "write /"},
        Refusal{"create", "/tmp/quancheng-hostile-new", "write /tmp"},
        Refusal{"append", "state/plugins.json", "write /"},
        Refusal{"create", "state/packages/new", "write /"}, Refusal{"append", "granted", "write /"},
        Refusal{"append", "secret", "write /"}, Refusal{"delete", "granted", "delete a file"},
        Refusal{"delete", "secret", "delete a file"}, Refusal{"move", "granted", "rename a file"},
        Refusal{"make_dir", "new", "create a folder"},
        Refusal{"chmod", "granted", "change a file's rights"},
        Refusal{"truncate", "granted", "truncate a file"},
        Refusal{"fork_bomb", "", "start a process"},
        Refusal{"kill_host", "", "send a signal to another process"},
        Refusal{"kill_all", "", "send a signal to another process"},
        Refusal{"look_at_host", "", "look into another process"},
        Refusal{"raise_limits", "", "change its limits"},
        Refusal{"take_handler", "", "take over the handler"},
        Refusal{"write_library", "", "change a file's size"},
        Refusal{"memory_file", "", "make a file in memory"},
        Refusal{"namespace", "", "make a namespace"}),
    [](const auto& one) {
      return std::string(one.param.method) + '_' + std::to_string(one.index);
    });

TEST_F(HostileTest, WhatIsGrantedCanBeRead) {
  load_hostile();
  const auto answer = call("read", {{"path", path("granted")}});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->message.at("done"), true);
  EXPECT_EQ(info().reason, "");
}

TEST_F(HostileTest, NothingIsInheritedFromTheHost) {
  ASSERT_EQ(setenv("QC_SECRET_OF_THE_HOST", "1", 1), 0);
  const FileDescriptor inheritable(
      dup(STDERR_FILENO));  // without FD_CLOEXEC, as a careless library leaves it
  ManagerOptions options = packages_.options();
  options.workers = 2;
  const auto loaded = load("hostile", options);
  ASSERT_TRUE(loaded.ok());
  const auto answer = call("descriptors");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->message.at("open"), Json({0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(answer->message.at("environment"), 0);
  unsetenv("QC_SECRET_OF_THE_HOST");
}

TEST_F(HostileTest, WhoDoesNotLookAtARefusalForAWhileIsABadAnswerAndLives) {
  load_hostile();
  // Four of a megabyte fill the answer, 64 more are refused.
  const auto answer = call("flood_a_little", Json::object(), 20'000);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "plugin.bad_answer");
  EXPECT_TRUE(call("echo").ok());
  EXPECT_EQ(info().runner.restarts, 0U);
}

TEST_F(HostileTest, ThreadsItLeavesGoWithItsProcess) {
  load_hostile();
  EXPECT_EQ(call("threads")->message.at("started"), 3);
  EXPECT_TRUE(call("echo").ok());
  const int pid = info().runner.pid;
  ASSERT_GT(pid, 0);
  ASSERT_TRUE(manager_->stop("hostile").ok());
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid)));
  EXPECT_EQ(info().runner.pid, 0);
  expect_neighbour_well();
}

TEST_F(HostileTest, MoreThreadsThanAllowedEndIt) {
  ManagerOptions options = packages_.options();
  options.isolation.times.heartbeat = milliseconds(50);
  ASSERT_TRUE(load("hostile", options).ok());
  static_cast<void>(call("thread_sneak"));  // it may be ended before it can answer
  wait_until([&] { return info().runner.restarts > 0; });
  EXPECT_NE(info().reason.find("threads, 64 are allowed"), std::string::npos) << info().reason;
  expect_neighbour_well();
}

TEST_F(HostileTest, MoreThreadsThanAllowedAreRefused) {
  ManagerOptions options = packages_.options();
  options.isolation.times.heartbeat = milliseconds(50);
  ASSERT_TRUE(load("hostile", options).ok());
  const auto answer = call("thread_flood");
  ASSERT_TRUE(answer.ok());
  // One is the process's first, four are its lanes.
  EXPECT_EQ(answer->message.at("started"), 64 - 1 - 4);
  EXPECT_EQ(call("thread_flood")->message.at("started"), 0);
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(info().runner.restarts, 0U);
  EXPECT_NE(info().reason.find("start more threads than it may"), std::string::npos)
      << info().reason;
  expect_neighbour_well();
}

TEST_F(HostileTest, BusyWithoutACallPutsItBehindAllOthersUntilItIsCalm) {
  load_hostile();
  EXPECT_TRUE(call("burn_a_while").ok());
  constexpr std::chrono::seconds kBusyMachine{60};  // it must get more than its share first
  wait_until(
      [&] {
        return info().reason.find(
                   "it runs behind all others, for it kept the processor busy for") !=
               std::string::npos;
      },
      kBusyMachine);
  EXPECT_EQ(threads_behind(info().runner.pid), threads_of(info().runner.pid));
  EXPECT_TRUE(call("echo").ok());  // it serves on
  if (!may_put_beside()) GTEST_SKIP() << "not let come back on this machine";
  EXPECT_TRUE(call("relent").ok());
  wait_until([&] { return info().reason.empty(); }, kBusyMachine);
  EXPECT_EQ(threads_behind(info().runner.pid), 0U);
  EXPECT_EQ(info().runner.restarts, 0U);
  expect_neighbour_well();
}

TEST_F(HostileTest, OneThatBurnsAndDiesBeginsBehindAllOthersTheNextTime) {
  if (!may_put_beside()) GTEST_SKIP() << "not let come back on this machine";
  load_hostile();
  EXPECT_TRUE(call("burn_a_while").ok());
  const auto behind = [&] { return info().reason.find("it runs behind") != std::string::npos; };
  wait_until(behind, std::chrono::seconds(60));
  EXPECT_EQ(code_of(call("segfault")), "plugin.crashed");
  wait_for(State::kActive);
  // Until the new process is behind, the reason still speaks of the one that died.
  wait_until([&] {
    return info().reason.find("the process before this one kept the processor busy") !=
           std::string::npos;
  });
  wait_until([&] { return !behind(); }, std::chrono::seconds(60));
}

TEST_F(HostileTest, ABusyPluginIsLeftWhereItIs) {
  load_hostile();
  std::vector<std::thread> callers;
  std::atomic<bool> stop{false};
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      while (!stop) EXPECT_TRUE(manager_->call("good", "echo", Json::object(), 5000).ok());
    });
  }
  for (int i = 0; i < 100; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    ASSERT_EQ(manager_->info("good")->reason, "");
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
}

TEST_F(HostileTest, BusyWithoutACallEndsIt) {
  ManagerOptions options = packages_.options();
  options.isolation.times.heartbeat = milliseconds(300);
  options.isolation.times.idle_burn = milliseconds(300);
  ASSERT_TRUE(load("hostile", options).ok());
  EXPECT_TRUE(call("burn").ok());
  // Behind all others it burns only what nobody else wants: where others are busy, that takes time.
  wait_until([&] { return info().runner.restarts > 0; }, std::chrono::seconds(120));
  EXPECT_NE(info().reason.find("it kept the processor busy"), std::string::npos) << info().reason;
}

TEST_F(HostileTest, ItsProcessorTimeIsBounded) {
  ManagerOptions options = packages_.options();
  options.isolation.limits.cpu_seconds = 1;
  ASSERT_TRUE(load("hostile", options).ok());
  const auto answer = call("loop", Json::object(), 60'000);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "plugin.crashed");
  EXPECT_NE(answer.error().message.find("it used up its processor time of 1 s"), std::string::npos)
      << answer.error().message;
}

TEST_F(HostileTest, AChatterboxHoldsNobodyUp) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  ManagerOptions options = packages_.options();
  options.isolation.times.heartbeat = milliseconds(50);
  ASSERT_TRUE(load("hostile", options).ok());
  const auto answer = call("chatter", Json::object(), 20'000);
  EXPECT_TRUE(answer.ok());
  EXPECT_TRUE(call("echo").ok());
  expect_neighbour_well();
  EXPECT_EQ(info().runner.restarts, 0U);
  std::this_thread::sleep_for(milliseconds(1500));  // what was too much is told once a second
  manager_.reset();
  spdlog::set_default_logger(before);
  const std::string text = log.str();
  std::size_t lines = 0;
  std::uint64_t suppressed = 0;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.find("again and again") != std::string::npos) ++lines;
    const std::size_t at = line.find("plugin hostile: ");
    if (line.ends_with(" lines suppressed")) suppressed += std::stoull(line.substr(at + 16));
  }
  EXPECT_GT(lines, 50U);
  EXPECT_LE(lines, 210U);
  EXPECT_GE(suppressed, 199'000U) << text.substr(0, 2000);
  EXPECT_LE(suppressed, 200'000U);
}

struct BadLoad {
  const char* library;
  const char* code;
  const char* reason;
};
class HostileLoadTest : public HostileTest, public ::testing::WithParamInterface<BadLoad> {};

TEST_P(HostileLoadTest, FailsWithTheReasonAndNothingElse) {
  const auto loaded = load(GetParam().library, packages_.options());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, GetParam().code) << loaded.error().message;
  EXPECT_EQ(info().state, State::kFailed);
  EXPECT_NE(info().reason.find(GetParam().reason), std::string::npos) << info().reason;
  EXPECT_EQ(info().runner.pid, 0);
  expect_neighbour_well();
  packages_.install("hostile", "hostile");
  EXPECT_TRUE(manager_->load("hostile").ok());
}

INSTANTIATE_TEST_SUITE_P(
    Loads, HostileLoadTest,
    ::testing::Values(BadLoad{"hostile_crash_on_load", "plugin.load_failed",
                              "its process died while it was loaded: it crashed"},
                      BadLoad{"hostile_exit_on_load", "plugin.load_failed", "it ended its process"},
                      BadLoad{"hostile_crash_on_create", "plugin.load_failed",
                              "it aborted itself (SIGABRT)"},
                      BadLoad{"hostile_crash_on_configure", "plugin.configure_failed",
                              "it aborted itself (SIGABRT) during its call \"configure\""}),
    [](const auto& one) { return std::string(one.param.library); });

TEST_F(HostileTest, HarmTriedWhileItIsLoadedIsRefusedToo) {
  // Its constructor aborts if it can open /etc/passwd, a socket, or have a child.
  EXPECT_TRUE(load("hostile_harm_on_load", packages_.options()).ok());
  EXPECT_GE(info().runner.refusals, 2U);
}

TEST_F(HostileTest, OneThatWillNotEndIsEnded) {
  ASSERT_TRUE(load("hostile_hang_on_destroy", packages_.options()).ok());
  const int pid = info().runner.pid;
  ASSERT_TRUE(manager_->stop("hostile").ok());
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid)));
}

}  // namespace
}  // namespace qc::plugin
