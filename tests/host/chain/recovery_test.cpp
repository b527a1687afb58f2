// Opening after damage: a torn tail is cut and kept, anything else is an error that names it.
#include <filesystem>

#include <gtest/gtest.h>

#include "host/chain/chunk_store.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

/// A closed ledger, its files without heads (as after a crash before the first head was stored)
/// and where its last record begins.
class RecoveryTest : public testing::Test {
 protected:
  void SetUp() override {
    history_ = {sign("op", "network.found", found_body()),
                sign("op", "member.admit", member_body("ga", "department", "ga")),
                sign("op", "member.admit", member_body("reg", "registrar")), item_tx(1)};
    {
      const auto ledger = must_open(options_in(dir_.path()));
      submit_all(*ledger, history_);
    }
    fs::remove_all(dir_.path() / "state");
    chunk_ = dir_.path() / "chunks" / chunk_name(0);
    heads_ = dir_.path() / "chunks" / heads_name(0);
    bytes_ = read_text(chunk_);
    std::uint64_t offset = 0;
    while (offset < bytes_.size()) {
      last_ = offset;
      offset += decode_record_header(std::string_view(bytes_).substr(offset))->record_bytes();
    }
  }

  Result<std::unique_ptr<Ledger>> open() {
    return Ledger::open(options_in(dir_.path()), key_of("host"));
  }
  void forget_state() { fs::remove_all(dir_.path() / "state"); }

  TempDir dir_;
  std::vector<std::string> history_;
  fs::path chunk_;
  fs::path heads_;
  std::string bytes_;
  std::uint64_t last_ = 0;
};

TEST_F(RecoveryTest, CutsATornTailOfAnyLengthAndKeepsItsBytes) {
  fs::remove(heads_);
  const fs::path kept = chunk_.string() + "." + std::to_string(last_) + ".torn";
  for (std::size_t size = last_ + 1; size < bytes_.size(); ++size) {
    forget_state();
    write_text(chunk_, std::string_view(bytes_).substr(0, size));
    {
      const auto ledger = open();
      ASSERT_TRUE(ledger.ok()) << size << ": " << ledger.error().message;
      ASSERT_EQ((*ledger)->size(), history_.size() - 1) << size;
    }
    ASSERT_EQ(read_text(kept), bytes_.substr(last_, size - last_));
    ASSERT_EQ(read_text(chunk_), bytes_.substr(0, last_));
    fs::remove(heads_);
  }
  // The transaction was never acknowledged; it can be submitted again.
  submit_all(**open(), {history_.back()});
  EXPECT_EQ(read_text(chunk_).size(), bytes_.size());
}

TEST_F(RecoveryTest, NeverDropsWhatAHeadKnows) {
  for (const std::size_t size : {last_, last_ + 1, last_ + 100, bytes_.size() - 1}) {
    forget_state();
    write_text(chunk_, std::string_view(bytes_).substr(0, size));
    const auto ledger = open();
    ASSERT_FALSE(ledger.ok()) << size;
    EXPECT_EQ(ledger.error().code, "ledger.corrupt");
    EXPECT_NE(ledger.error().message.find("signed head"), std::string::npos);
  }
}

TEST_F(RecoveryTest, NeverDropsWhatTheStateKnows) {
  fs::remove(heads_);
  ASSERT_TRUE(open().ok());
  fs::remove(heads_);
  for (const std::size_t size : {std::size_t{0}, std::size_t{last_}, bytes_.size() - 1}) {
    write_text(chunk_, std::string_view(bytes_).substr(0, size));
    EXPECT_EQ(open().error().code, "ledger.corrupt") << size;
  }
  fs::remove(chunk_);
  EXPECT_EQ(open().error().code, "ledger.corrupt");
}

TEST_F(RecoveryTest, ReportsFlippedBytesWithFileAndOffset) {
  // Heads stay away: this is about what the chunk alone gives away.
  fs::remove(heads_);
  // All of the last record's frame, and every seventh byte elsewhere (the audit tries every byte).
  const auto in_frame = [this](std::size_t i) {
    return (i >= last_ && i < last_ + kRecordHeaderBytes + 4) ||
           i + kRecordTrailerBytes >= bytes_.size();
  };
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (!in_frame(i) && i % 7 != 0) continue;
    std::string bad = bytes_;
    bad[i] = static_cast<char>(bad[i] ^ (1U << (i % 8)));
    write_text(chunk_, bad);
    forget_state();
    const auto ledger = open();
    ASSERT_FALSE(ledger.ok()) << "byte " << i;
    // In transaction 0, a flip may look like another network's or another host's ledger.
    const std::string& code = ledger.error().code;
    ASSERT_TRUE(code == "ledger.corrupt" || code == "ledger.wrong_chain" ||
                code == "ledger.wrong_host_key")
        << i << code;
    if (code == "ledger.corrupt") {
      ASSERT_NE(ledger.error().message.find("000000000000.qcl at byte"), std::string::npos)
          << ledger.error().message;
    }
    ASSERT_EQ(read_text(chunk_), bad) << "an error changes nothing";
  }
}

