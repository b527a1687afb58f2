#include "host/safebox/vault.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "sdk/base/bytes.hpp"

namespace qc::safebox {
namespace {

/// A text in the form of a compact JWE with `size` random bytes as its ciphertext.
std::string fake_jwe(std::size_t size = 600) {
  const std::string header =
      to_base64url(as_bytes(std::string_view(R"({"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM"})")));
  return header + "." + to_base64url(random_bytes(48)) + "." + to_base64url(random_bytes(12)) +
         "." + to_base64url(random_bytes(size)) + "." + to_base64url(random_bytes(16));
}

/// The part of a JWE that nothing else contains.
std::string needle_of(const std::string& jwe) { return jwe.substr(jwe.size() - 200, 160); }

class VaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("qc-vault-" + random_id());
    open();
  }
  void TearDown() override {
    vault_.reset();
    std::filesystem::remove_all(directory_);
  }
  void open() {
    vault_.reset();
    auto vault = Vault::open(directory_);
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    vault_ = std::move(vault).value();
  }
  /// How many files of the vault contain `text`.
  int files_with(const std::string& text) const {
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(in), {}};
      if (content.find(text) != std::string::npos) ++found;
    }
    return found;
  }
  Status put(const std::string& asset, const std::string& subject, const std::string& jwe) {
    return vault_->put_asset(asset, subject, jwe, handle_);
  }
  std::filesystem::path directory_;
  std::unique_ptr<Vault> vault_;
  const std::string handle_ = fake_jwe(64);
};

TEST_F(VaultTest, AHandleGoesWithItsAssetAndIsNotReplaced) {
  const std::string asset = random_id();
  const std::string jwe = fake_jwe();
  ASSERT_TRUE(put(asset, "p-0123", jwe).ok());
  open();
  EXPECT_EQ(*vault_->get_handle(asset), handle_);
  EXPECT_EQ(vault_->put_asset(asset, "p-0123", jwe, fake_jwe(64)).error().code, "vault.conflict");
  EXPECT_EQ(vault_->put_asset(random_id(), "p-0123", jwe, "id_no").error().field, "handle");
  ASSERT_TRUE(vault_->erase_asset(asset).ok());
  EXPECT_EQ(vault_->get_handle(asset).error().code, "vault.not_found");
  vault_.reset();
  EXPECT_EQ(files_with(handle_.substr(0, 200)), 0);
}

TEST_F(VaultTest, AVaultOfBeforeHandlesIsTakenOver) {
  vault_.reset();
  std::filesystem::remove_all(directory_);
  std::filesystem::create_directory(directory_);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((directory_ / "vault.db").c_str(), &db), SQLITE_OK);
  const std::string asset = random_id();
  const std::string jwe = fake_jwe();
  const std::string sql =
      "CREATE TABLE assets (number INTEGER PRIMARY KEY, asset TEXT NOT NULL UNIQUE, subject TEXT "
      "NOT NULL, jwe TEXT NOT NULL); CREATE TABLE presentations (number INTEGER PRIMARY KEY, "
      "grant_id TEXT NOT NULL, item TEXT NOT NULL, jwe TEXT NOT NULL, UNIQUE (grant_id, item)); "
      "PRAGMA user_version = 1; INSERT INTO assets VALUES (1, '" +
      asset + "', 'p-0123', '" + jwe + "')";
  ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  open();
  EXPECT_EQ(*vault_->get_asset(asset), jwe);
  EXPECT_EQ(*vault_->get_handle(asset), "");
  EXPECT_TRUE(put(random_id(), "p-0123", fake_jwe()).ok());
}

TEST_F(VaultTest, KeepsAnAssetAcrossRestarts) {
  const std::string asset = random_id();
  const std::string jwe = fake_jwe();
  ASSERT_TRUE(put(asset, "p-0123", jwe).ok());
  open();
  const auto read = vault_->get_asset(asset);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, jwe);
  EXPECT_EQ(vault_->get_asset(random_id()).error().code, "vault.not_found");
}

TEST_F(VaultTest, TheSameTextAgainIsFineAnotherOneIsNot) {
  const std::string asset = random_id();
  const std::string jwe = fake_jwe();
  ASSERT_TRUE(put(asset, "p-0123", jwe).ok());
  EXPECT_TRUE(put(asset, "p-0123", jwe).ok());
  EXPECT_EQ(put(asset, "p-0123", fake_jwe()).error().code, "vault.conflict");
  EXPECT_EQ(put(asset, "p-9999", jwe).error().code, "vault.conflict");
  EXPECT_EQ(*vault_->get_asset(asset), jwe);
}

