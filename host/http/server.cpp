#include "host/http/server.hpp"

#include <array>

#include "host/http/app.hpp"
#include "host/http/workers.hpp"

namespace qc::http {
namespace {

/// Wires event loop, workers and app. At the end the loop drains while the workers still run, then
/// the workers end. A ledger callback that comes later finds the workers stopped.
class ServerImpl final : public Server {
 public:
  ServerImpl(const ServerOptions& options, std::unique_ptr<EventLoop> loop)
      : loop_(std::move(loop)) {
    for (auto& lane : lanes_) lane = std::make_shared<Workers>(options.workers);
  }
  ~ServerImpl() override {
    loop_->stop();
    for (auto& lane : lanes_) lane->stop();
  }

  void serve(AppOptions options, const Services& services, crypto::PrivateKey host_key,
             StaticFiles files) {
    AppGauges gauges{[this]() -> const LoopGauges& { return loop_->gauges(); },
                     [this] {
                       std::array<std::size_t, kLanes> queued{};
                       for (std::size_t i = 0; i < kLanes; ++i) queued[i] = lanes_[i]->queued();
                       return queued;
                     }};
    app_ = std::make_unique<App>(std::move(options), services, std::move(host_key),
                                 std::move(files), std::move(gauges));
    loop_->start([this](const RequestPtr& request) { take(request); });
  }
  int port() const override { return loop_->port(); }

 private:
  using RequestPtr = std::shared_ptr<const Request>;

  void take(const RequestPtr& request) {
    const App::Plan plan = app_->plan(*request);
    auto& workers = lanes_[static_cast<std::size_t>(plan.lane)];
    if (plan.deferred) {
      workers->push([this, request](Engine&) { submit(request); });
    } else {
      workers->push([this, request](Engine& engine) {
        answer(engine, *request, [this](const Request& r) { return app_->handle(r); });
      });
    }
  }

  /// The worker is free again at once; the ledger's answer comes back as another task.
  void submit(const RequestPtr& request) {
    auto caller = std::make_shared<std::optional<Caller>>(app_->optional_caller(*request));
    app_->handle_later(
        *request, [this, request, caller, workers = lanes_[0]](App::Outcome outcome) {
          auto shared = std::make_shared<App::Outcome>(std::move(outcome));
          workers->push([this, request, caller, shared](Engine& engine) {
            answer(engine, *request,
                   [&](const Request& r) { return app_->finish(r, std::move(*caller), *shared); });
          });
        });
  }

  void answer(Engine& engine, const Request& request, const Engine::Handler& handler) {
    std::string bytes = engine.process(request, handler);
    loop_->complete({request.connection, std::move(bytes), !request.head.keep_alive});
  }

  std::unique_ptr<EventLoop> loop_;
  std::array<std::shared_ptr<Workers>, kLanes> lanes_;
  std::unique_ptr<App> app_;
};

LoopOptions loop_options(const ServerOptions& options) {
  LoopOptions out;
  out.listen = options.listen;
  out.port = options.port;
  out.max_connections = options.max_connections;
  out.max_header_bytes = options.max_header_bytes;
  out.max_body_bytes = options.max_body_bytes;
  out.max_buffered_bytes = options.max_buffered_bytes;
  out.header_timeout_ms = options.header_timeout_ms;
  out.body_timeout_ms = options.body_timeout_ms;
  out.idle_timeout_ms = options.idle_timeout_ms;
  out.write_timeout_ms = options.write_timeout_ms;
  return out;
}

Result<std::shared_ptr<TlsContext>> load_tls(const ServerOptions& options) {
  const bool none = options.tls_certificate.empty() && options.tls_key.empty();
  if (!none) return TlsContext::load(options.tls_certificate, options.tls_key);
  if (is_loopback_address(options.listen)) return std::shared_ptr<TlsContext>();
  return invalid("http.tls_required",
                 "listening beyond this machine needs a certificate and its key", "listen");
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Services services,
                                              crypto::PrivateKey host_key) {
  if (options.workers == 0 || options.max_connections == 0) {
    return invalid("http.bad_options", "workers and max_connections must be positive");
  }
  LoopOptions loop = loop_options(options);
  QC_ASSIGN(loop.tls, load_tls(options));
  QC_ASSIGN(StaticFiles files, StaticFiles::load(options.page_dir));
  QC_ASSIGN(std::unique_ptr<EventLoop> bound, EventLoop::bind(std::move(loop)));
  auto server = std::make_unique<ServerImpl>(options, std::move(bound));
  server->serve({options.authorities, {}}, services, std::move(host_key), std::move(files));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace qc::http
