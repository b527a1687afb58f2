// "issue_fresh": what a department issues for one access while its subject is away, and what it
// refuses whatever the host says. The ledger here is two transactions under a head of the host's.
#include <chrono>

#include <gtest/gtest.h>

#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/fresh_memory.hpp"
#include "sdk/plugin/handle.hpp"
#include "sdk/proof/fresh_issue.hpp"
#include "sdk/proof/receipt.hpp"
#include "sdk/proof/transaction.hpp"
#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

std::int64_t clock_s() { return own_clock_ms() / 1000; }

/// A grant and an access under it; each part can be bent before it is signed and recorded.
struct FreshParts {
  crypto::PrivateKey holder = crypto::PrivateKey::generate();
  crypto::PrivateKey bank = crypto::PrivateKey::generate();
  crypto::PrivateKey host = crypto::PrivateKey::generate();
  crypto::PrivateKey giver = holder;
  std::string chain = kChain, item = "t.all", grant_op = "grant.create";
  Json grant, access;
  std::int64_t opened_s = clock_s(), head_s = clock_s(), now_s = clock_s();
  std::string handle;
  bool swapped = false;  ///< the access stands before its grant

  explicit FreshParts(const std::string& asset = random_id()) {
    grant = {
        {"grant", random_id()},
        {"subject", {{"account", kAccount}}},
        {"actor", {{"role", "self"}}},
        {"consumer", {{"account", "bank"}, {"product", "loan"}}},
        {"purpose", {{"code", "credit"}}},
        {"scope",
         {{{"item", "t.all"}, {"version", 1}, {"fields", {"money", "day"}}, {"asset", asset}}}},
        {"valid", {{"from", clock_s() - 1000}, {"to", clock_s() + 1000}}},
        {"mode", "standing"},
        {"key", bank.public_key().to_jwk()}};
    access = {{"access", random_id()},
              {"grant", grant.at("grant")},
              {"product", "loan"},
              {"purpose", "credit"},
              {"items", {{{"item", "t.all"}, {"fields", {"day", "money"}}}}}};
  }

  Json message() const {
    const std::string given = proof::make_transaction(giver, chain, grant_op, grant, 1000);
    const std::string opened =
        proof::make_transaction(bank, chain, "access.open", access, opened_s);
    const Hash32 leaves[] = {proof::leaf_hash(as_bytes(swapped ? opened : given)),
                             proof::leaf_hash(as_bytes(swapped ? given : opened))};
    proof::TreeHead head;
    head.chain = kChain;
    head.size = 2;
    head.log_root = proof::node_hash(leaves[0], leaves[1]);
    head.time_ms = head_s * 1000;
    const std::string signed_head = proof::sign_head(head, host);
    const auto recorded = [&](const std::string& tx, std::uint64_t index,
                              const crypto::PrivateKey& key) {
      const proof::Receipt receipt{
          to_hex(crypto::sm3(tx)), index, 2, {leaves[1 - index]}, signed_head};
      return Json{
          {"tx", tx}, {"receipt", proof::to_json(receipt)}, {"jwk", key.public_key().to_jwk()}};
    };
    return {{"chain", kChain},
            {"now", now_s},
            {"item", item},
            {"handle", handle},
            {"grant", recorded(given, swapped ? 1 : 0, giver)},
            {"access", recorded(opened, swapped ? 0 : 1, bank)}};
  }
};

