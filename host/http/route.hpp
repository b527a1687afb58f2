// One route: what it answers, who may call it, how it is documented. The route table is the source
// of routing, of access checks and of /openapi.json.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/http/authenticator.hpp"
#include "host/http/server.hpp"

namespace qc::http {

/// How a caller proves who they are.
enum class Need {
  kPublic,    ///< no proof
  kLoopback,  ///< no proof, but only from this machine
  kNewKey,    ///< signed by the key in the body, which has no account yet
  kCaller,    ///< signed by an account's key
};

struct Who {
  Need need = Need::kPublic;
  bool self = false;       ///< the path's {account} may call
  std::string kinds = {};  ///< "" = any account when not self; "member" = any member, "consumer" =
                           ///< bank and service; else kinds separated by spaces
};

enum class BodyKind { kNone, kJson, kTransaction };

/// Which threads run a route. Each lane has its own, so that a plugin that hangs or a database that
/// is slow delays nothing but what needs it.
enum class Lane {
  kQuick,   ///< memory and ledger
  kView,    ///< SQL view, traces, and the managing of plugins
  kPlugin,  ///< waits for a plugin
};
inline constexpr std::size_t kLanes = 3;

struct QueryDoc {
  std::string name;
  std::string zh, en;
  bool required = false;
};

struct RouteDoc {
  std::string id;  ///< operationId
  std::string tag;
  std::string zh, en;    ///< summary
  std::string request;   ///< schema name, "" without a body
  std::string response;  ///< schema name, "" when not JSON
  int status = 200;      ///< of success
  std::vector<QueryDoc> query = {};
  std::vector<std::string> problems = {};  ///< codes beyond what authentication and JSON give
};

/// What a handler is given. Lives for one request.
struct Call {
  const Request& request;
  const Services& services;
  Caller caller;
  std::vector<std::pair<std::string, std::string>> path;   ///< values of {…}
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded
  Json body;                                               ///< of BodyKind::kJson

  const std::string& param(std::string_view name) const;  ///< a {…} of the template
  /// Non-negative integer of the query. Errors: "http.bad_query" (field = name; also when it is
  /// missing and there is no `fallback`).
  Result<std::uint64_t> query_number(std::string_view name,
                                     std::optional<std::uint64_t> fallback) const;
};

struct Answer {
  int status = 200;
  Json body;
  std::string text = {};  ///< instead of `body`, with `content_type`
  std::string content_type = {};
};

using Handler = std::function<Result<Answer>(const Call&)>;

struct Route {
  std::string method;
  std::string path;  ///< "/v1/plugins/{id}:load"
  Who who;
  BodyKind body = BodyKind::kNone;
  Handler handler;  ///< empty: the transaction routes, answered when the ledger calls back
  RouteDoc doc;
  Lane lane = Lane::kQuick;
};

/// The same routes in that lane.
std::vector<Route> in_lane(Lane lane, std::vector<Route> routes);

std::vector<Route> ledger_routes();
std::vector<Route> centre_routes();
std::vector<Route> exchange_routes();
std::vector<Route> governance_routes();
std::vector<Route> plugin_routes();
std::vector<Route> product_routes();
std::vector<Route> supervision_routes();

/// Waits briefly for the SQL view to have what the ledger has, so that a caller who has just
/// written reads it back. A view that lags longer answers as it stands; /metrics shows the lag.
void await_view(const Call& call);

/// What the routes of the server itself show.
struct MetaSources {
  std::function<std::string()> metrics;         ///< Prometheus text
  std::function<const std::string&()> openapi;  ///< document
  std::chrono::steady_clock::time_point started;
};
std::vector<Route> meta_routes(MetaSources sources);

}  // namespace qc::http
