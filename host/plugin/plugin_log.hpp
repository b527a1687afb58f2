// Internal: log lines that plugins write.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace qc::plugin {

/// Bounds each line and their number, so that a plugin cannot fill the disk or forge other lines.
/// Any thread.
class PluginLog {
 public:
  static constexpr std::size_t kMaxLineBytes = 512;
  static constexpr int kMaxLinesPerWindow = 200;
  static constexpr std::int64_t kWindowMs = 10'000;

  explicit PluginLog(std::string plugin) : plugin_(std::move(plugin)) {}
  void write(int level, std::string_view text) noexcept;
  /// So many lines were left out before they came here. Told at most twice a second.
  void suppress(std::uint32_t lines) noexcept;

  /// Without control characters, cut to kMaxLineBytes at a character's border.
  static std::string clean(std::string_view text);

 private:
  /// True while the window has room; counts what it has not.
  bool admit(std::int64_t now_ms, std::uint64_t& suppressed);

  const std::string plugin_;
  std::mutex mutex_;
  std::int64_t window_start_ms_ = 0;
  int lines_ = 0;
  std::uint64_t suppressed_ = 0;
  std::int64_t told_ms_ = 0;
};

}  // namespace qc::plugin
