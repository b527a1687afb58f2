// Wears the state store out: one writer, readers beside it, buffers that are full after a few
// batches, tables that cannot be written, stores that are closed with their buffers lost. All of it
// is compared with a map. qc_soak_store [SECONDS] [SEED]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "host/chain/kv_store.hpp"
#include "sdk/base/bytes.hpp"

namespace qc::chain::soak {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;
using Model = std::map<std::string, std::string>;
using Rows = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kNumberKey = "t";  // its row says how many batches there were
constexpr std::size_t kRemembered = 256;
constexpr int kReaders = 3;

std::string named(const Model& model) {
  const auto it = model.find(kNumberKey);
  return it == model.end() ? "0" : it->second;
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "soak: %s\n", what.c_str());
  std::abort();  // where sanitizers and debuggers find the threads as they are
}

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

/// Few enough to be met again, of families that are beginnings of each other and of odd bytes.
std::string any_key(Random& random) {
  static const std::vector<std::string> kFamilies{"s", "sg",    "sgrant/",   std::string("s\0", 2),
                                                  "m", "e\xff", "e\xff\xff", "l"};
  const std::string number = std::to_string(below(random, 50));
  return kFamilies[below(random, kFamilies.size())] + (number == "0" ? "" : number);
}

KvBatch any_batch(Random& random, std::uint64_t number) {
  KvBatch rows;
  const std::size_t count = below(random, 24);
  for (std::size_t n = 0; n < count; ++n) {
    if (below(random, 4) == 0) {
      rows.emplace_back(any_key(random), std::nullopt);
    } else {
      const auto filler = static_cast<char>('a' + below(random, 26));
      rows.emplace_back(any_key(random),
                        std::to_string(random()) + std::string(below(random, 300), filler));
    }
  }
  rows.emplace_back(kNumberKey, std::to_string(number));
  return rows;
}

void follow(const KvBatch& rows, Model& model) {
  for (const auto& [key, value] : rows) {
    if (value) {
      model[key] = *value;
    } else {
      model.erase(key);
    }
  }
}

struct Range {
  std::string prefix, start;
  std::size_t at_most;
};

Rows rows_of(const KvReader& reader, const Range& range) {
  Rows out;
  reader.scan(range.prefix, range.start, [&](std::string_view key, std::string_view value) {
    out.emplace_back(key, value);
    return out.size() < range.at_most;
  });
  return out;
}

Rows rows_of(const Model& model, const Range& range) {
  Rows out;
  for (auto it = model.lower_bound(std::max(range.prefix, range.start));
       it != model.end() && it->first.starts_with(range.prefix); ++it) {
    out.emplace_back(*it);
    if (out.size() >= range.at_most) break;
  }
  return out;
}

void compare(const KvReader& reader, const Model& model, Random& random, const char* who) {
  std::vector<std::string> keys;
  for (int n = 0; n < 8; ++n) keys.push_back(any_key(random));
  const auto values = reader.get_many(std::vector<std::string_view>(keys.begin(), keys.end()));
  for (std::size_t n = 0; n < keys.size(); ++n) {
    const auto it = model.find(keys[n]);
    const auto right = it == model.end() ? std::nullopt : std::optional<std::string>(it->second);
    if (reader.get(keys[n]) != right || values[n] != right) {
      fail(std::string(who) + ": another value of " + keys[n] + " after batch " + named(model));
    }
  }
  static const std::vector<std::string> kPrefixes{"", "s", "sg", "e\xff", "m", "none"};
  const Range range{kPrefixes[below(random, kPrefixes.size())],
                    below(random, 2) == 0 ? "" : any_key(random),
                    below(random, 3) == 0 ? below(random, 6) + 1 : SIZE_MAX};
  if (rows_of(reader, range) != rows_of(model, range)) {
    fail(std::string(who) + ": another scan of \"" + range.prefix + "\" after batch " +
         named(model));
  }
}

