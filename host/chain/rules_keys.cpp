// Keys that replace keys: a member's or a subject's own change, a member's lost key by vote. The
// registrar's re-binding of a subject is in rules_identity.cpp, beside the evidence it needs.
#include "host/chain/rules_internal.hpp"
#include "sdk/proof/key_proof.hpp"

namespace qc::chain::rules {
namespace {

/// Reads "jwk" and "proof" and checks that the new key's holder wants it for this account.
Result<crypto::PublicKey> read_successor(const Call& call, const JsonReader& body,
                                         const Json& document) {
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(body, "jwk"));
  QC_ASSIGN(const std::string compact, body.text("proof", proof::kMaxKeyProofBytes));
  const Status proved = proof::check_key_proof(
      compact, key,
      {call.context.chain, text_of(document, "account"), text_of(document.at("jwk"), "kid")});
  if (!proved.ok()) return proved.error().at(body.field("proof"));
  return key;
}

}  // namespace

Status replace_key(const Call& call, const std::string& document_key, Json document,
                   const crypto::PublicKey& key) {
  const std::string& account = text_of(document, "account");
  // Not the account's own old key either: what was lost or replaced does not come back.
  if (!account_of_kid(call.state, key.kid()).empty()) {
    return conflict("identity.key_in_use", "this key belongs or belonged to an account")
        .at("body.jwk");
  }
  const std::string retired = "key/" + text_of(document.at("jwk"), "kid");
  QC_ASSIGN(Json before, must_get(call.state, retired, "account.not_found", "body"));
  before["to"] = call.context.index;
  call.state.put(retired, std::move(before));
  QC_TRY(claim_key(call, key, account, "body.jwk"));
  document["jwk"] = key.to_jwk();
  document["key_index"] = call.context.index;
  call.state.put(document_key, std::move(document));
  return {};
}

// Signed with the key that it retires; the next transaction needs the new one.
Result<Effect> key_rotate(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"jwk", "proof"}));
  if (call.signer.kind == "host") {
    return forbidden("tx.forbidden_op", "tree heads are checked against the host's first key")
        .at("op");
  }
  QC_ASSIGN(const crypto::PublicKey key, read_successor(call, body, call.signer.document));
  const bool subject = call.signer.kind == "person" || call.signer.kind == "enterprise";
  const std::string& account = call.signer.account;
  QC_TRY(
      replace_key(call, (subject ? "subject/" : "member/") + account, call.signer.document, key));
  return subject ? call.effect({account}) : call.effect();
}

Result<Effect> member_rebind(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"account", "jwk", "proof", "reason"}));
  QC_ASSIGN(const std::string account, read_account(body, "account"));
  QC_TRY(read_prose(body, "reason", 512));
  QC_ASSIGN(Json member,
            must_get(call.state, "member/" + account, "member.not_found", "body.account"));
  if (account == "host") {
    return forbidden("member.protected", "tree heads are checked against the host's first key")
        .at("body.account");
  }
  QC_ASSIGN(const crypto::PublicKey key, read_successor(call, body, member));
  QC_TRY(replace_key(call, "member/" + account, std::move(member), key));
  return call.effect();
}

}  // namespace qc::chain::rules
