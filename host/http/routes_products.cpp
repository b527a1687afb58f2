// Paths of a product's own: generic here, what each does is described by the product's plugin.
#include <iterator>

#include "host/http/route.hpp"

namespace qc::http {
namespace {

Result<Answer> own_route(const Call& call) {
  exchange::RouteRequest request;
  request.caller = call.caller.account;
  request.kind = call.caller.kind;
  request.member = call.caller.member;
  request.product = call.param("id");
  request.path = call.param("path");
  const bool reads = call.request.head.method != "POST";
  request.method = reads ? "GET" : "POST";
  for (const auto& [name, value] : call.query) request.query[name] = value;
  if (!reads) request.body = call.body;
  request.body_bytes = call.request.body.size();
  QC_ASSIGN(Json answer, call.services.exchange.product_route(request));
  return Answer{200, std::move(answer)};
}

Result<Answer> due_accesses(const Call& call) {
  QC_ASSIGN(Json answer,
            call.services.exchange.due_accesses(call.caller.account, call.param("id")));
  return Answer{200, std::move(answer)};
}

RouteDoc documented(const char* id, const char* zh, const char* en, const char* body) {
  return {id,
          "products",
          zh,
          en,
          body,
          "OwnRouteAnswer",
          200,
          {},
          {"product.not_found", "product.no_such_route", "product.too_many_calls",
           "plugin.none_for_product", "plugin.timeout", "plugin.crashed", "plugin.bad_answer"}};
}

std::vector<Route> due_route() {
  std::vector<Route> out;
  out.push_back({"GET",
                 "/v1/products/{id}:due",
                 {Need::kCaller, false, "consumer"},
                 BodyKind::kNone,
                 due_accesses,
                 {"dueAccesses",
                  "products",
                  "按产品周期、依长期授权现应进行的使用",
                  "The accesses under standing grants that the product's schedule asks for now, to "
                  "be signed and opened by its owner",
                  "",
                  "DueAccesses",
                  200,
                  {},
                  {"product.not_found"}}});
  return in_lane(Lane::kView, std::move(out));
}

}  // namespace

std::vector<Route> product_routes() {
  const Who any_account{Need::kCaller};
  std::vector<Route> out;
  out.push_back({"GET", "/v1/products/{id}/{path}", any_account, BodyKind::kNone, own_route,
                 documented("readProductRoute", "产品自有接口：查询（不涉及个人信息）",
                            "A path of the product's own, as its plugin describes it: a question "
                            "that needs nobody's data",
                            "")});
  out.push_back({"POST", "/v1/products/{id}/{path}", any_account, BodyKind::kJson, own_route,
                 documented("callProductRoute", "产品自有接口：计算（不涉及个人信息）",
                            "The same with a body of at most 64 KiB: a computation that needs "
                            "nobody's data and leaves none",
                            "OwnRouteBody")});
  out = in_lane(Lane::kPlugin, std::move(out));
  std::vector<Route> all = due_route();
  all.insert(all.end(), std::make_move_iterator(out.begin()), std::make_move_iterator(out.end()));
  return all;
}

}  // namespace qc::http
