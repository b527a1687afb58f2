// Accesses: no consent, no data. Opened under a live grant, checked again at release.
#include <algorithm>

#include "host/chain/rules_internal.hpp"

namespace qc::chain {
namespace rules {
namespace {

using Items = std::map<std::string, std::set<std::string>>;  // item -> fields

struct OpenBody {
  std::string access, grant, product, purpose;
  Items items;
};

Result<Items> read_items(const JsonReader& body) {
  QC_ASSIGN(const Json* list, body.array("items", 64));
  Items out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const JsonReader entry((*list)[i], body.field("items") + "[" + std::to_string(i) + "]");
    QC_TRY(entry.expect_only({"item", "fields"}));
    QC_ASSIGN(const std::string item, read_item(entry, "item"));
    QC_ASSIGN(std::set<std::string> fields, read_words(entry, "fields"));
    if (fields.empty()) return invalid("scope.empty", "names no field", entry.field("fields"));
    if (!out.emplace(item, std::move(fields)).second) {
      return invalid("json.duplicate_value", "item appears twice", entry.field("item"));
    }
  }
  if (out.empty()) return invalid("scope.empty", "names no item", body.field("items"));
  return out;
}

Result<OpenBody> read_open(const JsonReader& body) {
  QC_TRY(body.expect_only({"access", "grant", "product", "purpose", "items"}));
  OpenBody out;
  QC_ASSIGN(out.access, read_id(body, "access"));
  QC_ASSIGN(out.grant, read_id(body, "grant"));
  QC_ASSIGN(out.product, read_name(body, "product"));
  QC_ASSIGN(out.purpose, read_name(body, "purpose"));
  QC_ASSIGN(out.items, read_items(body));
  return out;
}

Error refusal(std::string_view code, std::string message, std::string field = {}) {
  Error error = forbidden(std::string(code), std::move(message));
  error.field = std::move(field);
  return error;
}

// State and time of a grant. Uses are not looked at: at release they were counted already.
Status check_live(const Json& grant, std::int64_t now_s) {
  const std::string& state = text_of(grant, "state");
  if (state == "DELETED") return refusal("grant.deleted", "the data was to be deleted");
  if (state == "REVOKED") return refusal("grant.revoked", "the subject withdrew the grant");
  if (state == "PENDING_COSIGN") {
    return refusal("grant.not_cosigned", "the second signature is missing");
  }
  const Json& valid = grant.at("body").at("valid");
  if (now_s >= number_of(valid, "to")) return refusal("grant.expired", "validity has ended");
  if (state == "PAUSED") return refusal("grant.paused", "the subject paused the grant");
  if (now_s < number_of(valid, "from")) {
    return refusal("grant.not_yet_valid", "validity has not begun");
  }
  if (state != "ACTIVE") return refusal("grant.not_found", "the grant is in no known state");
  return {};
}

bool exhausted(const Json& grant) {
  return number_of(grant, "uses") >= number_of(grant, "max_uses");
}

Frequency frequency_of(const Json& grant) {
  auto frequency = parse_frequency(text_of(grant.at("body"), "frequency"), "frequency");
  return frequency.ok() ? *frequency : Frequency{1, true};  // never: it was checked when granted
}

bool too_frequent(const Json& grant, std::int64_t now_s) {
  const Frequency limit = frequency_of(grant);
  return limit.count > 0 && number_of(grant, "period") == frequency_period(limit, now_s) &&
         number_of(grant, "period_uses") >= limit.count;
}

Status check_product(const Json& grant, const OpenBody& open) {
  if (text_of(grant, "product") == open.product) return {};
  return refusal("access.wrong_product", "granted for another product", "body.product");
}

Status check_purpose(const Json& grant, const OpenBody& open) {
  if (text_of(grant.at("body").at("purpose"), "code") == open.purpose) return {};
  return refusal("access.wrong_purpose", "granted for another purpose", "body.purpose");
}

Status check_items(const Json& grant, const OpenBody& open) {
  std::map<std::string, const Json*> granted;
  for (const Json& entry : grant.at("body").at("scope")) {
    granted[text_of(entry, "item")] = &entry.at("fields");
  }
  for (const auto& [item, fields] : open.items) {
    const auto found = granted.find(item);
    if (found == granted.end()) {
      return refusal("access.item_not_granted", "not granted: " + item, "body.items");
    }
    for (const std::string& field : fields) {
      if (std::find(found->second->begin(), found->second->end(), field) == found->second->end()) {
        return refusal("access.field_not_granted", "not granted: " + item + " " + field,
                       "body.items");
      }
    }
  }
  return {};
}

Status check_consumer(const Json& grant, std::string_view consumer) {
  if (text_of(grant, "consumer") == consumer) return {};
  return refusal("access.wrong_consumer", "granted to another consumer", "body.grant");
}

Status check_open(const Json& grant, const OpenBody& open, std::string_view consumer,
                  std::int64_t now_s) {
  QC_TRY(check_consumer(grant, consumer));  // first: strangers learn nothing of the grant's state
  // A used-up grant says so even after its validity has ended, as grant_state_at does.
  if (grant_state_at(grant, now_s) == "EXHAUSTED") {
    return refusal("grant.exhausted", "every use was taken");
  }
  QC_TRY(check_live(grant, now_s));
  if (too_frequent(grant, now_s)) {
    return refusal("grant.too_frequent", "every use of this day or month was taken");
  }
  QC_TRY(check_product(grant, open));
  QC_TRY(check_purpose(grant, open));
  return check_items(grant, open);
}

Error duplicate_access() {
  return conflict("access.duplicate", "this identifier was used before").at("body.access");
}

void count_use(Json& grant, std::int64_t now_s) {
  grant["uses"] = number_of(grant, "uses") + 1;
  const Frequency limit = frequency_of(grant);
  if (limit.count == 0) return;
  const std::int64_t period = frequency_period(limit, now_s);
  const bool same = number_of(grant, "period") == period;
  grant["period_uses"] = same ? number_of(grant, "period_uses") + 1 : 1;
  grant["period"] = period;
}

// Whether what the host says in an access.refuse is so. What can have changed since the attempt
// was refused (a pause ended, a member resumed, a day began) is taken on the host's signature.
bool refusal_holds(const Call& call, const std::string& code, const OpenBody& open,
                   const std::string& consumer) {
  const Document grant = call.state.find("grant/" + open.grant);
  if (!grant) return false;
  const std::string& state = text_of(*grant, "state");
  const auto fails_with = [&](const Status& status) {
    return !status.ok() && status.error().code == code;
  };
  if (code == "access.duplicate") return call.state.find("access/" + open.access) != nullptr;
  if (code == "access.wrong_consumer") return fails_with(check_consumer(*grant, consumer));
  if (code == "access.wrong_product") return fails_with(check_product(*grant, open));
  if (code == "access.wrong_purpose") return fails_with(check_purpose(*grant, open));
  if (code == "access.item_not_granted" || code == "access.field_not_granted") {
    return fails_with(check_items(*grant, open));
  }
  if (code == "grant.deleted") return state == "DELETED";
  if (code == "grant.not_cosigned") return number_of(*grant, "cosign_until") != 0;
  if (code == "grant.revoked") return state == "REVOKED" || state == "DELETED";
  if (code == "grant.exhausted") return exhausted(*grant);
  if (code == "grant.expired") {
    return call.now_s() >= number_of(grant->at("body").at("valid"), "to");
  }
  if (code == "grant.too_frequent") return frequency_of(*grant).count > 0;
  return code == "grant.paused" || code == "grant.not_yet_valid" || code == "member.suspended";
}

struct Attempt {
  Transaction tx;
  OpenBody open;
  std::string consumer;
};

// The refused transaction, whole, with the consumer's own signature: the host cannot invent it.
Result<Attempt> open_attempt(const Call& call, const std::string& compact) {
  const std::string field = "body.attempt";
  auto parsed = proof::parse_transaction(compact);
  if (!parsed.ok()) return invalid("access.bad_attempt", parsed.error().message, field);
  Attempt out;
  out.tx = std::move(*parsed);
  if (out.tx.op != "access.open" || out.tx.chain != call.context.chain) {
    return invalid("access.bad_attempt", "not an access.open of this network", field);
  }
  out.consumer = account_of_kid(call.state, out.tx.kid);
  const Document member = call.state.find("member/" + out.consumer);
  if (!member) return forbidden("access.bad_attempt", "not signed by a member").at(field);
  QC_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::from_jwk(member->at("jwk")));
  const Status verified = proof::verify_transaction(out.tx, key);
  if (!verified.ok()) return invalid("access.bad_attempt", verified.error().message, field);
  // Twice the window: it was in time when it was refused, a moment before this.
  const std::int64_t age_s = call.now_s() - out.tx.iat;
  if (age_s > 2 * kWindowS || age_s < -kWindowS) {
    return invalid("access.bad_attempt", "signed too long ago or later than now", field);
  }
  if (!is_id(out.tx.nonce)) return invalid("access.bad_attempt", "bad nonce", field);
  if (nonce_used(call.state, out.tx.kid, out.tx.nonce, call.now_s())) {
    return conflict("tx.duplicate", "this attempt was recorded before").at(field);
  }
  auto open = read_open(JsonReader(out.tx.body, field));
  if (!open.ok()) return open.error();
  out.open = std::move(*open);
  return out;
}

struct ReleaseBody {
  std::string access, outcome, payload_sm3;
  const Json* decision = nullptr;  ///< null when the release holds none
};

Status check_withheld(const JsonReader& body, const Json& access, const std::string& outcome) {
  QC_ASSIGN(const Json* list, body.array("withheld", 4096));
  std::set<std::pair<std::string, std::string>> opened;
  for (const Json& entry : access.at("items")) {
    for (const Json& field : entry.at("fields")) {
      opened.emplace(text_of(entry, "item"), field.get<std::string>());
    }
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const JsonReader entry((*list)[i], body.field("withheld") + "[" + std::to_string(i) + "]");
    QC_TRY(entry.expect_only({"item", "field", "code"}));
    QC_ASSIGN(const std::string item, read_item(entry, "item"));
    QC_ASSIGN(const std::string field, read_form(entry, "field", is_word, "a field name"));
    QC_TRY(read_name(entry, "code"));
    if (opened.erase({item, field}) == 0) {
      return invalid("access.withheld_mismatch", "not opened, or named twice",
                     entry.field("field"));
    }
  }
  // No silent partial data: what is missing is named, and only then is it partial.
  if (outcome == "delivered" && !list->empty()) {
    return invalid("access.withheld_mismatch", "delivered withholds nothing", "body.withheld");
  }
  if (outcome == "partial" && (list->empty() || opened.empty())) {
    return invalid("access.withheld_mismatch", "partial withholds some fields, not all or none",
                   "body.withheld");
  }
  return {};
}

Status check_decision(const Call& call, const Json& value, const Json& grant) {
  const JsonReader decision(value, "body.decision");
  QC_TRY(decision.expect_only({"plugin", "plugin_digest", "commitment", "assets"}));
  QC_ASSIGN(const std::string plugin, read_name(decision, "plugin"));
  QC_ASSIGN(const std::string digest, read_digest(decision, "plugin_digest"));
  QC_TRY(read_digest(decision, "commitment"));
  QC_ASSIGN(const std::vector<std::string> assets, decision.texts("assets", 64, 64));
  const Document request = call.state.find("request/" + text_of(grant, "request"));
  const Document product =
      request ? call.state.find("product_version/" + text_of(grant, "product") + "/" +
                                std::to_string(number_of(request->at("body"), "product_version")))
              : nullptr;
  if (!product || text_of(product->at("body"), "plugin") != plugin) {
    return invalid("access.wrong_plugin", "not the product's plugin", decision.field("plugin"));
  }
  const Document package = call.state.find("plugin_digest/" + plugin + "/" + digest);
  if (!package || text_of(*package, "state") != "admitted") {
    return conflict("plugin.not_admitted", "this package is not admitted")
        .at(decision.field("plugin_digest"));
  }
  std::set<std::string> granted;
  for (const Json& entry : grant.at("body").at("scope")) granted.insert(text_of(entry, "asset"));
  for (std::size_t i = 0; i < assets.size(); ++i) {
    if (!granted.contains(assets[i])) {
      return invalid("access.asset_not_granted", "an asset outside the grant",
                     decision.field("assets") + "[" + std::to_string(i) + "]");
    }
  }
  return {};
}

Result<ReleaseBody> read_release(const JsonReader& body) {
  QC_TRY(body.expect_only({"access", "outcome", "payload_sm3", "decision", "withheld", "issued"}));
  ReleaseBody out;
  QC_ASSIGN(out.access, read_id(body, "access"));
  QC_ASSIGN(out.outcome,
            read_choice(body, "outcome", {"delivered", "partial", "denied", "failed"}));
  QC_ASSIGN(out.payload_sm3, body.text("payload_sm3", 64, 0));
  if (!body.has("decision")) {
    return invalid("json.missing_field", "required field is missing", body.field("decision"));
  }
  const bool gives = out.outcome == "delivered" || out.outcome == "partial";
  if (gives ? !is_digest(out.payload_sm3) : !out.payload_sm3.empty()) {
    return bad_form(gives ? "64 lower-case hexadecimal digits" : "\"\" when nothing is released",
                    body.field("payload_sm3"));
  }
  return out;
}

// What leaves the host is checked against the grant once more, at the time it leaves.
Status check_giving(const Call& call, const JsonReader& body, const Json& access) {
  QC_ASSIGN(const Document granted, must_find(call.state, "grant/" + text_of(access, "grant"),
                                              "grant.not_found", "body.access"));
  QC_ASSIGN(const Document member, must_find(call.state, "member/" + text_of(access, "consumer"),
                                             "member.not_found", "body.access"));
  const Json& grant = *granted;
  const Json& consumer = *member;
  if (!is_active(consumer)) return forbidden("member.suspended", "the consumer is suspended");
  QC_TRY(check_release(grant, access, call.now_s()));
  QC_TRY(check_issued(call, grant, access));
  const Json& decision = call.tx.body.at("decision");
  if (text_of(grant.at("body"), "release") == "answer")
    return check_decision(call, decision, grant);
  if (decision.is_null()) return {};
  return invalid("access.wrong_release", "this grant releases fields, not an answer",
                 body.field("decision"));
}

}  // namespace

