// From a whole request to a response: route, caller, handler, problem, signature, log, metrics.
#pragma once

#include "host/http/metrics.hpp"
#include "host/http/router.hpp"
#include "host/http/static_files.hpp"

namespace qc::http {

struct AppOptions {
  std::vector<std::string> authorities;   ///< accepted values of Host; empty: any
  std::function<std::int64_t()> clock_s;  ///< empty: the ledger's clock
};

/// What the server below knows and /metrics shows.
struct AppGauges {
  std::function<const LoopGauges&()> loop;
  std::function<std::array<std::size_t, kLanes>()> queued;  ///< by lane
};

/// Any thread.
class App {
 public:
  App(AppOptions options, Services services, crypto::PrivateKey host_key, StaticFiles files,
      AppGauges gauges);

  /// How a request is to be run.
  struct Plan {
    Lane lane = Lane::kQuick;
    bool deferred = false;  ///< answered by handle_later()
    bool at_once = false;   ///< and handing it over is too little work for another thread
  };
  Plan plan(const Request& request) const;
  /// Answers. Never throws.
  Response handle(const Request& request);
  /// Submits the transactions of a request without holding the thread until they are durable.
  /// `done` is called exactly once, perhaps on a thread of the ledger; it must only pass the
  /// outcome on. The outcome, one for each transaction unless the request itself is refused, goes
  /// to finish(), with what optional_caller() said before. finish() never throws.
  using Outcome = Result<chain::Ledger::Outcomes>;
  void handle_later(const Request& request, std::function<void(Outcome)> done);
  Response finish(const Request& request, std::optional<Caller> caller, const Outcome& outcome);
  /// Public routes ask for no signature; a caller who signs all the same, and rightly, gets a
  /// signed answer. Anything else is nobody.
  std::optional<Caller> optional_caller(const Request& request);

  const std::vector<Route>& routes() const { return router_.routes(); }
  const Json& openapi() const { return openapi_; }

 private:
  struct Turn;  // one request on its way
  Turn begin(const Request& request) const;
  Response guarded(Turn& turn, const std::function<Response(Turn&)>& produce);
  Response run(Turn& turn);
  Result<Answer> answer(Turn& turn);
  Status admit(Turn& turn);
  Status allow(const Turn& turn) const;
  Result<Json> read_body(const Request& request) const;
  /// The body of the batch route. Errors: "json.…", "http.unsupported_media_type".
  Result<std::vector<chain::Submission>> read_transactions(const Request& request) const;
  Response problem(const Error& error) const;
  void sign(const Turn& turn, Response& response) const;
  void conclude(const Turn& turn, Response& response);
  std::string metrics_text() const;
  std::vector<Route> all_routes();

  const AppOptions options_;
  const Services services_;
  const crypto::PrivateKey host_key_;
  const StaticFiles files_;
  const AppGauges gauges_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Authenticator authenticator_;
  Router router_;
  Metrics metrics_;
  Json openapi_;
  std::string openapi_text_;
};

}  // namespace qc::http
