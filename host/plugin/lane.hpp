// Internal: the host's end of a lane, on which one call at a time goes to a runner.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "host/plugin/answer.hpp"
#include "host/plugin/runner/spin.hpp"
#include "sdk/base/file_descriptor.hpp"

namespace qc::plugin {

using Deadline = std::chrono::steady_clock::time_point;

/// What a lane carries. The texts must outlive the call.
struct LaneCall {
  const std::string& method;
  const std::string& message;
  std::int64_t deadline_ms = 0;  ///< as qc_call says it
  std::size_t max_answer_bytes = 0;
};

enum class LaneFault {
  kNone,
  kLate,     ///< no whole answer in time; the lane is of no further use
  kClosed,   ///< the other end is gone
  kGarbage,  ///< what came is no answer to this call
};

/// One thread at a time.
class Lane {
 public:
  explicit Lane(FileDescriptor fd);
  LaneFault exchange(const LaneCall& call, Deadline until, RawAnswer& answer);

 private:
  LaneFault send_call(const LaneCall& call, Deadline until);
  LaneFault read_answer_to(const LaneCall& call, Deadline until, RawAnswer& answer);
  LaneFault fill(std::size_t wanted, Deadline until);
  LaneFault wait(short events, Deadline until) const;
  /// Takes what is there. False when the other end is gone.
  bool take_some(bool& some);

  FileDescriptor fd_;
  std::uint64_t id_ = 0;
  std::vector<char> buffer_;
  std::size_t have_ = 0;
  Spin spin_;
};

/// The lanes of one runner. Any thread.
class LanePool {
 public:
  enum class Outcome { kTaken, kBusy, kTimeout, kClosed };

  LanePool(std::vector<std::unique_ptr<Lane>> lanes, std::size_t queue);
  /// Waits for a free lane, behind at most `queue` others.
  Outcome take(Deadline until, std::unique_ptr<Lane>& lane);
  void give_back(std::unique_ptr<Lane> lane);
  /// Everybody who waits is turned away.
  void close();

 private:
  const std::size_t queue_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Lane>> free_;
  std::size_t waiting_ = 0;
  bool closed_ = false;
};

}  // namespace qc::plugin
