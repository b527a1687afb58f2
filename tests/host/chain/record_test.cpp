// Batch records and key rows: what is written is read back, what is damaged is refused.
#include "host/chain/record.hpp"

#include <gtest/gtest.h>

#include "host/chain/chunk_store.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::chain::test {
namespace {

std::string record(const Position& before, const std::vector<std::string>& transactions) {
  RecordBuilder builder;
  for (const std::string& tx : transactions) builder.add(tx);
  RecordHeader header;
  header.batch = before.batches;
  header.first_index = before.size;
  header.time_ms = before.time_ms + 5;
  header.previous = before.record_hash;
  return std::move(builder).finish(header, crypto::sm3("log"), crypto::sm3("map"));
}

Position somewhere() {
  Position position = initial_position();
  position.batches = 7;
  position.size = 40;
  position.time_ms = 1767225600000;
  position.record_hash = crypto::sm3("before");
  return position;
}

TEST(Record, ReadsWhatItWrote) {
  const std::string bytes = record(somewhere(), {"one", "", "three"});
  const auto read = decode_record(bytes);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->header.batch, 7U);
  EXPECT_EQ(read->header.first_index, 40U);
  EXPECT_EQ(read->header.count, 3U);
  EXPECT_EQ(read->header.time_ms, 1767225600005);
  EXPECT_EQ(read->transactions, (std::vector<std::string_view>{"one", "", "three"}));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(bytes.substr(read->offsets[i], read->transactions[i].size()), read->transactions[i]);
  }
  EXPECT_EQ(read->log_root, crypto::sm3("log"));
  EXPECT_EQ(read->subject_root, crypto::sm3("map"));
  EXPECT_TRUE(check_follows(read->header, somewhere()).ok());
}

TEST(Record, ScansExactlyWhatFollows) {
  const std::string bytes = record(somewhere(), {"one", "two"});
  using Kind = Scanned::Kind;
  EXPECT_EQ(scan_record(bytes, 0, somewhere()).kind, Kind::kRecord);
  EXPECT_EQ(scan_record(bytes, bytes.size(), somewhere()).kind, Kind::kEnd);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    ASSERT_EQ(scan_record(bytes.substr(0, size), 0, somewhere()).kind, Kind::kTorn) << size;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    ASSERT_EQ(scan_record(bad, 0, somewhere()).kind, Kind::kDamaged) << i;
  }
  // Damage is not mistaken for a torn end, even when the length is what was damaged.
  std::string longer = bytes;
  longer[28] = 1;
  EXPECT_EQ(scan_record(longer, 0, somewhere()).kind, Kind::kDamaged);
  for (int what = 0; what < 4; ++what) {
    Position other = somewhere();
    if (what == 0) ++other.batches;
    if (what == 1) ++other.size;
    if (what == 2) other.record_hash[0] ^= 1;
    if (what == 3) other.time_ms += 6;
    EXPECT_EQ(scan_record(bytes, 0, other).kind, Kind::kDamaged) << what;
  }
  EXPECT_EQ(scan_record("QCLRx", 0, somewhere()).kind, Kind::kDamaged);
}

TEST(Rows, SurviveEncoding) {
  const Position position = somewhere();
  EXPECT_EQ(*decode_position(encode(position)), position);
  EXPECT_FALSE(decode_position(encode(position) + "x").has_value());
  TxRow row;
  row.chunk = 1;
  row.offset = 2;
  row.length = 3;
  row.time_ms = 4;
  row.id = crypto::sm3("id");
  row.effect = {"bank", {"p-1", "p-2"}};
  const auto back = decode_tx_row(encode(row));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->effect.actor, "bank");
  EXPECT_EQ(back->effect.subjects, row.effect.subjects);
  EXPECT_EQ(back->id, row.id);
  for (std::size_t size = 0; size < 64; ++size) {
    EXPECT_FALSE(decode_tx_row(encode(row).substr(0, size)).has_value());
  }
}

TEST(ChunkNames, AreNumbered) {
  EXPECT_EQ(chunk_name(42), "000000000042.qcl");
  EXPECT_EQ(heads_name(1234567890123ULL), "1234567890123.qcl.heads");
}

}  // namespace
}  // namespace qc::chain::test
