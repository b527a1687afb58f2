#include "host/exchange/account_flow.hpp"

#include "sdk/crypto/sm3.hpp"

namespace qc::exchange {
namespace {

constexpr std::size_t kMaxClaim = 64U << 10U;  // an identity claim, not a document

/// What the identity plugin says of whoever made a claim.
struct Identified {
  std::string account, pseudonym, evidence, credential;
};

Result<Identified> identify(const Context& context, const JsonReader& body) {
  QC_ASSIGN(const std::string claim, body.text("claim", kMaxClaim));
  const Json message{
      {"chain", context.parts.ledger.chain()}, {"now", context.now_s()}, {"claim", claim}};
  QC_ASSIGN(const auto answer,
            context.parts.plugins.call(context.options.identity_plugin, "prove_identity", message,
                                       context.options.plugin_timeout_ms));
  const JsonReader proved(answer.message, "prove_identity");
  const auto account = proved.text("account", 64);
  const auto pseudonym = proved.text("pseudonym", 64);
  const auto evidence = proved.text("evidence", kMaxClaim);
  const auto credential = proved.text("credential", kMaxClaim);
  if (!account.ok() || !pseudonym.ok() || !evidence.ok() || !credential.ok()) {
    return bad_answer(answer.plugin, "incomplete answer");
  }
  return Identified{*account, *pseudonym, *evidence, *credential};
}

/// The key in the body, which must be the one that signed the request.
Status check_holder(const JsonReader& body, const crypto::PublicKey& key) {
  QC_TRY(body.expect_only({"jwk", "claim"}));
  QC_ASSIGN(const Json* jwk, body.object("jwk"));
  const auto holder = crypto::PublicKey::from_jwk(*jwk);
  if (!holder.ok()) return holder.error().under("jwk");
  if (*holder == key) return {};
  return unauthenticated("exchange.not_the_signer", "the request is signed by another key");
}

/// Puts the registrar's transaction on the ledger.
Result<Json> bind_key(const Context& context, const std::string& op, const Json& body,
                      const Identified& person) {
  const std::string tx = proof::make_transaction(
      context.parts.registrar_key, context.parts.ledger.chain(), op, body, context.now_s());
  QC_ASSIGN(const chain::Applied applied, context.parts.ledger.submit(tx));
  Json result = applied_json(to_hex(crypto::sm3(tx)), applied);
  result["account"] = person.account;
  result["credential"] = person.credential;
  return result;
}

}  // namespace

Result<Json> open_account(const Context& context, const crypto::PublicKey& key, const Json& body) {
  const JsonReader reader(body);
  QC_TRY(check_holder(reader, key));
  QC_ASSIGN(const Identified person, identify(context, reader));
  return bind_key(context, "subject.open",
                  {{"account", person.account},
                   {"kind", "person"},
                   {"pseudonym", person.pseudonym},
                   {"jwk", key.to_jwk()},
                   {"evidence", person.evidence}},
                  person);
}

Result<Json> recover_account(const Context& context, const crypto::PublicKey& key,
                             const Json& body) {
  const JsonReader reader(body);
  QC_TRY(check_holder(reader, key));
  QC_ASSIGN(const Identified person, identify(context, reader));
  return bind_key(context, "subject.rebind",
                  {{"account", person.account},
                   {"jwk", key.to_jwk()},
                   {"evidence", person.evidence},
                   {"reason", "key lost"}},
                  person);
}

Result<Json> prove_account(const Context& context, const std::string& caller, const Json& body) {
  const JsonReader reader(body);
  QC_TRY(reader.expect_only({"claim"}));
  QC_ASSIGN(const Identified person, identify(context, reader));
  // The same answer for everyone else's identity: whose it is stays with the plugin.
  if (person.account != caller) {
    return forbidden("identity.account_mismatch", "not the identity of this account").at("claim");
  }
  return Json{{"account", person.account}, {"credential", person.credential}};
}

}  // namespace qc::exchange
