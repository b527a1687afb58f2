#include "tests/host/chain/orderer_contract.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

/// Entry n of caller c: what a handler must tell apart.
std::string name_of(unsigned caller, unsigned n) {
  return std::to_string(caller) + "/" + std::to_string(n);
}

/// What a host does with batches, in small: appends names to a file before it answers, refuses
/// what it has.
class Replica {
 public:
  explicit Replica(std::filesystem::path file) : file_(std::move(file)) {}

  void handle(OrderedBatch batch) {
    EXPECT_FALSE(inside_.exchange(true)) << "two batches at once";
    EXPECT_FALSE(batch.entries.empty());
    std::vector<std::pair<SubmitDone, Result<Applied>>> answers;
    {
      const std::lock_guard lock(mutex_);
      times_.push_back(batch.time_ms);
      batches_.emplace_back();
      std::ofstream out(file_, std::ios::app);
      for (Entry& entry : batch.entries) {
        batches_.back().push_back(entry.tx.bytes);
        if (!known_.insert(entry.tx.bytes).second) {
          answers.emplace_back(std::move(entry.done), conflict("tx.duplicate", "applied before"));
          continue;
        }
        out << entry.tx.bytes << '\n';
        Applied applied;
        applied.index = log_.size();
        log_.push_back(entry.tx.bytes);
        answers.emplace_back(std::move(entry.done), std::move(applied));
      }
    }
    for (auto& [done, outcome] : answers) {
      if (done) done(std::move(outcome));
    }
    inside_ = false;
  }

  std::vector<std::string> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  std::vector<std::vector<std::string>> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  std::vector<std::int64_t> times() const {
    const std::lock_guard lock(mutex_);
    return times_;
  }
  /// What a process that starts now would find.
  std::vector<std::string> durable() const {
    std::ifstream in(file_);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

 private:
  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::atomic<bool> inside_{false};
  std::vector<std::string> log_;
  std::set<std::string> known_;
  std::vector<std::vector<std::string>> batches_;
  std::vector<std::int64_t> times_;
};

/// Answers by entry; an entry answered twice fails the test.
class Answers {
 public:
  SubmitDone expect(const std::string& name) {
    return [this, name](Result<Applied> outcome) {
      const std::lock_guard lock(mutex_);
      const std::string told = outcome.ok() ? "" : outcome.error().code;
      const std::int64_t at = outcome.ok() ? static_cast<std::int64_t>(outcome->index) : -1;
      EXPECT_TRUE(answers_.emplace(name, std::pair{told, at}).second) << name << " answered twice";
      arrived_.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return answers_.size() >= count; });
  }
  /// name -> (code or "", index)
  std::map<std::string, std::pair<std::string, std::int64_t>> all() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::string, std::pair<std::string, std::int64_t>> answers_;
};

/// A group with a replica at each host.
class Site {
 public:
  explicit Site(const OrdererKind& kind) {
    std::vector<Orderer::Handler> handlers;
    for (std::size_t i = 0; i < kind.hosts; ++i) {
      replicas_.push_back(std::make_unique<Replica>(dir_.path() / (std::to_string(i) + ".log")));
      handlers.emplace_back([replica = replicas_.back().get()](OrderedBatch batch) {
        replica->handle(std::move(batch));
      });
    }
    group_ = kind.start(std::move(handlers));
  }
  ~Site() { group_->stop(); }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  OrdererGroup& group() { return *group_; }
  const Replica& replica(std::size_t host = 0) const { return *replicas_[host]; }
  std::size_t hosts() const { return replicas_.size(); }

