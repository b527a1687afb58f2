// What a plugin may call outside: what the ledger grants, and nothing else by any way.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/host/plugin/hostile.hpp"

namespace qc::plugin {
namespace {

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

TEST_F(OutboundTest, NobodyIsCalledWithoutTheExtension) {
  const Listener listener;
  load_hostile();
  const auto answer = call("connect", {{"path", listener.port()}});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->message.at("done"), false);
  EXPECT_EQ(listener.heard(), "");
  wait_for_words("it tried to open a network connection");
}

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

}  // namespace
}  // namespace qc::plugin
