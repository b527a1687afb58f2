// Founding, members, subjects, catalogue, plugins.
#include "sdk/crypto/jose.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

TEST(Found, MakesTheOperatorAndTheHost) {
  World world = founded();
  EXPECT_EQ(world.doc("network").at("operator"), "op");
  EXPECT_EQ(world.doc("network").at("chain"), kChain);
  EXPECT_EQ(world.doc("member/op").at("kind"), "operator");
  EXPECT_EQ(world.doc("member/host").at("kind"), "host");
  EXPECT_EQ(world.doc("kid/" + key_of("host").kid()), "host");
  EXPECT_EQ(world.doc("member/op").at("index"), 0);
}

TEST(Found, OnceOnly) {
  World world = founded();
  expect_refused(world.apply("op", "network.found", found_body()), "network.already_founded");
  World later;
  later.index = 1;
  expect_refused(later.apply("op", "network.found", found_body()), "network.already_founded");
}

TEST(Found, ChecksWhoAndWhat) {
  World world;
  expect_refused(world.apply("nobody", "network.found", found_body()), "tx.forbidden_op",
                 "body.operator.jwk");
  Json body = found_body();
  body["host_jwk"] = jwk_of("op");
  expect_refused(world.apply("op", "network.found", body), "identity.key_in_use", "body.host_jwk");
  for (const std::string account : {"host", "p-abc", "A", "1a", "a_b"}) {
    body = found_body();
    body["operator"]["account"] = account;
    expect_refused(world.apply("op", "network.found", body), "json.bad_form",
                   "body.operator.account");
  }
  body = found_body();
  body["operator"]["uscc"] = "91370100100000001A";
  expect_refused(world.apply("op", "network.found", body), "json.bad_form", "body.operator.uscc");
}

TEST(Member, AccountsKeysAndCodesAreUnique) {
  World world = city();
  Json body = member_body("new", "department", "ga");
  expect_refused(world.apply("op", "member.admit", body), "member.code_in_use", "body.code");
  body = member_body("bank", "bank");
  body["jwk"] = jwk_of("fresh");
  expect_refused(world.apply("op", "member.admit", body), "identity.account_exists",
                 "body.account");
  body["account"] = "host";
  expect_refused(world.apply("op", "member.admit", body), "identity.account_exists",
                 "body.account");
  for (const char* owner : {"ga", "jia", "host", "op"}) {
    body = member_body("new", "bank");
    body["jwk"] = jwk_of(owner);
    expect_refused(world.apply("op", "member.admit", body), "identity.key_in_use", "body.jwk");
  }
}

TEST(Member, FormsAreChecked) {
  World world = city();
  const auto refused = [&](const char* name, const Json& value, const std::string& code) {
    Json body = member_body("new", "department", "new");
    body[name] = value;
    expect_refused(world.apply("op", "member.admit", body), code, std::string("body.") + name);
  };
  refused("kind", "host", "json.bad_form");
  refused("kind", "person", "json.bad_form");
  refused("account", account_of("x"), "json.bad_form");
  refused("account", "p-x", "json.bad_form");
  refused("code", "Ga", "json.bad_form");
  refused("code", "g1", "json.bad_form");
  refused("code", "", "json.bad_form");
  refused("uscc", "91350100M000100Y44", "json.bad_form");
  Json body = member_body("new", "bank", "new");
  expect_refused(world.apply("op", "member.admit", body), "json.bad_form", "body.code");
  body = member_body("new", "bank");
  body["contact"] = "";
  expect_refused(world.apply("op", "member.admit", body), "json.out_of_range", "body.contact");
  body = member_body("new", "bank");
  body["jwk"]["kid"] = key_of("other").kid();
  expect_refused(world.apply("op", "member.admit", body), "key.invalid", "body.jwk.kid");
  body = member_body("new", "bank");
  body["jwk"]["x"] = body["jwk"]["y"];
  EXPECT_EQ(world.apply("op", "member.admit", body).error().code, "key.invalid");
}

