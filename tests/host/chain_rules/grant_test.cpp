// Assets, requests and grants: each rule's refusals.
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

using Pointer = Json::json_pointer;

TEST(Asset, IsListedForItsPartiesAndIsAboutItsSubject) {
  World world = city();
  const Json body = asset_body(world, "jia", "ga.hukou");
  const std::string asset = body.at("asset");
  const Effect effect = world.must("ga", "asset.issue", body);
  EXPECT_EQ(effect.actor, "ga");
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  EXPECT_TRUE(world.state.get("of/" + account_of("jia") + "/asset/" + asset));
  EXPECT_TRUE(world.state.get("of/ga/asset/" + asset));
  EXPECT_EQ(world.doc("asset/" + asset).at("tx"), world.history.back().id_hex());
}

TEST(Asset, Refusals) {
  World world = city();
  const auto with = [&](const std::string& signer, const char* name, const Json& value) {
    Json body = asset_body(world, "jia", "ga.hukou");
    body[name] = value;
    return world.apply(signer, "asset.issue", body);
  };
  const Json first = asset_body(world, "jia", "ga.hukou");
  world.must("ga", "asset.issue", first);
  expect_refused(with("ga", "asset", first.at("asset")), "asset.exists", "body.asset");
  expect_refused(with("ga", "subject", account_of("none")), "subject.not_found", "body.subject");
  expect_refused(with("ga", "subject", "bank"), "subject.not_found", "body.subject");
  expect_refused(with("ga", "item", "ga.none"), "item.not_found", "body.item");
  expect_refused(with("ga", "version", 2), "item.not_found", "body.item");
  expect_refused(with("ga", "item", "rs.social"), "item.wrong_department", "body.item");
  expect_refused(with("rs", "item", "ga.hukou"), "item.wrong_department", "body.item");
  expect_refused(with("ga", "fields", {"height"}), "item.unknown_field", "body.fields");
  expect_refused(with("ga", "fields", Json::array()), "scope.empty", "body.fields");
  expect_refused(with("ga", "expires", world.now_s - kDay), "json.out_of_range", "body.expires");
  EXPECT_TRUE(with("ga", "expires", 0).ok());
  Json item = item_body("ga.firm", 1);
  item["subjects"] = {"enterprise"};
  world.must("ga", "item.define", item);
  expect_refused(with("ga", "item", "ga.firm"), "asset.wrong_subject_kind", "body.subject");
}

TEST(Asset, SupersedesOnlyALiveOneOfTheSameSubjectItemAndDepartment) {
  World world = city();
  const Json first = asset_body(world, "jia", "ga.hukou");
  world.must("ga", "asset.issue", first);
  const auto renew = [&](const std::string& person, const std::string& item,
                         const std::string& signer, const Json& old) {
    Json body = asset_body(world, person, item);
    body["supersedes"] = old;
    return world.apply(signer, "asset.issue", body);
  };
  const Json old = first.at("asset");
  expect_refused(renew("yi", "ga.hukou", "ga", old), "asset.not_superseded", "body.supersedes");
  expect_refused(renew("jia", "rs.social", "rs", old), "asset.not_superseded", "body.supersedes");
  expect_refused(renew("jia", "ga.hukou", "ga", id(1)), "asset.not_superseded", "body.supersedes");
  EXPECT_TRUE(renew("jia", "ga.hukou", "ga", old).ok());
  EXPECT_EQ(world.doc("asset/" + old.get<std::string>()).at("state"), "superseded");
  expect_refused(renew("jia", "ga.hukou", "ga", old), "asset.not_superseded", "body.supersedes");
}

TEST(Asset, ErasedByItsSubjectOnceAndForAll) {
  World world = city();
  const Json first = asset_body(world, "jia", "ga.hukou");
  world.must("ga", "asset.issue", first);
  const Json body{{"asset", first.at("asset")}, {"reason", ""}};
  expect_refused(world.apply("yi", "asset.erase", body), "asset.not_found", "body.asset");
  const Effect effect = world.must("jia", "asset.erase", body);
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  EXPECT_EQ(world.doc("asset/" + first.at("asset").get<std::string>()).at("state"), "erased");
  expect_refused(world.apply("jia", "asset.erase", body), "asset.erased", "body.asset");
  expect_refused(world.apply("jia", "asset.erase", {{"asset", id(1)}, {"reason", ""}}),
                 "asset.not_found", "body.asset");
}

