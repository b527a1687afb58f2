// "issue": who may ask, and what a department may answer.
#include <gtest/gtest.h>

#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/transaction.hpp"
#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

class DepartmentLayerTest : public ::testing::Test {
 protected:
  DepartmentLayerTest()
      : script_(std::make_shared<ScriptedDepartment::Script>()),
        rig_(department_description(),
             make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "t") {
    script_->fetch = [this](const Subject& subject, const Item&) -> Result<Record> {
      asked_for_ = subject.id_no;
      return Record{record_};
    };
    rig_.configure();
  }

  Reply issue(const IssueParts& parts) {
    return rig_.call("issue", parts.message(rig_.key().public_key()));
  }
  /// All fields of t.all.
  Reply issue_all(const IssueParts& parts) {
    Json message = parts.message(rig_.key().public_key());
    message["fields"] = Json::array();
    const Json fields = good_record();  // items() keeps a reference
    for (const auto& [name, value] : fields.items()) message["fields"].push_back(name);
    return rig_.call("issue", message);
  }

  std::shared_ptr<ScriptedDepartment::Script> script_;
  Rig rig_;
  Json record_ = good_record();
  std::string asked_for_;
};

TEST_F(DepartmentLayerTest, AnAssetIsWhatTheFormatsSay) {
  const IssueParts parts;
  const Reply reply = issue_all(parts);
  ASSERT_EQ(reply.status, QC_OK) << reply.text;
  EXPECT_EQ(asked_for_, kIdNo);
  const std::string jwe = reply.json.at("jwe");
  const auto text = crypto::jwe_decrypt(parts.holder, jwe);
  ASSERT_TRUE(text.ok());
  const auto content = parse_json(*text);
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->size(), 3U);
  EXPECT_EQ(content->at("asset"), reply.json.at("asset"));
  const std::string sd_jwt = content->at("sd_jwt");
  const auto view = crypto::sdjwt_verify(sd_jwt, rig_.key().public_key(), kNow);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->fields, good_record());
  EXPECT_EQ(view->claims.at("iss"), "t");
  EXPECT_EQ(view->claims.at("sub"), kAccount);
  EXPECT_EQ(view->claims.at("vct"), "qc:item:t.all:1");
  EXPECT_EQ(view->claims.at("chain"), kChain);
  EXPECT_EQ(view->claims.at("asset"), content->at("asset"));
  EXPECT_EQ(view->claims.at("exp"), kNow + 10 * 86400);
  EXPECT_TRUE(bound_to(view->claims, parts.holder.public_key()));

  const auto tx = proof::parse_transaction(reply.json.at("tx").get<std::string>());
  ASSERT_TRUE(tx.ok());
  EXPECT_TRUE(proof::verify_transaction(*tx, rig_.key().public_key()).ok());
  EXPECT_EQ(tx->op, "asset.issue");
  EXPECT_EQ(tx->iat, kNow);
  const auto salt = from_base64url(content->at("salt").get<std::string>());
  ASSERT_TRUE(salt.ok());
  EXPECT_EQ(salt->size(), 32U);
  std::string bound = "qc-asset-1";
  bound.append(1, '\0').append(as_text(*salt)).append(sd_jwt);
  EXPECT_EQ(tx->body.at("commitment"), to_hex(crypto::sm3(bound)));
  EXPECT_EQ(tx->body.at("ciphertext_sm3"), to_hex(crypto::sm3(jwe)));
  EXPECT_EQ(tx->body.at("as_of"), kNow);
  EXPECT_EQ(tx->body.at("expires"), kNow + 10 * 86400);
  EXPECT_EQ(tx->body.size(), 10U);
  // No value and no identity number in what the host and the ledger see.
  for (const auto& seen : {reply.text, tx->body.dump()}) {
    EXPECT_EQ(seen.find(kIdNo), std::string::npos);
    EXPECT_EQ(seen.find("泉城"), std::string::npos);
  }
}

