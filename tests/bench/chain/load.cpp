#include "tests/bench/chain/load.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "sdk/base/file_descriptor.hpp"
#include "sdk/base/json.hpp"

namespace qc::bench {
namespace {

using Clock = std::chrono::steady_clock;

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_mib() {
  std::ifstream in("/proc/self/statm");
  double pages = 0;
  in >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "the load generator failed: %s\n", what);
  std::exit(1);
}

/// From begin to end of one load.
class Meter {
 public:
  explicit Meter(std::size_t most) { latencies_ms_.reserve(most); }
  void add(Clock::time_point due, std::size_t transactions, std::size_t refused) {
    const std::chrono::duration<double, std::milli> took = Clock::now() - due;
    latencies_ms_.push_back(took.count());
    transactions_ += transactions;
    refused_ += refused;
  }
  Seen finish() {
    Seen out;
    out.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    out.transactions = transactions_;
    out.refused = refused_;
    std::sort(latencies_ms_.begin(), latencies_ms_.end());
    const auto at = [this](double share) {
      if (latencies_ms_.empty()) return 0.0;
      const auto place =
          static_cast<std::size_t>(share * static_cast<double>(latencies_ms_.size()));
      return latencies_ms_[std::min(place, latencies_ms_.size() - 1)];
    };
    out.p50_ms = at(0.50);
    out.p99_ms = at(0.99);
    out.cpu_cores = (cpu_seconds(RUSAGE_SELF) - process_) / out.seconds;
    out.generator_cores = (cpu_seconds(RUSAGE_THREAD) - thread_) / out.seconds;
    out.memory_mib = resident_mib();
    return out;
  }
  Clock::time_point begin() const { return begin_; }

 private:
  Clock::time_point begin_ = Clock::now();
  double process_ = cpu_seconds(RUSAGE_SELF);
  double thread_ = cpu_seconds(RUSAGE_THREAD);
  std::vector<double> latencies_ms_;
  std::size_t transactions_ = 0;
  std::size_t refused_ = 0;
};

/// When the n-th transaction is due at `rate` a second.
Clock::time_point due_at(Clock::time_point begin, double rate, std::size_t n) {
  return begin + std::chrono::duration_cast<Clock::duration>(
                     std::chrono::duration<double>(static_cast<double>(n) / rate));
}

}  // namespace

Seen load_ledger(chain::Ledger& ledger, std::vector<chain::Submission> transactions,
                 std::size_t unit, const Pace& pace) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t under_way = 0;         // guarded by mutex
  Meter meter(transactions.size());  // guarded by mutex
  for (std::size_t at = 0; at < transactions.size(); at += unit) {
    const std::size_t count = std::min(unit, transactions.size() - at);
    std::vector<chain::Submission> some;
    for (std::size_t i = at; i < at + count; ++i) some.push_back(std::move(transactions[i]));
    auto due = Clock::now();
    if (pace.rate > 0) {
      due = due_at(meter.begin(), pace.rate, at);
      std::this_thread::sleep_until(due);
    }
    {
      std::unique_lock lock(mutex);
      if (pace.rate == 0) changed.wait(lock, [&] { return under_way + count <= pace.window; });
      if (pace.rate == 0) due = Clock::now();
      under_way += count;
    }
    ledger.submit_many(std::move(some), [&, due, count](const chain::Ledger::Outcomes& outcomes) {
      std::size_t good = 0;
      for (const auto& outcome : outcomes) good += outcome.ok() ? 1 : 0;
      const std::lock_guard lock(mutex);
      meter.add(due, good, count - good);
      under_way -= count;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return under_way == 0; });
  return meter.finish();
}

namespace {

std::string post(const char* target, const char* type, const std::string& body, int port) {
  return std::string("POST ") + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// One keep-alive connection with at most one request on its way.
struct Caller {
  FileDescriptor fd;
  const Request* request = nullptr;
  Clock::time_point due;
  std::string in;
};

FileDescriptor connect_to(int port) {
  FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    give_up("cannot connect");
  }
  return fd;
}

/// Bytes of the first response in `in`, or 0 while it is not whole.
std::size_t whole_response(const std::string& in) {
  const auto head_end = in.find("\r\n\r\n");
  if (head_end == std::string::npos) return 0;
  const auto field = in.find("Content-Length: ");
  if (field == std::string::npos || field > head_end) give_up("an answer without a length");
  const std::size_t whole = head_end + 4 + std::strtoul(in.c_str() + field + 16, nullptr, 10);
  return in.size() >= whole ? whole : 0;
}

std::size_t refused_in(const std::string& response, std::size_t transactions) {
  if (transactions == 1) return response.compare(9, 3, "201") == 0 ? 0 : 1;
  if (response.compare(9, 3, "200") != 0) return transactions;
  std::size_t out = 0;
  for (auto at = response.find("{\"problem\""); at != std::string::npos;
       at = response.find("{\"problem\"", at + 1)) {
    ++out;
  }
  return out;
}

class HttpLoad {
 public:
  HttpLoad(int port, const std::vector<Request>& requests, std::size_t connections, Pace pace)
      : requests_(requests),
        pace_(pace),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        callers_(connections),
        meter_(requests.size()) {
    for (std::size_t i = 0; i < callers_.size(); ++i) {
      callers_[i].fd = connect_to(port);
      epoll_event event{EPOLLIN, {.u64 = i}};
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, callers_[i].fd.get(), &event);
      idle_.push_back(i);
    }
  }

