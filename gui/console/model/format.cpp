#include "gui/console/model/format.hpp"

#include <ctime>

#include "gui/console/model/data.hpp"

namespace qc::console {
namespace {

constexpr std::size_t kMaxLines = 64;

std::string local(std::int64_t time_ms, const char* pattern) {
  const std::time_t seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm parts{};
  if (localtime_r(&seconds, &parts) == nullptr) return "–";
  char buffer[64];
  const std::size_t n = std::strftime(buffer, sizeof buffer, pattern, &parts);
  return {buffer, n};
}

std::string scalar_text(const Json& value) {
  if (value.is_string()) return displayable(value.get_ref<const std::string&>());
  if (value.is_null()) return "–";
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return displayable(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void flatten(const Json& value, const std::string& label, std::vector<SummaryLine>& out) {
  if (out.size() >= kMaxLines) return;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      flatten(member, label.empty() ? displayable(name) : label + "." + displayable(name), out);
    }
    return;
  }
  if (value.is_array()) {
    std::string joined;
    for (const Json& entry : value) {
      if (entry.is_object() || entry.is_array()) {
        flatten(entry, label, out);
      } else {
        joined += (joined.empty() ? "" : ", ") + scalar_text(entry);
      }
    }
    if (!joined.empty()) out.push_back({label, joined});
    return;
  }
  if (value.is_string() && value.get_ref<const std::string&>().empty()) return;
  out.push_back({label, scalar_text(value)});
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string shortened(std::string_view identifier) {
  if (identifier.size() <= 18) return std::string(identifier);
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

std::vector<SummaryLine> summary_lines(const Json& summary) {
  std::vector<SummaryLine> out;
  flatten(summary, "", out);
  return out;
}

std::string summary_text(const Json& summary) {
  std::string out;
  for (const SummaryLine& line : summary_lines(summary)) {
    if (!out.empty()) out += " · ";
    if (!line.label.empty()) out += line.label + " ";
    out += shortened(line.value);
  }
  return out;
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
