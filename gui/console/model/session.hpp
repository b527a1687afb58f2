// The console's only way to the host: a worker thread with a bounded queue of jobs.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "gui/console/model/api.hpp"
#include "gui/console/model/snapshot.hpp"

namespace qc::console {

struct SessionOptions {
  Connect connect;
  /// Called by the worker after each new snapshot; must not block (wake the event loop).
  std::function<void()> wake;
  std::function<std::int64_t()> now_ms;  ///< wall clock
  std::int64_t poll_ms = 5'000;          ///< how often the watched view is read anew; 0 = never
};

/// Thread contract: all public members from any thread; none blocks on I/O, except the destructor,
/// which waits for the request in flight.
class Session {
 public:
  explicit Session(SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Never null.
  std::shared_ptr<const Snapshot> snapshot() const;

  void sign_in(SignInRequest request);
  void sign_out();
  /// What the worker keeps fresh by itself.
  void watch(View view);
  void refresh(View view);
  /// False when the queue is full.
  bool run(PluginAction action);
  /// Reads a subject's trace and checks each receipt. False when the queue is full.
  bool trace(std::string account);

 private:
  struct Job {
    enum class Kind { kSignIn, kSignOut, kRefresh, kAction, kTrace } kind;
    View view = View::kOverview;
    SignInRequest sign_in = {};
    PluginAction action = {};
    std::string account = {};
  };
  static constexpr std::size_t kMaxJobs = 32;

  bool push(Job job);
  void work();
  std::optional<Job> next_job();
  void run_job(Job& job);

  // Jobs: worker thread only (session_jobs.cpp).
  void do_sign_in(SignInRequest& request);
  void do_sign_out();
  void do_refresh(View view);
  void do_action(const PluginAction& action);
  void do_trace(const std::string& account);
  void load_overview();
  void load_members();
  void load_catalogue();
  void load_plugins();
  void load_flows();
  Result<Overview> fetch_overview();
  Result<Identity> identify(const SignInRequest& request, std::vector<Member>& members);
  template <typename T, typename Fetch>
  void load(Slot<T> Snapshot::*slot, Fetch fetch);
  void note_contact(const std::optional<Error>& error);
  void publish();

  SessionOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;                      // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_
  View watched_ = View::kOverview;            // guarded by mutex_
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_

  // Worker thread only.
  std::unique_ptr<Api> api_;
  Snapshot draft_;
  GlyphSet glyphs_;
  std::vector<Flow> flows_;
  std::uint64_t flows_after_ = 0;
  std::int64_t next_poll_ms_ = 0;

  std::thread worker_;  // last: starts when all else stands
};

}  // namespace qc::console
