// 256 busy keep-alive connections and 1,000 idle ones at once: nobody starves.
#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support.hpp"

namespace qc::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBusy = 256;
constexpr int kIdle = 1000;
constexpr double kLimitMs = 100;  // a requirement of the product
constexpr auto kDuration = std::chrono::seconds(2);
constexpr std::string_view kRequest = "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n";

int open_socket(int port, bool blocking) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int status = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  EXPECT_TRUE(status == 0 || errno == EINPROGRESS) << std::strerror(errno);
  return fd;
}

/// One closed-loop caller: the next request goes out when the answer is in.
struct Caller {
  int fd = -1;
  std::string in;
  Clock::time_point sent;
  Clock::duration first{-1};
  Clock::duration slowest{0};
  std::uint64_t answers = 0;
  bool connected = false;
};

/// Takes whole responses out of `in`; true when there was one. Expects status 200.
bool take_answer(std::string& in) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  EXPECT_TRUE(in.starts_with("HTTP/1.1 200")) << in.substr(0, 80);
  const auto at = in.find("Content-Length: ");
  if (at == std::string::npos || at > end) {
    ADD_FAILURE() << "no length";
    return false;
  }
  const std::size_t whole = end + 4 + std::strtoul(in.c_str() + at + 16, nullptr, 10);
  if (in.size() < whole) return false;
  in.erase(0, whole);
  return true;
}

class Load {
 public:
  explicit Load(int port) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), callers_(kBusy) {
    begin_ = Clock::now();
    for (std::size_t i = 0; i < callers_.size(); ++i) {
      callers_[i].fd = open_socket(port, false);
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.u64 = i}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, callers_[i].fd, &event);
    }
  }
  ~Load() {
    for (const Caller& caller : callers_) ::close(caller.fd);
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void run() {
    std::array<epoll_event, 256> events{};
    while (Clock::now() - begin_ < kDuration) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), 50);
      for (int i = 0; i < count; ++i) step(callers_[events[static_cast<std::size_t>(i)].data.u64]);
    }
  }
  const std::vector<Caller>& callers() const { return callers_; }

 private:
  static void ask_again(Caller& caller) {
    caller.sent = Clock::now();
    EXPECT_EQ(::send(caller.fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(kRequest.size()));
  }
  void step(Caller& caller) {
    if (!caller.connected) {
      caller.connected = true;
      ask_again(caller);
      // The clock of the first answer starts with the load, connection and all.
      caller.sent = begin_;
    }
    std::array<char, 4096> chunk{};
    for (;;) {
      const auto got = ::recv(caller.fd, chunk.data(), chunk.size(), 0);
      if (got <= 0) return;
      caller.in.append(chunk.data(), static_cast<std::size_t>(got));
      while (take_answer(caller.in)) {
        const auto took = Clock::now() - caller.sent;
        if (caller.answers++ == 0) caller.first = took;
        caller.slowest = std::max(caller.slowest, took);
        ask_again(caller);
      }
    }
  }

  int epoll_;
  std::vector<Caller> callers_;
  Clock::time_point begin_;
};

double ms(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

struct Round {
  Clock::duration slowest_first{0}, slowest{0};
  std::uint64_t total = 0, fewest = UINT64_MAX;
  int starved = 0;
};

Round run_round(int port) {
  Load load(port);
  load.run();
  Round out;
  for (const Caller& caller : load.callers()) {
    out.starved += caller.answers == 0 ? 1 : 0;
    out.slowest_first = std::max(out.slowest_first, caller.first);
    out.slowest = std::max(out.slowest, caller.slowest);
    out.total += caller.answers;
    out.fewest = std::min(out.fewest, caller.answers);
  }
  std::printf(
      "[ measured ] %d busy, %d idle, 2 s: %llu answers (%.0f/s), slowest first %.1f ms, slowest "
      "of all %.1f ms, fewest on one connection %llu\n",
      kBusy, kIdle, static_cast<unsigned long long>(out.total), static_cast<double>(out.total) / 2,
      ms(out.slowest_first), ms(out.slowest), static_cast<unsigned long long>(out.fewest));
  return out;
}

TEST(Fairness, BusyConnectionsAreAllAnsweredBesideIdleOnes) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GE(files.rlim_cur, 4096U) << "needs ulimit -n of at least 4096";
  TestHost host;
  // Half of the idle ones never said a word, half are kept alive after a request.
  std::vector<int> idle;
  for (int i = 0; i < kIdle; ++i) idle.push_back(open_socket(host.port(), true));
  for (int i = 0; i < kIdle / 2; ++i) {
    std::string in;
    ASSERT_GT(::send(idle[static_cast<std::size_t>(i)], kRequest.data(), kRequest.size(), 0), 0);
    std::array<char, 4096> chunk{};
    while (!take_answer(in)) {
      const auto got = ::recv(idle[static_cast<std::size_t>(i)], chunk.data(), chunk.size(), 0);
      ASSERT_GT(got, 0);
      in.append(chunk.data(), static_cast<std::size_t>(got));
    }
  }
  const Round round = run_round(host.port());
  ASSERT_EQ(round.starved, 0) << "a busy connection got no answer";
  EXPECT_LT(ms(round.slowest_first), kLimitMs);
  EXPECT_GT(round.fewest * 4, round.total / kBusy) << "one connection got far less than its share";

  // The idle ones hold no worker and are still served.
  const auto metrics = ask(host.port(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").body;
  const auto at = metrics.find("\nqc_http_connections_parked ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_GE(std::atoi(metrics.c_str() + at + 28), kIdle);
  for (const int fd : {idle.front(), idle.back()}) {
    ASSERT_GT(::send(fd, kRequest.data(), kRequest.size(), 0), 0);
    std::array<char, 4096> chunk{};
    EXPECT_GT(::recv(fd, chunk.data(), chunk.size(), 0), 0);
  }
  for (const int fd : idle) ::close(fd);
}

}  // namespace
}  // namespace qc::test
