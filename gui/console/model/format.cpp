#include "gui/console/model/format.hpp"

#include <cstdio>
#include <ctime>

namespace qc::console {
namespace {

std::string local(std::int64_t time_ms, const char* pattern) {
  const std::time_t seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm parts{};
  if (localtime_r(&seconds, &parts) == nullptr) return "–";
  char buffer[64];
  const std::size_t n = std::strftime(buffer, sizeof buffer, pattern, &parts);
  return {buffer, n};
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string milliseconds_text(double micros) {
  if (micros <= 0) return "–";
  char text[32];
  std::snprintf(text, sizeof text, "%.3f ms", micros / 1000);
  return text;
}

std::string shortened(std::string_view identifier, std::size_t limit) {
  if (identifier.size() <= limit) return std::string(identifier);
  return std::string(identifier.substr(0, 8)) + "…" +
         std::string(identifier.substr(identifier.size() - 6));
}

std::string date_time(std::int64_t time_ms) {
  return time_ms == 0 ? "–" : local(time_ms, "%Y-%m-%d %H:%M:%S");
}

std::string clock_time(std::int64_t time_ms) { return local(time_ms, "%H:%M"); }

std::string duration(std::int64_t seconds, Lang lang) {
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  if (seconds < 60) return fill(Text::kSeconds, lang, {std::to_string(seconds)});
  if (minutes < 60) return fill(Text::kMinutes, lang, {std::to_string(minutes)});
  if (hours < 24) {
    return fill(Text::kHoursMinutes, lang, {std::to_string(hours), std::to_string(minutes % 60)});
  }
  return fill(Text::kDaysHours, lang, {std::to_string(hours / 24), std::to_string(hours % 24)});
}

std::string age(std::int64_t age_ms, Lang lang) {
  const std::int64_t seconds = age_ms / 1000;
  if (seconds < 10) return tr(Text::kJustNow, lang);
  // Steps of ten seconds: a figure that changes each second would keep the screen redrawing.
  if (seconds < 60) return fill(Text::kAgeSeconds, lang, {std::to_string(seconds / 10 * 10)});
  if (seconds < 3600) return fill(Text::kAgeMinutes, lang, {std::to_string(seconds / 60)});
  return fill(Text::kAgeHours, lang, {std::to_string(seconds / 3600)});
}

std::string tsv_row(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += '\t';
    for (const char c : cells[i]) out += c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
  }
  out += '\n';
  return out;
}

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace qc::console