TEST(Request, StaysWithinItsProduct) {
  World world = city();
  const auto with = [&](const char* pointer, const Json& value) {
    Json body = request_body(world, "jia");
    body[Pointer(pointer)] = value;
    return world.apply("bank", "request.create", body);
  };
  expect_refused(with("/product", "none"), "product.not_found", "body.product");
  expect_refused(with("/product_version", 2), "request.wrong_product_version",
                 "body.product_version");
  expect_refused(with("/subject", account_of("none")), "subject.not_found", "body.subject");
  expect_refused(with("/subject", "ga"), "subject.not_found", "body.subject");
  expect_refused(with("/purpose/code", "marketing"), "request.wrong_purpose", "body.purpose.code");
  expect_refused(with("/scope/0/item", "rs.none"), "request.item_not_in_product",
                 "body.scope[0].item");
  expect_refused(with("/scope/0/version", 2), "request.item_not_in_product", "body.scope[0].item");
  Json wide = request_body(world, "jia");
  wide["scope"][0]["required"] = {"name", "level"};
  wide["scope"][0]["optional"] = Json::array();
  expect_refused(world.apply("bank", "request.create", wide), "request.field_not_in_product",
                 "body.scope[0].required");
  expect_refused(with("/scope/0/optional", {"since"}), "request.field_not_in_product",
                 "body.scope[0].optional");
  expect_refused(with("/valid/to", world.now_s + 91 * kDay), "request.beyond_limit",
                 "body.valid.to");
  expect_refused(with("/max_uses", 6), "request.beyond_limit", "body.max_uses");
  expect_refused(with("/data_life_days", 31), "request.beyond_limit", "body.data_life_days");
  expect_refused(with("/release", "fields"), "request.wrong_release", "body.release");
  expect_refused(with("/key", jwk_of("bank")), "request.wrong_key", "body.key");
  expect_refused(with("/mode", "once"), "request.once_is_one_use", "body.max_uses");
  expect_refused(with("/onward", "all"), "json.bad_form", "body.onward");
  expect_refused(with("/expires", world.now_s), "request.in_the_past", "body.expires");
  expect_refused(with("/expires", world.now_s + 30 * kDay + 1), "request.beyond_limit",
                 "body.expires");
  expect_refused(with("/valid", {{"from", 5}, {"to", 6}}), "request.in_the_past", "body.valid.to");
  expect_refused(with("/valid", {{"from", world.now_s + 9}, {"to", world.now_s + 9}}),
                 "json.out_of_range", "body.valid.to");
  EXPECT_TRUE(with("/valid/to", world.now_s + 90 * kDay).ok());
  EXPECT_TRUE(with("/expires", world.now_s + 30 * kDay).ok());
  EXPECT_TRUE(with("/scope/0/optional", Json::array()).ok());
}

TEST(Request, BelongsToTheProductsOwner) {
  World world = city();
  const Json body = request_body(world, "jia");
  expect_refused(world.apply("other", "request.create", body), "product.wrong_owner",
                 "body.product");
  const Effect effect = world.must("bank", "request.create", body);
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  expect_refused(world.apply("bank", "request.create", body), "request.exists", "body.request");
  const std::string key = body.at("request");
  EXPECT_TRUE(world.state.get("of/bank/request/" + key));
  EXPECT_TRUE(world.state.get("of/" + account_of("jia") + "/request/" + key));
  EXPECT_EQ(world.doc("request/" + key).at("pseudonym"), pseudonym_of("jia"));
  const Json open{{"request", key}, {"notice_sm3", digest("notice")}};
  expect_refused(world.apply("yi", "request.open", open), "request.not_found", "body.request");
  expect_refused(world.apply("other", "request.cancel", {{"request", key}, {"reason", ""}}),
                 "request.not_found", "body.request");
  expect_refused(world.apply("yi", "request.refuse", {{"request", key}, {"reason", ""}}),
                 "request.not_found", "body.request");
  expect_refused(
      world.apply("jia", "request.open", {{"request", key}, {"notice_sm3", digest("x")}}),
      "request.wrong_notice", "body.notice_sm3");
}