  static Entry entry(const std::string& name, SubmitDone done) {
    Entry out;
    out.tx.bytes = name;
    out.done = std::move(done);
    return out;
  }
  /// Proposes at the caller's host. True when it was accepted.
  bool propose(unsigned caller, const std::string& name, const SubmitDone& done) {
    Entry proposed = entry(name, done);
    const Status status = group_->propose(caller % hosts(), proposed);
    if (!status.ok()) {
      EXPECT_EQ(status.error().code, "ledger.closed");
      EXPECT_EQ(proposed.tx.bytes, name) << "an entry that was refused was taken apart";
      EXPECT_TRUE(proposed.done != nullptr);
    }
    return status.ok();
  }
  /// `callers` threads propose `count` entries each, one after another; how many were accepted.
  std::size_t propose_from(unsigned callers, unsigned count, Answers& answers) {
    std::atomic<std::size_t> accepted{0};
    std::vector<std::thread> threads;
    for (unsigned caller = 0; caller < callers; ++caller) {
      threads.emplace_back([&, caller] {
        for (unsigned n = 0; n < count; ++n) {
          const std::string name = name_of(caller, n);
          if (propose(caller, name, answers.expect(name))) ++accepted;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return accepted;
  }

 private:
  TempDir dir_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::unique_ptr<OrdererGroup> group_;
};

void expect_each_callers_order(const std::vector<std::string>& log) {
  std::map<std::string, unsigned> next;
  for (const std::string& name : log) {
    const std::string caller = name.substr(0, name.find('/'));
    const auto n = static_cast<unsigned>(std::stoul(name.substr(caller.size() + 1)));
    EXPECT_EQ(n, next[caller]) << name;
    next[caller] = n + 1;
  }
}

TEST_P(OrdererContract, EveryHostSeesOneOrder) {
  Site site(GetParam());
  Answers answers;
  EXPECT_EQ(site.propose_from(4, 500, answers), 2000U);
  ASSERT_TRUE(answers.wait_for(2000));
  site.group().stop();
  const auto log = site.replica().log();
  EXPECT_EQ(log.size(), 2000U);
  EXPECT_EQ(std::set<std::string>(log.begin(), log.end()).size(), 2000U);
  expect_each_callers_order(log);
  for (std::size_t host = 1; host < site.hosts(); ++host) {
    EXPECT_EQ(site.replica(host).batches(), site.replica().batches()) << "host " << host;
    EXPECT_EQ(site.replica(host).times(), site.replica().times()) << "host " << host;
  }
  for (const auto& [name, outcome] : answers.all()) {
    EXPECT_EQ(outcome.first, "") << name;
    EXPECT_EQ(log.at(static_cast<std::size_t>(outcome.second)), name);
  }
}

TEST_P(OrdererContract, WhatWasAcknowledgedIsNeverLost) {
  Site site(GetParam());
  Answers answers;
  std::thread changes([&] {
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      site.group().change_leader();
    }
  });
  const std::size_t accepted = site.propose_from(4, 2000, answers);
  changes.join();
  site.group().stop();
  // Accepted and neither delivered nor answered would be forgotten.
  EXPECT_TRUE(answers.wait_for(accepted));
  const auto all = answers.all();
  EXPECT_EQ(all.size(), accepted);
  EXPECT_GT(accepted, 0U);
  for (std::size_t host = 0; host < site.hosts(); ++host) {
    const auto durable = site.replica(host).durable();
    for (const auto& [name, outcome] : all) {
      if (!outcome.first.empty()) continue;
      ASSERT_LT(static_cast<std::size_t>(outcome.second), durable.size()) << name;
      EXPECT_EQ(durable[static_cast<std::size_t>(outcome.second)], name) << "host " << host;
    }
  }
}

TEST_P(OrdererContract, ProposingAgainAppliesNothingTwice) {
  Site site(GetParam());
  Answers first;
  site.propose_from(2, 200, first);
  ASSERT_TRUE(first.wait_for(400));
  const auto before = site.replica().log();
  Answers again;
  site.propose_from(2, 200, again);
  ASSERT_TRUE(again.wait_for(400));
  for (const auto& [name, outcome] : again.all()) EXPECT_EQ(outcome.first, "tx.duplicate") << name;
  EXPECT_EQ(site.replica().log(), before);
  EXPECT_EQ(site.replica().durable(), before);
}

TEST_P(OrdererContract, ANewLeaderContinuesTheOldOnesOrder) {
  Site site(GetParam());
  std::vector<std::string> before;
  for (unsigned round = 0; round < 4; ++round) {
    Answers answers;
    for (unsigned n = 0; n < 50; ++n) {
      const std::string name = name_of(0, round * 50 + n);
      ASSERT_TRUE(site.propose(round, name, answers.expect(name)));
      // One after another: nobody but this caller, who waits for each answer.
      ASSERT_TRUE(answers.wait_for(n + 1));
    }
    site.group().change_leader();
    const auto log = site.replica().log();
    ASSERT_EQ(log.size(), (round + 1) * 50U);
    EXPECT_TRUE(std::equal(before.begin(), before.end(), log.begin()));
    before = log;
    // Who did not hear the answer asks the new leader.
    Answers retry;
    ASSERT_TRUE(site.propose(0, log.front(), retry.expect(log.front())));
    ASSERT_TRUE(retry.wait_for(1));
    EXPECT_EQ(retry.all().at(log.front()).first, "tx.duplicate");
  }
  expect_each_callers_order(site.replica().log());
}

TEST_P(OrdererContract, StoppingHandlesWhatWasAcceptedAndTakesNoMore) {
  Site site(GetParam());
  Answers answers;
  const std::size_t accepted = site.propose_from(2, 300, answers);
  EXPECT_EQ(accepted, 600U);
  site.group().stop();
  EXPECT_EQ(answers.all().size(), accepted);  // without waiting: nothing runs after stop()
  bool called = false;
  EXPECT_FALSE(site.propose(0, "late", [&called](Result<Applied>) { called = true; }));
  site.group().stop();
  EXPECT_FALSE(called);
  const auto log = site.replica().log();
  EXPECT_EQ(std::count(log.begin(), log.end(), "late"), 0);
}

TEST_P(OrdererContract, WrongAnnouncementsStopNobody) {
  Site site(GetParam());
  Answers answers;
  for (std::size_t host = 0; host < site.hosts(); ++host) site.group().announce(host, 1000);
  ASSERT_TRUE(site.propose(0, "0/0", answers.expect("0/0")));
  EXPECT_TRUE(answers.wait_for(1));
  for (std::size_t host = 0; host < site.hosts(); ++host) site.group().announce(host, -5000);
  ASSERT_TRUE(site.propose(0, "0/1", answers.expect("0/1")));
  EXPECT_TRUE(answers.wait_for(2));
}

TEST_P(OrdererContract, AWrongPlaceInFrontOfTheDiskStopsNobody) {
  Site site(GetParam());
  Answers answers;
  for (std::size_t host = 0; host < site.hosts(); ++host) site.group().occupy(host, 1000);
  ASSERT_TRUE(site.propose(0, "0/0", answers.expect("0/0")));
  EXPECT_TRUE(answers.wait_for(1));
  for (std::size_t host = 0; host < site.hosts(); ++host) site.group().occupy(host, -5000);
  ASSERT_TRUE(site.propose(0, "0/1", answers.expect("0/1")));
  EXPECT_TRUE(answers.wait_for(2));
}

/// The embedded orderer with nothing behind it, and the sizes of the batches that it cut.
class Cut {
 public:
  explicit Cut(EmbeddedOrdererOptions options) {
    options.clock_ms = [] { return kStart * 1000; };
    orderer_ = make_embedded_orderer(std::move(options));
    orderer_->start([this](const OrderedBatch& batch) {
      const std::lock_guard lock(mutex_);
      sizes_.push_back(batch.entries.size());
      changed_.notify_all();
    });
  }
  Cut(const Cut&) = delete;
  Cut& operator=(const Cut&) = delete;
  ~Cut() { orderer_->stop(); }

  Orderer& orderer() { return *orderer_; }
  void propose(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Entry entry;
      entry.tx.bytes = "x";
      ASSERT_TRUE(orderer_->propose({&entry, 1}));
    }
  }
  /// The sizes, when there are `batches` or `patience` is over.
  std::vector<std::size_t> sizes(std::size_t batches, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return sizes_.size() >= batches; });
    return sizes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> sizes_;
  std::unique_ptr<Orderer> orderer_;
};

using Sizes = std::vector<std::size_t>;
constexpr std::chrono::milliseconds kSoon{200};
constexpr std::chrono::seconds kLong{30};

TEST(EmbeddedOrderer, ABatchGrowsWhileOneStandsInFrontOfTheDisk) {
  EmbeddedOrdererOptions options;
  options.occupied_max_wait_us = 60'000'000;
  Cut cut(options);
  cut.orderer().occupy(1);
  cut.propose(3);
  EXPECT_EQ(cut.sizes(1, kSoon), Sizes());
  cut.propose(2);
  cut.orderer().occupy(-1);
  EXPECT_EQ(cut.sizes(1, kLong), Sizes({5}));
}

TEST(EmbeddedOrderer, EnoughForABatchIsOrderedAheadOfTheDisk) {
  EmbeddedOrdererOptions options;
  options.occupied_max_wait_us = 60'000'000;
  options.batch_ahead_txs = 10;
  Cut cut(options);
  cut.orderer().occupy(1);
  cut.propose(9);
  EXPECT_EQ(cut.sizes(1, kSoon), Sizes());
  cut.propose(1);
  EXPECT_EQ(cut.sizes(1, kLong), Sizes({10}));
}

TEST(EmbeddedOrderer, ACrowdWaitsForCompanyAndOneAloneDoesNot) {
  EmbeddedOrdererOptions options;
  options.crowd_interval_us = 60'000'000;
  options.crowd_txs = 3;
  options.batch_ahead_txs = 5;
  Cut cut(options);
  cut.orderer().announce(1);  // the three are one batch
  cut.propose(3);
  cut.orderer().announce(-1);
  EXPECT_EQ(cut.sizes(1, kLong), Sizes({3}));
  cut.propose(2);
  EXPECT_EQ(cut.sizes(2, kSoon), Sizes({3}));
  cut.propose(3);
  EXPECT_EQ(cut.sizes(2, kLong), Sizes({3, 5}));

  Cut alone(options);
  alone.propose(1);
  EXPECT_EQ(alone.sizes(1, kLong), Sizes({1}));
  alone.propose(1);
  EXPECT_EQ(alone.sizes(2, kLong), Sizes({1, 1}));
}

/// The embedded orderer: one host; its leader change is a process that ends and starts anew.
class EmbeddedGroup final : public OrdererGroup {
 public:
  explicit EmbeddedGroup(Orderer::Handler handler) : handler_(std::move(handler)) { open(); }

