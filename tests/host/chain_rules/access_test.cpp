// Accesses: what opens, what is refused and recorded, what may leave the host.
#include "sdk/crypto/sm3.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

using Pointer = Json::json_pointer;

std::string grant_key(const Json& grant) { return "grant/" + grant.at("grant").get<std::string>(); }

Json act_on(const Json& grant) { return {{"grant", grant.at("grant")}, {"reason", ""}}; }

// A granted city in which the grant has other terms than the usual ones.
Granted granted_with(const char* pointer, const Json& value,
                     const std::string& release = "answer") {
  Granted out{city(), {}, {}};
  out.request = request_body(out.world, "jia", release);
  out.world.must("bank", "request.create", out.request);
  out.world.must("jia", "request.open",
                 {{"request", out.request.at("request")}, {"notice_sm3", digest("notice")}});
  out.grant = grant_body(out.world, "jia", out.request);
  out.grant[Pointer(pointer)] = value;
  out.world.must("jia", "grant.create", out.grant);
  return out;
}

TEST(Open, RecordsTheAccessAndCountsOneUse) {
  Granted at = granted();
  const Json open = open_body(at.world, at.grant);
  const std::string access = open.at("access");
  const Effect effect = at.world.must("bank", "access.open", open);
  EXPECT_EQ(effect.actor, "bank");
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  const Json doc = at.world.doc("access/" + access);
  EXPECT_EQ(doc.at("state"), "OPENED");
  EXPECT_EQ(doc.at("subject"), account_of("jia"));
  EXPECT_EQ(doc.at("consumer"), "bank");
  EXPECT_EQ(doc.at("items"), open.at("items"));
  EXPECT_EQ(doc.at("body"), open);
  EXPECT_EQ(doc.at("tx"), at.world.history.back().id_hex());
  EXPECT_EQ(at.world.doc(grant_key(at.grant)).at("uses"), 1);
  EXPECT_TRUE(at.world.state.get("access_open/" + access));
  EXPECT_TRUE(at.world.state.get("of/bank/access/" + access));
  EXPECT_TRUE(at.world.state.get("of/" + account_of("jia") + "/access/" + access));
}

TEST(Open, RefusesWhatTheGrantDoesNotCover) {
  Granted at = granted();
  const auto with = [&](const char* pointer, const Json& value) {
    Json open = open_body(at.world, at.grant);
    open[Pointer(pointer)] = value;
    return at.world.apply("bank", "access.open", open);
  };
  const Json open = open_body(at.world, at.grant);
  expect_refused(at.world.apply("other", "access.open", open), "access.wrong_consumer",
                 "body.grant");
  expect_refused(at.world.apply("svc", "access.open", open), "access.wrong_consumer");
  expect_refused(with("/grant", id(1)), "grant.not_found", "body.grant");
  expect_refused(with("/product", "statement"), "access.wrong_product", "body.product");
  expect_refused(with("/purpose", "marketing"), "access.wrong_purpose", "body.purpose");
  expect_refused(with("/items/0/item", "ga.other"), "access.item_not_granted", "body.items");
  expect_refused(with("/items/0/fields", {"name", "since"}), "access.field_not_granted",
                 "body.items");
  expect_refused(with("/items", Json::array()), "scope.empty", "body.items");
  expect_refused(with("/items/1", open.at("items")[0]), "json.duplicate_value",
                 "body.items[1].item");
  expect_refused(with("/items/0/fields", Json::array()), "scope.empty", "body.items[0].fields");
  EXPECT_EQ(at.world.doc(grant_key(at.grant)).at("uses"), 0);
  EXPECT_TRUE(with("/items", Json::array({open.at("items")[1]})).ok());
}

TEST(Open, AnIdentifierServesOnce) {
  Granted at = granted_with("/max_uses", 1);
  const Json open = open_body(at.world, at.grant);
  at.world.must("bank", "access.open", open);
  // Even though the grant is exhausted: a retry learns that the first attempt was taken.
  expect_refused(at.world.apply("bank", "access.open", open), "access.duplicate", "body.access");
  // Another consumer does not learn that the identifier is taken.
  expect_refused(at.world.apply("other", "access.open", open), "access.wrong_consumer");
  Json again = open;
  again["access"] = at.world.fresh_id();
  expect_refused(at.world.apply("bank", "access.open", again), "grant.exhausted");
  EXPECT_EQ(at.world.doc(grant_key(at.grant)).at("uses"), 1);
}

