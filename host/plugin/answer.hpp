// Internal: what a plugin's answer means, wherever the plugin ran.
#pragma once

#include <string>

#include "sdk/base/json.hpp"

namespace qc::plugin {

/// As it came: not one byte of it is believed yet.
struct RawAnswer {
  std::string text;
  int status = 0;
  bool too_large = false;
  bool threw = false;
};

/// The answer's JSON object, or the plugin's own error with side=provider. Error for what is no
/// answer: "plugin.bad_answer". Any thread.
Result<Json> read_answer(const std::string& plugin, const RawAnswer& raw, std::size_t max_bytes);

/// "plugin.message_too_large": more than the plugin may be sent.
Error message_too_large(const std::string& plugin, std::size_t max_bytes);

/// An error for which the plugin stands.
Error provider_error(ErrorKind kind, std::string code, std::string message, bool retryable);

/// Milliseconds since the epoch, as qc_call wants its deadline.
std::int64_t wall_ms();

}  // namespace qc::plugin
