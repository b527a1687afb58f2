// Receipts and copies out of a ledger's folder, without a host.
#include "host/chain/offline.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/hints.hpp"
#include "tests/bench/chain/synthetic_ledger.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kOfflineTransactions = 3000;

class OfflineTest : public testing::Test {
 protected:
  void SetUp() override { make(false); }
  void make(bool state) {
    SyntheticOptions options;
    options.directory = dir_.path();
    options.transactions = kOfflineTransactions;
    options.subjects = 100;
    options.batch_transactions = 93;
    options.chunk_bytes = 512U << 10U;
    options.state = state;
    made_ = make_synthetic_ledger(options);
    listing_ = list_chunks(dir_.path() / "chunks").value();
    ASSERT_GE(listing_.chunks.size(), 3U);
  }
  Result<OfflineProof> prove(std::uint64_t index) const {
    return prove_offline({dir_.path(), index, std::nullopt});
  }
  bool holds(const fs::path& directory) const {
    AuditOptions options;
    options.directory = directory;
    const auto report = audit_ledger(options);
    EXPECT_TRUE(report.ok());
    return report.ok() && report->ok;
  }

  TempDir dir_;
  SyntheticLedger made_;
  ChunkListing listing_;
};

TEST_F(OfflineTest, ProvesEveryKindOfPlace) {
  const std::uint64_t second = listing_.chunks[1].first_index;
  const auto host = key_of("host").public_key();
  for (const std::uint64_t index :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{92}, std::uint64_t{93}, second - 1,
        second, std::uint64_t{2047}, std::uint64_t{2048}, made_.transactions - 1}) {
    const auto proof = prove(index);
    ASSERT_TRUE(proof.ok()) << index << ": " << proof.error().message;
    EXPECT_EQ(proof->receipt.index, index);
    EXPECT_EQ(proof->receipt.size, made_.transactions);
    EXPECT_EQ(proof->receipt.head, made_.head);
    EXPECT_TRUE(proof::verify_receipt(proof->transaction, proof->receipt, host, kChain).ok());
    // By its id, it is found again.
    const auto id = hash_from_hex(proof->receipt.tx).value();
    const auto again = prove_offline({dir_.path(), std::nullopt, id});
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(proof::to_json(again->receipt), proof::to_json(proof->receipt));
  }
  EXPECT_EQ(prove(made_.transactions).error().code, "tx.not_found");
  EXPECT_EQ(prove_offline({dir_.path(), std::nullopt, Hash32{}}).error().code, "tx.not_found");
}

TEST_F(OfflineTest, TakesTilesWhereThereAre) {
  fs::remove_all(dir_.path() / "chunks");
  make(true);
  const auto read = prove(1234);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->from_tiles);
  // Damage is found and named; the chunks alone prove the same.
  std::string leaves = read_text(dir_.path() / "tiles" / "0");
  leaves[1235 * 32] ^= 1;
  write_text(dir_.path() / "tiles" / "0", leaves);
  EXPECT_NE(prove(1234).error().message.find("tiles/0, tile 4"), std::string::npos);
  fs::remove_all(dir_.path() / "tiles");
  const auto hashed = prove(1234);
  ASSERT_TRUE(hashed.ok());
  EXPECT_FALSE(hashed->from_tiles);
  EXPECT_EQ(read->transaction, hashed->transaction);
  EXPECT_EQ(read->receipt.path, hashed->receipt.path);
}

TEST_F(OfflineTest, NeedsAHeadThatIsNewEnough) {
  fs::remove(dir_.path() / "chunks" / heads_name(listing_.chunks.back().first_index));
  const std::uint64_t covered = listing_.chunks.back().first_index;
  EXPECT_EQ(prove(covered).error().code, "prove.no_head");
  const auto before = prove(covered - 1);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->receipt.size, covered);
}

TEST_F(OfflineTest, GivesNoProofOfDamagedFiles) {
  const fs::path chunk = listing_.chunks[1].path;
  std::string bytes = read_text(chunk);
  bytes[bytes.size() / 2] ^= 4;
  write_text(chunk, bytes);
  const auto proof = prove(5);
  ASSERT_FALSE(proof.ok());
  EXPECT_EQ(proof.error().code, "ledger.corrupt");
  EXPECT_NE(proof.error().message.find(chunk.filename().string()), std::string::npos);
}

TEST_F(OfflineTest, ExportsFilesByteForByte) {
  const fs::path out = dir_.path() / "out";
  const auto whole = export_ledger({dir_.path(), out, 0, std::nullopt});
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  EXPECT_EQ(whole->chunks, listing_.chunks.size());
  EXPECT_EQ(whole->first, 0U);
  EXPECT_EQ(whole->last, made_.transactions - 1);
  for (const ChunkFile& file : listing_.chunks) {
    for (const std::string& name : {chunk_name(file.first_index), heads_name(file.first_index),
                                    hints_name(file.first_index)}) {
      EXPECT_EQ(read_text(out / "chunks" / name), read_text(dir_.path() / "chunks" / name));
    }
  }
  EXPECT_TRUE(holds(out));
  EXPECT_EQ(export_ledger({dir_.path(), out, 0, std::nullopt}).error().code, "export.not_empty");
}

TEST_F(OfflineTest, ExportsAPart) {
  const std::uint64_t second = listing_.chunks[1].first_index;
  const auto part = export_ledger({dir_.path(), dir_.path() / "part", second + 1, second + 2});
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->chunks, 1U);
  EXPECT_EQ(part->first, second);
  EXPECT_EQ(part->last + 1, listing_.chunks[2].first_index);
  for (const auto& [from, to] :
       {std::pair<std::uint64_t, std::uint64_t>{5, 4}, {made_.transactions, made_.transactions}}) {
    const fs::path out = dir_.path() / ("none" + std::to_string(from));
    EXPECT_EQ(export_ledger({dir_.path(), out, from, to}).error().code, "export.out_of_range");
  }
}

TEST_F(OfflineTest, ExportsUpToTheLastWholeRecord) {
  // As if the host were writing a record at this moment.
  const fs::path chunk = listing_.chunks.back().path;
  const std::string good = read_text(chunk);
  write_text(chunk, good + good.substr(0, 500));
  const fs::path out = dir_.path() / "live";
  EXPECT_EQ(export_ledger({dir_.path(), out, 0, std::nullopt}).error().code, "ledger.corrupt");
  // Its first bytes alone say nothing yet.
  write_text(chunk, good + good.substr(0, 40));
  const fs::path again = dir_.path() / "live2";
  ASSERT_TRUE(export_ledger({dir_.path(), again, 0, std::nullopt}).ok());
  EXPECT_EQ(read_text(again / "chunks" / chunk.filename()), good);
  EXPECT_TRUE(holds(again));
}

}  // namespace
}  // namespace qc::chain::test
