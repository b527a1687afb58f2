// Grants: the subject's signed consent, checked word for word against the request it answers.
#include <algorithm>

#include "host/chain/rules_internal.hpp"
#include "sdk/proof/pseudonym.hpp"

namespace qc::chain {

std::string grant_state_at(const Json& grant, std::int64_t now_s) {
  const std::string& state = rules::text_of(grant, "state");
  if (state == "PENDING_COSIGN") {
    return now_s >= rules::number_of(grant, "cosign_until") ? "LAPSED" : state;
  }
  if (state != "ACTIVE" && state != "PAUSED") return state;
  // Uses are counted only while a grant is valid, so exhaustion came before the end of validity.
  if (rules::number_of(grant, "uses") >= rules::number_of(grant, "max_uses")) return "EXHAUSTED";
  return now_s >= rules::number_of(grant.at("body").at("valid"), "to") ? "EXPIRED" : state;
}

namespace rules {
namespace {

struct GrantScope {
  std::string item, asset, presentation_sm3;
  std::int64_t version = 0;
  std::set<std::string> fields, required;
  std::string where;
};

struct GrantBody {
  std::string grant, request;
  std::vector<GrantScope> scope;
  Window valid;
  std::int64_t max_uses = 0, data_life_days = 0;
  std::string kid, mandate;
};

// A grant being created, with what it is checked against.
struct Context {
  const Call& call;
  const JsonReader& body;
  const Json& subject;       ///< whose data it is: its document
  const Json& request;       ///< its document
  const Json& request_body;  ///< as the consumer signed it
};

Result<JsonReader> part(const JsonReader& body, std::string_view name,
                        std::initializer_list<std::string_view> members) {
  QC_ASSIGN(const Json* object, body.object(name));
  JsonReader reader(*object, body.field(name));
  QC_TRY(reader.expect_only(members));
  return reader;
}

// The member `name` must be the text `expected`; anything else was not what was asked or shown.
Status expect_text(const JsonReader& reader, std::string_view name, const std::string& expected,
                   std::string_view code) {
  QC_ASSIGN(const std::string text, reader.text(name, 2048, 0));
  if (text == expected) return {};
  return invalid(std::string(code), "differs from what the ledger has", reader.field(name));
}

Result<GrantScope> read_grant_scope(const Json& value, const std::string& where) {
  const JsonReader reader(value, where);
  QC_TRY(reader.expect_only(
      {"item", "version", "fields", "required", "range", "reveal", "asset", "presentation_sm3"}));
  GrantScope out;
  out.where = where;
  QC_ASSIGN(out.item, read_item(reader, "item"));
  QC_ASSIGN(out.version, read_version(reader, "version"));
  QC_ASSIGN(out.fields, read_words(reader, "fields"));
  QC_ASSIGN(out.required, read_words(reader, "required"));
  if (out.fields.empty()) return invalid("scope.empty", "names no field", where + ".fields");
  if (!reader.has("range")) {
    return invalid("json.missing_field", "required field is missing", where + ".range");
  }
  if (!value.at("range").is_null()) QC_TRY(read_window(reader, "range"));
  // A presentation discloses whole values; nothing here could hold a masked one to its promise.
  QC_TRY(read_choice(reader, "reveal", {"full"}));
  QC_ASSIGN(out.asset, read_id(reader, "asset"));
  QC_ASSIGN(out.presentation_sm3, reader.text("presentation_sm3", 64, 0));
  return out;
}

Result<std::vector<GrantScope>> read_grant_scopes(const JsonReader& body) {
  QC_ASSIGN(const Json* list, body.array("scope", 64));
  std::vector<GrantScope> out;
  std::set<std::string> items;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = body.field("scope") + "[" + std::to_string(i) + "]";
    QC_ASSIGN(GrantScope entry, read_grant_scope((*list)[i], where));
    if (!items.insert(entry.item).second) {
      return invalid("json.duplicate_value", "item appears twice", where + ".item");
    }
    out.push_back(std::move(entry));
  }
  if (out.empty()) return invalid("scope.empty", "names no item", body.field("scope"));
  return out;
}

Result<GrantBody> read_grant(const JsonReader& body) {
  QC_TRY(body.expect_only({"v", "grant", "request", "supersedes", "subject", "actor", "consumer",
                           "purpose", "scope", "valid", "max_uses", "frequency", "mode", "release",
                           "data_life_days", "onward", "separate", "notice", "key"}));
  QC_TRY(body.integer("v", 1, 1));
  GrantBody out;
  QC_ASSIGN(out.grant, read_id(body, "grant"));
  QC_ASSIGN(out.request, read_id(body, "request"));
  QC_TRY(expect_text(body, "supersedes", "", "grant.supersedes_unsupported"));
  QC_ASSIGN(out.scope, read_grant_scopes(body));
  QC_ASSIGN(out.valid, read_window(body, "valid"));
  QC_ASSIGN(const JsonReader actor, part(body, "actor", {"role", "account", "mandate"}));
  QC_ASSIGN(out.mandate, actor.text("mandate", 22, 0));
  if (!out.mandate.empty() && !is_id(out.mandate)) {
    return bad_form("\"\" or an identifier", actor.field("mandate"));
  }
  QC_ASSIGN(out.max_uses, body.integer("max_uses", 1, 1000000));
  QC_ASSIGN(const std::string frequency, body.text("frequency", 32, 0));
  QC_TRY(parse_frequency(frequency, body.field("frequency")));
  QC_ASSIGN(out.data_life_days, body.integer("data_life_days", 0, 36600));
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(body, "key"));
  out.kid = key.kid();
  return out;
}

Status check_subject(const Context& context) {
  QC_ASSIGN(const JsonReader subject,
            part(context.body, "subject", {"kind", "account", "pseudonym"}));
  QC_TRY(expect_text(subject, "kind", text_of(context.subject, "kind"), "grant.wrong_subject"));
  QC_TRY(
      expect_text(subject, "account", text_of(context.subject, "account"), "grant.wrong_subject"));
  const std::string pairwise = proof::pairwise_pseudonym(text_of(context.subject, "pseudonym"),
                                                         text_of(context.request, "consumer"));
  return expect_text(subject, "pseudonym", pairwise, "grant.wrong_subject");
}

// The mandate is live, is the signer's, and covers every item for the whole validity. Whether a
// grant under it needs a second signature.
Result<bool> check_mandate(const Context& context, const GrantBody& grant,
                           const std::string& role) {
  QC_ASSIGN(const Json mandate, actor_mandate(context.call, {text_of(context.subject, "account"),
                                                             role, grant.mandate}));
  if (grant.valid.to > number_of(mandate, "until")) {
    return forbidden("grant.beyond_mandate", "the mandate ends before").at("body.valid.to");
  }
  const Json& items = mandate.at("items");
  for (const GrantScope& entry : grant.scope) {
    if (items.empty() || std::find(items.begin(), items.end(), entry.item) != items.end()) continue;
    return forbidden("grant.beyond_mandate", "the mandate does not cover this item")
        .at(entry.where + ".item");
  }
  return mandate.at("cosign").get<bool>();
}

// Who gives it: the person, or somebody with the right to act for the minor or the enterprise; and
// whether somebody else must sign too.
Result<bool> check_actor(const Context& context, const GrantBody& grant) {
  const Call& call = context.call;
  const std::string& account = text_of(context.subject, "account");
  QC_ASSIGN(const JsonReader actor, part(context.body, "actor", {"role", "account", "mandate"}));
  QC_TRY(expect_text(actor, "account", call.signer.account, "grant.wrong_actor"));
  QC_ASSIGN(const std::string role, actor.text("role", 32));
  const bool person = text_of(context.subject, "kind") == "person";
  if (role == "guardian" ? person : !person && (role == "administrator" || role == "handler")) {
    return check_mandate(context, grant, role);
  }
  QC_TRY(expect_text(actor, "mandate", "", "grant.wrong_actor"));
  const bool right =
      person ? role == "self" && account == call.signer.account
             : role == "legal_rep" && text_of(context.subject, "legal_rep") == call.signer.account;
  if (!right) {
    return invalid("grant.wrong_actor", "the signer has not this role", actor.field("role"));
  }
  // PIPL 31: a minor's own signature is not enough.
  if (person && has_guardian(call.state, account, call.now_s())) {
    return forbidden("grant.guardian_needed", "the guardian consents for a minor")
        .at(actor.field("role"));
  }
  return false;
}

// Returns the consumer's member document: who receives is named as the ledger knows them.
Result<Document> check_consumer(const Context& context) {
  const std::string& account = text_of(context.request, "consumer");
  QC_ASSIGN(const Document found, must_find(context.call.state, "member/" + account,
                                            "member.not_found", "body.consumer.account"));
  const Json& member = *found;
  QC_ASSIGN(const JsonReader consumer,
            part(context.body, "consumer", {"uscc", "name", "contact", "account", "product"}));
  QC_TRY(expect_text(consumer, "account", account, "grant.wrong_consumer"));
  QC_TRY(expect_text(consumer, "product", text_of(context.request, "product"),
                     "grant.wrong_consumer"));
  QC_TRY(expect_text(consumer, "uscc", text_of(member, "uscc"), "grant.wrong_consumer"));
  QC_TRY(expect_text(consumer, "contact", text_of(member, "contact"), "grant.wrong_consumer"));
  QC_ASSIGN(const std::string name, consumer.text("name", 256));
  if (name != text_of(member, "name_zh") && name != text_of(member, "name_en")) {
    return invalid("grant.wrong_consumer", "differs from what the ledger has",
                   consumer.field("name"));
  }
  if (!is_active(member)) {
    return forbidden("member.suspended", "the consumer is suspended").at("body.consumer");
  }
  return found;
}

Status check_terms(const Context& context, const GrantBody& grant) {
  const JsonReader& body = context.body;
  const Json& asked = context.request_body;
  QC_ASSIGN(const JsonReader purpose,
            part(body, "purpose", {"code", "text", "necessity", "impact"}));
  for (const std::string_view name : {"code", "text", "necessity", "impact"}) {
    QC_TRY(expect_text(purpose, name, text_of(asked.at("purpose"), name), "grant.wrong_purpose"));
  }
  QC_TRY(expect_text(body, "mode", text_of(asked, "mode"), "grant.wrong_mode"));
  QC_TRY(expect_text(body, "release", text_of(asked, "release"), "grant.wrong_release"));
  QC_TRY(expect_text(body, "onward", text_of(asked, "onward"), "grant.wrong_onward"));
  const Json& valid = asked.at("valid");
  const auto beyond = [&](const std::string& field) {
    return invalid("grant.beyond_request", "exceeds what was requested", body.field(field));
  };
  if (grant.valid.from < number_of(valid, "from")) return beyond("valid.from");
  if (grant.valid.to > number_of(valid, "to")) return beyond("valid.to");
  if (grant.max_uses > number_of(asked, "max_uses")) return beyond("max_uses");
  if (grant.data_life_days > number_of(asked, "data_life_days")) return beyond("data_life_days");
  if (grant.valid.to <= context.call.now_s()) {
    return invalid("grant.in_the_past", "validity has ended", "body.valid.to");
  }
  return {};
}

Status check_notice(const Context& context) {
  const Json& asked = context.request_body.at("notice");
  QC_ASSIGN(const JsonReader notice,
            part(context.body, "notice", {"id", "lang", "sm3", "shown_at"}));
  for (const std::string_view name : {"id", "lang", "sm3"}) {
    QC_TRY(expect_text(notice, name, text_of(asked, name), "grant.wrong_notice"));
  }
  QC_ASSIGN(const std::int64_t shown_at, notice.integer("shown_at", 0, kMaxTimeS));
  // Shown on the subject's device, whose clock may differ as much as a transaction's may.
  if (shown_at < number_of(context.request, "presented_at") - kWindowS ||
      shown_at > context.call.now_s() + kWindowS) {
    return invalid("grant.wrong_notice", "not shown between opening and granting",
                   notice.field("shown_at"));
  }
  return {};
}

Status check_asset(const Context& context, const GrantScope& entry) {
  const Document asset = context.call.state.find("asset/" + entry.asset);
  const auto refuse = [&](const char* why) {
    return conflict("grant.wrong_asset", why).at(entry.where + ".asset");
  };
  if (!asset || text_of(*asset, "subject") != text_of(context.subject, "account") ||
      text_of(*asset, "item") != entry.item || number_of(*asset, "version") != entry.version) {
    return refuse("not an asset of this subject, item and version");
  }
  if (text_of(*asset, "state") != "live") return refuse("the asset is not live");
  // Bound and encrypted to a key that the subject has replaced: nobody could present it.
  if (number_of(*asset, "index") < number_of(context.subject, "key_index")) {
    return refuse("issued to an earlier key: have it issued anew");
  }
  const std::int64_t expires = number_of(*asset, "expires");
  if (expires != 0 && expires <= context.call.now_s()) return refuse("the asset has expired");
  return {};
}

Status check_scope(const Context& context, const GrantBody& grant) {
  QC_ASSIGN(const std::vector<ScopeEntry> asked,
            read_scope(JsonReader(context.request_body, "request")));
  std::set<std::string> granted;
  for (const GrantScope& entry : grant.scope) {
    const ScopeEntry* limit = find_scope(asked, entry.item);
    if (limit == nullptr || limit->version != entry.version) {
      return invalid("grant.item_not_requested", "the request does not name this item",
                     entry.where + ".item");
    }
    if (entry.required != limit->required) {
      return invalid("grant.required_mismatch", "differs from the request's required fields",
                     entry.where + ".required");
    }
    if (!first_outside(entry.fields, limit->all()).empty()) {
      return invalid("grant.field_not_requested", "the request does not name this field",
                     entry.where + ".fields");
    }
    if (!first_outside(limit->required, entry.fields).empty()) {
      return invalid("grant.required_missing", "a required field is not granted",
                     entry.where + ".fields");
    }
    QC_TRY(check_presentation(context.request_body, entry.presentation_sm3, entry.where));
    QC_TRY(check_asset(context, entry));
    granted.insert(entry.item);
  }
  for (const ScopeEntry& entry : asked) {
    if (!entry.required.empty() && !granted.contains(entry.item)) {
      return invalid("grant.required_missing", "a required item is not granted: " + entry.item,
                     "body.scope");
    }
  }
  return {};
}

// PIPL 23, 24, 29 and the credit reporting regulation 14: consents that must be given apart.
Status check_separate(const Context& context, const GrantBody& grant) {
  QC_ASSIGN(const JsonReader separate, part(context.body, "separate",
                                            {"third_party", "sensitive", "adverse_credit_notice",
                                             "automated_decision", "minor"}));
  QC_TRY(separate.boolean("third_party"));
  QC_ASSIGN(const bool minor, separate.boolean("minor"));
  QC_ASSIGN(const bool sensitive, separate.boolean("sensitive"));
  QC_ASSIGN(const bool adverse, separate.boolean("adverse_credit_notice"));
  QC_ASSIGN(const bool automated, separate.boolean("automated_decision"));
  bool demanding = false;
  for (const GrantScope& entry : grant.scope) {
    QC_ASSIGN(const Document item,
              must_find(context.call.state, item_key(entry.item, entry.version), "item.not_found",
                        entry.where + ".item"));
    demanding = demanding || number_of(item->at("body"), "sensitivity") >= 3;
  }
  const auto missing = [&](std::string_view name) {
    return invalid("grant.separate_consent_missing", "this grant needs it to be true",
                   separate.field(name));
  };
  // A minor's data is sensitive whatever it is (PIPL 28, 31).
  const bool guarded = text_of(context.call.tx.body.at("actor"), "role") == "guardian";
  if (guarded && !minor) return missing("minor");
  if (demanding && !sensitive) return missing("sensitive");
  if (demanding && !adverse) return missing("adverse_credit_notice");
  if (text_of(context.request_body, "release") == "answer" && !automated) {
    return missing("automated_decision");
  }
  return {};
}

Status check_key(const Context& context, const GrantBody& grant, const Json& consumer) {
  if (grant.kid != text_of(context.request_body.at("key"), "kid")) {
    return invalid("grant.wrong_key", "not the request's key", "body.key");
  }
  // Once more: the plugin may have been withdrawn or replaced since the request was made.
  const Document product =
      context.call.state.find("product_version/" + text_of(context.request, "product") + "/" +
                              std::to_string(number_of(context.request_body, "product_version")));
  if (!product) return conflict("product.not_active", "not approved").at("body.consumer.product");
  auto kid = recipient_kid(context.call.state, product->at("body"), consumer);
  if (!kid.ok()) return kid.error().at("body.key");
  if (*kid != grant.kid) {
    return conflict("grant.wrong_key", "no longer the key that receives the data").at("body.key");
  }
  return {};
}

// The document of a grant that the signer is a party to; to strangers it does not exist.
Result<Json> party_grant(const Call& call, const std::string& id, std::string_view role) {
  auto grant = call.state.get("grant/" + id);
  const bool party = grant && (role == "subject" ? acts_for(call, text_of(*grant, role))
                                                 : text_of(*grant, role) == call.signer.account);
  if (!party) return not_found("grant.not_found", "there is no such entry").at("body.grant");
  return std::move(*grant);
}

Status expect_state(const Call& call, const Json& grant,
                    std::initializer_list<std::string_view> states) {
  const std::string state = grant_state_at(grant, call.now_s());
  if (std::find(states.begin(), states.end(), state) != states.end()) return {};
  return conflict("grant.wrong_state", "the grant is " + state).at("body.grant");
}

Result<Effect> move_grant(const Call& call, std::initializer_list<std::string_view> from,
                          std::string_view to) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"grant", "reason"}));
  QC_ASSIGN(const std::string id, read_id(body, "grant"));
  QC_ASSIGN(const std::string reason, read_prose(body, "reason", 512, 0));
  QC_ASSIGN(Json grant, party_grant(call, id, "subject"));
  QC_TRY(expect_state(call, grant, from));
  grant["state"] = to;
  grant["reason"] = reason;
  grant["state_index"] = call.context.index;
  const std::string subject = text_of(grant, "subject");
  call.state.put("grant/" + id, std::move(grant));
  return call.effect({subject});
}