TEST(Request, FieldsGoToTheConsumersOwnKey) {
  World world = city();
  Json body = request_body(world, "jia", "fields");
  body["key"] = jwk_of("plugin");
  expect_refused(world.apply("bank", "request.create", body), "request.wrong_key", "body.key");
  world.must("bank", "request.create", request_body(world, "jia", "fields"));
}

TEST(Request, AnotherOwnersPluginNeverReceives) {
  World world = city();
  Json product = product_body("foreign", "answer");
  world.must("other", "product.define", product);
  world.must("op", "product.approve", {{"product", "foreign"}, {"version", 1}});
  Json body = request_body(world, "jia");
  body["product"] = "foreign";
  expect_refused(world.apply("other", "request.create", body), "plugin.not_admitted",
                 "body.product");
}

class GrantRules : public ::testing::Test {
 protected:
  void present(const std::string& release) {
    world_ = city();
    request_ = request_body(world_, "jia", release);
    world_.must("bank", "request.create", request_);
    world_.must("jia", "request.open",
                {{"request", request_.at("request")}, {"notice_sm3", digest("notice")}});
    body_ = grant_body(world_, "jia", request_);
  }
  void SetUp() override { present("answer"); }
  Result<Effect> with(const char* pointer, const Json& value) {
    Json body = body_;
    body[Pointer(pointer)] = value;
    return world_.apply("jia", "grant.create", body);
  }
  void refused(const char* pointer, const Json& value, const std::string& code,
               std::string field = "") {
    if (field.empty()) {
      field = "body" + std::string(pointer);
      std::replace(field.begin(), field.end(), '/', '.');
    }
    expect_refused(with(pointer, value), code, field);
  }

  World world_;
  Json request_, body_;
};

TEST_F(GrantRules, TheWholeGrantIsAccepted) {
  const Effect effect = world_.must("jia", "grant.create", body_);
  EXPECT_EQ(effect.actor, account_of("jia"));
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  const std::string grant = body_.at("grant");
  EXPECT_EQ(world_.doc("grant/" + grant).at("state"), "ACTIVE");
  EXPECT_EQ(world_.doc("grant/" + grant).at("body"), body_);
  EXPECT_TRUE(world_.state.get("of/bank/grant/" + grant));
  EXPECT_TRUE(world_.state.get("of/" + account_of("jia") + "/grant/" + grant));
  const Json request = world_.doc("request/" + request_.at("request").get<std::string>());
  EXPECT_EQ(request.at("state"), "GRANTED");
  EXPECT_EQ(request.at("grant"), grant);
}

TEST_F(GrantRules, NamesThePartiesAsTheLedgerKnowsThem) {
  refused("/subject/account", account_of("yi"), "grant.wrong_subject");
  refused("/subject/pseudonym", pseudonym_of("yi"), "grant.wrong_subject");
  refused("/subject/kind", "enterprise", "grant.wrong_subject");
  refused("/actor/role", "legal_rep", "grant.wrong_actor");
  refused("/actor/role", "handler", "grant.wrong_actor");
  // A guardian's consent stands on a mandate, and there is none.
  expect_refused(with("/actor/role", "guardian"), "grant.wrong_actor", "body.actor.mandate");
  refused("/actor/account", account_of("yi"), "grant.wrong_actor");
  refused("/actor/mandate", id(7), "grant.wrong_actor");
  refused("/consumer/account", "other", "grant.wrong_consumer");
  refused("/consumer/product", "statement", "grant.wrong_consumer");
  refused("/consumer/uscc", uscc(9), "grant.wrong_consumer");
  refused("/consumer/contact", "0531-0", "grant.wrong_consumer");
  refused("/consumer/name", "别的银行", "grant.wrong_consumer");
  EXPECT_TRUE(with("/consumer/name", "M bank").ok());
}