Result<Effect> access_open(const Call& call) {
  QC_ASSIGN(const OpenBody open, read_open(call.body()));
  if (call.tx.bytes.size() > kMaxAccessOpenBytes) {
    return Error{ErrorKind::kTooLarge, "tx.too_large", "an access.open of at most 40 KiB", "body"};
  }
  QC_ASSIGN(Json grant,
            must_get(call.state, "grant/" + open.grant, "grant.not_found", "body.grant"));
  const Document before = call.state.find("access/" + open.access);
  if (before && text_of(*before, "consumer") == call.signer.account) return duplicate_access();
  QC_TRY(check_open(grant, open, call.signer.account, call.now_s()));
  if (before) return duplicate_access();
  count_use(grant, call.now_s());
  const std::string subject = text_of(grant, "subject");
  const std::int64_t use = number_of(grant, "uses");
  call.state.put("grant/" + open.grant, std::move(grant));
  call.state.put("access/" + open.access, call.created({{"access", open.access},
                                                        {"grant", open.grant},
                                                        {"subject", subject},
                                                        {"consumer", call.signer.account},
                                                        {"product", open.product},
                                                        {"purpose", open.purpose},
                                                        {"items", call.tx.body.at("items")},
                                                        {"use", use},
                                                        {"state", "OPENED"},
                                                        {"acked", false},
                                                        {"payload_sm3", ""},
                                                        {"decision", nullptr},
                                                        {"withheld", Json::array()},
                                                        {"opened_at", call.now_s()},
                                                        {"body", call.take_body()}}));
  call.state.put("access_open/" + open.access, true);
  call.list_for(subject, "access", open.access);
  call.list_for(call.signer.account, "access", open.access);
  return call.effect({subject});
}

