// Requests: what a consumer asks a subject for, within what the operator approved of its product.
#include <algorithm>

#include "host/chain/rules_internal.hpp"

namespace qc::chain {

std::string request_state_at(const Json& request, std::int64_t now_s) {
  const std::string& state = rules::text_of(request, "state");
  if (state != "REQUESTED" && state != "PRESENTED") return state;
  std::int64_t deadline = rules::number_of(request, "expires");
  if (state == "PRESENTED") {
    deadline = std::min(deadline, rules::number_of(request, "presented_at") + rules::kPresentedS);
  }
  return now_s >= deadline ? "LAPSED" : state;
}

namespace rules {
namespace {

struct RequestBody {
  std::string request, product, subject, mode, release;
  std::int64_t product_version = 0, max_uses = 0, data_life_days = 0, expires = 0;
  std::vector<ScopeEntry> scope;
  Window valid;
  std::string purpose_code;
  std::string kid;
};

Status read_texts(const JsonReader& body, RequestBody& out) {
  QC_ASSIGN(const Json* object, body.object("purpose"));
  const JsonReader purpose(*object, body.field("purpose"));
  QC_TRY(purpose.expect_only({"code", "text", "necessity", "impact"}));
  QC_ASSIGN(out.purpose_code, read_name(purpose, "code"));
  QC_TRY(read_prose(purpose, "text", 2048));
  QC_TRY(read_prose(purpose, "necessity", 2048, 0));
  QC_TRY(read_prose(purpose, "impact", 2048, 0));
  QC_ASSIGN(const Json* shown, body.object("notice"));
  const JsonReader notice(*shown, body.field("notice"));
  QC_TRY(notice.expect_only({"id", "lang", "sm3"}));
  QC_TRY(read_prose(notice, "id", 128));
  QC_TRY(read_prose(notice, "lang", 35));
  QC_TRY(read_digest(notice, "sm3"));
  return {};
}

Result<RequestBody> read_request(const JsonReader& body) {
  QC_TRY(body.expect_only({"request", "product", "product_version", "subject", "purpose", "scope",
                           "valid", "max_uses", "mode", "release", "data_life_days", "onward",
                           "key", "notice", "expires"}));
  RequestBody out;
  QC_ASSIGN(out.request, read_id(body, "request"));
  QC_ASSIGN(out.product, read_name(body, "product"));
  QC_ASSIGN(out.product_version, read_version(body, "product_version"));
  QC_ASSIGN(out.subject, read_account(body, "subject"));
  QC_TRY(read_texts(body, out));
  QC_ASSIGN(out.scope, read_scope(body));
  QC_ASSIGN(out.valid, read_window(body, "valid"));
  QC_ASSIGN(out.max_uses, body.integer("max_uses", 1, 1000000));
  QC_ASSIGN(out.mode, read_choice(body, "mode", {"once", "standing"}));
  QC_ASSIGN(out.release, read_choice(body, "release", {"answer", "fields"}));
  QC_ASSIGN(out.data_life_days, body.integer("data_life_days", 0, 36600));
  QC_TRY(read_choice(body, "onward", {"none"}));
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(body, "key"));
  out.kid = key.kid();
  QC_ASSIGN(out.expires, body.integer("expires", 0, kMaxTimeS));
  if (out.mode == "once" && out.max_uses != 1) {
    return invalid("request.once_is_one_use", "mode once means one use", "body.max_uses");
  }
  return out;
}

Status check_times(const RequestBody& request, std::int64_t now_s) {
  if (request.valid.to <= now_s) {
    return invalid("request.in_the_past", "validity has ended", "body.valid.to");
  }
  if (request.expires <= now_s) {
    return invalid("request.in_the_past", "the request has lapsed", "body.expires");
  }
  if (request.expires > now_s + kMaxRequestLifeS) {
    return invalid("request.beyond_limit", "at most 30 days from now", "body.expires");
  }
  return {};
}

// The product that the operator approved is the upper bound of every request.
Status check_within_product(const RequestBody& request, const Json& product) {
  if (text_of(product.at("purpose"), "code") != request.purpose_code) {
    return invalid("request.wrong_purpose", "not the product's purpose", "body.purpose.code");
  }
  QC_ASSIGN(const std::vector<ScopeEntry> bound, read_scope(JsonReader(product, "product")));
  for (const ScopeEntry& entry : request.scope) {
    const ScopeEntry* limit = find_scope(bound, entry.item);
    if (limit == nullptr || limit->version != entry.version) {
      return invalid("request.item_not_in_product", "the product does not use this item",
                     entry.where + ".item");
    }
    if (!first_outside(entry.required, limit->required).empty()) {
      return invalid("request.field_not_in_product", "the product does not require this field",
                     entry.where + ".required");
    }
    if (!first_outside(entry.optional, limit->all()).empty()) {
      return invalid("request.field_not_in_product", "the product does not use this field",
                     entry.where + ".optional");
    }
  }
  const std::int64_t life_s = request.valid.to - request.valid.from;
  if (life_s > number_of(product, "max_valid_days") * kDayS) {
    return invalid("request.beyond_limit", "longer than the product allows", "body.valid.to");
  }
  if (request.max_uses > number_of(product, "max_uses")) {
    return invalid("request.beyond_limit", "more than the product allows", "body.max_uses");
  }
  if (request.data_life_days > number_of(product, "data_life_days")) {
    return invalid("request.beyond_limit", "longer than the product allows", "body.data_life_days");
  }
  if (request.release != text_of(product, "release")) {
    return invalid("request.wrong_release", "not the product's form of release", "body.release");
  }
  return {};
}

// The document of a request that the signer is a party to (`role` "subject" or "consumer"), in one
// of `states`; whoever acts for the subject is one, and a handler where that is enough. To
// strangers it does not exist.
Result<Json> party_request(const Call& call, const std::string& id, std::string_view role,
                           std::initializer_list<std::string_view> states) {
  auto request = call.state.get("request/" + id);
  // A handler is to read what it may consent to; turning it down is left to those above.
  const Handlers handlers =
      call.tx.op == "request.open" ? Handlers::kIncluded : Handlers::kExcluded;
  const bool party =
      request && (role == "subject" ? acts_for(call, text_of(*request, role), handlers)
                                    : text_of(*request, role) == call.signer.account);
  if (!party) return not_found("request.not_found", "there is no such entry").at("body.request");
  const std::string state = request_state_at(*request, call.now_s());
  if (std::find(states.begin(), states.end(), state) == states.end()) {
    return conflict("request.wrong_state", "the request is " + state).at("body.request");
  }
  return std::move(*request);
}

Result<Effect> close_request(const Call& call, std::string_view role, std::string_view to) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"request", "reason"}));
  QC_ASSIGN(const std::string id, read_id(body, "request"));
  QC_ASSIGN(const std::string reason, read_prose(body, "reason", 512, 0));
  QC_ASSIGN(Json request, party_request(call, id, role, {"REQUESTED", "PRESENTED"}));
  request["state"] = to;
  request["reason"] = reason;
  request["closed_index"] = call.context.index;
  const std::string subject = text_of(request, "subject");
  call.state.put("request/" + id, std::move(request));
  return call.effect({subject});
}

}  // namespace