TEST_F(RecoveryTest, ReportsFlippedBytesWhenTheStateIsThere) {
  ASSERT_TRUE(open().ok());
  for (std::size_t i = 0; i < bytes_.size(); i += 37) {
    std::string bad = bytes_;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    write_text(chunk_, bad);
    ASSERT_FALSE(open().ok()) << "byte " << i;
  }
  write_text(chunk_, bytes_);
  EXPECT_TRUE(open().ok());
}

TEST_F(RecoveryTest, ReportsABadHead) {
  std::string heads = read_text(heads_);
  heads[heads.size() / 2] ^= 1;
  write_text(heads_, heads);
  const auto ledger = open();
  EXPECT_EQ(ledger.error().code, "ledger.corrupt");
  EXPECT_NE(ledger.error().message.find(".heads"), std::string::npos);
}

TEST_F(RecoveryTest, CutsATornHeadLine) {
  const std::string heads = read_text(heads_);
  write_text(heads_, heads + "{\"head\":\"abc");
  ASSERT_TRUE(open().ok());
  EXPECT_TRUE(read_text(heads_).starts_with(heads));
  EXPECT_EQ(read_text(heads_).find("abc"), std::string::npos);
}

TEST_F(RecoveryTest, GoesOnAfterAnEmptyNewChunk) {
  const fs::path empty = dir_.path() / "chunks" / chunk_name(history_.size());
  write_text(empty, "");
  {
    const auto ledger = open();
    ASSERT_TRUE(ledger.ok()) << ledger.error().message;
    EXPECT_EQ((*ledger)->size(), history_.size());
    submit_all(**ledger, {item_tx(2)});
  }
  forget_state();
  const auto again = open();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ((*again)->size(), history_.size() + 1);
}

TEST_F(RecoveryTest, ReportsAGapBetweenChunks) {
  fs::rename(chunk_, dir_.path() / "chunks" / chunk_name(3));
  EXPECT_EQ(open().error().code, "ledger.corrupt");
}

TEST_F(RecoveryTest, RebuildsAStateOfAnotherFormat) {
  ASSERT_TRUE(open().ok());
  const Hash32 level = digest_of(dir_.path());
  for (const auto& format : {std::optional<std::string>("1"), std::optional<std::string>()}) {
    {
      const auto store = open_rocks(dir_.path() / "state");
      ASSERT_TRUE((*store)->write({{std::string(keys::kFormat), format}, {"f", "of old"}}).ok());
    }
    ASSERT_TRUE(open().ok());
    EXPECT_EQ(digest_of(dir_.path()), level);
  }
}

TEST_F(RecoveryTest, RebuildsTilesThatAreNotTheLedgers) {
  { const auto ledger = open(); }
  const fs::path tiles = dir_.path() / "tiles" / "0";
  const std::string good = read_text(tiles);
  ASSERT_EQ(good.size(), history_.size() * 32);
  for (std::size_t i = 0; i < good.size(); i += 5) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    write_text(tiles, bad);
    ASSERT_TRUE(open().ok()) << i;
    ASSERT_EQ(read_text(tiles), good) << i;
  }
  // While it runs, a proof that would not hold is not given out.
  const auto ledger = open();
  std::string bad = good;
  bad[40] = static_cast<char>(bad[40] ^ 0x10);
  write_text(tiles, bad);
  EXPECT_EQ((*ledger)->receipt(3).error().code, "ledger.corrupt");
  EXPECT_EQ((*ledger)->consistency(2, 4).error().code, "ledger.corrupt");
  submit_all(**ledger, {item_tx(7)});  // new receipts need the right edge alone
}

TEST_F(RecoveryTest, RebuildsAStateThatLagsBehind) {
  // An older copy of the state: as after a crash, when its last batches were not flushed.
  { const auto ledger = open(); }
  const fs::path old = dir_.path() / "old";
  fs::copy(dir_.path() / "state", old, fs::copy_options::recursive);
  submit_all(**open(), {item_tx(2), item_tx(3), subject_tx(1)});
  const Hash32 level = digest_of(dir_.path());
  forget_state();
  fs::rename(old, dir_.path() / "state");
  {
    const auto ledger = open();
    ASSERT_TRUE(ledger.ok()) << ledger.error().message;
    EXPECT_EQ((*ledger)->size(), history_.size() + 3);
  }
  EXPECT_EQ(digest_of(dir_.path()), level);
}

}  // namespace
}  // namespace qc::chain::test
