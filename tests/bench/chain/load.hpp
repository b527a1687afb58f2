// Load on a ledger or a host, and what was seen.
#pragma once

#include <string>
#include <vector>

#include "host/chain/ledger.hpp"

namespace qc::bench {

struct Seen {
  double seconds = 0;
  std::size_t transactions = 0;
  std::size_t refused = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double cpu_cores = 0;        ///< of the whole process
  double generator_cores = 0;  ///< of which the generator's thread
  double memory_mib = 0;       ///< resident, at the end
  double batch = 0;            ///< transactions a batch, on the average
  double rate() const { return static_cast<double>(transactions) / seconds; }
};

/// How fast to send: as fast as answers come, with `window` on their way; or at `rate` a second
/// whatever the answers do (latency then counts from the moment that a transaction was due).
struct Pace {
  std::size_t window = 4000;
  double rate = 0;
};

/// Straight into the ledger, in units of `unit` transactions.
Seen load_ledger(chain::Ledger& ledger, std::vector<chain::Submission> transactions,
                 std::size_t unit, const Pace& pace);

/// One request of HTTP as bytes, and how many transactions it carries.
struct Request {
  std::string bytes;
  std::size_t transactions = 1;
};
/// POST /v1/transactions for each.
std::vector<Request> single_requests(const std::vector<std::string>& transactions, int port);
/// POST /v1/transactions:batch for each hundred.
std::vector<Request> batch_requests(const std::vector<std::string>& transactions, int port);

/// Over `connections` keep-alive connections from one thread; pace.window is not used.
Seen load_http(int port, const std::vector<Request>& requests, std::size_t connections,
               const Pace& pace);

}  // namespace qc::bench