class FreshLayerTest : public ::testing::Test {
 protected:
  FreshLayerTest()
      : script_(std::make_shared<ScriptedDepartment::Script>()),
        rig_(department_description(),
             make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "t") {
    script_->fetch = [this](const Subject& subject, const Item&) -> Result<Record> {
      asked_for_ = subject.id_no;
      if (gone_) return not_found("record.none", "no record");
      return Record{record_, 1000, 0};
    };
    EXPECT_EQ(configure(rig_, host_).status, QC_OK);
    own_ = std::make_unique<Own>(Own{nullptr, kChain, "t", rig_.key()});
  }
  static Reply configure(Rig& rig, const crypto::PrivateKey& host, const std::string& pin = "") {
    Json settings = rig.settings();
    if (!pin.empty()) settings["host_kid"] = pin;
    return rig.call("configure", {{"settings", settings},
                                  {"chain", kChain},
                                  {"account", "t"},
                                  {"host_jwk", host.public_key().to_jwk()}});
  }
  /// With a handle that the department sealed itself, as "issue" does.
  FreshParts good() {
    FreshParts parts(asset_);
    parts.host = host_;
    parts.handle = handle_for(parts);
    return parts;
  }
  std::string handle_for(const FreshParts& parts) {
    return *seal_handle(*own_, {kAccount, parts.holder.kid(), "t.all", asset_, kIdNo});
  }
  Reply issue(const FreshParts& parts) { return rig_.call("issue_fresh", parts.message()); }
  /// The code of a message that must be refused before the source is asked.
  std::string refused(const std::function<void(FreshParts&)>& bend) {
    FreshParts parts = good();
    bend(parts);
    return refused(parts.message());
  }
  std::string refused(const Json& message) {
    script_->fetches = 0;
    const Reply reply = rig_.call("issue_fresh", message);
    EXPECT_NE(reply.status, QC_OK);
    EXPECT_EQ(script_->fetches, 0) << reply.text;
    EXPECT_EQ(reply.text.find(kIdNo), std::string::npos);
    return reply.code();
  }

  std::shared_ptr<ScriptedDepartment::Script> script_;
  crypto::PrivateKey host_ = crypto::PrivateKey::generate();
  Rig rig_;
  std::unique_ptr<Own> own_;  ///< the department's own, to seal handles with
  const std::string asset_ = random_id();
  Json record_ = good_record();
  bool gone_ = false;
  std::string asked_for_;
};

TEST_F(FreshLayerTest, AnItemIsIssuedOnceForAnAccess) {
  FreshParts parts = good();
  ASSERT_EQ(issue(parts).status, QC_OK);
  EXPECT_EQ(refused(parts.message()), "issue.repeated");
  // What fails issues nothing: the same access may be asked for again.
  parts.access["access"] = random_id();
  gone_ = true;
  EXPECT_EQ(issue(parts).code(), "record.none");
  gone_ = false;
  EXPECT_EQ(issue(parts).status, QC_OK);
  EXPECT_EQ(refused(parts.message()), "issue.repeated");
}

TEST(FreshMemory, ForgetsWhatIsTooOldToBeIssuedForAndHasABound) {
  FreshMemory memory;
  EXPECT_TRUE(memory.begin("a", "x", 1000, 1000).ok());
  EXPECT_TRUE(memory.begin("a", "y", 1000, 1000).ok());
  EXPECT_EQ(memory.begin("a", "x", 1000, 1000 + kProofWindowSeconds).error().code,
            "issue.repeated");
  // Whoever is so late is refused as stale before this is asked.
  EXPECT_TRUE(memory.begin("a", "x", 1000, 1001 + kProofWindowSeconds).ok());
  for (std::size_t i = 0; i < FreshMemory::kMost; ++i) {
    ASSERT_TRUE(memory.begin(std::to_string(i), "x", 2000, 2000).ok()) << i;
  }
  EXPECT_EQ(memory.begin("b", "x", 2000, 2000).error().code, "issue.too_many");
  memory.undo("7", "x", 2000);
  EXPECT_TRUE(memory.begin("b", "x", 2000, 2000).ok());
}

