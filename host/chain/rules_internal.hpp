// What the rule families share: who signs, checked reading of bodies, state keys.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/chain/rules.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::chain::rules {

/// The account whose key signed, as the state knows it.
struct Signer {
  std::string account;
  std::string kind;      ///< "operator", "department", …, "host", "person"
  Document kept;         ///< what `document` lies in
  const Json& document;  ///< its member or subject document
  Signer(std::string name, std::string its_kind, Document found)
      : account(std::move(name)),
        kind(std::move(its_kind)),
        kept(std::move(found)),
        document(*kept) {}
};

/// One transaction on its way through a rule. The family's rule reads and writes `state`, which is
/// thrown away when the rule returns an error.
struct Call {
  const Transaction& tx;
  const RuleContext& context;
  const Signer& signer;
  Overlay& state;
  std::vector<std::string> approvers = {};  ///< of a decision: whose votes carry it

  JsonReader body() const { return JsonReader(tx.body, "body"); }
  std::int64_t now_s() const { return context.time_s(); }
  /// Effect that names the signer and the subjects concerned.
  Effect effect(std::set<std::string> subjects = {}) const {
    return {signer.account, std::move(subjects), {}};
  }
  /// The body, for the state to keep; read nothing of `tx.body` after it.
  Json take_body() const;
  /// Adds "index" and "tx" of this transaction: where a document was created.
  Json created(Json document) const;
  /// Puts "of/<account>/<family>/<id>".
  void list_for(const std::string& account, std::string_view family, const std::string& id) const;
};

using Rule = Result<Effect> (*)(const Call&);

// Families: one function per operation (docs/formats.md, "Transaction").
Result<Effect> network_found(const Call& call);
Result<Effect> subject_open(const Call& call);
Result<Effect> subject_rebind(const Call& call);
Result<Effect> key_rotate(const Call& call);
Result<Effect> item_define(const Call& call);
Result<Effect> product_define(const Call& call);
Result<Effect> asset_issue(const Call& call);
Result<Effect> asset_erase(const Call& call);
Result<Effect> request_create(const Call& call);
Result<Effect> request_open(const Call& call);
Result<Effect> request_refuse(const Call& call);
Result<Effect> request_cancel(const Call& call);
Result<Effect> grant_create(const Call& call);
Result<Effect> grant_pause(const Call& call);
Result<Effect> grant_resume(const Call& call);
Result<Effect> grant_revoke(const Call& call);
Result<Effect> grant_delete(const Call& call);
Result<Effect> grant_cosign(const Call& call);
Result<Effect> access_open(const Call& call);
Result<Effect> access_refuse(const Call& call);
Result<Effect> access_release(const Call& call);
Result<Effect> access_ack(const Call& call);
Result<Effect> snapshot_begin(const Call& call);
Result<Effect> snapshot_state(const Call& call);
Result<Effect> guardian_appoint(const Call& call);
Result<Effect> enterprise_represent(const Call& call);
Result<Effect> mandate_give(const Call& call);
Result<Effect> mandate_end(const Call& call);
Result<Effect> proposal_vote(const Call& call);
Result<Effect> proposal_withdraw(const Call& call);
/// Opens a proposal of one of the decisions below, whose own rules run when it is carried.
Result<Effect> propose(const Call& call);

// Decisions: what a proposal carries out. They do not ask who signs: the votes were counted.
Result<Effect> member_admit(const Call& call);
Result<Effect> member_suspend(const Call& call);
Result<Effect> member_resume(const Call& call);
Result<Effect> member_rebind(const Call& call);
Result<Effect> product_approve(const Call& call);
Result<Effect> plugin_admit(const Call& call);
Result<Effect> plugin_withdraw(const Call& call);
Result<Effect> policy_set(const Call& call);

/// The policy that a network starts with: its operator alone decides.
Json founding_policy();

/// The key in the body of `network.found`. Error: "tx.invalid".
Result<crypto::PublicKey> founder_key(const Transaction& tx);