TEST_F(VaultTest, RefusesWhateverIsNotCiphertext) {
  const std::string asset = random_id();
  const std::string part = to_base64url(as_bytes(std::string_view(R"({"alg":"x"})")));
  for (const std::string& text :
       {std::string(R"({"name":"somebody"})"), std::string("a.b.c"), std::string(),
        part + ".AAAA.AAAA.AAAA.AAAA", fake_jwe() + ".AAAA", fake_jwe() + "="}) {
    EXPECT_EQ(put(asset, "p-0123", text).error().code, "vault.not_ciphertext") << text;
  }
  const auto large = put(asset, "p-0123", std::string(kMaxCiphertextBytes + 1, 'A'));
  EXPECT_EQ(large.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(large.error().field, "jwe");
  EXPECT_EQ(put("no/id", "p-0123", fake_jwe()).error().field, "asset");
  EXPECT_EQ(vault_->counts()->assets, 0U);
}

TEST_F(VaultTest, ErasedAssetsAreInNoFile) {
  std::vector<std::pair<std::string, std::string>> stored;
  for (const std::size_t size : {200U, 700U, 3000U, 9000U, 90000U}) {
    for (int i = 0; i < 12; ++i) {
      stored.emplace_back(random_id(), fake_jwe(size));
      ASSERT_TRUE(put(stored.back().first, "p-0123", stored.back().second).ok());
    }
  }
  // Parts, because a long text spreads over pages that do not follow each other.
  for (const auto& [asset, jwe] : stored) ASSERT_GE(files_with(needle_of(jwe)), 1);
  for (std::size_t i = 0; i < stored.size(); i += 2) {
    ASSERT_TRUE(vault_->erase_asset(stored[i].first).ok());
    EXPECT_EQ(vault_->get_asset(stored[i].first).error().code, "vault.not_found");
    const std::string& jwe = stored[i].second;
    for (std::size_t at = 100; at + 40 < jwe.size(); at += 97) {
      ASSERT_EQ(files_with(jwe.substr(at, 40)), 0) << "at " << at << " of " << jwe.size();
      if (jwe.size() > 20000) at += 5000;
    }
  }
  for (std::size_t i = 1; i < stored.size(); i += 2) {
    EXPECT_EQ(*vault_->get_asset(stored[i].first), stored[i].second);
  }
  EXPECT_TRUE(vault_->erase_asset(stored[0].first).ok()) << "erasing twice is a success";
}

TEST_F(VaultTest, ADeletionCutOffByACrashIsFinishedAtOpen) {
  const std::string asset = random_id();
  const std::string jwe = fake_jwe();
  ASSERT_TRUE(put(asset, "p-0123", jwe).ok());
  // What a crash between the deletion and the checkpoint leaves: a committed DELETE in the log.
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((directory_ / "vault.db").c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "PRAGMA wal_autocheckpoint=0; DELETE FROM assets;", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  const auto copy = directory_.string() + "-crashed";
  std::filesystem::copy(directory_, copy);
  sqlite3_close(raw);
  vault_.reset();
  std::filesystem::remove_all(directory_);
  std::filesystem::rename(copy, directory_);
  ASSERT_GE(files_with(needle_of(jwe)), 1) << "the copy must hold the log with the old page";
  open();
  EXPECT_EQ(files_with(needle_of(jwe)), 0);
  EXPECT_EQ(vault_->get_asset(asset).error().code, "vault.not_found");
}

TEST_F(VaultTest, PresentationsComeBackInOrderAndCannotBeReplaced) {
  const std::string grant = random_id();
  const std::vector<SealedPresentation> given = {{"rs.social", fake_jwe()},
                                                 {"gjj.account", fake_jwe()}};
  ASSERT_TRUE(vault_->put_presentations(grant, given).ok());
  EXPECT_TRUE(vault_->put_presentations(grant, given).ok());
  open();
  EXPECT_EQ(*vault_->get_presentations(grant), given);
  EXPECT_EQ(vault_->put_presentations(grant, {{"rs.social", fake_jwe()}}).error().code,
            "vault.conflict");
  EXPECT_EQ(*vault_->get_presentations(grant), given);
  EXPECT_TRUE(vault_->get_presentations(random_id())->empty());

  ASSERT_TRUE(vault_->erase_presentation(grant, "rs.social").ok());
  EXPECT_EQ(files_with(needle_of(given[0].jwe)), 0);
  EXPECT_EQ(vault_->get_presentations(grant)->size(), 1U);
  ASSERT_TRUE(vault_->erase_presentations(grant).ok());
  EXPECT_EQ(files_with(needle_of(given[1].jwe)), 0);
  EXPECT_TRUE(vault_->get_presentations(grant)->empty());
}

TEST_F(VaultTest, PresentationsAreBounded) {
  const std::string grant = random_id();
  EXPECT_EQ(vault_->put_presentations(grant, {}).error().code, "vault.invalid");
  std::vector<SealedPresentation> many;
  for (std::size_t i = 0; i <= kMaxPresentations; ++i)
    many.push_back({std::to_string(i), fake_jwe(8)});
  EXPECT_EQ(vault_->put_presentations(grant, many).error().code, "vault.invalid");
  EXPECT_EQ(vault_->put_presentations(grant, {{"a", fake_jwe()}, {"a", fake_jwe()}}).error().field,
            "presentations[1].item");
  EXPECT_EQ(vault_->put_presentations(grant, {{"a", fake_jwe()}, {"b", "plain"}}).error().field,
            "presentations[1].jwe");
  EXPECT_EQ(vault_->counts()->presentations, 0U);
}

TEST_F(VaultTest, SweepErasesWhatTheLedgerDoesNotKnow) {
  std::set<std::string> known;
  std::string orphan;
  for (int i = 0; i < 1200; ++i) {
    const std::string asset = random_id();
    if (i % 400 == 7) {
      orphan = fake_jwe();
      ASSERT_TRUE(put(asset, "p-0123", orphan).ok());
    } else {
      ASSERT_TRUE(put(asset, "p-0123", fake_jwe(32)).ok());
      known.insert(asset);
    }
  }
  const std::string grant = random_id();
  ASSERT_TRUE(vault_->put_presentations(grant, {{"a", fake_jwe()}, {"b", fake_jwe()}}).ok());
  open();
  int pages = 0;
  const auto go_on = [&] { return ++pages > 0; };
  const auto swept =
      vault_->sweep([&](const std::string& id) { return known.contains(id); }, go_on);
  ASSERT_TRUE(swept.ok());
  EXPECT_EQ(*swept, 3U);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(vault_->counts()->assets, known.size());
  EXPECT_EQ(files_with(needle_of(orphan)), 0);
  EXPECT_EQ(*vault_->sweep_presentations([](const std::string&) { return true; }, go_on), 0U);
  EXPECT_EQ(vault_->counts()->presentations, 2U);
  open();
  EXPECT_EQ(*vault_->sweep_presentations([](const std::string&) { return false; }, go_on), 2U);
}

TEST_F(VaultTest, SweepLeavesAloneWhatCameSinceTheVaultWasOpened) {
  const std::string before = random_id();
  const std::string again = random_id();
  const std::string jwe = fake_jwe();
  for (const std::string& asset : {before, again}) {
    ASSERT_TRUE(put(asset, "p-0123", jwe).ok());
  }
  open();
  // The newest goes and another comes: it must not be taken for one of before.
  ASSERT_TRUE(vault_->erase_asset(again).ok());
  const std::string fresh = random_id();
  ASSERT_TRUE(put(fresh, "p-0123", jwe).ok());
  const auto nothing_stands = [&](const std::string& asset) {
    EXPECT_EQ(asset, before);
    // Its issuer tries again at this very moment, and the ledger takes it.
    EXPECT_TRUE(put(before, "p-0123", jwe).ok());
    return false;
  };
  EXPECT_EQ(*vault_->sweep(nothing_stands, [] { return true; }), 0U);
  EXPECT_EQ(vault_->counts()->assets, 2U);
  // Half-way ended, as when the host stops: the next start begins anew.
  open();
  EXPECT_EQ(*vault_->sweep([](const std::string&) { return false; }, [] { return false; }), 2U);
}

TEST_F(VaultTest, OnlyTheOwnerCanLook) {
  struct stat info {};
  ASSERT_EQ(::stat(directory_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((directory_ / "vault.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(VaultTest, ThreadsShareOneVault) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        const std::string asset = random_id();
        const std::string jwe = fake_jwe();
        ASSERT_TRUE(put(asset, "p-0123", jwe).ok());
        ASSERT_EQ(*vault_->get_asset(asset), jwe);
        if (i % 5 == 0) {
          ASSERT_TRUE(vault_->erase_asset(asset).ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(vault_->counts()->assets, 80U);
}

TEST(VaultOpenTest, ADamagedFileIsReportedAndKept) {
  const auto directory = std::filesystem::temp_directory_path() / ("qc-vault-" + random_id());
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "vault.db") << std::string(8192, 'x');
  const auto vault = Vault::open(directory);
  ASSERT_FALSE(vault.ok());
  EXPECT_EQ(vault.error().code, "database.corrupt");
  EXPECT_EQ(std::filesystem::file_size(directory / "vault.db"), 8192U);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace qc::safebox
