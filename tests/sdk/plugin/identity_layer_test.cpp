// "prove_identity": claims, evidence, pseudonym, credential.
#include <gtest/gtest.h>

#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/identity.hpp"
#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

class IdentityLayerTest : public ::testing::Test {
 protected:
  IdentityLayerTest() : script_(std::make_shared<ScriptedDepartment::Script>()), rig_(nullptr) {
    script_->prove = [this](const IdentityClaim& claim) -> Result<bool> {
      seen_ = claim;
      return proved_;
    };
    rig_ = std::make_unique<Rig>(
        department_description(),
        make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "ga");
  }

  struct Claim {
    crypto::PrivateKey key = crypto::PrivateKey::generate();
    crypto::PrivateKey prover = key;
    std::string id_no = kIdNo, name = "某人", valid_to = "2040-01-01", chain = kChain;
    std::string kid = key.kid(), typ = "qc-identity-proof+jws";
    std::int64_t iat = kNow;
  };
  Json message(const Claim& claim) const {
    const Json proof = {
        {"chain", claim.chain}, {"kid", claim.kid}, {"iat", claim.iat}, {"nonce", random_id()}};
    const Json inner = {{"id_no", claim.id_no},
                        {"name", claim.name},
                        {"card_valid_to", claim.valid_to},
                        {"jwk", claim.key.public_key().to_jwk()},
                        {"proof", crypto::jws_sign(claim.prover, proof.dump(), claim.typ)}};
    const auto jwe = crypto::jwe_encrypt(rig_->key().public_key(), inner.dump());
    return {{"chain", kChain}, {"now", kNow}, {"claim", *jwe}};
  }
  Reply prove(const Claim& claim) { return rig_->call("prove_identity", message(claim)); }

  std::shared_ptr<ScriptedDepartment::Script> script_;
  std::unique_ptr<Rig> rig_;
  IdentityClaim seen_;
  bool proved_ = true;
};

TEST_F(IdentityLayerTest, EvidenceAndCredentialAreWhatTheFormatsSay) {
  rig_->configure();
  const Claim claim;
  const Reply reply = prove(claim);
  ASSERT_EQ(reply.status, QC_OK) << reply.text;
  EXPECT_EQ(seen_.id_no, kIdNo);
  EXPECT_EQ(seen_.name, "某人");
  const std::string pseudonym = reply.json.at("pseudonym");
  // HMAC-SM3(key, "qc-pseudonym-1" 00 chain 00 id_no)
  std::string input = "qc-pseudonym-1";
  input.append(1, '\0').append(kChain).append(1, '\0').append(kIdNo);
  const Bytes key(32, 0xaa);
  EXPECT_EQ(pseudonym, to_hex(crypto::hmac_sm3(key, as_bytes(input))));
  EXPECT_EQ(reply.json.at("account"), "p-" + pseudonym.substr(0, 32));

  const std::string evidence_text = reply.json.at("evidence");
  const auto evidence =
      crypto::jws_open(evidence_text, rig_->key().public_key(), "qc-identity-evidence+jws");
  ASSERT_TRUE(evidence.ok());
  const auto payload = parse_json(evidence->payload);
  EXPECT_EQ(payload->at("kid"), claim.key.kid());
  EXPECT_EQ(payload->at("pseudonym"), pseudonym);
  EXPECT_EQ(payload->at("account"), reply.json.at("account"));
  EXPECT_EQ(payload->at("chain"), kChain);
  EXPECT_EQ(payload->size(), 7U);

  const auto opened =
      crypto::jwe_decrypt(claim.key, reply.json.at("credential").get<std::string>());
  ASSERT_TRUE(opened.ok());
  const auto credential = parse_json(*opened);
  const auto view = crypto::sdjwt_verify(credential->at("sd_jwt").get<std::string>(),
                                         rig_->key().public_key(), kNow);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->claims.at("vct"), "qc:identity:1");
  EXPECT_EQ(view->claims.at("sub"), reply.json.at("account"));
  EXPECT_EQ(view->fields, Json({{"id_no", kIdNo}, {"name", "某人"}}));
  EXPECT_TRUE(bound_to(view->claims, claim.key.public_key()));
  EXPECT_EQ(reply.text.find(kIdNo), std::string::npos);
}

TEST_F(IdentityLayerTest, ClaimsThatProveNothingAreRefused) {
  rig_->configure();
  const auto code = [&](const std::function<void(Claim&)>& bend) {
    Claim claim;
    bend(claim);
    const Reply reply = prove(claim);
    EXPECT_NE(reply.status, QC_OK);
    return reply.code();
  };
  EXPECT_EQ(code([](auto& c) { c.prover = crypto::PrivateKey::generate(); }), "jws.bad_signature");
  EXPECT_EQ(code([](auto& c) { c.typ = "qc-tx+jws"; }), "jws.wrong_type");
  EXPECT_EQ(code([](auto& c) { c.chain = "other"; }), "identity.wrong_chain");
  EXPECT_EQ(code([](auto& c) { c.kid = "x"; }), "identity.wrong_holder");
  EXPECT_EQ(code([](auto& c) { c.iat = kNow - 301; }), "proof.stale");
  EXPECT_EQ(code([](auto& c) { c.iat = kNow + 301; }), "proof.stale");
  EXPECT_EQ(code([](auto& c) { c.id_no = "110105194912310020"; }), "identity.invalid");
  EXPECT_EQ(code([](auto& c) { c.id_no = "1"; }), "json.out_of_range");
  EXPECT_EQ(code([](auto& c) { c.valid_to = "2040-02-30"; }), "identity.invalid");
  proved_ = false;
  const Reply reply = prove(Claim());
  EXPECT_EQ(reply.status, QC_REFUSED);
  EXPECT_EQ(reply.code(), "identity.not_proved");
}

TEST_F(IdentityLayerTest, ThePseudonymKeyIsRequiredAndPrivate) {
  const auto code = [&](const std::string& text, FileMode mode) {
    EXPECT_TRUE(write_file(rig_->folder() / "pseudonym.key", text, mode).ok());
    return rig_->configure(rig_->settings());
  };
  EXPECT_EQ(code(std::string(63, 'a') + '\n', FileMode::kPrivate).code(), "pseudonym_key.invalid");
  EXPECT_EQ(code(std::string(64, 'x') + '\n', FileMode::kPrivate).code(), "pseudonym_key.invalid");
  const Reply open = code(std::string(64, 'a') + '\n', FileMode::kPublic);
  EXPECT_EQ(open.code(), "keystore.permissions");
  EXPECT_EQ(open.field(), "settings.pseudonym_key_file");
  Json without = rig_->settings();
  without.erase("pseudonym_key_file");
  EXPECT_EQ(rig_->configure(without).field(), "settings.pseudonym_key_file");
}

TEST_F(IdentityLayerTest, PseudonymsDependOnPersonChainAndKey) {
  const auto load = [&](char digit) {
    const auto file = rig_->folder() / "p.key";
    EXPECT_TRUE(write_file(file, std::string(64, digit), FileMode::kPrivate).ok());
    return std::move(Pseudonyms::load(file)).value();
  };
  const auto a = load('a');
  const auto b = load('b');
  EXPECT_EQ(a->of("net", "x"), a->of("net", "x"));
  EXPECT_NE(a->of("net", "x"), b->of("net", "x"));
  EXPECT_NE(a->of("net", "x"), a->of("net2", "x"));
  EXPECT_NE(a->of("net", "x"), a->of("net", "y"));
}

}  // namespace
}  // namespace qc::plugin