TEST(Member, StandingIsATwoStateMachine) {
  World world = city();
  const Json bank{{"account", "bank"}, {"reason", "audit"}};
  expect_refused(world.apply("op", "member.resume", bank), "member.wrong_state", "body.account");
  world.must("op", "member.suspend", bank);
  EXPECT_EQ(world.doc("member/bank").at("status"), "suspended");
  expect_refused(world.apply("op", "member.suspend", bank), "member.wrong_state", "body.account");
  world.must("op", "member.resume", bank);
  EXPECT_EQ(world.doc("member/bank").at("status"), "active");
  const auto of = [](const std::string& account) {
    return Json{{"account", account}, {"reason", "audit"}};
  };
  expect_refused(world.apply("op", "member.suspend", of("host")), "member.protected");
  expect_refused(world.apply("op", "member.suspend", of("op")), "policy.unreachable");
  expect_refused(world.apply("op", "member.suspend", of("none")), "member.not_found");
  expect_refused(world.apply("op", "member.suspend", of(account_of("jia"))), "member.not_found");
  // With a second operator the founder can be suspended too; whoever is the last one stays.
  world.must("op", "member.admit", member_body("optwo", "operator"));
  world.must("optwo", "member.suspend", of("op"));
  expect_refused(world.apply("optwo", "member.suspend", of("optwo")), "policy.unreachable");
  world.must("optwo", "member.resume", of("op"));
}

TEST(Subject, OpensUnderADepartmentsEvidence) {
  World world = city();
  const Effect effect = world.must("reg", "subject.open", subject_body(world, "bing"));
  EXPECT_EQ(effect.actor, "reg");
  EXPECT_EQ(effect.subjects, std::set<std::string>{account_of("bing")});
  const Json doc = world.doc("subject/" + account_of("bing"));
  EXPECT_EQ(doc.at("pseudonym"), pseudonym_of("bing"));
  EXPECT_EQ(doc.at("status"), "open");
  EXPECT_EQ(doc.at("department"), "ga");
}

TEST(Subject, OneAccountAPersonOneKeyAnAccount) {
  World world = city();
  Json body = subject_body(world, "jia");
  Json payload = evidence_payload(world, "jia");
  payload["kid"] = key_of("fresh").kid();
  body["jwk"] = jwk_of("fresh");
  body["evidence"] = evidence_jws(payload);
  expect_refused(world.apply("reg", "subject.open", body), "identity.account_exists",
                 "body.account");
  body = subject_body(world, "bing");
  payload = evidence_payload(world, "bing");
  payload["kid"] = key_of("jia").kid();
  body["jwk"] = jwk_of("jia");
  body["evidence"] = evidence_jws(payload);
  expect_refused(world.apply("reg", "subject.open", body), "identity.key_in_use", "body.jwk");
  body = subject_body(world, "bing");
  body["account"] = account_of("ding");
  expect_refused(world.apply("reg", "subject.open", body), "identity.account_mismatch",
                 "body.account");
}

TEST(Subject, EvidenceMustBeADepartmentsFreshWordAboutThisKey) {
  World world = city();
  const auto with = [&](const std::string& evidence) {
    Json body = subject_body(world, "bing");
    body["evidence"] = evidence;
    return world.apply("reg", "subject.open", body);
  };
  const auto changed = [&](const char* name, const Json& value) {
    Json payload = evidence_payload(world, "bing");
    payload[name] = value;
    return with(evidence_jws(payload));
  };
  const Json good = evidence_payload(world, "bing");
  expect_refused(with("a.b.c"), "identity.bad_evidence", "body.evidence");
  for (const char* signer : {"bank", "reg", "jia", "nobody", "op"}) {
    expect_refused(with(evidence_jws(good, signer)), "identity.bad_evidence", "body.evidence");
  }
  expect_refused(with(crypto::jws_sign(key_of("ga"), good.dump(), "qc-tx+jws")),
                 "identity.bad_evidence", "body.evidence");
  std::string tampered = evidence_jws(good);
  tampered.back() = tampered.back() == 'A' ? 'Q' : 'A';
  expect_refused(with(tampered), "identity.bad_evidence", "body.evidence");
  // Signed by one department, naming another as the signer.
  expect_refused(with(crypto::jws_sign(key_of("bank"), good.dump(), "qc-identity-evidence+jws",
                                       {{"kid", key_of("ga").kid()}})),
                 "identity.bad_evidence", "body.evidence");
  expect_refused(changed("chain", "qc-other"), "identity.bad_evidence", "body.evidence.chain");
  expect_refused(changed("account", account_of("ding")), "identity.evidence_mismatch");
  expect_refused(changed("pseudonym", pseudonym_of("ding")), "identity.evidence_mismatch");
  expect_refused(changed("kid", key_of("ding").kid()), "identity.evidence_mismatch");
  expect_refused(changed("v", 2), "json.out_of_range", "body.evidence.v");
  expect_refused(changed("name", "x"), "json.unknown_field", "body.evidence.name");
  for (const std::int64_t skew : {-601, 601}) {
    expect_refused(changed("iat", world.now_s + skew), "identity.stale_evidence",
                   "body.evidence.iat");
  }
  world.must("op", "member.suspend", {{"account", "ga"}, {"reason", "audit"}});
  expect_refused(with(evidence_jws(good)), "identity.bad_evidence", "body.evidence");
  world.must("op", "member.resume", {{"account", "ga"}, {"reason", "done"}});
  EXPECT_TRUE(changed("iat", world.now_s - 600).ok());
}