  Seen run() {
    std::array<epoll_event, 256> events{};
    while (answered_ < requests_.size()) {
      send_due();
      const timespec wait = wait_time();
      const int count = ::epoll_pwait2(epoll_.get(), events.data(), events.size(), &wait, nullptr);
      for (int i = 0; i < count; ++i) read(events[static_cast<std::size_t>(i)].data.u64);
    }
    return meter_.finish();
  }

 private:
  /// When the next request is due; now where answers set the pace.
  Clock::time_point next_due() const {
    if (pace_.rate == 0) return Clock::now();
    return due_at(meter_.begin(), pace_.rate, transactions_sent_);
  }

  /// Until the next request is due, or until answers come.
  timespec wait_time() const {
    if (next_ == requests_.size() || idle_.empty()) return {1, 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(next_due() - Clock::now());
    return {0, std::clamp<long>(left.count(), 0, 999'999'999)};
  }

  void send_due() {
    while (next_ < requests_.size() && !idle_.empty()) {
      const auto due = next_due();
      if (due > Clock::now()) return;
      Caller& caller = callers_[idle_.front()];
      idle_.pop_front();
      caller.request = &requests_[next_++];
      caller.due = due;
      transactions_sent_ += caller.request->transactions;
      std::string_view rest = caller.request->bytes;
      while (!rest.empty()) {  // blocks when the host does not read: that is its answer then
        const auto put = ::send(caller.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (put <= 0) give_up("cannot send");
        rest.remove_prefix(static_cast<std::size_t>(put));
      }
    }
  }

  void read(std::size_t index) {
    Caller& caller = callers_[index];
    const auto got = ::recv(caller.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (got <= 0) give_up("the host closed a connection");
    caller.in.append(buffer_.data(), static_cast<std::size_t>(got));
    const std::size_t whole = whole_response(caller.in);
    if (whole == 0) return;
    const std::size_t count = caller.request->transactions;
    const std::size_t refused = refused_in(caller.in, count);
    meter_.add(caller.due, count - refused, refused);
    caller.in.erase(0, whole);
    ++answered_;
    idle_.push_back(index);
  }

  const std::vector<Request>& requests_;
  const Pace pace_;
  FileDescriptor epoll_;
  std::vector<Caller> callers_;
  std::deque<std::size_t> idle_;
  std::size_t next_ = 0;
  std::size_t transactions_sent_ = 0;
  std::size_t answered_ = 0;
  std::array<char, 262144> buffer_{};
  Meter meter_;
};

}  // namespace

std::vector<Request> single_requests(const std::vector<std::string>& transactions, int port) {
  std::vector<Request> out;
  out.reserve(transactions.size());
  for (const std::string& tx : transactions) {
    out.push_back({post("/v1/transactions", "application/jose", tx, port), 1});
  }
  return out;
}

std::vector<Request> batch_requests(const std::vector<std::string>& transactions, int port) {
  constexpr std::size_t kHundred = 100;
  std::vector<Request> out;
  for (std::size_t at = 0; at < transactions.size(); at += kHundred) {
    Json list = Json::array();
    const std::size_t end = std::min(at + kHundred, transactions.size());
    for (std::size_t i = at; i < end; ++i) list.push_back(transactions[i]);
    const std::string body = Json{{"transactions", std::move(list)}}.dump();
    out.push_back({post("/v1/transactions:batch", "application/json", body, port), end - at});
  }
  return out;
}

Seen load_http(int port, const std::vector<Request>& requests, std::size_t connections,
               const Pace& pace) {
  return std::make_unique<HttpLoad>(port, requests, connections, pace)->run();
}

}  // namespace qc::bench
