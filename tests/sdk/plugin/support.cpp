#include "tests/sdk/plugin/support.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::plugin {

Rig::Rig(std::string_view description, std::unique_ptr<Service> service, std::string owner,
         Grants grants)
    : key_(crypto::PrivateKey::generate()), owner_(std::move(owner)) {
  std::string name = (std::filesystem::temp_directory_path() / "qc-rig-XXXXXX").string();
  EXPECT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
  EXPECT_TRUE(write_file(folder_ / "passphrase", "rig\n", FileMode::kPrivate).ok());
  EXPECT_TRUE(
      write_file(folder_ / "pseudonym.key", std::string(64, 'a') + '\n', FileMode::kPrivate).ok());
  EXPECT_TRUE(
      crypto::save_key(folder_ / "key.pem", key_, "rig", crypto::PassphraseKind::kRandom).ok());
  host_ = {sizeof(qc_host), QC_ABI_MAJOR, QC_ABI_MINOR, this, &Rig::write_log, nullptr};
  if (grants == Grants::kRoutes) {
    host_.extension = [](void*, const char* id) -> const void* {
      static constexpr qc_routes kTable = {sizeof(qc_routes), 1000, 1000};
      return std::string_view(id) == QC_ROUTES ? &kTable : nullptr;
    };
  }
  auto parsed = Description::parse(description);
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().field);
  core_ = std::make_unique<Core>(&host_, std::move(*parsed), std::move(service));
}

Rig::~Rig() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Rig::write_log(void* context, int, const char* text, std::size_t size) {
  static_cast<Rig*>(context)->log_.emplace_back(text, size);
}

Json Rig::settings() const {
  return {{"key", (folder_ / "key.pem").string()},
          {"passphrase_file", (folder_ / "passphrase").string()},
          {"pseudonym_key_file", (folder_ / "pseudonym.key").string()}};
}

Reply Rig::configure(const Json& settings) {
  return call("configure", {{"settings", settings}, {"chain", kChain}, {"account", owner_}});
}

void Rig::configure() {
  const Reply reply = configure(settings());
  EXPECT_EQ(reply.status, QC_OK) << reply.text;
}

Reply Rig::call(const std::string& method, const Json& message, std::int64_t deadline_ms) {
  return call_raw(method, message.dump(), deadline_ms);
}

Reply Rig::call_raw(const std::string& method, std::string_view message, std::int64_t deadline_ms) {
  Reply reply;
  const qc_sink sink{
      sizeof(qc_sink), &reply.text, [](void* context, const std::uint8_t* data, std::size_t size) {
        static_cast<std::string*>(context)->append(reinterpret_cast<const char*>(data), size);
        return 0;
      }};
  const qc_call call{sizeof(qc_call), method.c_str(),
                     reinterpret_cast<const std::uint8_t*>(message.data()), message.size(),
                     deadline_ms};
  reply.status = core_->call(call, sink);
  auto json = parse_json(reply.text, {8U << 20U, 32});
  if (json.ok()) reply.json = std::move(*json);
  return reply;
}

const std::string& department_description() {
  static const std::string text = R"({"plugin":"t","version":"1.2.3","kind":"department",
    "owner":"t","name_zh":"测试","name_en":"Test","valid_days":10,"items":[
    {"item":"t.all","version":1,"name_zh":"全","name_en":"All","kind":"record","sensitivity":2,
     "subjects":["person"],"fields":[
     {"id":"text","zh":"文","type":"s"},{"id":"code","zh":"码","type":"c"},
     {"id":"day","zh":"日","type":"d"},{"id":"month","zh":"月","type":"ym"},
     {"id":"time","zh":"时","type":"dt"},{"id":"money","zh":"钱","type":"m"},
     {"id":"count","zh":"数","type":"i"},{"id":"rate","zh":"率","type":"dec"},
     {"id":"flag","zh":"是","type":"b"},{"id":"id_no","zh":"号","type":"id18"},
     {"id":"area","zh":"区","type":"gb2260"},{"id":"uscc","zh":"信","type":"uscc"}]},
    {"item":"t.other","version":2,"name_zh":"他","name_en":"Other","kind":"record",
     "sensitivity":1,"subjects":["person"],"fields":[{"id":"text","zh":"文","type":"s"}]}]})";
  return text;
}