TEST(Item, VersionsFollowOneAnotherAndStay) {
  World world = city();
  Json body = item_body("ga.hukou", 3);
  expect_refused(world.apply("ga", "item.define", body), "item.wrong_version", "body.version");
  body["version"] = 3;
  expect_refused(world.apply("ga", "item.define", body), "item.wrong_version", "body.version");
  body["version"] = 2;
  world.must("ga", "item.define", body);
  EXPECT_EQ(world.doc("item/ga.hukou/1").at("body").at("sensitivity"), 2);
  EXPECT_EQ(world.doc("item/ga.hukou/2").at("body").at("sensitivity"), 3);
}

TEST(Item, BelongsToItsDepartment) {
  World world = city();
  expect_refused(world.apply("rs", "item.define", item_body("ga.vehicle", 1)),
                 "item.wrong_department", "body.item");
  expect_refused(world.apply("ga", "item.define", item_body("gax.vehicle", 1)),
                 "item.wrong_department", "body.item");
  for (const std::string item : {"ga", "ga.", ".x", "ga.X", "ga.a.b", "g1.x", "ga-x"}) {
    expect_refused(world.apply("ga", "item.define", item_body(item, 1)), "json.bad_form",
                   "body.item");
  }
  Json body = item_body("ga.vehicle", 1);
  body["fields"].push_back(body["fields"][0]);
  expect_refused(world.apply("ga", "item.define", body), "json.duplicate_value",
                 "body.fields[3].id");
  body["fields"] = Json::array();
  expect_refused(world.apply("ga", "item.define", body), "json.out_of_range", "body.fields");
  body = item_body("ga.vehicle", 1);
  body["subjects"] = {"robot"};
  expect_refused(world.apply("ga", "item.define", body), "json.bad_form", "body.subjects[0]");
  body["subjects"] = Json::array();
  expect_refused(world.apply("ga", "item.define", body), "json.out_of_range", "body.subjects");
  body = item_body("ga.vehicle", 5);
  expect_refused(world.apply("ga", "item.define", body), "json.out_of_range", "body.sensitivity");
}

TEST(Product, ScopeNamesWhatExists) {
  World world = city();
  const auto with = [&](const char* pointer, const Json& value) {
    Json body = product_body("card", "answer");
    body[Json::json_pointer(pointer)] = value;
    return world.apply("bank", "product.define", body);
  };
  expect_refused(with("/scope/0/item", "ga.none"), "item.not_found", "body.scope[0].item");
  expect_refused(with("/scope/0/version", 2), "item.not_latest_version", "body.scope[0].version");
  expect_refused(with("/scope/1/optional", {"height"}), "item.unknown_field", "body.scope[1]");
  expect_refused(with("/scope/1/optional", {"name"}), "scope.overlap", "body.scope[1].optional");
  expect_refused(with("/scope/1/item", "ga.hukou"), "json.duplicate_value", "body.scope[1].item");
  expect_refused(with("/scope", Json::array()), "scope.empty", "body.scope");
  Json body = product_body("card", "answer");
  body["scope"][0]["required"] = Json::array();
  body["scope"][0]["optional"] = Json::array();
  expect_refused(world.apply("bank", "product.define", body), "scope.empty", "body.scope[0]");
  expect_refused(with("/plugin", ""), "json.bad_form", "body.plugin");
  expect_refused(with("/release", "everything"), "json.bad_form", "body.release");
  EXPECT_TRUE(with("/plugin", "loan").ok());
}

