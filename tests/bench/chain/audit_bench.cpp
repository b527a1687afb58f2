// The audit's speed on a synthetic ledger.
//   qc_bench_audit make DIRECTORY TRANSACTIONS [SUBJECTS]   a ledger with its state
//   qc_bench_audit audit DIRECTORY [THREADS] [RUNS]         audits it, best and median of the runs
//   qc_bench_audit [TRANSACTIONS]                           both, in a temporary folder
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "host/chain/audit.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/cli/audit_memory.hpp"
#include "tests/bench/chain/synthetic_ledger.hpp"
#include "tests/bench/figures.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int make(const std::string& directory, std::uint64_t transactions, std::uint64_t subjects) {
  SyntheticOptions options;
  options.directory = directory;
  options.transactions = transactions;
  options.subjects = subjects;
  const auto start = Clock::now();
  const SyntheticLedger made = make_synthetic_ledger(options);
  const double seconds = seconds_since(start);
  std::printf("made %llu transactions of %.0f bytes on average, in %llu batches, in %.1f s\n",
              static_cast<unsigned long long>(made.transactions),
              static_cast<double>(made.bytes) / static_cast<double>(made.transactions),
              static_cast<unsigned long long>(made.batches), seconds);
  for (const auto& [op, of] : made.operations) {
    if (of.count < made.transactions / 100) continue;
    std::printf("  %-16s %9llu of %5.0f bytes\n", op.c_str(),
                static_cast<unsigned long long>(of.count),
                static_cast<double>(of.bytes) / static_cast<double>(of.count));
  }
  return 0;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Times between reports of progress that are this many transactions apart.
constexpr std::uint64_t kStep = 10000;

int audit(const std::string& directory, unsigned threads, unsigned runs) {
  std::vector<double> rates;
  for (unsigned run = 0; run < runs; ++run) {
    AuditOptions options;
    options.directory = directory;
    options.threads = threads;
    std::vector<double> steps;
    auto last = Clock::now();
    std::uint64_t next = kStep;
    std::uint64_t bytes = 0;
    options.progress = [&](const AuditProgress& progress) {
      bytes = progress.total_bytes;
      if (progress.transactions < next) return;
      steps.push_back(1000 * seconds_since(last));
      last = Clock::now();
      next = progress.transactions + kStep;
    };
    const auto start = Clock::now();
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    const auto report = audit_ledger(options);
    const double seconds = seconds_since(start);
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    if (!report || !report->ok) {
      std::fprintf(stderr, "not a good ledger: %s\n",
                   report ? report->message.c_str() : report.error().message.c_str());
      return 1;
    }
    const auto cpu = [](const rusage& usage) {
      return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
             1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    };
    const auto count = static_cast<double>(report->transactions);
    rates.push_back(count / seconds);
    std::printf(
        "run %u: %.0f tx/s, %.1f MB/s, %.1f us CPU a transaction; %.0f transactions, "
        "10,000 in p50 %.0f ms, p99 %.0f ms; signatures %llu in batches, %llu singly; "
        "%llu spills; at most %.0f MiB resident\n",
        run + 1, count / seconds, static_cast<double>(bytes) / seconds / 1e6,
        1e6 * (cpu(after) - cpu(before)) / count, count, percentile(steps, 0.5),
        percentile(steps, 0.99), static_cast<unsigned long long>(report->batch_verified),
        static_cast<unsigned long long>(report->single_verified),
        static_cast<unsigned long long>(report->spills),
        static_cast<double>(after.ru_maxrss) / 1024);
  }
  const double best = *std::max_element(rates.begin(), rates.end());
  std::printf("best %.0f tx/s, median %.0f tx/s\n", best, percentile(rates, 0.5));
  bench::Figures().add({.name = "audit",
                        .value = best,
                        .unit = "tx/s",
                        .target = 50'000,
                        .notes = "synthetic ledger, every signature, rule and root; best run"});
  return 0;
}

std::uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

int run(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "make" && argc > 3) {
    const std::uint64_t transactions = number(argv[3]);
    return make(argv[2], transactions, argc > 4 ? number(argv[4]) : transactions / 20);
  }
  if (command == "audit" && argc > 2) {
    return audit(argv[2], argc > 3 ? static_cast<unsigned>(number(argv[3])) : 0,
                 argc > 4 ? static_cast<unsigned>(number(argv[4])) : 3);
  }
  const TempDir folder;
  const std::uint64_t transactions = argc > 1 ? number(argv[1]) : 200000;
  const int made = make(folder.path().string(), transactions, transactions / 20);
  return made != 0 ? made : audit(folder.path().string(), 0, 3);
}

}  // namespace
}  // namespace qc::chain::test

int main(int argc, char** argv) {
  qc::cli::keep_freed_memory();  // as `quancheng ledger verify` does
  return qc::chain::test::run(argc, argv);
}
