// Internal: addresses of a host by its name, with a time limit.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <netdb.h>
#include <string>

namespace qc::plugin {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

/// Asks the system's resolver, which knows no time limit but its own, on a thread that is left to
/// itself when the time is over; at most kMostOpen such threads at a time. Addresses in digits are
/// read at once. Any thread.
class NameLookup {
 public:
  static constexpr int kMostOpen = 4;

  /// 0 with the addresses for a stream socket, or an error number: EHOSTUNREACH (no such name),
  /// ETIMEDOUT at `deadline_ms` (as qc_call says it), ECANCELED when `hangup` (-1 = none) has
  /// nobody at its other end, EAGAIN (kMostOpen lookups have not come back).
  int find(const std::string& host, const std::string& port, std::int64_t deadline_ms, int hangup,
           AddressList& found) const;

 private:
  struct Question;
  /// Outlives this object with the threads that still ask.
  const std::shared_ptr<std::atomic<int>> open_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace qc::plugin
