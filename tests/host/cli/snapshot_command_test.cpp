// quancheng ledger snapshot and restore, on the folder of a stopped host.
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "host/chain/ledger.hpp"
#include "host/cli/commands.hpp"
#include "samples/city/city.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

class SnapshotCommand : public ::testing::Test {
 protected:
  SnapshotCommand()
      : path_(fs::temp_directory_path() / ("quancheng-snapshot-" + to_hex(random_bytes(6)))) {
    fs::create_directories(path_);
    samples::CityOptions options;
    options.directory = path_ / "city";
    options.plugins_dir = path_ / "plugins";
    options.sql_dir = path_ / "sql";
    options.people = 2;
    const auto city = samples::init_city(options);
    EXPECT_TRUE(city.ok());
    const auto passphrase = crypto::read_passphrase_file(keys() / "passphrase");
    auto key = crypto::load_key(keys() / "host.pem", *passphrase);
    EXPECT_TRUE(key.ok()) << key.error().message;
    std::string genesis = *read_file(options.directory / "genesis.jws");
    genesis.pop_back();
    chain::LedgerOptions ledger;
    ledger.directory = path_ / "ledger";
    ledger.chain = city->chain;
    const auto opened = chain::Ledger::open(ledger, std::move(key).value());
    EXPECT_TRUE(opened.ok() && (*opened)->submit(genesis).ok());
  }
  ~SnapshotCommand() override {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path keys() const { return path_ / "city" / "keys"; }
  std::string place(const char* name) const { return (path_ / name).string(); }
  int run(std::vector<std::string> words) {
    words.emplace_back("--json");
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_program(words, out, err);
    const auto parsed = parse_json(out.str());
    answer_ = parsed.ok() ? *parsed : Json::object();
    return code;
  }
  int snapshot(const std::string& key) {
    return run({"ledger", "snapshot", place("ledger"), place("snapshot"), "--key",
                (keys() / key).string(), "--passphrase-file", (keys() / "passphrase").string()});
  }
  int restore(const std::string& host) {
    return run({"ledger", "restore", place("snapshot"), place("restored"), "--host-key", host});
  }

  const fs::path path_;
  Json answer_;
};

TEST_F(SnapshotCommand, GivesAFolderThatVerifies) {
  EXPECT_NE(snapshot("operator.pem"), 0) << "only the host states its state";
  EXPECT_FALSE(fs::exists(place("snapshot")));
  ASSERT_EQ(snapshot("host.pem"), 0) << answer_;
  EXPECT_EQ(answer_.at("size"), 2);
  const std::string digest = answer_.at("digest");
  EXPECT_NE(restore((keys() / "operator.jwk.json").string()), 0);
  ASSERT_EQ(restore((path_ / "city" / "host.jwk.json").string()), 0) << answer_;
  EXPECT_EQ(answer_.at("digest"), digest);
  EXPECT_EQ(answer_.at("transactions"), 3);
  for (const char* folder : {"ledger", "restored"}) {
    EXPECT_EQ(run({"ledger", "verify", place(folder)}), 0) << answer_;
    EXPECT_EQ(answer_.at("snapshots"), 1);
  }
  // Nothing is written over.
  EXPECT_NE(snapshot("host.pem"), 0);
  EXPECT_EQ(answer_.value("code", ""), "export.not_empty");
}

TEST_F(SnapshotCommand, ADamagedCopyIsUnverified) {
  ASSERT_EQ(snapshot("host.pem"), 0);
  const std::string rows = place("snapshot") + "/rows";
  const std::string whole = *read_file(rows);
  ASSERT_TRUE(write_file(rows, whole.substr(0, whole.size() - 1), FileMode::kPublic).ok());
  constexpr int kUnverifiedExit = 4;
  EXPECT_EQ(restore((path_ / "city" / "host.jwk.json").string()), kUnverifiedExit);
  EXPECT_FALSE(fs::exists(place("restored")));
}

}  // namespace
}  // namespace qc::cli
