#include "host/plugin/plugin_log.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "sdk/plugin/abi.h"

namespace qc::plugin {
namespace {

spdlog::level::level_enum level_of(int level) {
  switch (level) {
    case QC_LOG_DEBUG:
      return spdlog::level::debug;
    case QC_LOG_INFO:
      return spdlog::level::info;
    case QC_LOG_WARNING:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

/// Who counts for us reports once a second by a clock of its own: a little less, or every other
/// report would stay untold.
constexpr std::int64_t kTellMs = 500;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::string PluginLog::clean(std::string_view text) {
  std::size_t end = std::min(text.size(), kMaxLineBytes);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  std::string line(text.substr(0, end));
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = ' ';
  }
  return line;
}

bool PluginLog::admit(std::int64_t now_ms, std::uint64_t& suppressed) {
  const std::lock_guard lock(mutex_);
  suppressed = 0;
  if (now_ms - window_start_ms_ >= kWindowMs) {
    suppressed = suppressed_;
    window_start_ms_ = now_ms;
    lines_ = 0;
    suppressed_ = 0;
  }
  if (lines_ < kMaxLinesPerWindow) {
    ++lines_;
    return true;
  }
  ++suppressed_;
  return false;
}

void PluginLog::write(int level, std::string_view text) noexcept {
  try {
    std::uint64_t suppressed = 0;
    if (!admit(steady_ms(), suppressed)) return;
    if (suppressed > 0) spdlog::warn("plugin {}: {} lines suppressed", plugin_, suppressed);
    spdlog::log(level_of(level), "plugin {}: {}", plugin_, clean(text));
  } catch (...) {  // NOLINT: a log line that cannot be written must not end a call
  }
}

void PluginLog::suppress(std::uint32_t lines) noexcept {
  try {
    std::uint64_t told = 0;
    {
      const std::lock_guard lock(mutex_);
      suppressed_ += lines;
      const std::int64_t now = steady_ms();
      if (now - told_ms_ < kTellMs) return;
      told_ms_ = now;
      told = std::exchange(suppressed_, 0);
    }
    spdlog::warn("plugin {}: {} lines suppressed", plugin_, told);
  } catch (...) {  // NOLINT: as above
  }
}

}  // namespace qc::plugin
