// Internal: the event loop's state. event_loop.cpp: listening, waiting, stopping;
// event_loop_io.cpp: what happens on one connection.
#pragma once

#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "host/http/connection.hpp"
#include "host/http/event_loop.hpp"

namespace qc::http {

class EventLoopImpl final : public EventLoop {
 public:
  explicit EventLoopImpl(LoopOptions options) : options_(std::move(options)) {}
  ~EventLoopImpl() override { stop(); }

  Status open();
  void start(Dispatch dispatch) override;
  void stop() override;
  void complete(Completion completion) override;
  int port() const override { return port_; }
  bool loopback_only() const override { return loopback_only_; }
  const LoopGauges& gauges() const override { return gauges_; }

 private:
  // event_loop.cpp
  Status listen();
  void run();
  void wake();
  void accept_all();
  bool make_room();
  void refuse_connection(const FileDescriptor& fd);
  void add_connection(FileDescriptor fd, std::string peer, bool loopback);
  void take_completions();
  void sweep(Clock::time_point now);
  bool drain(Clock::time_point now);

  // event_loop_io.cpp; false: leave the connection alone, it may be gone
  bool step(Connection& connection);
  bool step_handshake(Connection& connection);
  bool step_read(Connection& connection);
  bool step_linger(Connection& connection);
  bool advance(Connection& connection);
  bool advance_head(Connection& connection);
  bool advance_body(Connection& connection);
  bool begin_body(Connection& connection, std::size_t head_end);
  bool send(Connection& connection, std::string bytes, bool close);
  bool step_write(Connection& connection);
  bool after_write(Connection& connection);
  /// Answers with a problem and closes.
  bool refuse(Connection& connection, const Error& error);
  bool time_out(Connection& connection);
  void park(Connection& connection);
  bool charge(Connection& connection);
  void watch(Connection& connection, std::uint32_t interest);
  void close(Connection& connection);
  void count_parked(Connection& connection);

  const LoopOptions options_;
  Dispatch dispatch_;  // set before the thread starts
  LoopGauges gauges_;
  FileDescriptor listener_, epoll_, wakeup_;
  int port_ = 0;
  bool loopback_only_ = false;
  bool accepting_ = true;  ///< false for a moment when file descriptors run out

  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t next_id_ = 2;  // 0 and 1 are the listener and the wake-up
  std::size_t buffered_ = 0;
  // Everything is read into this first, so that an idle connection owns no buffer.
  std::string scratch_ = std::string(16U << 10U, '\0');
  bool draining_ = false;
  Clock::time_point drain_deadline_;

  std::mutex mutex_;
  std::vector<Completion> completions_;  // guarded by mutex_
  bool stopping_ = false;                // guarded by mutex_
  std::thread thread_;
};

/// A problem as bytes on the wire, for answers given without a worker.
std::string render_refusal(const Error& error);

}  // namespace qc::http