inline constexpr std::int64_t kWindowS = 300;          ///< `iat` against batch time
inline constexpr std::int64_t kEvidenceWindowS = 600;  ///< identity evidence against batch time
inline constexpr std::int64_t kNonceKeepS = 600;       ///< longest that a nonce can still be valid
inline constexpr std::int64_t kPresentedS = 15 * 60;   ///< time to decide after request.open
inline constexpr std::int64_t kDayS = 86400;
inline constexpr std::int64_t kCosignS = 3 * kDayS;  ///< time for the second signature
inline constexpr std::int64_t kMaxRequestLifeS = 30 * kDayS;
inline constexpr std::int64_t kMaxTimeS = 253402300799;  ///< the end of the year 9999
/// An access.open must fit, encoded once more, into the access.refuse that records its refusal.
inline constexpr std::size_t kMaxAccessOpenBytes = 40U * 1024U;

// Replay protection. A (kid, nonce) counts for kNonceKeepS after the batch that carried it.
bool nonce_used(const StateReader& state, const std::string& kid, const std::string& nonce,
                std::int64_t now_s);
void use_nonce(const Call& call, const std::string& kid, const std::string& nonce);
/// The keys that nonce_used() will ask for, unless the batch comes late.
void add_nonce_keys(const Transaction& tx, std::vector<std::string>& out);

// Accounts.
/// Member or subject document. Null when there is none.
Document account_document(const StateReader& state, const std::string& account);
/// Account that owns a key, or "".
std::string account_of_kid(const StateReader& state, const std::string& kid);
/// Whether another key has replaced this one.
bool key_retired(const StateReader& state, const std::string& kid);
/// Makes the key the account's: "kid/<kid>" and its history "key/<kid>".
/// Error: "identity.key_in_use" when the key is another account's.
Status claim_key(const Call& call, const crypto::PublicKey& key, const std::string& account,
                 std::string_view field);
/// Gives the account of `document`, which is written under `document_key`, this key instead of its
/// own, which is kept for what it signed. Error: "identity.key_in_use" when any account has or had
/// it.
Status replace_key(const Call& call, const std::string& document_key, Json document,
                   const crypto::PublicKey& key);
/// Pauses every active grant of the subject, and those that it gave for others; each is confirmed
/// by grant.resume. Returns the subjects of what was paused.
std::set<std::string> pause_grants(const Call& call, const std::string& account,
                                   std::string_view reason);
bool is_active(const Json& document);  ///< a member that is not suspended, a subject that is open
bool is_consumer(std::string_view kind);  ///< bank or service

/// A scope entry of a grant commits to a presentation, unless the grant is standing: then there is
/// none, because the department issues afresh for each access. Error: "json.bad_form".
Status check_presentation(const Json& request_body, std::string_view presentation_sm3,
                          const std::string& where);
/// Of an access.release that gives something: under a standing grant each item that is given was
/// issued afresh, which its department says in "issued"; under another grant nothing was. Errors:
/// "access.wrong_issue", "access.not_issued", "access.withheld_mismatch".
Status check_issued(const Call& call, const Json& grant, const Json& access);

// Acting for another: guardians, and the people of an enterprise.
bool mandate_live(const Json& mandate, std::int64_t now_s);
/// Whether the account is a minor with a guardian.
bool has_guardian(const StateReader& state, const std::string& account, std::int64_t now_s);
/// Whether the signer may act for the subject in what gives nothing away (open and refuse a
/// request, pause, resume and revoke a grant): the subject itself, its guardian, its legal
/// representative, an administrator; a handler too where `handlers` says so.
enum class Handlers { kExcluded, kIncluded };
bool acts_for(const Call& call, const std::string& subject,
              Handlers handlers = Handlers::kExcluded);
/// Ends every mandate of the enterprise, and the grants given under them; returns the holders.
std::set<std::string> end_mandates(const Call& call, const std::string& enterprise,
                                   const std::string& reason);
/// What a grant says of who gives it.
struct ActorClaim {
  std::string subject, role, mandate;
};
/// The signer's live mandate of this name. Errors: "grant.wrong_actor", "mandate.not_live".
Result<Json> actor_mandate(const Call& call, const ActorClaim& claim);
/// What "evidence" in the body must say of a guardianship, by the department that proved the ward.
struct Guardianship {
  std::string guardian, ward, department;
  std::int64_t until = 0;
};
Status check_guardianship(const Call& call, const Guardianship& expected);

