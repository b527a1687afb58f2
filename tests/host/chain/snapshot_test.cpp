// Snapshots: the digest on the ledger, the audit's word on it, and a ledger made from a copy that
// nobody needs to trust.
#include "host/chain/snapshot.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/keys.hpp"
#include "host/chain/offline.hpp"
#include "host/chain/restored.hpp"
#include "host/chain/snapshot_keeper.hpp"
#include "host/chain/snapshot_rows.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

LedgerOptions small_chunks(const fs::path& directory) {
  LedgerOptions options = options_in(directory);
  options.chunk_bytes = 16384;
  return options;
}

/// A ledger of some chunks, and what a test does with it.
class SnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    ledger_ = must_open(small_chunks(place("ledger")));
    submit_all(*ledger_, signed_history(granted().world));
    for (unsigned n = 0; n < 20; ++n) submit_all(*ledger_, {subject_tx(n), item_tx(n)});
    size_ = ledger_->size();
  }
  fs::path place(const std::string& name) const { return dir_.path() / name; }
  SnapshotReport snapshot(const std::string& name = "snapshot") {
    auto report = write_snapshot(*ledger_, {place("ledger"), place(name)});
    EXPECT_TRUE(report.ok()) << report.error().code << ": " << report.error().message;
    return report ? std::move(report).value() : SnapshotReport{};
  }
  Result<RestoreReport> restore(const std::string& from = "snapshot",
                                const std::string& newest_head = "") {
    fs::remove_all(place("restored"));
    return restore_snapshot(
        {place(from), place("restored"), key_of("host").public_key(), newest_head});
  }
  /// The code with which the restored folder does not open, or ""; `why` is what it says.
  std::string start_refused(bool ends_here = false) {
    LedgerOptions options = small_chunks(place("restored"));
    options.restored_ends_here = ends_here;
    const auto opened = Ledger::open(options, key_of("host"));
    why = opened ? "" : opened.error().message;
    return opened ? "" : opened.error().code;
  }
  void copy_later_chunks() {
    const std::uint64_t from = list_chunks(place("restored") / "chunks")->chunks.back().first_index;
    fs::remove_all(place("copy"));
    ASSERT_TRUE(export_ledger({place("ledger"), place("copy"), from}).ok());
    fs::copy(place("copy") / "chunks", place("restored") / "chunks",
             fs::copy_options::overwrite_existing | fs::copy_options::recursive);
  }
  bool marked() const { return fs::exists(place("restored") / kRestoredFile); }
  std::string refusal(const std::string& from) {
    const auto restored = restore(from);
    EXPECT_FALSE(fs::exists(place("restored"))) << "what was refused must not be there";
    EXPECT_FALSE(fs::exists(place("restored.part")));
    return restored ? "" : restored.error().code;
  }
  /// A copy of the snapshot to be falsified.
  fs::path forged() {
    fs::remove_all(place("forged"));
    fs::copy(place("snapshot"), place("forged"), fs::copy_options::recursive);
    return place("forged");
  }
  AuditReport audited(std::size_t state_bytes = std::size_t{1} << 30U) {
    ledger_.reset();
    AuditOptions options;
    options.state_bytes = state_bytes;
    options.directory = place("ledger");
    auto report = audit_ledger(options);
    EXPECT_TRUE(report.ok());
    return report ? std::move(report).value() : AuditReport{};
  }

  TempDir dir_;
  std::unique_ptr<Ledger> ledger_;
  std::uint64_t size_ = 0;
  std::string why;
};

/// Writes the rows anew, each as `change` gives it; "" leaves it out.
void change_rows(const fs::path& snapshot,
                 const std::function<std::string(std::string_view, std::string_view)>& change) {
  const fs::path changed = snapshot / "changed";
  auto rows = RowsWriter::create(changed);
  ASSERT_TRUE(rows.ok());
  ASSERT_TRUE(read_rows(snapshot / "rows", [&](std::string_view key, std::string_view value) {
                const std::string now = change(key, value);
                return now.empty() ? Status() : rows->add(key, now);
              }).ok());
  ASSERT_TRUE(rows->finish().ok());
  fs::rename(changed, snapshot / "rows");
}

