#include "tests/docs/sources.hpp"

#include <cctype>
#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/paths.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

/// Length of the string or character literal at the front of `rest`, quotes included.
std::size_t literal_length(std::string_view rest) {
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != rest[0] && rest[end] != '\n') {
    end += rest[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, rest.size());
}

bool digit_separator(std::string_view before) {
  return !before.empty() && std::isalnum(static_cast<unsigned char>(before.back())) != 0;
}

}  // namespace

std::string text_of_file(const std::string& name) {
  std::ifstream in(fs::path(qc::tests::source_dir()) / name);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in.good() && !text.str().empty()) << name << " cannot be read";
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::string without_comments(std::string_view source) {
  std::string out;
  while (!source.empty()) {
    std::size_t taken = 1;
    bool keep = true;
    if (source.starts_with("//")) {
      taken = std::min(source.find('\n'), source.size());
      keep = false;
    } else if (source.starts_with("/*")) {
      const auto end = source.find("*/", 2);
      taken = end == std::string_view::npos ? source.size() : end + 2;
      keep = false;
    } else if (source[0] == '"' || (source[0] == '\'' && !digit_separator(out))) {
      taken = literal_length(source);
    }
    if (keep) out.append(source.substr(0, taken));
    source.remove_prefix(taken);
  }
  return out;
}

std::set<std::string> dotted_literals_in(const std::string& source) {
  static const std::regex kLiteral("\"([a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*)\"");
  const std::string code = without_comments(source);
  std::set<std::string> out;
  for (std::sregex_iterator it(code.begin(), code.end(), kLiteral), end; it != end; ++it) {
    out.insert((*it)[1]);
  }
  return out;
}

std::set<std::string> dotted_literals(const std::vector<std::string>& folders) {
  std::set<std::string> out;
  for (const std::string& folder : folders) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(qc::tests::source_dir()) / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp" && extension != ".h") continue;
      out.merge(dotted_literals_in(
          text_of_file(fs::relative(entry.path(), qc::tests::source_dir()).generic_string())));
    }
  }
  return out;
}

}  // namespace qc::tests
