// Hints beside the chunks: written by the host, used by the audit, trusted by nobody.
#include "host/chain/hints.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "host/chain/chunk_store.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

namespace fs = std::filesystem;

AuditReport hinted_audit(const fs::path& directory) {
  AuditOptions options;
  options.directory = directory;
  auto report = audit_ledger(options);
  EXPECT_TRUE(report.ok());
  return report.ok() ? std::move(report).value() : AuditReport{};
}

TEST(Hints, AreWrittenByTheHostAndSpeedTheAuditUp) {
  const TempDir dir;
  const auto history = signed_history(granted().world);
  {
    const auto ledger = must_open(options_in(dir.path()));
    submit_all(*ledger, history);
  }
  const fs::path file = dir.path() / "chunks" / hints_name(0);
  const std::string hints = read_text(file);
  ASSERT_EQ(hints.size(), history.size());
  EXPECT_EQ(hints.find_first_not_of("01"), std::string::npos);
  AuditReport report = hinted_audit(dir.path());
  EXPECT_TRUE(report.ok) << report.message;
  EXPECT_EQ(report.batch_verified, history.size());

  // One that was changed is named, by its place; the transactions were all verified all the same.
  for (const std::size_t at : {std::size_t{0}, std::size_t{7}, hints.size() - 1}) {
    for (const char c : {hints[at] == '0' ? '1' : '0', '?'}) {
      std::string wrong = hints;
      wrong[at] = c;
      write_text(file, wrong);
      report = hinted_audit(dir.path());
      EXPECT_FALSE(report.ok);
      EXPECT_EQ(report.code, "audit.hint");
      EXPECT_EQ(report.file, "chunks/" + hints_name(0));
      EXPECT_EQ(report.offset, at);
      EXPECT_EQ(report.index, static_cast<std::int64_t>(at));
    }
  }
  // Short or missing hints: slower, and the same answer.
  for (const std::string& text : {hints.substr(0, 5), hints + hints, std::string()}) {
    write_text(file, text);
    report = hinted_audit(dir.path());
    EXPECT_TRUE(report.ok) << report.message;
    EXPECT_EQ(report.batch_verified + report.single_verified, history.size());
  }
  fs::remove(file);
  report = hinted_audit(dir.path());
  EXPECT_TRUE(report.ok) << report.message;
  EXPECT_EQ(report.single_verified, history.size());
}

TEST(Hints, StayInStepWithTheChunk) {
  const TempDir dir;
  HintsWriter writer(dir.path());
  writer.write(7, 0, "01");
  writer.write(7, 5, "1");  // three were lost
  EXPECT_EQ(read_text(dir.path() / hints_name(7)), "01---1");
  writer.write(7, 3, "00");  // a batch was cut off and another came in its place
  EXPECT_EQ(read_text(dir.path() / hints_name(7)), "01-00");
  writer.write(12, 0, "1");
  EXPECT_EQ(read_hints(dir.path(), 7, 3, 10), "00");
  EXPECT_EQ(read_hints(dir.path(), 7, 1, 2), "1-");
  EXPECT_EQ(read_hints(dir.path(), 7, 9, 2), "");
  EXPECT_EQ(read_hints(dir.path(), 8, 0, 2), "");
  for (const auto hint :
       {crypto::NonceHint::kEven, crypto::NonceHint::kOdd, crypto::NonceHint::kNone}) {
    EXPECT_EQ(hint_from_char(hint_char(hint)), hint);
  }
}

}  // namespace
}  // namespace qc::chain::test
