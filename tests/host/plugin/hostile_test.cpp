// Plugins that mean harm, each in its process: the harm is not done, the operator is told in words,
// and a plugin beside them goes on.
#include <arpa/inet.h>
#include <fstream>
#include <functional>
#include <sched.h>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "host/plugin/lane.hpp"
#include "host/plugin/priority.hpp"
#include "sdk/base/files.hpp"
#include "tests/host/plugin/packages.hpp"

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

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    packages_.install("good", "good");
    packages_.write("secret", "not for plugins");
    packages_.write("granted", "for this plugin");
    packages_.write("config/hostile.toml", "[settings]\ndata_file = \"../granted\"\n");
  }
  /// A manager with an active neighbour and the library as the plugin "hostile".
  Result<PluginInfo> load(const std::string& library, ManagerOptions options) {
    packages_.install("hostile", library);
    options.isolation.restart.first_delay = milliseconds(10);
    manager_ = packages_.manager(std::move(options));
    EXPECT_TRUE(manager_->load("good").ok());
    return manager_->load("hostile");
  }
  void load_hostile() {
    const auto loaded = load("hostile", packages_.options());
    ASSERT_TRUE(loaded.ok()) << loaded.error().code << ' ' << loaded.error().message;
  }
  Result<Manager::Answer> call(const std::string& method, const Json& message = Json::object(),
                               int timeout_ms = 5000) {
    return manager_->call("hostile", method, message, timeout_ms);
  }
  PluginInfo info() { return *manager_->info("hostile"); }
  /// The neighbour serves as if nothing had happened.
  void expect_neighbour_well() {
    EXPECT_TRUE(manager_->call("good", "echo", Json::object(), 5000).ok());
    EXPECT_EQ(manager_->info("good")->runner.restarts, 0U);
    EXPECT_EQ(manager_->info("good")->state, State::kActive);
  }
  void wait_until(const std::function<bool()>& true_at_last,
                  std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!true_at_last() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    ASSERT_TRUE(true_at_last()) << state_name(info().state) << ": " << info().reason;
  }
  void wait_for(State state) {
    wait_until([&] { return info().state == state; });
  }
  /// What a plugin is not let do is told in its order, beside the answers: the last word stays, and
  /// the words of what it tried before may still be read when its answer is there.
  void wait_for_words(const std::string& words) {
    wait_until([&] { return info().reason.find(words) != std::string::npos; });
  }
  std::string path(const std::string& name) const { return (packages_.folder() / name).string(); }

  Packages packages_{Isolation::kProcess};
  std::unique_ptr<Manager> manager_;
};

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

TEST_F(HostileTest, NobodyIsCalledOutside) {
  load_hostile();
  const FileDescriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 4), 0);
  ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto answer = call("connect", {{"path", std::to_string(ntohs(address.sin_port))}});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->message.at("done"), false);
  EXPECT_LT(accept(listener.get(), nullptr, nullptr), 0);
  wait_for_words("it tried to open a network connection");
}

/// A real listener on the loopback that takes what is sent to it.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_.get(), 4), 0);
    EXPECT_EQ(getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  explicit Listener(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_.get(), 4), 0);
  }
  std::string address() const { return "127.0.0.1:" + port_; }
  const std::string& port() const { return port_; }
  /// What the next caller said; "" when nobody called.
  std::string heard() const {
    const FileDescriptor caller(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char text[16];
    const ssize_t got = caller.valid() ? recv(caller.get(), text, sizeof text, 0) : 0;
    return got > 0 ? std::string(text, static_cast<std::size_t>(got)) : std::string();
  }

 private:
  FileDescriptor fd_;
  std::string port_;
};

/// The library as the plugin "hostile", whose manifest asks for all, and whose admission grants
/// some.
class OutboundTest : public HostileTest {
 protected:
  Result<PluginInfo> load(const std::vector<std::string>& asked,
                          const std::vector<std::string>& granted) {
    packages_.install("hostile", "hostile");
    packages_.edit_manifest("hostile", "outbound_hosts", asked);
    Json capabilities = Json::array();
    for (const std::string& address : granted) capabilities.push_back("outbound:" + address);
    packages_.admission("hostile")["capabilities"] = capabilities;
    manager_ = packages_.manager();
    EXPECT_TRUE(manager_->load("good").ok());
    return manager_->load("hostile");
  }
  Json reach(const std::string& address) {
    const auto answer = call("call_outside", {{"path", address}});
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? answer->message : Json();
  }
};

