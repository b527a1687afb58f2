// What a long ledger costs: from opening to the first answers, in memory, and in throughput. Each
// ledger is made, and measured, in a process of its own, so that memory is what the host would
// take.
//   qc_bench_restart [TRANSACTIONS…]      all of it, in a temporary folder (100000 1000000)
//   qc_bench_restart make DIRECTORY N [SECONDS]
//                                         a synthetic ledger with its state, which stays; shorter
//                                         when the time is over
//   qc_bench_restart measure DIRECTORY [LOADS]
//                                         a line of JSON for each of LOADS (1) loads, one after the
//                                         other: the first one finds every cache empty; the ledger
//                                         grows by them
//   qc_bench_restart crash DIRECTORY      loads it and ends without closing it
//   qc_bench_restart snapshot DIRECTORY OUT
//                                         a snapshot and a ledger made from it, with their times
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "host/chain/snapshot.hpp"
#include "tests/bench/chain/fast_signer.hpp"
#include "tests/bench/chain/load.hpp"
#include "tests/bench/chain/synthetic_ledger.hpp"
#include "tests/bench/figures.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLoad = 30000;
constexpr std::size_t kAssets = 6;          ///< as many as a consent has transactions
constexpr std::size_t kSubjectsShare = 20;  ///< one subject for so many transactions

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// "VmRSS" or "VmHWM" of this process, MiB.
double memory_mib(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;) {
    if (word == name + ":" && in >> word) return std::strtod(word.c_str(), nullptr) / 1024;
  }
  return 0;
}

int make(const std::string& directory, std::uint64_t transactions, std::uint64_t seconds) {
  SyntheticOptions options;
  options.directory = directory;
  options.transactions = transactions;
  options.subjects = transactions / kSubjectsShare;
  options.assets_a_consent = kAssets;
  options.seconds = seconds;
  const auto start = Clock::now();
  const SyntheticLedger made = make_synthetic_ledger(options);
  std::printf("made %llu transactions in %.0f s\n",
              static_cast<unsigned long long>(made.transactions), seconds_since(start));
  return 0;
}

/// What a host and its first callers ask for. Ends the program when an answer is missing.
void first_answers(const Ledger& ledger) {
  const auto must = [](bool good, const char* what) {
    if (good) return;
    std::fprintf(stderr, "no answer: %s\n", what);
    std::exit(1);
  };
  std::size_t open_accesses = 0;
  ledger.read([&](const StateReader& state) {
    state.scan("access_open/", "", [&](const std::string&, const Json&) {
      ++open_accesses;
      return true;
    });
  });
  must(open_accesses < 1000, "accesses that wait for their release");
  must(ledger.head().ok(), "head");
  for (const std::uint64_t index : {std::uint64_t{0}, ledger.size() / 2, ledger.size() - 1}) {
    must(ledger.transaction(index).ok() && ledger.receipt(index).ok(), "a receipt");
  }
  must(ledger.consistency(ledger.size() / 3, ledger.size()).ok(), "consistency");
  must(ledger.subject_events(account_of("s0")).ok(), "events of a subject");
}

/// asset.issue by two departments, each about another of all subjects.
std::vector<Submission> load(std::uint64_t subjects, std::int64_t now_s) {
  FastSigner departments[] = {FastSigner("ga"), FastSigner("rs")};
  World world = city();
  Json body = asset_body(world, "jia", "ga.hukou");
  body["as_of"] = now_s - kDay;
  body["expires"] = now_s + 365 * kDay;
  std::mt19937_64 random(7);
  std::vector<Submission> out;
  for (std::size_t i = 0; i < kLoad; ++i) {
    body["asset"] = random_id();
    body["subject"] = account_of("s" + std::to_string(random() % subjects));
    body["item"] = i % 2 == 0 ? "ga.hukou" : "rs.social";
    const Json payload = {{"v", 1},       {"chain", kChain},      {"op", "asset.issue"},
                          {"iat", now_s}, {"nonce", random_id()}, {"body", body}};
    out.push_back({departments[i % 2].sign(payload.dump(), std::string(proof::kTxTyp)).compact});
  }
  return out;
}

enum class End { kClosed, kCrashed };

