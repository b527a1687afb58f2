// docs/formats.md lists every problem code that the sources can give, and no other.
#include <map>
#include <regex>

#include <gtest/gtest.h>

#include "host/cli/notice.hpp"
#include "tests/docs/sources.hpp"

namespace qc::tests {
namespace {

const std::vector<std::string> kSources = {"sdk", "host", "samples"};

/// From the line `heading` to the next heading of the same or a higher level.
std::vector<std::string> section(const std::string& heading) {
  const std::string level = heading.substr(0, heading.find(' ') + 1);
  std::vector<std::string> out;
  bool inside = false;
  for (const std::string& line : lines_of(text_of_file("docs/formats.md"))) {
    if (inside && (line.starts_with(level) || line.starts_with("## "))) break;
    if (inside) out.push_back(line);
    inside = inside || line == heading;
  }
  return out;
}

/// Names in back-quotes of the form family.name; "family.name<n>" stands for "family.name" with a
/// number behind.
std::set<std::string> quoted(const std::string& line) {
  static const std::regex kName("`([a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*)(<n>)?`");
  std::set<std::string> out;
  for (std::sregex_iterator it(line.begin(), line.end(), kName), end; it != end; ++it) {
    out.insert((*it)[1]);
  }
  return out;
}

std::set<std::string> listed_codes() {
  std::set<std::string> out;
  for (const std::string& line : section("## Problem codes")) {
    if (line.starts_with("| `")) out.merge(quoted(line));
  }
  return out;
}

/// First column of the table of operations.
std::set<std::string> operations() {
  std::set<std::string> out;
  for (const std::string& line : section("## Transaction")) {
    if (line.starts_with("| `")) out.merge(quoted(line.substr(0, line.find('|', 1))));
  }
  return out;
}

std::set<std::string> known_as_no_codes() {
  std::set<std::string> out;
  for (const std::string& line : lines_of(text_of_file("tests/docs/not_codes.txt"))) {
    if (!line.empty() && line[0] != '#') out.insert(line);
  }
  return out;
}

std::string family_of(const std::string& name) { return name.substr(0, name.find('.')) + ".*"; }

TEST(Codes, EveryCodeOfTheSourcesIsListed) {
  const auto listed = listed_codes();
  const auto ops = operations();
  const auto others = known_as_no_codes();
  const auto literals = dotted_literals(kSources);
  EXPECT_GT(literals.size(), 300U);
  EXPECT_TRUE(ops.contains("network.found") && ops.contains("access.ack")) << ops.size();
  for (const std::string& name : literals) {
    if (listed.contains(name) || ops.contains(name)) continue;
    if (others.contains(name) || others.contains(family_of(name))) continue;
    ADD_FAILURE() << "\"" << name << "\" stands in the sources: a code goes into docs/formats.md, "
                  << "section Problem codes; anything else into tests/docs/not_codes.txt";
  }
}

TEST(Codes, EveryListedCodeIsInTheSources) {
  const auto literals = dotted_literals(kSources);
  const auto listed = listed_codes();
  EXPECT_GT(listed.size(), 250U);
  for (const std::string& code : listed) {
    EXPECT_TRUE(literals.contains(code)) << "docs/formats.md lists " << code << ", nobody gives it";
  }
}

TEST(Codes, AListedCodeIsNotAlsoKnownAsNone) {
  const auto listed = listed_codes();
  for (const std::string& name : known_as_no_codes()) {
    EXPECT_FALSE(listed.contains(name)) << name;
  }
  for (const std::string& code : listed) {
    EXPECT_FALSE(known_as_no_codes().contains(family_of(code))) << code << " is hidden by a family";
  }
}

/// The lines of the first fenced block of a section.
std::vector<std::string> block_of(const std::string& heading) {
  std::vector<std::string> out;
  bool inside = false;
  for (const std::string& line : section(heading)) {
    const bool fence = line.starts_with("```");
    if (fence && inside) break;
    if (inside) out.push_back(line);
    inside = inside || fence;
  }
  return out;
}

// The text is a contract between banks, wallets and auditors: filled in, the block of the document
// is what the code writes, to the byte.
TEST(Notice, IsWrittenAsListed) {
  const Json consumer = {{"name_zh", "泉城银行"}, {"uscc", "91X"}, {"contact", "a@b"}};
  const Json request = {
      {"product", "loan"},
      {"product_version", 2},
      {"purpose", {{"code", "c.d"}, {"text", "审批"}, {"necessity", "n"}, {"impact", "i"}}},
      {"scope",
       {{{"item", "gjj.account"}, {"version", 1}, {"required", {"a", "b"}}, {"optional", {"c"}}}}},
      {"valid", {{"from", 0}, {"to", 86400}}},
      {"max_uses", 3},
      {"data_life_days", 180},
      {"release", "answer"}};
  const std::vector<std::pair<std::string, std::string>> values = {
      {"<name_zh>", "泉城银行"},
      {"<uscc>", "91X"},
      {"<contact>", "a@b"},
      {"<product>", "loan"},
      {"<product_version>", "2"},
      {"<purpose.text>", "审批"},
      {"<purpose.code>", "c.d"},
      {"<purpose.necessity>", "n"},
      {"<purpose.impact>", "i"},
      {"<item>", "gjj.account"},
      {"<version>", "1"},
      {"<required>", "a, b"},
      {"<optional>", "c"},
      {"<valid.from>", "1970-01-01T00:00:00Z"},
      {"<valid.to>", "1970-01-02T00:00:00Z"},
      {"<max_uses>", "3"},
      {"<data_life_days>", "180"}};
  std::string expected;
  for (const std::string& line : block_of("### Notice")) expected += line + "\n";
  for (const auto& [name, value] : values) {
    ASSERT_NE(expected.find(name), std::string::npos) << name;
    expected.replace(expected.find(name), name.size(), value);
  }
  EXPECT_EQ(cli::notice_text(request, consumer), expected);
  // The one line that depends on what leaves the platform.
  Json fields = request;
  fields["release"] = "fields";
  std::string quoted_line;
  for (const std::string& line : section("### Notice")) {
    const auto start = line.find("`方式: ");
    if (start != std::string::npos) {
      quoted_line = line.substr(start + 1, line.find('`', start + 1) - start - 1);
    }
  }
  ASSERT_FALSE(quoted_line.empty());
  EXPECT_NE(cli::notice_text(fields, consumer).find("\n" + quoted_line + "\n"), std::string::npos);
}

TEST(Codes, TheReaderOfSourcesSeesWhatItShould) {
  const auto found = dotted_literals_in(
      "return invalid(\"a.b\", \"http://x\"); // \"c.d\"\n/* \"e.f\" */ x('\"', \"g.h\");\n"
      "n = 1'000; \"i.j\"; \"No.code\"; \"k.l \";");
  EXPECT_EQ(found, (std::set<std::string>{"a.b", "g.h", "i.j"}));
}

}  // namespace
}  // namespace qc::tests
