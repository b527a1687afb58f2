#include "host/plugin/lane.hpp"

#include <cstring>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/plugin/runner/wire.hpp"

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;

Deadline in(int ms) { return std::chrono::steady_clock::now() + milliseconds(ms); }

/// The other end, played by the test.
class LaneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    lane_ = std::make_unique<Lane>(FileDescriptor(ends[0]));
    theirs_ = FileDescriptor(ends[1]);
  }
  LaneFault call(int ms = 5000, std::size_t max_bytes = 1U << 20U) {
    return lane_->exchange({method_, message_, 7, max_bytes}, in(ms), answer_);
  }
  static std::string framed(std::uint64_t id, const std::string& text, std::int32_t status = 0,
                            std::uint32_t flags = 0) {
    wire::AnswerHeader header;
    header.id = id;
    header.status = status;
    header.flags = flags;
    header.answer_bytes = static_cast<std::uint32_t>(text.size());
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) + text;
  }
  void say(const std::string& bytes) {
    ASSERT_EQ(send(theirs_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }

  std::string method_ = "echo";
  std::string message_ = "{}";
  std::unique_ptr<Lane> lane_;
  FileDescriptor theirs_;
  RawAnswer answer_;
};

TEST_F(LaneTest, ACallArrivesWholeAndItsAnswerComesBack) {
  say(framed(1, "hello", 5, wire::kThrew));
  ASSERT_EQ(call(), LaneFault::kNone);
  EXPECT_EQ(answer_.text, "hello");
  EXPECT_EQ(answer_.status, 5);
  EXPECT_TRUE(answer_.threw);
  EXPECT_FALSE(answer_.too_large);
  char bytes[256];
  const ssize_t got = recv(theirs_.get(), bytes, sizeof bytes, 0);
  wire::CallHeader header;
  ASSERT_EQ(got, static_cast<ssize_t>(sizeof header + 6));
  std::memcpy(&header, bytes, sizeof header);
  EXPECT_EQ(header.magic, wire::kMagic);
  EXPECT_EQ(header.id, 1U);
  EXPECT_EQ(header.deadline_ms, 7);
  EXPECT_EQ(std::string(bytes + sizeof header, 6), "echo{}");
}

TEST_F(LaneTest, AnAnswerInSinglePiecesIsPutTogether) {
  std::thread other([&] {
    for (const char c : framed(1, std::string(300, 'x'))) {
      send(theirs_.get(), &c, 1, 0);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(call(), LaneFault::kNone);
  other.join();
  EXPECT_EQ(answer_.text, std::string(300, 'x'));
}

TEST_F(LaneTest, LargeMessagesGoBothWays) {
  message_ = std::string(3U << 20U, 'm');
  std::thread other([&] {
    std::vector<char> taken(64U << 10U);
    std::size_t total = sizeof(wire::CallHeader) + method_.size() + message_.size();
    while (total > 0) {
      const ssize_t got = recv(theirs_.get(), taken.data(), taken.size(), 0);
      ASSERT_GT(got, 0);
      total -= static_cast<std::size_t>(got);
    }
    const std::string answer = framed(1, std::string(1U << 20U, 'a'));
    std::size_t sent = 0;
    while (sent < answer.size()) {
      const ssize_t one = send(theirs_.get(), answer.data() + sent, answer.size() - sent, 0);
      ASSERT_GT(one, 0);
      sent += static_cast<std::size_t>(one);
    }
  });
  EXPECT_EQ(call(20'000), LaneFault::kNone);
  other.join();
  EXPECT_EQ(answer_.text.size(), 1U << 20U);
}

TEST_F(LaneTest, WhatIsNoAnswerToThisCallIsGarbage) {
  const std::string wrong[] = {framed(2, "another call's"), framed(0, "nobody's"),
                               std::string(64, 'g'), framed(1, "an answer") + "and more",
                               framed(1, std::string(101, 'x'))};
  for (const std::string& bytes : wrong) {
    SetUp();
    say(bytes);
    EXPECT_EQ(call(5000, 100), LaneFault::kGarbage) << bytes.size();
  }
}

TEST_F(LaneTest, SilenceIsLateAndHalfAnAnswerToo) {
  EXPECT_EQ(call(20), LaneFault::kLate);
  SetUp();
  say(framed(1, "hello").substr(0, sizeof(wire::AnswerHeader) + 2));
  EXPECT_EQ(call(20), LaneFault::kLate);
}

TEST_F(LaneTest, NobodyReadsSoTheCallIsLate) {
  message_ = std::string(8U << 20U, 'm');
  EXPECT_EQ(call(50), LaneFault::kLate);
}

TEST_F(LaneTest, AnEndThatIsGoneIsClosed) {
  theirs_ = FileDescriptor();
  EXPECT_EQ(call(), LaneFault::kClosed);
  SetUp();
  say(framed(1, "hello").substr(0, 5));
  theirs_ = FileDescriptor();
  EXPECT_EQ(call(), LaneFault::kClosed);
}

std::unique_ptr<Lane> any_lane() { return std::make_unique<Lane>(FileDescriptor()); }

TEST(LanePoolTest, MoreThanMayWaitAreTurnedAway) {
  std::vector<std::unique_ptr<Lane>> lanes;
  lanes.push_back(any_lane());
  LanePool pool(std::move(lanes), 1);
  std::unique_ptr<Lane> first;
  std::unique_ptr<Lane> second;
  ASSERT_EQ(pool.take(in(1000), first), LanePool::Outcome::kTaken);
  EXPECT_EQ(pool.take(in(10), second), LanePool::Outcome::kTimeout);
  LanePool::Outcome waited{};
  std::unique_ptr<Lane> third;
  std::thread waiting([&] {
    do {  // the attempts below may hold the one place for a moment
      waited = pool.take(in(20'000), third);
    } while (waited == LanePool::Outcome::kBusy);
  });
  // As soon as the other one waits, there is no place for another.
  LanePool::Outcome outcome{};
  do {
    std::this_thread::sleep_for(milliseconds(1));
    outcome = pool.take(in(0), second);
  } while (outcome == LanePool::Outcome::kTimeout);
  EXPECT_EQ(outcome, LanePool::Outcome::kBusy);
  pool.give_back(std::move(first));
  waiting.join();
  EXPECT_EQ(waited, LanePool::Outcome::kTaken);
}

TEST(LanePoolTest, ClosingSendsEverybodyAway) {
  LanePool pool({}, 8);
  LanePool::Outcome waited{};
  std::unique_ptr<Lane> lane;
  std::thread waiting([&] { waited = pool.take(in(20'000), lane); });
  std::this_thread::sleep_for(milliseconds(20));
  pool.close();
  waiting.join();
  EXPECT_EQ(waited, LanePool::Outcome::kClosed);
  EXPECT_EQ(pool.take(in(1000), lane), LanePool::Outcome::kClosed);
}

}  // namespace
}  // namespace qc::plugin
