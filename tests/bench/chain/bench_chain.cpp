// What the ledger and the host before it do, every transaction signed, verified and on the disk
// (fdatasync) before its answer. Generator and host share the machine.
//   qc_bench_chain [--quick] [--only cold|hints|grants|cached|http]
#include <cstdio>
#include <filesystem>
#include <memory>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "host/http/server.hpp"
#include "tests/bench/chain/load.hpp"
#include "tests/bench/chain/workload.hpp"
#include "tests/bench/figures.hpp"
#include "tests/host/http/support.hpp"

namespace qc::bench {
namespace {

/// How much is done: enough for steady figures, or enough to see that it runs.
struct Size {
  std::size_t persons;
  std::size_t many;  ///< transactions of one measurement at full load
};
constexpr Size kFull{10'000, 30'000};
constexpr Size kQuick{1'000, 2'000};

// Published or measured figures of peers (docs/performance.md says where and how).
constexpr double kFiscoPerSecond = 9'712;       // 10 cores, no fsync
constexpr double kFabricPerSecond = 2'947;      // 40 threads
constexpr double kUnseenKeyPerSecond = 33'000;  // verification, log and fdatasync alone, 2 cores
constexpr double kCachedKeyPerSecond = 94'000;

struct Plan {
  std::string name;
  double target = 0;
  double yardstick = 0;
  std::string notes;
};

class Bench {
 public:
  explicit Bench(Size size) : size_(size), workload_(size.persons) {
    auto opened = chain::Ledger::open(ledger_options(directory_.path() / "ledger"),
                                      chain::test::key_of("host"));
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().message.c_str());
      std::exit(1);
    }
    ledger_ = std::move(*opened);
    submit_all(*ledger_, workload_.setup());
    // A line for each request, as a host writes.
    const auto log = directory_.path() / "host.log";
    spdlog::set_default_logger(spdlog::basic_logger_mt("host", log.string()));
  }

  void ledger_cold(bool with_hints) {
    auto work = workload_.refusals(with_hints);
    submit_all(*ledger_, work.requests);
    const std::size_t bytes = work.refusals.front().bytes.size();
    Plan plan{with_hints ? "ledger_cold_keys_with_hints" : "ledger_cold_keys", 22'000,
              kUnseenKeyPerSecond,
              "request.refuse, a key of its own for each" +
                  std::string(with_hints ? ", parity hints given" : "")};
    report(plan, bytes,
           watch([&] { return load_ledger(*ledger_, std::move(work.refusals), kUnit, {}); }));
  }

  void ledger_grants() {
    auto work = workload_.grants();
    submit_all(*ledger_, work.before);
    const std::size_t bytes = work.grants.front().bytes.size();
    const Plan plan{"ledger_grants", 22'000, kUnseenKeyPerSecond,
                    "grant.create over two items, a key of its own for each"};
    report(plan, bytes,
           watch([&] { return load_ledger(*ledger_, std::move(work.grants), kUnit, {}); }));
  }

