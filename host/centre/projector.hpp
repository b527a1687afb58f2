// Follows the ledger and keeps the view level with it, come what may to the database.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "host/centre/view.hpp"

namespace qc::centre {

/// One thread that owns one connection. New transactions arrive by subscription into a bounded
/// queue; whatever does not fit, or happened while the database was away, is read from the ledger's
/// files. The ledger never waits for it. Thread contract: public functions from any thread.
class Projector {
 public:
  struct Options {
    database::Location location;
    std::filesystem::path migrations;
    std::size_t batch_max_txs = 1000;
    std::size_t queue_bytes = 8U << 20U;  ///< of transactions as stored; parsed ones take more
    int retry_first_ms = 100;             ///< doubled after each failure
    int retry_most_ms = 5000;
    int probe_ms = 1000;  ///< how often an idle view makes sure that the database is there
  };
  Projector(Options options, chain::Ledger& ledger);
  ~Projector();

  /// Opens the view and starts following. A database that is away is no error: it is retried.
  /// Errors: those that waiting cannot cure (a bad migration, refused credentials).
  Status start();

  struct Health {
    std::uint64_t position = 0;
    bool healthy = false;
    std::string reason = "starting";
    std::uint64_t generation = 0;  ///< moves when the database was opened anew
  };
  Health health() const;
  /// Another connection of the same view failed: look now.
  void suspect();
  /// Error: "view.timeout".
  Status wait_for(std::uint64_t size, int timeout_ms);

 private:
  void run();
  Status work();
  Status open();
  Status catch_up();
  Status probe();
  Status apply(const std::vector<chain::Published>& batch);
  Status replay();
  /// Transactions that follow the view's position, at most one batch; empty when the queue has
  /// none of them.
  std::vector<chain::Published> take();
  void enqueue(const std::vector<chain::Published>& batch);
  void settle(const Status& status);
  void pause(int milliseconds);
  bool take_suspicion();
  bool stopping() const;

  const Options options_;
  chain::Ledger& ledger_;

  // Of the projector's thread alone.
  std::unique_ptr<database::Connection> connection_;
  ViewPosition at_;
  std::optional<std::uint64_t> rebuilt_at_;
  int retry_ms_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable wake_;   ///< work has come, or the end
  std::condition_variable moved_;  ///< position or health changed
  std::deque<chain::Published> queue_;
  std::size_t queued_bytes_ = 0;
  Health health_;
  bool stopping_ = false;
  bool suspected_ = false;
  bool news_ = false;

  std::thread thread_;
  std::shared_ptr<void> subscription_;
};

}  // namespace qc::centre
