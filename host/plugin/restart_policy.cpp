#include "host/plugin/restart_policy.hpp"

#include <algorithm>

namespace qc::plugin {

std::string_view isolation_name(Isolation isolation) {
  return isolation == Isolation::kProcess ? "process" : "host";
}

std::optional<Isolation> isolation_of_name(std::string_view name) {
  if (name == "host") return Isolation::kHost;
  if (name == "process") return Isolation::kProcess;
  return std::nullopt;
}

std::chrono::milliseconds RestartPolicy::next_delay(Moment now) {
  // A plugin that held out for a whole window begins again with the shortest wait.
  if (last_ && now - *last_ > options_.window) steps_ = 0;
  last_ = now;
  auto delay = options_.first_delay;
  for (unsigned i = 0; i < steps_ && delay < options_.longest_delay; ++i) delay *= 2;
  ++steps_;
  return std::min(delay, options_.longest_delay);
}

std::optional<std::chrono::milliseconds> RestartPolicy::on_death(Moment now) {
  while (!deaths_.empty() && now - deaths_.front() > options_.window) deaths_.pop_front();
  deaths_.push_back(now);
  if (deaths_.size() >= options_.max_deaths) return std::nullopt;
  return next_delay(now);
}

std::chrono::milliseconds RestartPolicy::on_failure(Moment now) { return next_delay(now); }

}  // namespace qc::plugin
