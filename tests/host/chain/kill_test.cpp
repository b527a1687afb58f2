// kill -9 at random moments: what was acknowledged is there, nothing is half there.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <poll.h>
#include <random>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/receipt.hpp"
#include "tests/host/chain/fixture.hpp"
#include "tests/paths.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

/// One life of the target: started, read from, killed.
class Target {
 public:
  explicit Target(std::vector<std::string> arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    const std::string program = qc::tests::binary_dir() + "/bin/chain_kill_target";
    child_ = fork();
    if (child_ == 0) {
      dup2(ends[1], 3);
      fcntl(3, F_SETFD, 0);  // stays open across exec, even if it was 3 before
      std::vector<char*> argv = {const_cast<char*>(program.c_str())};
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      execv(program.c_str(), argv.data());
      _exit(127);
    }
    close(ends[1]);
    out_ = ends[0];
  }
  ~Target() { close(out_); }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  void read_for(int ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      pollfd wait{out_, POLLIN, 0};
      if (poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
      if (!read_some()) return;
    }
  }
  /// Waits for this many acknowledgements of this life.
  void read_lines(std::int64_t lines) {
    while (std::count(text_.begin(), text_.end(), '\n') < lines && read_some()) {
    }
  }
  /// Kills, and returns everything that was acknowledged.
  std::map<std::uint64_t, std::string> kill_now() {
    kill(child_, SIGKILL);
    const int status = wait_for_end();
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself, status " << WEXITSTATUS(status);
    return acknowledged();
  }
  /// Waits until it has ended; its wait status.
  int wait_for_end() {
    while (read_some()) {
    }
    int status = 0;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    return status;
  }
  std::map<std::uint64_t, std::string> acknowledged() const {
    std::map<std::uint64_t, std::string> acknowledged;
    std::istringstream lines(text_.substr(0, text_.rfind('\n') + 1));
    std::uint64_t index = 0;
    std::string tx;
    while (lines >> index >> tx) acknowledged[index] = tx;
    return acknowledged;
  }

 private:
  bool read_some() {
    char buffer[4096];
    const ssize_t got = read(out_, buffer, sizeof buffer);
    if (got <= 0) return false;
    text_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  pid_t child_ = -1;
  int out_ = -1;
  std::string text_;
};

class KillTest : public testing::Test {
 protected:
  LedgerOptions options() const {
    LedgerOptions out = options_in(dir_.path());
    out.chunk_bytes = 48U << 10U;
    return out;
  }

  void check_acknowledged(const Ledger& ledger) const {
    for (const auto& [index, tx] : acknowledged_) {
      const auto stored = ledger.transaction(index);
      ASSERT_TRUE(stored.ok()) << "transaction " << index << " was acknowledged and is lost";
      ASSERT_EQ(to_hex(crypto::sm3(stored->bytes)), tx) << index;
    }
    if (ledger.size() == 0) return;
    const auto receipt = ledger.receipt(ledger.size() - 1);
    ASSERT_TRUE(receipt.ok());
    EXPECT_TRUE(proof::verify_receipt(ledger.transaction(ledger.size() - 1)->bytes, *receipt,
                                      ledger.host_key(), kChain)
                    .ok());
  }

  void check_after_kill() {
    {
      const auto ledger = must_open(options());
      check_acknowledged(*ledger);
      size_ = ledger->size();
    }
    AuditOptions audit;
    audit.directory = dir_.path();
    if (size_ != 0) {
      const auto report = audit_ledger(audit);
      ASSERT_TRUE(report.ok()) << report.error().message;
      ASSERT_TRUE(report->ok) << report->code << ": " << report->message << " " << report->file;
      ASSERT_EQ(report->transactions, size_);
    }
    // Recovered state equals the state that the files alone give.
    const Hash32 recovered = digest_of(dir_.path());
    const TempDir scratch;
    copy_chunks(dir_.path(), scratch.path());
    LedgerOptions fresh = options();
    fresh.directory = scratch.path();
    must_open(fresh).reset();
    ASSERT_EQ(digest_of(scratch.path()), recovered);
    for (const char* level : {"tiles/0", "tiles/1"}) {
      ASSERT_EQ(read_text(scratch.path() / level), read_text(dir_.path() / level)) << level;
    }
  }

  TempDir dir_;
  std::map<std::uint64_t, std::string> acknowledged_;
  std::uint64_t size_ = 0;
};

TEST_F(KillTest, NothingAcknowledgedIsLostInSixtyKills) {
  const char* chosen = std::getenv("QC_SEED");
  const unsigned seed =
      chosen != nullptr ? static_cast<unsigned>(std::atoi(chosen)) : std::random_device()();
  std::printf("seed %u (QC_SEED repeats it)\n", seed);
  std::mt19937 random(seed);
  std::uint64_t all = 0;
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    if (round % 10 == 0) {  // a new ledger now and then, so that founding is hit as well
      all += acknowledged_.size();
      fs::remove_all(dir_.path());
      fs::create_directories(dir_.path());
      acknowledged_.clear();
    }
    Target target({"stream", dir_.path().string()});
    // One in four dies while it starts, the others after some work.
    if (random() % 4 != 0) target.read_lines(1 + static_cast<std::int64_t>(random() % 60));
    target.read_for(static_cast<int>(random() % 40));
    for (auto& [index, tx] : target.kill_now()) {
      const auto [it, fresh] = acknowledged_.emplace(index, tx);
      ASSERT_TRUE(fresh || it->second == tx) << "index " << index << " was given twice";
    }
    check_after_kill();
    if (HasFatalFailure()) return;
  }
  all += acknowledged_.size();
  std::printf("%llu transactions were acknowledged\n", static_cast<unsigned long long>(all));
  EXPECT_GT(all, 500U);
}

class KillMatrix : public KillTest, public testing::WithParamInterface<const char*> {};

/// Every boundary in turn: before, in the middle of and after each append, after each sync, before
/// and after each write of the state, at each new chunk, and while it ends.
TEST_P(KillMatrix, NothingAcknowledgedIsLostAtAnyBoundary) {
  int kills = 0;
  for (int at = 1;; ++at) {
    SCOPED_TRACE("boundary " + std::to_string(at));
    fs::remove_all(dir_.path());
    fs::create_directories(dir_.path());
    Target target({"boundary", dir_.path().string(), std::to_string(at), GetParam()});
    const int status = target.wait_for_end();
    acknowledged_ = target.acknowledged();
    check_after_kill();
    if (HasFatalFailure()) return;
    if (WIFEXITED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
      break;
    }
    ASSERT_EQ(WTERMSIG(status), SIGKILL);
    ++kills;
    // While it founds, one batch is like the next: the first few say it all.
    if (std::string_view(GetParam()) == "start" && kills == 24) break;
  }
  std::printf("%d boundaries\n", kills);
  EXPECT_GE(kills, 24);
}
INSTANTIATE_TEST_SUITE_P(From, KillMatrix, testing::Values("start", "founded"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace qc::chain::test