TEST(Product, ANewVersionWaitsWhileTheOldOneServes) {
  World world = city();
  Json body = product_body("citizen_loan", "answer");
  expect_refused(world.apply("bank", "product.define", body), "product.wrong_version",
                 "body.version");
  expect_refused(world.apply("other", "product.define", body), "product.wrong_owner",
                 "body.product");
  body["version"] = 2;
  body["max_uses"] = 9;
  world.must("bank", "product.define", body);
  Json doc = world.doc("product/citizen_loan");
  EXPECT_EQ(doc.at("status"), "active");
  EXPECT_EQ(doc.at("version"), 1);
  EXPECT_EQ(doc.at("proposed").at("version"), 2);
  world.must("bank", "request.create", request_body(world, "jia"));
  const auto approve = [&](int version) {
    return world.apply("op", "product.approve",
                       {{"product", "citizen_loan"}, {"version", version}});
  };
  expect_refused(approve(1), "product.not_proposed", "body.version");
  expect_refused(approve(3), "product.not_proposed", "body.version");
  EXPECT_TRUE(approve(2).ok());
  expect_refused(approve(2), "product.not_proposed", "body.version");
  doc = world.doc("product/citizen_loan");
  EXPECT_EQ(doc.at("version"), 2);
  EXPECT_EQ(doc.at("body").at("max_uses"), 9);
  EXPECT_TRUE(doc.at("proposed").is_null());
  expect_refused(world.apply("bank", "request.create", request_body(world, "jia")),
                 "request.wrong_product_version", "body.product_version");
  expect_refused(world.apply("op", "product.approve", {{"product", "none"}, {"version", 1}}),
                 "product.not_found", "body.product");
}

TEST(Product, AnUnapprovedOneCanBeProposedAnewButNotUsed) {
  World world = city();
  Json body = product_body("card", "answer");
  world.must("bank", "product.define", body);
  body["version"] = 2;
  world.must("bank", "product.define", body);
  EXPECT_EQ(world.doc("product/card").at("status"), "proposed");
  EXPECT_EQ(world.doc("product/card").at("version"), 2);
  Json request = request_body(world, "jia");
  request["product"] = "card";
  request["product_version"] = 2;
  expect_refused(world.apply("bank", "request.create", request), "product.not_active",
                 "body.product");
  expect_refused(world.apply("op", "product.approve", {{"product", "card"}, {"version", 1}}),
                 "product.not_proposed");
  world.must("op", "product.approve", {{"product", "card"}, {"version", 2}});
  world.must("bank", "request.create", request);
}

TEST(Plugin, OwnersFitTheKind) {
  World world = city();
  const auto with = [&](const char* name, const Json& value) {
    Json body = plugin_body("fresh");
    body[name] = value;
    return world.apply("op", "plugin.admit", body);
  };
  const auto without_capabilities = [&] { return with("capabilities", Json::array()); };
  expect_refused(with("owner", "none"), "member.not_found", "body.owner");
  expect_refused(with("owner", "ga"), "plugin.wrong_owner", "body.owner");
  expect_refused(with("owner", account_of("jia")), "member.not_found", "body.owner");
  expect_refused(with("kind", "department"), "plugin.wrong_owner", "body.owner");
  expect_refused(with("kind", "other"), "json.bad_form", "body.kind");
  expect_refused(with("jwk", jwk_of("ga")), "identity.key_in_use", "body.jwk");
  expect_refused(with("version", "1 0"), "json.bad_form", "body.version");
  EXPECT_TRUE(with("jwk", jwk_of("bank")).ok());
  Json body = plugin_body("hukou");
  body["kind"] = "department";
  body["owner"] = "ga";
  body["jwk"] = jwk_of("ga");
  world.must("op", "plugin.admit", signed_plugin(body));
  EXPECT_EQ(world.doc("plugin/hukou").at("state"), "admitted");
  body["owner"] = "rs";
  body["jwk"] = jwk_of("rs");
  expect_refused(world.apply("op", "plugin.admit", body), "plugin.wrong_owner", "body.owner");
  world.must("op", "member.suspend", {{"account", "bank"}, {"reason", "audit"}});
  expect_refused(without_capabilities(), "member.suspended", "body.owner");
}

TEST(Plugin, TheAdmissionBindsPublisherCapabilitiesAndApprovers) {
  World world = city();
  world.must("op", "plugin.admit", plugin_body("fresh"));
  const Json& entry = world.doc("plugin/fresh");
  EXPECT_EQ(
      entry.at("publisher"),
      Json({{"account", "bank"}, {"kid", jwk_of("bank").at("kid")}, {"jwk", jwk_of("bank")}}));
  EXPECT_EQ(entry.at("approvers"), Json({"op"}));
  EXPECT_EQ(entry.at("capabilities"), Json({"log/1"}));
}

