#include "host/centre/projector.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

namespace qc::centre {

Projector::Projector(Options options, chain::Ledger& ledger)
    : options_(std::move(options)), ledger_(ledger), retry_ms_(options_.retry_first_ms) {}

Projector::~Projector() {
  subscription_.reset();  // returns when no delivery is under way
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  moved_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status Projector::start() {
  Status opened = open();
  if (!opened.ok() && !opened.error().retryable) return opened;
  settle(opened);
  subscription_ =
      ledger_.subscribe([this](const std::vector<chain::Published>& batch) { enqueue(batch); });
  thread_ = std::thread([this] { run(); });
  return {};
}

Projector::Health Projector::health() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return health_;
}

void Projector::suspect() {
  const std::lock_guard<std::mutex> lock(mutex_);
  suspected_ = true;
  wake_.notify_all();
}

Status Projector::wait_for(std::uint64_t size, int timeout_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  // A view that is known to be away is not waited for: callers hold threads that others need.
  moved_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                  [&] { return stopping_ || health_.position >= size || !health_.healthy; });
  if (health_.position >= size) return {};
  return Error{ErrorKind::kTimeout,
               "view.timeout",
               "the view is at " + std::to_string(health_.position) +
                   (health_.healthy ? "" : ": " + health_.reason),
               {},
               Side::kPlatform,
               true};
}

/// On the ledger's publisher thread: copies and returns. What does not fit is left out, and found
/// again in the ledger's files by the gap it leaves.
void Projector::enqueue(const std::vector<chain::Published>& batch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const chain::Published& published : batch) {
    if (queued_bytes_ + published.stored.bytes.size() > options_.queue_bytes) break;
    queued_bytes_ += published.stored.bytes.size();
    queue_.push_back(published);
  }
  news_ = true;
  wake_.notify_all();
}

std::vector<chain::Published> Projector::take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<chain::Published> batch;
  std::uint64_t next = at_.position;
  while (!queue_.empty() && batch.size() < options_.batch_max_txs) {
    chain::Published& first = queue_.front();
    if (first.stored.index > next) break;
    queued_bytes_ -= first.stored.bytes.size();
    if (first.stored.index == next) {
      batch.push_back(std::move(first));
      ++next;
    }
    queue_.pop_front();
  }
  return batch;
}

void Projector::run() {
  while (!stopping()) {
    const Status status = work();
    settle(status);
    if (status.ok()) {
      retry_ms_ = options_.retry_first_ms;
      pause(options_.probe_ms);
    } else {
      // News does not shorten this wait: a broken database is not asked more often under load.
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(retry_ms_);
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait_until(lock, until, [&] { return stopping_; });
      retry_ms_ = std::min(retry_ms_ * 2, options_.retry_most_ms);
    }
  }
}

void Projector::pause(int milliseconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                 [&] { return stopping_ || news_ || suspected_; });
  news_ = false;
}

bool Projector::take_suspicion() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(suspected_, false);
}

bool Projector::stopping() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

Status Projector::work() {
  // Opened anew, and not only asked: somebody may have put another database in its place.
  if (take_suspicion()) connection_.reset();
  if (!connection_) QC_TRY(open());
  Status status = at_.position < ledger_.size() ? catch_up() : probe();
  if (status.ok()) return status;
  // Whatever went wrong, the next attempt starts from what the database then says of itself.
  connection_.reset();
  if (status.error().code == "view.inconsistent" && rebuilt_at_ != at_.position) {
    rebuilt_at_ = at_.position;  // once: a view that cannot be built must not be built for ever
    spdlog::warn("view {}: {}; rebuilt from the ledger", options_.location.display(),
                 status.error().message);
    QC_TRY(open());
    QC_TRY(reset_view(*connection_, ledger_.chain()));
    at_ = {ledger_.chain(), 0, ""};
    return catch_up();
  }
  return status;
}

Status Projector::open() {
  QC_ASSIGN(OpenView view, open_view(options_.location, options_.migrations, ledger_));
  connection_ = std::move(view.connection);
  at_ = std::move(view.at);
  const std::lock_guard<std::mutex> lock(mutex_);
  health_.position = at_.position;
  ++health_.generation;
  return {};
}

Status Projector::probe() {
  QC_ASSIGN(const auto stored, read_position(*connection_));
  if (stored && *stored == at_) return {};
  return conflict("view.contended", "somebody else moved this view");
}

Status Projector::catch_up() {
  while (at_.position < ledger_.size() && !stopping()) {
    const std::vector<chain::Published> batch = take();
    QC_TRY(batch.empty() ? replay() : apply(batch));
  }
  return {};
}

Status Projector::apply(const std::vector<chain::Published>& batch) {
  QC_TRY(apply_batch(*connection_, at_, batch));
  const std::lock_guard<std::mutex> lock(mutex_);
  health_.position = at_.position;
  health_.healthy = true;
  health_.reason.clear();
  moved_.notify_all();
  return {};
}

/// Everything from the view's position that the ledger holds now, batch by batch.
Status Projector::replay() {
  std::vector<chain::Published> batch;
  Status applied;
  QC_TRY(ledger_.replay(at_.position, [&](const chain::Published& published) {
    batch.push_back(published);
    if (batch.size() < options_.batch_max_txs) return true;
    applied = apply(batch);
    batch.clear();
    return applied.ok() && !stopping();
  }));
  if (!applied.ok()) return applied;
  return apply(batch);
}

void Projector::settle(const Status& status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string reason =
      status.ok() ? std::string() : status.error().code + ": " + status.error().message;
  if (status.ok() != health_.healthy || reason != health_.reason) {
    if (status.ok()) {
      spdlog::info("view {}: at {}", options_.location.display(), health_.position);
    } else {
      spdlog::warn("view {}: {}", options_.location.display(), reason);
    }
  }
  health_.healthy = status.ok();
  health_.reason = reason;
  moved_.notify_all();
}

}  // namespace qc::centre
