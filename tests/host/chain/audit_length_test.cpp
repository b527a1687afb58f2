// The audit of ledgers of some length: on any number of threads, with little memory, and with the
// first of several defects named.
#include <filesystem>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "host/chain/chunk_store.hpp"
#include "sdk/proof/receipt.hpp"
#include "tests/bench/chain/synthetic_ledger.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kTransactions = 4500;  // some windows all the same
#else
constexpr std::uint64_t kTransactions = 9000;
#endif

SyntheticOptions synthetic_in(const std::filesystem::path& directory) {
  SyntheticOptions options;
  options.directory = directory;
  options.transactions = kTransactions;
  options.subjects = 300;
  options.batch_transactions = 170;
  options.chunk_bytes = 1U << 20U;
  options.state = false;
  return options;
}

AuditReport audit_with(const std::filesystem::path& directory, unsigned threads,
                       std::size_t state_bytes = 1U << 30U) {
  AuditOptions options;
  options.directory = directory;
  options.threads = threads;
  options.state_bytes = state_bytes;
  auto report = audit_ledger(options);
  EXPECT_TRUE(report.ok());
  return report.ok() ? std::move(report).value() : AuditReport{};
}

TEST(AuditLength, GivesTheSameOnAnyNumberOfThreadsAndWithLittleMemory) {
  const TempDir dir;
  const SyntheticLedger made = make_synthetic_ledger(synthetic_in(dir.path()));
  ASSERT_GE(list_chunks(dir.path() / "chunks")->chunks.size(), 4U);
  const auto head = proof::open_head(made.head, key_of("host").public_key(), kChain);
  ASSERT_TRUE(head.ok());
  for (const unsigned threads : {1U, 2U, 5U}) {
    const AuditReport report = audit_with(dir.path(), threads);
    ASSERT_TRUE(report.ok) << report.code << ": " << report.message << " " << report.index;
    EXPECT_EQ(report.transactions, made.transactions);
    EXPECT_EQ(report.batches, made.batches);
    EXPECT_EQ(report.log_root, to_hex(head->log_root));
    EXPECT_EQ(report.subject_root, to_hex(head->subject_root));
    EXPECT_EQ(report.spills, 0U);
    // The city's founding has no hints.
    EXPECT_LT(report.single_verified, 30U);
  }
  const AuditReport small = audit_with(dir.path(), 2, 1U << 20U);
  EXPECT_TRUE(small.ok) << small.code << ": " << small.message;
  EXPECT_GT(small.spills, 3U);
  EXPECT_EQ(small.log_root, to_hex(head->log_root));
  EXPECT_EQ(small.subject_root, to_hex(head->subject_root));
}

TEST(AuditLength, NamesTheFirstOfSeveralForgedSignatures) {
  const TempDir dir;
  std::map<std::uint64_t, std::string> forged = {{4321, ""}, {4322, ""}, {8000, ""}};
  SyntheticOptions options = synthetic_in(dir.path());
  options.tamper = [&forged](std::uint64_t index, Transaction& tx) {
    const auto it = forged.find(index);
    if (it == forged.end()) return;
    // Another nonce point with the same s: well formed, and wrong.
    char& first = tx.bytes[tx.bytes.rfind('.') + 3];
    first = first == 'A' ? 'B' : 'A';
    const auto hint = tx.hint;  // so that it is tried in a batch
    tx = proof::parse_transaction(tx.bytes).value();
    tx.hint = hint;
    it->second = tx.id_hex();
  };
  make_synthetic_ledger(options);
  for (const unsigned threads : {1U, 3U}) {
    const AuditReport report = audit_with(dir.path(), threads);
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.code, "audit.signature");
    EXPECT_EQ(report.index, 4321);
    EXPECT_EQ(report.tx, forged[4321]);
    EXPECT_EQ(report.transactions, 4321U / 170 * 170);
    // Where the report says, the transaction stands.
    const std::string bytes = read_text(dir.path() / report.file);
    EXPECT_TRUE(bytes.substr(report.offset).starts_with("eyJ"));
  }
  // Damage further on does not hide it; damage before it comes first.
  const ChunkListing listing = list_chunks(dir.path() / "chunks").value();
  const auto flip = [](const std::filesystem::path& path) {
    std::string bytes = read_text(path);
    bytes[bytes.size() / 2] ^= 1;
    write_text(path, bytes);
  };
  flip(listing.chunks.back().path);
  EXPECT_EQ(audit_with(dir.path(), 2).index, 4321);
  flip(listing.chunks.front().path);
  const AuditReport damaged = audit_with(dir.path(), 2);
  EXPECT_EQ(damaged.code, "audit.framing");
  EXPECT_LT(damaged.index, 4321);
}

}  // namespace
}  // namespace qc::chain::test
