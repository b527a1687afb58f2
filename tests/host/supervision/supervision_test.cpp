#include "host/supervision/supervision.hpp"

#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "sdk/proof/receipt.hpp"
#include "tests/host/centre/story.hpp"
#include "tests/paths.hpp"

namespace qc::supervision {
namespace {

using centre::test::full_story;
using centre::test::Story;
using chain::test::account_of;
using chain::test::kChain;
using chain::test::kStart;

class SupervisionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    story_ = full_story();
    ledger_ = chain::test::must_open(chain::test::options_in(folder_.path() / "ledger"));
    chain::test::submit_all(*ledger_, story_.transactions);
    centre::CentreOptions options;
    options.url = "sqlite:" + (folder_.path() / "view.db").string();
    options.migrations_dir = qc::tests::source_dir() + "/sql";
    auto centre = centre::Centre::open(options, *ledger_);
    ASSERT_TRUE(centre.ok()) << centre.error().message;
    centre_ = std::move(centre).value();
    ASSERT_TRUE(centre_->wait_for(ledger_->size(), 20000).ok());
    supervision_ = Supervision::create(*ledger_, *centre_);
  }
  Json trace(const std::string& person) {
    auto answer = supervision_->trace(account_of(person));
    if (!answer.ok()) ADD_FAILURE() << answer.error().code;
    return answer.ok() ? std::move(answer).value() : Json::object();
  }
  /// The summary of the nth event of an operation.
  Json summary(const Json& trace, const std::string& op, std::size_t nth = 0) {
    for (const Json& event : trace.at("events")) {
      if (event.at("op") == op && nth-- == 0) return event.at("summary");
    }
    ADD_FAILURE() << "no " << op;
    return Json::object();
  }

  chain::test::TempDir folder_;
  Story story_;
  std::unique_ptr<chain::Ledger> ledger_;
  std::unique_ptr<centre::Centre> centre_;
  std::unique_ptr<Supervision> supervision_;
};

TEST_F(SupervisionTest, EveryEventInOrderEachReceiptAgainstOneHead) {
  const Json answer = trace("jia");
  EXPECT_EQ(answer.at("account"), account_of("jia"));
  std::vector<std::string> ops;
  std::set<std::string> heads;
  std::int64_t last = -1;
  for (const Json& event : answer.at("events")) {
    ops.push_back(event.at("op"));
    EXPECT_EQ(event.at("n"), ops.size());
    EXPECT_GT(event.at("index").get<std::int64_t>(), last);
    last = event.at("index");
    EXPECT_EQ(event.at("time_ms"), kStart * 1000 + 7);
    const std::string transaction = event.at("transaction");
    EXPECT_EQ(transaction, story_.transactions.at(static_cast<std::size_t>(last)));
    const auto receipt = proof::receipt_from_json(event.at("receipt"));
    ASSERT_TRUE(receipt.ok());
    EXPECT_EQ(receipt->tx, event.at("tx"));
    EXPECT_TRUE(proof::verify_receipt(transaction, *receipt, ledger_->host_key(), kChain).ok());
    heads.insert(receipt->head);
  }
  EXPECT_EQ(heads.size(), 1U);
  EXPECT_EQ(ops, (std::vector<std::string>{
                     "subject.open", "asset.issue", "asset.issue", "request.create", "request.open",
                     "grant.create", "access.open", "access.release", "access.ack", "access.open",
                     "access.release", "grant.pause", "grant.resume", "grant.revoke",
                     "access.refuse", "grant.delete"}));
}

TEST_F(SupervisionTest, SummariesSayWhoWhatWhyAndWithWhatResult) {
  const Json answer = trace("jia");
  const Json granted = summary(answer, "grant.create");
  EXPECT_EQ(granted.at("grant"), story_.jia_grant);
  EXPECT_EQ(granted.at("consumer"), "bank");
  EXPECT_EQ(granted.at("product"), "citizen_loan");
  EXPECT_EQ(granted.at("purpose"), "credit.loan");
  EXPECT_EQ(granted.at("items")[1], Json({{"item", "rs.social"}, {"fields", {"level", "name"}}}));
  EXPECT_NE(granted.at("text_zh").get<std::string>().find("成员bank"), std::string::npos);
  EXPECT_NE(granted.at("text_en").get<std::string>().find("M bank"), std::string::npos);

  const Json asked = summary(answer, "request.create");
  EXPECT_EQ(asked.at("consumer"), "bank");
  EXPECT_EQ(asked.at("items")[0].at("required"), Json({"name"}));
  EXPECT_EQ(asked.at("items")[0].at("optional"), Json({"level"}));
  const Json issued = summary(answer, "asset.issue");
  EXPECT_EQ(issued.at("item"), "ga.hukou");
  EXPECT_FALSE(issued.at("fields").empty());
  EXPECT_FALSE(issued.contains("commitment"));
  const Json opened = summary(answer, "access.open");
  EXPECT_EQ(opened.at("access"), story_.delivered);
  EXPECT_EQ(opened.at("grant"), story_.jia_grant);
  EXPECT_EQ(opened.at("consumer"), "bank");
  const Json delivered = summary(answer, "access.release");
  EXPECT_EQ(delivered.at("outcome"), "delivered");
  EXPECT_EQ(delivered.at("plugin"), "loan");
  EXPECT_TRUE(delivered.at("withheld").empty());
  const Json partial = summary(answer, "access.release", 1);
  EXPECT_EQ(partial.at("outcome"), "partial");
  EXPECT_EQ(partial.at("withheld")[0].at("code"), "asset.erased");
  const Json refused = summary(answer, "access.refuse");
  EXPECT_EQ(refused.at("code"), "grant.revoked");
  EXPECT_EQ(refused.at("consumer"), "bank");
  EXPECT_EQ(refused.at("product"), "citizen_loan");
  EXPECT_EQ(summary(answer, "access.ack").at("access"), story_.delivered);
  EXPECT_EQ(summary(trace("yi"), "asset.erase").at("item"), "ga.hukou");
}

