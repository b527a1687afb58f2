// Disks that fail: nothing of a failed batch is applied, and the ledger says so.
#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "tests/host/chain/fixture.hpp"
#include "tests/paths.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

/// What the disk shall do next; shared by all files of one ledger.
struct Disk {
  std::atomic<bool> full{false};          ///< appends write half and fail
  std::atomic<bool> sync_fails{false};    ///< appends work, fdatasync does not
  std::atomic<bool> stuck{false};         ///< not even truncating works
  std::atomic<bool> no_new_files{false};  ///< opening a chunk fails
  std::atomic<bool> held{false};          ///< appends wait
  std::atomic<int> syncs{0};
  std::atomic<bool> state_fails{false};       ///< writes to the state store fail
  std::atomic<bool> state_unreadable{false};  ///< reads from it do
};

Error disk_error(const char* why) { return unavailable("ledger.io", why); }

class FaultyFile final : public AppendFile {
 public:
  FaultyFile(std::unique_ptr<AppendFile> file, Disk& disk) : file_(std::move(file)), disk_(disk) {}
  Status append(std::string_view bytes) override {
    while (disk_.held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (disk_.full) {
      QC_TRY(file_->append(bytes.substr(0, bytes.size() / 2)));
      return disk_error("no space left");
    }
    return file_->append(bytes);
  }
  Status sync() override {
    ++disk_.syncs;
    if (disk_.sync_fails.exchange(false)) return disk_error("input/output error");
    return file_->sync();
  }
  Status truncate(std::uint64_t size) override {
    if (disk_.stuck) return disk_error("input/output error");
    return file_->truncate(size);
  }
  std::uint64_t size() const override { return file_->size(); }

 private:
  std::unique_ptr<AppendFile> file_;
  Disk& disk_;
};

class FaultyStore final : public KvStore {
 public:
  FaultyStore(std::unique_ptr<KvStore> store, Disk& disk) : store_(std::move(store)), disk_(disk) {}
  std::optional<std::string> get(std::string_view key) const override { return store_->get(key); }
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    store_->scan(prefix, start, visit);
  }
  Status write_rows(std::shared_ptr<const KvBatch> batch) override {
    if (disk_.state_fails) return disk_error("the state store cannot be written");
    return store_->write_rows(std::move(batch));
  }
  std::shared_ptr<const KvReader> snapshot() const override { return store_->snapshot(); }
  Status flush() override { return store_->flush(); }
  std::string failure() const override {
    return disk_.state_unreadable ? "a block does not match its checksum" : store_->failure();
  }

 private:
  std::unique_ptr<KvStore> store_;
  Disk& disk_;
};

