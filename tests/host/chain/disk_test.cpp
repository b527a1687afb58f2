// A disk that is full, turns read-only or writes a little at a time, under each kind of file: what
// was acknowledged is there afterwards, and the audit passes.
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/snapshot.hpp"
#include "tests/host/chain/failing_disk.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

struct DiskCase {
  const char* name;
  DiskFault fault;
  const char* files;
  /// What a caller is told while it lasts; "" where the file is no condition of an answer.
  const char* told;
  bool heals;  ///< without a restart
};

class DiskTest : public testing::Test {
 protected:
  std::unique_ptr<Ledger> open() const {
    LedgerParts parts;
    // Small buffers, so that their thread writes a table every few transactions.
    parts.open_store = [](const fs::path& path) { return open_rocks_sized(path, 32U << 10U); };
    return must_open(small(), std::move(parts));
  }
  LedgerOptions small() const {
    LedgerOptions options = options_in(ledger());
    options.chunk_bytes = 48U << 10U;
    return options;
  }
  fs::path ledger() const { return dir_.path() / "ledger"; }

  /// Submits `count` persons; keeps what was acknowledged. The codes of the others.
  std::map<std::string, int> submit_people(Ledger& ledger, unsigned count) {
    std::map<std::string, int> codes;
    for (unsigned n = 0; n < count; ++n) {
      const std::string tx = subject_tx(next_++);
      const auto applied = ledger.submit(tx);
      if (applied) {
        acknowledged_[applied->index] = tx;
      } else {
        ++codes[applied.error().code];
      }
    }
    return codes;
  }
  void expect_whole() {
    const auto ledger = open();
    for (const auto& [index, tx] : acknowledged_) {
      const auto stored = ledger->transaction(index);
      ASSERT_TRUE(stored.ok()) << "transaction " << index << " was acknowledged and is lost";
      ASSERT_EQ(stored->bytes, tx) << index;
      ASSERT_TRUE(ledger->receipt(index).ok()) << index;
    }
    EXPECT_TRUE(submit_people(*ledger, 3).empty()) << "and goes on";
  }
  AuditReport audited() const {
    AuditOptions options;
    options.directory = ledger();
    auto report = audit_ledger(options);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report ? std::move(report).value() : AuditReport{};
  }
  void expect_audit_passes() const {
    const AuditReport report = audited();
    EXPECT_TRUE(report.ok) << report.code << ": " << report.message << ' ' << report.file;
  }

  TempDir dir_;
  unsigned next_ = 0;
  std::map<std::uint64_t, std::string> acknowledged_;
};

class DiskFaults : public DiskTest, public testing::WithParamInterface<DiskCase> {};

TEST_P(DiskFaults, LoseNothingAcknowledged) {
  const DiskCase& now = GetParam();
  auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  {
    const FailingDisk disk(now.fault, this->ledger().string(), now.files);
    const auto codes = submit_people(*ledger, 300);
    EXPECT_GT(FailingDisk::hits(), 0) << "the fault was never met";
    for (const auto& [code, count] : codes) EXPECT_NE(std::string(now.told).find(code), code.npos);
    EXPECT_EQ(codes.empty(), *now.told == '\0');
    EXPECT_EQ(ledger->health().writable, codes.empty()) << ledger->health().reason;
    if (!now.heals) ledger.reset();  // and it ends on such a disk
  }
  if (ledger) {
    EXPECT_TRUE(submit_people(*ledger, 3).empty()) << "heals by itself";
    EXPECT_TRUE(ledger->health().writable);
    ledger.reset();
  }
  expect_whole();
  expect_audit_passes();
}

/// Everything but the files that RocksDB writes by itself: AFullDiskUnderTheStoreMayEndTheProcess.
constexpr const char* kAlmostAll = "^(?!/state/(?!next))";

constexpr DiskCase kDiskCases[] = {
    {"FullChunk", DiskFault::kFull, "\\.qcl$", "ledger.io", true},
    {"FullTiles", DiskFault::kFull, "/tiles/", "ledger.state_failed ledger.io", false},
    {"FullStateTables", DiskFault::kFull, "/state/next", "ledger.state_failed ledger.io", false},
    {"FullHeads", DiskFault::kFull, "\\.heads$", "", true},
    {"FullHints", DiskFault::kFull, "\\.hints$", "", true},
    {"FullEverywhere", DiskFault::kFull, kAlmostAll, "ledger.state_failed ledger.io", false},
    {"FailingChunk", DiskFault::kFailing, "\\.qcl$", "ledger.io", false},
    {"FailingTiles", DiskFault::kFailing, "/tiles/", "ledger.state_failed ledger.io", false},
    {"ReadOnlyChunk", DiskFault::kReadOnly, "\\.qcl$", "ledger.io", false},
    {"ReadOnlyTiles", DiskFault::kReadOnly, "/tiles/", "ledger.state_failed ledger.io", false},
    {"ReadOnlyState", DiskFault::kReadOnly, "/state/next", "ledger.state_failed ledger.io", false},
    {"ReadOnlyHeads", DiskFault::kReadOnly, "\\.heads$", "", true},
    {"ReadOnlyEverywhere", DiskFault::kReadOnly, kAlmostAll, "ledger.state_failed ledger.io",
     false},
    {"ShortWrites", DiskFault::kShortWrites, ".", "", true},
};
INSTANTIATE_TEST_SUITE_P(Of, DiskFaults, testing::ValuesIn(kDiskCases),
                         [](const auto& one) { return std::string(one.param.name); });