TEST_F(SupervisionTest, EachSummaryHasALineInBothLanguagesAndAnActor) {
  for (const char* person : {"jia", "yi"}) {
    const Json answer = trace(person);
    for (const Json& event : answer.at("events")) {
      const Json& said = event.at("summary");
      const std::string zh = said.at("text_zh");
      const std::string en = said.at("text_en");
      EXPECT_FALSE(zh.empty() || en.empty()) << event.at("op");
      EXPECT_NE(zh, event.at("op").get<std::string>()) << "an operation without words";
      EXPECT_FALSE(event.at("actor").get<std::string>().empty());
    }
  }
  const Json answer = trace("jia");
  EXPECT_EQ(answer.at("events")[0].at("actor"), "reg");
  EXPECT_EQ(answer.at("events")[5].at("actor"), account_of("jia"));
  EXPECT_EQ(answer.at("events")[7].at("actor"), "host");
}

TEST_F(SupervisionTest, CompletenessHoldsOutsideTheHost) {
  const auto answer = supervision_->completeness(account_of("yi"));
  ASSERT_TRUE(answer.ok());
  const auto head =
      proof::open_head(answer->at("head").get<std::string>(), ledger_->host_key(), kChain);
  ASSERT_TRUE(head.ok());
  proof::SubjectValue value;
  for (const Json& event : answer->at("events")) {
    const auto id = hash_from_hex(event.at("tx").get<std::string>());
    ASSERT_TRUE(id.ok());
    value.head = proof::next_event_head(value.head, *id, event.at("index").get<std::uint64_t>());
    ++value.count;
  }
  EXPECT_EQ(answer->at("count"), value.count);
  EXPECT_EQ(answer->at("head_hash"), to_hex(value.head));
  const auto proof = proof::map_proof_from_json(answer->at("proof"));
  ASSERT_TRUE(proof.ok());
  const Hash32 key = proof::subject_key(account_of("yi"));
  EXPECT_TRUE(proof::verify_map(head->subject_root, key, value, *proof).ok());
  --value.count;
  EXPECT_FALSE(proof::verify_map(head->subject_root, key, value, *proof).ok());
}

TEST_F(SupervisionTest, WhoIsNotThereHasNoTrace) {
  for (const std::string account : {"p-00000000000000000000000000000000", "bank", ""}) {
    EXPECT_EQ(supervision_->trace(account).error().code, "subject.not_found");
    EXPECT_EQ(supervision_->completeness(account).error().code, "subject.not_found");
  }
}

TEST_F(SupervisionTest, OneHeadAlsoWhileTheLedgerGrows) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (unsigned i = 1; !stop; ++i) {
      ASSERT_TRUE(ledger_->submit(chain::test::item_tx(i)).ok());
    }
  });
  for (int i = 0; i < 30; ++i) {
    const Json answer = trace("jia");
    std::set<std::string> heads;
    for (const Json& event : answer.at("events")) {
      const Json& receipt = event.at("receipt");
      heads.insert(receipt.at("head").get<std::string>());
      const auto parsed = proof::receipt_from_json(receipt);
      ASSERT_TRUE(parsed.ok());
      ASSERT_TRUE(proof::verify_receipt(event.at("transaction").get<std::string>(), *parsed,
                                        ledger_->host_key(), kChain)
                      .ok());
    }
    EXPECT_EQ(heads.size(), 1U);
  }
  stop = true;
  writer.join();
}

TEST_F(SupervisionTest, FlowsComeFromTheCentre) {
  const auto flows = supervision_->flows(0, 5);
  ASSERT_TRUE(flows.ok());
  EXPECT_EQ(flows->at("flows").size(), 5U);
  EXPECT_EQ(*flows, *centre_->flows(0, 5));
}

}  // namespace
}  // namespace qc::supervision
