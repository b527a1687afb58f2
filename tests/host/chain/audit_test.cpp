// The audit finds any change to the files, and says where.
#include "host/chain/audit.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "host/chain/record.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/merkle.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

AuditReport audit(const fs::path& directory) {
  AuditOptions options;
  options.directory = directory;
  const auto report = audit_ledger(options);
  EXPECT_TRUE(report.ok()) << report.error().code << report.error().message;
  return report.ok() ? *report : AuditReport{};
}

std::vector<std::string> small_history() {
  return {sign("op", "network.found", found_body()),
          sign("op", "member.admit", member_body("ga", "department", "ga")),
          sign("op", "member.admit", member_body("reg", "registrar")), subject_tx(1), item_tx(1)};
}

/// A closed ledger with these transactions, one batch each.
class AuditTest : public testing::Test {
 protected:
  void write(const std::vector<std::string>& transactions, std::size_t chunk_bytes = 64U << 20U) {
    LedgerOptions options = options_in(dir_.path());
    options.chunk_bytes = chunk_bytes;
    const auto ledger = must_open(options);
    submit_all(*ledger, transactions);
    head_ = ledger->head().value();
  }
  fs::path chunk(std::uint64_t first = 0) const {
    return dir_.path() / "chunks" / chunk_name(first);
  }
  fs::path heads(std::uint64_t first = 0) const {
    return dir_.path() / "chunks" / heads_name(first);
  }
  TempDir dir_;
  std::string head_;
};

TEST_F(AuditTest, PassesAWholeLedger) {
  write(signed_history(granted().world), 16384);
  const World world = granted().world;
  std::uint64_t last_done = 0;
  AuditOptions options;
  options.directory = dir_.path();
  options.trusted_host = key_of("host").public_key();
  options.trusted_head = head_;
  options.progress = [&last_done](const AuditProgress& progress) {
    EXPECT_GT(progress.done_bytes, last_done);
    EXPECT_LE(progress.done_bytes, progress.total_bytes);
    last_done = progress.done_bytes;
  };
  const auto report = audit_ledger(options);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_TRUE(report->ok) << report->code << ": " << report->message << " " << report->file << " "
                          << report->offset;
  EXPECT_EQ(report->chain, kChain);
  EXPECT_EQ(report->transactions, world.history.size());
  const auto head = proof::open_head(head_, key_of("host").public_key(), kChain);
  EXPECT_EQ(report->log_root, to_hex(head->log_root));
  EXPECT_EQ(report->subject_root, to_hex(head->subject_root));
  EXPECT_GT(last_done, 0U);
}

TEST_F(AuditTest, NeedsALedger) {
  AuditOptions options;
  options.directory = dir_.path() / "nowhere";
  EXPECT_EQ(audit_ledger(options).error().code, "ledger.io");
  fs::create_directories(options.directory / "chunks");
  EXPECT_EQ(audit_ledger(options).error().code, "audit.no_ledger");
}

TEST_F(AuditTest, FindsEveryFlippedByteOfAChunk) {
  write(small_history());
  const std::string good = read_text(chunk());
  ASSERT_TRUE(audit(dir_.path()).ok);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1U << (i % 8)));
    write_text(chunk(), bad);
    const AuditReport report = audit(dir_.path());
    ASSERT_FALSE(report.ok) << "byte " << i;
    ASSERT_EQ(report.file, "chunks/000000000000.qcl");
    ASSERT_LE(report.offset, i);
  }
}

TEST_F(AuditTest, FindsEveryFlippedByteOfTheHeads) {
  write(small_history());
  const std::string good = read_text(heads());
  ASSERT_GT(good.size(), 300U);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1U << (i % 8)));
    write_text(heads(), bad);
    const AuditReport report = audit(dir_.path());
    ASSERT_FALSE(report.ok) << "byte " << i;
    ASSERT_EQ(report.file, "chunks/000000000000.qcl.heads");
  }
}

TEST_F(AuditTest, FindsEveryFlippedByteOfTheTiles) {
  write(small_history());
  const fs::path tiles = dir_.path() / "tiles" / "0";
  const std::string good = read_text(tiles);
  ASSERT_EQ(good.size(), small_history().size() * 32);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1U << (i % 8)));
    write_text(tiles, bad);
    const AuditReport report = audit(dir_.path());
    ASSERT_EQ(report.code, "audit.tile") << "byte " << i;
    ASSERT_EQ(report.file, "tiles/0");
    ASSERT_EQ(report.offset, i / 32 * 32);
  }
  // They may lag behind, as after a crash, and need not be there.
  write_text(tiles, std::string_view(good).substr(0, 50));
  EXPECT_TRUE(audit(dir_.path()).ok);
  fs::remove_all(tiles.parent_path());
  EXPECT_TRUE(audit(dir_.path()).ok);
}

TEST_F(AuditTest, FindsATornTailAtEveryLength) {
  write(small_history());
  const std::string good = read_text(chunk());
  // Where the last record begins: the sum of the records before.
  std::uint64_t offset = 0;
  std::uint64_t last = 0;
  while (offset < good.size()) {
    last = offset;
    offset += decode_record_header(std::string_view(good).substr(offset))->record_bytes();
  }
  for (std::size_t size = last + 1; size < good.size(); ++size) {
    write_text(chunk(), std::string_view(good).substr(0, size));
    const AuditReport report = audit(dir_.path());
    ASSERT_EQ(report.code, "audit.torn_tail") << size;
    ASSERT_EQ(report.offset, last);
  }
  write_text(chunk(), std::string_view(good).substr(0, last));
  EXPECT_EQ(audit(dir_.path()).code, "audit.head");  // a head knows of more
}