TEST_F(FreshLayerTest, WhatIsIssuedIsWhatTheFormatsSay) {
  const FreshParts parts = good();
  const Reply reply = issue(parts);
  ASSERT_EQ(reply.status, QC_OK) << reply.text;
  EXPECT_EQ(asked_for_, kIdNo);
  const std::string jwe = reply.json.at("jwe");
  const auto said = proof::open_issue_statement(reply.json.at("statement").get<std::string>(),
                                                rig_.key().public_key());
  ASSERT_TRUE(said.ok());
  EXPECT_EQ(said->access, parts.access.at("access"));
  EXPECT_EQ(said->grant, parts.grant.at("grant"));
  EXPECT_EQ(said->item, "t.all");
  EXPECT_EQ(said->as_of_s, 1000);
  EXPECT_EQ(said->ciphertext_sm3, to_hex(crypto::sm3(jwe)));
  const auto text = crypto::jwe_decrypt(parts.bank, jwe);
  ASSERT_TRUE(text.ok());
  const auto credential = proof::read_fresh(*text);
  ASSERT_TRUE(credential.ok());
  EXPECT_EQ(said->commitment, credential->commitment());
  proof::FreshTerms terms{
      kChain, parts.grant.at("grant"), parts.access.at("access"), kAccount, "bank", "t", "t.all", 1,
      asset_, {"money", "day"}};
  const auto check = [&] {
    const auto record =
        proof::check_fresh_issue(*credential, terms, rig_.key().public_key(), clock_s());
    return record.ok() ? record->fields.dump() : record.error().code;
  };
  EXPECT_EQ(check(), R"({"day":"2024-02-29","money":123456})");
  // Whoever expects other terms is not given these.
  const auto with = [&](std::string& term, const std::string& other) {
    const std::string before = std::exchange(term, other);
    const std::string code = check();
    term = before;
    return code;
  };
  EXPECT_EQ(with(terms.access, random_id()), "issued.wrong_access");
  EXPECT_EQ(with(terms.grant, random_id()), "issued.wrong_grant");
  EXPECT_EQ(with(terms.consumer, "other"), "issued.wrong_audience");
  EXPECT_EQ(with(terms.subject, "p-0"), "issued.wrong_subject");
  EXPECT_EQ(with(terms.issuer, "rs"), "issued.wrong_issuer");
  EXPECT_EQ(with(terms.item, "t.other"), "issued.wrong_item");
  EXPECT_EQ(with(terms.asset, random_id()), "issued.wrong_asset");
  EXPECT_EQ(with(terms.chain, "other-net"), "issued.wrong_chain");
  terms.fields.insert("text");
  EXPECT_EQ(check(), "issued.wrong_fields");
  // Nobody can present it on, and no value is in what the host and the ledger see.
  const auto claims = crypto::sdjwt_peek_claims(credential->sd_jwt);
  EXPECT_FALSE(claims->contains("cnf"));
  EXPECT_FALSE(crypto::sdjwt_present(credential->sd_jwt, {"money"}, parts.bank, "x", "y", 1).ok());
  EXPECT_EQ(reply.text.find("123456"), std::string::npos);
}

TEST_F(FreshLayerTest, TheSourceIsReadAnewEachTime) {
  ASSERT_EQ(issue(good()).status, QC_OK);
  record_["money"] = 7;
  const FreshParts parts = good();
  const Reply reply = issue(parts);
  const auto text = crypto::jwe_decrypt(parts.bank, reply.json.at("jwe").get<std::string>());
  ASSERT_TRUE(text.ok());
  const auto view =
      crypto::sdjwt_verify(proof::read_fresh(*text)->sd_jwt, rig_.key().public_key(), clock_s());
  EXPECT_EQ(view->fields.at("money"), 7);
  gone_ = true;
  EXPECT_EQ(issue(good()).code(), "record.none");
}

