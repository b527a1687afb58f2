#include "host/plugin/package.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/plugin/settings.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/host/plugin/packages.hpp"

namespace qc::plugin {
namespace {

TEST(ManifestTest, BadMembersAreNamed) {
  struct Case {
    const char* member;
    Json value;
    const char* code;
  };
  const Case cases[] = {
      {"plugin", "other", "plugin.bad_manifest"},
      {"plugin", nullptr, "plugin.bad_manifest"},
      {"version", "", "plugin.bad_manifest"},
      {"version", "1 0", "plugin.bad_manifest"},
      {"kind", "virus", "plugin.bad_manifest"},
      {"owner", 5, "plugin.bad_manifest"},
      {"library", "../good/library.so", "plugin.bad_manifest"},
      {"library", "/lib/x.so", "plugin.bad_manifest"},
      {"library", "..", "plugin.bad_manifest"},
      {"digest", std::string(64, 'G'), "plugin.bad_manifest"},
      {"digest", "ab", "plugin.bad_manifest"},
      {"abi", "one", "plugin.bad_manifest"},
      {"abi", "1", "plugin.bad_manifest"},
      {"abi", "1.0.0", "plugin.bad_manifest"},
      {"abi", "1.-1", "plugin.bad_manifest"},
      {"abi", "99999999999.0", "plugin.bad_manifest"},
      {"abi", "2.0", "plugin.abi_mismatch"},
      {"abi", "0.9", "plugin.abi_mismatch"},
      {"abi", "1.1", "plugin.abi_mismatch"},
      {"extra", 1, "plugin.bad_manifest"},
  };
  for (const Case& one : cases) {
    Packages packages;
    packages.install("good", "good");
    packages.edit_manifest("good", one.member, one.value);
    const auto manifest = read_manifest(packages.folder() / "plugins" / "good");
    EXPECT_EQ(code_of(manifest), one.code) << one.member << ' ' << one.value.dump();
    if (!manifest.ok() && std::string(one.code) == "plugin.bad_manifest") {
      EXPECT_EQ(manifest.error().field, one.member);
    }
  }
}

TEST(ManifestTest, AnAbiRefusalTellsBothVersionsAndWhoMustAct) {
  Packages packages;
  packages.install("good", "good");
  packages.edit_manifest("good", "abi", "7.3");
  const auto manifest = read_manifest(packages.folder() / "plugins" / "good");
  ASSERT_FALSE(manifest.ok());
  EXPECT_NE(manifest.error().message.find("7.3"), std::string::npos);
  EXPECT_NE(manifest.error().message.find("1.0"), std::string::npos);
  EXPECT_NE(manifest.error().message.find("update the host"), std::string::npos);
}

TEST(SealedImageTest, BytesAreThoseHashedAndCannotBeChanged) {
  Packages packages;
  packages.install("good", "good");
  const auto bytes = read_file(packages.library("good"));
  auto image = SealedImage::read(packages.library("good"), "good");
  ASSERT_TRUE(bytes.ok() && image.ok());
  EXPECT_EQ(image->digest(), to_hex(crypto::sm3(*bytes)));
  std::ignore = std::filesystem::remove(packages.library("good"));
  const int fd = open(image->path().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_LT(write(fd, "x", 1), 0);
  EXPECT_LT(ftruncate(fd, 0), 0);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  close(fd);
}

TEST(SealedImageTest, OnlyRegularFilesAreRead) {
  Packages packages;
  packages.install("good", "good");
  const auto folder = packages.folder() / "plugins" / "good";
  std::filesystem::create_symlink(packages.library("good"), folder / "link.so");
  for (const auto& file :
       {folder, folder / "absent.so", folder / "link.so", std::filesystem::path("/dev/zero")}) {
    EXPECT_EQ(code_of(SealedImage::read(file, "x")), "plugin.bad_manifest") << file;
  }
}

TEST(SettingsTest, BothFormsAreReadAndPathsResolved) {
  Packages packages;
  packages.write("config/a.toml",
                 "[settings]\nkey = \"../keys/a.pem\"\ndatabase = \"/abs/x.db\"\n"
                 "pseudonym_key_file = \"p.key\"\nnote = \"../stays\"\nlimit = 5\nopen = true\n"
                 "list = [\"x\", 2]\n");
  packages.write("config/b.toml", "key = \"b.pem\"\n");
  const auto a = read_settings(packages.folder() / "config", "a");
  const auto b = read_settings(packages.folder() / "config", "b");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(*a, Json({{"key", (packages.folder() / "keys/a.pem").string()},
                      {"database", "/abs/x.db"},
                      {"pseudonym_key_file", (packages.folder() / "config/p.key").string()},
                      {"note", "../stays"},
                      {"limit", 5},
                      {"open", true},
                      {"list", {"x", 2}}}));
  EXPECT_EQ(b->at("key"), (packages.folder() / "config/b.pem").string());
  EXPECT_EQ(*read_settings(packages.folder() / "config", "none"), Json::object());
}

TEST(SettingsTest, WhatIsGrantedIsWhatSettingsNameAndNothingElse) {
  const Json settings = {{"key", "/k.pem"},          {"database", "/d/x.db"},
                         {"extra_dir", "/e"},        {"code_file", "/c"},
                         {"note", "/etc/passwd"},    {"limit", 5},
                         {"other_file", ""},         {"wrong_file", 7},
                         {"files", {"/etc/shadow"}}, {"nested", {{"key", "/root/secret"}}}};
  auto paths = granted_paths(settings);
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(paths, (std::vector<std::string>{"/c", "/d/x.db", "/d/x.db-journal", "/d/x.db-shm",
                                             "/d/x.db-wal", "/e", "/k.pem"}));
  EXPECT_TRUE(granted_paths(Json::object()).empty());
}

TEST(SettingsTest, BrokenFilesAreRefusedWithTheLine) {
  Packages packages;
  packages.write("config/a.toml", "key = \"x\"\nthis is not toml\n");
  packages.write("config/b.toml", "when = 2026-01-01\n");
  const auto a = read_settings(packages.folder() / "config", "a");
  ASSERT_FALSE(a.ok());
  EXPECT_EQ(a.error().code, "plugin.configure_failed");
  EXPECT_NE(a.error().message.find("line 2"), std::string::npos) << a.error().message;
  EXPECT_EQ(a.error().field, "a.toml");
  EXPECT_EQ(code_of(read_settings(packages.folder() / "config", "b")), "plugin.configure_failed");
}

}  // namespace
}  // namespace qc::plugin