TEST_F(GrantRules, RepeatsTheRequestsTerms) {
  refused("/supersedes", id(3), "grant.supersedes_unsupported");
  refused("/purpose/code", "marketing", "grant.wrong_purpose");
  refused("/purpose/text", "别的", "grant.wrong_purpose");
  refused("/purpose/necessity", "", "grant.wrong_purpose");
  refused("/purpose/impact", "无", "grant.wrong_purpose");
  refused("/mode", "once", "grant.wrong_mode");
  refused("/release", "fields", "grant.wrong_release");
  refused("/onward", "all", "grant.wrong_onward");
  refused("/key", jwk_of("bank"), "grant.wrong_key");
  refused("/notice/id", "loan-2", "grant.wrong_notice");
  refused("/notice/lang", "en", "grant.wrong_notice");
  refused("/notice/sm3", digest("other"), "grant.wrong_notice");
  refused("/notice/shown_at", world_.now_s - 301, "grant.wrong_notice");
  refused("/notice/shown_at", world_.now_s + 301, "grant.wrong_notice");
  EXPECT_TRUE(with("/notice/shown_at", world_.now_s + 300).ok());
}

TEST_F(GrantRules, GivesNoMoreThanWasAsked) {
  refused("/valid/from", world_.now_s - 1, "grant.beyond_request");
  refused("/valid/to", world_.now_s + 30 * kDay + 1, "grant.beyond_request");
  refused("/max_uses", 4, "grant.beyond_request");
  refused("/data_life_days", 21, "grant.beyond_request");
  refused("/scope/0/item", "ga.none", "grant.item_not_requested", "body.scope[0].item");
  refused("/scope/0/version", 2, "grant.item_not_requested", "body.scope[0].item");
  refused("/scope/0/fields", {"name", "since"}, "grant.field_not_requested",
          "body.scope[0].fields");
  refused("/scope/0/fields", {"level"}, "grant.required_missing", "body.scope[0].fields");
  refused("/scope/0/required", {"name", "level"}, "grant.required_mismatch",
          "body.scope[0].required");
  refused("/scope/0/required", Json::array(), "grant.required_mismatch", "body.scope[0].required");
  refused("/scope", Json::array({body_.at("scope")[0]}), "grant.required_missing", "body.scope");
  refused("/scope", Json::array(), "scope.empty");
  refused("/scope/1", body_.at("scope")[0], "json.duplicate_value", "body.scope[1].item");
  EXPECT_TRUE(with("/scope/0/fields", {"name"}).ok());  // optional ones may be left out
}

TEST_F(GrantRules, FormsOfWhatIsOptional) {
  refused("/scope/0/reveal", "masked", "json.bad_form", "body.scope[0].reveal");
  refused("/scope/0/range", {{"from", 5}, {"to", 5}}, "json.out_of_range",
          "body.scope[0].range.to");
  for (const char* text : {"1", "/day", "0/day", "01/day", "1/week", "-1/day", "1/day ", "1 /day",
                           "1000001/day", "99999999999999999999/day", "+1/day", "1/"}) {
    refused("/frequency", text, "json.bad_form");
  }
  EXPECT_TRUE(with("/scope/0/range", nullptr).ok());
}

TEST_F(GrantRules, AssetsAreTheSubjectsLiveOnesOfThatItem) {
  const std::string field = "body.scope[0].asset";
  const Json yi = grant_body(world_, "yi", request_).at("scope")[0].at("asset");
  refused("/scope/0/asset", id(1), "grant.wrong_asset", field);
  refused("/scope/0/asset", yi, "grant.wrong_asset", field);
  refused("/scope/0/asset", body_.at("scope")[1].at("asset"), "grant.wrong_asset", field);
  Json renewed = asset_body(world_, "jia", "ga.hukou");
  renewed["supersedes"] = body_.at("scope")[0].at("asset");
  renewed["expires"] = world_.now_s + 60;
  world_.must("ga", "asset.issue", renewed);
  expect_refused(world_.apply("jia", "grant.create", body_), "grant.wrong_asset", field);
  world_.now_s += 60;
  refused("/scope/0/asset", renewed.at("asset"), "grant.wrong_asset", field);
  world_.now_s -= 1;
  EXPECT_TRUE(with("/scope/0/asset", renewed.at("asset")).ok());
}

