// Stopping, dying and starting again: the ledger is the truth, everything else comes back from it.
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "sdk/proof/transaction.hpp"
#include "tests/e2e/e2e_test.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

using Restart = E2e;

Json audit(const LiveCity& city, const fs::path& ledger, int* exit_code) {
  return city.run_json(
      {"ledger", "verify", ledger.string(), "--host-key", (city.dir() / "host.jwk.json").string()},
      exit_code);
}

TEST_F(Restart, StopsCleanlyAndTheSecondStoryContinues) {
  const std::int64_t before =
      city().run_as("operator", {"operator", "status"}).at("health").at("size");
  ASSERT_EQ(city().stop(), 0);
  int exit_code = -1;
  const Json report = audit(city(), city().data() / "ledger", &exit_code);
  EXPECT_EQ(exit_code, 0) << report.dump();
  EXPECT_EQ(report.at("transactions").get<std::int64_t>(), before);
  ASSERT_TRUE(city().start().ok());

  const Json second = city().story(&exit_code);
  ASSERT_EQ(exit_code, 0) << second.dump(2);
  EXPECT_TRUE(second.at("ok").get<bool>());
  EXPECT_EQ(second.at("story"), 2);
  for (const Json& member : facts(second, 1).at("members")) {
    EXPECT_EQ(member.at("outcome"), "already_member");
  }
  for (const Json& plugin : facts(second, 2).at("plugins")) {
    EXPECT_EQ(plugin.at("outcome"), "already_active");
  }
  EXPECT_NE(facts(second, 4).at("account"), facts(first_story(), 4).at("account"));
  EXPECT_GT(facts(second, 3).at("index").get<std::int64_t>(), before - 1);
}

TEST_F(Restart, AuditFindsAFlippedByte) {
  ASSERT_EQ(city().stop(), 0);
  const fs::path copy = city().scratch() / "ledger-copy";
  fs::copy(city().data() / "ledger", copy, fs::copy_options::recursive);
  ASSERT_TRUE(city().start().ok());
  int exit_code = -1;
  audit(city(), copy, &exit_code);
  ASSERT_EQ(exit_code, 0);
  std::vector<fs::path> chunks;
  for (const auto& entry : fs::recursive_directory_iterator(copy / "chunks")) {
    if (entry.is_regular_file() && entry.file_size() > 0) chunks.push_back(entry.path());
  }
  ASSERT_FALSE(chunks.empty());
  std::mt19937_64 random(20261124);
  for (int round = 0; round < 12; ++round) {
    const fs::path& chunk = chunks[random() % chunks.size()];
    auto bytes = read_file(chunk, 1U << 30U);
    ASSERT_TRUE(bytes.ok());
    const std::string intact = *bytes;
    const std::size_t at = random() % bytes->size();
    (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << (random() % 8)));
    ASSERT_TRUE(write_file(chunk, *bytes, FileMode::kPrivate).ok());
    const Json report = audit(city(), copy, &exit_code);
    EXPECT_EQ(exit_code, 4) << chunk << " at " << at;
    EXPECT_FALSE(report.value("ok", true));
    EXPECT_FALSE(report.value("code", "").empty());
    ASSERT_TRUE(write_file(chunk, intact, FileMode::kPrivate).ok());
  }
  audit(city(), copy, &exit_code);
  EXPECT_EQ(exit_code, 0);
}

TEST_F(Restart, TheSqlViewIsRebuiltFromTheLedger) {
  const auto seen = [] {
    return Json{{"members", city().run_as("operator", {"operator", "members"})},
                {"catalogue", city().run_as("operator", {"operator", "catalogue"})},
                {"flows", city().run_as("jrj", {"regulator", "flows"})},
                {"statistics", city().run_as("operator", {"operator", "status"}).at("statistics")}};
  };
  const Json before = seen();
  ASSERT_EQ(city().stop(), 0);
  std::size_t removed = 0;
  for (const char* name : {"view.db", "view.db-wal", "view.db-shm"}) {
    removed += fs::remove(city().data() / name) ? 1 : 0;
  }
  ASSERT_GE(removed, 1U);
  ASSERT_TRUE(city().start().ok());
  EXPECT_EQ(seen(), before);
}

/// A stream of requests by the bank; what was acknowledged is remembered.
class Stream {
 public:
  Stream(LiveCity& city, const Json& template_body, int threads) {
    for (int i = 0; i < threads; ++i) {
      workers_.emplace_back(
          [this, &city, template_body] { submit_until_broken(city, template_body); });
    }
  }
  ~Stream() { join(); }
  void join() {
    for (std::thread& worker : workers_) {
      if (worker.joinable()) worker.join();
    }
  }
  std::size_t count() const { return acknowledged_count_.load(); }
  const std::vector<client::Submitted>& acknowledged() const { return acknowledged_; }

 private:
  void submit_until_broken(LiveCity& city, Json body) {
    auto client = city.client("qc-bank");
    if (!client.ok()) return;
    for (;;) {
      body["request"] = random_id();
      auto done = (*client)->submit("request.create", body);
      if (!done.ok()) {
        if (done.error().code.starts_with("client.")) return;
        const std::lock_guard lock(mutex_);
        ADD_FAILURE() << done.error().code << " " << done.error().message;
        return;
      }
      const std::lock_guard lock(mutex_);
      acknowledged_.push_back(std::move(done).value());
      acknowledged_count_.fetch_add(1);
    }
  }

  std::mutex mutex_;
  std::atomic<std::size_t> acknowledged_count_{0};
  std::vector<client::Submitted> acknowledged_;
  std::vector<std::thread> workers_;
};

TEST_F(Restart, KilledInAStreamItKeepsEverythingAcknowledged) {
  // The first story's request is the model: same product, subject and terms, new ids.
  const std::string request = facts(first_story(), 5).at("request");
  auto bank = city().client("qc-bank");
  ASSERT_TRUE(bank.ok());
  const auto entry = (*bank)->get("/v1/requests/" + request);
  ASSERT_TRUE(entry.ok());
  const Json body = entry->at("body");
  std::mt19937_64 random(std::random_device{}());
  for (int round = 0; round < 5; ++round) {
    Stream stream(city(), body, 4);
    const std::size_t enough = 5 + random() % 60;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (stream.count() < enough && std::chrono::steady_clock::now() < until) {
      ASSERT_TRUE(city().running()) << "the host ended by itself in the stream";
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    city().kill_hard();
    stream.join();
    ASSERT_GE(stream.count(), enough);
    ASSERT_TRUE(city().start().ok());
    auto again = city().client("qc-bank");
    ASSERT_TRUE(again.ok());
    for (const client::Submitted& done : stream.acknowledged()) {
      const auto found = (*again)->get("/v1/transactions/" + done.tx);
      ASSERT_TRUE(found.ok()) << "an acknowledged transaction is gone: " << done.tx;
      EXPECT_EQ(found->at("transaction"), done.bytes);
    }
  }
  ASSERT_EQ(city().stop(), 0);
  int exit_code = -1;
  const Json report = audit(city(), city().data() / "ledger", &exit_code);
  EXPECT_EQ(exit_code, 0) << report.dump();
  ASSERT_TRUE(city().start().ok());
}

}  // namespace
}  // namespace qc::tests