TEST(Open, WithinValidityOnly) {
  const std::int64_t from = kStart + 10 * kDay;
  Granted at = granted_with("/valid/from", from);
  const std::int64_t to = at.grant.at("valid").at("to");
  const auto open_at = [&](std::int64_t when) {
    at.world.now_s = when;
    return at.world.apply("bank", "access.open", open_body(at.world, at.grant));
  };
  expect_refused(open_at(from - 1), "grant.not_yet_valid");
  EXPECT_TRUE(open_at(from).ok());
  EXPECT_TRUE(open_at(to - 1).ok());
  expect_refused(open_at(to), "grant.expired");
}

TEST(Open, FrequencyCountsByTheDayInChina) {
  Granted at = granted_with("/frequency", "2/day");
  // kStart falls somewhere in a day; the next midnight in UTC+8:
  const std::int64_t midnight = ((kStart + 8 * 3600) / kDay + 1) * kDay - 8 * 3600;
  const auto open_at = [&](std::int64_t when) {
    at.world.now_s = when;
    return at.world.apply("bank", "access.open", open_body(at.world, at.grant));
  };
  EXPECT_TRUE(open_at(midnight - 2).ok());
  EXPECT_TRUE(open_at(midnight - 1).ok());
  expect_refused(open_at(midnight - 1), "grant.too_frequent");
  EXPECT_TRUE(open_at(midnight).ok());
  expect_refused(open_at(midnight + 1), "grant.exhausted");  // three uses in all
}

TEST(Open, FrequencyCountsByTheCivilMonth) {
  Granted at = granted_with("/frequency", "1/month");
  // 1790000000 is 2026-09-21 in UTC+8; the first second of October there is 1790784000.
  const std::int64_t october = 1790784000;
  const auto open_at = [&](std::int64_t when) {
    at.world.now_s = when;
    return at.world.apply("bank", "access.open", open_body(at.world, at.grant));
  };
  EXPECT_TRUE(open_at(kStart).ok());
  expect_refused(open_at(october - 1), "grant.too_frequent");
  EXPECT_TRUE(open_at(october).ok());
  expect_refused(open_at(october + 19 * kDay), "grant.too_frequent");
}

TEST(Open, TooLargeToBeRecordedIsTooLargeToBeOpened) {
  Granted at = granted();
  Transaction tx = at.world.make("bank", "access.open", open_body(at.world, at.grant));
  tx.bytes.resize(40U * 1024U + 1, 'x');
  expect_refused(at.world.apply(tx), "tx.too_large", "body");
  tx.bytes.resize(40U * 1024U);
  EXPECT_TRUE(at.world.apply(tx).ok());
}