/// Debian's RocksDB has its assertions, and one of them ends the process when what it writes by
/// itself, its list of files or a merged table, cannot be written. Whether it does or not: what was
/// acknowledged is there.
TEST_F(DiskTest, AFullDiskUnderTheStoreMayEndTheProcessButLosesNothing) {
  constexpr unsigned kAll = 300;
  std::vector<std::string> sent;  // made here: no two are the same
  for (unsigned n = 0; n < kAll; ++n) sent.push_back(subject_tx(n));
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto ledger = open();
    submit_all(*ledger, signed_history(city()));
    std::optional<FailingDisk> disk;
    for (unsigned n = 0; n < kAll; ++n) {
      if (n == 40) disk.emplace(DiskFault::kFull, this->ledger().string(), "/state/(?!next)");
      const auto applied = ledger->submit(sent[n]);
      const std::string line = (applied ? std::to_string(applied->index) : "-") + " ";
      if (write(ends[1], line.data(), line.size()) < 0) _exit(1);
    }
    _exit(FailingDisk::hits() > 0 ? 0 : 2);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) ? WTERMSIG(status) == SIGABRT : WEXITSTATUS(status) == 0)
      << status;
  std::istringstream words(text);
  std::string index;
  for (unsigned n = 0; words >> index; ++n) {
    if (index != "-") acknowledged_[std::stoull(index)] = sent[n];
  }
  EXPECT_GE(acknowledged_.size(), 40U);
  next_ = 1000;
  expect_whole();
  expect_audit_passes();
}

TEST_F(DiskTest, AReadOnlyDiskIsSaidAtTheStartAndChangesNothing) {
  {
    const auto ledger = open();
    submit_all(*ledger, signed_history(city()));
    EXPECT_TRUE(submit_people(*ledger, 40).empty());
  }
  {
    const FailingDisk disk(DiskFault::kReadOnly, ledger().string(), ".");
    const auto opened = Ledger::open(small(), key_of("host"));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, "ledger.io");
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnavailable);
  }
  expect_whole();
  expect_audit_passes();
}

/// Each file of a snapshot in turn: the snapshot fails and leaves nothing, the ledger goes on.
TEST_F(DiskTest, ASnapshotThatCannotBeWrittenIsNone) {
  const auto ledger = open();
  submit_all(*ledger, signed_history(city()));
  EXPECT_TRUE(submit_people(*ledger, 120).empty());
  const fs::path out = dir_.path() / "out";
  for (const auto fault : {DiskFault::kFull, DiskFault::kReadOnly}) {
    for (const char* file : {"/rows$", "/tiles/0$", "\\.qcl$", "\\.heads$", "SNAPSHOT", "."}) {
      SCOPED_TRACE(std::string(file) + (fault == DiskFault::kFull ? " full" : " read-only"));
      {
        const FailingDisk disk(fault, out.string(), file);
        const auto report = write_snapshot(*ledger, {this->ledger(), out});
        EXPECT_GT(FailingDisk::hits(), 0);
        EXPECT_FALSE(report.ok());
        EXPECT_FALSE(fs::exists(out));
      }
      EXPECT_TRUE(submit_people(*ledger, 1).empty());
    }
  }
  {
    const FailingDisk disk(DiskFault::kShortWrites, out.string(), ".");
    const auto report = write_snapshot(*ledger, {this->ledger(), out});
    EXPECT_GT(FailingDisk::hits(), 0);
    ASSERT_TRUE(report.ok()) << report.error().message;
  }
  const auto restored =
      restore_snapshot({out, dir_.path() / "restored", key_of("host").public_key(), ""});
  EXPECT_TRUE(restored.ok()) << restored.error().message;
}

/// A line that could not be cut off is, before the next one: else that one would be part of it, and
/// the file would say that it is damaged.
TEST_F(DiskTest, AHeadIsNotWrittenBehindHalfOfAnother) {
  HeadsWriter writer(dir_.path());
  writer.write(0, "first", false);
  {
    const FailingDisk disk(DiskFault::kFailing, dir_.path().string(), "\\.heads$");
    EXPECT_FALSE(writer.try_write(0, "second", false).ok());
    EXPECT_GT(FailingDisk::hits(), 1);
  }
  EXPECT_TRUE(writer.try_write(0, "third", true).ok());
  EXPECT_EQ(read_text(dir_.path() / heads_name(0)), "{\"head\":\"first\"}\n{\"head\":\"third\"}\n");
}

/// Whoever holds a copy, a member or a backup, has what mends it; the audit says which file.
TEST_F(DiskTest, AFlippedBitIsNamedAndTheFileOfACopyMendsIt) {
  {
    const auto ledger = open();
    submit_all(*ledger, signed_history(city()));
    EXPECT_TRUE(submit_people(*ledger, 300).empty());
  }
  const fs::path copy = dir_.path() / "copy";
  fs::copy(ledger(), copy, fs::copy_options::recursive);
  std::map<std::string, int> kinds;
  for (const char* folder : {"chunks", "tiles"}) {
    for (const auto& entry : fs::directory_iterator(copy / folder)) {
      if (entry.file_size() == 0) continue;
      const fs::path name = fs::path(folder) / entry.path().filename();
      SCOPED_TRACE(name.string());
      const std::string whole = read_text(entry.path());
      std::string bytes = whole;
      bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
      write_text(ledger() / name, bytes);
      const AuditReport report = audited();
      EXPECT_FALSE(report.ok);
      EXPECT_EQ(report.file, name.string());
      write_text(ledger() / name, whole);
      ++kinds[folder + name.extension().string()];
    }
  }
  EXPECT_EQ(kinds.size(), 4U) << "chunks, heads, hints, tiles";
  EXPECT_GT(kinds["chunks.qcl"], 2);
  expect_audit_passes();
  expect_whole();
}

}  // namespace
}  // namespace qc::chain::test