TEST(Plugin, NothingIsAdmittedThatItsPublisherDidNotSign) {
  World world = city();
  const auto refused = [&](const Json& body, const std::string& words) {
    const auto effect = world.apply("op", "plugin.admit", body);
    expect_refused(effect, "plugin.bad_signature", "body.signature");
    EXPECT_NE(effect.error().message.find(words), std::string::npos) << effect.error().message;
  };
  Json body = plugin_body("fresh");
  for (const char* name : {"plugin", "version", "digest"}) {
    Json other = body;
    other[name] = std::string(name) == "digest" ? digest("other") : std::string("other");
    refused(other, name);  // signed for another package
  }
  refused(signed_plugin(body, "another-network"), "another network");
  Json others = body;
  others["owner"] = "svc";
  others["signature"] = signed_plugin(others).at("signature");
  others["owner"] = "bank";
  refused(others, "not the publisher's");
  Json altered = body;
  std::string text = altered.at("signature").get<std::string>();
  text[text.size() / 2] = text[text.size() / 2] == 'A' ? 'B' : 'A';
  altered["signature"] = text;
  refused(altered, "not the publisher's");
  Json greedy = body;
  greedy["capabilities"] = {"log/1", "everything/1"};
  expect_refused(world.apply("op", "plugin.admit", greedy), "plugin.not_asked",
                 "body.capabilities");
  // A key that was replaced signs nothing any more.
  world.must("bank", "key.rotate",
             {{"jwk", jwk_of("bank2")}, {"proof", key_proof("bank", "bank2", "bank")}});
  refused(body, "not the publisher's");
}

TEST(Plugin, ABudgetIsGrantedUpToWhatTheManifestAsksFor) {
  World world = city();
  const auto admit = [&](const Json& capabilities) {
    Json body = plugin_body("fresh");
    body["capabilities"] = capabilities;
    return world.apply("op", "plugin.admit", body);
  };
  EXPECT_TRUE(admit({"memory:1024", "time:5000", "log/1"}).ok());
  EXPECT_TRUE(admit({"memory:128", "time:10"}).ok());
  EXPECT_EQ(world.doc("plugin/fresh").at("capabilities"), Json({"memory:128", "time:10"}));
  for (const char* beyond : {"memory:1025", "time:5001", "cpu:1", "message:1"}) {
    expect_refused(admit({"log/1", beyond}), "plugin.not_asked", "body.capabilities");
  }
  struct Malformed {
    const char* capability;
    const char* expected;
  };
  for (const Malformed& one :
       {Malformed{"memory:", "memory:<MiB>, a whole number from 128 to 65536"},
        Malformed{"memory:127", "from 128 to 65536"}, Malformed{"memory:65537", "from 128"},
        Malformed{"memory:0512", "a whole number"}, Malformed{"memory:512MiB", "a whole number"},
        Malformed{"memory:-512", "a whole number"}, Malformed{"memory:9e9", "a whole number"},
        Malformed{"memory:99999999999999999999", "from 128 to 65536"},
        Malformed{"cpu:0", "cpu:<% of a processor>, a whole number from 1 to 6400"},
        Malformed{"time:9", "time:<ms>, a whole number from 10 to 60000"},
        Malformed{"message:16385", "message:<KiB>, a whole number from 1 to 16384"},
        Malformed{"a b", "printable ASCII"}}) {
    const auto effect = admit({"log/1", one.capability});
    expect_refused(effect, "json.bad_form", "body.capabilities[1]");
    EXPECT_NE(effect.error().message.find(one.expected), std::string::npos)
        << effect.error().message;
  }
  const auto twice = admit({"memory:512", "memory:600"});
  expect_refused(twice, "json.bad_form", "body.capabilities[1]");
}

TEST(Plugin, ANewPackageReplacesAndEachCanBeWithdrawn) {
  World world = city();
  Json body = plugin_body("loan");
  body["version"] = "1.1.0";
  body["digest"] = digest("loan 1.1");
  world.must("op", "plugin.admit", signed_plugin(body));
  EXPECT_EQ(world.doc("plugin/loan").at("version"), "1.1.0");
  const auto withdraw = [&](const std::string& package) {
    return world.apply("op", "plugin.withdraw",
                       {{"plugin", "loan"}, {"digest", digest(package)}, {"reason", "defect"}});
  };
  expect_refused(withdraw("none"), "plugin.not_found", "body.digest");
  EXPECT_TRUE(withdraw("loan").ok());  // the old one; the new one stays
  EXPECT_EQ(world.doc("plugin/loan").at("state"), "admitted");
  EXPECT_EQ(world.doc("plugin_digest/loan/" + digest("loan")).at("state"), "withdrawn");
  expect_refused(withdraw("loan"), "plugin.not_admitted", "body.digest");
  EXPECT_TRUE(withdraw("loan 1.1").ok());
  EXPECT_EQ(world.doc("plugin/loan").at("state"), "withdrawn");
  EXPECT_EQ(world.doc("plugin/loan").at("reason"), "defect");
  expect_refused(world.apply("bank", "request.create", request_body(world, "jia")),
                 "plugin.not_admitted", "body.product");
}

}  // namespace
}  // namespace qc::chain::test