// Documents written by the rules: members that are known to be there.
const std::string& text_of(const Json& document, std::string_view name);
std::int64_t number_of(const Json& document, std::string_view name);
/// Document under `key`, or not_found(code) naming `field`.
Result<Json> must_get(const StateReader& state, const std::string& key, std::string_view code,
                      std::string_view field);
/// The same for who only reads it.
Result<Document> must_find(const StateReader& state, const std::string& key, std::string_view code,
                           std::string_view field);

// Forms. Every reader names its field in the error; a text of the wrong form is "json.bad_form".
bool is_id(std::string_view text);       ///< 22 characters, 128 bits in base64url
bool is_digest(std::string_view text);   ///< 64 lower-case hexadecimal digits
bool is_account(std::string_view text);  ///< member account, person's or enterprise's
bool is_item(std::string_view text);     ///< `[a-z]+\.[a-z0-9_]+`
bool is_name(std::string_view text);     ///< `[a-z][a-z0-9._-]*`: products, plugins, codes
bool is_word(std::string_view text);     ///< `[a-z][a-z0-9_]*`: fields, kinds, types
Error bad_form(std::string what, std::string field);

using Form = bool (*)(std::string_view);
Result<std::string> read_form(const JsonReader& reader, std::string_view name, Form form,
                              std::string_view what);
Result<std::string> read_id(const JsonReader& reader, std::string_view name);
Result<std::string> read_digest(const JsonReader& reader, std::string_view name);
Result<std::string> read_account(const JsonReader& reader, std::string_view name);
Result<std::string> read_item(const JsonReader& reader, std::string_view name);
Result<std::string> read_name(const JsonReader& reader, std::string_view name);
/// Text for people: no control characters and no bidirectional overrides, which could make a
/// consent screen show something else than what is signed.
Result<std::string> read_prose(const JsonReader& reader, std::string_view name, std::size_t max,
                               std::size_t min = 1);
Result<std::string> read_choice(const JsonReader& reader, std::string_view name,
                                std::initializer_list<std::string_view> choices);
/// 1-based version number.
Result<std::int64_t> read_version(const JsonReader& reader, std::string_view name);
/// Set of field names.
Result<std::set<std::string>> read_words(const JsonReader& reader, std::string_view name,
                                         std::size_t max_items = 64);
/// Exactly kty, crv, x, y, kid; a point on the curve; kid its thumbprint. Error: "key.invalid".
Result<crypto::PublicKey> read_jwk(const JsonReader& reader, std::string_view name);

/// Seconds since the epoch, from < to.
struct Window {
  std::int64_t from = 0;
  std::int64_t to = 0;
};
Result<Window> read_window(const JsonReader& reader, std::string_view name);

/// An entry of a product's or a request's scope.
struct ScopeEntry {
  std::string item;
  std::int64_t version = 0;
  std::set<std::string> required;
  std::set<std::string> optional;
  std::string where;  ///< "body.scope[0]"

  std::set<std::string> all() const;
};
/// 1..64 entries, items unique, required and optional disjoint and not both empty.
Result<std::vector<ScopeEntry>> read_scope(const JsonReader& reader);
const ScopeEntry* find_scope(const std::vector<ScopeEntry>& scope, const std::string& item);
/// "" when `part` lies within `whole`, else the first name outside.
std::string first_outside(const std::set<std::string>& part, const std::set<std::string>& whole);

/// The form of "item/<item>/<version>" etc.
std::string item_key(const std::string& item, std::int64_t version);
std::set<std::string> item_fields(const Json& item_document);

/// The key to which a product's presentations are encrypted: its plugin's when the product
/// releases an answer (the plugin admitted, the consumer's own), the consumer's when it releases
/// fields. Errors: "plugin.not_admitted".
Result<std::string> recipient_kid(const StateReader& state, const Json& product_body,
                                  const Json& consumer_document);

/// Numbers of a frequency "<n>/<day|month>". Error: "json.bad_form".
struct Frequency {
  std::int64_t count = 0;  ///< 0: not limited
  bool monthly = false;
};
Result<Frequency> parse_frequency(std::string_view text, const std::string& field);
/// Number of the day or month in China Standard Time (UTC+8) that `now_s` falls in.
std::int64_t frequency_period(const Frequency& frequency, std::int64_t now_s);

}  // namespace qc::chain::rules
