#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "host/conformance/check.hpp"
#include "host/conformance/elf.hpp"
#include "samples/population/population.hpp"
#include "sdk/base/files.hpp"
#include "sdk/base/json.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/paths.hpp"

namespace qc::conformance {
namespace {

namespace fs = std::filesystem;

class ConformanceTest : public ::testing::Test {
 protected:
  ConformanceTest() {
    std::string name = (fs::temp_directory_path() / "qc-conformance-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~ConformanceTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  /// <library>.so as a package.
  CheckOptions package(const std::string& library) const {
    const fs::path folder = folder_ / "conforming";
    fs::create_directories(folder);
    const auto bytes = read_file(fs::path(QC_CONFORMANCE_PLUGINS) / (library + ".so"));
    EXPECT_TRUE(bytes.ok()) << library;
    EXPECT_TRUE(write_file(folder / "library.so", *bytes, FileMode::kPublic).ok());
    write(folder / "manifest.json", {{"plugin", "conforming"},
                                     {"version", "1.0.0"},
                                     {"kind", "department"},
                                     {"abi", "1.0"},
                                     {"owner", "t"},
                                     {"library", "library.so"},
                                     {"digest", to_hex(crypto::sm3(*bytes))}});
    CheckOptions options;
    options.package = folder;
    options.max_load_ms = 2000;  // of a busy machine
    options.cycles = 300;
    return options;
  }
  void write(const fs::path& file, const Json& json) const {
    EXPECT_TRUE(write_file(file, json.dump(), FileMode::kPublic).ok());
  }

  static std::vector<CheckResult> run(const CheckOptions& options) {
    auto results = run_checks(options);
    EXPECT_TRUE(results.ok()) << results.error().code << ' ' << results.error().message;
    return results.ok() ? std::move(*results) : std::vector<CheckResult>();
  }

  fs::path folder_;
};

/// "name: detail" of those that failed.
std::string failures(const std::vector<CheckResult>& results) {
  std::string out;
  for (const CheckResult& one : results) {
    if (one.outcome != Outcome::kPassed) out += one.name + ": " + one.detail + "\n";
  }
  return out;
}

TEST_F(ConformanceTest, AGoodPluginPassesEveryCheck) {
  CheckOptions options = package("conforming");
  options.cycles = 1000;
  const auto results = run(options);
  EXPECT_EQ(results.size(), check_names().size());
  EXPECT_EQ(failures(results), "");
}

struct Bad {
  const char* library;
  const char* check;
  const char* words;  ///< of the detail
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.library; }

class BadPluginTest : public ConformanceTest, public ::testing::WithParamInterface<Bad> {};

TEST_P(BadPluginTest, FailsExactlyItsCheck) {
  const Bad& bad = GetParam();
  CheckOptions options = package(bad.library);
  if (std::string(bad.check) == "load_time") options.max_load_ms = 50;
  const auto results = run(options);
  EXPECT_EQ(results.size(), check_names().size());
  for (const CheckResult& one : results) {
    if (one.name == bad.check) {
      EXPECT_EQ(one.outcome, Outcome::kFailed) << one.name;
      EXPECT_NE(one.detail.find(bad.words), std::string::npos) << one.detail;
    } else {
      EXPECT_EQ(one.outcome, Outcome::kPassed) << one.name << ": " << one.detail;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    EachPromise, BadPluginTest,
    ::testing::Values(
        Bad{"manifest", "manifest", "another"}, Bad{"exports", "exports", "another_symbol"},
        Bad{"unique", "exports", "STB_GNU_UNIQUE"}, Bad{"needed", "exports", "libstdc++"},
        Bad{"load_time", "load_time", "50 ms are allowed"},
        Bad{"version", "version", "although it was built for 1.0"},
        Bad{"extensions", "extensions", "signal 11"}, Bad{"messages", "messages", "signal 6"},
        Bad{"deadlines", "deadlines", "after its deadline"},
        Bad{"cancellation", "deadlines", "takes no more"},
        Bad{"capabilities", "capabilities", "without the right to read"},
        Bad{"repeatable", "repeatable", "health answers otherwise"},
        Bad{"files", "leaks", "open files"}, Bad{"threads", "leaks", "threads"},
        Bad{"memory", "leaks", "bytes of memory"},
        Bad{"exceptions", "exceptions", "an exception left call()"}),
    [](const auto& test) { return std::string(test.param.library); });

/// What only shows where the plugin's own code is reached, by the author's messages.
class FixtureTest : public ConformanceTest {
 protected:
  void give_fixture(CheckOptions& options) const {
    options.fixture = folder_ / "fixture.json";
    const Json message = {{"subject", "real"}, {"field", "name"}, {"size", 3}};
    write(options.fixture, {{"calls", {{{"method", "issue"}, {"message", message}}}}});
  }
};

class BadAnswerTest : public FixtureTest, public ::testing::WithParamInterface<Bad> {};

TEST_P(BadAnswerTest, FailsExactlyItsCheckAndOnlyWithTheFixture) {
  const Bad& bad = GetParam();
  CheckOptions options = package(bad.library);
  options.cycles = 1000;
  EXPECT_EQ(failures(run(options)), "");
  give_fixture(options);
  for (const CheckResult& one : run(options)) {
    if (one.name == bad.check) {
      EXPECT_EQ(one.outcome, Outcome::kFailed) << one.name;
      EXPECT_NE(one.detail.find(bad.words), std::string::npos) << one.detail;
    } else {
      EXPECT_EQ(one.outcome, Outcome::kPassed) << one.name << ": " << one.detail;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    EachPromise, BadAnswerTest,
    ::testing::Values(Bad{"real_deadlines", "deadlines", "was begun after its deadline"},
                      Bad{"real_extensions", "extensions", "not named"},
                      Bad{"real_messages", "messages", "signal 6"},
                      Bad{"real_repeatable", "repeatable", "answers otherwise the second time"},
                      Bad{"real_leaks", "leaks", "bytes of memory"}),
    [](const auto& test) { return std::string(test.param.library); });

TEST_F(FixtureTest, AGoodPluginAnswersAndPasses) {
  CheckOptions options = package("conforming");
  give_fixture(options);
  const auto results = run(options);
  EXPECT_EQ(failures(results), "");
  for (const CheckResult& one : results) {
    if (one.name == "fixture") {
      EXPECT_EQ(one.detail, "1 calls answered");
    }
  }
}

TEST_F(FixtureTest, AFixtureThatIsNotAnsweredFails) {
  CheckOptions options = package("conforming");
  options.fixture = folder_ / "fixture.json";
  write(options.fixture, {{"calls", {{{"method", "issue"}, {"message", {{"subject", "x"}}}}}}});
  const std::string text = failures(run(options));
  EXPECT_NE(text.find("fixture: issue of the fixture is not answered: status"), std::string::npos)
      << text;
  write(options.fixture, {{"calls", 1}});
  EXPECT_FALSE(run_checks(options).ok());
}

TEST_F(ConformanceTest, SixteenBytesALifeAreALeakOfAThousandLives) {
  CheckOptions options = package("small_leak");
  options.only = {"leaks"};
  options.cycles = 1000;
  // The allocator's least block has 32; one block more or less is left to chance.
  const std::string text = failures(run(options));
  EXPECT_TRUE(text == "leaks: 31 bytes of memory lost in each cycle\n" ||
              text == "leaks: 32 bytes of memory lost in each cycle\n")
      << text;
}

TEST_F(ConformanceTest, AnotherAbiIsToldWithBothVersionsAndWhoMustAct) {
  const CheckOptions options = [&] {
    CheckOptions out = package("conforming");
    out.only = {"version"};
    return out;
  }();
  const fs::path file = options.package / "manifest.json";
  struct Case {
    const char* abi;
    const char* who;
  };
  for (const Case& one : {Case{"0.9", "its publisher must build it anew"},
                          Case{"2.0", "update the host"}, Case{"1.7", "update the host"}}) {
    Json manifest = *read_json_file(file);
    manifest["abi"] = one.abi;
    write(file, manifest);
    const auto results = run(options);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].outcome, Outcome::kFailed);
    for (const char* word : {one.abi, "1.0", one.who}) {
      EXPECT_NE(results[0].detail.find(word), std::string::npos) << results[0].detail;
    }
  }
}

TEST_F(ConformanceTest, OneSeedTriesTheSame) {
  CheckOptions options = package("messages");
  options.only = {"messages"};
  options.seed = 7;
  const std::string first = failures(run(options));
  EXPECT_NE(first.find("seed 7"), std::string::npos) << first;
  EXPECT_EQ(failures(run(options)), first);
}

TEST_F(ConformanceTest, WhatCannotBeCheckedIsAnError) {
  CheckOptions options = package("conforming");
  options.only = {"no_such_check"};
  EXPECT_EQ(run_checks(options).error().code, "usage.invalid");
  options.only.clear();
  options.package = folder_ / "nowhere";
  EXPECT_EQ(run_checks(options).error().code, "package.invalid");
  options = package("conforming");
  options.settings = folder_ / "nowhere.toml";
  EXPECT_EQ(run_checks(options).error().code, "file.not_found");
}

TEST_F(ConformanceTest, JunitTellsEachCheck) {
  const std::vector<CheckResult> results = {{"exports", Outcome::kPassed, "", 12},
                                            {"leaks", Outcome::kFailed, "<2> & \"more\"\n", 1500}};
  EXPECT_EQ(junit_of("quancheng.x", results),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuite name=\"quancheng.x\" tests=\"2\" failures=\"1\" skipped=\"0\" "
            "time=\"1.512\">\n"
            "  <testcase classname=\"quancheng.x\" name=\"exports\" time=\"0.012\"/>\n"
            "  <testcase classname=\"quancheng.x\" name=\"leaks\" time=\"1.500\">\n"
            "    <failure message=\"&lt;2&gt; &amp; &quot;more&quot; \"/>\n"
            "  </testcase>\n"
            "</testsuite>\n");
}

TEST(ElfTest, BytesOfAnybodyAreRefusedNotBelieved) {
  const auto bytes = read_file(fs::path(QC_CONFORMANCE_PLUGINS) / "conforming.so");
  ASSERT_TRUE(bytes.ok());
  ASSERT_TRUE(read_elf(*bytes).ok());
  EXPECT_FALSE(read_elf("").ok());
  EXPECT_FALSE(read_elf("no library at all").ok());
  for (std::size_t size = 0; size < bytes->size(); size += bytes->size() / 40) {
    std::ignore = read_elf(std::string_view(*bytes).substr(0, size));  // must come back
  }
  std::string wild = *bytes;
  for (std::size_t i = 0; i < 64; ++i) {
    wild[i] = static_cast<char>(0xFF);
    std::ignore = read_elf(wild);
    wild[i] = (*bytes)[i];
  }
}

class SamplePluginTest : public ConformanceTest,
                         public ::testing::WithParamInterface<const char*> {};

TEST_P(SamplePluginTest, PassesEveryCheck) {
  const std::string plugin = GetParam();
  ASSERT_TRUE(samples::write_population(folder_, 3, 370199).ok());
  CheckOptions options;
  options.package = fs::path(tests::binary_dir()) / "plugins" / plugin;
  options.settings = folder_ / (plugin + ".toml");
  std::string settings = "database = \"" + plugin + ".db\"\n";
  if (plugin == "citizen_loan") settings.clear();
  if (plugin == "human_resources") settings = "extract_dir = \"human_resources\"\n";
  ASSERT_TRUE(write_file(options.settings, settings, FileMode::kPrivate).ok());
  const auto results = run_checks(options);
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_EQ(failures(*results), "");
  for (const CheckResult& one : *results) {
    if (one.name == "capabilities") {
      EXPECT_EQ(one.detail, "configured");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfTheTree, SamplePluginTest,
                         ::testing::Values("public_security", "human_resources", "housing_fund",
                                           "citizen_loan"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace qc::conformance
