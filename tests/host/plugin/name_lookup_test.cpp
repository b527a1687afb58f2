// Names are looked up with a time limit, whatever the system's resolver does.
#include "host/plugin/name_lookup.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <sys/socket.h>
#include <thread>

#include <gtest/gtest.h>

#include "host/plugin/answer.hpp"
#include "host/plugin/outbound.hpp"

namespace {

std::atomic<bool> resolver_answers{true};

}  // namespace

/// The system's resolver, but for names under "slow.test", which stand for a network without a name
/// server: no answer while the test does not let it.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const bool slow = name != nullptr && std::strcmp(name, "slow.test") == 0;
  if (!slow || (hints->ai_flags & AI_NUMERICHOST) != 0) return real(name, service, hints, found);
  while (!resolver_answers) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return real("127.0.0.1", service, hints, found);
}

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class NameLookupTest : public ::testing::Test {
 protected:
  void SetUp() override { resolver_answers = false; }
  void TearDown() override { resolver_answers = true; }
  int find(const std::string& host, std::int64_t ms, int hangup = -1) {
    return names_.find(host, "80", wall_ms() + ms, hangup, found_);
  }
  NameLookup names_;
  AddressList found_;
};

TEST_F(NameLookupTest, DigitsAndNamesAreFound) {
  EXPECT_EQ(find("127.0.0.1", 5000), 0);
  EXPECT_EQ(find("::1", 5000), 0);
  EXPECT_EQ(find("localhost", 5000), 0);
  ASSERT_NE(found_, nullptr);
  resolver_answers = true;
  EXPECT_EQ(find("slow.test", 5000), 0);
  ASSERT_NE(found_, nullptr);
  EXPECT_EQ(found_->ai_family, AF_INET);
}

TEST_F(NameLookupTest, AResolverThatIsSilentIsLeftAtTheDeadline) {
  const auto started = Clock::now();
  EXPECT_EQ(find("slow.test", 50), ETIMEDOUT);
  EXPECT_GE(Clock::now() - started, milliseconds(45));
  EXPECT_LT(Clock::now() - started, milliseconds(3000));
  EXPECT_EQ(found_, nullptr);
}

TEST_F(NameLookupTest, NoMoreThreadsAreLeftToItThanAFew) {
  for (int i = 0; i < NameLookup::kMostOpen; ++i) EXPECT_EQ(find("slow.test", 10), ETIMEDOUT);
  EXPECT_EQ(find("slow.test", 5000), EAGAIN);
  EXPECT_EQ(find("127.0.0.1", 5000), 0);
  resolver_answers = true;
  int error = EAGAIN;
  for (int i = 0; i < 1000 && error == EAGAIN; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
    error = find("slow.test", 5000);
  }
  EXPECT_EQ(error, 0);
}

TEST_F(NameLookupTest, WhoHangsUpIsNotWaitedFor) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const FileDescriptor ours(ends[0]);
  FileDescriptor theirs(ends[1]);
  const auto started = Clock::now();
  std::thread leaving([&] {
    std::this_thread::sleep_for(milliseconds(30));
    theirs.reset();
  });
  EXPECT_EQ(find("slow.test", 60'000, ours.get()), ECANCELED);
  EXPECT_LT(Clock::now() - started, milliseconds(10'000));
  leaving.join();
}

TEST_F(NameLookupTest, AConnectionByNameEndsAtTheCallsDeadline) {
  const Outbound outbound({"slow.test:80"}, [](const std::string&) {});
  const auto started = Clock::now();
  EXPECT_EQ(outbound.open("slow.test:80", wall_ms() + 50, -1), -ETIMEDOUT);
  EXPECT_LT(Clock::now() - started, milliseconds(3000));
}

}  // namespace
}  // namespace qc::plugin
