// What an attacker between issuer, holder and verifier would try.
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

std::string disclosure(const Json& content) { return to_base64url(as_bytes(content.dump())); }

class SdJwtAttack : public ::testing::Test {
 protected:
  std::string issue() const {
    return sdjwt_issue(issuer_, {.iss = "ga", .vct = "v", .iat = kNow}, fields_,
                       holder_.public_key());
  }
  std::string present(const std::vector<std::string>& names = {"a"}) const {
    return *sdjwt_present(issue(), names, holder_, "bank", "n1", kNow);
  }
  std::string check(std::string_view text) const {
    return code_of(sdjwt_verify_presentation(text, issuer_.public_key(), "bank", "n1", kNow));
  }
  std::string verify(std::string_view text) const {
    return code_of(sdjwt_verify(text, issuer_.public_key(), kNow));
  }

  /// The issuer's valid payload for these disclosures, changed by `change`, signed again.
  template <typename Change>
  std::string signed_payload(const std::vector<std::string>& disclosures, Change change,
                             std::string_view typ = "dc+sd-jwt") const {
    Json digests = Json::array();
    for (const std::string& text : disclosures) digests.push_back(to_base64url(sm3(text)));
    Json payload = {{"iss", "ga"},    {"vct", "v"},
                    {"iat", kNow},    {"_sd_alg", "sm3"},
                    {"_sd", digests}, {"cnf", {{"jwk", holder_.public_key().to_jwk()}}}};
    change(payload);
    std::string out = jws_sign(issuer_, payload.dump(), typ) + "~";
    for (const std::string& text : disclosures) out += text + "~";
    return out;
  }
  std::string signed_payload(const std::vector<std::string>& disclosures) const {
    return signed_payload(disclosures, [](Json&) {});
  }
  /// Replaces the key binding by one with this payload.
  std::string rebound(std::string_view presentation, const Json& kb, const PrivateKey& signer,
                      std::string_view typ = "kb+jwt") const {
    const std::string head(presentation.substr(0, presentation.rfind('~') + 1));
    Json payload = {
        {"iat", kNow}, {"aud", "bank"}, {"nonce", "n1"}, {"sd_hash", to_base64url(sm3(head))}};
    payload.merge_patch(kb);
    return head + jws_sign(signer, payload.dump(), typ);
  }

  PrivateKey issuer_ = PrivateKey::generate();
  PrivateKey holder_ = PrivateKey::generate();
  Json fields_{{"a", 1}, {"b", "two"}, {"c", true}};
};

TEST_F(SdJwtAttack, WrongIssuerKey) {
  EXPECT_EQ(code_of(sdjwt_verify(issue(), holder_.public_key(), kNow)), "sdjwt.bad_signature");
}

TEST_F(SdJwtAttack, EveryChangedCharacterOfAPresentationIsNoticed) {
  const std::string good = present();
  ASSERT_EQ(check(good), "ok");
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    ASSERT_NE(check(bad), "ok") << at;
  }
}

TEST_F(SdJwtAttack, EveryTruncationIsRefused) {
  const std::string good = present();
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_NE(check(std::string_view(good).substr(0, size)), "ok") << size;
  }
  EXPECT_NE(check(good + "~"), "ok");
  EXPECT_NE(check(good + "A"), "ok");
}

TEST_F(SdJwtAttack, DisclosuresThatAreNotTheIssuers) {
  auto parts = split(issue(), '~');
  ASSERT_EQ(parts.size(), 5U);
  auto changed = parts;
  changed[1] = disclosure(Json::array({"salt", "a", 1'000'000}));
  EXPECT_EQ(verify(join(changed, '~')), "sdjwt.bad_disclosure") << "tampered value";
  changed = parts;
  changed.insert(changed.begin() + 1, disclosure(Json::array({"salt", "d", 1})));
  EXPECT_EQ(verify(join(changed, '~')), "sdjwt.bad_disclosure") << "not referenced";
  changed = parts;
  changed.insert(changed.begin() + 1, changed[1]);
  EXPECT_EQ(verify(join(changed, '~')), "sdjwt.bad_disclosure") << "twice";
  changed = parts;
  changed[1] = split(issue(), '~')[1];
  EXPECT_EQ(verify(join(changed, '~')), "sdjwt.bad_disclosure") << "of another credential";
  changed = parts;
  changed[1] += "=";
  EXPECT_EQ(verify(join(changed, '~')), "sdjwt.bad_disclosure") << "another spelling";
  changed = parts;
  changed[1].clear();
  EXPECT_EQ(verify(join(changed, '~')), "sdjwt.invalid") << "empty";
  changed = parts;
  std::swap(changed[1], changed[2]);
  EXPECT_EQ(verify(join(changed, '~')), "ok") << "order means nothing";
}