TEST_F(AuditTest, FindsMissingExtraAndForeignFiles) {
  write(signed_history(granted().world), 16384);
  const ChunkListing listing = list_chunks(dir_.path() / "chunks").value();
  ASSERT_GE(listing.chunks.size(), 2U);
  const ChunkFile& second = listing.chunks[1];
  const auto aside = dir_.path() / "aside";
  fs::rename(second.path, aside);
  EXPECT_FALSE(audit(dir_.path()).ok);
  fs::rename(aside, second.path);
  ASSERT_TRUE(audit(dir_.path()).ok);
  write_text(dir_.path() / "chunks/notes.txt", "hello");
  EXPECT_EQ(audit(dir_.path()).code, "audit.unknown_file");
  fs::remove(dir_.path() / "chunks/notes.txt");
  fs::copy_file(heads(0), heads(999999));
  EXPECT_EQ(audit(dir_.path()).code, "audit.head");
}

TEST_F(AuditTest, HoldsTheLedgerToATrustedHeadAndHost) {
  write(small_history());
  AuditOptions options;
  options.directory = dir_.path();
  options.trusted_host = key_of("other").public_key();
  EXPECT_EQ(audit_ledger(options)->code, "audit.wrong_host");
  options.trusted_host.reset();
  // A head of a longer ledger, and one of another history of the same size.
  const TempDir longer;
  std::string longer_head;
  std::string other_head;
  {
    copy_chunks(dir_.path(), longer.path());
    const auto ledger = must_open(options_in(longer.path()));
    submit_all(*ledger, {item_tx(5)});
    longer_head = ledger->head().value();
  }
  {
    const TempDir other;
    const auto ledger = must_open(options_in(other.path()));
    submit_all(*ledger, small_history());
    other_head = ledger->head().value();
  }
  options.trusted_head = longer_head;
  EXPECT_EQ(audit_ledger(options)->code, "audit.head");
  options.trusted_head = other_head;
  EXPECT_EQ(audit_ledger(options)->code, "audit.head");
  options.trusted_head = head_;
  EXPECT_TRUE(audit_ledger(options)->ok);
}

/// Rewrites a ledger's chunk as one record per transaction, every hash made to fit: what somebody
/// with the disk but without keys could do.
std::string forge(const std::vector<std::string>& transactions, const std::string& subject_root) {
  std::string out;
  Position position = initial_position();
  for (const std::string& tx : transactions) {
    RecordBuilder builder;
    builder.add(tx);
    RecordHeader header;
    header.batch = position.batches;
    header.first_index = position.size;
    header.time_ms = kStart * 1000 + 7;
    header.previous = position.record_hash;
    const std::string record = std::move(builder).finish(header, proof::leaf_hash(as_bytes(tx)),
                                                         hash_from_hex(subject_root).value());
    position.batches += 1;
    position.size += 1;
    position.record_hash = decode_record(record)->hash;
    out += record;
  }
  return out;
}

TEST_F(AuditTest, FindsForgedContentInRecordsThatHashWell) {
  const std::string found = sign("op", "network.found", found_body());
  const std::string admit = sign("op", "member.admit", member_body("ga", "department", "ga"));
  fs::create_directories(dir_.path() / "chunks");
  const std::string zeros(64, '0');

  std::string unsigned_admit = admit;  // the signature of another transaction
  unsigned_admit =
      unsigned_admit.substr(0, unsigned_admit.rfind('.')) + found.substr(found.rfind('.'));
  // The log root of record 0 is that of one leaf, so forge() gets it right there alone.
  write_text(chunk(), forge({found, unsigned_admit}, zeros));
  AuditReport report = audit(dir_.path());
  EXPECT_EQ(report.code, "audit.signature");
  EXPECT_EQ(report.index, 1);
  EXPECT_EQ(report.tx, to_hex(crypto::sm3(unsigned_admit)));

  write_text(chunk(), forge({found, found}, zeros));
  report = audit(dir_.path());
  EXPECT_EQ(report.code, "audit.rule");
  EXPECT_NE(report.message.find("tx.duplicate"), std::string::npos);

  write_text(chunk(), forge({found, admit}, zeros));
  EXPECT_EQ(audit(dir_.path()).code, "audit.root");
  write_text(chunk(), forge({found}, std::string(64, '1')));
  EXPECT_EQ(audit(dir_.path()).code, "audit.root");
  write_text(chunk(), forge({"not a transaction"}, zeros));
  EXPECT_EQ(audit(dir_.path()).code, "audit.transaction");
  write_text(chunk(), forge({admit}, zeros));
  EXPECT_EQ(audit(dir_.path()).code, "audit.rule");
  write_text(chunk(), forge({found}, zeros));
  EXPECT_TRUE(audit(dir_.path()).ok);
}

}  // namespace
}  // namespace qc::chain::test
