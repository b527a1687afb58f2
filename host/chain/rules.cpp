// The dispatcher: order of checks, and which kinds may sign which operation.
#include "host/chain/rules.hpp"

#include <algorithm>
#include <array>

#include "host/chain/rules_internal.hpp"

namespace qc::chain {
namespace {

using namespace std::string_view_literals;

struct Operation {
  std::string_view op;
  rules::Rule apply;
  /// Kinds allowed; none named: the rule itself says who may (a voter, any account).
  std::array<std::string_view, 2> signers;
};

constexpr std::string_view kFoundOp = "network.found";

constexpr std::array kOperations{
    Operation{"member.admit"sv, rules::propose, {}},
    Operation{"member.suspend"sv, rules::propose, {}},
    Operation{"member.resume"sv, rules::propose, {}},
    Operation{"member.rebind"sv, rules::propose, {}},
    Operation{"product.approve"sv, rules::propose, {}},
    Operation{"plugin.admit"sv, rules::propose, {}},
    Operation{"plugin.withdraw"sv, rules::propose, {}},
    Operation{"policy.set"sv, rules::propose, {}},
    Operation{"proposal.vote"sv, rules::proposal_vote, {}},
    Operation{"proposal.withdraw"sv, rules::proposal_withdraw, {}},
    Operation{"subject.open"sv, rules::subject_open, {"registrar"sv}},
    Operation{"subject.rebind"sv, rules::subject_rebind, {"registrar"sv}},
    Operation{"guardian.appoint"sv, rules::guardian_appoint, {"registrar"sv}},
    Operation{"enterprise.represent"sv, rules::enterprise_represent, {"registrar"sv}},
    Operation{"mandate.give"sv, rules::mandate_give, {"person"sv}},
    Operation{"mandate.end"sv, rules::mandate_end, {"person"sv, "registrar"sv}},
    Operation{"key.rotate"sv, rules::key_rotate, {}},
    Operation{"item.define"sv, rules::item_define, {"department"sv}},
    Operation{"product.define"sv, rules::product_define, {"bank"sv, "service"sv}},
    Operation{"asset.issue"sv, rules::asset_issue, {"department"sv}},
    Operation{"asset.erase"sv, rules::asset_erase, {"person"sv, "enterprise"sv}},
    Operation{"request.create"sv, rules::request_create, {"bank"sv, "service"sv}},
    Operation{"request.open"sv, rules::request_open, {"person"sv, "enterprise"sv}},
    Operation{"request.refuse"sv, rules::request_refuse, {"person"sv, "enterprise"sv}},
    Operation{"request.cancel"sv, rules::request_cancel, {"bank"sv, "service"sv}},
    Operation{"grant.create"sv, rules::grant_create, {"person"sv}},
    Operation{"grant.pause"sv, rules::grant_pause, {"person"sv, "enterprise"sv}},
    Operation{"grant.resume"sv, rules::grant_resume, {"person"sv, "enterprise"sv}},
    Operation{"grant.revoke"sv, rules::grant_revoke, {"person"sv, "enterprise"sv}},
    Operation{"grant.cosign"sv, rules::grant_cosign, {"person"sv}},
    Operation{"grant.delete"sv, rules::grant_delete, {"bank"sv, "service"sv}},
    Operation{"access.open"sv, rules::access_open, {"bank"sv, "service"sv}},
    Operation{"access.refuse"sv, rules::access_refuse, {"host"sv}},
    Operation{"access.release"sv, rules::access_release, {"host"sv}},
    Operation{"access.ack"sv, rules::access_ack, {"bank"sv, "service"sv}},
    Operation{"snapshot.begin"sv, rules::snapshot_begin, {"host"sv}},
    Operation{"snapshot.state"sv, rules::snapshot_state, {"host"sv}},
};

/// The everyday ones of which rewrites_what_it_gets() is so; an audit says when it is not.
constexpr std::array kRewriting{"request.open"sv, "grant.create"sv, "access.open"sv,
                                "access.release"sv, "access.ack"sv};

const Operation* find_operation(std::string_view op) {
  const auto it = std::find_if(kOperations.begin(), kOperations.end(),
                               [&](const Operation& candidate) { return candidate.op == op; });
  return it == kOperations.end() ? nullptr : &*it;
}

Status check_envelope(const Transaction& tx, const RuleContext& context, const StateReader& state) {
  if (tx.chain != context.chain) {
    return invalid("tx.wrong_chain", "signed for another network", "chain");
  }
  if (!rules::is_id(tx.nonce)) {
    return rules::bad_form("an identifier (22 characters of base64url)", "nonce");
  }
  const std::int64_t age_s = context.time_s() - tx.iat;
  // The founding transaction is made once, before its host first runs: nothing can replay it,
  // because only position 0 takes it.
  const bool founding = context.index == 0 && tx.op == "network.found";
  if (!founding && age_s > rules::kWindowS)
    return invalid("tx.expired", "signed too long ago", "iat");
  if (age_s < -rules::kWindowS) {
    return invalid("tx.from_the_future", "signed later than now", "iat");
  }
  if (rules::nonce_used(state, tx.kid, tx.nonce, context.time_s())) {
    return conflict("tx.duplicate", "this transaction or its nonce was used before").at("nonce");
  }
  return {};
}

Result<rules::Signer> find_signer(const Transaction& tx, const StateReader& state) {
  const std::string account = rules::account_of_kid(state, tx.kid);
  Document document = account.empty() ? nullptr : rules::account_document(state, account);
  if (!document) return unauthenticated("tx.unknown_key", "no account has this key").at("kid");
  // Here and not only where signatures are verified: those are checked against the key of that
  // name, which may have been replaced between the check and this batch.
  if (rules::text_of(document->at("jwk"), "kid") != tx.kid) {
    return unauthenticated("key.retired", "another key has replaced this one").at("kid");
  }
  std::string kind = rules::text_of(*document, "kind");
  return rules::Signer(account, std::move(kind), std::move(document));
}

Result<Effect> apply_operation(const Transaction& tx, const RuleContext& context, Overlay& state) {
  if (tx.op == kFoundOp) {
    // Nobody yet: the rule takes the key from the body.
    const rules::Signer founder({}, {}, document(Json()));
    const rules::Call call{tx, context, founder, state};
    rules::use_nonce(call, tx.kid, tx.nonce);
    return rules::network_found(call);
  }
  QC_ASSIGN(const rules::Signer signer, find_signer(tx, state));
  if (!rules::is_active(signer.document)) {
    return forbidden("member.suspended", "the signer is suspended");
  }
  const Operation* operation = find_operation(tx.op);
  if (operation == nullptr) return invalid("tx.unknown_op", "there is no such operation", "op");
  const auto& signers = operation->signers;
  if (!signers[0].empty() &&
      std::find(signers.begin(), signers.end(), signer.kind) == signers.end()) {
    return forbidden("tx.forbidden_op", "a " + signer.kind + " may not sign " + tx.op).at("op");
  }
  const rules::Call call{tx, context, signer, state};
  rules::use_nonce(call, tx.kid, tx.nonce);
  return operation->apply(call);
}

}  // namespace

Result<SignerOnRecord> signer_on_record(const Transaction& tx, const StateReader& state) {
  QC_ASSIGN(rules::Signer signer, find_signer(tx, state));
  const auto jwk = signer.document.find("jwk");
  if (jwk == signer.document.end()) return internal("tx.invalid", "the account has no key");
  // Shares the document's life: no copy of the key.
  return SignerOnRecord{signer.kind == "person", Document(signer.kept, &*jwk)};
}

Result<crypto::PublicKey> signer_key(const Transaction& tx, const StateReader& state) {
  if (tx.op == kFoundOp) {
    QC_ASSIGN(crypto::PublicKey key, rules::founder_key(tx));
    if (key.kid() != tx.kid) {
      return invalid("tx.invalid", "kid is not the operator's key", "body.operator.jwk");
    }
    return key;
  }
  QC_ASSIGN(const SignerOnRecord signer, signer_on_record(tx, state));
  return crypto::PublicKey::from_jwk(*signer.jwk);
}

bool rewrites_what_it_gets(std::string_view op) {
  return std::find(kRewriting.begin(), kRewriting.end(), op) != kRewriting.end();
}

Result<Effect> apply_transaction(const Transaction& tx, const RuleContext& context,
                                 Overlay& state) {
  QC_TRY(check_envelope(tx, context, state));
  if (context.spare_state) return apply_operation(tx, context, state);
  // Dropped on error: a rule cannot leave half of its writes behind. (The cast: a layer above, not
  // a copy.)
  Overlay attempt(static_cast<const StateReader&>(state));
  QC_ASSIGN(Effect effect, apply_operation(tx, context, attempt));
  std::move(attempt).merge_into(state);
  return effect;
}

}  // namespace qc::chain