TEST_F(SnapshotTest, GivesALedgerThatGoesOnLikeTheFirst) {
  const SnapshotReport report = snapshot();
  EXPECT_EQ(report.size, size_ + 1);
  const auto restored = restore();
  ASSERT_TRUE(restored.ok()) << restored.error().code << ": " << restored.error().message;
  EXPECT_EQ(restored->digest, report.digest);
  EXPECT_EQ(restored->transactions, size_ + 2);
  EXPECT_LT(list_chunks(place("restored") / "chunks")->chunks.size(),
            list_chunks(place("ledger") / "chunks")->chunks.size());
  {
    LedgerOptions options = small_chunks(place("restored"));
    options.restored_ends_here = true;
    const auto other = must_open(options);
    const auto mine = ledger_->receipt(3);
    const auto of_other = other->receipt(3);  // of a chunk that is not there any more
    ASSERT_TRUE(mine.ok() && of_other.ok());
    EXPECT_EQ(mine->path, of_other->path);
    const auto events = other->subject_events(account_of("jia"));
    ASSERT_TRUE(events.ok());
    EXPECT_EQ(events->indexes, ledger_->subject_events(account_of("jia"))->indexes);
    const std::string later = item_tx(300);
    for (Ledger* ledger : {other.get(), ledger_.get()}) submit_all(*ledger, {later});
  }
  ledger_.reset();
  // Every row: what was made anew is what the host had written, one transaction after another.
  EXPECT_EQ(digest_of(place("restored")), digest_of(place("ledger")));
}

// A host that begins on a restored folder while there is more would sign a second history.
TEST_F(SnapshotTest, ARestoredLedgerDoesNotStartBehindWhatItsHostSigned) {
  snapshot();
  for (unsigned n = 50; n < 70; ++n) submit_all(*ledger_, {subject_tx(n), item_tx(n)});
  const std::uint64_t newest = ledger_->size();
  const auto restored = restore("snapshot", *ledger_->head());
  ASSERT_TRUE(restored.ok()) << restored.error().code;
  EXPECT_EQ(restored->behind_to, newest);
  const auto last = list_chunks(place("restored") / "chunks")->chunks.back();
  for (int time = 0; time < 2; ++time) {  // and does not come to believe it
    EXPECT_EQ(start_refused(), "ledger.behind");
    EXPECT_NE(why.find("signed a head of " + std::to_string(newest)), std::string::npos) << why;
    EXPECT_NE(why.find(last.path.filename().string()), std::string::npos) << why;
    EXPECT_TRUE(marked());
  }
  submit_all(*ledger_, {item_tx(99)});
  copy_later_chunks();
  EXPECT_EQ(start_refused(), "");  // beyond the head that was known
  EXPECT_FALSE(marked());
  EXPECT_EQ(start_refused(), "");
}

TEST_F(SnapshotTest, OneBatchLessThanTheKnownHeadIsStillBehind) {
  snapshot();
  for (unsigned n = 50; n < 60; ++n) submit_all(*ledger_, {subject_tx(n), item_tx(n)});
  ASSERT_TRUE(restore("snapshot", *ledger_->head()).ok());
  copy_later_chunks();
  const auto chunk = list_chunks(place("restored") / "chunks")->chunks.back().path;
  fs::resize_file(chunk, fs::file_size(chunk) - 1);  // its last batch is cut off as torn
  fs::remove(chunk.string() + ".heads");
  EXPECT_EQ(start_refused(), "ledger.behind");
  EXPECT_NE(why.find(std::to_string(ledger_->size())), std::string::npos) << why;
  copy_later_chunks();
  EXPECT_EQ(start_refused(), "");
  EXPECT_FALSE(marked());
}