TEST_F(DepartmentLayerTest, WhoCannotProveIdentityGetsNothing) {
  const auto code = [&](const std::function<void(IssueParts&)>& bend) {
    IssueParts parts;
    bend(parts);
    script_->fetches = 0;
    const Reply reply = issue(parts);
    EXPECT_NE(reply.status, QC_OK);
    EXPECT_EQ(script_->fetches, 0);  // the source is not even asked
    EXPECT_EQ(reply.text.find(kIdNo), std::string::npos);
    return reply.code();
  };
  EXPECT_EQ(code([](auto& p) { p.audience = "rs"; }), "identity.wrong_audience");
  EXPECT_EQ(code([](auto& p) { p.nonce = "t.other/" + random_id(); }), "identity.wrong_nonce");
  EXPECT_EQ(code([](auto& p) { p.nonce = "t.all/"; }), "identity.wrong_nonce");
  EXPECT_EQ(code([](auto& p) { p.nonce = "t.all"; }), "identity.wrong_nonce");
  EXPECT_EQ(code([](auto& p) { p.nonce = "t.all/" + random_id() + random_id(); }),
            "identity.wrong_nonce");
  EXPECT_EQ(code([](auto& p) { p.signed_at = kNow - 301; }), "proof.stale");
  EXPECT_NE(code([](auto& p) { p.signed_at = kNow + 301; }), "");
  EXPECT_EQ(code([](auto& p) { p.expires = kNow; }), "sdjwt.expired");
  EXPECT_EQ(code([](auto& p) { p.chain = "other-net"; }), "identity.wrong_chain");
  EXPECT_EQ(code([](auto& p) { p.subject = "p-" + std::string(32, 'f'); }),
            "identity.wrong_subject");
  EXPECT_EQ(code([](auto& p) { p.vct = "qc:item:ga.hukou:1"; }), "identity.invalid");
  EXPECT_EQ(code([](auto& p) { p.issuer = "rs"; }), "identity.wrong_issuer");
  EXPECT_EQ(code([](auto& p) { p.key_binding = false; }), "identity.no_proof");
  EXPECT_EQ(code([](auto& p) { p.presenter = crypto::PrivateKey::generate(); }),
            "sdjwt.bad_key_binding");
  EXPECT_EQ(code([](auto& p) { p.disclosed = {"name"}; }), "json.missing_field");
  EXPECT_EQ(code([](auto& p) { p.id_no = "110105194912310020"; }), "identity.invalid");
}

TEST_F(DepartmentLayerTest, TheWindowOfAProofIsThreeHundredSeconds) {
  IssueParts parts;
  parts.signed_at = kNow - 300;
  EXPECT_EQ(issue(parts).status, QC_OK);
  parts.signed_at = kNow - 301;
  EXPECT_EQ(issue(parts).code(), "proof.stale");
}

TEST_F(DepartmentLayerTest, AForeignSubjectCannotUseAnothersProof) {
  const IssueParts parts;
  const auto thief = crypto::PrivateKey::generate();
  Json message = parts.message(rig_.key().public_key());
  message["subject"]["jwk"] = thief.public_key().to_jwk();
  EXPECT_EQ(rig_.call("issue", message).code(), "identity.wrong_holder");
  message = parts.message(rig_.key().public_key());
  message["subject"]["account"] = "p-" + std::string(32, '0');
  EXPECT_EQ(rig_.call("issue", message).code(), "identity.wrong_subject");
}

TEST_F(DepartmentLayerTest, OnlyTheIdentityDepartmentIsBelieved) {
  const IssueParts parts;
  Json message = parts.message(rig_.key().public_key());
  message["issuers"]["ga"] = Json::array({crypto::PrivateKey::generate().public_key().to_jwk()});
  EXPECT_EQ(rig_.call("issue", message).code(), "sdjwt.bad_signature");
  message = parts.message(rig_.key().public_key());
  message["issuers"]["rs"] = message["issuers"]["ga"];
  EXPECT_EQ(rig_.call("issue", message).code(), "identity.wrong_issuer");  // which of the two?
  message["issuers"] = Json::object();
  EXPECT_EQ(rig_.call("issue", message).status, QC_REFUSED);

  Rig told(department_description(),
           make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "t");
  Json settings = told.settings();
  settings["identity_issuer"] = "ga";
  ASSERT_EQ(told.configure(settings).status, QC_OK);
  message = parts.message(told.key().public_key());
  message["issuers"]["rs"] = message["issuers"]["ga"];
  EXPECT_EQ(told.call("issue", message).status, QC_OK);
  IssueParts forged = parts;
  forged.issuer = "rs";
  message = forged.message(told.key().public_key());
  message["issuers"] = {{"rs", Json::array({forged.identity_key.public_key().to_jwk()})}};
  EXPECT_EQ(told.call("issue", message).code(), "identity.wrong_issuer");
}

