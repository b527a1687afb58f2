#include "host/exchange/route_flow.hpp"

#include <algorithm>

#include "sdk/proof/pseudonym.hpp"

namespace qc::exchange {
namespace {

/// A path of this kind computes; it has no source to wait for.
constexpr int kMaxRouteMs = 1000;

Result<Json> product_on_ledger(const Context& context, const std::string& product) {
  auto entry = context.get("product/" + product);
  if (entry) return std::move(*entry);
  return not_found("product.not_found", "no such product");
}

Status may_call(const plugin::ProductRoute& route, const RouteRequest& request,
                const std::string& owner) {
  const bool allowed = route.who == "any" || (route.who == "member" && request.member) ||
                       (route.who == "owner" && request.caller == owner);
  if (allowed) return {};
  return forbidden("auth.forbidden", "this account may not call this route");
}

/// A member by its name; a citizen or an enterprise by what this product's consumer sees of them.
Result<Json> caller_of(const Context& context, const RouteRequest& request,
                       const std::string& owner) {
  if (request.member) return Json{{"kind", request.kind}, {"account", request.caller}};
  const auto subject = context.get("subject/" + request.caller);
  if (!subject) return not_found("subject.not_found", "no such account");
  return Json{{"kind", request.kind},
              {"pseudonym", proof::pairwise_pseudonym(text_of(*subject, "pseudonym"), owner)}};
}

/// The author's no is about what the caller sent, as far as its kind says so.
Error from_author(Error error) {
  const bool asked_wrongly = error.kind == ErrorKind::kInvalid ||
                             error.kind == ErrorKind::kNotFound ||
                             error.kind == ErrorKind::kForbidden;
  if (asked_wrongly) error.side = Side::kClient;
  return error;
}

}  // namespace

Result<Json> product_route(const Context& context, RateLimit& limit, const RouteRequest& request) {
  if (!limit.take(request.caller + '/' + request.product, RateLimit::Clock::now())) {
    return Error{ErrorKind::kRateLimited,
                 "product.too_many_calls",
                 "this account calls this product's routes too often",
                 {},
                 Side::kClient,
                 true};
  }
  QC_ASSIGN(const Json product, product_on_ledger(context, request.product));
  const std::string owner = text_of(product, "owner");
  plugin::Manager& plugins = context.parts.plugins;
  QC_ASSIGN(const std::string plugin, plugins.for_product(request.product));
  QC_ASSIGN(const plugin::ProductRoute route,
            plugins.route_of(plugin, request.method, request.path));
  QC_TRY(may_call(route, request, owner));
  if (request.body_bytes > plugin::kMaxRouteBodyBytes) {
    return Error{ErrorKind::kTooLarge, "http.body_too_large",
                 "a product's route takes at most 64 KiB", "body"};
  }
  QC_ASSIGN(const Json caller, caller_of(context, request, owner));
  const Json message{{"now", context.now_s()}, {"caller", caller},       {"method", request.method},
                     {"path", request.path},   {"query", request.query}, {"body", request.body}};
  auto answer = plugins.call(plugin, plugin::kRouteMethod, message,
                             std::min(context.options.plugin_timeout_ms, kMaxRouteMs));
  if (!answer.ok()) return from_author(answer.error());
  const auto body = answer->message.find("body");
  if (answer->message.size() != 1 || body == answer->message.end() || !body->is_object()) {
    return bad_answer(plugin, "a route answers with a JSON object in \"body\"");
  }
  return std::move(*body);
}

}  // namespace qc::exchange