Result<Effect> access_refuse(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"access", "grant", "code", "attempt"}));
  QC_ASSIGN(const std::string access, read_id(body, "access"));
  QC_ASSIGN(const std::string grant_id, read_id(body, "grant"));
  QC_ASSIGN(const std::string code, read_name(body, "code"));
  QC_ASSIGN(const std::string compact, body.text("attempt", proof::kMaxTxBytes));
  QC_ASSIGN(const Attempt attempt, open_attempt(call, compact));
  if (attempt.open.access != access || attempt.open.grant != grant_id) {
    return invalid("access.bad_attempt", "the attempt names another access or grant",
                   "body.attempt");
  }
  QC_ASSIGN(const Document grant,
            must_find(call.state, "grant/" + grant_id, "grant.not_found", "body.grant"));
  if (!refusal_holds(call, code, attempt.open, attempt.consumer)) {
    return invalid("access.unfounded_refusal", "this does not stand against the attempt",
                   "body.code");
  }
  use_nonce(call, attempt.tx.kid, attempt.tx.nonce);
  const std::string subject = text_of(*grant, "subject");
  const std::string id = attempt.tx.id_hex();
  call.state.put("refusal/" + id, call.created({{"attempt", id},
                                                {"access", access},
                                                {"grant", grant_id},
                                                {"subject", subject},
                                                {"consumer", attempt.consumer},
                                                {"product", attempt.open.product},
                                                {"purpose", attempt.open.purpose},
                                                {"items", attempt.tx.body.at("items")},
                                                {"code", code},
                                                {"refused_at", call.now_s()}}));
  call.list_for(subject, "refusal", id);
  call.list_for(attempt.consumer, "refusal", id);
  return call.effect({subject});
}

