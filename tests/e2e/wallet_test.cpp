// The command line in hands that err: a clear code, an exit code, and nothing changed.
#include <fstream>

#include "tests/e2e/e2e_test.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

class CommandLine : public E2e {
 protected:
  /// The wallet of the first story's citizen, with these words before the options.
  static std::vector<std::string> as_citizen(std::vector<std::string> words) {
    for (const std::string& text : wallet_options(city(), first_story())) words.push_back(text);
    return words;
  }
  static void replace(std::vector<std::string>& words, const std::string& option,
                      const std::string& value) {
    const auto at = std::find(words.begin(), words.end(), option);
    ASSERT_NE(at, words.end());
    *(at + 1) = value;
  }
  static fs::path private_file(const std::string& name, const std::string& content) {
    const fs::path path = city().scratch() / name;
    EXPECT_TRUE(write_file(path, content, FileMode::kPrivate).ok());
    return path;
  }
  static void expect_failure(const std::vector<std::string>& words, int exit_code,
                             const std::string& code, std::string_view input = {}) {
    const cli::Finished finished = city().run(words, input);
    EXPECT_EQ(finished.exit_code, exit_code) << finished.err;
    EXPECT_TRUE(finished.err.starts_with(code + ": ")) << finished.err;
    EXPECT_TRUE(finished.out.empty()) << finished.out;
  }
};

TEST_F(CommandLine, WrongPassphrase) {
  auto words = as_citizen({"wallet", "show"});
  replace(words, "--passphrase-file", private_file("wrong.passphrase", "not the one\n"));
  expect_failure(words, 5, "key.wrong_passphrase");
}

TEST_F(CommandLine, PassphraseFileThatOthersCanRead) {
  const fs::path open = private_file("open.passphrase", "whatever\n");
  fs::permissions(open, fs::perms::group_read, fs::perm_options::add);
  auto words = as_citizen({"wallet", "show"});
  replace(words, "--passphrase-file", open);
  expect_failure(words, 5, "keystore.permissions");
}

TEST_F(CommandLine, NobodyAnswersThere) {
  auto words = as_citizen({"wallet", "show"});
  replace(words, "--url", "http://127.0.0.1:1");
  expect_failure(words, 3, "client.unreachable");
}

TEST_F(CommandLine, UnknownRequestAndGrant) {
  expect_failure(as_citizen({"wallet", "approve", "AAAAAAAAAAAAAAAAAAAAAA", "--yes"}), 1,
                 "request.not_found");
  expect_failure(as_citizen({"wallet", "revoke", "AAAAAAAAAAAAAAAAAAAAAA"}), 1, "grant.not_found");
}

TEST_F(CommandLine, NoWalletThere) {
  auto words = as_citizen({"wallet", "show"});
  replace(words, "--wallet", (city().scratch() / "nowhere").string());
  expect_failure(words, 5, "wallet.not_found");
}

TEST_F(CommandLine, AWalletIsNeverOverwritten) {
  auto words = as_citizen({"wallet", "create", "--identity", "-"});
  const auto before = read_file(fs::path(words[5]) / "key.pem");
  ASSERT_TRUE(before.ok()) << words[5];
  expect_failure(words, 5, "wallet.exists",
                 R"({"id_no":"370199199001010010","name":"x","card_valid_to":"2040-01-01"})");
  EXPECT_EQ(*read_file(fs::path(words[5]) / "key.pem"), *before);
}

TEST_F(CommandLine, AnotherPersonsParticularsOpenNothing) {
  const Json people = *read_json_file(city().dir() / "population" / "people.json");
  Json mixed = people.at(8);
  mixed["name"] = people.at(9).at("name").get<std::string>() + "某";
  auto words = as_citizen({"wallet", "create", "--identity", "-"});
  replace(words, "--wallet", (city().scratch() / "impostor").string());
  expect_failure(words, 1, "identity.not_proved", mixed.dump());
  EXPECT_FALSE(fs::exists(city().scratch() / "impostor" / "wallet.json"));
}

TEST_F(CommandLine, AnotherNetworkOrHostIsNotTrusted) {
  std::vector<std::string> words = {"operator",   "members", "--url",
                                    city().url(), "--chain", "another-network"};
  expect_failure(words, 4, "client.wrong_chain");
  words = {"operator",   "members",    "--url",
           city().url(), "--host-key", (city().dir() / "keys" / "ga.jwk.json").string()};
  expect_failure(words, 4, "client.wrong_host_key");
}

TEST_F(CommandLine, UsageErrors) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"wallet"},
                                             {"nonsense"},
                                             {"wallet", "show", "--nonsense"},
                                             {"bank", "request", "--uses", "0"},
                                             {"operator", "approve-product"}}) {
    EXPECT_EQ(city().run(words).exit_code, 2) << (words.empty() ? "" : words.back());
  }
}

TEST_F(CommandLine, HelpIsEverywhere) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"wallet", "--help"},
                                             {"wallet", "approve", "--help"},
                                             {"ledger", "verify", "--help"},
                                             {"story", "--help"}}) {
    const cli::Finished finished = city().run(words);
    EXPECT_EQ(finished.exit_code, 0);
    EXPECT_NE(finished.out.find("--help"), std::string::npos);
    EXPECT_NE(finished.out.find("·"), std::string::npos);
  }
}