TEST_F(SdJwtAttack, DisclosuresThatEvenTheIssuerMayNotMake) {
  const auto only = [this](const Json& content) {
    return verify(signed_payload({disclosure(content)}));
  };
  EXPECT_EQ(only(Json::array({"salt", "d", 1})), "ok");
  for (const char* name : {"iss", "sub", "exp", "cnf", "vct", "_sd", "_sd_alg", "...", ""}) {
    EXPECT_EQ(only(Json::array({"salt", name, 1})), "sdjwt.bad_disclosure") << name;
  }
  EXPECT_EQ(only(Json::array({"salt", 1})), "sdjwt.bad_disclosure") << "array element form";
  EXPECT_EQ(only(Json::array({"salt", "d", 1, 2})), "sdjwt.bad_disclosure");
  EXPECT_EQ(only(Json::array({1, "d", 1})), "sdjwt.bad_disclosure");
  EXPECT_EQ(only(Json::array({"", "d", 1})), "sdjwt.bad_disclosure");
  EXPECT_EQ(only(Json{{"salt", 1}}), "sdjwt.bad_disclosure");
  EXPECT_EQ(only(Json::array({"salt", "d", Json{{"x", Json{{"_sd", Json::array()}}}}})),
            "sdjwt.bad_disclosure");
  EXPECT_EQ(only(Json::array({"salt", "d", Json::array({Json{{"...", "x"}}})})),
            "sdjwt.bad_disclosure");
  const std::string duplicate = to_base64url(as_bytes(R"(["salt","d",{"x":1,"x":2}])"));
  EXPECT_EQ(verify(signed_payload({duplicate})), "sdjwt.bad_disclosure");
}

TEST_F(SdJwtAttack, OneNameTwice) {
  const std::string one = disclosure(Json::array({"salt1", "d", 1}));
  const std::string two = disclosure(Json::array({"salt2", "d", 2}));
  EXPECT_EQ(verify(signed_payload({one})), "ok");
  EXPECT_EQ(verify(signed_payload({one, two})), "sdjwt.bad_disclosure");
  EXPECT_EQ(verify(signed_payload({one}, [](Json& p) { p["d"] = 3; })), "sdjwt.bad_disclosure")
      << "a claim of that name exists";
}

TEST_F(SdJwtAttack, PayloadsThatAreNone) {
  const std::string one = disclosure(Json::array({"salt", "d", 1}));
  const auto with = [&](auto change) { return verify(signed_payload({one}, change)); };
  EXPECT_EQ(with([](Json& p) { p["_sd_alg"] = "sha-256"; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p.erase("_sd_alg"); }), "sdjwt.invalid") << "default is sha-256";
  EXPECT_EQ(with([](Json& p) { p["x"] = Json{{"...", "y"}}; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p.erase("_sd"); }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["_sd"] = 1; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["x"] = Json{{"_sd", Json::array()}}; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["_sd"].push_back(7); }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["_sd"].push_back("short"); }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["_sd"].push_back(p["_sd"][0]); }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p.erase("iss"); }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p.erase("vct"); }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["exp"] = "tomorrow"; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["exp"] = 1e30; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["exp"] = kNow + 0.5; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["exp"] = -1; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["exp"] = UINT64_MAX; }), "sdjwt.invalid");
  EXPECT_EQ(with([](Json& p) { p["nbf"] = kNow + 301; }), "sdjwt.not_yet_valid");
  EXPECT_EQ(with([](Json& p) { p["nbf"] = kNow + 300; }), "ok");
  EXPECT_EQ(with([](Json& p) { p = Json::array(); }), "sdjwt.invalid");
  EXPECT_EQ(verify(signed_payload(
                {one}, [](Json&) {}, "kb+jwt")),
            "sdjwt.invalid");
  EXPECT_EQ(verify(signed_payload(
                {one}, [](Json&) {}, "vc+sd-jwt")),
            "sdjwt.invalid");
}

