// The ledger's rules: deterministic, no clock, no randomness; time comes from the batch.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/chain/state.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::chain {

using proof::Transaction;

/// A JWS in a body that was found to be signed with a key before the rules' turn.
struct ProvenSignature {
  std::string_view compact;
  std::string_view x;  ///< of the key, as in its JWK
  std::string_view y;
};

struct RuleContext {
  std::string chain;         ///< this network
  std::uint64_t index = 0;   ///< position that the transaction will have
  std::int64_t time_ms = 0;  ///< batch time
  /// The transaction's body, where nobody reads it after the rules (an audit): what is accepted
  /// takes it into the state instead of copying it. Null: it stays as it is.
  Json* spare_body = nullptr;
  /// Nobody reads `state` after a refusal (an audit ends there): what a refused rule wrote may
  /// stay.
  bool spare_state = false;
  /// Saves verifying it once more. Null: there is none.
  const ProvenSignature* proven = nullptr;
  std::int64_t time_s() const { return time_ms / 1000; }
};

struct Effect {
  std::string actor;               ///< account that signed
  std::set<std::string> subjects;  ///< subject accounts that this event is about
  /// State of the proposal that this transaction opened or moved ("OPEN", "CARRIED", …); else "".
  std::string decision = {};
};

/// Finds the key that must have signed `tx`: the account's registered key, or, for
/// `network.found`, the key in the body. Errors: "tx.unknown_key", "key.retired", "tx.invalid".
Result<crypto::PublicKey> signer_key(const Transaction& tx, const StateReader& state);

/// Whose key has the name `tx.kid`, as the state knows it now. Errors: "tx.unknown_key".
struct SignerOnRecord {
  bool person = false;
  Document jwk;  ///< not null
};
Result<SignerOnRecord> signer_on_record(const Transaction& tx, const StateReader& state);

/// What apply_transaction() will probably ask for: keys of documents, and accounts whose chain of
/// events will grow. A guess that saves time, from names in the body and the signer's account.
struct ForeseenKeys {
  std::vector<std::string> documents;
  std::vector<std::string> subjects;
};
ForeseenKeys foreseen_keys(const Transaction& tx, const StateReader& state);
/// The subject account that a body or a document names, or "".
std::string named_subject(const Json& object);

/// Whether it is a request, a grant or an access: rules write these again with a member changed, so
/// they get one of their own. Others they only look at, mandates for one.
bool changed_by_use(std::string_view key);

/// Whether the operation's rule writes again every document of those that it get()s, and asks for
/// each once: then it may be given the document itself.
bool rewrites_what_it_gets(std::string_view op);

/// Applies one transaction, signature already verified with signer_key(). On error nothing is
/// written to `state` (but see RuleContext::spare_state). Checks in order: chain
/// ("tx.wrong_chain"), validity window ("tx.expired", "tx.from_the_future"), duplicate id or nonce
/// ("tx.duplicate"), signer's standing
/// ("member.suspended", "tx.forbidden_op"), then the family's rule. Errors name fields.
/// Deterministic: same state, same transaction, same context, same result on every host.
Result<Effect> apply_transaction(const Transaction& tx, const RuleContext& context, Overlay& state);

/// What the access rules say of `access.open` at this time, without writing. Error = refusal code,
/// or "json.…" when the body itself is malformed. `grant` is the document "grant/<id>". Whether the
/// consumer is suspended and the access identifier is new is not looked at here.
Status check_access(const Json& grant, const Json& open_body, std::string_view consumer,
                    std::int64_t now_s);

/// The second check, at release: as check_access for what `access` (the document "access/<id>")
/// opened, without counting, because its use was counted at open: the last use is still released.
Status check_release(const Json& grant, const Json& access, std::int64_t now_s);

/// The request's or grant's state as seen at `now_s` (LAPSED, EXPIRED are functions of time).
std::string request_state_at(const Json& request, std::int64_t now_s);
std::string grant_state_at(const Json& grant, std::int64_t now_s);

/// ACTIVE, ENDED, or EXPIRED, which is a function of time.
std::string mandate_state_at(const Json& mandate, std::int64_t now_s);

/// "proposal_at/<12 digits>" -> proposal: its proposals in the order of the ledger.
std::string proposal_position_key(std::uint64_t index);

/// The proposal's state as seen at `now_s` under the policy in force: LAPSED is a function of time,
/// VOID (a change of policy ends what was proposed before it) of the policy's version.
std::string proposal_state_at(const Json& proposal, const Json& policy, std::int64_t now_s);

}  // namespace qc::chain
