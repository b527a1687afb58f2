#include "host/http/server.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <mutex>

#include "host/http/app.hpp"
#include "host/http/workers.hpp"

namespace qc::http {
namespace {

/// What the ledger has answered, on its way to the workers. A batch answers many requests in one
/// moment: one worker is woken for all of them, and another for each further kShare.
/// Any thread; outlives the server with the ledger callbacks that hold it.
class Answers {
 public:
  struct One {
    std::shared_ptr<const Request> request;
    std::optional<Caller> caller;
    App::Outcome outcome;
  };
  /// True when a worker must be told to come.
  bool put(One one) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(one));
    return waiting_.size() % kShare == 1;
  }
  std::vector<One> take() {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kShare, waiting_.size()));
    std::vector<One> out(std::make_move_iterator(waiting_.begin()),
                         std::make_move_iterator(waiting_.begin() + count));
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    return out;
  }

 private:
  static constexpr std::size_t kShare = 16;
  std::mutex mutex_;
  std::deque<One> waiting_;
};

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
    if (plan.at_once) {
      submit(request);
    } else if (plan.deferred) {
      workers->push([this, request](Engine&) { submit(request); });
    } else {
      workers->push([this, request](Engine& engine) {
        answer(engine, *request, [this](const Request& r) { return app_->handle(r); });
      });
    }
  }

  /// The thread is free again at once; the ledger's answer comes back as another task.
  void submit(const RequestPtr& request) {
    auto caller = std::make_shared<std::optional<Caller>>(app_->optional_caller(*request));
    app_->handle_later(*request, [this, request, caller, answers = answers_,
                                  workers = lanes_[0]](App::Outcome outcome) {
      if (!answers->put({request, std::move(*caller), std::move(outcome)})) return;
      workers->push([this, answers](Engine& engine) {
        for (Answers::One& one : answers->take()) {
          answer(engine, *one.request, [&](const Request& r) {
            return app_->finish(r, std::move(one.caller), one.outcome);
          });
        }
      });
    });
  }

  void answer(Engine& engine, const Request& request, const Engine::Handler& handler) {
    std::string bytes = engine.process(request, handler);
    loop_->complete({request.connection, std::move(bytes), !request.head.keep_alive});
  }

  std::unique_ptr<EventLoop> loop_;
  std::array<std::shared_ptr<Workers>, kLanes> lanes_;
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
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