Result<Effect> request_create(const Call& call) {
  QC_ASSIGN(const RequestBody request, read_request(call.body()));
  if (call.state.find("request/" + request.request)) {
    return conflict("request.exists", "this identifier was used before").at("body.request");
  }
  QC_ASSIGN(const Document approved, must_find(call.state, "product/" + request.product,
                                               "product.not_found", "body.product"));
  const Json& product = *approved;
  if (text_of(product, "owner") != call.signer.account) {
    return forbidden("product.wrong_owner", "another member's product").at("body.product");
  }
  if (text_of(product, "status") != "active") {
    return conflict("product.not_active", "the product is not approved").at("body.product");
  }
  if (number_of(product, "version") != request.product_version) {
    return conflict("request.wrong_product_version", "not the version in use")
        .at("body.product_version");
  }
  QC_ASSIGN(const Document account, must_find(call.state, "subject/" + request.subject,
                                              "subject.not_found", "body.subject"));
  const Json& subject = *account;
  if (!is_active(subject)) return forbidden("subject.not_open", "not open").at("body.subject");
  QC_TRY(check_times(request, call.now_s()));
  QC_TRY(check_within_product(request, product.at("body")));
  auto kid = recipient_kid(call.state, product.at("body"), call.signer.document);
  if (!kid.ok()) return kid.error().at("body.product");
  if (*kid != request.kid) {
    return invalid("request.wrong_key", "not the key that will receive the data", "body.key");
  }
  call.state.put("request/" + request.request,
                 call.created({{"request", request.request},
                               {"state", "REQUESTED"},
                               {"consumer", call.signer.account},
                               {"subject", request.subject},
                               {"pseudonym", text_of(subject, "pseudonym")},
                               {"product", request.product},
                               {"expires", request.expires},
                               {"presented_at", 0},
                               {"grant", ""},
                               {"reason", ""},
                               {"body", call.take_body()}}));
  call.list_for(request.subject, "request", request.request);
  call.list_for(call.signer.account, "request", request.request);
  return call.effect({request.subject});
}

Result<Effect> request_open(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"request", "notice_sm3"}));
  QC_ASSIGN(const std::string id, read_id(body, "request"));
  QC_ASSIGN(const std::string notice, read_digest(body, "notice_sm3"));
  QC_ASSIGN(Json request, party_request(call, id, "subject", {"REQUESTED"}));
  if (text_of(request.at("body").at("notice"), "sm3") != notice) {
    return invalid("request.wrong_notice", "not the notice of this request", "body.notice_sm3");
  }
  request["state"] = "PRESENTED";
  request["presented_at"] = call.now_s();
  request["presented_index"] = call.context.index;
  const std::string subject = text_of(request, "subject");
  call.state.put("request/" + id, std::move(request));
  return call.effect({subject});
}

Result<Effect> request_refuse(const Call& call) {
  return close_request(call, "subject", "REJECTED");
}

Result<Effect> request_cancel(const Call& call) {
  return close_request(call, "consumer", "CANCELLED");
}

}  // namespace rules
}  // namespace qc::chain
