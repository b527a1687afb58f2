// A department's library against abi.h alone, that answers "issue" with what it is told to lie
// about: the text of "identity". What it is told after "fresh:" it lies about in "issue_fresh". It
// signs with the department's real key.
#include <cstdlib>
#include <optional>
#include <string>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/abi.h"
#include "sdk/proof/fresh_issue.hpp"
#include "sdk/proof/transaction.hpp"

namespace {

using qc::Json;

constexpr const char* kDescription = R"({"plugin":"liar","version":"1.0.0","kind":"department",
  "name_zh":"谎","name_en":"Liar","items":[{"item":"ga.hukou"},{"item":"ga.other"}]})";

struct Liar {
  std::optional<qc::crypto::PrivateKey> key;
  std::string fresh_lie;
};

Json honest_body(const Json& message, const std::string& jwe) {
  return {{"asset", qc::random_id()},
          {"subject", message.at("subject").at("account")},
          {"item", message.at("item")},
          {"version", message.at("version")},
          {"fields", message.at("fields")},
          {"commitment", std::string(64, 'c')},
          {"ciphertext_sm3", qc::to_hex(qc::crypto::sm3(jwe))},
          {"as_of", message.at("now")},
          {"expires", message.at("now").get<std::int64_t>() + 86400},
          {"supersedes", message.at("supersedes")}};
}

/// What it says instead of the truth. `lie` is "member=value" for a member of the signed body.
void bend(Json& body, const std::string& lie) {
  const std::size_t equals = lie.find('=');
  if (equals == std::string::npos) return;
  body[lie.substr(0, equals)] = Json::parse(lie.substr(equals + 1));
}

/// What it issues for an access, and where it does not keep to it.
Json issue_fresh(const Liar& self, const Json& message) {
  const std::string& lie = self.fresh_lie;
  if (lie == "crash") std::abort();
  const auto body_in = [&](const char* name) {
    return qc::proof::parse_transaction(message.at(name).at("tx").get<std::string>())->body;
  };
  const Json grant = body_in("grant");
  const auto key = qc::crypto::PublicKey::from_jwk(grant.at("key"));
  const std::string jwe = *qc::crypto::jwe_encrypt(*key, "{}");
  qc::proof::IssueStatement said{message.at("chain"),
                                 body_in("access").at("access"),
                                 grant.at("grant"),
                                 message.at("item"),
                                 1,
                                 std::string(64, 'c'),
                                 qc::to_hex(qc::crypto::sm3(jwe)),
                                 message.at("now")};
  if (lie == "item") said.item = "ga.other";
  if (lie == "version") said.version = 2;
  if (lie == "access") said.access = qc::random_id();
  if (lie == "grant") said.grant = qc::random_id();
  if (lie == "chain") said.chain = "other-net";
  if (lie == "ciphertext") said.ciphertext_sm3 = std::string(64, '0');
  const auto signer = lie == "stranger" ? qc::crypto::PrivateKey::generate() : *self.key;
  Json answer = {{"jwe", jwe}, {"statement", qc::proof::sign_issue_statement(said, signer)}};
  if (lie == "nothing") answer.erase("statement");
  return answer;
}

Json issue(Liar& self, const Json& message) {
  std::string lie = message.at("identity");
  if (lie.starts_with("fresh:")) {
    self.fresh_lie = lie.substr(6);
    lie = "truth";
  }
  const auto holder = qc::crypto::PublicKey::from_jwk(message.at("subject").at("jwk"));
  const std::string jwe = *qc::crypto::jwe_encrypt(*holder, "{}");
  Json body = honest_body(message, jwe);
  bend(body, lie);
  const bool stranger = lie == "stranger";
  const auto key = stranger ? qc::crypto::PrivateKey::generate() : *self.key;
  const std::string op = lie == "op" ? "member.resume" : "asset.issue";
  const std::string tx = qc::proof::make_transaction(
      key, message.at("chain").get<std::string>(), op, body, message.at("now").get<std::int64_t>());
  Json answer = {{"asset", body.at("asset")}, {"jwe", jwe}, {"tx", tx}, {"handle", jwe}};
  if (lie == "no_tx") answer["tx"] = "x.y.z";
  if (lie == "plain") answer["jwe"] = "张三 110105194912310021";
  if (lie == "asset") answer["asset"] = qc::random_id();
  if (lie == "jwe") answer["jwe"] = *qc::crypto::jwe_encrypt(*holder, "{\"other\":1}");
  return answer;
}

Json answer_of(Liar& self, const std::string& method, const Json& message) {
  if (method == "describe") return Json::parse(kDescription);
  if (method == "health") return {{"status", "ok"}, {"detail", ""}};
  if (method == "configure") {
    const Json& settings = message.at("settings");
    const auto passphrase =
        qc::crypto::read_passphrase_file(settings.at("passphrase_file").get<std::string>());
    self.key = *qc::crypto::load_key(settings.at("key").get<std::string>(), *passphrase);
    return {{"jwk", self.key->public_key().to_jwk()}};
  }
  return method == "issue_fresh" ? issue_fresh(self, message) : issue(self, message);
}

void* create(const qc_host*) { return new Liar; }
void destroy(void* instance) { delete static_cast<Liar*>(instance); }

int call(void* instance, const qc_call* call, const qc_sink* out) {
  const std::string_view text(reinterpret_cast<const char*>(call->message), call->message_size);
  std::string answer;
  try {
    answer = answer_of(*static_cast<Liar*>(instance), call->method, Json::parse(text)).dump();
  } catch (...) {
    return QC_INTERNAL;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(answer.data());
  return out->write(out->context, bytes, answer.size()) == 0 ? QC_OK : QC_INTERNAL;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const qc_plugin* quancheng_plugin(void) {
  static constexpr qc_plugin kTable = {sizeof(qc_plugin), QC_ABI_MAJOR, QC_ABI_MINOR,
                                       &create,           &destroy,     &call};
  return &kTable;
}
