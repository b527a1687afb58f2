// A start reads what the last chunk needs, however long the ledger is.
#include <atomic>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/bench/chain/synthetic_ledger.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

/// Rows looked up and visited.
struct Reads {
  std::atomic<std::uint64_t> rows{0};
};

class CountingReader : public KvReader {
 public:
  CountingReader(std::shared_ptr<const KvReader> reader, Reads& reads)
      : reader_(std::move(reader)), reads_(reads) {}
  std::optional<std::string> get(std::string_view key) const override {
    ++reads_.rows;
    return reader_->get(key);
  }
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    reader_->scan(prefix, start, [&](std::string_view key, std::string_view value) {
      ++reads_.rows;
      return visit(key, value);
    });
  }

 private:
  std::shared_ptr<const KvReader> reader_;
  Reads& reads_;
};

class CountingStore final : public KvStore {
 public:
  CountingStore(std::shared_ptr<KvStore> store, Reads& reads)
      : store_(store), reader_(store, reads), reads_(reads) {}
  std::optional<std::string> get(std::string_view key) const override { return reader_.get(key); }
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    reader_.scan(prefix, start, visit);
  }
  Status write_rows(std::shared_ptr<const KvBatch> batch) override {
    return store_->write_rows(std::move(batch));
  }
  std::shared_ptr<const KvReader> snapshot() const override {
    return std::make_shared<CountingReader>(store_->snapshot(), reads_);
  }
  Status flush() override { return store_->flush(); }
  std::string failure() const override { return store_->failure(); }

 private:
  std::shared_ptr<KvStore> store_;
  CountingReader reader_;
  Reads& reads_;
};

/// Rows read from opening to the first answers.
std::uint64_t rows_of_a_start(std::uint64_t transactions) {
  const TempDir dir;
  SyntheticOptions made;
  made.directory = dir.path();
  made.transactions = transactions;
  made.subjects = 100;
  made.batch_transactions = 50;
  made.chunk_bytes = 128U << 10U;
  make_synthetic_ledger(made);
  Reads reads;
  LedgerParts parts;
  parts.open_store = [&reads](const fs::path& path) -> Result<std::unique_ptr<KvStore>> {
    QC_ASSIGN(std::shared_ptr<KvStore> store, open_rocks(path));
    return std::unique_ptr<KvStore>(std::make_unique<CountingStore>(std::move(store), reads));
  };
  const auto ledger = must_open(options_in(dir.path()), std::move(parts));
  EXPECT_GE(ledger->size(), transactions);
  EXPECT_TRUE(ledger->receipt(ledger->size() / 2).ok());
  EXPECT_TRUE(ledger->transaction(1).ok());
  std::size_t open_accesses = 0;
  ledger->read([&](const StateReader& state) {
    state.scan("access_open/", "", [&](const std::string&, const Json&) {
      ++open_accesses;
      return true;
    });
  });
  EXPECT_EQ(open_accesses, 0U);  // though there are hundreds of accesses
  return reads.rows;
}

TEST(Start, ReadsNoMoreOfALongLedgerThanOfAShortOne) {
  const std::uint64_t of_short = rows_of_a_start(1000);
  const std::uint64_t of_long = rows_of_a_start(5000);
  EXPECT_GT(of_short, 0U);
  EXPECT_LT(of_short, 20U);
  EXPECT_EQ(of_long, of_short);
}

/// The brought-level state after a crash: as many rows as the lost batches need, not the ledger.
TEST(Start, BringsLevelWhatIsMissingAlone) {
  const TempDir dir;
  SyntheticOptions made;
  made.directory = dir.path();
  made.transactions = 3000;
  made.subjects = 100;
  make_synthetic_ledger(made);
  const fs::path tiles = dir.path() / "tiles" / "0";
  const std::string whole = read_text(tiles);
  fs::resize_file(tiles, whole.size() - 32 * 40);  // what a crash lost
  must_open(options_in(dir.path())).reset();
  EXPECT_EQ(read_text(tiles), whole);
}

}  // namespace
}  // namespace qc::chain::test