TEST_F(OutboundTest, ReachesWhatIsGrantedAndNothingElseByAnyWay) {
  const Listener granted;
  const Listener other;
  ASSERT_TRUE(load({granted.address(), other.address()}, {granted.address()}).ok());
  EXPECT_EQ(reach(granted.address()), Json({{"done", true}, {"errno", 0}}));
  EXPECT_EQ(granted.heard(), "hello");
  wait_for_words("it tried to connect to another program");  // the last thing that it tries there
  EXPECT_EQ(reach(other.address()), Json({{"done", false}, {"errno", EACCES}}));
  EXPECT_NE(info().reason.find("it tried to connect to " + other.address()), std::string::npos)
      << info().reason;
  EXPECT_EQ(reach("localhost:" + granted.port()).at("errno"), EACCES);  // another name of it
  const auto direct = call("connect", {{"path", granted.port()}});
  ASSERT_TRUE(direct.ok());
  EXPECT_EQ(direct->message.at("done"), false);
  EXPECT_EQ(granted.heard(), "");
  EXPECT_EQ(other.heard(), "");
  EXPECT_EQ(info().runner.restarts, 0U);
  expect_neighbour_well();
}

TEST_F(OutboundTest, WithoutAGrantThereIsNoExtension) {
  const Listener listener;
  ASSERT_TRUE(load({listener.address()}, {}).ok());
  EXPECT_EQ(reach(listener.address()), Json({{"extension", nullptr}}));
  // Nor with a grant that the package does not ask for.
  ASSERT_TRUE(load({}, {listener.address()}).ok());
  EXPECT_EQ(reach(listener.address()), Json({{"extension", nullptr}}));
  EXPECT_EQ(listener.heard(), "");
  EXPECT_EQ(info().runner.refusals, 0U);
}

TEST_F(OutboundTest, AUnixSocketAndAServerThatIsGone) {
  const std::string socket = path("socket");
  std::string gone;
  {
    const Listener closed;
    gone = closed.address();
  }
  ASSERT_TRUE(load({socket, gone}, {socket, gone}).ok());
  EXPECT_EQ(reach(socket).at("errno"), ENOENT);
  EXPECT_EQ(reach(gone).at("errno"), ECONNREFUSED);
  const Listener listener(socket);
  EXPECT_EQ(reach(socket).at("done"), true);
  EXPECT_EQ(listener.heard(), "hello");
}

TEST_F(OutboundTest, InsideTheHostTheSameExtensionRefusesTheSame) {
  const Listener granted;
  const Listener other;
  packages_.install("hostile", "hostile");
  packages_.edit_manifest("hostile", "outbound_hosts", Json::array({granted.address()}));
  packages_.admission("hostile")["capabilities"] = Json::array({"outbound:" + granted.address()});
  ManagerOptions options = packages_.options();
  options.isolation.of["hostile"] = Isolation::kHost;
  manager_ = packages_.manager(std::move(options));
  ASSERT_TRUE(manager_->load("hostile").ok());
  EXPECT_EQ(reach(other.address()).at("errno"), EACCES);
  EXPECT_EQ(other.heard(), "");
}

TEST_F(OutboundTest, AManifestAsksInTheRightForm) {
  for (const char* address : {"no-port", "a:b", ":80", "a:123456", "::1:80", "a b:80", ""}) {
    const auto loaded = load({address}, {});
    ASSERT_FALSE(loaded.ok()) << address;
    EXPECT_EQ(loaded.error().code, "plugin.bad_manifest") << address;
  }
  EXPECT_TRUE(load({"[::1]:80", "db.city:3306", "/run/mysqld/mysqld.sock"}, {}).ok());
}

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

TEST_F(HostileTest, AGigabyteIsCutOffAndIsABadAnswer) {
  load_hostile();
  const auto answer = call("flood", Json::object(), 20'000);
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
  wait_until(behind);
  EXPECT_NE(info().reason.find("the process before this one kept the processor busy"),
            std::string::npos)
      << info().reason;
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
