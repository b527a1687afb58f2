// A runner's share of the processors: behind all others while it is more than its calls account
// for.
#include <spdlog/spdlog.h>

#include "host/plugin/priority.hpp"
#include "host/plugin/process_generation.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {

void ProcessGeneration::look_at_share(RunnerProcess& runner, Signs& signs) {
  const auto look = runner.share();
  if (!look) {
    signs.next_look = std::chrono::steady_clock::now() + share_.pause();
    return;
  }
  const bool called = look->calls != signs.calls_looked_at;
  signs.calls_looked_at = look->calls;
  const auto wants_processor = [&] {
    // Its calls' threads may, one that looks for the next call, and those that it was granted.
    const std::size_t granted = plan_.isolation.limits.cpu_percent / 100;
    return runnable_threads(runner.pid()) > runner.in_call() + granted + (called ? 1 : 0);
  };
  const bool was_demoted = share_.demoted();
  const bool for_good = was_demoted && !may_return_.value_or(false);
  switch (for_good ? ShareWatch::Verdict::kStay : share_.look(*look, wants_processor)) {
    case ShareWatch::Verdict::kDemote:
      demote(runner);
      break;
    case ShareWatch::Verdict::kPromote:
      promote(runner);
      break;
    case ShareWatch::Verdict::kStay:
      // A thread that it started just before may have been missed.
      if (was_demoted) static_cast<void>(put_behind(runner.pid()));
      break;
  }
  signs.next_look = std::chrono::steady_clock::now() + share_.pause();
}

void ProcessGeneration::demote(const RunnerProcess& runner) {
  const auto ms = [](ShareWatch::Time time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
           " ms";
  };
  const std::string why = share_.burned().count() > 0
                              ? "it kept the processor busy for " + ms(share_.burned()) + " in " +
                                    ms(share_.burned_in()) + " beyond its calls"
                              : "the process before this one kept the processor busy";
  if (!put_behind(runner.pid())) {
    share_.set_demoted(false);
    return log_.write(QC_LOG_WARNING, "cannot be put behind all others, though " + why);
  }
  if (!may_return_) may_return_ = may_put_beside();
  std::string remark = "it runs behind all others, for " + why;
  if (!*may_return_) {
    remark +=
        ", until its process ends: this host's user may not take it back (RLIMIT_NICE of 20 lets "
        "it)";
  }
  spdlog::warn("plugin {}: {}", options_.plugin, remark);
  const std::lock_guard lock(mutex_);
  demotion_ = std::move(remark);
}

void ProcessGeneration::promote(const RunnerProcess& runner) {
  if (!put_beside(runner.pid())) {
    share_.set_demoted(true);
    return;
  }
  spdlog::info("plugin {}: it runs beside all others again", options_.plugin);
  const std::lock_guard lock(mutex_);
  demotion_.clear();
}

}  // namespace qc::plugin
