#include "sdk/plugin/routes.hpp"

#include <algorithm>

#include "sdk/plugin/service.hpp"

namespace qc::plugin {
namespace {

Result<RouteCaller> read_caller(const JsonReader& message) {
  QC_ASSIGN(const Json* json, message.object("caller"));
  const JsonReader reader(*json, "caller");
  QC_TRY(reader.expect_only({"kind", "account", "pseudonym"}));
  RouteCaller caller;
  QC_ASSIGN(caller.kind, reader.text("kind", 32));
  QC_ASSIGN(caller.account, reader.text_or_empty("account", 64));
  QC_ASSIGN(caller.pseudonym, reader.text_or_empty("pseudonym", 64));
  if (caller.account.empty() != caller.pseudonym.empty()) return caller;
  return invalid("json.missing_field", "expected account or pseudonym", "caller");
}

const RouteHandler* find_handler(const std::vector<RouteHandler>& handlers,
                                 const std::string& method, const std::string& path) {
  const auto found = std::find_if(handlers.begin(), handlers.end(), [&](const auto& one) {
    return one.method == method && one.path == path;
  });
  return found == handlers.end() ? nullptr : &*found;
}

}  // namespace

Result<Json> answer_route(const std::vector<RouteHandler>& handlers, const Json& message,
                          const Moment& moment) {
  const JsonReader reader(message);
  QC_TRY(reader.expect_only({"now", "caller", "method", "path", "query", "body"}));
  RouteCall call;
  call.moment = moment;
  QC_ASSIGN(call.caller, read_caller(reader));
  QC_ASSIGN(call.method, reader.text("method", 16));
  QC_ASSIGN(call.path, reader.text("path", 64));
  QC_ASSIGN(const Json* query, reader.object("query"));
  QC_ASSIGN(const Json* body, reader.object("body"));
  const RouteHandler* handler = find_handler(handlers, call.method, call.path);
  if (handler == nullptr) return not_found("product.no_such_route", "there is no such path");
  call.query = *query;
  call.body = *body;
  QC_ASSIGN(Json answer, handler->answer(call));
  QC_TRY(moment.check());
  if (!answer.is_object()) return internal("plugin.internal", "a route answers with an object");
  return Json{{"body", std::move(answer)}};
}

Status check_handlers(const std::vector<RouteHandler>& handlers, const Description& description) {
  for (const OwnRoute& route : description.routes()) {
    const RouteHandler* handler = find_handler(handlers, route.method, route.path);
    if (handler == nullptr || handler->answer == nullptr) {
      return invalid("description.invalid", "no handler answers " + route.method + ' ' + route.path,
                     "routes");
    }
  }
  if (handlers.size() == description.routes().size()) return {};
  return invalid("description.invalid", "a handler answers what plugin.json does not name",
                 "routes");
}

}  // namespace qc::plugin
