// quancheng key …: a key file is made once, for its owner alone, and never overwritten.
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "host/cli/commands.hpp"
#include "sdk/base/bytes.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

class KeyCommand : public ::testing::Test {
 protected:
  KeyCommand() : path_(fs::temp_directory_path() / ("quancheng-key-" + to_hex(random_bytes(6)))) {
    EXPECT_TRUE(make_private_directory(path_).ok());
    EXPECT_TRUE(write_file(path_ / "right", "correct horse\n", FileMode::kPrivate).ok());
    EXPECT_TRUE(write_file(path_ / "wrong", "battery staple\n", FileMode::kPrivate).ok());
  }
  ~KeyCommand() override {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  int run(const std::string& verb, const std::string& passphrase) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_program(
        {"key", verb, (path_ / "k.pem").string(), "--passphrase-file",
         (path_ / passphrase).string(), "--jwk", (path_ / "k.jwk.json").string(), "--json"},
        out, err);
    const auto parsed = parse_json(out.str());
    EXPECT_TRUE(parsed.ok()) << out.str();
    document_ = parsed.ok() ? *parsed : Json::object();
    return code;
  }

  const fs::path path_;
  Json document_;
};

TEST_F(KeyCommand, MakesAKeyForItsOwnerAlone) {
  ASSERT_EQ(run("make", "right"), 0);
  EXPECT_EQ(fs::status(path_ / "k.pem").permissions() & fs::perms::mask,
            fs::perms::owner_read | fs::perms::owner_write);
  const auto key = crypto::load_key(path_ / "k.pem", "correct horse");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(document_.at("kid"), key->kid());
  const auto jwk = read_json_file(path_ / "k.jwk.json");
  ASSERT_TRUE(jwk.ok());
  EXPECT_EQ(*jwk, key->public_key().to_jwk());
  EXPECT_EQ(run("show", "right"), 0);
  EXPECT_EQ(document_.at("jwk"), *jwk);
}

TEST_F(KeyCommand, NeverOverwrites) {
  ASSERT_EQ(run("make", "right"), 0);
  const auto before = read_file(path_ / "k.pem");
  EXPECT_EQ(run("make", "right"), 5);
  EXPECT_EQ(document_.at("code"), "key.exists");
  EXPECT_EQ(*read_file(path_ / "k.pem"), *before);
}

TEST_F(KeyCommand, DrawsAPassphraseThatIsWrittenOnce) {
  const auto make = [&](const std::string& key) {
    std::ostringstream out;
    std::ostringstream err;
    return run_program({"key", "make", (path_ / key).string(), "--new-passphrase-file",
                        (path_ / "drawn").string(), "--json"},
                       out, err);
  };
  ASSERT_EQ(make("drawn.pem"), 0);
  const auto drawn = crypto::read_passphrase_file(path_ / "drawn");
  ASSERT_TRUE(drawn.ok()) << drawn.error().message;
  EXPECT_EQ(drawn->size(), 32U);  // 192 bits
  EXPECT_TRUE(crypto::load_key(path_ / "drawn.pem", *drawn).ok());
  EXPECT_EQ(make("second.pem"), 5) << "a passphrase is never overwritten";
  EXPECT_EQ(*crypto::read_passphrase_file(path_ / "drawn"), *drawn);
  EXPECT_FALSE(fs::exists(path_ / "second.pem"));
}

TEST_F(KeyCommand, SaysWhatIsWrong) {
  ASSERT_EQ(run("make", "right"), 0);
  EXPECT_EQ(run("show", "wrong"), 5);
  EXPECT_EQ(document_.at("code"), "key.wrong_passphrase");
  fs::permissions(path_ / "k.pem", fs::perms::group_read, fs::perm_options::add);
  EXPECT_EQ(run("show", "right"), 5);
  EXPECT_EQ(document_.at("code"), "keystore.permissions");
}

}  // namespace
}  // namespace qc::cli
