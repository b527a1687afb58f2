#include "host/plugin/call_kind.hpp"

#include <utility>

namespace qc::plugin {

std::string_view failure_name(Failure failure) {
  constexpr std::array<std::string_view, kFailures> kNames{
      "answered", "source", "defect", "timeout", "busy", "hung", "crashed", "bad_answer"};
  return kNames[static_cast<std::size_t>(failure)];
}

Failure failure_of(const Error& error) {
  constexpr std::pair<std::string_view, Failure> kOurs[] = {
      {"plugin.timeout", Failure::kTimeout},
      {"plugin.busy", Failure::kBusy},
      {"plugin.hung", Failure::kHung},
      {"plugin.crashed", Failure::kCrashed},
      {"plugin.bad_answer", Failure::kBadAnswer},
  };
  for (const auto& [code, failure] : kOurs) {
    if (error.code == code) return failure;
  }
  if (error.kind == ErrorKind::kUnavailable) return Failure::kSource;
  return error.kind == ErrorKind::kInternal ? Failure::kDefect : Failure::kAnswered;
}

bool is_fault(Failure failure) {
  return failure != Failure::kAnswered && failure != Failure::kBusy;
}

}  // namespace qc::plugin