const std::string& product_description() {
  static const std::string text = R"({"plugin":"loan","version":"3.0.0","kind":"product",
    "owner":"bank","name_zh":"贷","name_en":"Loan","product":{"product":"loan","version":1,
    "name_zh":"贷","name_en":"Loan","purpose":{"code":"credit","text_zh":"贷","text_en":"loan"},
    "scope":[{"item":"t.all","version":1,"required":["money","day"],"optional":[]},
             {"item":"t.other","version":2,"required":[],"optional":["text"]}],
    "release":"answer","plugin":"loan","max_valid_days":30,"max_uses":1,"data_life_days":1}})";
  return text;
}

Json good_record() {
  return {{"text", "泉城"},
          {"code", "A1"},
          {"day", "2024-02-29"},
          {"month", "2026-09"},
          {"time", "2026-09-01T08:30:00+08:00"},
          {"money", 123456},
          {"count", -5},
          {"rate", "0.08"},
          {"flag", true},
          {"id_no", kIdNo},
          {"area", "370199"},
          {"uscc", "91350100M000100Y43"}};
}

std::string IssueParts::presentation() const {
  crypto::SdJwtClaims claims;
  claims.iss = issuer;
  claims.vct = vct;
  claims.sub = subject;
  claims.iat = kNow - 100;
  claims.exp = expires;
  claims.extra = {{"chain", chain}};
  const std::string credential = crypto::sdjwt_issue(
      identity_key, claims, {{"id_no", id_no}, {"name", "某人"}}, holder.public_key());
  if (!key_binding) return credential;
  const auto text =
      crypto::sdjwt_present(credential, disclosed, holder, audience, nonce, signed_at);
  EXPECT_TRUE(text.ok());
  if (presenter.public_key() == holder.public_key()) return *text;
  // A thief has the credential and binds it with a key of their own.
  const std::size_t cut = text->rfind('~') + 1;
  const auto binding = crypto::jws_parse(text->substr(cut));
  EXPECT_TRUE(binding.ok());
  return text->substr(0, cut) + crypto::jws_sign(presenter, binding->payload, binding->typ());
}

Json IssueParts::message(const crypto::PublicKey& plugin) const {
  const auto identity = crypto::jwe_encrypt(plugin, Json{{"presentation", presentation()}}.dump());
  EXPECT_TRUE(identity.ok());
  return {{"chain", kChain},
          {"now", kNow},
          {"subject", {{"account", kAccount}, {"jwk", holder.public_key().to_jwk()}}},
          {"item", item},
          {"version", item == "t.other" ? 2 : 1},
          {"fields", {"text"}},
          {"identity", *identity},
          {"issuers", {{"ga", Json::array({identity_key.public_key().to_jwk()})}}},
          {"supersedes", ""}};
}

Json DecideParts::message(const crypto::PublicKey& plugin) const {
  const std::string asset = random_id();
  crypto::SdJwtClaims claims;
  claims.iss = "t";
  claims.vct = "qc:item:t.all:1";
  claims.sub = kAccount;
  claims.iat = kNow - 100;
  claims.exp = expires;
  claims.extra = {{"chain", kChain}, {"asset", asset}};
  const std::string credential =
      crypto::sdjwt_issue(department, claims, record, holder.public_key());
  const auto text = crypto::sdjwt_present(credential, fields, holder, "bank", grant, kNow);
  EXPECT_TRUE(text.ok());
  const auto jwe = crypto::jwe_encrypt(plugin, *text, "application/dc+sd-jwt");
  EXPECT_TRUE(jwe.ok());
  const Json grant_json = {{"grant", grant},
                           {"subject", {{"account", kAccount}}},
                           {"consumer", {{"account", "bank"}, {"product", "loan"}}},
                           {"purpose", {{"code", "credit"}}},
                           {"scope",
                            {{{"item", "t.all"},
                              {"version", 1},
                              {"fields", fields},
                              {"required", {"money", "day"}},
                              {"asset", asset},
                              {"presentation_sm3", to_hex(crypto::sm3(*jwe))}}}},
                           {"valid", {{"from", kNow - 10}, {"to", kNow + 10}}},
                           {"mode", "once"},
                           {"release", "answer"},
                           {"key", plugin.to_jwk()}};
  return {{"chain", kChain},
          {"now", kNow},
          {"access", random_id()},
          {"grant", grant_json},
          {"holder_jwk", holder.public_key().to_jwk()},
          {"issuers", {{"t", Json::array({department.public_key().to_jwk()})}}},
          {"presentations", {{{"item", "t.all"}, {"version", 1}, {"asset", asset}, {"jwe", *jwe}}}},
          {"consumer", {{"account", "bank"}, {"jwk", bank.public_key().to_jwk()}}}};
}

}  // namespace qc::plugin
