#include "gui/console/model/session.hpp"

#include <algorithm>
#include <chrono>

namespace qc::console {
namespace {

/// Overwrites a secret before its memory is given back.
void wipe(std::string& secret) {
  volatile char* at = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) at[i] = 0;
  secret.clear();
}

}  // namespace

std::optional<View> view_from(std::string_view name) {
  for (int i = 0; i < kViews; ++i) {
    if (view_name(static_cast<View>(i)) == name) return static_cast<View>(i);
  }
  return std::nullopt;
}

std::string_view view_name(View view) {
  switch (view) {
    case View::kOverview:
      return "overview";
    case View::kMembers:
      return "members";
    case View::kPlugins:
      return "plugins";
    case View::kTrace:
      return "trace";
  }
  return "";
}

std::optional<Verb> verb_from(std::string_view name) {
  for (const Verb verb : {Verb::kLoad, Verb::kDrain, Verb::kStop}) {
    if (verb_name(verb) == name) return verb;
  }
  return std::nullopt;
}

std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::kLoad:
      return "load";
    case Verb::kDrain:
      return "drain";
    case Verb::kStop:
      return "stop";
  }
  return "";
}

Session::Session(SessionOptions options) : options_(std::move(options)) {
  assert(options_.connect && options_.wake && options_.now_ms);
  draft_.glyphs = std::make_shared<GlyphSet>();
  snapshot_ = std::make_shared<Snapshot>(draft_);
  worker_ = std::thread([this] { work(); });
}

Session::~Session() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  worker_.join();
  for (Job& job : jobs_) wipe(job.sign_in.passphrase);
}

std::shared_ptr<const Snapshot> Session::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

bool Session::push(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (job.kind == Job::Kind::kRefresh) {
      // One waiting refresh of a view is enough.
      const bool waiting = std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& j) {
        return j.kind == Job::Kind::kRefresh && j.view == job.view;
      });
      if (waiting) return true;
    }
    if (jobs_.size() >= kMaxJobs) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
  return true;
}

void Session::sign_in(SignInRequest request) {
  (void)push({Job::Kind::kSignIn, View::kOverview, std::move(request)});
}
void Session::sign_out() { (void)push({Job::Kind::kSignOut}); }
void Session::refresh(View view) { (void)push({Job::Kind::kRefresh, view}); }
bool Session::run(PluginAction action) {
  Job job{Job::Kind::kAction};
  job.action = std::move(action);
  return push(std::move(job));
}
bool Session::trace(std::string account) {
  Job job{Job::Kind::kTrace};
  job.account = std::move(account);
  return push(std::move(job));
}

void Session::watch(View view) {
  {
    const std::lock_guard lock(mutex_);
    if (watched_ == view) return;
    watched_ = view;
  }
  refresh(view);
}

/// Waits for a job or for the time to poll; nothing when stopping.
std::optional<Session::Job> Session::next_job() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopping_) return std::nullopt;
    if (!jobs_.empty()) {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      return job;
    }
    if (!api_ || options_.poll_ms <= 0) {
      changed_.wait(lock);
      continue;
    }
    const std::int64_t left = next_poll_ms_ - options_.now_ms();
    // A wall clock that was set back must not stop the polling.
    if (left <= 0 || left > options_.poll_ms) return Job{Job::Kind::kRefresh, watched_};
    changed_.wait_for(lock, std::chrono::milliseconds(left));
  }
}

void Session::work() {
  while (auto job = next_job()) {
    run_job(*job);
    next_poll_ms_ = options_.now_ms() + options_.poll_ms;
  }
}

void Session::run_job(Job& job) {
  switch (job.kind) {
    case Job::Kind::kSignIn:
      do_sign_in(job.sign_in);
      wipe(job.sign_in.passphrase);
      return;
    case Job::Kind::kSignOut:
      return do_sign_out();
    case Job::Kind::kRefresh:
      return do_refresh(job.view);
    case Job::Kind::kAction:
      return do_action(job.action);
    case Job::Kind::kTrace:
      return do_trace(job.account);
  }
}

void Session::publish() {
  if (*draft_.glyphs != glyphs_) draft_.glyphs = std::make_shared<GlyphSet>(glyphs_);
  auto next = std::make_shared<const Snapshot>(draft_);
  {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(next);
  }
  options_.wake();
}

}  // namespace qc::console
