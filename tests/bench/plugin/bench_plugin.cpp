// What isolation costs: a call of 2 KiB in both modes, a load, fifty idle plugins.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <thread>

#include <spdlog/spdlog.h>

#include "host/plugin/host_generation.hpp"
#include "host/plugin/process_generation.hpp"
#include "host/plugin/settings.hpp"
#include "sdk/base/at_once.hpp"
#include "sdk/base/files.hpp"
#include "tests/bench/figures.hpp"
#include "tests/plugins/bench.hpp"

namespace qc::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kCalls = 20'000;
constexpr int kIdle = 50;

template <typename T>
T take(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "bench: %s: %s\n", result.error().code.c_str(),
                 result.error().message.c_str());
    std::exit(1);
  }
  return std::move(result).value();
}

double micros(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

/// Median, 99th percentile and best of `count` runs. Returns the 99th percentile, microseconds.
double measure(const char* what, int count, const std::function<void()>& run) {
  for (int i = 0; i < count / 10; ++i) run();
  std::vector<double> times(static_cast<std::size_t>(count));
  for (double& time : times) {
    const auto started = Clock::now();
    run();
    time = micros(Clock::now() - started);
  }
  std::sort(times.begin(), times.end());
  std::printf("%-58s median %9.2f us   p99 %9.2f us   best %9.2f us\n", what,
              times[times.size() / 2], times[times.size() * 99 / 100], times.front());
  Figures().add({std::string("plugin ") + what, times[times.size() / 2], "us", 0, 0, "median"});
  return times[times.size() * 99 / 100];
}

plugin::GenerationOptions options_of(const std::string& plugin) {
  return {plugin, 1, {4, 64, 4}, 4U << 20U};
}

std::shared_ptr<plugin::Generation> start_apart(const std::filesystem::path& library,
                                                const std::string& plugin,
                                                std::vector<std::string> paths) {
  plugin::ProcessGeneration::Plan plan{
      take(plugin::SealedImage::read(library, plugin)), std::move(paths), {}, {}};
  return take(
      plugin::ProcessGeneration::create(std::move(plan), options_of(plugin), milliseconds(10'000)));
}

int write_nothing(void* context, const std::uint8_t*, std::size_t size) {
  *static_cast<std::size_t*>(context) += size;
  return 0;
}

void bench_calls() {
  const Json message = {{"text", std::string(2048 - 11, 'x')}};
  const std::string text = message.dump();
  std::printf("message of %zu bytes, answered with itself\n", text.size());

  const auto library =
      take(plugin::Library::load(take(plugin::SealedImage::read(QC_ECHO_LIBRARY, "echo"))));
  const qc_plugin& table = library->table();
  qc_host nobody{};
  nobody.struct_size = sizeof nobody;
  void* instance = table.create(&nobody);
  std::size_t taken = 0;
  const qc_sink sink{sizeof(qc_sink), &taken, &write_nothing};
  const qc_call call{sizeof(qc_call), "echo", reinterpret_cast<const std::uint8_t*>(text.data()),
                     text.size(), 0};
  measure("host: the library's function alone", kCalls * 10,
          [&] { table.call(instance, &call, &sink); });
  table.destroy(instance);

  const auto handed =
      take(plugin::HostGeneration::create(library, options_of("good"), milliseconds(10'000)));
  measure("host: message handed over, no JSON", kCalls, [&] {
    take(std::static_pointer_cast<plugin::HostGeneration>(handed)->exchange("echo", text,
                                                                            milliseconds(5000)));
  });
  plugin::GenerationOptions direct = options_of("good");
  direct.direct = std::make_shared<plugin::DirectCalls>(2);
  const auto made =
      take(plugin::HostGeneration::create(library, std::move(direct), milliseconds(10'000)));
  const auto inside = std::static_pointer_cast<plugin::HostGeneration>(made);
  measure("host: message there and back, no JSON", kCalls * 10,
          [&] { take(inside->exchange("echo", text, milliseconds(5000))); });
  measure("host: call with deadline, JSON both ways", kCalls,
          [&] { take(inside->call("echo", message, milliseconds(5000))); });

  const plugin::SealedImage image = take(plugin::SealedImage::read(QC_ECHO_LIBRARY, "echo"));
  plugin::RunnerSpec spec;
  spec.plugin = "good";
  spec.program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "quancheng-plugin-runner";
  spec.library_fd = image.descriptor();
  spec.max_answer_bytes = 4U << 20U;
  const auto runner = take(plugin::RunnerProcess::spawn(spec));
  measure("process: message there and back, no JSON", kCalls,
          [&] { take(runner->call("echo", text, milliseconds(5000))); });

  const auto apart = start_apart(QC_ECHO_LIBRARY, "good", {});
  measure("process: call with deadline, JSON both ways", kCalls,
          [&] { take(apart->call("echo", message, milliseconds(5000))); });
}

/// A plugin that does one harmful thing again and again until told to stop, and is started anew
/// whenever it dies.
class Vandal {
 public:
  explicit Vandal(std::string method) : method_(std::move(method)) {
    plugin::IsolationOptions reckless;
    reckless.restart = {milliseconds(100), milliseconds(100), milliseconds(1000), 1'000'000};
    plugin::ProcessGeneration::Plan plan{
        take(plugin::SealedImage::read(QC_HOSTILE_LIBRARY, "hostile")), {}, {}, reckless};
    generation_ = take(plugin::ProcessGeneration::create(std::move(plan), options_of("hostile"),
                                                         milliseconds(10'000)));
    generation_->supervise([](plugin::Event, const std::string&) {});
    thread_ = std::thread([this] {
      while (!stop_) {
        // What is down fails at once: no busy loop of ours must be taken for its doing.
        if (!generation_->call(method_, Json::object(), milliseconds(200)).ok()) {
          std::this_thread::sleep_for(milliseconds(5));
        }
      }
    });
  }
  ~Vandal() {
    stop_ = true;
    thread_.join();
  }
  Vandal(const Vandal&) = delete;
  Vandal& operator=(const Vandal&) = delete;

 private:
  const std::string method_;
  std::shared_ptr<plugin::Generation> generation_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// A good plugin's calls alone and beside hostile ones: what matters is the ratio of the 99th
/// percentiles, which is to stay below 2. "echo": no harm at all, only calls one after the other:
/// what any busy neighbour costs.
void bench_neighbour(const std::vector<std::string>& methods) {
  const Json message = {{"text", std::string(2048 - 11, 'x')}};
  const auto good = start_apart(QC_ECHO_LIBRARY, "good", {});
  const auto run = [&](const std::string& what) {
    return measure(what.c_str(), kCalls,
                   [&] { take(good->call("echo", message, milliseconds(5000))); });
  };
  const double undisturbed = run("process: call undisturbed");
  for (const std::string& method : methods) {
    const Vandal vandal(method);
    const std::string what = "process: call beside \"" + method + '"';
    const double beside = run(what);
    std::printf("%-58s p99 ratio %6.2f\n", what.c_str(), beside / undisturbed);
    Figures().add({"plugin p99 beside \"" + method + "\" to undisturbed", beside / undisturbed,
                   "ratio", 2, 0, "99th percentiles"});
  }
}

/// A whole call of a department: proof of identity, record, credential, encryption, signature.
void bench_department(Bench& bench) {
  for (const auto isolation : {plugin::Isolation::kHost, plugin::Isolation::kProcess}) {
    bench.run_in(isolation);
    const std::string mode(plugin::isolation_name(isolation));
    for (std::size_t person = 0; person < bench.people().size(); ++person) {
      const auto wallet = bench.open_account(person);
      if (!wallet.ok()) continue;
      const Json message = bench.issue_message(*wallet, "gjj", "gjj.account", {"balance"});
      if (!bench.manager().call("housing_fund", "issue", message, 5000).ok()) continue;
      measure((mode + ": housing_fund issues an item").c_str(), 500,
              [&] { take(bench.manager().call("housing_fund", "issue", message, 5000)); });
      break;
    }
  }
}

void bench_loads(Bench& bench) {
  for (const auto isolation : {plugin::Isolation::kHost, plugin::Isolation::kProcess}) {
    bench.run_in(isolation);
    const std::string mode(plugin::isolation_name(isolation));
    for (const char* id : {"housing_fund", "citizen_loan"}) {
      measure((mode + ": load " + id + ", manifest to active").c_str(), 20,
              [&] { take(bench.manager().load(id)); });
    }
  }
}

std::uint64_t kilobytes_of(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

void bench_idle(const Bench& bench) {
  const auto folder = std::filesystem::path(QC_BENCH_PLUGINS) / "housing_fund";
  const auto manifest = take(plugin::read_manifest(folder));
  const Json settings = take(plugin::read_settings(bench.folder() / "config", "housing_fund"));
  const auto free_before = kilobytes_of("/proc/meminfo", "MemAvailable:");
  const auto started = Clock::now();
  std::vector<std::shared_ptr<plugin::Generation>> idle(kIdle);
  at_once(idle.size(), [&](std::size_t i) {  // as the host does when it starts
    idle[i] =
        start_apart(folder / manifest.library, "housing_fund", plugin::granted_paths(settings));
    take(idle[i]->call("configure", {{"settings", settings}, {"chain", kChain}, {"account", "gjj"}},
                       milliseconds(10'000)));
  });
  const double seconds = micros(Clock::now() - started) / 1e6;
  const auto free_after = kilobytes_of("/proc/meminfo", "MemAvailable:");
  std::uint64_t pss = 0;
  for (const auto& one : idle) {
    pss += kilobytes_of("/proc/" + std::to_string(one->runner().pid) + "/smaps_rollup", "Pss:");
  }
  std::printf(
      "%d idle processes of housing_fund (library of %.1f MiB): started and configured in "
      "%.2f s\n",
      kIdle, static_cast<double>(std::filesystem::file_size(folder / manifest.library)) / (1 << 20),
      seconds);
  std::printf("  each: PSS %.2f MiB; the machine's available memory fell by %.2f MiB each\n",
              static_cast<double>(pss) / 1024 / kIdle,
              static_cast<double>(free_before - free_after) / 1024 / kIdle);
}

}  // namespace
}  // namespace qc::bench

/// Given methods of the hostile plugin, only what these cost a neighbour.
int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::warn);
  if (argc > 1) {
    qc::bench::bench_neighbour({argv + 1, argv + argc});
    return 0;
  }
  qc::bench::bench_calls();
  qc::bench::bench_neighbour({"echo", "segfault", "abort", "heap", "loop", "sleep", "grow", "flood",
                              "chatter", "fork_bomb", "burn", "thread_flood", "gigabyte"});
  qc::bench::Bench bench;
  qc::bench::bench_department(bench);
  qc::bench::bench_loads(bench);
  qc::bench::bench_idle(bench);
}
