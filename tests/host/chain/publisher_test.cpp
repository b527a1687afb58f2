// The hand-off to listeners: bounded, ordered, complete.
#include "host/chain/publisher.hpp"

#include <atomic>

#include <gtest/gtest.h>

namespace qc::chain::test {
namespace {

Published numbered(std::uint64_t index, std::size_t bytes) {
  Published one;
  one.stored.index = index;
  one.stored.bytes.assign(bytes, 'x');
  return one;
}

void wait_for(const std::function<bool()>& done) {
  for (int i = 0; i < 10000 && !done(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(Publisher, ReadsFromTheFilesWhatItCouldNotKeep) {
  std::atomic<std::uint64_t> replayed{0};
  Publisher publisher([&](std::uint64_t from, const std::function<bool(const Published&)>& visit) {
    for (std::uint64_t i = from;; ++i) {
      ++replayed;
      if (!visit(numbered(i, 1))) return Status{};
    }
  });
  publisher.start(100);
  std::atomic<bool> blocked{true};
  std::atomic<std::uint64_t> next{100};
  std::atomic<bool> ordered{true};
  const auto token = publisher.subscribe([&](const std::vector<Published>& batch) {
    while (blocked) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const Published& one : batch) {
      if (one.stored.index != next) ordered = false;
      ++next;
    }
  });
  // Three times what may wait, a megabyte at a time, while the listener is stuck.
  const std::uint64_t last = 100 + 3 * (Publisher::kMaxWaitingBytes >> 20U);
  for (std::uint64_t i = 100; i < last; ++i) publisher.push({numbered(i, 1U << 20U)});
  blocked = false;
  wait_for([&] { return next == last; });
  EXPECT_EQ(next, last);
  EXPECT_TRUE(ordered);
  EXPECT_GT(replayed, 0U);
}

TEST(Publisher, TriesAgainWhenReplayFails) {
  std::atomic<int> failures{2};
  Publisher publisher(
      [&](std::uint64_t from, const std::function<bool(const Published&)>& visit) -> Status {
        if (failures-- > 0) return unavailable("ledger.io", "not now");
        for (std::uint64_t i = from; visit(numbered(i, 1)); ++i) {
        }
        return {};
      });
  publisher.start(0);
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> ordered{true};
  const auto token = publisher.subscribe([&](const std::vector<Published>& batch) {
    for (const Published& one : batch) {
      if (one.stored.index != next) ordered = false;
      ++next;
    }
  });
  publisher.push({numbered(0, Publisher::kMaxWaitingBytes + 1)});  // too much to keep
  wait_for([&] { return failures < 2; });
  for (std::uint64_t i = 1; i < 6; ++i) {
    publisher.push({numbered(i, 1)});
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  wait_for([&] { return next == 6; });
  EXPECT_EQ(next, 6U);
  EXPECT_TRUE(ordered);
}

TEST(Publisher, AListenerMayEndItsOwnSubscription) {
  Publisher publisher([](std::uint64_t, const auto&) { return Status{}; });
  publisher.start(0);
  std::atomic<int> calls{0};
  std::shared_ptr<void> token;
  token = publisher.subscribe([&](const std::vector<Published>&) {
    ++calls;
    token.reset();
  });
  publisher.push({numbered(0, 1)});
  wait_for([&] { return calls == 1; });
  publisher.push({numbered(1, 1)});
  publisher.stop();
  EXPECT_EQ(calls, 1);
}

TEST(Publisher, AListenerThatThrowsHarmsNobody) {
  Publisher publisher([](std::uint64_t, const auto&) { return Status{}; });
  publisher.start(0);
  std::atomic<int> calls{0};
  const auto bad =
      publisher.subscribe([](const std::vector<Published>&) { throw std::runtime_error("mine"); });
  const auto good = publisher.subscribe([&](const std::vector<Published>&) { ++calls; });
  publisher.push({numbered(0, 1)});
  publisher.push({numbered(1, 1)});
  wait_for([&] { return calls == 2; });
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace qc::chain::test
