#include "sdk/crypto/sdjwt.hpp"

#include <algorithm>

#include "sdk/crypto/sm3.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

class SdJwt : public ::testing::Test {
 protected:
  std::string issue() const { return sdjwt_issue(issuer_, claims_, fields_, holder_.public_key()); }
  std::string present(const std::vector<std::string>& names) const {
    const auto out = sdjwt_present(issue(), names, holder_, "bank", "grant-1", kNow);
    EXPECT_TRUE(out.ok());
    return out.ok() ? *out : std::string();
  }
  auto check(std::string_view text) const {
    return sdjwt_verify_presentation(text, issuer_.public_key(), "bank", "grant-1", kNow);
  }

  PrivateKey issuer_ = PrivateKey::generate();
  PrivateKey holder_ = PrivateKey::generate();
  SdJwtClaims claims_{.iss = "ga",
                      .vct = "qc:item:ga.household:1",
                      .sub = "p-0011",
                      .iat = kNow - 10,
                      .exp = kNow + 1000,
                      .extra = Json{{"chain", "qc-test"}, {"asset", "a1"}}};
  Json fields_{{"name", "张三"},
               {"id_no", "37019919900101001X"},
               {"status", "正常"},
               {"members", Json::array({Json{{"relation", "子"}}, 2, nullptr})},
               {"amount", 12345}};
};

TEST_F(SdJwt, CredentialShowsEverything) {
  const auto view = sdjwt_verify(issue(), issuer_.public_key(), kNow);
  ASSERT_TRUE(view.ok()) << view.error().message;
  EXPECT_EQ(view->fields, fields_);
  EXPECT_TRUE(view->kb.is_null());
  EXPECT_EQ(view->claims, (Json{{"iss", "ga"},
                                {"vct", "qc:item:ga.household:1"},
                                {"sub", "p-0011"},
                                {"iat", kNow - 10},
                                {"exp", kNow + 1000},
                                {"chain", "qc-test"},
                                {"asset", "a1"},
                                {"cnf", {{"jwk", holder_.public_key().to_jwk()}}}}));
}

TEST_F(SdJwt, NothingOfAFieldStandsInTheIssuerJwt) {
  const std::string text = issue();
  const auto jws = jws_parse(std::string_view(text).substr(0, text.find('~')));
  ASSERT_TRUE(jws.ok());
  EXPECT_EQ(jws->typ(), "dc+sd-jwt");
  for (const auto& [name, value] : fields_.items()) {
    EXPECT_EQ(jws->payload.find("\"" + name + "\""), std::string::npos) << name;
  }
  EXPECT_EQ(jws->payload.find("张三"), std::string::npos);
  const Json payload = parse_json(jws->payload).value();
  EXPECT_EQ(payload["_sd_alg"], "sm3");
  const Json& digests = payload["_sd"];
  EXPECT_EQ(digests.size(), fields_.size());
  EXPECT_TRUE(std::is_sorted(digests.begin(), digests.end()));
}

TEST_F(SdJwt, DisclosuresAreSaltedAndHashedAsRfc9901Says) {
  const std::string text = issue();
  const std::size_t start = text.find('~') + 1;
  const std::string first = text.substr(start, text.find('~', start) - start);
  const Json disclosure = parse_json(as_text(*from_base64url(first))).value();
  ASSERT_EQ(disclosure.size(), 3U);
  EXPECT_EQ(disclosure[0].get<std::string>().size(), 22U) << "128 bits";
  EXPECT_EQ(fields_[disclosure[1].get<std::string>()], disclosure[2]);
  const auto jws = jws_parse(std::string_view(text).substr(0, start - 1));
  const Json digests = parse_json(jws->payload).value()["_sd"];
  EXPECT_NE(std::find(digests.begin(), digests.end(), to_base64url(sm3(first))), digests.end());
  EXPECT_EQ(issue().find(first), std::string::npos) << "salts are fresh";
}

TEST_F(SdJwt, PresentationShowsTheChosenFieldsOnly) {
  const auto view = check(present({"status", "name", "name"}));
  ASSERT_TRUE(view.ok()) << view.error().message;
  EXPECT_EQ(view->fields, (Json{{"name", "张三"}, {"status", "正常"}}));
  EXPECT_EQ(view->kb["aud"], "bank");
  EXPECT_EQ(view->kb["nonce"], "grant-1");
  EXPECT_EQ(view->kb["iat"], kNow);
  const auto none = check(present({}));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->fields, Json::object());
}

