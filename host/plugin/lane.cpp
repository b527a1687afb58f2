#include "host/plugin/lane.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/plugin/runner/wire.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kLaneBytes = 16U << 10U;
constexpr std::size_t kKeptLaneBytes = 256U << 10U;  ///< what an idle lane holds on to at most

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Lane::Lane(FileDescriptor fd) : fd_(std::move(fd)), buffer_(kLaneBytes) {}

LaneFault Lane::exchange(const LaneCall& call, Deadline until, RawAnswer& answer) {
  ++id_;
  have_ = 0;
  if (const LaneFault fault = send_call(call, until); fault != LaneFault::kNone) return fault;
  const LaneFault fault = read_answer_to(call, until, answer);
  if (buffer_.size() > kKeptLaneBytes) buffer_ = std::vector<char>(kLaneBytes);
  return fault;
}

LaneFault Lane::wait(short events, Deadline until) const {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return LaneFault::kLate;
    pollfd one{fd_.get(), events, 0};
    const int ready = poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return LaneFault::kNone;
    if (ready < 0 && errno != EINTR) return LaneFault::kClosed;
  }
}

LaneFault Lane::send_call(const LaneCall& call, Deadline until) {
  wire::CallHeader header;
  header.method_bytes = static_cast<std::uint32_t>(call.method.size());
  header.id = id_;
  header.deadline_ms = call.deadline_ms;
  header.message_bytes = call.message.size();
  iovec parts[3] = {{&header, sizeof header},
                    {const_cast<char*>(call.method.data()), call.method.size()},
                    {const_cast<char*>(call.message.data()), call.message.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 3;
  while (message.msg_iovlen > 0) {
    const ssize_t sent = sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      wire::drop_sent(message, static_cast<std::size_t>(sent));
    } else if (would_block(errno)) {
      if (const LaneFault fault = wait(POLLOUT, until); fault != LaneFault::kNone) return fault;
    } else if (errno != EINTR) {
      return LaneFault::kClosed;
    }
  }
  return LaneFault::kNone;
}

bool Lane::take_some(bool& some) {
  const ssize_t got = recv(fd_.get(), buffer_.data() + have_, buffer_.size() - have_, MSG_DONTWAIT);
  some = got > 0;
  if (some) have_ += static_cast<std::size_t>(got);
  return some || (got < 0 && (would_block(errno) || errno == EINTR));
}

LaneFault Lane::fill(std::size_t wanted, Deadline until) {
  while (have_ < wanted) {
    bool some = false;
    bool open = true;
    spin_.until([&] {
      open = take_some(some);
      return some || !open;
    });
    if (!open) return LaneFault::kClosed;
    if (some) continue;
    if (const LaneFault fault = wait(POLLIN, until); fault != LaneFault::kNone) return fault;
    if (!take_some(some)) return LaneFault::kClosed;
  }
  return LaneFault::kNone;
}

LaneFault Lane::read_answer_to(const LaneCall& call, Deadline until, RawAnswer& answer) {
  wire::AnswerHeader header;
  if (const LaneFault fault = fill(sizeof header, until); fault != LaneFault::kNone) return fault;
  std::memcpy(&header, buffer_.data(), sizeof header);
  if (header.magic != wire::kMagic || header.id != id_ ||
      header.answer_bytes > call.max_answer_bytes) {
    return LaneFault::kGarbage;
  }
  const std::size_t total = sizeof header + header.answer_bytes;
  if (total > buffer_.size()) buffer_.resize(total);
  if (const LaneFault fault = fill(total, until); fault != LaneFault::kNone) return fault;
  if (have_ != total) return LaneFault::kGarbage;  // more than was asked for
  answer.text.assign(buffer_.data() + sizeof header, header.answer_bytes);
  answer.status = header.status;
  answer.too_large = (header.flags & wire::kTooLarge) != 0;
  answer.threw = (header.flags & wire::kThrew) != 0;
  return LaneFault::kNone;
}

LanePool::LanePool(std::vector<std::unique_ptr<Lane>> lanes, std::size_t queue)
    : queue_(queue), free_(std::move(lanes)) {}

LanePool::Outcome LanePool::take(Deadline until, std::unique_ptr<Lane>& lane) {
  std::unique_lock lock(mutex_);
  if (free_.empty() && !closed_) {
    if (waiting_ >= queue_) return Outcome::kBusy;
    ++waiting_;
    freed_.wait_until(lock, until, [&] { return closed_ || !free_.empty(); });
    --waiting_;
  }
  if (closed_) return Outcome::kClosed;
  if (free_.empty()) return Outcome::kTimeout;
  lane = std::move(free_.back());
  free_.pop_back();
  return Outcome::kTaken;
}

void LanePool::give_back(std::unique_ptr<Lane> lane) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(lane));
  freed_.notify_one();
}

void LanePool::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  freed_.notify_all();
}

}  // namespace qc::plugin