class FaultTest : public testing::Test {
 protected:
  std::unique_ptr<Ledger> open(std::size_t chunk_bytes = 64U << 20U) {
    LedgerParts parts;
    parts.open_chunk = [this](const fs::path& path) -> Result<std::unique_ptr<AppendFile>> {
      if (disk_.no_new_files && !fs::exists(path)) return disk_error("no space left");
      QC_ASSIGN(auto file, open_append_file(path));
      return std::unique_ptr<AppendFile>(std::make_unique<FaultyFile>(std::move(file), disk_));
    };
    parts.open_store = [this](const fs::path& path) -> Result<std::unique_ptr<KvStore>> {
      QC_ASSIGN(auto store, open_rocks(path));
      return std::unique_ptr<KvStore>(std::make_unique<FaultyStore>(std::move(store), disk_));
    };
    LedgerOptions options = options_in(dir_.path());
    options.chunk_bytes = chunk_bytes;
    // Asked once for each batch, when it is cut.
    options.clock_ms = [this, clock = options.clock_ms] { return ++batches_cut_, clock(); };
    return must_open(options, std::move(parts));
  }
  /// Three batches, each ordered on top of the one before while the first waits for the disk, which
  /// then does what `decide` says. The outcomes, in order.
  std::vector<Result<Applied>> three_at_once(Ledger& ledger, const std::vector<std::string>& each,
                                             const std::function<void()>& decide) {
    std::vector<std::future<Result<Applied>>> answers;
    disk_.held = true;
    for (const std::string& tx : each) {
      const int before = batches_cut_;
      auto promise = std::make_shared<std::promise<Result<Applied>>>();
      answers.push_back(promise->get_future());
      ledger.submit_async(
          tx, [promise](Result<Applied> applied) { promise->set_value(std::move(applied)); });
      while (batches_cut_ == before) std::this_thread::yield();
    }
    // The last is cut: what was before it is ordered.
    EXPECT_EQ(answers.front().wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    decide();
    disk_.held = false;
    std::vector<Result<Applied>> out;
    for (auto& answer : answers) out.push_back(answer.get());
    return out;
  }
  bool audit_passes() const {
    AuditOptions options;
    options.directory = dir_.path();
    const auto report = audit_ledger(options);
    if (report && !report->ok) ADD_FAILURE() << report->code << ": " << report->message;
    return report && report->ok;
  }
  std::string chunk() const { return read_text(dir_.path() / "chunks" / "000000000000.qcl"); }

  TempDir dir_;
  Disk disk_;
  std::atomic<int> batches_cut_{0};
};

void expect_io_error(const Result<Applied>& result) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "ledger.io");
  EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
}

TEST_F(FaultTest, SyncsEveryBatchBeforeItAnswers) {
  const auto ledger = open();
  const auto history = signed_history(city());
  for (std::size_t i = 0; i < history.size(); ++i) {
    ASSERT_TRUE(ledger->submit(history[i]).ok());
    EXPECT_EQ(disk_.syncs, static_cast<int>(i + 1));
  }
}

TEST_F(FaultTest, AFullDiskAppliesNothingAndHeals) {
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t size = ledger->size();
  const std::string head = ledger->head().value();
  const std::string before = chunk();
  const std::string tx = item_tx(1);
  for (int i = 0; i < 3; ++i) {
    disk_.full = true;
    expect_io_error(ledger->submit(tx));
    EXPECT_FALSE(ledger->health().writable);
    EXPECT_NE(ledger->health().reason, "");
    EXPECT_EQ(ledger->size(), size);
    EXPECT_EQ(ledger->head().value(), head);
    EXPECT_EQ(chunk(), before);
    ledger->read(
        [](const StateReader& state) { EXPECT_FALSE(state.get("item/ga.i1/1").has_value()); });
  }
  disk_.full = false;
  ASSERT_TRUE(ledger->submit(tx).ok());  // the very same: its nonce was not used up
  EXPECT_TRUE(ledger->health().writable);
  ledger.reset();
  EXPECT_TRUE(audit_passes());
  EXPECT_EQ(open()->size(), size + 1);
}

TEST_F(FaultTest, AllCallersOfAFailedBatchAreTold) {
  const auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  disk_.full = true;
  std::vector<std::thread> threads;
  std::atomic<int> told{0};
  for (unsigned t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      const auto result = ledger->submit(item_tx(t));
      if (!result && result.error().code == "ledger.io") ++told;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told, 16);
}

TEST_F(FaultTest, AFailedSyncAppliesNothing) {
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  const std::string before = chunk();
  disk_.sync_fails = true;
  expect_io_error(ledger->submit(item_tx(1)));
  EXPECT_EQ(chunk(), before);
  ASSERT_TRUE(ledger->submit(item_tx(2)).ok());
  ledger.reset();
  EXPECT_TRUE(audit_passes());
}

/// An asset, one that takes its place, and the first once more: each asks what the one before did.
std::vector<std::string> dependent_assets() {
  World world = city();
  const Json first = asset_body(world, "jia", "ga.hukou");
  Json second = asset_body(world, "jia", "ga.hukou");
  second["supersedes"] = first.at("asset");
  const std::string tx = sign("ga", "asset.issue", first);
  return {tx, sign("ga", "asset.issue", second), tx};
}