Result<Effect> access_release(const Call& call) {
  const JsonReader body = call.body();
  QC_ASSIGN(const ReleaseBody release, read_release(body));
  QC_ASSIGN(Json access,
            must_get(call.state, "access/" + release.access, "access.not_found", "body.access"));
  if (text_of(access, "state") != "OPENED") {
    return conflict("access.wrong_state", "the access is " + text_of(access, "state"))
        .at("body.access");
  }
  QC_TRY(check_withheld(body, access, release.outcome));
  if (!release.payload_sm3.empty()) {
    QC_TRY(check_giving(call, body, access));
  } else if (!call.tx.body.at("decision").is_null() || body.has("issued")) {
    return bad_form("null and no \"issued\" when nothing is released", body.field("decision"));
  }
  std::string state = release.outcome;
  std::transform(state.begin(), state.end(), state.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  access["state"] = state;
  access["payload_sm3"] = release.payload_sm3;
  access["decision"] = call.tx.body.at("decision");
  access["withheld"] = call.tx.body.at("withheld");
  access["released_at"] = call.now_s();
  access["release_index"] = call.context.index;
  access["release_tx"] = call.tx.id_hex();
  const std::string subject = text_of(access, "subject");
  call.state.put("access/" + release.access, std::move(access));
  call.state.erase("access_open/" + release.access);
  return call.effect({subject});
}

Result<Effect> access_ack(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"access", "payload_sm3"}));
  QC_ASSIGN(const std::string id, read_id(body, "access"));
  QC_ASSIGN(const std::string payload_sm3, read_digest(body, "payload_sm3"));
  auto access = call.state.get("access/" + id);
  if (!access || text_of(*access, "consumer") != call.signer.account) {
    return not_found("access.not_found", "there is no such entry").at("body.access");
  }
  const std::string& state = text_of(*access, "state");
  if (state != "DELIVERED" && state != "PARTIAL") {
    return conflict("access.wrong_state", "the access is " + state).at("body.access");
  }
  if (access->at("acked") == true) {
    return conflict("access.already_acked", "was acknowledged before").at("body.access");
  }
  if (text_of(*access, "payload_sm3") != payload_sm3) {
    return invalid("access.payload_mismatch", "not what was released", "body.payload_sm3");
  }
  (*access)["acked"] = true;
  (*access)["ack_index"] = call.context.index;
  const std::string subject = text_of(*access, "subject");
  call.state.put("access/" + id, std::move(*access));
  return call.effect({subject});
}

}  // namespace rules

Status check_access(const Json& grant, const Json& open_body, std::string_view consumer,
                    std::int64_t now_s) {
  QC_ASSIGN(const rules::OpenBody open, rules::read_open(JsonReader(open_body, "body")));
  return rules::check_open(grant, open, consumer, now_s);
}

Status check_release(const Json& grant, const Json& access, std::int64_t now_s) {
  const Json& body = access.at("body");
  QC_ASSIGN(const rules::OpenBody open, rules::read_open(JsonReader(body, "body")));
  QC_TRY(rules::check_consumer(grant, rules::text_of(access, "consumer")));
  QC_TRY(rules::check_live(grant, now_s));
  QC_TRY(rules::check_product(grant, open));
  QC_TRY(rules::check_purpose(grant, open));
  return rules::check_items(grant, open);
}

}  // namespace qc::chain