TEST_F(FreshLayerTest, AHandleIsTheDepartmentsOwnOrNothing) {
  EXPECT_EQ(refused([](auto& p) { p.handle = "x"; }), "issue.bad_handle");
  // A host has the department's public key and can encrypt to it what it likes.
  EXPECT_EQ(refused([&](auto& p) {
              const Own forger{nullptr, kChain, "t", crypto::PrivateKey::generate()};
              const std::string payload = Json{
                  {"v", 1},
                  {"chain", kChain},
                  {"subject", kAccount},
                  {"kid", p.holder.kid()},
                  {"item", "t.all"},
                  {"asset", asset_},
                  {"id_no", kIdNo}}.dump();
              p.handle = *crypto::jwe_encrypt(
                  rig_.key().public_key(), crypto::jws_sign(forger.key, payload, "qc-handle+jws"));
            }),
            "issue.bad_handle");
  // What the department signed for another purpose is no handle.
  EXPECT_EQ(refused([&](auto& p) {
              p.handle = *crypto::jwe_encrypt(rig_.key().public_key(),
                                              crypto::jws_sign(rig_.key(), "{}", "qc-tx+jws"));
            }),
            "issue.bad_handle");
  const auto sealed = [&](const FreshParts& p, const std::string& subject, const std::string& item,
                          const std::string& asset, const std::string& chain = kChain) {
    const Own own{nullptr, chain, "t", rig_.key()};
    return *seal_handle(own, {subject, p.holder.kid(), item, asset, kIdNo});
  };
  EXPECT_EQ(refused([&](auto& p) { p.handle = sealed(p, "p-0", "t.all", asset_); }),
            "issue.wrong_subject");
  EXPECT_EQ(refused([&](auto& p) { p.handle = sealed(p, kAccount, "t.other", asset_); }),
            "issue.bad_handle");
  EXPECT_EQ(refused([&](auto& p) { p.handle = sealed(p, kAccount, "t.all", random_id()); }),
            "issue.not_granted");
  EXPECT_EQ(refused([&](auto& p) { p.handle = sealed(p, kAccount, "t.all", asset_, "other"); }),
            "issue.bad_handle");
}

TEST_F(FreshLayerTest, OnlyAStandingGrantOfTheSubjectsOwn) {
  EXPECT_EQ(refused([](auto& p) { p.grant["mode"] = "once"; }), "issue.not_standing");
  // Signed by somebody else in the subject's name, though the host recorded it.
  EXPECT_EQ(refused([](auto& p) { p.giver = crypto::PrivateKey::generate(); }),
            "issue.wrong_subject");
  EXPECT_EQ(refused([](auto& p) { p.grant["subject"]["account"] = "p-0"; }), "issue.wrong_subject");
  EXPECT_EQ(refused([](auto& p) { p.grant["valid"]["to"] = clock_s(); }), "issue.not_valid_now");
  EXPECT_EQ(refused([](auto& p) { p.grant["valid"]["from"] = clock_s() + 60; }),
            "issue.not_valid_now");
  EXPECT_EQ(refused([](auto& p) { p.grant["scope"][0]["item"] = "t.other"; }), "issue.not_granted");
  EXPECT_EQ(refused([](auto& p) { p.grant["scope"][0]["version"] = 2; }), "issue.wrong_version");
  EXPECT_EQ(refused([](auto& p) { p.grant["scope"][0]["fields"] = {"surprise"}; }),
            "issue.unknown_field");
  EXPECT_EQ(refused([](auto& p) { p.grant["key"]["x"] = "x"; }), "key.invalid");
  EXPECT_EQ(refused([](auto& p) { p.grant_op = "grant.cosign"; }), "issue.wrong_transaction");
  // Who acts for the subject signs with a key of their own; the ledger's rules judged that.
  FreshParts guarded = good();
  guarded.grant["actor"]["role"] = "guardian";
  guarded.giver = crypto::PrivateKey::generate();
  EXPECT_EQ(issue(guarded).status, QC_OK);
}