TEST_F(FaultTest, ABatchIsOrderedOnTopOfOneThatIsNotOnTheDiskYet) {
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t size = ledger->size();
  const auto outcomes = three_at_once(*ledger, dependent_assets(), [&] {
    EXPECT_EQ(ledger->size(), size);  // nothing is shown before it is durable
  });
  ASSERT_TRUE(outcomes[0].ok());
  ASSERT_TRUE(outcomes[1].ok());
  EXPECT_EQ(outcomes[1]->index, size + 1);
  ASSERT_FALSE(outcomes[2].ok());
  EXPECT_EQ(outcomes[2].error().code, "tx.duplicate");
  ledger.reset();
  EXPECT_TRUE(audit_passes());
  EXPECT_EQ(open()->size(), size + 2);
}

TEST_F(FaultTest, WhatWasOrderedOnTopOfABatchThatIsNotWrittenIsUndone) {
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t size = ledger->size();
  const auto assets = dependent_assets();
  // The sync alone fails, and only once: those above could be written, and must not be.
  for (const auto& outcome : three_at_once(*ledger, assets, [&] { disk_.sync_fails = true; })) {
    expect_io_error(outcome);
  }
  EXPECT_EQ(ledger->size(), size);
  const auto without_first = ledger->submit(assets[1]);
  ASSERT_FALSE(without_first.ok());
  EXPECT_EQ(without_first.error().code, "asset.not_superseded");
  submit_all(*ledger, {assets[0], assets[1]});  // the very same: no nonce was used up
  EXPECT_TRUE(ledger->health().writable);
  EXPECT_EQ(ledger->size(), size + 2);
  ledger.reset();
  EXPECT_TRUE(audit_passes());
  EXPECT_EQ(open()->size(), size + 2);
}

TEST_F(FaultTest, ALedgerThatTurnsReadOnlyTakesWhatWasOrderedWithIt) {
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t size = ledger->size();
  const auto assets = dependent_assets();
  const auto break_disk = [&] { disk_.full = disk_.stuck = true; };
  for (const auto& outcome : three_at_once(*ledger, assets, break_disk)) expect_io_error(outcome);
  disk_.full = disk_.stuck = false;
  expect_io_error(ledger->submit(assets[0]));
  EXPECT_FALSE(ledger->health().writable);
  EXPECT_EQ(ledger->size(), size);
  ledger.reset();
  ledger = open();
  submit_all(*ledger, {assets[0], assets[1]});
  ledger.reset();
  EXPECT_TRUE(audit_passes());
}

TEST_F(FaultTest, TurnsReadOnlyWhenTheFailureCannotBeUndone) {
  auto ledger = open();
  const auto history = signed_history(city());
  submit_all(*ledger, history);
  disk_.full = true;
  disk_.stuck = true;
  expect_io_error(ledger->submit(item_tx(1)));
  disk_.full = false;
  disk_.stuck = false;
  expect_io_error(ledger->submit(item_tx(2)));
  EXPECT_FALSE(ledger->health().writable);
  EXPECT_NE(ledger->health().reason.find("read-only"), std::string::npos);
  // Reading goes on.
  EXPECT_EQ(ledger->size(), history.size());
  EXPECT_EQ(ledger->transaction(3).value().bytes, history[3]);
  EXPECT_TRUE(ledger->receipt(3).ok());
  ledger.reset();
  ledger = open();  // the half-written batch is a torn tail now
  EXPECT_EQ(ledger->size(), history.size());
  EXPECT_TRUE(ledger->health().writable);
  ASSERT_TRUE(ledger->submit(item_tx(2)).ok());
  ledger.reset();
  EXPECT_TRUE(audit_passes());
}

