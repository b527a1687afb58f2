// A process to be killed. Not a test by itself: kill_test and fault_test run it.
//   chain_kill_target stream <directory>   submits from several threads without end and writes
//                                          "<index> <transaction id>" for everything acknowledged
//                                          to fd 3
//   chain_kill_target full <directory>     meets a file size limit, then goes on without it
//   chain_kill_target boundary <directory> <n> start|founded
//                                          founds the city, submits a few more, ends in order;
//                                          kills itself at the n-th boundary of writing, counted
//                                          from its start or from the end of founding
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
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

/// Every point at which a write has begun, is half done, is done, or is durable.
class Boundary {
 public:
  explicit Boundary(int kill_at) : left_(kill_at) {}
  void arm() { armed_ = true; }
  void cross() {
    if (armed_ && --left_ == 0) (void)raise(SIGKILL);
  }

 private:
  std::atomic<bool> armed_{false};
  std::atomic<int> left_;
};

class BoundaryFile final : public AppendFile {
 public:
  BoundaryFile(std::unique_ptr<AppendFile> file, Boundary& boundary)
      : file_(std::move(file)), boundary_(boundary) {}
  Status append(std::string_view bytes) override {
    boundary_.cross();
    QC_TRY(file_->append(bytes.substr(0, bytes.size() / 2)));
    boundary_.cross();
    QC_TRY(file_->append(bytes.substr(bytes.size() / 2)));
    boundary_.cross();
    return {};
  }
  Status sync() override {
    QC_TRY(file_->sync());
    boundary_.cross();
    return {};
  }
  Status truncate(std::uint64_t size) override { return file_->truncate(size); }
  std::uint64_t size() const override { return file_->size(); }

 private:
  std::unique_ptr<AppendFile> file_;
  Boundary& boundary_;
};

class BoundaryStore final : public KvStore {
 public:
  BoundaryStore(std::unique_ptr<KvStore> store, Boundary& boundary)
      : store_(std::move(store)), boundary_(boundary) {}
  std::optional<std::string> get(std::string_view key) const override { return store_->get(key); }
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    store_->scan(prefix, start, visit);
  }
  Status write_rows(std::shared_ptr<const KvBatch> batch) override {
    boundary_.cross();
    QC_TRY(store_->write_rows(std::move(batch)));
    boundary_.cross();
    return {};
  }
  std::shared_ptr<const KvReader> snapshot() const override { return store_->snapshot(); }
  Status flush() override {
    boundary_.cross();
    QC_TRY(store_->flush());
    boundary_.cross();
    return {};
  }
  std::string failure() const override { return store_->failure(); }

 private:
  std::unique_ptr<KvStore> store_;
  Boundary& boundary_;
};

int boundary(const std::string& directory, int kill_at, bool from_start) {
  Boundary boundary(kill_at);
  if (from_start) boundary.arm();
  LedgerParts parts;
  parts.open_chunk = [&](const std::filesystem::path& path) -> Result<std::unique_ptr<AppendFile>> {
    QC_ASSIGN(auto file, open_append_file(path));
    boundary.cross();  // the new file's name is durable, it is empty
    return std::unique_ptr<AppendFile>(std::make_unique<BoundaryFile>(std::move(file), boundary));
  };
  parts.open_store = [&](const std::filesystem::path& path) -> Result<std::unique_ptr<KvStore>> {
    QC_ASSIGN(auto store, open_rocks(path));
    return std::unique_ptr<KvStore>(std::make_unique<BoundaryStore>(std::move(store), boundary));
  };
  LedgerOptions options = options_in(directory);
  options.chunk_bytes = 4U << 10U;  // a new chunk every few records
  const auto ledger = must_open(options, std::move(parts));
  found_city(*ledger);
  boundary.arm();
  for (unsigned n = 0; n < 6; ++n) acknowledge(ledger->submit(item_tx(n)));
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
  if (argc == 5 && std::strcmp(argv[1], "boundary") == 0) {
    return qc::chain::test::boundary(argv[2], std::atoi(argv[3]),
                                     std::strcmp(argv[4], "start") == 0);
  }
  std::fprintf(stderr, "usage: chain_kill_target stream|full|boundary <directory> …\n");
  return 2;
}