TEST_F(FreshLayerTest, OnlyForAnAccessThatTheLedgerHasUnderThisGrant) {
  EXPECT_EQ(refused([](auto& p) { p.access["grant"] = random_id(); }), "issue.wrong_access");
  EXPECT_EQ(refused([](auto& p) { p.access["product"] = "card"; }), "issue.wrong_access");
  EXPECT_EQ(refused([](auto& p) { p.access["purpose"] = "marketing"; }), "issue.wrong_access");
  EXPECT_EQ(refused([](auto& p) { p.access["items"][0]["fields"] = {"money"}; }),
            "issue.wrong_access");
  EXPECT_EQ(refused([](auto& p) { p.access["items"][0]["fields"].push_back("text"); }),
            "issue.wrong_access");
  EXPECT_EQ(refused([](auto& p) { p.access["items"][0]["item"] = "t.other"; }),
            "issue.not_granted");
  EXPECT_EQ(refused([](auto& p) { p.swapped = true; }), "issue.wrong_access");
  EXPECT_EQ(refused([](auto& p) { p.opened_s -= 301; }), "issue.stale_access");
  EXPECT_EQ(refused([](auto& p) { p.head_s -= 301; }), "issue.stale_access");
  // A host that turns its clock back with an old access in its hand.
  EXPECT_EQ(refused([](auto& p) {
              p.now_s -= 700;
              p.opened_s = p.head_s = p.now_s;
              p.grant["valid"]["from"] = p.now_s - 10;
            }),
            "issue.stale_access");
  EXPECT_EQ(refused([](auto& p) { p.host = crypto::PrivateKey::generate(); }),
            "head.bad_signature");
  Json message = good().message();
  message["access"]["receipt"]["index"] = 0;
  EXPECT_EQ(refused(message), "receipt.not_included");
  message = good().message();
  message["access"]["tx"] = good().message()["access"]["tx"];
  EXPECT_NE(refused(message), "");
  message = good().message();
  message["grant"]["receipt"] = message["access"]["receipt"];
  EXPECT_EQ(refused(message), "receipt.wrong_transaction");
  message = good().message();
  message["access"]["jwk"] = crypto::PrivateKey::generate().public_key().to_jwk();
  EXPECT_EQ(refused(message), "issue.wrong_transaction");
  message = good().message();
  message["chain"] = "other-net";
  EXPECT_EQ(refused(message), "plugin.wrong_chain");
  EXPECT_EQ(refused([](auto& p) { p.chain = "other-net"; }), "issue.wrong_transaction");
}

TEST_F(FreshLayerTest, AKeyThatWasReplacedStillOpensItsHandles) {
  const auto earlier = crypto::PrivateKey::generate();
  FreshParts parts = good();
  const Own before{nullptr, kChain, "t", earlier};
  parts.handle = *seal_handle(before, {kAccount, parts.holder.kid(), "t.all", asset_, kIdNo});
  EXPECT_EQ(issue(parts).code(), "issue.bad_handle");
  Rig later(department_description(),
            make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "t");
  const std::filesystem::path file = later.folder() / "former.pem";
  ASSERT_TRUE(crypto::save_key(file, earlier, "rig", crypto::PassphraseKind::kRandom).ok());
  Json settings = later.settings();
  settings["former_key_file"] = file.string();
  ASSERT_EQ(later
                .call("configure", {{"settings", settings},
                                    {"chain", kChain},
                                    {"account", "t"},
                                    {"host_jwk", host_.public_key().to_jwk()}})
                .status,
            QC_OK);
  EXPECT_EQ(later.call("issue_fresh", parts.message()).status, QC_OK);
}

TEST_F(FreshLayerTest, WithoutAHostsKeyNothingIsIssuedAndAPinnedOneHolds) {
  Rig blind(department_description(),
            make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "t");
  blind.configure();
  EXPECT_EQ(blind.call("issue_fresh", good().message()).code(), "issue.no_host_key");
  Rig pinned(department_description(),
             make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "t");
  EXPECT_EQ(configure(pinned, crypto::PrivateKey::generate(), host_.kid()).code(),
            "plugin.wrong_host");
  EXPECT_EQ(configure(pinned, host_, host_.kid()).status, QC_OK);
}

TEST_F(FreshLayerTest, AnAssetComesWithAHandleThatOnlyTheDepartmentCanOpen) {
  const IssueParts asked;
  const Reply reply = rig_.call("issue", asked.message(rig_.key().public_key()));
  ASSERT_EQ(reply.status, QC_OK) << reply.text;
  const std::string sealed = reply.json.at("handle");
  EXPECT_EQ(sealed.find(kIdNo), std::string::npos);
  EXPECT_FALSE(crypto::jwe_decrypt(asked.holder, sealed).ok());
  const auto handle = open_handle(*own_, sealed);
  ASSERT_TRUE(handle.ok());
  EXPECT_EQ(handle->subject, kAccount);
  EXPECT_EQ(handle->kid, asked.holder.kid());
  EXPECT_EQ(handle->item, "t.all");
  EXPECT_EQ(handle->asset, reply.json.at("asset"));
  EXPECT_EQ(handle->id_no, kIdNo);
}

}  // namespace
}  // namespace qc::plugin
