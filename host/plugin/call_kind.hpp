// How a call of a plugin can fail, as far as an operator tells failures apart.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sdk/base/result.hpp"

namespace qc::plugin {

enum class Failure : std::uint8_t {
  kAnswered,   ///< the plugin's own no: no such record, refused, malformed question
  kSource,     ///< its data source is away
  kDefect,     ///< it says itself that it failed
  kTimeout,    ///< no answer in time
  kBusy,       ///< more calls waiting than may
  kHung,       ///< given up: calls never came back
  kCrashed,    ///< its process died
  kBadAnswer,  ///< what came is no answer
};
inline constexpr std::size_t kFailures = 8;

/// "answered" …: in metrics and in the list of plugins.
std::string_view failure_name(Failure failure);

Failure failure_of(const Error& error);

/// Whether a package is to blame rather than who asks or how much is asked: what a canary is
/// judged by.
bool is_fault(Failure failure);

using FailureCounts = std::array<std::uint64_t, kFailures>;

}  // namespace qc::plugin
