// What each step of a transaction's way costs, in CPU time of one core: where a figure of
// qc_bench_chain comes from. Every benchmark does 1,000 transactions an iteration; divide by that.
#include <cstdio>
#include <filesystem>

#include <benchmark/benchmark.h>
#include <spdlog/spdlog.h>

#include "host/chain/pending_batches.hpp"
#include "host/chain/recent_documents.hpp"
#include "host/chain/tx_verifier.hpp"
#include "sdk/proof/receipt.hpp"
#include "tests/bench/chain/workload.hpp"
#include "tests/bench/figures.hpp"
#include "tests/host/http/support.hpp"

namespace qc::bench {
namespace {

using chain::Transaction;

constexpr std::size_t kBatch = 1000;

template <typename T>
T take(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s: %s\n", result.error().code.c_str(), result.error().message.c_str());
    std::exit(1);
  }
  return std::move(result).value();
}

std::vector<chain::Submission> plain(const std::vector<std::string>& transactions) {
  std::vector<chain::Submission> out;
  for (const std::string& one : transactions) out.push_back({one});
  return out;
}

/// A ledger's state with everything that two batches of a thousand need, closed and opened again.
class Scene {
 public:
  Scene() {
    const Workload workload(kBatch);
    auto work = workload.refusals(true);
    auto granting = workload.grants();
    {
      const auto ledger =
          take(chain::Ledger::open(ledger_options(directory_.path()), chain::test::key_of("host")));
      submit_all(*ledger, workload.setup());
      submit_all(*ledger, work.requests);
      submit_all(*ledger, granting.before);
    }
    refusals = std::move(work.refusals);
    grants = std::move(granting.grants);
    assets = plain(workload.assets(kBatch));
    store = take(chain::open_rocks(directory_.path() / "state"));
    position = *chain::decode_position(*store->get(chain::keys::kPosition));
  }

  static Scene& get() {
    static Scene scene;
    return scene;
  }

  std::vector<chain::Submission> refusals;  ///< cold keys, with hints
  std::vector<chain::Submission> assets;    ///< two keys
  std::vector<chain::Submission> grants;    ///< cold keys
  std::unique_ptr<chain::KvStore> store;
  chain::Position position;

 private:
  test::TempDir directory_;
};

const std::vector<chain::Submission>& work_of(const benchmark::State& state) {
  const Scene& scene = Scene::get();
  if (state.range(0) == 2) return scene.grants;
  return state.range(0) == 0 ? scene.refusals : scene.assets;
}

std::vector<Transaction> parsed(const std::vector<chain::Submission>& work) {
  std::vector<Transaction> out;
  for (const auto& one : work) out.push_back(take(proof::parse_transaction(one.bytes)));
  return out;
}

void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parsed(work_of(state)));
  count(state);
}

/// Parsing, looking up the signer and verifying, in groups of 100.
void verify(benchmark::State& state, bool hints) {
  chain::IngestKeys keys;
  chain::TxVerifier verifier(keys);
  const chain::StoredState stored(*Scene::get().store);
  const auto& host = chain::test::key_of("host").public_key();
  for (auto _ : state) {
    for (std::size_t at = 0; at < kBatch; at += 100) {
      const auto& work = work_of(state);
      std::vector<chain::Submission> group(work.begin() + static_cast<std::ptrdiff_t>(at),
                                           work.begin() + static_cast<std::ptrdiff_t>(at + 100));
      for (auto& one : group) {
        if (!hints) one.hint = crypto::NonceHint::kNone;
      }
      const auto out = verifier.run(std::move(group), {chain::test::kChain, host, stored});
      for (const auto& tx : out) {
        if (!tx.ok()) state.SkipWithError(tx.error().code.c_str());
      }
    }
  }
  count(state);
}
void verify_without_hints(benchmark::State& state) { verify(state, false); }
void verify_with_hints(benchmark::State& state) { verify(state, true); }

/// Work as it comes to the sequencer: parsed, and read ahead for.
struct Ready {
  std::vector<Transaction> transactions;
  std::vector<chain::Foreseen> foreseen;
};

std::vector<chain::Foreseen> read_ahead(const std::vector<Transaction>& transactions) {
  constexpr std::size_t kGroup = 100;
  std::vector<chain::Foreseen> out;
  const Scene& scene = Scene::get();
  for (std::size_t at = 0; at < transactions.size(); at += kGroup) {
    const chain::GroupReader reader(*scene.store);
    std::vector<const Transaction*> group;
    for (std::size_t i = at; i < std::min(at + kGroup, transactions.size()); ++i) {
      group.push_back(&transactions[i]);
    }
    auto foreseen = chain::foresee(group, reader, scene.position.batches);
    std::move(foreseen.begin(), foreseen.end(), std::back_inserter(out));
  }
  return out;
}

Ready ready(const std::vector<chain::Submission>& work) {
  Ready out{parsed(work), {}};
  out.foreseen = read_ahead(out.transactions);
  return out;
}

void foresee(benchmark::State& state) {
  const auto work = parsed(work_of(state));
  for (auto _ : state) benchmark::DoNotOptimize(read_ahead(work));
  count(state);
}

/// The sequencer's view of the scene, its shared documents met before.
class View {
 public:
  void look_at(chain::Foreseen* foreseen) { foresight_.look_at(foreseen); }
  chain::BatchBase base() const { return {foresight_, below_, &foresight_}; }

