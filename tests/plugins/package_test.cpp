// What the build leaves under plugins/: exports, dependencies, manifest, and the dictionary.
#include <array>
#include <cstdio>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/paths.hpp"

namespace qc {
namespace {

const std::array<const char*, 4> kPlugins = {"public_security", "human_resources", "housing_fund",
                                             "citizen_loan"};

std::filesystem::path package(const std::string& plugin) {
  return std::filesystem::path(qc::tests::binary_dir()) / "plugins" / plugin;
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> chunk{};
  while (std::fgets(chunk.data(), chunk.size(), pipe) != nullptr) out += chunk.data();
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

TEST(PackageTest, OneSymbolIsExported) {
  for (const char* plugin : kPlugins) {
    const std::string library = (package(plugin) / (std::string(plugin) + ".so")).string();
    std::istringstream lines(output_of("nm -D --defined-only --format=posix " + library));
    std::vector<std::string> symbols;
    for (std::string line; std::getline(lines, line);) {
      symbols.push_back(line.substr(0, line.find(' ')));
    }
    EXPECT_EQ(symbols, std::vector<std::string>{"quancheng_plugin"}) << plugin;
  }
}

#ifndef QC_SANITIZED
TEST(PackageTest, NothingButTheCLibraryIsNeeded) {
  const std::set<std::string> allowed = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"};
  for (const char* plugin : kPlugins) {
    const std::string library = (package(plugin) / (std::string(plugin) + ".so")).string();
    std::istringstream lines(output_of("readelf -dW " + library));
    int needed = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("(NEEDED)") == std::string::npos) continue;
      const std::size_t open = line.find('[');
      EXPECT_TRUE(allowed.contains(line.substr(open + 1, line.find(']') - open - 1)))
          << plugin << ": " << line;
      ++needed;
    }
    EXPECT_GT(needed, 0) << plugin;
  }
}

TEST(PackageTest, NoSymbolIsUniqueAcrossLibraries) {
  for (const char* plugin : kPlugins) {
    const std::string library = (package(plugin) / (std::string(plugin) + ".so")).string();
    EXPECT_EQ(output_of("readelf --dyn-syms -W " + library + " | grep -c UNIQUE || true"), "0\n")
        << plugin;
  }
}
#endif

TEST(PackageTest, TheManifestNamesTheLibraryJustBuilt) {
  for (const char* plugin : kPlugins) {
    const auto manifest = read_json_file(package(plugin) / "manifest.json");
    ASSERT_TRUE(manifest.ok()) << plugin;
    EXPECT_EQ(manifest->at("plugin"), plugin);
    EXPECT_EQ(manifest->at("abi"), "1.0");
    const auto library =
        read_file(package(plugin) / manifest->at("library").get<std::string>(), 256U << 20U);
    ASSERT_TRUE(library.ok()) << plugin;
    EXPECT_EQ(manifest->at("digest"), to_hex(crypto::sm3(*library))) << plugin;
  }
}

TEST(PackageTest, ItemsAreTheDictionarys) {
  const std::filesystem::path source = qc::tests::source_dir();
  const auto dictionary = read_json_file(source / "samples" / "dictionary.json");
  ASSERT_TRUE(dictionary.ok());
  std::map<std::string, Json> known;
  for (const Json& item : *dictionary) known[item.at("item_id")] = item;
  int compared = 0;
  for (const char* plugin : {"public_security", "human_resources", "housing_fund"}) {
    const auto text = read_json_file(source / "plugins" / "departments" / plugin / "plugin.json");
    ASSERT_TRUE(text.ok()) << plugin;
    for (const Json& item : text->at("items")) {
      const Json& entry = known.at(item.at("item"));
      for (const auto& [ours, theirs] : {std::pair{"version", "version"},
                                         {"name_zh", "name_zh"},
                                         {"kind", "kind"},
                                         {"sensitivity", "sensitivity"},
                                         {"subjects", "subject"},
                                         {"fields", "fields"}}) {
        EXPECT_EQ(item.at(ours), entry.at(theirs)) << item.at("item") << ' ' << ours;
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 7);
}

}  // namespace
}  // namespace qc
