// What is left of a plugin that has come and gone, and how it takes what it is not given.
#include <algorithm>
#include <cstdint>
#include <malloc.h>
#include <thread>

#include "host/conformance/checks.hpp"
#include "host/plugin/process_generation.hpp"
#include "host/plugin/settings.hpp"
#include "sdk/proof/capability.hpp"

namespace qc::conformance {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{10'000};
/// Configuring decrypts a key, so that a tenth of the cycles must do.
constexpr int kConfigureEvery = 10;
/// Memory is measured over this many equal stretches after as long a first one, which fills caches
/// that stay. What is lost in every cycle makes all of them grow. Each stretch is a thread's: the
/// allocator keeps freed blocks at hand for the thread that freed them and counts them as used, and
/// takes them back when it ends. So what is left to chance is less than one small block in ten
/// cycles, and 16 bytes a cycle stand out of it (the allocator's least block has 32).
constexpr int kStretches = 4;
constexpr std::int64_t kMaxGrowthBytes = 768;  ///< in each stretch: more cycles find less
/// A thread that has been joined may be counted for a moment still.
constexpr int kLooks = 50;
constexpr milliseconds kBetweenLooks{10};

struct Held {
  std::int64_t threads = 0, files = 0, bytes = 0;
};

std::int64_t entries_in(const char* folder) {
  std::error_code ignored;
  std::filesystem::directory_iterator it(folder, ignored);
  return std::distance(it, std::filesystem::directory_iterator());
}

Held held_now() {
  const struct mallinfo2 heap = ::mallinfo2();
  return {entries_in("/proc/self/task"), entries_in("/proc/self/fd"),
          static_cast<std::int64_t>(heap.uordblks + heap.hblkhd)};
}

/// Once threads that are about to end have ended.
Held held_beside(std::int64_t threads) {
  Held held = held_now();
  for (int i = 0; i < kLooks && held.threads > threads; ++i) {
    std::this_thread::sleep_for(kBetweenLooks);
    held = held_now();
  }
  return held;
}

/// What is held more than before; empty when nothing is.
std::string leak_between(const Held& before, const Held& after) {
  if (after.threads > before.threads) {
    return std::to_string(after.threads - before.threads) + " threads";
  }
  if (after.files > before.files) {
    return std::to_string(after.files - before.files) + " open files";
  }
  return {};
}

/// One life in a confined process that may read `paths`. Empty when it came through: an error in
/// words of its own is well, an end of the process or silence is not.
std::string live_confined(const Bench& bench, std::vector<std::string> paths,
                          std::string& configured) {
  auto image = plugin::SealedImage::read(
      bench.options.package / text_of(bench.subject.manifest, "library"), bench.subject.plugin);
  if (!image.ok()) return image.error().message;
  plugin::IsolationOptions isolation;
  isolation.runner = bench.options.runner;
  // As if it were granted all that it asks for.
  const auto budgets = proof::budgets_in(proof::capabilities_in(bench.subject.manifest));
  const auto memory_mib = budgets[static_cast<std::size_t>(proof::Budget::kMemory)];
  if (memory_mib > 0) {
    isolation.limits.memory_bytes = static_cast<std::uint64_t>(memory_mib) << 20U;
  }
  const plugin::GenerationOptions options{
      bench.subject.plugin, 1, {2, 8, 2}, 4U << 20U, addresses_asked(bench.subject)};
  std::vector<std::string> libraries;
  const Json needed = bench.subject.manifest.value("libraries", Json::array());
  for (const Json& one : needed) libraries.push_back(one.get<std::string>());
  auto made = plugin::ProcessGeneration::create(
      {std::move(*image), std::move(paths), std::move(libraries), isolation}, options, kPatience);
  if (!made.ok()) return made.error().code + ": " + made.error().message;
  plugin::Generation& generation = **made;
  const Message message = configure_message(bench.subject);
  const auto body = parse_json(message.text);
  const auto answer = generation.call("configure", *body, kPatience);
  configured = answer.ok() ? "" : answer.error().code + ": " + answer.error().message;
  const auto health = generation.call("health", Json::object(), kPatience);
  for (const auto& outcome : {answer, health}) {
    if (outcome.ok()) continue;
    const std::string& code = outcome.error().code;
    if (code == "plugin.crashed" || code == "plugin.timeout" || code == "plugin.bad_answer") {
      return code + ": " + outcome.error().message;
    }
  }
  return {};
}

/// Lives of instances, one after another. How many there were: less than `cycles` when the next one
/// could not be made.
int live_cycles(const Bench& bench, const Probe& probe, const TestHost& host,
                const Message& configure, int cycles) {
  for (int i = 0; i < cycles; ++i) {
    const Instance instance(probe, host);
    if (!instance.made()) return i;
    instance.call({"describe", "{}"});
    if (i % kConfigureEvery != 0) continue;
    instance.call(configure);
    for (const Message& message : bench.subject.fixture.calls) instance.call(message);
  }
  return cycles;
}

}  // namespace

// Files are what a plugin's process is given; each is withheld in turn, at last all.
Verdict check_capabilities(const Bench& bench) {
  const std::vector<std::string> all = plugin::granted_paths(bench.subject.settings);
  std::string configured;
  bench.note.set("in its process, with all that its settings name");
  std::string fault = live_confined(bench, all, configured);
  if (!fault.empty()) return failed("with all that its settings name: " + fault);
  const std::string with_all = configured.empty() ? "configured" : "with all: " + configured;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::error_code ignored;
    if (!std::filesystem::exists(all[i], ignored)) continue;
    std::vector<std::string> paths = all;
    paths.erase(paths.begin() + static_cast<std::ptrdiff_t>(i));
    bench.note.set("without " + all[i]);
    fault = live_confined(bench, std::move(paths), configured);
    if (!fault.empty()) return failed("without the right to read " + all[i] + ": " + fault);
  }
  bench.note.set("without any file");
  fault = live_confined(bench, {}, configured);
  if (!fault.empty()) return failed("without the right to read any file: " + fault);
  return passed(with_all);
}

Verdict check_leaks(const Bench& bench) {
  // Of all threads one heap, whose sums do not depend on who took from it.
  ::mallopt(M_ARENA_MAX, 1);
  const auto probe = Probe::load(bench.subject.library);
  if (!probe.ok()) return failed(probe.error().message);
  TestHost host;
  host.let_reach(addresses_asked(bench.subject));
  const Message configure = configure_message(bench.subject);
  const int stretch = std::max(bench.options.cycles / kStretches, 1);
  const std::int64_t threads = held_now().threads;
  Held before;
  std::int64_t least_growth = INT64_MAX;
  for (int i = 0; i <= kStretches; ++i) {
    int lived = 0;
    std::thread([&] { lived = live_cycles(bench, *probe, host, configure, stretch); }).join();
    const std::string cycle = std::to_string(i * stretch + lived);
    if (lived < stretch) return failed("create() fails in cycle " + cycle);
    bench.note.set("cycle " + cycle);
    const Held now = held_beside(i == 0 ? threads : before.threads);
    if (i > 0) {
      const std::string leak = leak_between(before, now);
      if (!leak.empty()) return failed(leak + " left behind after cycle " + cycle);
      least_growth = std::min(least_growth, now.bytes - before.bytes);
    }
    before = now;
  }
  if (least_growth > kMaxGrowthBytes) {
    return failed(std::to_string(least_growth / stretch) + " bytes of memory lost in each cycle");
  }
  return passed(std::to_string(kStretches * stretch) + " cycles");
}

}  // namespace qc::conformance
