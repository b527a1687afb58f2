// A process to be killed. Not a test by itself: kill_test and fault_test run it.
//   chain_kill_target stream <directory>   submits from several threads without end and writes
//                                          "<index> <transaction id>" for everything acknowledged
//                                          to fd 3
//   chain_kill_target full <directory>     meets a file size limit, then goes on without it
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

/// Where acknowledgements go: standard output has the log.
constexpr int kAcknowledgements = 3;

void acknowledge(const Result<Applied>& applied) {
  if (!applied) {
    std::fprintf(stderr, "refused: %s: %s\n", applied.error().code.c_str(),
                 applied.error().message.c_str());
    _exit(3);
  }
  const std::string line = std::to_string(applied->index) + " " + applied->receipt.tx + "\n";
  // One write: a line is there whole or not at all.
  if (write(kAcknowledgements, line.data(), line.size()) < 0) _exit(4);
}

/// The city's transactions, from where an earlier life of this process stopped.
void found_city(Ledger& ledger) {
  const auto history = signed_history(city());
  for (std::size_t i = ledger.size(); i < history.size(); ++i) {
    acknowledge(ledger.submit(history[i]));
  }
}

int stream(const std::string& directory) {
  LedgerOptions options = options_in(directory);
  options.chunk_bytes = 48U << 10U;
  const auto ledger = must_open(options);
  found_city(*ledger);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 6; ++t) {
    threads.emplace_back([&ledger, t] {
      for (unsigned n = 0;; ++n) {
        const std::string name =
            "ga.i" + std::to_string(getpid()) + "_" + std::to_string(t) + "_" + std::to_string(n);
        if (n % 3 == 0) {
          acknowledge(ledger->submit(
              subject_tx(static_cast<unsigned>(getpid()) * 1000000U + t * 100000U + n)));
        } else {
          acknowledge(ledger->submit(sign("ga", "item.define", item_body(name, 1))));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

int full(const std::string& directory) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit unlimited = limit;
  const auto ledger = must_open(options_in(directory));
  submit_all(*ledger, signed_history(city()));
  limit.rlim_cur = 200U << 10U;
  setrlimit(RLIMIT_FSIZE, &limit);
  unsigned n = 0;
  Result<Applied> applied = ledger->submit(item_tx(n));
  while (applied.ok() && n < 1000) applied = ledger->submit(item_tx(++n));
  if (applied.ok() || applied.error().code != "ledger.io") return 10;
  if (ledger->health().writable || ledger->size() != city().history.size() + n) return 11;
  if (ledger->submit(item_tx(n + 1)).ok()) return 12;
  setrlimit(RLIMIT_FSIZE, &unlimited);
  if (!ledger->submit(item_tx(n)).ok() || !ledger->health().writable) return 13;
  return 0;
}

}  // namespace
}  // namespace qc::chain::test

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "stream") == 0) return qc::chain::test::stream(argv[2]);
  if (argc == 3 && std::strcmp(argv[1], "full") == 0) return qc::chain::test::full(argv[2]);
  std::fprintf(stderr, "usage: chain_kill_target stream|full <directory>\n");
  return 2;
}