TEST_F(SnapshotTest, WhereNoNewestHeadIsKnownSomebodyMustSayThatItEndsHere) {
  snapshot();
  ASSERT_TRUE(restore().ok());
  EXPECT_EQ(start_refused(), "ledger.behind");
  EXPECT_EQ(start_refused(true), "");
  EXPECT_FALSE(marked());
  EXPECT_EQ(start_refused(), "");  // said once
}

TEST_F(SnapshotTest, TheNewestHeadMustBeThisLedgers) {
  snapshot();
  const auto opened =
      proof::open_head(*ledger_->head(), key_of("host").public_key(), ledger_->chain());
  proof::TreeHead other = *opened;
  other.log_root[0] ^= 1U;
  EXPECT_EQ(restore("snapshot", proof::sign_head(other, key_of("host"))).error().code,
            "ledger.snapshot_mismatch");
  EXPECT_EQ(restore("snapshot", proof::sign_head(*opened, key_of("bank"))).error().code,
            "head.bad_signature");
  EXPECT_FALSE(fs::exists(place("restored")));
  // A later one can be held against the ledger only when that has come so far.
  submit_all(*ledger_, {item_tx(77)});
  other.size = ledger_->size();
  ASSERT_TRUE(restore("snapshot", proof::sign_head(other, key_of("host"))).ok());
  EXPECT_EQ(start_refused(), "ledger.behind");
  copy_later_chunks();
  EXPECT_EQ(start_refused(), "ledger.corrupt");
  EXPECT_EQ(start_refused(true), "ledger.corrupt");
  EXPECT_TRUE(marked());
}

TEST_F(SnapshotTest, IsWhatAnAuditFindsInWhateverMemory) {
  snapshot();
  submit_all(*ledger_, {subject_tx(40), item_tx(40)});
  snapshot("another");
  for (const std::size_t bytes : {std::size_t{1} << 30U, std::size_t{1}}) {
    const AuditReport report = audited(bytes);
    EXPECT_TRUE(report.ok) << report.code << ": " << report.message;
    EXPECT_EQ(report.snapshots, 2U);
  }
}

TEST_F(SnapshotTest, StopsNobodyMeanwhile) {
  std::atomic<bool> done{false};
  std::atomic<unsigned> taken{0};
  std::thread others([&] {
    for (unsigned n = 100; !done || n < 110; ++n) {
      submit_all(*ledger_, {subject_tx(n)});
      ++taken;
    }
  });
  while (taken == 0) std::this_thread::yield();
  std::vector<SnapshotReport> made;
  for (const char* name : {"one", "two", "three"}) made.push_back(snapshot(name));
  done = true;
  others.join();
  EXPECT_GT(made[2].size, made[0].size + 4) << "nothing but the snapshots' own transactions";
  for (const char* name : {"one", "two", "three"}) {
    const auto restored = restore(name);
    EXPECT_TRUE(restored.ok()) << name << ": " << restored.error().message;
  }
  const AuditReport report = audited();
  EXPECT_TRUE(report.ok) << report.code << ": " << report.message;
  EXPECT_EQ(report.snapshots, 3U);
  EXPECT_EQ(report.snapshots_unknown, 0U);
}

TEST_F(SnapshotTest, IsRefusedWithAnotherState) {
  snapshot();
  const auto state = [](std::string_view name) { return "s" + std::string(name); };
  // A document, a missing one, and a transaction's subjects and signer.
  const fs::path other_document = forged();
  change_rows(other_document, [&](std::string_view key, std::string_view value) {
    std::string now(value);
    if (key == state("network")) now.insert(now.size() - 1, " ");
    return now;
  });
  EXPECT_EQ(refusal("forged"), "ledger.snapshot_mismatch");
  change_rows(forged(), [&](std::string_view key, std::string_view value) {
    return key == state("network") ? std::string() : std::string(value);
  });
  EXPECT_EQ(refusal("forged"), "ledger.snapshot_mismatch");
  change_rows(forged(), [&](std::string_view key, std::string_view value) {
    std::string now(value);
    auto row = key.front() == 'f' ? decode_tx_row(value) : std::nullopt;
    if (row && !row->effect.subjects.empty()) {
      row->effect.subjects.clear();
      now = encode(*row);
    }
    return now;
  });
  EXPECT_EQ(refusal("forged"), "ledger.snapshot_mismatch");
  EXPECT_TRUE(restore().ok());
}