/// To whom the request exists: those who act for its subject, and who names a mandate of theirs.
bool may_grant(const Call& call, const GrantBody& grant, const std::string& subject) {
  if (acts_for(call, subject)) return true;
  const Document mandate = call.state.find("mandate/" + grant.mandate);
  return mandate && text_of(*mandate, "subject") == subject &&
         text_of(*mandate, "holder") == call.signer.account;
}

}  // namespace

Result<Effect> grant_create(const Call& call) {
  const JsonReader body = call.body();
  QC_ASSIGN(const GrantBody grant, read_grant(body));
  if (call.state.find("grant/" + grant.grant)) {
    return conflict("grant.exists", "this identifier was used before").at("body.grant");
  }
  auto request = call.state.get("request/" + grant.request);
  if (!request || !may_grant(call, grant, text_of(*request, "subject"))) {
    return not_found("request.not_found", "there is no such entry").at("body.request");
  }
  const std::string owner = text_of(*request, "subject");
  QC_ASSIGN(const Document person,
            must_find(call.state, "subject/" + owner, "subject.not_found", "body.subject"));
  const Json& subject = *person;
  const std::string state = request_state_at(*request, call.now_s());
  if (state != "PRESENTED") {
    return conflict("request.wrong_state", "the request is " + state).at("body.request");
  }
  const Context context{call, body, subject, *request, request->at("body")};
  QC_TRY(check_subject(context));
  QC_ASSIGN(const bool pending, check_actor(context, grant));
  QC_ASSIGN(const Document member, check_consumer(context));
  const Json& consumer = *member;
  QC_TRY(check_terms(context, grant));
  QC_TRY(check_scope(context, grant));
  QC_TRY(check_separate(context, grant));
  QC_TRY(check_notice(context));
  QC_TRY(check_key(context, grant, consumer));
  const std::string account = text_of(consumer, "account");
  const std::string_view first_state = pending ? "PENDING_COSIGN" : "ACTIVE";
  const std::int64_t cosign_until = pending ? std::min(grant.valid.to, call.now_s() + kCosignS) : 0;
  call.state.put("grant/" + grant.grant, call.created({{"grant", grant.grant},
                                                       {"request", grant.request},
                                                       {"subject", owner},
                                                       {"consumer", account},
                                                       {"product", text_of(*request, "product")},
                                                       {"state", first_state},
                                                       {"cosign_until", cosign_until},
                                                       {"cosigner", ""},
                                                       {"uses", 0},
                                                       {"max_uses", grant.max_uses},
                                                       {"period", 0},
                                                       {"period_uses", 0},
                                                       {"reason", ""},
                                                       {"kid", text_of(subject.at("jwk"), "kid")},
                                                       {"body", call.take_body()}}));
  (*request)["state"] = "GRANTED";
  (*request)["grant"] = grant.grant;
  (*request)["closed_index"] = call.context.index;
  call.state.put("request/" + grant.request, std::move(*request));
  call.list_for(owner, "grant", grant.grant);
  call.list_for(account, "grant", grant.grant);
  if (owner != call.signer.account) call.list_for(call.signer.account, "acted", grant.grant);
  if (!grant.mandate.empty()) {
    call.state.put("mandate_grant/" + grant.mandate + "/" + grant.grant, true);
  }
  return call.effect({owner});
}

