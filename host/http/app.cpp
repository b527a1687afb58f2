#include "host/http/app.hpp"

#include <algorithm>
#include <iterator>

#include <spdlog/spdlog.h>

#include "host/http/openapi.hpp"
#include "host/plugin/call_scope.hpp"
#include "sdk/http/message_signature.hpp"
#include "sdk/http/problem.hpp"

namespace qc::http {
namespace {

constexpr std::size_t kMaxRequestId = 64;
constexpr std::size_t kMaxTransactions = 100;  // of one request

/// The caller's own id when it is harmless in a log line and a header, else a fresh one.
std::string request_id(const Request& request) {
  const std::string given = request.head.field("x-request-id");
  const bool harmless = std::all_of(given.begin(), given.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
  return !given.empty() && given.size() <= kMaxRequestId && harmless ? given : random_id();
}

/// "application/json; charset=utf-8" -> "application/json".
std::string media_type(const Request& request) {
  std::string type = request.head.field("content-type");
  type.resize(std::min(type.size(), type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

Status expect_media_type(const Request& request, std::string_view expected) {
  if (media_type(request) == expected) return {};
  return invalid("http.unsupported_media_type",
                 "the body of this route is " + std::string(expected), "Content-Type");
}

bool has_kind(const std::string& kinds, const Caller& caller) {
  if (kinds == "member") return caller.member;
  if (kinds == "consumer") return caller.kind == "bank" || caller.kind == "service";
  std::string_view rest = kinds;
  while (!rest.empty()) {
    const auto kind = rest.substr(0, rest.find(' '));
    if (kind == caller.kind) return true;
    rest.remove_prefix(std::min(rest.size(), kind.size() + 1));
  }
  return false;
}

std::string joined(const std::set<std::string>& methods) {
  std::string out;
  for (const auto& method : methods) out.append(out.empty() ? "" : ", ").append(method);
  return out;
}

/// {"tx","index","receipt"}: texts of hexadecimal and base64url alone, so that nothing is escaped.
void append_submitted(std::string& out, const chain::Applied& applied) {
  out.append(R"({"tx":")").append(applied.receipt.tx).append(R"(","index":)");
  out.append(std::to_string(applied.index)).append(R"(,"receipt":)");
  proof::append_text(applied.receipt, out);
  if (!applied.decision.empty()) out.append(R"(,"decision":")").append(applied.decision + '"');
  out.push_back('}');
}

void append_results(std::string& out, const chain::Ledger::Outcomes& outcomes) {
  out.append(R"({"results":[)");
  for (const Result<chain::Applied>& one : outcomes) {
    if (&one != &outcomes.front()) out.push_back(',');
    if (one.ok()) {
      append_submitted(out, *one);
    } else {
      out.append(R"({"problem":)").append(dump_json(to_problem(one.error()))).push_back('}');
    }
  }
  out.append("]}");
}

/// Which generations of which packages had a hand in the answer: a list of RFC 8941.
std::string served_by(const std::vector<plugin::Attribution>& served) {
  std::string out;
  for (const auto& one : served) {
    out.append(out.empty() ? "" : ", ").append("\"" + one.plugin + "\"");
    out.append(";version=\"" + one.version + "\";generation=" + std::to_string(one.generation));
    out.append(";digest=\"" + one.digest + "\"");
  }
  return out;
}

std::vector<std::string> route_labels(const std::vector<Route>& routes) {
  std::vector<std::string> out;
  out.reserve(routes.size());
  for (const Route& route : routes) out.push_back(route.method + " " + route.path);
  return out;
}

}  // namespace

struct App::Turn {
  const Request& request;
  std::string id;
  Router::Match match;
  Caller caller;
  Json body;
  bool known_caller = false;  // the signature was right: the answer is signed too
};

App::App(AppOptions options, Services services, crypto::PrivateKey host_key, StaticFiles files,
         AppGauges gauges)
    : options_(std::move(options)),
      services_(services),
      host_key_(std::move(host_key)),
      files_(std::move(files)),
      gauges_(std::move(gauges)),
      authenticator_(services_.ledger, options_.clock_s),
      router_(all_routes()),
      metrics_(route_labels(router_.routes())),
      openapi_(make_openapi(router_.routes())),
      openapi_text_(openapi_.dump()) {}

std::vector<Route> App::all_routes() {
  std::vector<Route> out;
  const auto add = [&](std::vector<Route> some) {
    std::move(some.begin(), some.end(), std::back_inserter(out));
  };
  add(meta_routes({[this] { return metrics_text(); },
                   [this]() -> const std::string& { return openapi_text_; }, started_}));
  add(ledger_routes());
  add(centre_routes());
  add(exchange_routes());
  add(governance_routes());
  add(plugin_routes());
  add(product_routes());
  add(supervision_routes());
  return out;
}

std::string App::metrics_text() const {
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  return metrics_.render(
      {services_, gauges_.loop(), gauges_.queued(), authenticator_.remembered(), uptime.count()});
}

App::Plan App::plan(const Request& request) const {
  const auto match = router_.find(request.head.method, request.head.path);
  if (match.route == nullptr) return {};
  const bool deferred = !match.route->handler;
  // Nothing to parse and no signature to verify: the bytes go to the ledger as they are.
  const bool at_once = deferred && match.route->body == BodyKind::kTransaction &&
                       request.head.field("signature-input").empty();
  return {match.route->lane, deferred, at_once};
}

App::Turn App::begin(const Request& request) const {
  return {
      request, request_id(request), router_.find(request.head.method, request.head.path), {}, {}};
}

Response App::handle(const Request& request) {
  Turn turn = begin(request);
  return guarded(turn, [this](Turn& t) { return run(t); });
}

/// An exception must reach neither httplib, which would send its text to the caller, nor the
/// worker. Expected failures are values: what is caught here is a defect or exhausted memory.
Response App::guarded(Turn& turn, const std::function<Response(Turn&)>& produce) {
  try {
    Response response = produce(turn);
    conclude(turn, response);
    return response;
  } catch (const std::exception& failure) {
    // The text of the exception may quote input: the log gets its type only.
    spdlog::error("http {}: unexpected {}", turn.id, typeid(failure).name());
    return problem(internal("http.internal", "an internal error; see the host's log"));
  }
}

Response App::run(Turn& turn) {
  const RequestHead& head = turn.request.head;
  if (turn.match.route == nullptr) {
    if (!turn.match.allowed.empty()) {
      Response response = problem(
          invalid("http.method_not_allowed", "this path does not have the method", "method"));
      response.fields.emplace_back("Allow", joined(turn.match.allowed));
      return response;
    }
    const bool reads = head.method == "GET" || head.method == "HEAD";
    auto file = reads ? files_.find(head.path, head.field("if-none-match")) : std::nullopt;
    return file ? std::move(*file) : problem(not_found("http.not_found", "there is no such path"));
  }
  const plugin::CallScope scope(turn.id);
  auto outcome = answer(turn);
  Response response;
  if (!outcome.ok()) response = problem(outcome.error());
  if (!scope.served().empty()) {
    response.fields.emplace_back("Quancheng-Plugin", served_by(scope.served()));
  }
  if (!outcome.ok()) return response;
  response.status = outcome->status;
  const bool text = !outcome->content_type.empty();
  response.body = text ? std::move(outcome->text) : dump_json(outcome->body);
  if (text) response.content_type = outcome->content_type;
  response.fields.emplace_back("Cache-Control", "no-store");
  return response;
}

Result<Answer> App::answer(Turn& turn) {
  QC_TRY(admit(turn));
  QC_TRY(allow(turn));
  QC_ASSIGN(auto query, parse_query(turn.request.head.query));
  const Call call{turn.request,      services_,        turn.caller,
                  turn.match.params, std::move(query), std::move(turn.body)};
  return turn.match.route->handler(call);
}

/// Finds out who is calling, and reads the body.
Status App::admit(Turn& turn) {
  const Route& route = *turn.match.route;
  const std::string authority = normal_authority(turn.request.head.field("host"), turn.request.tls);
  const auto& own = options_.authorities;
  if (!own.empty() && std::find(own.begin(), own.end(), authority) == own.end()) {
    return invalid("http.misdirected", "this host does not answer to that name", "Host");
  }
  if (route.who.need == Need::kLoopback && !turn.request.loopback) {
    return forbidden("auth.forbidden", "only from the host's own machine");
  }
  if (route.who.need == Need::kPublic) {
    auto caller = optional_caller(turn.request);
    turn.known_caller = caller.has_value();
    if (caller) turn.caller = std::move(*caller);
  }
  if (route.who.need == Need::kCaller) {
    QC_ASSIGN(turn.caller, authenticator_.authenticate(turn.request));
    turn.known_caller = true;
  }
  if (route.body == BodyKind::kJson) {
    QC_ASSIGN(turn.body, read_body(turn.request));
  }
  if (route.who.need == Need::kNewKey) {
    QC_ASSIGN(const Json* jwk, JsonReader(turn.body).object("jwk"));
    auto key = crypto::PublicKey::from_jwk(*jwk);
    if (!key.ok()) return key.error().under("jwk");
    QC_ASSIGN(turn.caller, authenticator_.authenticate_key(turn.request, *key));
    turn.known_caller = true;
  }
  return {};
}

Status App::allow(const Turn& turn) const {
  const Who& who = turn.match.route->who;
  if (who.need != Need::kCaller || (who.kinds.empty() && !who.self)) return {};
  if (who.self) {
    for (const auto& [name, value] : turn.match.params) {
      if (name == "account" && value == turn.caller.account) return {};
    }
  }
  if (has_kind(who.kinds, turn.caller)) return {};
  return forbidden("auth.forbidden", "this account may not call this route");
}

Result<Json> App::read_body(const Request& request) const {
  QC_TRY(expect_media_type(request, "application/json"));
  QC_ASSIGN(Json body, parse_json(request.body));
  if (!body.is_object()) return invalid("json.wrong_type", "the body must be an object");
  return body;
}

void App::handle_later(const Request& request, std::function<void(Outcome)> done) {
  const auto match = router_.find(request.head.method, request.head.path);
  assert(match.route != nullptr && !match.route->handler);
  if (match.route->body == BodyKind::kTransaction) {
    if (const auto type = expect_media_type(request, "application/jose"); !type.ok()) {
      return done(type.error());
    }
    return services_.ledger.submit_async(request.body,
                                         [done = std::move(done)](Result<chain::Applied> applied) {
                                           chain::Ledger::Outcomes one;
                                           one.push_back(std::move(applied));
                                           done(std::move(one));
                                         });
  }
  auto transactions = read_transactions(request);
  if (!transactions.ok()) return done(transactions.error());
  services_.ledger.submit_many(std::move(*transactions), std::move(done));
}

Result<std::vector<chain::Submission>> App::read_transactions(const Request& request) const {
  QC_ASSIGN(Json body, read_body(request));
  const JsonReader reader(body);
  QC_TRY(reader.expect_only({"transactions"}));
  QC_ASSIGN(const Json* list, reader.array("transactions", kMaxTransactions));
  if (list->empty()) {
    return invalid("json.out_of_range", "expected 1 to 100 transactions", "transactions");
  }
  std::vector<chain::Submission> out;
  out.reserve(list->size());
  for (Json& one : body["transactions"]) {
    if (!one.is_string()) {
      return invalid("json.wrong_type", "expected a transaction (JWS text)",
                     "transactions[" + std::to_string(out.size()) + "]");
    }
    out.push_back({std::move(one.get_ref<std::string&>())});
  }
  return out;
}

Response App::finish(const Request& request, std::optional<Caller> caller, const Outcome& outcome) {
  Turn turn = begin(request);
  turn.known_caller = caller.has_value();
  if (caller) turn.caller = std::move(*caller);
  return guarded(turn, [&](Turn&) {
    if (!outcome.ok()) return problem(outcome.error());
    const Route& route = *turn.match.route;
    Response response;
    response.status = route.doc.status;
    response.fields.emplace_back("Cache-Control", "no-store");
    if (route.body == BodyKind::kTransaction) {
      const Result<chain::Applied>& only = outcome->front();
      if (!only.ok()) return problem(only.error());
      append_submitted(response.body, *only);
      return response;
    }
    append_results(response.body, *outcome);
    // The whole is answered with 200; who has to come again is told so all the same.
    const auto busy = [](const auto& one) { return !one.ok() && one.error().retryable; };
    if (std::any_of(outcome->begin(), outcome->end(), busy)) {
      response.fields.emplace_back("Retry-After", "1");
    }
    return response;
  });
}

std::optional<Caller> App::optional_caller(const Request& request) {
  if (request.head.field("signature-input").empty()) return std::nullopt;
  auto caller = authenticator_.authenticate(request);
  if (!caller.ok()) return std::nullopt;
  return std::move(*caller);
}

Response App::problem(const Error& error) const {
  Response response;
  response.status = status_for(error);
  response.content_type = kProblemType;
  response.body = dump_json(to_problem(error, response.status));
  response.fields.emplace_back("Cache-Control", "no-store");
  if (response.status == 429 || response.status == 503) {
    response.fields.emplace_back("Retry-After", "1");
  }
  if (response.status == 401) {
    // RFC 9110 section 11.6.1 wants a challenge; this one names the mechanism.
    response.fields.emplace_back("WWW-Authenticate", "Signature alg=\"sm2-sm3\"");
  }
  return response;
}

void App::sign(const Turn& turn, Response& response) const {
  const bool head = turn.request.head.method == "HEAD";
  const std::string digest = content_digest(head ? std::string_view() : response.body);
  MessageParts parts;
  parts.status = response.status;
  parts.content_digest = digest;
  const auto fields =
      sign_response(host_key_, parts, services_.ledger.now_ms() / 1000, turn.caller.nonce);
  response.fields.emplace_back("Content-Digest", digest);
  response.fields.emplace_back("Signature-Input", fields.input);
  response.fields.emplace_back("Signature", fields.signature);
}

void App::conclude(const Turn& turn, Response& response) {
  if (turn.known_caller) sign(turn, response);
  response.fields.emplace_back("X-Request-Id", turn.id);
  response.fields.emplace_back("X-Content-Type-Options", "nosniff");
  response.fields.emplace_back("Referrer-Policy", "no-referrer");
  if (turn.request.tls) {
    response.fields.emplace_back("Strict-Transport-Security", "max-age=31536000");
  }
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::steady_clock::now() - turn.request.received)
                          .count();
  const bool routed = turn.match.route != nullptr;
  metrics_.count(routed ? turn.match.index : router_.routes().size(), response.status, micros);
  spdlog::info("http {} {} {} {} us account={} id={}", turn.request.head.method,
               routed ? turn.match.route->path : std::string("-"), response.status, micros,
               turn.caller.account.empty() ? "-" : turn.caller.account, turn.id);
}

}  // namespace qc::http