  std::size_t hosts() const override { return 1; }
  Status propose(std::size_t, Entry& entry) override { return current()->propose({&entry, 1}); }
  void announce(std::size_t, int change) override { current()->announce(change); }
  void occupy(std::size_t, int change) override { current()->occupy(change); }
  void change_leader() override {
    current()->stop();
    open();
  }
  void stop() override { current()->stop(); }

 private:
  std::shared_ptr<Orderer> current() const {
    const std::lock_guard lock(mutex_);
    return orderer_;
  }
  void open() {
    EmbeddedOrdererOptions options;
    options.batch_max_txs = 64;  // many batches
    options.clock_ms = [] { return kStart * 1000; };
    std::shared_ptr<Orderer> next = make_embedded_orderer(std::move(options));
    next->start(handler_);
    const std::lock_guard lock(mutex_);
    orderer_ = std::move(next);
  }

  const Orderer::Handler handler_;
  mutable std::mutex mutex_;
  std::shared_ptr<Orderer> orderer_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, OrdererContract,
                         ::testing::Values(OrdererKind{"embedded", 1,
                                                       [](std::vector<Orderer::Handler> handlers) {
                                                         return std::make_unique<EmbeddedGroup>(
                                                             std::move(handlers.front()));
                                                       }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace qc::chain::test