TEST_F(DepartmentLayerTest, MalformedMembersAreNamed) {
  struct Case {
    const char* pointer;
    Json value;
    const char* code;
    const char* field;
  };
  const Case cases[] = {
      {"/chain", "other", "plugin.wrong_chain", "chain"},
      {"/now", -1, "json.out_of_range", "now"},
      {"/now", "soon", "json.wrong_type", "now"},
      {"/subject", 5, "json.wrong_type", "subject"},
      {"/subject/jwk", Json::object(), "key.invalid", "subject.jwk.kty"},
      {"/subject/extra", 1, "json.unknown_field", "subject.extra"},
      {"/item", "t.none", "issue.unknown_item", "item"},
      {"/version", 2, "issue.wrong_version", "version"},
      {"/fields", Json::array(), "issue.no_fields", "fields"},
      {"/fields", {"nope"}, "issue.unknown_field", "fields[0]"},
      {"/fields", {"text", "text"}, "json.duplicate_value", "fields[1]"},
      {"/identity", "not a jwe", "jwe.invalid", "identity"},
      {"/identity", "", "json.out_of_range", "identity"},
      {"/issuers", Json::array(), "json.wrong_type", "issuers"},
      {"/supersedes", 5, "json.wrong_type", "supersedes"},
      {"/surprise", 5, "json.unknown_field", "surprise"},
  };
  for (const Case& one : cases) {
    Json message = IssueParts().message(rig_.key().public_key());
    message[Json::json_pointer(one.pointer)] = one.value;
    const Reply reply = rig_.call("issue", message);
    EXPECT_EQ(reply.field(), one.field) << one.pointer << reply.text;
    if (std::string(one.code) != "json.duplicate_value") {
      EXPECT_EQ(reply.code(), one.code) << one.pointer;
    }
  }
}

TEST_F(DepartmentLayerTest, ForAnotherRecipientIsNotForUs) {
  const IssueParts parts;
  Json message = parts.message(crypto::PrivateKey::generate().public_key());
  EXPECT_EQ(rig_.call("issue", message).code(), "jwe.wrong_recipient");
}

TEST_F(DepartmentLayerTest, ARecordThatBreaksItsDescriptionIsNotIssued) {
  const auto field_of = [&](const char* name, const Json& value) {
    record_ = good_record();
    record_[name] = value;
    const Reply reply = issue_all(IssueParts());
    EXPECT_EQ(reply.status, QC_INTERNAL);
    EXPECT_EQ(reply.code(), "record.invalid");
    return reply.field();
  };
  EXPECT_EQ(field_of("money", 1.5), "record.money");
  EXPECT_EQ(field_of("day", "yesterday"), "record.day");
  EXPECT_EQ(field_of("flag", "yes"), "record.flag");
  EXPECT_EQ(field_of("text", "\xff"), "record.text");
  EXPECT_EQ(field_of("stranger", 1), "record.stranger");
  record_ = good_record();
  record_.erase("rate");
  EXPECT_EQ(issue_all(IssueParts()).field(), "record.rate");
  record_ = Json::array();
  EXPECT_EQ(issue_all(IssueParts()).code(), "record.invalid");
  record_ = good_record();
  record_["rate"] = nullptr;  // the department holds none: said so, not left out
  EXPECT_EQ(issue_all(IssueParts()).status, QC_OK);
}

TEST_F(DepartmentLayerTest, TheAuthorsExpiryAndDateAreUsed) {
  script_->fetch = [](const Subject&, const Item&) -> Result<Record> {
    return Record{good_record(), kNow - 500, kNow + 77};
  };
  const Reply reply = issue(IssueParts());
  ASSERT_EQ(reply.status, QC_OK);
  const auto tx = proof::parse_transaction(reply.json.at("tx").get<std::string>());
  EXPECT_EQ(tx->body.at("as_of"), kNow - 500);
  EXPECT_EQ(tx->body.at("expires"), kNow + 77);
}

TEST_F(DepartmentLayerTest, AnAuthorsFailureKeepsItsMeaning) {
  struct Case {
    Error error;
    int status;
  };
  for (const Case& one : {Case{not_found("record.none", "none"), QC_NOT_FOUND},
                          Case{unavailable("source.unavailable", "away"), QC_UNAVAILABLE},
                          Case{forbidden("record.sealed", "sealed"), QC_REFUSED},
                          Case{internal("source.defect", "defect"), QC_INTERNAL}}) {
    script_->fetch = [&](const Subject&, const Item&) -> Result<Record> { return one.error; };
    const Reply reply = issue(IssueParts());
    EXPECT_EQ(reply.status, one.status);
    EXPECT_EQ(reply.code(), one.error.code);
  }
}

}  // namespace
}  // namespace qc::plugin
