#include "host/plugin/runner/lanes.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>
#include <thread>
#include <vector>

#include "host/plugin/runner/spin.hpp"

namespace qc::runner {
namespace {

namespace wire = plugin::wire;

constexpr std::size_t kStartBytes = 16U << 10U;
constexpr std::size_t kKeptBytes = 256U << 10U;  ///< what an idle lane holds on to at most

/// One end of a lane. A read takes what is there: header and body of a small call arrive together.
class Lane {
 public:
  Lane(int fd, const Instance& instance, std::size_t max_answer_bytes)
      : fd_(fd), instance_(instance), max_answer_bytes_(max_answer_bytes), buffer_(kStartBytes) {}

  void serve() {
    while (read_call() && write_answer()) {
      have_ = 0;  // the host sends the next call after this answer
      if (buffer_.size() > kKeptBytes) buffer_ = std::vector<char>(kStartBytes);
      if (answer_.text.capacity() > kKeptBytes) answer_.text = std::string();
    }
  }

 private:
  ssize_t take(int flags) {
    return recv(fd_, buffer_.data() + have_, buffer_.size() - have_, flags);
  }

  bool fill(std::size_t wanted) {
    while (have_ < wanted) {
      ssize_t got = -1;
      const bool there = spin_.until([&] {
        got = take(MSG_DONTWAIT);
        return got >= 0;
      });
      if (!there) got = take(0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      have_ += static_cast<std::size_t>(got);
    }
    return true;
  }

  bool read_call() {
    wire::CallHeader header;
    if (!fill(sizeof header)) return false;
    std::memcpy(&header, buffer_.data(), sizeof header);
    if (header.magic != wire::kMagic || header.method_bytes > wire::kMaxMethodBytes ||
        header.message_bytes > wire::kMaxMessageBytes) {
      return false;
    }
    const std::size_t total = sizeof header + header.method_bytes + header.message_bytes;
    if (total > buffer_.size()) buffer_.resize(total);
    if (!fill(total)) return false;
    method_.assign(buffer_.data() + sizeof header, header.method_bytes);
    const auto* message =
        reinterpret_cast<const std::uint8_t*>(buffer_.data()) + sizeof header + header.method_bytes;
    const qc_call call{sizeof(qc_call), method_.c_str(), message, header.message_bytes,
                       header.deadline_ms};
    instance_.call(call, max_answer_bytes_, answer_);
    id_ = header.id;
    return true;
  }

  bool write_answer() {
    wire::AnswerHeader header;
    header.status = answer_.status;
    header.id = id_;
    header.flags = answer_.flags;
    header.answer_bytes = static_cast<std::uint32_t>(answer_.text.size());
    iovec parts[2] = {{&header, sizeof header}, {answer_.text.data(), answer_.text.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    while (message.msg_iovlen > 0) {
      const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return false;
      wire::drop_sent(message, static_cast<std::size_t>(sent));
    }
    return true;
  }

  const int fd_;
  const Instance& instance_;
  const std::size_t max_answer_bytes_;
  std::vector<char> buffer_;
  std::size_t have_ = 0;
  std::string method_;
  CallAnswer answer_;
  std::uint64_t id_ = 0;
  plugin::Spin spin_;
};

}  // namespace

bool start_lanes(const Instance& instance, std::uint32_t lanes, std::size_t max_answer_bytes) {
  try {
    for (std::uint32_t i = 0; i < lanes; ++i) {
      const int fd = wire::kFirstLaneFd + static_cast<int>(i);
      // Detached: a call that hangs cannot be joined, and the process ends by _exit.
      std::thread([fd, &instance, max_answer_bytes] {
        Lane(fd, instance, max_answer_bytes).serve();
      }).detach();
    }
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace qc::runner