TEST_F(CommandLine, ATamperedReceiptIsFound) {
  const fs::path folder = fs::path(first_story().at("folder")) / "receipts";
  const fs::path good = fs::directory_iterator(folder)->path();
  Json receipt = *read_json_file(good);
  const std::int64_t index = receipt["receipt"]["index"];
  receipt["receipt"]["index"] = index + 1;
  const fs::path bad = private_file("bad-receipt.json", receipt.dump());
  const std::vector<std::string> options = {"--host-key", (city().dir() / "host.jwk.json").string(),
                                            "--chain", city().chain()};
  std::vector<std::string> words = {"receipt", "verify", good.string()};
  words.insert(words.end(), options.begin(), options.end());
  EXPECT_EQ(city().run(words).exit_code, 0);
  words[2] = bad.string();
  EXPECT_EQ(city().run(words).exit_code, 4);
  words[2] = private_file("no-receipt.json", "[1,2").string();
  EXPECT_EQ(city().run(words).exit_code, 4);
  words[2] = (city().scratch() / "missing.json").string();
  EXPECT_EQ(city().run(words).exit_code, 5);
}

TEST_F(CommandLine, TheCityIsNeverOverwritten) {
  const auto before = read_file(city().dir() / "host.toml");
  expect_failure({"city", "init", "--dir", city().dir().string()}, 5, "city.exists");
  EXPECT_EQ(*read_file(city().dir() / "host.toml"), *before);
}

TEST_F(CommandLine, ABankCannotSeeAnothersTrace) {
  int exit_code = 0;
  const std::string account = facts(first_story(), 4).at("account");
  const Json problem = city().run_as("qc-bank", {"regulator", "trace", account}, &exit_code);
  EXPECT_EQ(exit_code, 1) << problem.dump();
}

TEST_F(CommandLine, ErrorsAreDocumentsUnderJson) {
  auto words = as_citizen({"wallet", "revoke", "AAAAAAAAAAAAAAAAAAAAAA"});
  int exit_code = 0;
  const Json problem = city().run_json(words, &exit_code);
  EXPECT_EQ(exit_code, 1);
  EXPECT_EQ(problem.at("code"), "grant.not_found");
  EXPECT_EQ(problem.at("field"), "body.grant");
}

// A second request, refused by the citizen; a third, whose terms the citizen never accepted apart.
TEST_F(CommandLine, SilenceIsNotConsent) {
  const std::string account = facts(first_story(), 4).at("account");
  const auto ask = [&account] {
    return city()
        .run_as("qc-bank", {"bank", "request", "--product", "citizen_loan", "--subject", account})
        .at("request")
        .get<std::string>();
  };
  const std::string first = ask();
  expect_failure(as_citizen({"wallet", "approve", first, "--yes"}), 1, "consent.separate_needed");
  expect_failure(as_citizen({"wallet", "approve", first, "--yes", "--accept", "third_party",
                             "--accept", "sensitive", "--accept", "adverse_credit_notice",
                             "--accept", "automated_decision", "--optional", "ga.hukou.name"}),
                 2, "usage.unknown_field");
  expect_failure(
      as_citizen({"wallet", "approve", first, "--accept", "third_party", "--accept", "sensitive",
                  "--accept", "adverse_credit_notice", "--accept", "automated_decision"}),
      1, "consent.not_given");
  EXPECT_EQ(city().run(as_citizen({"wallet", "refuse", first, "--reason", "不需要"})).exit_code, 0);
  expect_failure(as_citizen({"wallet", "approve", first, "--yes"}), 1, "request.wrong_state");
  int exit_code = 0;
  city().run_as("qc-bank", {"bank", "decide", "--request", first}, &exit_code);
  EXPECT_EQ(exit_code, 1);
}

TEST_F(CommandLine, TheOwnerTakesEverythingAlong) {
  const fs::path out = city().scratch() / "export.json";
  ASSERT_EQ(city().run(as_citizen({"wallet", "export", "--out", out.string()})).exit_code, 0);
  EXPECT_EQ(fs::status(out).permissions() & (fs::perms::group_all | fs::perms::others_all),
            fs::perms::none);
  const Json copy = *read_json_file(out);
  EXPECT_EQ(copy.at("account"), facts(first_story(), 4).at("account"));
  EXPECT_EQ(copy.at("assets").size(),
            facts(first_story(), 4).at("verified_assets").get<std::size_t>());
  EXPECT_GE(copy.at("events").size(), 9U);
}

TEST_F(CommandLine, ErasedIsGone) {
  Json shown = city().run_json(as_citizen({"wallet", "show"}));
  const std::size_t before = shown.at("assets").size();
  ASSERT_GE(before, 2U);
  const std::string asset = shown.at("assets")[0].at("asset");
  const std::string item = shown.at("assets")[0].at("item");
  ASSERT_EQ(city().run(as_citizen({"wallet", "erase", asset})).exit_code, 0);
  shown = city().run_json(as_citizen({"wallet", "show"}));
  EXPECT_EQ(shown.at("assets").size(), before - 1);
  EXPECT_FALSE(
      any(shown.at("assets"), [&asset](const Json& entry) { return entry.at("asset") == asset; }));
  EXPECT_EQ(city().run(as_citizen({"wallet", "erase", asset})).exit_code, 1);
  // Fetched anew it is another one; what the next tests find in the box does not depend on chance.
  ASSERT_EQ(city().run(as_citizen({"wallet", "fetch", item})).exit_code, 0);
  shown = city().run_json(as_citizen({"wallet", "show"}));
  EXPECT_EQ(shown.at("assets").size(), before);
  EXPECT_TRUE(any(shown.at("assets"), [&](const Json& entry) {
    return entry.at("item") == item && entry.at("asset") != asset;
  }));
}

}  // namespace
}  // namespace qc::tests
