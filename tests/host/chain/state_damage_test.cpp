// A flipped byte in any file of the state store is harmless, or found, and then what the store held
// is made anew from the ledger files: nothing acknowledged is lost.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "host/chain/state_folder.hpp"
#include "host/chain/state_store.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

class StateDamage : public testing::Test {
 protected:
  void SetUp() override {
    // Two lives, so that there are two tables.
    for (unsigned life = 0; life < 2; ++life) {
      const auto ledger = must_open(options_in(dir_.path()));
      if (life == 0) submit_all(*ledger, signed_history(granted().world));
      for (unsigned n = 0; n < 30; ++n) submit_all(*ledger, {subject_tx(100 * life + n)});
      size_ = ledger->size();
    }
    good_digest_ = digest_of(dir_.path());
    good_ = dir_.path() / "good";
    fs::copy(state(), good_);
  }
  fs::path state() const { return dir_.path() / "state"; }
  fs::path aside() const { return dir_.path() / "state.damaged"; }

  void restore() {
    fs::remove_all(state());
    fs::remove_all(aside());
    fs::copy(good_, state());
  }
  void flip(const std::string& name, std::size_t at) {
    std::string bytes = read_text(good_ / name);
    bytes[at] = static_cast<char>(bytes[at] ^ (1U << (at % 8)));
    write_text(state() / name, bytes);
  }
  std::vector<std::string> files(const std::string& part) const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(good_)) {
      const std::string name = entry.path().filename().string();
      if (name.find(part) != std::string::npos && entry.file_size() != 0) out.push_back(name);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  /// Starts, reads every row and ends; and starts again. True when damage was found and healed.
  bool survives() {
    must_start();
    {
      const auto store = open_rocks(state());
      // The start may have read the damaged block already: then the mark says so, and is believed.
      EXPECT_TRUE(store.ok() || state_is_damaged(state())) << store.error().message;
      if (store.ok()) (void)state_digest(**store);  // what it finds, it marks
    }
    must_start();
    EXPECT_EQ(digest_of(dir_.path()), good_digest_);
    return fs::exists(aside());
  }
  void must_start() {
    const auto ledger = Ledger::open(options_in(dir_.path()), key_of("host"));
    ASSERT_TRUE(ledger.ok()) << ledger.error().message;
    EXPECT_EQ((*ledger)->size(), size_);
    EXPECT_TRUE((*ledger)->health().writable);
  }

  TempDir dir_;
  fs::path good_;
  Hash32 good_digest_{};
  std::uint64_t size_ = 0;
};

TEST_F(StateDamage, IsFoundInTables) {
  const auto tables = files(".sst");
  ASSERT_GE(tables.size(), 2U);
  int found = 0;
  int flips = 0;
  for (const std::string& table : tables) {
    const std::size_t size = fs::file_size(good_ / table);
    // Evenly over the blocks, and through the footer at the end.
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < 10; ++i) places.push_back(i * size / 10 + i);
    for (std::size_t i = 1; i < 53; i += 7) places.push_back(size - i);
    for (const std::size_t at : places) {
      SCOPED_TRACE(table + " at byte " + std::to_string(at) + " of " + std::to_string(size));
      restore();
      flip(table, at);
      found += survives() ? 1 : 0;
      ++flips;
      if (HasFailure()) return;
    }
  }
  std::printf("%d of %d flips were found; the others change nothing\n", found, flips);
  EXPECT_GT(found, flips / 2);
}

TEST_F(StateDamage, IsFoundInTheListOfFiles) {
  int found = 0;
  for (const std::string& name : {files("MANIFEST").back(), std::string("CURRENT")}) {
    const std::size_t size = fs::file_size(good_ / name);
    for (std::size_t at = 0; at < size; at += std::max<std::size_t>(1, size / 16)) {
      SCOPED_TRACE(name + " at byte " + std::to_string(at));
      restore();
      flip(name, at);
      found += survives() ? 1 : 0;
      if (HasFailure()) return;
    }
    restore();
    fs::remove(state() / name);
    survives();
    if (HasFailure()) return;
  }
  EXPECT_GT(found, 20);
}

TEST_F(StateDamage, IsHarmlessInFilesThatSayNothingOfTheState) {
  for (const char* kind : {"OPTIONS", "IDENTITY", "LOG"}) {
    for (const std::string& name : files(kind)) {
      SCOPED_TRACE(name);
      restore();
      flip(name, fs::file_size(good_ / name) / 2);
      EXPECT_FALSE(survives());
    }
  }
}

TEST_F(StateDamage, ATableThatIsGoneIsMadeAnew) {
  for (const std::string& table : files(".sst")) {
    restore();
    fs::remove(state() / table);
    EXPECT_TRUE(survives());
    restore();
    fs::resize_file(state() / table, fs::file_size(good_ / table) - 100);
    EXPECT_TRUE(survives());
  }
}

TEST_F(StateDamage, ARunningHostStopsWritingAndIsWholeAfterRestart) {
  restore();
  // All data blocks of the first table: whatever is asked of it cannot be read.
  const std::string table = files(".sst").front();
  std::string bytes = read_text(good_ / table);
  for (std::size_t i = 0; i < bytes.size() / 2; i += 16) bytes[i] = static_cast<char>(~bytes[i]);
  {
    const auto ledger = must_open(options_in(dir_.path()));
    write_text(state() / table, bytes);
    ledger->read([](const StateReader& state) {
      state.scan("", "", [](const std::string&, const Json&) { return true; });
    });
    EXPECT_FALSE(ledger->health().writable);
    EXPECT_NE(ledger->health().reason.find("Corruption"), std::string::npos);
    const auto refused = ledger->submit(item_tx(1));
    ASSERT_FALSE(refused.ok());  // nothing is decided on what cannot be read
    EXPECT_EQ(ledger->size(), size_);
  }
  const auto ledger = must_open(options_in(dir_.path()));
  EXPECT_TRUE(fs::exists(aside() / kDamageMark));
  submit_all(*ledger, {item_tx(1)});
  EXPECT_EQ(ledger->size(), size_ + 1);
  for (std::uint64_t i = 0; i < size_; ++i) ASSERT_TRUE(ledger->transaction(i).ok());
}

TEST_F(StateDamage, TheAuditPassesAfterwards) {
  restore();
  flip("CURRENT", 3);
  EXPECT_TRUE(survives());
  AuditOptions options;
  options.directory = dir_.path();
  const auto report = audit_ledger(options);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ok) << report->code << ": " << report->message;
  EXPECT_EQ(report->transactions, size_);
}

}  // namespace
}  // namespace qc::chain::test