TEST(Open, ASuspendedConsumerOpensNothing) {
  Granted at = granted();
  at.world.must("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}});
  expect_refused(at.world.apply("bank", "access.open", open_body(at.world, at.grant)),
                 "member.suspended");
}

// check_access is the same judgement without writing.
TEST(CheckAccess, SaysWhatTheRuleSays) {
  Granted at = granted();
  const Json doc = at.world.doc(grant_key(at.grant));
  const Json open = open_body(at.world, at.grant);
  EXPECT_TRUE(check_access(doc, open, "bank", at.world.now_s).ok());
  EXPECT_EQ(check_access(doc, open, "other", at.world.now_s).error().code, "access.wrong_consumer");
  const std::int64_t to = at.grant.at("valid").at("to");
  EXPECT_EQ(check_access(doc, open, "bank", to).error().code, "grant.expired");
  EXPECT_EQ(check_access(doc, Json::array(), "bank", to).error().code, "json.wrong_type");
}

class Refuse : public ::testing::Test {
 protected:
  void SetUp() override { at_ = granted(); }
  std::string attempt(const Json& open, const std::string& signer = "bank",
                      const std::string& op = "access.open", const std::string& chain = kChain) {
    return proof::make_transaction(key_of(signer), chain, op, open, at_.world.now_s);
  }
  Json body(const Json& open, const std::string& code, const std::string& attempt) {
    return {{"access", open.at("access")},
            {"grant", open.at("grant")},
            {"code", code},
            {"attempt", attempt}};
  }
  Result<Effect> refuse(const Json& open, const std::string& code, const std::string& attempt) {
    return at_.world.apply("host", "access.refuse", body(open, code, attempt));
  }
  Json fresh() { return open_body(at_.world, at_.grant); }
  void revoke() { at_.world.must("jia", "grant.revoke", act_on(at_.grant)); }
  Granted at_;
};

TEST_F(Refuse, RecordsTheAttemptForBothSides) {
  revoke();
  const Json open = fresh();
  const std::string text = attempt(open);
  const auto effect = refuse(open, "grant.revoked", text);
  ASSERT_TRUE(effect.ok()) << effect.error().message;
  EXPECT_EQ(effect->actor, "host");
  EXPECT_EQ(effect->subjects, std::set<std::string>{account_of("jia")});
  const std::string key = to_hex(crypto::sm3(text));
  const Json doc = at_.world.doc("refusal/" + key);
  EXPECT_EQ(doc.at("code"), "grant.revoked");
  EXPECT_EQ(doc.at("consumer"), "bank");
  EXPECT_TRUE(at_.world.state.get("of/bank/refusal/" + key));
  EXPECT_TRUE(at_.world.state.get("of/" + account_of("jia") + "/refusal/" + key));
  EXPECT_FALSE(at_.world.state.get("access/" + open.at("access").get<std::string>()));
}

TEST_F(Refuse, AnAttemptIsRecordedOnceAndCannotBeReplayed) {
  at_.world.must("jia", "grant.pause", act_on(at_.grant));
  const Json open = fresh();
  const std::string text = attempt(open);
  ASSERT_TRUE(refuse(open, "grant.paused", text).ok());
  expect_refused(refuse(open, "grant.paused", text), "tx.duplicate", "body.attempt");
  // After the pause the refused attempt itself must not open anything.
  at_.world.must("jia", "grant.resume", act_on(at_.grant));
  auto parsed = proof::parse_transaction(text);
  ASSERT_TRUE(parsed.ok());
  expect_refused(at_.world.apply(*parsed), "tx.duplicate", "nonce");
}

TEST_F(Refuse, AnAcceptedAccessCannotBeRecordedAsRefused) {
  const Json open = fresh();
  const std::string text = attempt(open);
  auto parsed = proof::parse_transaction(text);
  ASSERT_TRUE(parsed.ok());
  ASSERT_TRUE(at_.world.apply(*parsed).ok());
  expect_refused(refuse(open, "access.duplicate", text), "tx.duplicate", "body.attempt");
}

TEST_F(Refuse, TheHostCannotInventAnAttempt) {
  revoke();
  const Json open = fresh();
  const std::string good = attempt(open);
  const std::string code = "grant.revoked";
  expect_refused(refuse(open, code, "a.b.c"), "access.bad_attempt", "body.attempt");
  for (const char* signer : {"nobody", "jia"}) {
    expect_refused(refuse(open, code, attempt(open, signer)), "access.bad_attempt", "body.attempt");
  }
  expect_refused(refuse(open, code, attempt(open, "bank", "access.ack")), "access.bad_attempt",
                 "body.attempt");
  expect_refused(refuse(open, code, attempt(open, "bank", "access.open", "qc-other")),
                 "access.bad_attempt", "body.attempt");
  std::string tampered = good;
  tampered[tampered.size() - 10] = tampered[tampered.size() - 10] == 'A' ? 'B' : 'A';
  expect_refused(refuse(open, code, tampered), "access.bad_attempt", "body.attempt");
  const Json other = fresh();
  expect_refused(refuse(other, code, good), "access.bad_attempt", "body.attempt");
  Json broken = open;
  broken["extra"] = 1;
  expect_refused(refuse(open, code, attempt(broken)), "json.unknown_field", "body.attempt.extra");
  at_.world.now_s += 601;
  expect_refused(refuse(open, code, good), "access.bad_attempt", "body.attempt");
  at_.world.now_s -= 1;
  EXPECT_TRUE(refuse(open, code, good).ok());
}

TEST_F(Refuse, TheGrantMustExist) {
  Json open = fresh();
  open["grant"] = id(1);
  expect_refused(refuse(open, "grant.not_found", attempt(open)), "grant.not_found", "body.grant");
}

// A refusal that does not stand against a live grant and a fitting attempt is the host's lie.
TEST_F(Refuse, MustBeFounded) {
  const Json open = fresh();
  const std::string text = attempt(open);
  for (const char* code :
       {"grant.not_found", "grant.revoked", "grant.expired", "grant.exhausted", "grant.deleted",
        "access.wrong_consumer", "access.wrong_product", "access.wrong_purpose",
        "access.item_not_granted", "access.field_not_granted", "access.duplicate",
        "grant.too_frequent", "no.such_code"}) {
    expect_refused(refuse(open, code, text), "access.unfounded_refusal", "body.code");
  }
  EXPECT_TRUE(refuse(open, "grant.paused", text).ok());  // may have been resumed since
}

// Every code that the access rules can answer is one that the host can record.
TEST_F(Refuse, EveryRefusalCodeCanBeRecorded) {
  const auto both = [](Granted at, const std::string& signer, const std::string& code,
                       const std::function<void(Json&)>& change) {
    Json open = open_body(at.world, at.grant);
    change(open);
    const std::string text =
        proof::make_transaction(key_of(signer), kChain, "access.open", open, at.world.now_s);
    auto parsed = proof::parse_transaction(text);
    ASSERT_TRUE(parsed.ok());
    expect_refused(at.world.apply(*parsed), code);
    at.world.now_s += 1;
    const Effect effect = at.world.must("host", "access.refuse",
                                        {{"access", open.at("access")},
                                         {"grant", open.at("grant")},
                                         {"code", code},
                                         {"attempt", text}});
    EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")}) << code;
  };
  const auto nothing = [](Json&) {};
  const auto after = [](const std::function<void(Granted&)>& change) {
    Granted at = granted();
    change(at);
    return at;
  };
  both(after([](Granted& at) { at.world.must("jia", "grant.revoke", act_on(at.grant)); }), "bank",
       "grant.revoked", nothing);
  both(after([](Granted& at) { at.world.must("jia", "grant.pause", act_on(at.grant)); }), "bank",
       "grant.paused", nothing);
  both(after([](Granted& at) { at.world.now_s = at.grant.at("valid").at("to"); }), "bank",
       "grant.expired", nothing);
  both(after([](Granted& at) {
         for (int i = 0; i < 3; ++i) {
           at.world.must("bank", "access.open", open_body(at.world, at.grant));
         }
       }),
       "bank", "grant.exhausted", nothing);
  both(after([](Granted& at) {
         at.world.must("jia", "grant.revoke", act_on(at.grant));
         at.world.must("bank", "grant.delete", {{"grant", at.grant.at("grant")}});
       }),
       "bank", "grant.deleted", nothing);
  both(after([](Granted& at) {
         at.world.must("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}});
       }),
       "bank", "member.suspended", nothing);
  both(granted_with("/valid/from", kStart + 5), "bank", "grant.not_yet_valid", nothing);
  Granted seldom = granted_with("/frequency", "1/month");
  seldom.world.must("bank", "access.open", open_body(seldom.world, seldom.grant));
  both(std::move(seldom), "bank", "grant.too_frequent", nothing);
  both(granted(), "other", "access.wrong_consumer", nothing);
  both(granted(), "bank", "access.wrong_product", [](Json& open) { open["product"] = "card"; });
  both(granted(), "bank", "access.wrong_purpose", [](Json& open) { open["purpose"] = "fun"; });
  both(granted(), "bank", "access.item_not_granted",
       [](Json& open) { open["items"][0]["item"] = "ga.other"; });
  both(granted(), "bank", "access.field_not_granted",
       [](Json& open) { open["items"][0]["fields"] = {"since"}; });
  Granted twice = granted();
  const Json first = open_body(twice.world, twice.grant);
  twice.world.must("bank", "access.open", first);
  both(std::move(twice), "bank", "access.duplicate",
       [&](Json& open) { open["access"] = first.at("access"); });
}

class Release : public ::testing::Test {
 protected:
  void SetUp() override { at_ = opened(); }
  Result<Effect> with(const std::string& outcome, const char* pointer, const Json& value) {
    Json body = release_body(at_.world, at_.open, outcome);
    body[Pointer(pointer)] = value;
    return at_.world.apply("host", "access.release", body);
  }
  Result<Effect> release(const std::string& outcome) {
    return at_.world.apply("host", "access.release", release_body(at_.world, at_.open, outcome));
  }
  Opened at_;
};

TEST_F(Release, ChecksTheGrantAgain) {
  struct Change {
    std::string code;
    std::function<void(Opened&)> make;
  };
  const std::vector<Change> changes{
      {"grant.revoked", [](Opened& at) { at.world.must("jia", "grant.revoke", act_on(at.grant)); }},
      {"grant.paused", [](Opened& at) { at.world.must("jia", "grant.pause", act_on(at.grant)); }},
      {"grant.expired", [](Opened& at) { at.world.now_s = at.grant.at("valid").at("to"); }},
      {"grant.deleted",
       [](Opened& at) {
         at.world.must("jia", "grant.revoke", act_on(at.grant));
         at.world.must("bank", "grant.delete", {{"grant", at.grant.at("grant")}});
       }},
      {"member.suspended", [](Opened& at) {
         at.world.must("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}});
       }}};
  for (const Change& change : changes) {
    for (const std::string outcome : {"delivered", "partial"}) {
      at_ = opened();
      change.make(at_);
      expect_refused(release(outcome), change.code);
      // That nothing was released can always be recorded.
      EXPECT_TRUE(release(outcome == "partial" ? "denied" : "failed").ok()) << change.code;
    }
  }
}

TEST_F(Release, TheLastUseIsStillReleased) {
  for (int i = 0; i < 2; ++i) {
    at_.world.must("bank", "access.open", open_body(at_.world, at_.grant));
  }
  const Json grant = at_.world.doc(grant_key(at_.grant));
  ASSERT_EQ(grant_state_at(grant, at_.world.now_s), "EXHAUSTED");
  const Json access = at_.world.doc("access/" + at_.open.at("access").get<std::string>());
  EXPECT_TRUE(check_release(grant, access, at_.world.now_s).ok());
  EXPECT_TRUE(release("delivered").ok());
  EXPECT_EQ(at_.world.doc(grant_key(at_.grant)).at("uses"), 3);
}

TEST_F(Release, StoresWhatLeftAndWhy) {
  ASSERT_TRUE(release("partial").ok());
  const Json doc = at_.world.doc("access/" + at_.open.at("access").get<std::string>());
  EXPECT_EQ(doc.at("state"), "PARTIAL");
  EXPECT_EQ(doc.at("payload_sm3"), digest("payload"));
  EXPECT_EQ(doc.at("decision").at("plugin"), "loan");
  EXPECT_EQ(doc.at("withheld").size(), 2U);  // the whole item
  EXPECT_EQ(doc.at("release_tx"), at_.world.history.back().id_hex());
  EXPECT_NE(doc.at("tx"), doc.at("release_tx"));
}

TEST_F(Release, PayloadDecisionAndOutcomeAgree) {
  expect_refused(with("delivered", "/payload_sm3", ""), "json.bad_form", "body.payload_sm3");
  expect_refused(with("delivered", "/payload_sm3", "00"), "json.bad_form", "body.payload_sm3");
  expect_refused(with("denied", "/payload_sm3", digest("x")), "json.bad_form", "body.payload_sm3");
  expect_refused(with("failed", "/decision", Json::object()), "json.bad_form", "body.decision");
  expect_refused(with("delivered", "/decision", nullptr), "json.wrong_type", "body.decision");
  expect_refused(with("delivered", "/outcome", "lost"), "json.bad_form", "body.outcome");
  expect_refused(with("delivered", "/access", id(1)), "access.not_found", "body.access");
}

TEST_F(Release, WithheldNamesOpenedFieldsOnce) {
  const Json entry{{"item", "ga.hukou"}, {"field", "name"}, {"code", "asset.erased"}};
  const auto withheld = [&](const std::string& outcome, const Json& list) {
    return with(outcome, "/withheld", list);
  };
  expect_refused(withheld("delivered", Json::array({entry})), "access.withheld_mismatch",
                 "body.withheld");
  expect_refused(withheld("partial", Json::array()), "access.withheld_mismatch", "body.withheld");
  expect_refused(withheld("partial", Json::array({entry, entry})), "access.withheld_mismatch",
                 "body.withheld[1].field");
  Json stranger = entry;
  stranger["field"] = "since";
  expect_refused(withheld("failed", Json::array({stranger})), "access.withheld_mismatch",
                 "body.withheld[0].field");
  Json all = Json::array();
  for (const Json& item : at_.open.at("items")) {
    for (const Json& field : item.at("fields")) {
      all.push_back({{"item", item.at("item")}, {"field", field}, {"code", "plugin.timeout"}});
    }
  }
  expect_refused(withheld("partial", all), "access.withheld_mismatch", "body.withheld");
  EXPECT_TRUE(withheld("failed", all).ok());
}

TEST_F(Release, DecisionsNameTheAdmittedPluginAndGrantedAssets) {
  expect_refused(with("delivered", "/decision/plugin", "other"), "access.wrong_plugin",
                 "body.decision.plugin");
  expect_refused(with("delivered", "/decision/plugin_digest", digest("x")), "plugin.not_admitted",
                 "body.decision.plugin_digest");
  expect_refused(with("delivered", "/decision/assets", {id(1)}), "access.asset_not_granted",
                 "body.decision.assets[0]");
  // A package that a newer one replaced may still answer; a withdrawn one may not.
  Json newer = plugin_body("loan");
  newer["digest"] = digest("loan 2");
  at_.world.must("op", "plugin.admit", signed_plugin(newer));
  Opened replaced = at_;
  EXPECT_TRUE(
      replaced.world
          .apply("host", "access.release", release_body(replaced.world, replaced.open, "delivered"))
          .ok());
  at_.world.must("op", "plugin.withdraw",
                 {{"plugin", "loan"}, {"digest", digest("loan")}, {"reason", "defect"}});
  expect_refused(release("delivered"), "plugin.not_admitted", "body.decision.plugin_digest");
}

TEST(ReleaseOfFields, HasNoDecision) {
  Opened at = opened("fields");
  Json body = release_body(at.world, at.open, "delivered");
  ASSERT_TRUE(body.at("decision").is_null());
  body["decision"] = {{"plugin", "loan"},
                      {"plugin_digest", digest("loan")},
                      {"commitment", digest("c")},
                      {"assets", Json::array()}};
  expect_refused(at.world.apply("host", "access.release", body), "access.wrong_release",
                 "body.decision");
  at.world.must("host", "access.release", release_body(at.world, at.open, "delivered"));
}

TEST(Acknowledge, IsTheConsumersAndNamesThePayload) {
  Opened at = opened();
  at.world.must("host", "access.release", release_body(at.world, at.open, "delivered"));
  const Json body{{"access", at.open.at("access")}, {"payload_sm3", digest("payload")}};
  Json wrong = body;
  wrong["payload_sm3"] = digest("other");
  expect_refused(at.world.apply("bank", "access.ack", wrong), "access.payload_mismatch",
                 "body.payload_sm3");
  expect_refused(at.world.apply("other", "access.ack", body), "access.not_found", "body.access");
  wrong["access"] = id(1);
  expect_refused(at.world.apply("bank", "access.ack", wrong), "access.not_found", "body.access");
  // What was received is acknowledged even after the grant is gone.
  at.world.must("jia", "grant.revoke", act_on(at.grant));
  const Effect effect = at.world.must("bank", "access.ack", body);
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("jia")});
  EXPECT_EQ(at.world.doc("access/" + at.open.at("access").get<std::string>()).at("acked"), true);
}

}  // namespace
}  // namespace qc::chain::test