/// The last models, by number: what a snapshot must show.
class History {
 public:
  void add(std::uint64_t number, const Model& model) {
    auto copy = std::make_shared<const Model>(model);
    const std::lock_guard lock(mutex_);
    models_.emplace_back(number, std::move(copy));
    if (models_.size() > kRemembered) models_.pop_front();
  }
  std::shared_ptr<const Model> of(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    if (models_.empty() || number < models_.front().first) return nullptr;  // forgotten
    const std::uint64_t at = number - models_.front().first;
    if (at >= models_.size()) fail("a batch is seen that was not written yet");
    return models_[at].second;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::pair<std::uint64_t, std::shared_ptr<const Model>>> models_;
};

struct Totals {
  Clock::time_point until;
  std::uint64_t stores = 0, batches = 0, bytes_over_buffer = 0, failures = 0, lost = 0;
  std::atomic<std::uint64_t> comparisons{0};
};

std::uint64_t number_in(const KvReader& reader) {
  return std::stoull(reader.get(kNumberKey).value_or("0"));
}

/// Snapshots taken beside the writer, some kept for a while.
void read_beside(const KvStore& store, const History& history, const std::atomic<bool>& done,
                 std::uint64_t seed, Totals& totals) {
  Random random(seed);
  std::uint64_t last = 0;
  std::deque<std::pair<std::shared_ptr<const KvReader>, std::shared_ptr<const Model>>> kept;
  while (!done) {
    const auto snapshot = store.snapshot();
    const std::uint64_t number = number_in(*snapshot);
    if (number < last) fail("the store went back");
    last = number;
    if (auto model = history.of(number)) {
      compare(*snapshot, *model, random, "snapshot");
      ++totals.comparisons;
      if (below(random, 16) == 0) kept.emplace_back(snapshot, std::move(model));
      if (kept.size() > 8) kept.erase(kept.begin() + static_cast<long>(below(random, 8)));
    }
    if (!kept.empty()) {
      const auto& [old, then] = kept[below(random, kept.size())];
      compare(*old, *then, random, "older snapshot");
      ++totals.comparisons;
    }
    // The handing over is niced: readers that never pause would leave it no processor.
    std::this_thread::sleep_for(std::chrono::microseconds(below(random, 1000)));
  }
}

/// One store from its opening to its end. `model` and `number` follow what must be there.
class Life {
 public:
  Life(fs::path folder, Random& random, Totals& totals)
      : folder_(std::move(folder)), random_(random), totals_(totals) {}

  void live(Model& model, std::uint64_t& number) {
    fs::remove_all(folder_ / "next");
    buffer_bytes_ = 2048U << below(random_, 4);
    auto opened = open_rocks_sized(folder_, buffer_bytes_);
    if (!opened) fail("does not open: " + opened.error().message);
    ++totals_.stores;
    KvStore& store = **opened;
    model_ = &model;
    number_ = &number;
    if (number != 0) compare(store, model, random_, "opened");
    run_beside_readers(store);
    end(std::move(*opened));
  }

 private:
  void run_beside_readers(KvStore& store) {
    history_.add(*number_, *model_);
    std::atomic<bool> done{false};
    std::vector<std::thread> readers;
    for (int n = 0; n < kReaders; ++n) {
      readers.emplace_back(
          [&, seed = random_()] { read_beside(store, history_, done, seed, totals_); });
    }
    const std::size_t batches = 20 + below(random_, 250);
    // A folder in the place of the next table: it cannot be written.
    const std::size_t failing = below(random_, 2) == 0 ? below(random_, batches) : SIZE_MAX;
    before_ = *model_;
    Status written;
    for (std::size_t n = 0; written && n < batches && Clock::now() < totals_.until; ++n) {
      if (n == failing) break_table();
      written = write(store);
      if (below(random_, 200) == 0) written = written ? flush(store) : written;
    }
    if (!written && !broken_) fail("refused without a reason: " + written.error().message);
    if (!written) {
      if (written.error().code != "ledger.io") fail("refused as " + written.error().code);
      for (int n = 0; n < 50; ++n) compare(store, *model_, random_, "failed");
    }
    done = true;
    for (std::thread& reader : readers) reader.join();
  }