TEST_F(GrantRules, AnErasedAssetIsNotGranted) {
  world_.must("jia", "asset.erase", {{"asset", body_.at("scope")[1].at("asset")}, {"reason", ""}});
  expect_refused(world_.apply("jia", "grant.create", body_), "grant.wrong_asset",
                 "body.scope[1].asset");
}

TEST_F(GrantRules, SeparateConsentsAreGivenWhereTheItemsDemandThem) {
  refused("/separate/sensitive", false, "grant.separate_consent_missing");
  refused("/separate/adverse_credit_notice", false, "grant.separate_consent_missing");
  refused("/separate/automated_decision", false, "grant.separate_consent_missing");
  present("fields");
  EXPECT_TRUE(with("/separate/automated_decision", false).ok());
  // Only the item of sensitivity 2: nothing is demanded.
  world_ = city();
  request_ = request_body(world_, "jia", "fields");
  request_["scope"].erase(1);
  world_.must("bank", "request.create", request_);
  world_.must("jia", "request.open",
              {{"request", request_.at("request")}, {"notice_sm3", digest("notice")}});
  body_ = grant_body(world_, "jia", request_);
  for (const char* name : {"sensitive", "adverse_credit_notice", "automated_decision"}) {
    body_["separate"][name] = false;
  }
  world_.must("jia", "grant.create", body_);
}

TEST_F(GrantRules, OnlyTheSubjectAnswersAndOnce) {
  const Json other = grant_body(world_, "yi", request_);
  expect_refused(world_.apply("yi", "grant.create", other), "request.not_found", "body.request");
  refused("/request", id(1), "request.not_found");
  world_.must("jia", "grant.create", body_);
  expect_refused(world_.apply("jia", "grant.create", body_), "grant.exists", "body.grant");
  refused("/grant", id(2), "request.wrong_state", "body.request");
}

TEST_F(GrantRules, TheKeyIsCheckedAgainWhenGranting) {
  Json plugin = plugin_body("loan");
  plugin["jwk"] = jwk_of("plugin two");
  world_.must("op", "plugin.admit", plugin);
  expect_refused(world_.apply("jia", "grant.create", body_), "grant.wrong_key", "body.key");
  world_.must("op", "plugin.withdraw",
              {{"plugin", "loan"}, {"digest", digest("loan")}, {"reason", "defect"}});
  expect_refused(world_.apply("jia", "grant.create", body_), "plugin.not_admitted", "body.key");
  world_.must("op", "plugin.admit", plugin_body("loan"));
  world_.must("jia", "grant.create", body_);
}

TEST_F(GrantRules, ASuspendedConsumerIsGrantedNothing) {
  world_.must("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}});
  expect_refused(world_.apply("jia", "grant.create", body_), "member.suspended", "body.consumer");
}

TEST_F(GrantRules, ANewProductVersionDoesNotVoidAnOpenRequest) {
  Json product = product_body("citizen_loan", "answer");
  product["version"] = 2;
  product["scope"].erase(0);
  world_.must("bank", "product.define", product);
  world_.must("op", "product.approve", {{"product", "citizen_loan"}, {"version", 2}});
  world_.must("jia", "grant.create", body_);
}

TEST_F(GrantRules, StrangersSeeNoGrant) {
  world_.must("jia", "grant.create", body_);
  const Json act{{"grant", body_.at("grant")}, {"reason", ""}};
  for (const char* op : {"grant.pause", "grant.resume", "grant.revoke"}) {
    expect_refused(world_.apply("yi", op, act), "grant.not_found", "body.grant");
  }
  world_.must("jia", "grant.revoke", act);
  expect_refused(world_.apply("other", "grant.delete", {{"grant", body_.at("grant")}}),
                 "grant.not_found", "body.grant");
}

TEST_F(GrantRules, AGrantThatWouldNeverBeValidIsRefused) {
  Json body = body_;
  body["valid"]["to"] = world_.now_s + 1;
  world_.now_s += 1;
  expect_refused(world_.apply("jia", "grant.create", body), "grant.in_the_past", "body.valid.to");
}

}  // namespace
}  // namespace qc::chain::test