  void ledger_cached() {
    const Plan plan{"ledger_cached_keys", 45'000, kCachedKeyPerSecond, "asset.issue by two keys"};
    const auto assets = workload_.assets(size_.many);
    const Seen seen = watch([&] { return load_ledger(*ledger_, submissions(assets), kUnit, {}); });
    report(plan, mean_size(assets), seen);
    const Plan half{"ledger_cached_keys_half_load", 0, 0, "asset.issue by two keys, one at a time"};
    const auto more = workload_.assets(size_.many / 2);
    latency(half, mean_size(more), watch([&] {
              return load_ledger(*ledger_, submissions(more), 1, {0, seen.rate() / 2});
            }));
  }

  void http() {
    test::EchoExchange exchange;
    test::EchoCentre centre;
    test::EchoSupervision supervision;
    test::OnePlugin plugins;
    const auto witnesses =
        chain::Witnesses::open(*ledger_, directory_.path() / "ledger" / "chunks");
    if (!witnesses) std::exit(1);
    auto server =
        http::Server::start({}, {*ledger_, exchange, plugins, centre, supervision, **witnesses},
                            chain::test::key_of("host"));
    if (!server) {
      std::fprintf(stderr, "%s\n", server.error().message.c_str());
      std::exit(1);
    }
    const int port = (*server)->port();
    const auto measure = [&](const Plan& plan, std::size_t connections, auto make) {
      const auto assets = workload_.assets(size_.many);
      const Seen seen = watch([&] { return load_http(port, make(assets, port), connections, {}); });
      report(plan, mean_size(assets), seen);
      const auto more = workload_.assets(size_.many / 2);
      Plan half = plan;
      half.name += "_half_load";
      latency(half, mean_size(more), watch([&] {
                return load_http(port, make(more, port), connections, {0, seen.rate() / 2});
              }));
    };
    measure({"http_single", 9'000, kFiscoPerSecond, "asset.issue, 256 connections"}, 256,
            single_requests);
    measure({"http_single_64", 9'000, kFiscoPerSecond, "asset.issue, 64 connections"}, 64,
            single_requests);
    measure({"http_hundreds", 20'000, kFabricPerSecond, "asset.issue, 8 connections"}, 8,
            batch_requests);
  }

 private:
  /// Transactions that a submitter hands to the ledger at once, as a request of HTTP does.
  static constexpr std::size_t kUnit = 100;

  static std::vector<chain::Submission> submissions(const std::vector<std::string>& transactions) {
    std::vector<chain::Submission> out;
    out.reserve(transactions.size());
    for (const std::string& one : transactions) out.push_back({one});
    return out;
  }

  /// What `load` has seen, and how large the batches were that it made.
  template <typename Load>
  Seen watch(const Load& load) {
    const std::uint64_t before = ledger_->health().batches;
    Seen seen = load();
    const std::uint64_t batches = ledger_->health().batches - before;
    seen.batch = static_cast<double>(seen.transactions) / static_cast<double>(batches);
    return seen;
  }

  std::string describe(const Plan& plan, std::size_t bytes, const Seen& seen) {
    std::array<char, 320> text{};
    std::snprintf(text.data(), text.size(),
                  "%s; %zu-byte transactions, a signature each, fsync before the answer; p50 %.1f "
                  "ms, p99 %.1f ms; %.2f cores of 2 (generator %.2f), %.0f MiB, %.0f a batch",
                  plan.notes.c_str(), bytes, seen.p50_ms, seen.p99_ms, seen.cpu_cores,
                  seen.generator_cores, seen.memory_mib, seen.batch);
    if (seen.refused != 0) {
      std::fprintf(stderr, "%s: %zu transactions were refused\n", plan.name.c_str(), seen.refused);
      std::exit(1);
    }
    return text.data();
  }

  void report(const Plan& plan, std::size_t bytes, const Seen& seen) {
    const std::string notes = describe(plan, bytes, seen);
    std::printf("%-32s %9.0f /s (target %.0f)  %s\n", plan.name.c_str(), seen.rate(), plan.target,
                notes.c_str());
    std::fflush(stdout);
    figures_.add({plan.name, seen.rate(), "1/s", plan.target, plan.yardstick, notes});
    figures_.add({plan.name + "_p50", seen.p50_ms, "ms", 0, 0, "at full load"});
    figures_.add({plan.name + "_p99", seen.p99_ms, "ms", 0, 0, "at full load"});
    figures_.add({plan.name + "_cpu", 1e6 * seen.cpu_cores / seen.rate(), "us", 0, 0,
                  "processor time a transaction, generator included"});
    figures_.add({plan.name + "_memory", seen.memory_mib, "MiB", 0, 0, "resident"});
  }

  void latency(const Plan& plan, std::size_t bytes, const Seen& seen) {
    constexpr double kTargetMs = 25;
    const std::string notes = describe(plan, bytes, seen);
    std::printf("%-32s p99 %5.1f ms at %.0f /s (target %.0f)  %s\n", plan.name.c_str(), seen.p99_ms,
                seen.rate(), kTargetMs, notes.c_str());
    std::fflush(stdout);
    figures_.add({plan.name + "_p99", seen.p99_ms, "ms", kTargetMs, 0, notes});
  }

  const Size size_;
  Figures figures_;
  test::TempDir directory_;
  Workload workload_;
  std::unique_ptr<chain::Ledger> ledger_;
};

}  // namespace
}  // namespace qc::bench

int main(int argc, char** argv) {
  using namespace qc::bench;
  const bool quick = has_option(argc, argv, "--quick");
  Bench bench(quick ? kQuick : kFull);
  const std::string only = option_value(argc, argv, "--only");
  const auto wanted = [&only](std::string_view name) { return only.empty() || only == name; };
  if (wanted("cold")) bench.ledger_cold(false);
  if (wanted("hints")) bench.ledger_cold(true);
  if (wanted("grants")) bench.ledger_grants();
  if (wanted("cached")) bench.ledger_cached();
  if (wanted("http")) bench.http();
}
