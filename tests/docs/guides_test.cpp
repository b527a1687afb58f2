// What the guides say of configuration keys and metrics is all there is; their links lead
// somewhere.
#include <regex>

#include <gtest/gtest.h>

#include "tests/docs/sources.hpp"
#include "tests/paths.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

/// All first groups of a pattern in a text.
std::set<std::string> all_of(const std::string& text, const std::string& pattern) {
  const std::regex compiled(pattern);
  std::set<std::string> out;
  for (std::sregex_iterator it(text.begin(), text.end(), compiled), end; it != end; ++it) {
    out.insert((*it)[1].str() + ((*it).size() > 2 ? "." + (*it)[2].str() : ""));
  }
  return out;
}

TEST(Guides, EveryConfigurationKeyIsExplained) {
  const auto keys =
      all_of(text_of_file("host/config.cpp"), "\\{\"(\\w+)\", \"(\\w+)\", (?:true|false)");
  const auto told =
      all_of(text_of_file("docs/operations.md"), "\n\\| `(\\w+)\\.(\\w+)` \\| (?:yes|–) \\|");
  EXPECT_GT(keys.size(), 15U);
  EXPECT_EQ(keys, told);
}

TEST(Guides, EveryMetricIsExplained) {
  auto metrics = all_of(text_of_file("host/http/metrics.cpp"), "\"(qc_[a-z_]+)\"");
  metrics.erase("qc_http_request_seconds_count");  // a part of the histogram
  const auto told = all_of(text_of_file("docs/operations.md"), "\\| `(qc_[a-z_]+)`");
  EXPECT_GT(metrics.size(), 20U);
  EXPECT_EQ(metrics, told);
}

std::vector<std::string> documents() {
  std::vector<std::string> out = {"README.md", "README.zh-CN.md"};
  for (const auto& entry : fs::directory_iterator(fs::path(qc::tests::source_dir()) / "docs")) {
    if (entry.path().extension() == ".md")
      out.push_back("docs/" + entry.path().filename().string());
  }
  return out;
}

TEST(Guides, LinksLeadSomewhere) {
  std::size_t checked = 0;
  for (const std::string& document : documents()) {
    for (std::string target : all_of(text_of_file(document), "\\]\\(([^)]+)\\)")) {
      if (target.starts_with("http")) continue;
      target = target.substr(0, target.find('#'));
      const fs::path file = (fs::path(qc::tests::source_dir()) / document).parent_path() / target;
      EXPECT_TRUE(target.empty() || fs::exists(file)) << document << ": " << target;
      ++checked;
    }
  }
  EXPECT_GT(checked, 10U);
}

}  // namespace
}  // namespace qc::tests