TEST_F(SdJwt, UnknownFieldIsNamed) {
  const auto out = sdjwt_present(issue(), {"name", "salary"}, holder_, "bank", "n", kNow);
  EXPECT_EQ(code_of(out), "sdjwt.unknown_field");
  EXPECT_EQ(field_of(out), "salary");
}

TEST_F(SdJwt, OnlyTheHolderPresents) {
  EXPECT_EQ(code_of(sdjwt_present(issue(), {}, PrivateKey::generate(), "bank", "n", kNow)),
            "sdjwt.invalid");
  EXPECT_EQ(code_of(sdjwt_present(present({"name"}), {"name"}, holder_, "bank", "n", kNow)),
            "sdjwt.invalid")
      << "a presentation is not a credential";
}

TEST_F(SdJwt, ExpiryIsExact) {
  const std::string text = issue();
  EXPECT_TRUE(sdjwt_verify(text, issuer_.public_key(), kNow + 999).ok());
  EXPECT_EQ(code_of(sdjwt_verify(text, issuer_.public_key(), kNow + 1000)), "sdjwt.expired");
  claims_.exp = 0;
  EXPECT_TRUE(sdjwt_verify(issue(), issuer_.public_key(), kNow * 10).ok());
}

TEST_F(SdJwt, WithoutSubjectOrExtra) {
  claims_.sub.clear();
  claims_.extra = Json();
  const auto view = sdjwt_verify(issue(), issuer_.public_key(), kNow);
  ASSERT_TRUE(view.ok());
  EXPECT_FALSE(view->claims.contains("sub"));
}

TEST_F(SdJwt, PeekShowsClaimsUnchecked) {
  const auto claims = sdjwt_peek_claims(present({"name"}));
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ((*claims)["iss"], "ga");
  EXPECT_EQ((*claims)["vct"], "qc:item:ga.household:1");
  EXPECT_EQ(code_of(sdjwt_peek_claims("nonsense")), "sdjwt.invalid");
  EXPECT_EQ(code_of(sdjwt_peek_claims("a.b.c~")), "sdjwt.invalid");
}

TEST_F(SdJwt, ForbiddenFieldNamesAreNotIssued) {
  EXPECT_TRUE(sdjwt_check_fields(fields_, claims_).ok());
  for (const char* name : {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "vct",
                           "vct#integrity", "_sd", "_sd_alg", "...", "chain", "asset", ""}) {
    fields_ = Json{{name, 1}};
    const auto result = sdjwt_check_fields(fields_, claims_);
    EXPECT_EQ(code_of(result), "sdjwt.invalid") << name;
    EXPECT_EQ(field_of(result), std::string("fields.") + name);
    EXPECT_EQ(issue(), "") << name;
  }
  fields_ = Json{{"a", {{"b", Json::array({Json{{"_sd", Json::array()}}})}}}};
  EXPECT_EQ(issue(), "");
  fields_ = Json{{std::string(129, 'n'), 1}};
  EXPECT_EQ(issue(), "");
  fields_ = Json::array();
  EXPECT_EQ(issue(), "");
  fields_ = Json::object();
  EXPECT_NE(issue(), "");
  claims_.extra = Json{{"exp", 1}};
  EXPECT_EQ(field_of(sdjwt_check_fields(fields_, claims_)), "extra.exp");
  claims_.extra = Json{{"nested", Json{{"_sd", Json::array()}}}};
  EXPECT_EQ(issue(), "");
}

TEST_F(SdJwt, TooManyFieldsAreNotIssued) {
  fields_ = Json::object();
  for (int i = 0; i < 512; ++i) fields_["f" + std::to_string(i)] = i;
  const auto view = sdjwt_verify(issue(), issuer_.public_key(), kNow);
  ASSERT_TRUE(view.ok()) << view.error().message;
  EXPECT_EQ(view->fields, fields_);
  fields_["one_more"] = 1;
  EXPECT_EQ(issue(), "");
}

}  // namespace
}  // namespace qc::crypto::test