 private:
  chain::PendingBatches below_{*Scene::get().store};
  chain::RecentDocuments documents_{below_};
  chain::Foresight foresight_{documents_, Scene::get().position.batches};
};

/// A batch with the work applied.
std::unique_ptr<chain::BatchBuilder> applied(Ready work) {
  static View view;
  const Scene& scene = Scene::get();
  auto batch = std::make_unique<chain::BatchBuilder>(view.base(), scene.position.size,
                                                     chain::test::kChain, scene.position.time_ms);
  for (std::size_t i = 0; i < work.transactions.size(); ++i) {
    view.look_at(&work.foreseen[i]);
    take(batch->apply(work.transactions[i]));
  }
  view.look_at(nullptr);
  return batch;
}

void rules(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto work = ready(work_of(state));
    state.ResumeTiming();
    benchmark::DoNotOptimize(applied(std::move(work)));
  }
  count(state);
}

/// Runs `step` on a batch that has come so far; only `step` is timed.
template <typename Prepare, typename Step>
void timed(benchmark::State& state, Prepare prepare, Step step) {
  for (auto _ : state) {
    state.PauseTiming();
    auto batch = applied(ready(work_of(state)));
    auto prepared = prepare(*batch);
    state.ResumeTiming();
    step(*batch, prepared);
    state.PauseTiming();
    batch.reset();
    state.ResumeTiming();
  }
  count(state);
}

bool sealed(chain::BatchBuilder& batch) {
  return batch.seal(*Scene::get().store, Scene::get().position).ok();
}

/// Merkle log, subject map, record.
void seal(benchmark::State& state) {
  timed(
      state, [](chain::BatchBuilder&) { return 0; },
      [](chain::BatchBuilder& batch, int) { benchmark::DoNotOptimize(sealed(batch)); });
}

chain::KvBatch sealed_rows(chain::BatchBuilder& batch) {
  if (!sealed(batch)) std::exit(1);
  return batch.rows(0, 0);
}

void state_rows(benchmark::State& state) {
  timed(
      state, [](chain::BatchBuilder& batch) { return sealed(batch); },
      [](chain::BatchBuilder& batch, bool) { benchmark::DoNotOptimize(batch.rows(0, 0)); });
}

/// Into a store of its own, so that the scene stays as it is.
void state_write(benchmark::State& state) {
  const test::TempDir directory;
  const auto store = take(chain::open_rocks(directory.path()));
  std::size_t rows = 0;
  timed(
      state, [](chain::BatchBuilder& batch) { return sealed_rows(batch); },
      [&](chain::BatchBuilder&, const chain::KvBatch& batch) {
        rows = batch.size();
        if (!store->write(batch)) state.SkipWithError("not written");
      });
  state.counters["rows_each"] = static_cast<double>(rows) / kBatch;
}

/// The paths of a batch's receipts.
void inclusion_paths(benchmark::State& state) {
  timed(
      state, [](chain::BatchBuilder& batch) { return sealed(batch); },
      [](chain::BatchBuilder& batch, bool) {
        for (std::size_t i = 0; i < kBatch; ++i) {
          benchmark::DoNotOptimize(batch.inclusion(batch.after().size - kBatch + i));
        }
      });
}

/// Once a batch.
void sign_head(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        proof::sign_head({chain::test::kChain, 1, {}, {}, 1}, chain::test::key_of("host")));
  }
}

void receipt_text(benchmark::State& state) {
  proof::Receipt receipt{std::string(64, 'a'), 123456, 234567, std::vector<Hash32>(17),
                         std::string(500, 'h')};
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      std::string out;
      proof::append_text(receipt, out);
      benchmark::DoNotOptimize(out);
    }
  }
  count(state);
}

// The argument: 0 for request.refuse by a thousand persons, 1 for asset.issue by two departments, 2
// for grant.create by a thousand persons.
BENCHMARK(parse)->DenseRange(0, 2);
BENCHMARK(verify_without_hints)->DenseRange(0, 2);
BENCHMARK(verify_with_hints)->Arg(0);
BENCHMARK(foresee)->DenseRange(0, 2);
BENCHMARK(rules)->DenseRange(0, 2);
BENCHMARK(seal)->DenseRange(0, 2);
BENCHMARK(state_rows)->DenseRange(0, 2);
BENCHMARK(state_write)->DenseRange(0, 2);
BENCHMARK(inclusion_paths)->Arg(0);
BENCHMARK(sign_head);
BENCHMARK(receipt_text);

}  // namespace
}  // namespace qc::bench

namespace qc::bench {
namespace {

/// Prints as usual and collects microseconds for each transaction.
class PartsReporter : public benchmark::ConsoleReporter {
 public:
  PartsReporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const auto rate = run.counters.find("items_per_second");
      const double each = rate == run.counters.end()
                              ? run.GetAdjustedCPUTime() / 1000  // nanoseconds, once a batch
                              : 1e6 / rate->second.value;
      figures_.add({"chain_part " + run.run_name.str(), each, "us", 0, 0,
                    rate == run.counters.end() ? "CPU time, once a batch"
                                               : "CPU time of one core, for each transaction"});
    }
  }

 private:
  Figures figures_;
};

}  // namespace
}  // namespace qc::bench

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::warn);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  qc::bench::PartsReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