TEST_F(SnapshotTest, IsRefusedWithAnotherPlaceLogOrHead) {
  const std::string older = *ledger_->head();
  snapshot();
  // A longer past than the ledger's records have.
  change_rows(forged(), [](std::string_view key, std::string_view value) {
    auto at = key == "z" ? decode_position(value) : std::nullopt;
    if (at) at->batches += 1;
    return at ? encode(*at) : std::string(value);
  });
  EXPECT_EQ(refusal("forged"), "ledger.corrupt");
  // Another first transaction in the log.
  std::string leaves = read_text(forged() / "tiles" / "0");
  leaves[0] = static_cast<char>(leaves[0] ^ 1);
  write_text(place("forged") / "tiles" / "0", leaves);
  EXPECT_NE(refusal("forged"), "");
  // No head, or one of fewer transactions: the last ones are signed by nobody.
  const auto listing = list_chunks(forged() / "chunks");
  for (const ChunkFile& file : listing->heads) fs::remove(file.path);
  EXPECT_EQ(refusal("forged"), "ledger.snapshot_mismatch");
  const auto others = list_chunks(forged() / "chunks");
  write_text(others->heads.back().path, Json{{"head", older}}.dump() + "\n");
  EXPECT_EQ(refusal("forged"), "ledger.snapshot_mismatch");
  // Somebody else's.
  EXPECT_EQ(restore_snapshot({place("snapshot"), place("restored"), key_of("bank").public_key()})
                .error()
                .code,
            "ledger.wrong_host_key");
  EXPECT_TRUE(restore().ok());
}

TEST_F(SnapshotTest, IsRefusedWithAnotherFirstTransaction) {
  snapshot();
  const fs::path first = forged() / "chunks" / chunk_name(0);
  std::string bytes = read_text(first);
  constexpr std::size_t kStart = kRecordHeaderBytes + sizeof(std::uint32_t);
  const std::size_t length = FieldReader(std::string_view(bytes).substr(kRecordHeaderBytes)).u32();
  char& in_signature = bytes[kStart + length - 10];  // still names this network and host
  in_signature = in_signature == 'A' ? 'B' : 'A';
  write_text(first, bytes);
  EXPECT_EQ(refusal("forged"), "ledger.snapshot_mismatch");
}

TEST_F(SnapshotTest, IsRefusedWithoutTheStatement) {
  snapshot();
  Json about = Json::parse(read_text(forged() / "SNAPSHOT"));
  about["snapshot"] = random_id();
  write_text(place("forged") / "SNAPSHOT", about.dump());
  EXPECT_EQ(refusal("forged"), "ledger.snapshot_mismatch");
}

TEST_F(SnapshotTest, DamageIsNamed) {
  snapshot();
  const std::string whole = read_text(place("snapshot") / "rows");
  for (const std::size_t at : {std::size_t{2}, whole.size() / 2, whole.size() - 5}) {
    std::string rows = whole;
    rows[at] = static_cast<char>(rows[at] ^ 0x20);
    write_text(forged() / "rows", rows);
    EXPECT_NE(refusal("forged"), "") << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{40}, whole.size() - 1}) {
    write_text(forged() / "rows", whole.substr(0, size));
    EXPECT_EQ(refusal("forged"), "snapshot.damaged") << size;
  }
  write_text(forged() / "rows", whole + "x");
  EXPECT_EQ(refusal("forged"), "snapshot.damaged");
}

