#include <algorithm>
#include <cstdio>

#include "host/conformance/check.hpp"

namespace qc::conformance {
namespace {

/// XML 1.0, section 2.4; control characters, which it does not allow at all, become blanks.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string seconds(std::int64_t ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ms) / 1000.0);
  return text;
}

std::int64_t count_of(const std::vector<CheckResult>& results, Outcome outcome) {
  return std::count_if(results.begin(), results.end(),
                       [&](const CheckResult& one) { return one.outcome == outcome; });
}

}  // namespace

std::string junit_of(const std::string& suite, const std::vector<CheckResult>& results) {
  std::int64_t total = 0;
  for (const CheckResult& one : results) total += one.elapsed_ms;
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" +
                    escaped(suite) + "\" tests=\"" + std::to_string(results.size()) +
                    "\" failures=\"" + std::to_string(count_of(results, Outcome::kFailed)) +
                    "\" skipped=\"" + std::to_string(count_of(results, Outcome::kSkipped)) +
                    "\" time=\"" + seconds(total) + "\">\n";
  for (const CheckResult& one : results) {
    out += "  <testcase classname=\"" + escaped(suite) + "\" name=\"" + escaped(one.name) +
           "\" time=\"" + seconds(one.elapsed_ms) + "\"";
    if (one.outcome == Outcome::kPassed) {
      out += "/>\n";
      continue;
    }
    const bool bad = one.outcome == Outcome::kFailed;
    out += std::string(">\n    <") + (bad ? "failure" : "skipped") + " message=\"" +
           escaped(one.detail) + "\"/>\n  </testcase>\n";
  }
  return out + "</testsuite>\n";
}

}  // namespace qc::conformance