TEST_F(SdJwtAttack, KeyBindingIsReplayed) {
  const std::string good = present({"a"});
  EXPECT_EQ(check(good), "ok");
  EXPECT_EQ(code_of(sdjwt_verify_presentation(good, issuer_.public_key(), "other", "n1", kNow)),
            "sdjwt.bad_key_binding");
  EXPECT_EQ(code_of(sdjwt_verify_presentation(good, issuer_.public_key(), "bank", "n2", kNow)),
            "sdjwt.bad_key_binding");
  // The binding of one presentation under another, and with a disclosure more or less.
  const std::string other = present({"b"});
  const std::string moved =
      other.substr(0, other.rfind('~') + 1) + good.substr(good.rfind('~') + 1);
  EXPECT_EQ(check(moved), "sdjwt.bad_key_binding");
  auto parts = split(good, '~');
  parts.erase(parts.begin() + 1);
  EXPECT_EQ(check(join(parts, '~')), "sdjwt.bad_key_binding") << "withheld afterwards";
  EXPECT_EQ(check(issue()), "sdjwt.bad_key_binding") << "no binding at all";
  parts = split(good, '~');
  parts.back().clear();
  EXPECT_EQ(check(join(parts, '~')), "sdjwt.bad_key_binding") << "binding cut off";
}

TEST_F(SdJwtAttack, KeyBindingOfTheWrongKind) {
  const std::string good = present();
  const auto with = [&](const Json& kb) { return check(rebound(good, kb, holder_)); };
  EXPECT_EQ(with(Json::object()), "ok");
  EXPECT_EQ(check(rebound(good, {}, PrivateKey::generate())), "sdjwt.bad_key_binding");
  EXPECT_EQ(check(rebound(good, {}, issuer_)), "sdjwt.bad_key_binding");
  EXPECT_EQ(check(rebound(good, Json::object(), holder_, "dc+sd-jwt")), "sdjwt.bad_key_binding");
  EXPECT_EQ(check(rebound(good, Json::object(), holder_, "")), "sdjwt.bad_key_binding");
  EXPECT_EQ(with({{"iat", kNow + 301}}), "sdjwt.bad_key_binding");
  EXPECT_EQ(with({{"iat", kNow + 300}}), "ok");
  EXPECT_EQ(with({{"iat", nullptr}}), "sdjwt.bad_key_binding");
  EXPECT_EQ(with({{"iat", "now"}}), "sdjwt.bad_key_binding");
  EXPECT_EQ(with({{"aud", Json::array({"bank"})}}), "sdjwt.bad_key_binding");
  EXPECT_EQ(with({{"nonce", nullptr}}), "sdjwt.bad_key_binding");
  EXPECT_EQ(with({{"sd_hash", nullptr}}), "sdjwt.bad_key_binding");
  EXPECT_EQ(with({{"sd_hash", to_base64url(sm3("other"))}}), "sdjwt.bad_key_binding");
}

TEST_F(SdJwtAttack, VerifyWithoutAudienceStillChecksABinding) {
  const std::string good = present();
  EXPECT_EQ(verify(good), "ok");
  EXPECT_EQ(verify(rebound(good, Json::object(), issuer_)), "sdjwt.bad_key_binding");
}

TEST_F(SdJwtAttack, CredentialWithoutHolderKey) {
  const std::string one = disclosure(Json::array({"salt", "d", 1}));
  for (const Json& cnf :
       {Json(nullptr), Json::object(), Json{{"jwk", 1}}, Json{{"jwk", Json{{"kty", "EC"}}}}}) {
    const std::string text = signed_payload({one}, [&](Json& p) { p["cnf"] = cnf; });
    EXPECT_EQ(check(rebound(text, Json::object(), holder_)), "sdjwt.bad_key_binding");
    EXPECT_EQ(code_of(sdjwt_present(text, {}, holder_, "bank", "n1", kNow)), "sdjwt.invalid");
  }
}

TEST_F(SdJwtAttack, SizesAreBounded) {
  std::string many = issue();
  for (int i = 0; i < 600; ++i) many += "QQ~";
  EXPECT_EQ(verify(many), "sdjwt.invalid");
  EXPECT_EQ(verify(issue() + std::string(2U << 20U, 'A') + "~"), "sdjwt.invalid");
  EXPECT_EQ(verify(std::string(100000, '~')), "sdjwt.invalid");
  EXPECT_EQ(verify(""), "sdjwt.invalid");
  EXPECT_EQ(verify("~"), "sdjwt.invalid");
}

}  // namespace
}  // namespace qc::crypto::test