TEST_F(SnapshotTest, AWrongDigestIsNamedByTheAudit) {
  const std::string id = random_id();
  ASSERT_TRUE(ledger_->begin_snapshot(id).ok());
  const std::uint64_t size = ledger_->size();
  const auto stated = [&](std::uint64_t at, std::string_view format = kStateFormat) {
    return ledger_->submit_as_host(
        "snapshot.state",
        {{"snapshot", id}, {"size", at}, {"format", format}, {"digest", std::string(64, '0')}});
  };
  EXPECT_EQ(stated(size - 1).error().code, "snapshot.wrong_size");
  EXPECT_EQ(stated(size + 1).error().code, "snapshot.wrong_size");
  ASSERT_TRUE(stated(size).ok());
  EXPECT_EQ(stated(size).error().code, "snapshot.wrong_state");
  EXPECT_EQ(ledger_->begin_snapshot(id).error().code, "snapshot.exists");
  const AuditReport report = audited();
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.code, "audit.snapshot");
  EXPECT_EQ(report.index, static_cast<std::int64_t>(size));
}

TEST_F(SnapshotTest, ADigestOfAnotherFormatIsCounted) {
  const std::string id = random_id();
  ASSERT_TRUE(ledger_->begin_snapshot(id).ok());
  ASSERT_TRUE(ledger_
                  ->submit_as_host("snapshot.state", {{"snapshot", id},
                                                      {"size", ledger_->size()},
                                                      {"format", "0"},
                                                      {"digest", std::string(64, '0')}})
                  .ok());
  const AuditReport report = audited();
  EXPECT_TRUE(report.ok);
  EXPECT_EQ(report.snapshots, 0U);
  EXPECT_EQ(report.snapshots_unknown, 1U);
}

TEST_F(SnapshotTest, AnotherBorderIsNamedByTheAudit) {
  const std::string id = random_id();
  ASSERT_TRUE(ledger_->begin_snapshot(id).ok());
  submit_all(*ledger_, {subject_tx(60)});
  ASSERT_TRUE(ledger_
                  ->submit_as_host("snapshot.state", {{"snapshot", id},
                                                      {"size", ledger_->size()},
                                                      {"format", kStateFormat},
                                                      {"digest", std::string(64, '0')}})
                  .ok());
  EXPECT_EQ(audited().code, "audit.snapshot");
}

TEST_F(SnapshotTest, NeedsAnEmptyFolderAndLeavesNoneWhenItFails) {
  fs::create_directories(place("full"));
  write_text(place("full") / "something", "else");
  EXPECT_EQ(write_snapshot(*ledger_, {place("ledger"), place("full")}).error().code,
            "export.not_empty");
  const std::atomic<bool> stop{true};
  EXPECT_EQ(write_snapshot(*ledger_, {place("ledger"), place("none"), &stop}).error().code,
            "snapshot.stopped");
  EXPECT_FALSE(fs::exists(place("none")) || fs::exists(place("none.part")));
  // What a crash left is no hindrance, and neither is the snapshot that was never stated.
  fs::create_directories(place("snapshot.part") / "chunks");
  fs::create_directories(place("snapshot"));
  snapshot();
  EXPECT_TRUE(restore().ok());
}

TEST_F(SnapshotTest, AreMadeWhenTheyAreDueAndOldOnesRemoved) {
  std::vector<std::string> seen;
  SnapshotKeeper keeper(*ledger_, {place("ledger"), place("kept"), 10, 2});
  const auto names = [&] {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(place("kept"), error)) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".part")) out.push_back(name);
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  for (unsigned n = 0; n < 3; ++n) {
    for (unsigned i = 0; i < 12; ++i) submit_all(*ledger_, {subject_tx(200 + 20 * n + i)});
    const std::size_t wanted = std::min(n + 1, 2U);
    const auto there = [&] {
      const auto now = names();
      return now.size() == wanted && (seen.empty() || now.back() != seen.back());
    };
    for (int tries = 0; tries < 200 && !there(); ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    seen = names();
  }
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_GE(std::stoull(seen[1]), std::stoull(seen[0]) + 10);
  EXPECT_TRUE(restore("kept/" + seen[1]).ok());
}

}  // namespace
}  // namespace qc::chain::test