TEST_F(FaultTest, ANewChunkThatCannotBeMadeAppliesNothing) {
  auto ledger = open(16384);
  submit_all(*ledger, signed_history(city()));
  disk_.no_new_files = true;
  std::uint64_t size = ledger->size();
  Result<Applied> result = ledger->submit(subject_tx(0));
  for (unsigned n = 1; n < 30 && result.ok(); ++n) {
    size = ledger->size();
    result = ledger->submit(subject_tx(n));
  }
  expect_io_error(result);
  EXPECT_EQ(ledger->size(), size);
  disk_.no_new_files = false;
  submit_all(*ledger, {subject_tx(100), subject_tx(101)});
  ledger.reset();
  EXPECT_TRUE(audit_passes());
}

TEST_F(FaultTest, AHalfWrittenFirstRecordOfANewChunkIsCutOff) {
  auto ledger = open(16384);
  submit_all(*ledger, signed_history(city()));
  disk_.full = false;
  // Fail every second append: some of the failures open a new chunk.
  for (unsigned n = 0; n < 40; ++n) {
    disk_.full = n % 2 == 0;
    const auto result = ledger->submit(subject_tx(n));
    EXPECT_EQ(result.ok(), n % 2 == 1);
  }
  disk_.full = false;
  const std::uint64_t size = ledger->size();
  ledger.reset();
  EXPECT_TRUE(audit_passes());
  EXPECT_EQ(open(16384)->size(), size);
}

TEST_F(FaultTest, ARefusalThatCannotBeRecordedIsNotAnswered) {
  const auto ledger = open();
  Granted scene = granted();
  submit_all(*ledger, signed_history(scene.world));
  const std::string grant = scene.grant.at("grant");
  submit_all(*ledger, {sign("jia", "grant.revoke", {{"grant", grant}, {"reason", "done"}})});
  disk_.full = true;
  const std::string attempt = sign("bank", "access.open", open_body(scene.world, scene.grant));
  expect_io_error(ledger->submit(attempt));
  disk_.full = false;
  const auto refused = ledger->submit(attempt);
  EXPECT_EQ(refused.error().code, "grant.revoked");
  EXPECT_NE(refused.error().txn_id, "");
}

TEST_F(FaultTest, AStateThatCannotBeWrittenIsToldApartFromALedgerThatCannot) {
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t size = ledger->size();
  disk_.state_fails = true;
  const std::string tx = item_tx(1);
  const auto result = ledger->submit(tx);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "ledger.state_failed");
  EXPECT_FALSE(result.error().retryable);  // it is on the ledger: a second one would be a duplicate
  EXPECT_EQ(result.error().txn_id, proof::parse_transaction(tx)->id_hex());
  EXPECT_EQ(ledger->size(), size);
  disk_.state_fails = false;
  expect_io_error(ledger->submit(item_tx(2)));
  EXPECT_FALSE(ledger->health().writable);
  ledger.reset();
  ledger = open();  // brings the state level
  EXPECT_EQ(ledger->size(), size + 1);
  EXPECT_EQ(ledger->transaction(size).value().bytes, tx);
  ledger.reset();
  EXPECT_TRUE(audit_passes());
}

TEST_F(FaultTest, NothingIsDecidedOnAStateThatCannotBeRead) {
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  const std::string before = chunk();
  disk_.state_unreadable = true;
  expect_io_error(ledger->submit(item_tx(1)));
  disk_.state_unreadable = false;
  EXPECT_EQ(chunk(), before);
  expect_io_error(ledger->submit(item_tx(1)));  // a person has to look first
  ledger.reset();
  EXPECT_TRUE(open()->submit(item_tx(1)).ok());
}

/// A real limit of the operating system, in a process of its own.
TEST(FullDisk, TheOperatingSystemsLimitIsAnAnswerToo) {
  const TempDir dir;
  const std::string program = qc::tests::binary_dir() + "/bin/chain_kill_target";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    execl(program.c_str(), program.c_str(), "full", dir.path().c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "the process was killed";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  AuditOptions options;
  options.directory = dir.path();
  const auto report = audit_ledger(options);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ok) << report->message;
}

}  // namespace
}  // namespace qc::chain::test