int measure(const std::string& directory, End end, std::uint64_t loads = 1) {
  LedgerOptions options = options_in(directory);
  options.batch_max_txs = 1000;
  options.batch_max_wait_us = 2000;
  auto now_ms = std::make_shared<std::int64_t>(kStart * 1000 + 7);
  options.clock_ms = [now_ms] { return *now_ms; };
  const auto start = Clock::now();
  const auto ledger = must_open(options);
  first_answers(*ledger);
  const double ready_s = seconds_since(start);
  const double ready_mib = memory_mib("VmRSS");
  for (std::uint64_t i = 0; i < loads; ++i) {
    const std::uint64_t size = ledger->size();
    *now_ms = ledger->transaction(size - 1)->time_ms + 1000;
    auto transactions = load(size / kSubjectsShare / 2, *now_ms / 1000);
    const bench::Seen seen = bench::load_ledger(*ledger, std::move(transactions), 100, {});
    if (seen.refused != 0) {
      std::fprintf(stderr, "%zu transactions were refused\n", seen.refused);
      return 1;
    }
    const Json line = {{"transactions", size},   {"ready_s", ready_s},
                       {"ready_mib", ready_mib}, {"most_mib", memory_mib("VmHWM")},
                       {"rate", seen.rate()},    {"p50_ms", seen.p50_ms},
                       {"p99_ms", seen.p99_ms},  {"cpu_us", 1e6 * seen.cpu_cores / seen.rate()}};
    std::printf("%s\n", line.dump().c_str());
  }
  std::fflush(stdout);
  if (end == End::kCrashed) std::_Exit(0);  // what the store has not flushed is lost
  return 0;
}

int snapshot(const std::string& directory, const std::string& out) {
  const auto ledger = must_open(options_in(directory));
  auto start = Clock::now();
  const auto made = write_snapshot(*ledger, {directory, out + "/snapshot"});
  const double made_s = seconds_since(start);
  const double made_mib = memory_mib("VmHWM");
  start = Clock::now();
  const auto restored =
      restore_snapshot({out + "/snapshot", out + "/restored", key_of("host").public_key()});
  if (!made || !restored) {
    std::fprintf(stderr, "no snapshot: %s\n",
                 (made ? restored.error() : made.error()).message.c_str());
    return 1;
  }
  const Json line = {{"transactions", made->size},
                     {"rows_bytes", made->bytes},
                     {"snapshot_s", made_s},
                     {"snapshot_mib", made_mib},
                     {"restore_s", seconds_since(start)},
                     {"most_mib", memory_mib("VmHWM")}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}

/// Runs this program anew; its output.
std::string again(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  std::string out;
  char part[4096];
  while (pipe != nullptr && std::fgets(part, sizeof part, pipe) != nullptr) out = part;
  if (pipe == nullptr || pclose(pipe) != 0) {
    std::fprintf(stderr, "failed: %s\n", command.c_str());
    std::exit(1);
  }
  return out;
}

void report(const Json& small, const Json& large) {
  bench::Figures figures;
  for (const Json* seen : {&small, &large}) {
    const std::string at = std::to_string(seen->at("transactions").get<std::uint64_t>());
    const std::string of = "synthetic ledger of " + at + " transactions, page cache warm";
    figures.add({"restart_" + at, seen->at("ready_s"), "s", 3, small.at("ready_s"),
                 of + "; opening to first answers"});
    figures.add({"restart_memory_" + at, seen->at("most_mib"), "MiB", 1024, small.at("most_mib"),
                 of + "; the most resident, under load"});
    figures.add({"throughput_at_" + at, seen->at("rate"), "tx/s",
                 0.8 * small.at("rate").get<double>(), small.at("rate"),
                 of + "; asset.issue by two keys, fdatasync"});
  }
}

int measure_all(const std::string& program, const std::vector<std::uint64_t>& sizes) {
  std::vector<Json> seen;
  for (const std::uint64_t size : sizes) {
    const TempDir folder;
    const std::string place = folder.path().string();
    std::printf("%s", again(program + " make " + place + " " + std::to_string(size)).c_str());
    const std::string line = again(program + " measure " + place + " 2>/dev/null");
    std::printf("%s", line.c_str());
    seen.push_back(Json::parse(line.substr(line.find('{'))));
  }
  report(seen.front(), seen.back());
  return 0;
}

int run(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  const auto number = [argv](int i) { return std::strtoull(argv[i], nullptr, 10); };
  if (command == "make" && (argc == 4 || argc == 5)) {
    return make(argv[2], number(3), argc == 5 ? number(4) : 0);
  }
  if (command == "measure" && (argc == 3 || argc == 4)) {
    return measure(argv[2], End::kClosed, argc == 4 ? number(3) : 1);
  }
  if (command == "crash" && argc == 3) return measure(argv[2], End::kCrashed);
  if (command == "snapshot" && argc == 4) return snapshot(argv[2], argv[3]);
  std::vector<std::uint64_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(number(i));
  if (sizes.empty()) sizes = {100000, 1000000};
  return measure_all(argv[0], sizes);
}

}  // namespace
}  // namespace qc::chain::test

int main(int argc, char** argv) { return qc::chain::test::run(argc, argv); }
