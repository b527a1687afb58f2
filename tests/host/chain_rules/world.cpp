#include "tests/host/chain_rules/world.hpp"

#include "sdk/base/identity_numbers.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/fresh_issue.hpp"
#include "sdk/proof/key_proof.hpp"
#include "sdk/proof/package_signature.hpp"
#include "sdk/proof/pseudonym.hpp"

namespace qc::chain::test {

Document MemoryState::find(const std::string& key) const {
  const auto it = entries.find(key);
  return it == entries.end() ? nullptr : document(it->second);
}

void MemoryState::scan(const std::string& prefix, const std::string& start,
                       const std::function<bool(const std::string&, const Json&)>& visit) const {
  for (auto it = entries.lower_bound(std::max(prefix, start)); it != entries.end(); ++it) {
    if (it->first.compare(0, prefix.size(), prefix) != 0) return;
    if (!visit(it->first, it->second)) return;
  }
}

void MemoryState::absorb(const Overlay::Writes& writes) {
  for (const auto& [key, value] : writes) {
    if (value) {
      entries[key] = *value;
    } else {
      entries.erase(key);
    }
  }
}

const crypto::PrivateKey& key_of(const std::string& name) {
  static std::map<std::string, crypto::PrivateKey> keys;
  const auto found = keys.find(name);
  if (found != keys.end()) return found->second;
  const Hash32 scalar = crypto::sm3("test key " + name);
  auto key = crypto::PrivateKey::from_scalar(scalar);
  EXPECT_TRUE(key.ok());
  return keys.emplace(name, std::move(*key)).first->second;
}

Json jwk_of(const std::string& name) { return key_of(name).public_key().to_jwk(); }

std::string id(std::uint64_t n) {
  Bytes bytes(16, 0);
  for (std::size_t i = 0; i < 8; ++i) bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return to_base64url(bytes);
}

std::string digest(const std::string& text) { return to_hex(crypto::sm3(text)); }

std::string uscc(int n) {
  const std::string digits = std::to_string(100000000 + n);
  const std::string text = "91370100" + digits;
  return text + uscc_check(text);
}

std::string pseudonym_of(const std::string& person) { return digest("pseudonym " + person); }
std::string account_of(const std::string& person) {
  return "p-" + pseudonym_of(person).substr(0, 32);
}

Transaction World::make(const std::string& signer, const std::string& op, const Json& body) {
  Transaction tx;
  tx.kid = key_of(signer).kid();
  tx.chain = kChain;
  tx.op = op;
  tx.iat = now_s;
  tx.nonce = fresh_id();
  tx.body = body;
  tx.bytes = tx.kid + tx.nonce + op + body.dump();
  tx.id = crypto::sm3(tx.bytes);
  return tx;
}

Result<Effect> World::apply(const Transaction& tx) {
  const RuleContext context{kChain, index, now_s * 1000 + 7};
  Overlay overlay(state);
  auto result = apply_transaction(tx, context, overlay);
  if (!result.ok()) {
    EXPECT_TRUE(overlay.writes().empty()) << tx.op << " was refused but wrote";
    return result;
  }
  EXPECT_FALSE(overlay.writes().empty());
  state.absorb(overlay.writes());
  history.push_back(tx);
  contexts.push_back(context);
  ++index;
  return result;
}

Effect World::must(const std::string& signer, const std::string& op, const Json& body) {
  auto result = apply(signer, op, body);
  if (!result.ok()) {
    ADD_FAILURE() << op << " by " << signer << ": " << result.error().code << " at "
                  << result.error().field << ": " << result.error().message;
    return {};
  }
  return *result;
}

Json World::doc(const std::string& key) const {
  auto found = state.get(key);
  EXPECT_TRUE(found.has_value()) << "no " << key;
  return found.value_or(Json::object());
}

Json found_body() {
  return {{"name", "济南测试网"},
          {"host_jwk", jwk_of("host")},
          {"operator",
           {{"account", "op"},
            {"name_zh", "运营方"},
            {"name_en", "Operator"},
            {"uscc", uscc(1)},
            {"jwk", jwk_of("op")}}}};
}

Json member_body(const std::string& account, const std::string& kind, const std::string& code) {
  return {{"account", account},
          {"kind", kind},
          {"code", code},
          {"name_zh", "成员" + account},
          {"name_en", "M " + account},
          {"uscc", uscc(2)},
          {"contact", "0531-12345"},
          {"jwk", jwk_of(account)}};
}

Json evidence_payload(const World& world, const std::string& person) {
  return {{"v", 1},
          {"chain", kChain},
          {"account", account_of(person)},
          {"pseudonym", pseudonym_of(person)},
          {"kid", key_of(person).kid()},
          {"method", "id_card"},
          {"iat", world.now_s}};
}

std::string evidence_jws(const Json& payload, const std::string& signer) {
  return crypto::jws_sign(key_of(signer), payload.dump(), "qc-identity-evidence+jws");
}

Json subject_body(World& world, const std::string& person) {
  return {{"account", account_of(person)},
          {"kind", "person"},
          {"pseudonym", pseudonym_of(person)},
          {"jwk", jwk_of(person)},
          {"evidence", evidence_jws(evidence_payload(world, person))}};
}

std::string enterprise_of(const std::string& name) {
  return "e-" + pseudonym_of(name).substr(0, 32);
}

Json enterprise_evidence(const World& world, const std::string& name,
                         const std::string& legal_rep) {
  Json payload = evidence_payload(world, name);
  payload["account"] = enterprise_of(name);
  payload["legal_rep"] = account_of(legal_rep);
  return payload;
}

Json enterprise_body(const World& world, const std::string& name, const std::string& legal_rep) {
  return {{"account", enterprise_of(name)},
          {"kind", "enterprise"},
          {"pseudonym", pseudonym_of(name)},
          {"jwk", jwk_of(name)},
          {"legal_rep", account_of(legal_rep)},
          {"evidence", evidence_jws(enterprise_evidence(world, name, legal_rep))}};
}

Json mandate_body(World& world) {
  return {{"mandate", world.fresh_id()},
          {"enterprise", enterprise_of("acme")},
          {"holder", account_of("yi")},
          {"role", "handler"},
          {"parent", ""},
          {"items", {"ga.hukou"}},
          {"cosign", false},
          {"until", world.now_s + kDay}};
}

std::string key_proof(const std::string& account, const std::string& key, const std::string& old) {
  return proof::make_key_proof(key_of(key), {kChain, account, key_of(old).kid()});
}

Json rebind_body(const World& world, const std::string& person, const std::string& key) {
  Json payload = evidence_payload(world, person);
  payload["kid"] = key_of(key).kid();
  return {{"account", account_of(person)},
          {"jwk", jwk_of(key)},
          {"evidence", evidence_jws(payload)},
          {"reason", "lost phone"}};
}

Json item_body(const std::string& item, int sensitivity) {
  Json fields = Json::array();
  for (const char* name : {"name", "level", "since"}) {
    fields.push_back({{"id", name}, {"zh", "字段"}, {"type", "s"}});
  }
  return {{"item", item},           {"version", 1},     {"name_zh", "数据项"},
          {"name_en", "Item"},      {"kind", "record"}, {"sensitivity", sensitivity},
          {"subjects", {"person"}}, {"fields", fields}};
}

Json product_body(const std::string& product, const std::string& release) {
  const Json scope = Json::array(
      {{{"item", "ga.hukou"}, {"version", 1}, {"required", {"name"}}, {"optional", {"level"}}},
       {{"item", "rs.social"},
        {"version", 1},
        {"required", {"name", "level"}},
        {"optional", {"since"}}}});
  return {{"product", product},
          {"version", 1},
          {"name_zh", "市民贷"},
          {"name_en", "Citizen loan"},
          {"purpose", {{"code", "credit.loan"}, {"text_zh", "贷款审批"}, {"text_en", "Credit"}}},
          {"scope", scope},
          {"release", release},
          {"plugin", release == "answer" ? "loan" : ""},
          {"max_valid_days", 90},
          {"max_uses", 5},
          {"data_life_days", 30}};
}

Json plugin_body(const std::string& plugin) {
  return signed_plugin({{"plugin", plugin},
                        {"version", "1.0.0"},
                        {"kind", "product"},
                        {"owner", "bank"},
                        {"digest", digest(plugin)},
                        {"jwk", jwk_of("plugin")},
                        {"capabilities", {"log/1"}}});
}

Json signed_plugin(Json body, const std::string& chain) {
  Json manifest = {{"abi", "1.0"},
                   {"library", "plugin.so"},
                   {"capabilities", {"log/1", "dns/1", "memory:1024", "time:5000"}}};
  for (const char* name : {"plugin", "version", "kind", "owner", "digest"}) {
    manifest[name] = body.at(name);
  }
  const std::string owner = body.at("owner").get<std::string>();
  body["signature"] = proof::sign_package(key_of(owner), {chain, owner, manifest});
  return body;
}

Json asset_body(World& world, const std::string& person, const std::string& item) {
  const std::string asset = world.fresh_id();
  return {{"asset", asset},
          {"subject", account_of(person)},
          {"item", item},
          {"version", 1},
          {"fields", {"name", "level", "since"}},
          {"commitment", digest("commitment " + asset)},
          {"ciphertext_sm3", digest("ciphertext " + asset)},
          {"as_of", world.now_s - kDay},
          {"expires", world.now_s + 365 * kDay},
          {"supersedes", ""}};
}

Json request_body(World& world, const std::string& person, const std::string& release) {
  const bool answer = release == "answer";
  const Json scope = Json::array(
      {{{"item", "ga.hukou"}, {"version", 1}, {"required", {"name"}}, {"optional", {"level"}}},
       {{"item", "rs.social"}, {"version", 1}, {"required", {"level"}}, {"optional", {"name"}}}});
  return {{"request", world.fresh_id()},
          {"product", answer ? "citizen_loan" : "statement"},
          {"product_version", 1},
          {"subject", account_of(person)},
          {"purpose",
           {{"code", "credit.loan"}, {"text", "贷款"}, {"necessity", "审批"}, {"impact", "征信"}}},
          {"scope", scope},
          {"valid", {{"from", world.now_s}, {"to", world.now_s + 30 * kDay}}},
          {"max_uses", 3},
          {"mode", "standing"},
          {"release", release},
          {"data_life_days", 20},
          {"onward", "none"},
          {"key", jwk_of(answer ? "plugin" : "bank")},
          {"notice", {{"id", "loan-1"}, {"lang", "zh-CN"}, {"sm3", digest("notice")}}},
          {"expires", world.now_s + 7 * kDay}};
}

namespace {

// The subject's newest live asset of an item.
std::string live_asset(const World& world, const std::string& account, const std::string& item) {
  std::string found;
  world.state.scan("of/" + account + "/asset/", "", [&](const std::string& key, const Json&) {
    const Json asset = world.doc("asset/" + key.substr(key.rfind('/') + 1));
    if (asset.at("item") == item && asset.at("state") == "live") found = asset.at("asset");
    return true;
  });
  return found;
}

}  // namespace

Json grant_body(World& world, const std::string& person, const Json& request) {
  const std::string account = account_of(person);
  Json scope = Json::array();
  for (const Json& entry : request.at("scope")) {
    Json fields = entry.at("required");
    for (const Json& field : entry.at("optional")) fields.push_back(field);
    scope.push_back(
        {{"item", entry.at("item")},
         {"version", entry.at("version")},
         {"fields", fields},
         {"required", entry.at("required")},
         {"range", {{"from", kStart - 1000 * kDay}, {"to", kStart}}},
         {"reveal", "full"},
         {"asset", live_asset(world, account, entry.at("item"))},
         {"presentation_sm3", request.at("mode") == "standing" ? "" : digest("presentation")}});
  }
  Json notice = request.at("notice");
  notice["shown_at"] = world.now_s;
  return {{"v", 1},
          {"grant", world.fresh_id()},
          {"request", request.at("request")},
          {"supersedes", ""},
          {"subject",
           {{"kind", "person"},
            {"account", account},
            {"pseudonym", proof::pairwise_pseudonym(pseudonym_of(person), "bank")}}},
          {"actor", {{"role", "self"}, {"account", account}, {"mandate", ""}}},
          {"consumer",
           {{"uscc", uscc(2)},
            {"name", "成员bank"},
            {"contact", "0531-12345"},
            {"account", "bank"},
            {"product", request.at("product")}}},
          {"purpose", request.at("purpose")},
          {"scope", scope},
          {"valid", request.at("valid")},
          {"max_uses", request.at("max_uses")},
          {"frequency", ""},
          {"mode", request.at("mode")},
          {"release", request.at("release")},
          {"data_life_days", request.at("data_life_days")},
          {"onward", "none"},
          {"separate",
           {{"third_party", true},
            {"sensitive", true},
            {"adverse_credit_notice", true},
            {"automated_decision", true},
            {"minor", false}}},
          {"notice", notice},
          {"key", request.at("key")}};
}

Json open_body(World& world, const Json& grant) {
  Json items = Json::array();
  for (const Json& entry : grant.at("scope")) {
    items.push_back({{"item", entry.at("item")}, {"fields", entry.at("fields")}});
  }
  return {{"access", world.fresh_id()},
          {"grant", grant.at("grant")},
          {"product", grant.at("consumer").at("product")},
          {"purpose", grant.at("purpose").at("code")},
          {"items", items}};
}

std::string issue_statement(const World& world, const Json& open, const std::string& item) {
  const Json asset = world.doc("item/" + item + "/1");
  const proof::IssueStatement said{
      kChain, open.at("access"),        open.at("grant"),      item,
      1,      digest("issued " + item), digest("jwe " + item), world.now_s};
  return proof::sign_issue_statement(said, key_of(asset.at("department")));
}

Json release_body(const World& world, const Json& open, const std::string& outcome) {
  const Json grant = world.doc("grant/" + open.at("grant").get<std::string>()).at("body");
  const bool gives = outcome == "delivered" || outcome == "partial";
  Json withheld = Json::array();
  if (outcome != "delivered") {
    const Json& first = open.at("items")[0];
    for (const Json& field : first.at("fields")) {
      withheld.push_back({{"item", first.at("item")}, {"field", field}, {"code", "asset.erased"}});
    }
  }
  Json decision;
  if (gives && grant.at("release") == "answer") {
    decision = {{"plugin", "loan"},
                {"plugin_digest", digest("loan")},
                {"commitment", digest("decision")},
                {"assets", {grant.at("scope")[0].at("asset")}}};
  }
  Json body{{"access", open.at("access")},
            {"outcome", outcome},
            {"payload_sm3", gives ? digest("payload") : ""},
            {"decision", decision},
            {"withheld", withheld}};
  if (!gives || grant.at("mode") != "standing") return body;
  body["issued"] = Json::array();
  for (const Json& entry : open.at("items")) {
    if (outcome == "partial" && entry == open.at("items")[0]) continue;
    body["issued"].push_back(issue_statement(world, open, entry.at("item")));
  }
  return body;
}

World founded() {
  World world;
  world.must("op", "network.found", found_body());
  return world;
}

World city() {
  World world = founded();
  world.must("op", "member.admit", member_body("reg", "registrar"));
  world.must("op", "member.admit", member_body("ga", "department", "ga"));
  world.must("op", "member.admit", member_body("rs", "department", "rs"));
  world.must("op", "member.admit", member_body("bank", "bank"));
  world.must("op", "member.admit", member_body("other", "bank"));
  world.must("op", "member.admit", member_body("svc", "service"));
  world.must("op", "member.admit", member_body("sup", "regulator"));
  for (const char* person : {"jia", "yi"}) {
    world.must("reg", "subject.open", subject_body(world, person));
  }
  world.must("ga", "item.define", item_body("ga.hukou", 2));
  world.must("rs", "item.define", item_body("rs.social", 3));
  world.must("op", "plugin.admit", plugin_body("loan"));
  world.must("bank", "product.define", product_body("citizen_loan", "answer"));
  world.must("bank", "product.define", product_body("statement", "fields"));
  world.must("op", "product.approve", {{"product", "citizen_loan"}, {"version", 1}});
  world.must("op", "product.approve", {{"product", "statement"}, {"version", 1}});
  for (const char* person : {"jia", "yi"}) {
    world.must("ga", "asset.issue", asset_body(world, person, "ga.hukou"));
    world.must("rs", "asset.issue", asset_body(world, person, "rs.social"));
  }
  return world;
}

Granted granted(const std::string& release) {
  Granted out{city(), {}, {}};
  out.request = request_body(out.world, "jia", release);
  out.world.must("bank", "request.create", out.request);
  out.world.must("jia", "request.open",
                 {{"request", out.request.at("request")}, {"notice_sm3", digest("notice")}});
  out.grant = grant_body(out.world, "jia", out.request);
  out.world.must("jia", "grant.create", out.grant);
  return out;
}

Opened opened(const std::string& release) {
  Granted before = granted(release);
  Opened out{std::move(before.world), before.grant, {}};
  out.open = open_body(out.world, out.grant);
  out.world.must("bank", "access.open", out.open);
  return out;
}

void expect_refused(const Result<Effect>& result, const std::string& code,
                    const std::string& field) {
  ASSERT_FALSE(result.ok()) << "expected " << code;
  EXPECT_EQ(result.error().code, code) << result.error().message << " " << result.error().field;
  if (!field.empty()) {
    EXPECT_EQ(result.error().field, field);
  }
}

}  // namespace qc::chain::test