  Status write(KvStore& store) {
    KvBatch rows = any_batch(random_, *number_ + 1);
    Model next = *model_;
    follow(rows, next);
    history_.add(*number_ + 1, next);  // before anybody can see it
    for (const auto& [key, value] : rows) bytes_ += key.size() + (value ? value->size() : 0);
    auto shared = std::make_shared<const KvBatch>(std::move(rows));
    QC_TRY(store.write_rows(shared));
    written_.push_back(std::move(shared));
    *model_ = std::move(next);
    ++*number_;
    ++totals_.batches;
    if (below(random_, 8) == 0) compare(store, *model_, random_, "live");
    return {};
  }

  Status flush(KvStore& store) {
    QC_TRY(store.flush());
    before_ = *model_;
    written_.clear();
    return {};
  }

  void break_table() {
    std::error_code error;
    broken_ = fs::create_directory(folder_ / "next", error);
    // Else the table is being written at this moment: this life ends without a failure.
    if (broken_) ++totals_.failures;
  }

  /// Closes. What was not handed over is lost with a broken table; then the store has a beginning
  /// of the batches, and the writer goes on from there as a ledger does that is replayed.
  void end(std::unique_ptr<KvStore> store) {
    if (!broken_ && below(random_, 3) == 0) break_table();
    store.reset();
    totals_.bytes_over_buffer += bytes_ / buffer_bytes_;
    fs::remove_all(folder_ / "next");
    const auto again = open_rocks_sized(folder_, buffer_bytes_);
    if (!again) fail("does not open again: " + again.error().message);
    const std::uint64_t first = *number_ - written_.size();
    const std::uint64_t found = number_in(**again);
    if (found < first || found > *number_) fail("neither flushed nor written is what was found");
    if (!broken_ && found != *number_) fail("closed in order, and something is lost");
    Model model = before_;
    for (std::uint64_t n = first; n < found; ++n) follow(*written_[n - first], model);
    if (rows_of(**again, {"", "", SIZE_MAX}) != rows_of(model, {"", "", SIZE_MAX})) {
      fail("no beginning of the batches was found");
    }
    totals_.lost += *number_ - found;
    *model_ = std::move(model);
    *number_ = found;
  }

  const fs::path folder_;
  Random& random_;
  Totals& totals_;
  History history_;
  Model* model_ = nullptr;
  std::uint64_t* number_ = nullptr;
  Model before_;  ///< when all was handed over last, and since then:
  std::vector<std::shared_ptr<const KvBatch>> written_;
  std::size_t buffer_bytes_ = 0;
  std::uint64_t bytes_ = 0;
  bool broken_ = false;
};

int run(int seconds, std::uint64_t seed) {
  const fs::path dir = fs::temp_directory_path() / ("qc-soak-" + random_id());
  fs::create_directories(dir);
  Random random(seed);
  Totals totals;
  Model model;
  std::uint64_t number = 0;
  const auto start = Clock::now();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  totals.until = start + std::chrono::seconds(seconds);
  while (Clock::now() < totals.until) {
    Life(dir / "state", random, totals).live(model, number);
  }
  fs::remove_all(dir);
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf(
      "%llu stores, %llu batches, about %.0f tables a second, %llu tables refused, %llu "
      "batches lost with their buffers, %llu comparisons by readers, %.1f s: all as the "
      "map\n",
      static_cast<unsigned long long>(totals.stores),
      static_cast<unsigned long long>(totals.batches),
      static_cast<double>(totals.bytes_over_buffer) / took,
      static_cast<unsigned long long>(totals.failures),
      static_cast<unsigned long long>(totals.lost),
      static_cast<unsigned long long>(totals.comparisons.load()), took);
  return 0;
}

}  // namespace
}  // namespace qc::chain::soak

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
  const std::uint64_t seed =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
  return qc::chain::soak::run(seconds, seed);
}