std::set<std::string> pause_grants(const Call& call, const std::string& account,
                                   std::string_view reason) {
  std::vector<std::string> grants;
  for (const std::string& prefix : {"of/" + account + "/grant/", "of/" + account + "/acted/"}) {
    call.state.scan(prefix, "", [&](const std::string& key, const Json&) {
      grants.push_back("grant/" + key.substr(prefix.size()));
      return true;
    });
  }
  std::set<std::string> subjects;
  for (const std::string& key : grants) {
    auto grant = call.state.get(key);
    const bool pending = grant && text_of(*grant, "state") == "PENDING_COSIGN";
    if (!grant || (!pending && text_of(*grant, "state") != "ACTIVE")) continue;
    subjects.insert(text_of(*grant, "subject"));
    // What only the lost key had signed is not confirmed but asked for again.
    (*grant)["state"] = pending ? "REVOKED" : "PAUSED";
    (*grant)["reason"] = reason;
    (*grant)["state_index"] = call.context.index;
    call.state.put(key, std::move(*grant));
  }
  return subjects;
}

Result<Effect> grant_pause(const Call& call) { return move_grant(call, {"ACTIVE"}, "PAUSED"); }

Result<Effect> grant_resume(const Call& call) { return move_grant(call, {"PAUSED"}, "ACTIVE"); }

// A grant that has run out can still be withdrawn: that makes the data due for deletion (PIPL 47).
Result<Effect> grant_revoke(const Call& call) {
  return move_grant(call, {"PENDING_COSIGN", "ACTIVE", "PAUSED", "EXPIRED", "EXHAUSTED"},
                    "REVOKED");
}

Result<Effect> grant_delete(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"grant"}));
  QC_ASSIGN(const std::string id, read_id(body, "grant"));
  QC_ASSIGN(Json grant, party_grant(call, id, "consumer"));
  QC_TRY(expect_state(call, grant, {"REVOKED", "EXPIRED", "EXHAUSTED"}));
  const std::string subject = text_of(grant, "subject");
  grant["state"] = "DELETED";
  grant["state_index"] = call.context.index;
  call.state.put("grant/" + id, std::move(grant));
  return call.effect({subject});
}

}  // namespace rules
}  // namespace qc::chain
